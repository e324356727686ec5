"""Snapshots: a database as it is at one moment, while others go on writing to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa

from projections.building import Tell
from projections.views import connected
from service.stores.connections import MAINTAINING, TCP, maintaining
from service.stores.secret import in_file

_PAGES: Final = 1_000
"""Pages of SQLite that are copied between two words of how far it is."""
_TOOLS: Final = {"tcp_user_timeout": 60_000}
"""A server that syncs or makes an index takes no bytes for some time, and is not lost."""


class NoTool(Exception):
    """A program of PostgreSQL is not here, or cannot do it, and what to do."""


class Snapshot:
    """What is committed in a database when it is taken, and nothing that comes later.

    On SQLite it is a read transaction, and what is copied are the pages as that sees them: unlike
    a copy of the backup interface alone it never begins anew, however much is written meanwhile,
    and unlike VACUUM INTO it tells how far it is. On PostgreSQL it is an exported snapshot, of
    which `pg_dump` makes its file.
    """

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self.kind: Literal["sqlite", "postgresql"] = kind_of(url)
        self._id = ""  # by which PostgreSQL's own programs find it
        file = in_file(self._url)
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"}
        if file is not None:
            opened = partial(connected, file, timeout=MAINTAINING, check_same_thread=False)
            options = {"isolation_level": "AUTOCOMMIT", "creator": opened}
        self.connection = maintaining(url, **options).connect()
        try:
            if self.kind == "sqlite":
                self.connection.exec_driver_sql("BEGIN")
                self.connection.exec_driver_sql("SELECT 1 FROM sqlite_master").all()  # begins it
            else:
                self._id = str(self.connection.scalar(sa.select(sa.func.pg_export_snapshot())))
        except BaseException:
            self.close()
            raise

    @property
    def suffix(self) -> str:
        """How the name of its copy ends."""
        return ".db" if self.kind == "sqlite" else ".dump"

    def copy(self, to: Path, tell: Tell) -> None:
        """Write what it sees into a file.

        Raises:
            NoTool: on PostgreSQL, `pg_dump` is not here or fails.
        """
        stage = f"copying {to.stem}"
        if self.kind == "sqlite":
            driver: Any = self.connection.connection.dbapi_connection
            with closing(sqlite3.connect(to)) as copy:
                driver.backup(
                    copy,
                    pages=_PAGES,
                    progress=lambda _, left, pages: tell(stage, pages - left, pages),
                )
            return
        tell(stage, 0, 1)
        run("pg_dump", "--format=custom", f"--snapshot={self._id}", f"--file={to}", url=self._url)
        tell(stage, 1, 1)

    def close(self) -> None:
        """Let it go."""
        self.connection.close()


def kind_of(url: str) -> Literal["sqlite", "postgresql"]:
    """Which kind of database it is."""
    return "sqlite" if sa.make_url(url).get_backend_name() == "sqlite" else "postgresql"


def database_of(url: str) -> tuple[Any, ...]:
    """What is the same for stores that share a database."""
    of = sa.make_url(url)
    host, port = of.query.get("host", of.host), of.query.get("port", of.port)
    return (of.get_backend_name(), host, port, of.database)


def run(program: str, *arguments: str, url: sa.URL, option: str | None = None) -> None:
    """Run a program of PostgreSQL on a database; its password is in no list of processes.

    Raises:
        NoTool: it is not on the PATH, or fails.
    """
    found = shutil.which(program)
    if found is None:
        raise NoTool(
            f"{program} is not on the PATH, and a backup of PostgreSQL is what its own tools do:"
            " install its client programs, or use pg_basebackup and a WAL archive"
            " (docs/operations.md)"
        )
    given = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    waits = {name: str(each) for name, each in {**TCP, **_TOOLS}.items()}
    query = {**waits, **url.query}
    where = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    address = where.render_as_string()
    done = subprocess.run(  # noqa: S603 (a program of the administrator's)
        [found, *arguments, f"{option or '--dbname'}={address}"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise NoTool(f"{program} failed: {told[0] if told else done.returncode}")

"""The views: a local SQLite file of projections, disposable, rebuilt from the log at any time.

Rows and the position up to which they follow the log change in one transaction, so the views are
always the exact image of the log's first so many entries.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError, DisconnectionError, OperationalError

from projections import tables


class ViewsBehind(Exception):
    """The views have not reached what is asked for, and what they are doing meanwhile."""


class NoViews(Exception):
    """Where views are to be there is something else, which they do not take the place of."""


class TookTooLong(Exception):
    """What was read took longer than it may, and was interrupted."""


class Views:
    """One views file: read by many threads, followed by one at a time.

    The file may be a link to the newest of the files that were built (`projections.building`).
    Every connection is to the one it names now; what is being read ends in the one it began with.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._engine = _engine(self.path)
        if not holds_views(self.path):
            with self._engine.connect() as connection:
                _make(connection)

    @contextmanager
    def reading(self, seconds: float = inf) -> Iterator[Connection]:
        """A connection to read from, for so many seconds.

        Raises:
            TookTooLong: they are over; the statement that runs is interrupted, no other begun.
        """
        with self._engine.connect() as connection:
            connection.info["until"] = monotonic() + seconds
            try:
                yield connection
            except OperationalError as error:
                if _is_over(connection.info) and str(error.orig) == "interrupted":
                    raise TookTooLong from None
                raise
            finally:
                connection.info.pop("until", None)

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction that changes rows and position together, or not at all."""
        with self._engine.connect() as connection, transaction(connection):
            yield connection

    @contextmanager
    def rehearsing(self) -> Iterator[Connection]:
        """A transaction of which nothing is kept, and which needs no room on the disk."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA temp_store = MEMORY")
            connection.exec_driver_sql("PRAGMA cache_spill = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                if not connection.invalidated:
                    connection.exec_driver_sql("ROLLBACK")
                    connection.exec_driver_sql("PRAGMA cache_spill = ON")

    def followed(self) -> tuple[int, str] | None:
        """As `position`; None: another release made them, or they are damaged."""
        try:
            with self.reading() as connection:
                is_current = version(connection) == tables.VERSION
                return self.position(connection) if is_current else None
        except DatabaseError as error:
            if is_unreadable(error.orig):
                return None
            raise

    def is_current(self) -> bool:
        """Whether this release made them, and they are whole; else nothing is read from them."""
        return self.followed() is not None

    def position(self, connection: Connection | None = None) -> tuple[int, str]:
        """Up to where the views follow the log, and the leaf hash of the entry there."""
        if connection is None:
            with self.reading() as reader:
                return self.position(reader)
        position, leaf_hash = connection.exec_driver_sql(_POSITION).one()
        return position, leaf_hash

    def reached(self, connection: Connection, position: int, leaf_hash: str) -> None:
        """Note that the views now follow the log up to a position."""
        connection.execute(update(tables.progress).values(position=position, leaf_hash=leaf_hash))

    def digest(self, connection: Connection | None = None) -> str:
        """The SHA-256 of everything in the views: the same however they came about."""
        if connection is None:
            with self.reading() as reader:
                return self.digest(reader)
        hashed = sha256()
        for table in tables.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "id"]
            for row in connection.execute(select(*columns).order_by(*columns)):
                hashed.update(repr((table.name, *row)).encode())
        return hashed.hexdigest()

    def on_error(self, told: Callable[[object], None]) -> None:
        """Have every error of the database told."""
        event.listen(self._engine, "handle_error", told)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


PATIENCE: Final = 30.0
"""Seconds to wait for the locks of others."""

LOOKED_AT: Final = 50_000
"""Steps of SQLite's machine from one look at the clock to the next: a millisecond or so."""

_POSITION: Final = "SELECT position, leaf_hash FROM progress"


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Everything that is written within, or nothing."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if not connection.invalidated:  # as it is by an interrupt: then all is undone already
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def holds_views(path: Path) -> bool:
    """Whether a path names views, of whatever release; what a build has linked there counts.

    Raises:
        NoViews: it names something else, which is not ours to write to.
    """
    if path.is_dir():
        raise NoViews(f"{path} is a folder: CURULE_VIEWS names a file")
    if not path.exists():
        return False
    try:
        with closing(connected(path, timeout=PATIENCE)) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            names = {name for (name,) in rows}
    except sqlite3.DatabaseError as error:
        if is_unreadable(error) and path.is_symlink():
            return True  # they were: they will be built anew
        if not is_unreadable(error):
            raise
        names = {""}
    if names and not {"progress", "spells"} <= names:
        raise NoViews(
            f"{path} holds something else than views: have CURULE_VIEWS name a file of their own,"
            " or delete this one if nobody needs it"
        )
    return bool(names)


def connected(path: Path, *first: str, **options: Any) -> sqlite3.Connection:
    """A connection to the file that a path names, by which some statements were carried out first.

    Views that were built may take the place of that file at any moment, and then it is deleted. Who
    has begun to read may go on to the end; who has only opened it finds nothing, or fails.
    """
    until = monotonic() + PATIENCE
    while True:
        file = file_of(path)
        try:
            connection = _begun(path, first or (_READ,), options)
            if file_of(path) == file:
                return connection
            connection.close()
        except sqlite3.Error as error:
            is_the_same = file_of(path) == file
            # Of two who are the first to write ahead, one is told at once that it is locked.
            if is_the_same and not (is_locked(error) and monotonic() < until):
                raise
            sleep(0.01)
        if file_of(path) != file:
            for suffix in ("-wal", "-shm"):  # made by opening it
                path.with_name(file + suffix).unlink(missing_ok=True)


_READ: Final = "SELECT 1 FROM sqlite_master"
"""Opens all that reading takes: who has switched to writing ahead has not done so yet."""

_PREPARED: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", _READ)


def _begun(path: Path, first: Sequence[str], options: Mapping[str, Any]) -> sqlite3.Connection:
    mode = "rw" if path.exists() else "rwc"  # what a link names and is gone is not made again
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection: sqlite3.Connection = sqlite3.connect(address, uri=True, **options)
    try:
        for statement in first:
            connection.execute(statement).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def is_unreadable(error: BaseException | None) -> bool:
    """Whether an error of the driver says that a file is damaged, or no database at all."""
    return type(error) is sqlite3.DatabaseError


def is_locked(error: BaseException | None) -> bool:
    """Whether an error of the driver says that others hold a lock."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def is_full(error: BaseException | None) -> bool:
    """Whether an error of the driver says that there is no room on the disk, or none to be had."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def version(connection: Connection) -> int:
    """Which version of the views a file holds; 0: none that is whole."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def complete(connection: Connection, position: int, leaf_hash: str) -> None:
    """Say that the tables hold the views up to a position."""
    connection.execute(
        tables.progress.insert().values(id=1, position=position, leaf_hash=leaf_hash)
    )
    connection.exec_driver_sql(f"PRAGMA user_version = {tables.VERSION}")


def _make(connection: Connection) -> None:
    with transaction(connection):
        if version(connection) == 0:  # else another process was first
            tables.metadata.create_all(connection)
            complete(connection, 0, "")


def _engine(path: Path) -> Engine:
    # Without the driver's own transactions: they begin too late for BEGIN IMMEDIATE.
    options = {"isolation_level": None, "timeout": PATIENCE}
    # As many as are asked for: who compares two bases holds two, and must not wait for another.
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args=options, max_overflow=-1, hide_parameters=True)

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, record: Any, arguments: Any, named: Any) -> sqlite3.Connection:
        return connected(path, *_PREPARED, **named)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        record.info["file"] = Path(connection.execute("PRAGMA database_list").fetchone()[2]).name
        record.info["unused"] = True
        connection.set_progress_handler(lambda: _is_over(record.info), LOOKED_AT)

    @event.listens_for(engine, "before_cursor_execute")
    def has_time(connection: Connection, *_: Any) -> None:
        if _is_over(connection.info):
            raise TookTooLong

    @event.listens_for(engine, "checkout")
    def is_the_newest(connection: Any, record: Any, _: Any) -> None:
        if not record.info.pop("unused", False) and record.info["file"] != file_of(path):
            raise DisconnectionError("the views are in another file now")

    return engine


def _is_over(info: dict[str, Any]) -> bool:
    until = info.get("until")
    return until is not None and monotonic() > until


def file_of(path: Path) -> str:
    """The name of the file that holds the views."""
    try:
        return path.readlink().name
    except OSError:  # it is no link
        return path.name

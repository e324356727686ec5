"""Building: fresh views in a file of their own, beside those that are asked meanwhile.

First every entry is read, in order, and its moments are stored; then every track is folded, one
after another, each over the whole recorded clock; then the indexes are made. So building reads the
log once, keeps one track in memory, and writes each row once. Work done is committed as it goes: a
build that is interrupted goes on where it was. At the end the views' path becomes a link to the
new file, and whoever asks next is answered from it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.schema import CreateIndex, CreateTable

from domain import acts as a
from domain.beliefs import Annulled, Stood, held
from domain.dates import Window
from domain.timelines import Ending
from projections import tables as t
from projections import views as v
from projections.beliefs import INSERT_MOMENT, INSERT_SPELL, RETRACT
from projections.decisions import Fetch, Recorded, next_decisions
from projections.record import Record
from projections.spells import MOMENT, folding, moment_of, moment_row, spell_row

Tell = Callable[[str, int, int], None]
"""Is told of the progress made: a stage, how much of it is done, and of how much.

What it raises stops the build, which can be taken up again.
"""

BATCH: Final = 10_000
"""Entries read, or moments folded, from one commit to the next."""

_STATE = """CREATE TABLE IF NOT EXISTS building (version INTEGER, position INTEGER, leaf_hash TEXT,
    is_read BOOLEAN, kind TEXT, subject TEXT, attribute TEXT, folded INTEGER)"""
_NEXT = f"""
    SELECT {", ".join(MOMENT)}, recorded_from, recorded_until FROM moments
    WHERE (kind, subject, attribute) > (?, ?, ?)
    ORDER BY kind, subject, attribute, position, number LIMIT ?"""  # noqa: S608 - column names
_ANNULMENTS = f"""
    SELECT subject, earliest, latest, text, position, recorded_from,
    nullif(recorded_until, {t.NEWEST}) FROM moments
    WHERE kind = 'election' AND attribute = 'life' AND does = 'ends' ORDER BY position, number
    """  # noqa: S608 - a number


def build(
    path: Path,
    fetch: Fetch,
    head: Callable[[], int],
    tell: Tell,
    is_wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Build views up to the head of the log, and have the path name them, if that is wanted.

    Whoever has waited for another process may want it no more.

    Raises:
        NoViews: the path names something else.
    """
    v.holds_views(path)
    with _alone(path, tell):
        if not is_wanted():
            return
        unfinished = path.with_name(f"{path.name}.building")
        _forget_if_unreadable(unfinished)
        with _connected(unfinished) as connection:
            if v.version(connection) != t.VERSION:
                _Building(connection, fetch, tell).run(head)
        swap(path, unfinished)


def _forget_if_unreadable(unfinished: Path) -> None:
    """A build that was begun and is damaged is begun anew."""
    with closing(sqlite3.connect(unfinished, timeout=30)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError as error:
            if not v.is_unreadable(error):
                raise
            unfinished.unlink()


class _Building:
    def __init__(self, connection: Connection, fetch: Fetch, tell: Tell) -> None:
        self._connection = connection
        self._execute = connection.exec_driver_sql
        self._driver: Any = connection.connection.dbapi_connection  # for what is read row by row
        self._fetch = fetch
        self._tell = tell

    def run(self, head: Callable[[], int]) -> None:
        self._begin()
        self._read(head)
        self._fold()
        self._index()

    def _begin(self) -> None:
        """Take up what was begun by this release from this log, else begin anew."""
        execute = self._execute
        execute(_STATE)
        begun = execute("SELECT version, position, leaf_hash FROM building").first()
        if begun is not None and begun.version == t.VERSION:
            if begun.position == 0:
                return
            found = self._fetch(begun.position - 1, 1)
            if found and found[0][1].hex() == begun.leaf_hash:
                return
        with v.transaction(self._connection):
            t.metadata.drop_all(self._connection)
            execute("DELETE FROM building")
            execute("INSERT INTO building VALUES (?, 0, '', 0, '', '', '', 0)", (t.VERSION,))
            for table in t.metadata.sorted_tables:
                self._connection.execute(CreateTable(table))
            for index in t.decisions.indexes:  # entries are found by it when they are retracted
                self._connection.execute(CreateIndex(index))

    def _read(self, head: Callable[[], int]) -> None:
        """Store the moments of every entry."""
        position, is_read = self._execute("SELECT position, is_read FROM building").one()
        until = head()
        while not is_read:
            self._tell("reading entries", position, until)
            with v.transaction(self._connection):
                if position < until:
                    position = self._store(next_decisions(self._fetch, position, BATCH))
                until = head()
                is_read = position >= until
                if is_read:
                    for index in t.moments.indexes:
                        self._connection.execute(CreateIndex(index))
                    self._execute("UPDATE building SET is_read = 1")

    def _store(self, decisions: Sequence[Sequence[Recorded]]) -> int:
        record = Record(self._connection)
        moments: list[tuple[Any, ...]] = []
        gone: list[tuple[int, int]] = []
        for decision in decisions:
            entries = [entry for entry, _ in decision]
            last = entries[-1].position
            record.take_in(entries)
            for entry in entries[1:]:
                if isinstance(entry.act, a.EntryRetracted):
                    gone.append((last, record.position_of(entry.act.entry)))
                for number, moment in enumerate(entry.moments):
                    moments.append((*moment_row(folding(moment)), number, last, t.NEWEST))
        record.store()
        if moments:
            self._execute(INSERT_MOMENT, moments)
        if gone:
            self._execute(RETRACT, gone)
        entry, leaf_hash = decisions[-1][-1]
        self._execute(
            "UPDATE building SET position = ?, leaf_hash = ?", (entry.position, leaf_hash.hex())
        )
        return entry.position

    def _fold(self) -> None:
        """Fold every track over the whole recorded clock."""
        execute = self._execute
        annulments: dict[str, list[Annulled]] = {}
        for election, earliest, latest, text, position, since, until in execute(_ANNULMENTS):
            ending = Ending(Window(earliest, latest), text, position)
            annulments.setdefault(election, []).append(Annulled(ending, since, until))
        total = execute("SELECT count(*) FROM moments").scalar_one()
        *track, done = execute("SELECT kind, subject, attribute, folded FROM building").one()
        while tracks := self._tracks(tuple(track), BATCH):
            self._tell("folding tracks", done, total)
            rows = [
                (*spell_row(spell), since, t.NEWEST if until is None else until)
                for stood in tracks
                for spell, since, until in held(stood, annulments)
            ]
            track = list(tracks[-1][-1].moment.track)
            done += sum(len(stood) for stood in tracks)
            with v.transaction(self._connection):
                if rows:
                    execute(INSERT_SPELL, rows)
                execute(
                    "UPDATE building SET kind = ?, subject = ?, attribute = ?, folded = ?",
                    (*track, done),
                )

    def _tracks(self, after: tuple[str, ...], limit: int) -> list[list[Stood]]:
        """What ever stood in the next tracks, each in whole."""
        rows = self._driver.execute(_NEXT, (*after, limit)).fetchall()
        tracks: list[list[Stood]] = []
        before = None
        for *columns, since, until in rows:
            moment = moment_of(columns)
            if moment.track != before:
                before = moment.track
                tracks.append([])
            tracks[-1].append(Stood(moment, since, None if until == t.NEWEST else until))
        if len(rows) < limit:
            return tracks
        return tracks[:-1] or self._tracks(after, limit * 8)

    def _index(self) -> None:
        """Make the indexes, and say that the views are whole."""
        self._tell("making indexes", 0, 1)
        with v.transaction(self._connection):
            indexes = [each for table in t.metadata.sorted_tables for each in table.indexes]
            for number, index in enumerate(indexes, 1):
                self._connection.execute(CreateIndex(index, if_not_exists=True))
                self._tell("making indexes", number, len(indexes))
            position, leaf_hash = self._execute("SELECT position, leaf_hash FROM building").one()
            self._execute("DROP TABLE building")
            v.complete(self._connection, position, leaf_hash)


def swap(path: Path, built: Path) -> None:
    """Have a views' path name a file that was built, and delete the one that it named before."""
    before = v.file_of(path)
    numbers = [
        int(number)
        for each in path.parent.glob(f"{path.name}.*")
        if (number := each.name.removeprefix(f"{path.name}.")).isdecimal()
    ]
    newest = path.with_name(f"{path.name}.{max(numbers, default=0) + 1}")
    link = path.with_name(f"{path.name}.link")
    built.rename(newest)
    link.unlink(missing_ok=True)
    link.symlink_to(newest.name)
    link.replace(path)
    for suffix in ("-wal", "-shm"):
        path.with_name(before + suffix).unlink(missing_ok=True)
    if before != path.name and before.startswith(f"{path.name}."):
        path.with_name(before).unlink(missing_ok=True)


@contextmanager
def _alone(path: Path, tell: Tell) -> Iterator[None]:
    """One process builds at a time; the lock goes with the process."""
    with _opened(path.with_name(f"{path.name}.lock")) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another process that builds them", 0, 1)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file that is there, open until the end."""
    opened = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def _connected(path: Path) -> Iterator[Connection]:
    """A connection that writes much, and alone."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # What is appended to a file is not written twice: a journal keeps old pages alone.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA cache_size = -200000")

    try:
        with engine.connect() as connection, closing(connection):
            yield connection
    finally:
        engine.dispose()

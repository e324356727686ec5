"""Reads: who has read personal data, and when each key was last used. A log of its own.

It is written before the answer is given. A process that is killed loses nothing of it; a power cut
may take the last moments, since nobody waits here for the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from domain.entries import instant
from service.schemas import Schema, alone
from service.stores.connections import engine
from service.stores.secret import in_file

if TYPE_CHECKING:
    from service.settings import Settings

_SCHEMA: Final = sa.MetaData()
_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_READS: Final = sa.Table(
    "access_reads",
    _SCHEMA,
    sa.Column("number", _NUMBER, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),  # µs since the epoch
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("texts", sa.Integer, nullable=False),
    sa.Index("access_reads_by_key", "key", "number"),
    sqlite_autoincrement=True,
)
_USES: Final = sa.Table(
    "access_uses",
    _SCHEMA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
)
ACCESS: Final = Schema("access", _SCHEMA, came_with={"access_reads": 1})
SOME: Final = 1_000
"""Reads that are deleted at a time."""
_USED: Final = sa.text("""
    INSERT INTO access_uses (key, at) VALUES (:key, :at)
    ON CONFLICT (key) DO UPDATE SET at = excluded.at WHERE access_uses.at < excluded.at""")


@dataclass(frozen=True, slots=True)
class Read:
    """Somebody has read personal data."""

    number: int
    """Its number in the access log."""
    at: str
    """When (RFC 3339, UTC)."""
    key: str
    """With which key."""
    question: str
    """What was asked, with the position: asked again, it has the same answer. Not what was searched
    for, which may be a name."""
    texts: int
    """How many personal texts the answer held."""


class Reads:
    """The access log of one ledger; its store is made when it is first needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opening = threading.Lock()
        self._engine: sa.Engine | None = None

    def note(self, key: str, at: int, question: str, texts: int) -> None:
        """Note that somebody is about to read personal texts."""
        row = {"key": key, "at": at, "question": question, "texts": texts}
        with self._opened().begin() as connection:
            connection.execute(sa.insert(_READS), row)

    def used(self, uses: Mapping[str, int]) -> None:
        """Note when keys were last used."""
        with self._opened().begin() as connection:
            connection.execute(_USED, [{"key": key, "at": at} for key, at in uses.items()])

    def last_used(self) -> Mapping[str, str]:
        """When each key was last used, to the minute or so."""
        with self._opened().connect() as connection:
            return {key: instant(at) for key, at in connection.execute(sa.select(_USES))}

    def read(self, after: int, limit: int, key: str | None = None) -> Sequence[Read]:
        """What was read, in order, after a number."""
        found = sa.select(_READS).where(_READS.c.number > after)
        if key is not None:
            found = found.where(_READS.c.key == key)
        with self._opened().connect() as connection:
            rows = connection.execute(found.order_by(_READS.c.number).limit(limit)).all()
        return [Read(row.number, instant(row.at), row.key, row.question, row.texts) for row in rows]

    def forget(self, before: int) -> int:
        """Delete for good what was read before an instant (µs since the epoch), and say how much.

        Numbers go on, so that they tell how much is gone. It is deleted bit by bit, so that nobody
        who reads meanwhile waits for long.
        """
        old = sa.select(_READS.c.number).where(_READS.c.at < before)
        some = sa.delete(_READS).where(_READS.c.number.in_(old.limit(SOME)))
        deleted, last = 0, SOME
        while last == SOME:
            with self._opened().begin() as connection:
                last = connection.execute(some).rowcount
            deleted += last
        return deleted

    def expect(self) -> None:
        """See that the store, if it is there, is of this release.

        Raises:
            SchemaDiffers: it is not.
        """
        file = in_file(sa.make_url(self._url))
        if file is None or file.exists():
            with closing(engine(self._url).connect()) as connection:
                connection.detach()
                ACCESS.is_there(connection)

    def close(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            self._engine.dispose()

    def _opened(self) -> sa.Engine:
        with self._opening:
            if self._engine is None:
                made = engine(self._url)
                sa.event.listen(made, "connect", _prepare)
                with made.begin() as connection:
                    if not ACCESS.is_there(connection):
                        alone(connection)
                        if not ACCESS.is_there(connection):  # else another process was first
                            ACCESS.make(connection)
                self._engine = made
            return self._engine


def reads_url(settings: Settings) -> str:
    """Where the access log is: as set, or beside a SQLite vault, or in the vault's database."""
    if settings.access_log is not None:
        return settings.access_log
    url = sa.make_url(settings.vault)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        beside = Path(f"{url.database}.access")
        return sa.URL.create("sqlite", database=str(beside)).render_as_string()
    return settings.vault


def _prepare(connection: Any, _: Any) -> None:
    if "sqlite" in type(connection).__module__:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
    else:
        connection.execute("SET synchronous_commit = off")
        connection.commit()

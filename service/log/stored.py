"""What is stored of a log, as it is stored: nothing of it is trusted, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import Any, Final

from sqlalchemy import Select, column, func, select, table

from domain.verification.reading import Row
from service.log.databases import LOG
from service.log.tables import (
    VERIFIER_KEY,
    checkpoints_table,
    entries_table,
    nodes_table,
    tags_table,
)
from service.stores.connections import maintaining

_AT_ONCE: Final = 5_000  # rows in memory
_NAMED: Final = 500  # tags in a statement


class Stored:
    """The tables of a log, each read in order."""

    def __init__(self, url: str) -> None:
        self._engine = maintaining(url)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def expect(self) -> None:
        """See that there is what this release reads. Raises SchemaDiffers."""
        with self._engine.connect() as connection:
            LOG.is_there(connection)

    def head(self) -> tuple[int, int]:
        """The newest position, as the entries have it and as the log's head does."""
        entries = select(func.max(entries_table.c.position)).scalar_subquery()
        with self._engine.connect() as connection:  # one statement: both as of one moment
            found = connection.execute(
                select(entries, column("position")).select_from(table("head"))
            )
            newest, head = found.one()
        return newest or 0, head

    def verifier_key(self) -> str | None:
        """The verifier key with which the log is signed; None if it never was."""
        with self._engine.connect() as connection:
            return connection.scalar(VERIFIER_KEY)

    def rows(self, after: int, until: int) -> Iterator[Row]:
        """The entries after a position, up to another."""
        position = entries_table.c.position
        found = select(entries_table).where(position > after, position <= until)
        return map(Row._make, self._each(found.order_by(position)))

    def tags(self, after: int = 0, of: Collection[str] | None = None) -> Iterator[Sequence[Any]]:
        """The tags of entries after a position (tag, type, position), of all tags or of some."""
        later = select(tags_table).where(tags_table.c.position > after)
        if of is None:
            return self._each(select(tags_table) if after == 0 else later)
        tags = sorted(of)
        some = (tags[start : start + _NAMED] for start in range(0, len(tags), _NAMED))
        return chain.from_iterable(
            self._each(later.where(tags_table.c.tag.in_(each))) for each in some
        )

    def nodes(self, level: int, start: int, end: int) -> dict[int, Any]:
        """The nodes of a level of tiles, by number, from a first to before a last."""
        of = nodes_table.c
        found = select(of.number, of.hash).where(of.level == level)
        found = found.where(of.number >= start, of.number < end)
        return dict(self._each(found))

    def checkpoints(self, after: int, until: int | None = None) -> Iterator[Sequence[Any]]:
        """The checkpoints (size, root, signature) of sizes after one, up to another."""
        size = checkpoints_table.c.size
        found = select(checkpoints_table).where(size > after).order_by(size)
        return self._each(found if until is None else found.where(size <= until))

    def decision_of(self, position: int) -> list[Row]:
        """The entries of the decision of an entry, up to that one; none if that cannot be told."""
        try:
            (newest,) = self.rows(position - 1, position)
            number = json.loads(newest.entry)["number"]
            return list(self.rows(position - number - 1, position))
        except (ValueError, KeyError, TypeError):
            return []

    def _each(self, query: Select[Any]) -> Iterator[Any]:
        """The driver's own rows: to make others of a million takes as long as to read them."""
        sql = query.compile(self._engine, compile_kwargs={"literal_binds": True})
        with self._engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            named = {"name": "stored"} if connection.dialect.name == "postgresql" else {}
            with closing(driver.cursor(**named)) as cursor:  # named: PostgreSQL sends rows in turn
                cursor.execute(str(sql))
                while some := cursor.fetchmany(_AT_ONCE):
                    yield from some

"""What is read of a log: its entries, its tree, and what was signed of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Engine, Executable, event, exc, select

from domain.transparency.cosignatures import Cosignature
from domain.transparency.notes import VerifierKey
from domain.transparency.tiles import WIDTH, Pyramid, Tiles
from domain.transparency.tree import root
from service.log.appends import Sealed
from service.log.databases import LOG, Postgresql, Sqlite
from service.log.signing import Signed
from service.log.tables import (
    COSIGNATURES,
    COSIGNED,
    NEWEST,
    POSITION_AT,
    VERIFIER_KEY,
    Query,
    checkpoint,
    checkpoint_cosigned,
    entries_table,
    hashes,
    positions_of,
    stored_again,
)


class Reader:
    """Reads a log, from any number of threads.

    What was lost with a connection is asked once more; other errors of the database are raised as
    they are.
    """

    def __init__(self, engine: Engine, database: Sqlite | Postgresql) -> None:
        self._engine = engine
        self._database = database

    def schema(self) -> int:
        """The revision that it is at."""
        with self._engine.connect() as connection:
            return LOG.revision(connection)

    def on_error(self, told: Callable[[object], None]) -> None:
        """Have every error of the database told."""
        event.listen(self._engine, "handle_error", told)

    # Entries

    def head(self) -> tuple[int, int]:
        """The newest position and its `recorded_at`; (0, 0) when the log is empty."""
        newest = self._rows(NEWEST)[0]
        return newest.position, newest.recorded_at

    def newest(self) -> int:
        """The newest position; 0 when the log is empty."""
        return self.head()[0]

    def position_at(self, recorded_at: int) -> int:
        """The largest position recorded at that time or before, 0 if there is none."""
        return int(self._rows(POSITION_AT, {"recorded_at": recorded_at})[0].position)

    def entries(
        self,
        *,
        tag: str | None = None,
        types: Collection[str] = (),
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
    ) -> list[Sealed]:
        """Entries with the tag and one of the types, ascending, all in memory: page by `limit`."""
        return self.matching([((tag,) if tag else (), types)], after, until, limit)

    def matching(
        self, query: Query, after: int, until: int | None, limit: int | None
    ) -> list[Sealed]:
        """Entries that match an item of the query, or all if it has none, ascending."""
        found = select(entries_table).order_by(entries_table.c.position)
        found = found.where(entries_table.c.position.in_(positions_of(query, after, until, limit)))
        return [stored_again(*row) for row in self._rows(found)]

    def at(self, positions: Collection[int]) -> list[Sealed]:
        """The entries at some positions, ascending; those beyond the newest are not among them."""
        wanted, found = sorted(positions), []
        for start in range(0, len(wanted), 500):
            some = entries_table.c.position.in_(wanted[start : start + 500])
            asked = select(entries_table).where(some).order_by(entries_table.c.position)
            found += [stored_again(*row) for row in self._rows(asked)]
        return found

    def stored(self, after: int, limit: int) -> list[tuple[bytes, bytes]]:
        """The bytes and the leaf hash of the entries that follow a position, in order."""
        column = entries_table.c
        found = select(column.entry, column.leaf_hash).order_by(column.position)
        found = found.where(column.position > after, column.position <= after + limit)
        return [(entry, leaf_hash) for entry, leaf_hash in self._rows(found)]

    def tagged(self, pairs: Collection[tuple[str, str]]) -> list[tuple[str, Sealed]]:
        """Every entry with a tag and type of these pairs, beside that tag, ascending.

        One statement of fixed text for many look-ups: what deciding reads.
        """
        tags, types = [tag for tag, _ in pairs], [type_ for _, type_ in pairs]
        parameters = self._database.pairs(tags, types)
        found = self._rows(self._database.tagged, parameters)
        return [(row[0], stored_again(*row[1:])) for row in found]

    def unused(self, tags: Collection[str]) -> frozenset[str]:
        """Those of some tags that no entry has."""
        parameters = self._database.tags(tags)
        return frozenset(tags).difference(
            row[0] for row in self._rows(self._database.used, parameters)
        )

    # The tree

    def hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """The hashes of a level of tiles from a first to before a last; level 0: of the entries."""
        return [row[0] for row in self._rows(hashes(level, start, end))]

    def tile(self, level: int, number: int, wide: int) -> Pyramid:
        """So many hashes of a tile, and the nodes that they determine."""
        start = number * WIDTH
        return Pyramid(self.hashes(level, start, start + wide))

    def root(self, size: int) -> bytes:
        """The root of the first entries."""
        return root((0, size), Tiles(size, self.tile).node)

    # What was signed

    def verifier_key(self) -> str | None:
        """The verifier key with which the log is signed; None if it never was."""
        found = self._rows(VERIFIER_KEY)
        return found[0][0] if found else None

    def checkpoint(self, covering: int | None = None) -> Signed:
        """The first checkpoint that covers a position, or the newest.

        Raises:
            LookupError: nothing so far is signed.
        """
        if found := self._rows(checkpoint(covering)):
            return Signed(*found[0])
        raise LookupError(f"no checkpoint covers position {covering or 0}")

    def checkpoint_cosigned(self, by: int) -> Signed:
        """The newest checkpoint that so many witnesses have cosigned.

        Raises:
            LookupError: there is none.
        """
        if found := self._rows(checkpoint_cosigned(by)):
            return Signed(*found[0])
        raise LookupError(f"no checkpoint is cosigned by {by}")

    def cosignatures(self, size: int) -> list[Cosignature]:
        """The latest of each witness under the checkpoint of a size."""
        latest = {row.verifier_key: row for row in self._rows(COSIGNATURES, {"size": size})}
        return [
            Cosignature(VerifierKey.read(row.verifier_key), row.time, row.signature)
            for row in latest.values()
        ]

    def cosigned(self, witness: VerifierKey) -> int:
        """The largest size of which a witness has cosigned the checkpoint; 0 if it has none."""
        return int(self._rows(COSIGNED, {"verifier_key": str(witness)})[0].size)

    def _rows(self, query: Executable, parameters: dict[str, Any] | None = None) -> list[Any]:
        for last in (False, True):
            try:
                with self._engine.connect() as connection:
                    return list(connection.execute(query, parameters).all())
            except exc.DBAPIError as error:
                # A lost connection has made the pool connect anew: a read may simply be repeated.
                if last or not error.connection_invalidated:
                    raise
        raise AssertionError

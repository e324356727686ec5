"""The head of a log as one process knows it, and how appends move it.

An append is judged against what is remembered of the entries before it, sealed, and stored if the
head is still the one that is known here. If others have moved it, what they recorded is read under
its lock, and all is judged again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, exc, select

from domain.transparency.proofs import Proofs
from domain.transparency.tree import Edge, leaf_hash
from service.log.appends import Append, Committed, Condition, Draft, LogMoved, Seal, Sealed
from service.log.batches import Batch, Recent
from service.log.checkpoints import Checkpoints
from service.log.databases import Postgresql, Sqlite
from service.log.tables import edge, entries_table, first_after

MAX_ENTRY = 65_535
MAX_WORD = 1_024  # bytes of a type or tag: two of them fit an index row of PostgreSQL
REMEMBERED = 100_000  # tags kept in memory
CAUGHT_UP = 10_000  # entries of others read into memory at once; beyond, memory starts anew


class Head:
    """The newest position, what was recorded before it, and the connection that moves it.

    One thread at a time may call it.
    """

    def __init__(
        self,
        engine: Engine,
        database: Sqlite | Postgresql,
        checkpoints: Checkpoints,
        *,
        seal: Seal,
        clock: Callable[[], int],
        tell: Callable[[Sequence[Sealed]], None],
    ) -> None:
        self._engine = engine
        self._database = database
        self._checkpoints = checkpoints
        self._seal = seal
        self._clock = clock
        self._tell = tell
        self._connection: Connection | None = None
        self._used = 0.0  # when the connection was
        self._known = (0, 0)  # position and time of the head
        self._recent = Recent(0)
        self._edge = Edge(0, ())

    def commit(self, appends: Sequence[Append]) -> Committed:
        """Store appends in one commit, each judged against the earlier ones too."""
        if not appends:
            return Committed([], None)
        try:
            batch = self._store(self._connected(), appends)
        except BaseException:
            self.forget()  # what was stored is not known
            raise
        self._used = time.monotonic()
        return Committed(batch.outcomes, self._accept(batch) if batch.sealed else None)

    def forget(self) -> None:
        """Know nothing any more, and disconnect."""
        self._known, self._recent, self._edge = (0, 0), Recent(0), Edge(0, ())
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _connected(self) -> Connection:
        while self._connection is None or time.monotonic() - self._used > 1:
            # An idle connection may be lost by now, which must not look like a failed append.
            try:
                self._connection = self._connection or self._engine.connect()
                self._connection.exec_driver_sql("SELECT 1")
                self._used = time.monotonic()
            except exc.DBAPIError as error:
                if self._connection is None or not error.connection_invalidated:
                    raise
                self.forget()
        return self._connection

    def _store(self, connection: Connection, appends: Sequence[Append]) -> Batch:
        batch = self._judge(connection, appends)
        if not batch.is_behind:
            if all(isinstance(outcome, Exception) for outcome in batch.outcomes):
                return batch
            if self._database.is_statement(batch) and self._database.store(connection, batch):
                return batch
        connection.exec_driver_sql(self._database.begin)
        self._catch_up(connection)
        if self._known != batch.known:
            batch = self._judge(connection, appends)
        if not self._database.store(connection, batch):
            raise RuntimeError("the head moved under its lock")
        connection.exec_driver_sql("COMMIT")
        return batch

    # What others have recorded

    def _catch_up(self, connection: Connection) -> None:
        """Lock the head and make what is known here true of it."""
        position, recorded_at = connection.exec_driver_sql(self._database.locked_head).one()
        if (position, recorded_at) == self._known:
            return
        newer, is_first = self._missed(connection, position), self._known == (0, 0)
        self._known = (position, recorded_at)
        if newer is None:
            self._recent, self._edge = Recent(position), edge(connection, position)
        else:
            for row in newer:
                self._recent.note(row.position, row.type, json.loads(row.tags))
            self._edge = self._edge.grown([row.leaf_hash for row in newer])
        if newer is None or is_first:
            self._checkpoints.check(position)

    def _missed(self, connection: Connection, position: int) -> Sequence[Any] | None:
        """What others have recorded up to a position.

        None if that is too much; or if this is not the history we knew, but a standby's that lacks
        its end.
        """
        known, known_time = self._known
        if not 0 <= position - known <= CAUGHT_UP:
            return None
        column = entries_table.c
        missed = select(
            column.position, column.recorded_at, column.type, column.tags, column.leaf_hash
        )
        missed = missed.where(column.position >= known).order_by(column.position)
        rows = connection.execute(missed).all()
        if known == 0:
            return rows
        return rows[1:] if rows and rows[0].recorded_at == known_time else None

    # What is to be stored

    def _judge(self, connection: Connection, appends: Sequence[Append]) -> Batch:
        """Judge and seal on the head as known here; a refusal holds wherever it is by now.

        Unless the batch is behind: then it is judged again on what others have recorded.
        """
        batch = Batch(self._known, *self._known, Recent(self._known[0]))
        failed = self._failed_below_floor(connection, appends)
        for append in appends:
            recorded_at = max(self._clock(), batch.recorded_at + 1)
            condition = append.condition
            if condition is not None and (
                condition in failed
                or self._recent.moved(condition)
                or batch.recent.moved(condition)
            ):
                batch.outcomes.append(LogMoved("something it has read was recorded meanwhile"))
            elif append.at is not None and append.at != batch.position:
                batch.outcomes.append(LogMoved(f"the newest position is {batch.position}"))
                batch.is_behind |= append.at > batch.position
            elif append.deadline is not None and recorded_at > append.deadline:
                batch.outcomes.append(LogMoved("its deadline passed"))
            else:
                try:
                    drafts = enumerate(append.drafts, batch.position + 1)
                    batch.add([self._sealed(draft, at, recorded_at) for at, draft in drafts])
                except Exception as refusal:  # noqa: BLE001 (it is this append's outcome)
                    batch.outcomes.append(refusal)
        batch.edge = self._edge.grown([one.leaf_hash for one in batch.sealed])
        if batch.sealed:
            batch.signature = self._checkpoints.sign(batch.position, batch.edge.root)
        return batch

    def _sealed(self, draft: Draft, position: int, recorded_at: int) -> Sealed:
        for word in (draft.type, *draft.tags):
            is_short = (len(word) if word.isascii() else len(word.encode())) <= MAX_WORD
            if not word or not is_short or "\0" in word:
                raise ValueError(f"neither a type nor a tag: {word!r}")
        entry = self._seal(draft, position, recorded_at)
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes; {MAX_ENTRY} is the most")
        return Sealed(position, recorded_at, draft.type, draft.tags, entry, leaf_hash(entry))

    def _failed_below_floor(
        self, connection: Connection, appends: Sequence[Append]
    ) -> Collection[Condition]:
        """The conditions that fail by what memory does not hold, from the tables."""
        conditions = [append.condition for append in appends if append.condition is not None]
        below = [one for one in conditions if one.after < self._recent.floor]
        if not below or not _fails(connection, below):
            return ()
        return {condition for condition in below if _fails(connection, [condition])}

    def _accept(self, batch: Batch) -> Proofs | None:
        """Learn and tell what this process has committed."""
        self._known, self._edge = (batch.position, batch.recorded_at), batch.edge
        proofs = self._checkpoints.publish(batch)
        self._recent.update(batch.recent)
        if len(self._recent) > REMEMBERED:
            self._recent = Recent(batch.position)
        self._tell(batch.sealed)
        return proofs


def _fails(connection: Connection, conditions: Collection[Condition]) -> bool:
    """Whether any of some conditions fails, or one that has the read sets of them all."""
    after = min(condition.after for condition in conditions)
    tags: dict[frozenset[str], set[str]] = {}
    for condition in conditions:
        for tag, types in condition.reads:
            tags.setdefault(types, set()).add(tag)
    found = (first_after(tags[types], types, after) for types in tags)
    return any(connection.execute(first).first() is not None for first in found)

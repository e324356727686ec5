"""The log: one ordered, gapless, append-only sequence of entries, on SQLite or PostgreSQL.

An append is judged against the newest position, the head, and stored only if that is still the head
when its entries follow. So positions are 1, 2, 3 … in the order of commits, whoever sees one sees
all before it, and nothing is stored if what it depends on was recorded meanwhile.

The entries are the leaves of a Merkle tree, which is stored with them in the same commit, as is the
checkpoint that a signer signs for each.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Any

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.dcb.popo import SimpleDCBReadResponse
from eventsourcing.persistence import IntegrityError, ProgrammingError
from sqlalchemy import (
    Connection,
    Executable,
    event,
    exc,
    insert,
    select,
)

from domain.transparency.cosignatures import Cosignature
from domain.transparency.notes import VerifierKey
from domain.transparency.proofs import Proofs
from domain.transparency.tiles import WIDTH, Pyramid, Tiles
from domain.transparency.tree import Edge, leaf_hash, root
from service.log.appends import (
    Append,
    Committed,
    Condition,
    Draft,
    LogMoved,
    Outcome,
    Seal,
    Sealed,
    identity_seal,
    now_in_microseconds,
)
from service.log.databases import (
    COSIGN,
    COSIGNATURES,
    COSIGNED,
    LOG,
    NEWEST,
    POSITION_AT,
    VERIFIER_KEY,
    Batch,
    Postgresql,
    Query,
    Recent,
    Sqlite,
    checkpoint,
    checkpoint_cosigned,
    checkpoints_table,
    edge,
    entries_table,
    first_after,
    hashes,
    positions_of,
    signers_table,
    stored_again,
)
from service.log.signing import LogLocked, Signer
from service.stores.connections import PATIENCE, engine, unhurried

MAX_ENTRY = 65_535
MAX_WORD = 1_024  # bytes of a type or tag: two of them fit an index row of PostgreSQL
REMEMBERED = 100_000  # tags kept in memory
CAUGHT_UP = 10_000  # entries of others read into memory at once; beyond, memory starts anew

logger = logging.getLogger(__name__)


class _Call:
    """Appends of one caller, waiting to be committed."""

    __slots__ = ("appends", "committed", "error", "leads", "turn")

    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.committed = Committed([], None)
        self.error: Exception | None = None
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Log(DCBRecorder):
    """A log on `sqlite:///path` or `postgresql+psycopg://…`; one that is empty is given its tables.

    Durability: what was returned or seen is on disk. Ordering: positions follow commits, without
    gaps; `recorded_at` rises strictly from append to append, whatever the clocks do. Concurrency:
    any number of threads, objects and processes. Errors: a database error reaches all whose appends
    shared the commit, as it is; if the commit itself failed, or the connection, it is not known
    whether they were stored: look before appending again.
    """

    def __init__(
        self,
        url: str,
        *,
        seal: Seal = identity_seal,
        clock: Callable[[], int] = now_in_microseconds,
        busy_timeout: float = PATIENCE,
    ) -> None:
        self._seal = seal
        self._clock = clock
        self._listeners: list[Callable[[Sequence[Sealed]], None]] = []
        self._engine = engine(
            url,
            busy_timeout=busy_timeout,
            isolation_level="AUTOCOMMIT",  # a read is one round trip; transactions are explicit
            skip_autocommit_rollback=True,
        )
        is_sqlite = self._engine.dialect.name == "sqlite"
        self._database: Sqlite | Postgresql = Sqlite() if is_sqlite else Postgresql()

        # Touched by whoever holds the baton only.
        self._writer: Connection | None = None
        self._written = 0.0
        self._crowded = False  # whether the last commit was for several callers
        self._known = (0, 0)  # the head as known here, and what was recorded up to it
        self._recent = Recent(0)
        self._edge = Edge(0, ())
        self._signer: Signer | None = None
        self._signed = (0, b"")  # size and root of the newest checkpoint that is remembered

        self._door = threading.Lock()  # guards the queue, and whether somebody holds the baton
        self._queue: list[_Call] = []
        self._held = False

        self._news = threading.Condition()  # guards the largest position seen
        self._seen = 0
        self._watcher: threading.Thread | None = None
        self._closed = threading.Event()

        try:
            self._create()
        except BaseException:
            self._engine.dispose()
            raise

    def _create(self) -> None:
        for attempt in range(20):
            try:
                with self._engine.connect() as connection:
                    if not LOG.is_there(connection):
                        unhurried(connection)  # closing it undoes what is not committed
                        connection.exec_driver_sql(self._database.begin)
                        if not LOG.is_there(connection):  # else another process was first
                            LOG.make(connection)
                        connection.exec_driver_sql("COMMIT")
                    return
            except exc.DBAPIError:  # another process may be creating it just now
                if attempt == 19:
                    raise
                time.sleep(0.05)

    # Signing

    def verifier_key(self) -> str | None:
        """The verifier key with which the log is signed; None if it never was."""
        found = self._rows(VERIFIER_KEY)
        return found[0][0] if found else None

    def sign_with(self, signer: Signer) -> None:
        """Have all that is recorded signed, and from now on every commit.

        The signer is closed with the log, or at once if it may not sign.

        Raises:
            LogLocked: another key, or another name, has begun to sign it.
            LogRewound: more was signed than there is, or something else.
        """
        try:
            signer.check(self.newest, self.root)
            newest = self._rows(checkpoint(None))
            if self.verifier_key() != str(signer.verifier) or newest[0].size < self.newest():
                newest = [self._begin_signing(signer)]
            size, root_, signature = newest[0]
            signer.remember(size, signer.note(size, root_, signature))
        except BaseException:
            signer.close()
            raise
        self._signer, self._signed = signer, (size, root_)

    def heed(self, position: int) -> None:
        """Remember what others have signed up to a position, before anything is told by it.

        So that no other history is signed here either, should the log lose its end.

        Raises:
            LogRewound: it does not continue what was signed before.
        """
        if self._signer is None or position <= (known := self._signed)[0]:
            return
        if [tuple(row[:2]) for row in self._rows(checkpoint(known[0]))] != [known]:
            self._signer.check(lambda: position, self.root)  # it may be another history
        size, root_, signature = self._rows(checkpoint(None))[0]
        self._signer.remember(size, self._signer.note(size, root_, signature))
        self._signed = (size, root_)

    def _begin_signing(self, signer: Signer) -> Any:
        """Sign what is there, under the lock of the head."""
        with self._engine.connect() as connection:
            connection.detach()  # so that closing it undoes what is not committed
            connection.exec_driver_sql(self._database.begin)
            size, _ = connection.exec_driver_sql(self._database.locked_head).one()
            begun_with = connection.execute(VERIFIER_KEY).scalar()
            if begun_with is None:
                first = {"id": 1, "verifier_key": str(signer.verifier)}
                connection.execute(insert(signers_table), first)
            elif begun_with != str(signer.verifier):
                raise LogLocked(f"this log is signed with another key, that of {begun_with}")
            newest = connection.execute(checkpoint(None)).first()
            if newest is None or newest.size < size:
                root_ = edge(connection, size).root
                row = (size, root_, signer.sign(size, root_))
                connection.execute(insert(checkpoints_table).values(row))
                newest = connection.execute(checkpoint(None)).one()
            connection.exec_driver_sql("COMMIT")
        return newest

    @property
    def signer(self) -> Signer:
        """Who signs the log; RuntimeError if nobody does."""
        if self._signer is None:
            raise RuntimeError("this log is not signed")
        return self._signer

    @property
    def signed(self) -> int:
        """How many entries are known here to be signed, by whomever."""
        return self._signed[0]

    def cosign(self, size: int, cosignature: Cosignature) -> None:
        """Keep a verified cosignature under the checkpoint of a size."""
        row = {
            "verifier_key": str(cosignature.witness),
            "size": size,
            "time": cosignature.time,
            "signature": cosignature.signature,
        }
        with self._engine.connect() as connection:
            connection.execute(COSIGN, row)

    # Writing

    def record(self, append: Append) -> tuple[Sealed, ...]:
        """Store an append and return its entries.

        Raises LogMoved, or ValueError if a draft cannot be stored (or what its seal raises): then
        nothing of it was stored.
        """
        (outcome,) = self.record_all((append,))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def record_all(self, appends: Sequence[Append]) -> list[Outcome]:
        """Store appends in one commit, in this order, each judged against the earlier ones too.

        An outcome is what `record` would return or raise. Threads that call at the same time share
        a commit: the first commits for all who wait by then, and hands the baton to the next.
        """
        return self.commit(appends).outcomes

    def commit(self, appends: Sequence[Append]) -> Committed:
        """As `record_all`, and give what proves the entries against the commit's checkpoint."""
        if self._closed.is_set():
            raise RuntimeError("the log is closed")
        return self._queue_up(appends)

    def _queue_up(self, appends: Sequence[Append]) -> Committed:
        call = _Call(appends)
        with self._door:
            self._queue.append(call)
            call.leads, self._held = not self._held, True
        if not call.leads:
            try:
                call.turn.acquire()  # until somebody has committed for us, or hands us the baton
            except BaseException:  # an interrupt
                self._leave(call)
                raise
        if call.leads:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return call.committed

    def _lead(self, leader: _Call) -> None:
        group: list[_Call] = []
        error: Exception | None = RuntimeError("interrupted: not known whether it was stored")
        try:
            if self._crowded:
                time.sleep(0)  # lets those who were served just now come back and join
            with self._door:
                group, self._queue = self._queue, []
            self._crowded = len(group) > 1
            committed = self._commit([append for call in group for append in call.appends])
            outcomes = iter(committed.outcomes)
            for call in group:
                mine = list(islice(outcomes, len(call.appends)))
                call.committed = Committed(mine, committed.proofs)
            error = None
        except Exception as raised:  # noqa: BLE001 (each of the callers raises it)
            error = raised
        finally:
            for call in group:
                call.error = error
                call.turn.release()
            self._leave(leader)

    def _leave(self, call: _Call) -> None:
        """Wait no longer, and hand over the baton if this call holds it."""
        with self._door:
            if call in self._queue:
                self._queue.remove(call)
            if call.leads:
                self._held = bool(self._queue)
                if self._held:
                    self._queue[0].leads = True
                    self._queue[0].turn.release()

    def _commit(self, appends: Sequence[Append]) -> Committed:
        if not appends:
            return Committed([], None)
        try:
            batch = self._store(self._connected(), appends)
        except BaseException:
            self._forget()  # what was stored is not known
            raise
        self._written = time.monotonic()
        return Committed(batch.outcomes, self._accept(batch) if batch.sealed else None)

    def _connected(self) -> Connection:
        while self._writer is None or time.monotonic() - self._written > 1:
            # An idle connection may be lost by now, which must not look like a failed append.
            try:
                self._writer = self._writer or self._engine.connect()
                self._writer.exec_driver_sql("SELECT 1")
                self._written = time.monotonic()
            except exc.DBAPIError as error:
                if self._writer is None or not error.connection_invalidated:
                    raise
                self._forget()
        return self._writer

    def _forget(self) -> None:
        self._known, self._recent, self._edge = (0, 0), Recent(0), Edge(0, ())
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.invalidate()
            writer.close()

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
        if self._signer is not None and (newer is None or is_first):
            self._signer.check(lambda: position, self.root)

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
        if self._signer is not None and batch.sealed:
            batch.signature = self._signer.sign(batch.position, batch.edge.root)
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

        def fail(conditions: Collection[Condition]) -> bool:
            after = min(condition.after for condition in conditions)
            tags: dict[frozenset[str], set[str]] = {}
            for condition in conditions:
                for tag, types in condition.reads:
                    tags.setdefault(types, set()).add(tag)
            found = (first_after(tags[types], types, after) for types in tags)
            return any(connection.execute(first).first() is not None for first in found)

        if not below or not fail(below):
            return ()
        return {condition for condition in below if fail([condition])}

    def _accept(self, batch: Batch) -> Proofs | None:
        """Learn and tell what this process has committed."""
        self._known, self._edge = (batch.position, batch.recorded_at), batch.edge
        proofs = self._publish(batch)
        self._recent.update(batch.recent)
        if len(self._recent) > REMEMBERED:
            self._recent = Recent(batch.position)
        for listener in self._listeners:
            try:
                listener(batch.sealed)
            except Exception:
                logger.exception("a listener failed; the entries are recorded all the same")
        self._see(batch.position)
        return proofs

    def _publish(self, batch: Batch) -> Proofs | None:
        """Remember that a checkpoint was signed, and prove by it."""
        if self._signer is None or batch.signature is None:
            return None
        noted = self._signer.note(batch.position, batch.edge.root, batch.signature)
        try:
            self._signer.remember(batch.position, noted)
            self._signed = (batch.position, batch.edge.root)
        except OSError:
            logger.exception("what was signed cannot be remembered; it is recorded all the same")
        return Proofs(noted, batch.position, batch.edge.node)

    # Reading

    def schema(self) -> int:
        """The revision that it is at."""
        with self._engine.connect() as connection:
            return LOG.revision(connection)

    def on_error(self, told: Callable[[object], None]) -> None:
        """Have every error of the database told."""
        event.listen(self._engine, "handle_error", told)

    def head(self) -> tuple[int, int]:
        """The newest position and its `recorded_at`; (0, 0) when the log is empty."""
        newest = self._rows(NEWEST)[0]
        return newest.position, newest.recorded_at

    def newest(self) -> int:
        """The newest position; 0 when the log is empty."""
        return self.head()[0]

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
        return self._entries([((tag,) if tag else (), types)], after, until, limit)

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

    def checkpoint(self, covering: int | None = None) -> tuple[int, bytes, bytes]:
        """Size, root and signature of the first checkpoint that covers a position, or the newest.

        Raises:
            LookupError: nothing so far is signed.
        """
        if found := self._rows(checkpoint(covering)):
            size, root_, signature = found[0]
            return size, root_, signature
        raise LookupError(f"no checkpoint covers position {covering or 0}")

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

    def checkpoint_cosigned(self, by: int) -> tuple[int, bytes, bytes]:
        """The newest checkpoint that so many witnesses have cosigned.

        Raises:
            LookupError: there is none.
        """
        if found := self._rows(checkpoint_cosigned(by)):
            size, root_, signature = found[0]
            return size, root_, signature
        raise LookupError(f"no checkpoint is cosigned by {by}")

    def position_at(self, recorded_at: int) -> int:
        """The largest position recorded at that time or before, 0 if there is none."""
        return int(self._rows(POSITION_AT, {"recorded_at": recorded_at})[0].position)

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

    def _entries(
        self, query: Query, after: int, until: int | None, limit: int | None
    ) -> list[Sealed]:
        found = select(entries_table).order_by(entries_table.c.position)
        found = found.where(entries_table.c.position.in_(positions_of(query, after, until, limit)))
        return [stored_again(*row) for row in self._rows(found)]

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

    # Following

    def add_listener(self, listener: Callable[[Sequence[Sealed]], None]) -> None:
        """Have a function called with what this process commits, in order of positions.

        That is before `record` returns, and other appends wait for it: it must be quick, and must
        not append. What it raises is logged.
        """
        self._listeners.append(listener)

    def wait(
        self, after: int, timeout: float, *, stopped: Callable[[], bool] = lambda: False
    ) -> bool:
        """True as soon as the head is beyond `after`; False after the timeout (in seconds).

        False too if the log is closed, or `stopped()` when `wake` is called. What this process
        records is seen at once; what others do within 50 ms on SQLite, and on PostgreSQL by
        notification or else within a second.
        """
        if self._seen <= after:
            self._see(self.head()[0])
        with self._news:
            if self._watcher is None and self._seen <= after:
                self._watcher = threading.Thread(target=self._watch, name="log", daemon=True)
                self._watcher.start()
            self._news.wait_for(
                lambda: self._seen > after or stopped() or self._closed.is_set(), timeout
            )
            return self._seen > after

    def wake(self) -> None:
        """Have every `wait` look whether it is stopped."""
        with self._news:
            self._news.notify_all()

    def _see(self, position: int) -> None:
        with self._news:
            if position > self._seen:
                self._seen = position
                self._news.notify_all()

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                with self._engine.connect() as connection:
                    connection.detach()
                    driver = connection.connection.dbapi_connection
                    for hint in self._database.hints(driver, self._closed):
                        if hint is None or hint > self._seen:
                            self._see(self.head()[0])
            except Exception:
                logger.exception("the log cannot be watched; trying again")
                self._closed.wait(1)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed.is_set()

    def close(self) -> None:
        """Refuse further appends, finish those under way, end every `wait`, and disconnect."""
        self._closed.set()
        self._queue_up(())
        self._forget()
        self.wake()
        if self._watcher is not None:
            self._watcher.join()
        self._engine.dispose()
        if self._signer is not None:
            self._signer.close()

    # The library's recorder

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """The events that match; the response's head is the log's, or with a limit theirs."""
        head = self.head()[0]
        events = self.events(query, after or 0, head, limit)
        if limit is not None:
            head = events[-1].position if events else 0
        return SimpleDCBReadResponse(iter(events), head or None)

    def events(
        self, query: DCBQuery | None, after: int, until: int, limit: int | None
    ) -> list[DCBSequencedEvent]:
        """The events that match at positions in (after, until], in ascending order."""
        return [
            DCBSequencedEvent(DCBEvent(one.type, one.entry, list(one.tags)), one.position)
            for one in self._entries(_items(query), after, until, limit)
        ]

    def append(
        self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """Append events and return the last one's position.

        Raises IntegrityError if the condition fails, ProgrammingError if there are no events.
        """
        if not events:
            raise ProgrammingError("no events to append")
        drafts = tuple(Draft(one.type, tuple(one.tags), one.data) for one in events)
        if condition is None:
            return self.record(Append(drafts))[-1].position
        items = _items(condition.fail_if_events_match) or [((), ())]
        after = condition.after or 0
        # Of several tags a read set takes the first: where that is too wide, look before and retry.
        exact = all(len(tags) < 2 for tags, _ in items)
        reads = frozenset((tags[0] if tags else "", frozenset(types)) for tags, types in items)
        while True:
            if not exact:
                seen = self.head()[0]
                if self._rows(positions_of(items, after, seen, 1)):
                    raise IntegrityError(condition)
                after = max(after, seen)
            try:
                return self.record(Append(drafts, Condition(reads, after)))[-1].position
            except LogMoved:
                if exact:
                    raise IntegrityError(condition) from None

    def subscribe(
        self, query: DCBQuery | None = None, *, after: int | None = None
    ) -> "LogSubscription":
        """The events that match, and then each as it is recorded, until stopped or closed."""
        return LogSubscription(self, query, after)


def _items(query: DCBQuery | None) -> list[tuple[Sequence[str], Collection[str]]]:
    return [(item.tags, item.types) for item in query.items] if query is not None else []


class LogSubscription(DCBSubscription[Log]):
    """An iterator that waits for what comes; any thread may stop it."""

    def __init__(self, log: Log, query: DCBQuery | None, after: int | None) -> None:
        super().__init__(log, query, after)
        self._log = log
        self._pulled: deque[DCBSequencedEvent] = deque()

    def __next__(self) -> DCBSequencedEvent:
        while not (self._has_been_stopped or self._log.closed):
            if self._pulled:
                return self._pulled.popleft()
            head = self._log.head()[0]
            self._pulled.extend(self._log.events(self._query, self._last_position, head, 500))
            if self._pulled:
                self._last_position = self._pulled[-1].position
            else:
                self._log.wait(head, 60, stopped=lambda: self._has_been_stopped)
        raise StopIteration

    def stop(self) -> None:
        """End the iteration, now if it is waiting."""
        super().stop()
        self._log.wake()

"""The log: one ordered, gapless, append-only sequence of entries, on SQLite or PostgreSQL.

An append is judged against the newest position, the head, and stored only if that is still the head
when its entries follow. So positions are 1, 2, 3 … in the order of commits, whoever sees one sees
all before it, and nothing is stored if what it depends on was recorded meanwhile.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import islice
from json.encoder import encode_basestring
from typing import Any, ClassVar

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
    BigInteger,
    Column,
    Connection,
    Executable,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    create_engine,
    event,
    exc,
    insert,
    inspect,
    make_url,
    select,
    text,
    union,
)
from sqlalchemy.dialects import sqlite

MAX_ENTRY = 65_535
MAX_WORD = 1_024  # bytes of a type or tag: two of them fit an index row of PostgreSQL
REMEMBERED = 100_000  # tags kept in memory
CAUGHT_UP = 10_000  # entries of others read into memory at once; beyond, memory starts anew

logger = logging.getLogger(__name__)


class LogMoved(Exception):
    """The log moved: something a decision had read was recorded meanwhile, or its deadline passed.

    Nothing was stored; decide again.
    """


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry before its position and time are known."""

    type: str
    tags: tuple[str, ...]
    data: bytes  # what `seal` turns into the entry's exact bytes
    tail: bytes = b""  # second half, for seals that put position and time in the middle


# (draft, position, recorded_at in µs since the epoch) -> exact entry bytes; pure: it may run again
Seal = Callable[[Draft, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Condition:
    """A read set: fails if an entry recorded after `after` has a tag of it and one of its types.

    No types stand for any type, tag "" for any tag.
    """

    reads: frozenset[tuple[str, frozenset[str]]]
    after: int


@dataclass(frozen=True, slots=True)
class Append:
    """Drafts to be stored together or not at all, with one `recorded_at`.

    It is refused if that would be later than `deadline` (µs since the epoch). As `recorded_at` only
    rises, an append whose deadline the head has passed is in the log by now or never will be.
    """

    drafts: tuple[Draft, ...]
    condition: Condition | None = None
    deadline: int | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as stored."""

    position: int
    recorded_at: int  # µs since the epoch
    type: str
    tags: tuple[str, ...]
    entry: bytes
    leaf_hash: bytes  # SHA-256(0x00 || entry), RFC 6962


Outcome = tuple[Sealed, ...] | Exception  # an append's entries, or why nothing of it was stored


def identity_seal(draft: Draft, position: int, recorded_at: int) -> bytes:
    """The draft's own bytes: what a user of the `eventsourcing` library expects to read back."""
    return draft.data + draft.tail


def now_in_microseconds() -> int:
    """The machine's clock, in µs since the epoch."""
    return time.time_ns() // 1_000


_metadata = MetaData()
_position = BigInteger().with_variant(Integer, "sqlite")  # INTEGER: SQLite's own row number
_word = Text().with_variant(Text(collation="C"), "postgresql")
_entries = Table(
    "entries",
    _metadata,
    Column("position", _position, primary_key=True, autoincrement=False),
    Column("type", _word, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("tags", Text, nullable=False),  # a JSON array
    Column("entry", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Index("entries_by_type", "type", "position"),
)
_tags = Table(
    "tags",
    _metadata,
    Column("tag", _word, primary_key=True),
    Column("type", _word, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
_HEAD = "SELECT position, recorded_at FROM head"
_NEWEST = text(_HEAD)
_POSITION_AT = text("""
    WITH RECURSIVE bisection(low, high) AS (
        SELECT CAST(0 AS BIGINT), position FROM head
        UNION ALL
        SELECT CASE WHEN recorded_at <= :recorded_at THEN position ELSE low END,
               CASE WHEN recorded_at <= :recorded_at THEN high ELSE position - 1 END
        FROM bisection JOIN entries ON position = (low + high + 1) / 2
        WHERE low < high
    )
    SELECT max(low) AS position FROM bisection""")

# Of each item an entry has all the tags and one of the types; no types stand for any.
_Query = Iterable[tuple[Sequence[str], Collection[str]]]


def _positions(query: _Query, after: int, until: int | None, limit: int | None) -> Any:
    """Select the positions of entries that match an item of the query, or all if it has none."""

    def matching(tags: Sequence[str], types: Collection[str]) -> Select[Any]:
        table = _tags if tags else _entries
        found = select(table.c.position.label("found")).where(table.c.position > after)
        if until is not None:
            found = found.where(table.c.position <= until)
        if types:
            found = found.where(table.c.type.in_(sorted(types)))
        if tags:
            found = found.where(table.c.tag == tags[0])
        for tag in tags[1:]:
            also = _tags.alias()
            same_entry = and_(also.c.type == table.c.type, also.c.position == table.c.position)
            found = found.join(also, and_(also.c.tag == tag, same_entry))
        return found

    found = [matching(tags, types) for tags, types in query] or [matching((), ())]
    return (found[0] if len(found) == 1 else union(*found)).order_by("found").limit(limit)


def _first(tags: Collection[str], types: Collection[str], after: int) -> Select[Any]:
    """Select a position after the given one with one of the tags and one of the types."""
    table = _entries if "" in tags else _tags
    found = select(table.c.position).where(table.c.position > after).limit(1)
    if types:
        found = found.where(table.c.type.in_(types))
    return found if "" in tags else found.where(_tags.c.tag.in_(tags))


class _Recent:
    """The last position of every tag and type recorded above a floor; tag "" is every entry's."""

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.last: dict[str, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self.last)

    def note(self, position: int, type_: str, tags: Iterable[str]) -> None:
        for tag in ("", *tags):
            self.last.setdefault(tag, {})[type_] = position

    def update(self, newer: "_Recent") -> None:
        for tag, types in newer.last.items():
            self.last.setdefault(tag, types).update(types)

    def moved(self, condition: Condition) -> bool:
        for tag, types in condition.reads:
            if last := self.last.get(tag):
                positions = (last.get(type_, 0) for type_ in types) if types else last.values()
                if max(positions) > condition.after:
                    return True
        return False


def _stored(
    position: int, type_: str, recorded_at: int, tags: str, entry: bytes, leaf_hash: bytes
) -> Sealed:
    """A row of `entries`."""
    return Sealed(position, recorded_at, type_, tuple(json.loads(tags)), entry, leaf_hash)


@dataclass(slots=True)
class _Batch:
    """What a group of appends comes to on top of a known head: outcomes, and the next head."""

    known: tuple[int, int]
    position: int
    recorded_at: int
    recent: _Recent
    sealed: list[Sealed] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, sealed: Sequence[Sealed]) -> None:
        """Take in the entries of one append."""
        self.outcomes.append(tuple(sealed))
        self.sealed.extend(sealed)
        for one in sealed:
            self.position, self.recorded_at = one.position, one.recorded_at
            self.recent.note(one.position, one.type, one.tags)

    def entry_rows(self) -> list[tuple[Any, ...]]:
        """Rows of `entries`, in the order of its columns."""
        tags = [f"[{','.join(map(encode_basestring, one.tags))}]" for one in self.sealed]
        return [
            (one.position, one.type, one.recorded_at, array, one.entry, one.leaf_hash)
            for one, array in zip(self.sealed, tags, strict=True)
        ]

    def tag_rows(self) -> list[tuple[str, str, int]]:
        """Rows of `tags`, in the order of its columns."""
        return [(tag, one.type, one.position) for one in self.sealed for tag in set(one.tags)]


class _Sqlite:
    """SQLite in WAL mode; the triggers keep the tables true to the entries inserted."""

    begin: ClassVar = "BEGIN IMMEDIATE"
    locked_head: ClassVar = _HEAD
    tables: ClassVar = (
        # The newest entry is the head: a row of its own could only disagree, and would cost a page.
        """CREATE VIEW head AS SELECT 1 AS id, coalesce(max(position), 0) AS position,
        coalesce(recorded_at, 0) AS recorded_at FROM entries""",
        """CREATE TRIGGER entries_follow BEFORE INSERT ON entries
        WHEN NEW.position <> (SELECT position + 1 FROM head)
        OR NEW.recorded_at < (SELECT recorded_at FROM head)
        BEGIN SELECT RAISE(ABORT, 'INSERT refused: it does not follow the head'); END""",
        """CREATE TRIGGER entries_tagged AFTER INSERT ON entries BEGIN
        INSERT OR IGNORE INTO tags SELECT value, NEW.type, NEW.position FROM json_each(NEW.tags);
        END""",
        *(
            f"CREATE TRIGGER {table}_{action} BEFORE {action} ON {table} BEGIN"
            f" SELECT RAISE(ABORT, '{action} refused: what is recorded in {table} stays'); END"
            for table in ("entries", "tags")
            for action in ("UPDATE", "DELETE")
        ),
    )

    tagged: ClassVar = text("""
        SELECT tags.tag, entries.* FROM json_each(:pairs) AS pair
        CROSS JOIN tags ON tags.tag = json_extract(pair.value, '$[0]')
            AND tags.type = json_extract(pair.value, '$[1]')
        CROSS JOIN entries ON entries.position = tags.position
        ORDER BY tags.position""")

    def options(self, busy_timeout: float) -> dict[str, Any]:
        return {"timeout": busy_timeout}

    def prepare(self, connection: Any, busy_timeout: float) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    def pairs(self, tags: Sequence[str], types: Sequence[str]) -> dict[str, Any]:
        return {"pairs": json.dumps(list(zip(tags, types, strict=True)))}

    def is_statement(self, batch: _Batch) -> bool:
        """Whether storing takes one statement, which is then a transaction of its own."""
        return 0 < len(batch.sealed) <= 100

    def store(self, connection: Connection, batch: _Batch) -> bool:
        """Insert if the head is as known; else do nothing and return False."""
        rows = batch.entry_rows()
        try:
            for start in range(0, len(rows), 100):
                some = rows[start : start + 100]
                values = tuple(value for row in some for value in row)
                connection.exec_driver_sql(_sqlite_insert(len(some)), values)
        except exc.IntegrityError as error:
            if "does not follow the head" in str(error.orig):
                return False
            raise
        return True

    def hints(self, connection: Any, closed: threading.Event) -> Iterator[int | None]:
        """Yield when others may have recorded something, up to a position if that is known."""
        while not closed.wait(0.05):
            yield None


@cache
def _sqlite_insert(rows: int) -> str:
    values = [tuple(_entries.columns.keys())] * rows
    return str(insert(_entries).values(values).compile(dialect=sqlite.dialect()))


class _Postgresql:
    """PostgreSQL; the head is a row, locked and moved by each append."""

    begin: ClassVar = "BEGIN"
    locked_head: ClassVar = "SELECT position, recorded_at FROM head FOR UPDATE"
    tables: ClassVar = (
        """CREATE TABLE head (id integer PRIMARY KEY CHECK (id = 1),
        position bigint NOT NULL, recorded_at bigint NOT NULL)""",
        "INSERT INTO head VALUES (1, 0, 0)",
        """CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING MESSAGE = TG_OP || ' refused: what is recorded in '
        || TG_TABLE_NAME || ' stays'; END $$""",
        """CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
        EXECUTE FUNCTION refuse_to_change()""",
        """CREATE TRIGGER tags_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON tags
        EXECUTE FUNCTION refuse_to_change()""",
        """CREATE TRIGGER head_stays BEFORE INSERT OR DELETE OR TRUNCATE ON head
        EXECUTE FUNCTION refuse_to_change()""",
        """CREATE TRIGGER head_rises BEFORE UPDATE ON head FOR EACH ROW
        WHEN (NEW.position < OLD.position OR NEW.recorded_at < OLD.recorded_at)
        EXECUTE FUNCTION refuse_to_change()""",
    )
    _move_and_insert = """
        WITH moved AS (
            UPDATE head SET position = %(to)s, recorded_at = %(to_time)s
            WHERE position = %(known)s AND recorded_at = %(known_time)s
            RETURNING position
        ), inserted AS (
            INSERT INTO entries (position, type, recorded_at, tags, entry, leaf_hash)
            SELECT new.* FROM moved, unnest(
                %(position)b::bigint[], %(type)b::text[], %(recorded_at)b::bigint[],
                %(tags)b::text[], %(entry)b::bytea[], %(leaf_hash)b::bytea[]) AS new
        ), tagged AS (
            INSERT INTO tags (tag, type, position)
            SELECT new.* FROM moved, unnest(
                %(tag)b::text[], %(tag_type)b::text[], %(tag_position)b::bigint[]) AS new
        )
        SELECT pg_notify('curule_log', position::text) FROM moved"""

    tagged: ClassVar = text("""
        SELECT tags.tag, entries.*
        FROM unnest(CAST(:tags AS text[]), CAST(:types AS text[])) AS pair (tag, type)
        JOIN tags ON tags.tag = pair.tag AND tags.type = pair.type
        JOIN entries ON entries.position = tags.position
        ORDER BY tags.position""")

    def options(self, busy_timeout: float) -> dict[str, Any]:
        """Arguments of connect(): a dead network is noticed within seconds."""
        return {
            "connect_timeout": 5,
            "tcp_user_timeout": 5_000,
            "keepalives_idle": 5,
            "keepalives_interval": 1,
            "keepalives_count": 5,
        }

    def prepare(self, connection: Any, busy_timeout: float) -> None:
        connection.execute(
            "SELECT set_config('lock_timeout', %s, false),"
            " set_config('statement_timeout', '10s', false),"
            " set_config('idle_in_transaction_session_timeout', '10s', false),"
            " set_config('default_transaction_isolation', 'read committed', false),"
            " set_config('synchronous_commit',"
            "  replace(current_setting('synchronous_commit'), 'off', 'on'), false)",
            (f"{busy_timeout * 1_000:.0f}ms",),
        )

    def pairs(self, tags: Sequence[str], types: Sequence[str]) -> dict[str, Any]:
        return {"tags": list(tags), "types": list(types)}

    def is_statement(self, batch: _Batch) -> bool:
        return True

    def store(self, connection: Connection, batch: _Batch) -> bool:
        """Insert if the head was as known and could be moved; one statement, so one round trip."""
        values: dict[str, Any] = {
            "to": batch.position,
            "to_time": batch.recorded_at,
            "known": batch.known[0],
            "known_time": batch.known[1],
        }
        for names, rows in (
            (_entries.columns.keys(), batch.entry_rows()),
            (("tag", "tag_type", "tag_position"), batch.tag_rows()),
        ):
            values |= {name: [row[number] for row in rows] for number, name in enumerate(names)}
        return connection.exec_driver_sql(self._move_and_insert, values).first() is not None

    def hints(self, connection: Any, closed: threading.Event) -> Iterator[int | None]:
        connection.execute("LISTEN curule_log")
        while not closed.is_set():
            yield None
            for notification in connection.notifies(timeout=0.5, stop_after=1):
                yield int(notification.payload)


class _Call:
    """Appends of one caller, waiting to be committed."""

    __slots__ = ("appends", "error", "leads", "outcomes", "turn")

    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.outcomes: list[Outcome] = []
        self.error: Exception | None = None
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Log(DCBRecorder):
    """A log on `sqlite:///path` or `postgresql+psycopg://…`; its tables are created where absent.

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
        busy_timeout: float = 5.0,
    ) -> None:
        self._seal = seal
        self._clock = clock
        self._listeners: list[Callable[[Sequence[Sealed]], None]] = []
        address = make_url(url)
        is_sqlite = address.get_backend_name() == "sqlite"
        self._database: _Sqlite | _Postgresql = _Sqlite() if is_sqlite else _Postgresql()
        options = self._database.options(busy_timeout)
        self._engine = create_engine(
            address,
            isolation_level="AUTOCOMMIT",  # a read is one round trip; transactions are explicit
            skip_autocommit_rollback=True,
            connect_args={name: options[name] for name in options if name not in address.query},
        )
        event.listen(
            self._engine,
            "connect",
            lambda connection, _: self._database.prepare(connection, busy_timeout),
        )

        # Touched by whoever holds the baton only.
        self._writer: Connection | None = None
        self._written = 0.0
        self._crowded = False  # whether the last commit was for several callers
        self._known = (0, 0)  # the head as known here, and what was recorded up to it
        self._recent = _Recent(0)

        self._door = threading.Lock()  # guards the queue, and whether somebody holds the baton
        self._queue: list[_Call] = []
        self._held = False

        self._news = threading.Condition()  # guards the largest position seen
        self._seen = 0
        self._watcher: threading.Thread | None = None
        self._closed = threading.Event()

        self._create()

    def _create(self) -> None:
        for attempt in range(20):
            try:
                with self._engine.connect() as connection:
                    if inspect(connection).has_table("entries"):
                        return
                    connection.detach()  # so that closing it undoes what is not committed
                    connection.exec_driver_sql(self._database.begin)
                    _metadata.create_all(connection)
                    for statement in self._database.tables:
                        connection.exec_driver_sql(statement)
                    connection.exec_driver_sql("COMMIT")
                    return
            except exc.DBAPIError:  # another process may be creating it just now
                if attempt == 19:
                    raise
                time.sleep(0.05)

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
        if self._closed.is_set():
            raise RuntimeError("the log is closed")
        return self._queue_up(appends)

    def _queue_up(self, appends: Sequence[Append]) -> list[Outcome]:
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
        return call.outcomes

    def _lead(self, leader: _Call) -> None:
        group: list[_Call] = []
        error: Exception | None = RuntimeError("interrupted: not known whether it was stored")
        try:
            if self._crowded:
                time.sleep(0)  # lets those who were served just now come back and join
            with self._door:
                group, self._queue = self._queue, []
            self._crowded = len(group) > 1
            outcomes = iter(self._commit([append for call in group for append in call.appends]))
            for call in group:
                call.outcomes = list(islice(outcomes, len(call.appends)))
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

    def _commit(self, appends: Sequence[Append]) -> list[Outcome]:
        if not appends:
            return []
        try:
            batch = self._store(self._connected(), appends)
        except BaseException:
            self._forget()  # what was stored is not known
            raise
        self._written = time.monotonic()
        if batch.sealed:
            self._accept(batch)
        return batch.outcomes

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
        self._known, self._recent = (0, 0), _Recent(0)
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.invalidate()
            writer.close()

    def _store(self, connection: Connection, appends: Sequence[Append]) -> _Batch:
        batch = self._judge(connection, appends)
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
        known, known_time = self._known
        if (position, recorded_at) == self._known:
            return
        self._known = (position, recorded_at)
        if 0 <= position - known <= CAUGHT_UP:
            column = _entries.c
            missed = select(column.position, column.recorded_at, column.type, column.tags)
            missed = missed.where(column.position >= known).order_by(column.position)
            rows = connection.execute(missed).all()
            if known == 0 or (rows and rows[0].recorded_at == known_time):
                for row in rows[known > 0 :]:
                    self._recent.note(row.position, row.type, json.loads(row.tags))
                return
        # Too far behind; or this is not the history we knew, but a standby's that lacks its end.
        self._recent = _Recent(position)

    def _judge(self, connection: Connection, appends: Sequence[Append]) -> _Batch:
        """Judge and seal on the head as known here; a refusal holds wherever it is by now."""
        batch = _Batch(self._known, *self._known, _Recent(self._known[0]))
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
            elif append.deadline is not None and recorded_at > append.deadline:
                batch.outcomes.append(LogMoved("its deadline passed"))
            else:
                try:
                    drafts = enumerate(append.drafts, batch.position + 1)
                    batch.add([self._sealed(draft, at, recorded_at) for at, draft in drafts])
                except Exception as refusal:  # noqa: BLE001 (it is this append's outcome)
                    batch.outcomes.append(refusal)
        return batch

    def _sealed(self, draft: Draft, position: int, recorded_at: int) -> Sealed:
        for word in (draft.type, *draft.tags):
            if not 0 < len(word.encode()) <= MAX_WORD or "\0" in word:
                raise ValueError(f"neither a type nor a tag: {word!r}")
        entry = self._seal(draft, position, recorded_at)
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"an entry of {len(entry)} bytes; {MAX_ENTRY} is the most")
        leaf_hash = sha256(b"\0" + entry).digest()
        return Sealed(position, recorded_at, draft.type, draft.tags, entry, leaf_hash)

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
            found = (_first(tags[types], types, after) for types in tags)
            return any(connection.execute(first).first() is not None for first in found)

        if not below or not fail(below):
            return ()
        return {condition for condition in below if fail([condition])}

    def _accept(self, batch: _Batch) -> None:
        """Learn and tell what this process has committed."""
        self._known = (batch.position, batch.recorded_at)
        self._recent.update(batch.recent)
        if len(self._recent) > REMEMBERED:
            self._recent = _Recent(batch.position)
        for listener in self._listeners:
            try:
                listener(batch.sealed)
            except Exception:
                logger.exception("a listener failed; the entries are recorded all the same")
        self._see(batch.position)

    # Reading

    def head(self) -> tuple[int, int]:
        """The newest position and its `recorded_at`; (0, 0) when the log is empty."""
        newest = self._rows(_NEWEST)[0]
        return newest.position, newest.recorded_at

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

    def position_at(self, recorded_at: int) -> int:
        """The largest position recorded at that time or before, 0 if there is none."""
        return int(self._rows(_POSITION_AT, {"recorded_at": recorded_at})[0].position)

    def tagged(self, pairs: Collection[tuple[str, str]]) -> list[tuple[str, Sealed]]:
        """Every entry with a tag and type of these pairs, beside that tag, ascending.

        One statement of fixed text for many look-ups: what deciding reads.
        """
        tags, types = [tag for tag, _ in pairs], [type_ for _, type_ in pairs]
        parameters = self._database.pairs(tags, types)
        return [
            (row[0], _stored(*row[1:])) for row in self._rows(self._database.tagged, parameters)
        ]

    def _entries(
        self, query: _Query, after: int, until: int | None, limit: int | None
    ) -> list[Sealed]:
        found = select(_entries).order_by(_entries.c.position)
        found = found.where(_entries.c.position.in_(_positions(query, after, until, limit)))
        return [_stored(*row) for row in self._rows(found)]

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
                if self._rows(_positions(items, after, seen, 1)):
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

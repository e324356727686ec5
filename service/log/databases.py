"""The log's tables, and what differs between the databases that hold them."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from json.encoder import encode_basestring
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    column,
    exc,
    func,
    insert,
    select,
    table,
    text,
    union,
)
from sqlalchemy.dialects import sqlite

from domain.transparency.tiles import completed
from domain.transparency.tiles import edge as edge_of
from domain.transparency.tree import Edge
from service.log.appends import Condition, Outcome, Sealed
from service.schemas import Schema

metadata = MetaData()
position_type = BigInteger().with_variant(Integer, "sqlite")  # INTEGER: SQLite's own row number
word = Text().with_variant(Text(collation="C"), "postgresql")
entries_table = Table(
    "entries",
    metadata,
    Column("position", position_type, primary_key=True, autoincrement=False),
    Column("type", word, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("tags", Text, nullable=False),  # a JSON array
    Column("entry", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Index("entries_by_type", "type", "position"),
)
tags_table = Table(
    "tags",
    metadata,
    Column("tag", word, primary_key=True),
    Column("type", word, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
# What each 256 hashes of a level of tiles come to, one level above; level 0 is `entries.leaf_hash`.
nodes_table = Table(
    "nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
checkpoints_table = Table(
    "checkpoints",
    metadata,
    Column("size", position_type, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),  # after the first 4 bytes of the key's hash
)
# The verifier key with which a log is signed, and so its name; no row before it is.
signers_table = Table(
    "signers",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("verifier_key", Text, nullable=False),
)
# What witnesses have stated of checkpoints, time and again.
cosignatures_table = Table(
    "cosignatures",
    metadata,
    Column("verifier_key", word, primary_key=True),  # of the witness
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),  # s since the epoch
    Column("signature", LargeBinary, nullable=False),
    Index("cosignatures_by_size", "size", "verifier_key", "time"),
    sqlite_with_rowid=False,
)
STAYING = ("entries", "tags", "nodes", "checkpoints", "signers", "cosignatures")
HEAD = "SELECT position, recorded_at FROM head"
NEWEST = text(HEAD)
VERIFIER_KEY = select(signers_table.c.verifier_key)
POSITION_AT = text("""
    WITH RECURSIVE bisection(low, high) AS (
        SELECT CAST(0 AS BIGINT), position FROM head
        UNION ALL
        SELECT CASE WHEN recorded_at <= :recorded_at THEN position ELSE low END,
               CASE WHEN recorded_at <= :recorded_at THEN high ELSE position - 1 END
        FROM bisection JOIN entries ON position = (low + high + 1) / 2
        WHERE low < high
    )
    SELECT max(low) AS position FROM bisection""")


def hashes(level: int, start: int, end: int) -> Select[Any]:
    """Select the hashes of a level of tiles from a first to before a last."""
    if level == 0:
        position = entries_table.c.position
        found = select(entries_table.c.leaf_hash).where(position > start, position <= end)
        return found.order_by(position)
    number = nodes_table.c.number
    found = select(nodes_table.c.hash).where(nodes_table.c.level == level)
    return found.where(number >= start, number < end).order_by(number)


def edge(connection: Connection, size: int) -> Edge:
    """The right edge of the tree as it is stored."""
    return edge_of(size, lambda *which: connection.execute(hashes(*which)).scalars().all())


def checkpoint(covering: int | None) -> Select[Any]:
    """Select the first checkpoint that covers a position, or the newest."""
    size = checkpoints_table.c.size
    if covering is None:
        return select(checkpoints_table).order_by(size.desc()).limit(1)
    return select(checkpoints_table).where(size >= covering).order_by(size).limit(1)


def checkpoint_cosigned(by: int) -> Select[Any]:
    """Select the newest checkpoint that so many witnesses have cosigned."""
    column = cosignatures_table.c
    sizes = select(column.size).group_by(column.size)
    sizes = sizes.having(func.count(column.verifier_key.distinct()) >= by)
    newest = sizes.order_by(column.size.desc()).limit(1).scalar_subquery()
    return select(checkpoints_table).where(checkpoints_table.c.size == newest)


COSIGN = text("""
    INSERT INTO cosignatures (verifier_key, size, time, signature)
    VALUES (:verifier_key, :size, :time, :signature) ON CONFLICT DO NOTHING""")
COSIGNATURES = text("""
    SELECT verifier_key, time, signature FROM cosignatures
    WHERE size = :size ORDER BY verifier_key, time""")
COSIGNED = text("""
    SELECT coalesce(max(size), 0) AS size FROM cosignatures WHERE verifier_key = :verifier_key""")


# Of each item an entry has all the tags and one of the types; no types stand for any.
Query = Iterable[tuple[Sequence[str], Collection[str]]]


def positions_of(query: Query, after: int, until: int | None, limit: int | None) -> Any:
    """Select the positions of entries that match an item of the query, or all if it has none."""

    def matching(tags: Sequence[str], types: Collection[str]) -> Select[Any]:
        table = tags_table if tags else entries_table
        found = select(table.c.position.label("found")).where(table.c.position > after)
        if until is not None:
            found = found.where(table.c.position <= until)
        if types:
            found = found.where(table.c.type.in_(sorted(types)))
        if tags:
            found = found.where(table.c.tag == tags[0])
        for tag in tags[1:]:
            also = tags_table.alias()
            same_entry = and_(also.c.type == table.c.type, also.c.position == table.c.position)
            found = found.join(also, and_(also.c.tag == tag, same_entry))
        return found

    found = [matching(tags, types) for tags, types in query] or [matching((), ())]
    return (found[0] if len(found) == 1 else union(*found)).order_by("found").limit(limit)


def first_after(tags: Collection[str], types: Collection[str], after: int) -> Select[Any]:
    """Select a position after the given one with one of the tags and one of the types."""
    table = entries_table if "" in tags else tags_table
    found = select(table.c.position).where(table.c.position > after).limit(1)
    if types:
        found = found.where(table.c.type.in_(types))
    return found if "" in tags else found.where(tags_table.c.tag.in_(tags))


class Recent:
    """The last position of every tag and type recorded above a floor; tag "" is every entry's."""

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.last: dict[str, dict[str, int]] = {}

    def __len__(self) -> int:
        """How many tags are kept."""
        return len(self.last)

    def note(self, position: int, type_: str, tags: Iterable[str]) -> None:
        """Take in an entry."""
        for tag in ("", *tags):
            self.last.setdefault(tag, {})[type_] = position

    def update(self, newer: Recent) -> None:
        """Take in what is newer."""
        for tag, types in newer.last.items():
            self.last.setdefault(tag, types).update(types)

    def moved(self, condition: Condition) -> bool:
        """Whether a condition fails by what is kept here."""
        for tag, types in condition.reads:
            if last := self.last.get(tag):
                positions = (last.get(type_, 0) for type_ in types) if types else last.values()
                if max(positions) > condition.after:
                    return True
        return False


def stored_again(
    position: int, type_: str, recorded_at: int, tags: str, entry: bytes, leaf_hash: bytes
) -> Sealed:
    """A row of `entries`."""
    return Sealed(position, recorded_at, type_, tuple(json.loads(tags)), entry, leaf_hash)


@dataclass(slots=True)
class Batch:
    """What a group of appends comes to on top of a known head: outcomes, and the next head."""

    known: tuple[int, int]
    position: int
    recorded_at: int
    recent: Recent
    sealed: list[Sealed] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    edge: Edge = field(default_factory=lambda: Edge(0, ()))
    signature: bytes | None = None  # of the checkpoint, if there are entries and a signer
    is_behind: bool = False  # an append is to follow what is not known here

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

    def node_rows(self) -> list[tuple[int, int, bytes]]:
        """Rows of `nodes`, in the order of its columns."""
        return list(completed(self.edge, self.known[0]))

    def tag_rows(self) -> list[tuple[str, str, int]]:
        """Rows of `tags`, in the order of its columns."""
        return [(tag, one.type, one.position) for one in self.sealed for tag in set(one.tags)]


def _sqlite_stays(*tables: str) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {table}_{action} BEFORE {action} ON {table} BEGIN"
        f" SELECT RAISE(ABORT, '{action} refused: what is recorded in {table} stays'); END"
        for table in tables
        for action in ("UPDATE", "DELETE")
    )


class Sqlite:
    """SQLite in WAL mode; the triggers keep the tables true to the entries inserted."""

    begin: ClassVar = "BEGIN IMMEDIATE"
    locked_head: ClassVar = HEAD
    besides: ClassVar = (
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
        # An entry with what it completes: the nodes from level 1 up, and the tree of its commit. So
        # a commit is one statement, which is a transaction of its own.
        """CREATE VIEW commits AS SELECT entries.*, x'' AS nodes, root, signature
        FROM entries LEFT JOIN checkpoints ON size = position""",
        """CREATE TRIGGER commits_stored INSTEAD OF INSERT ON commits BEGIN
        INSERT INTO entries VALUES (NEW.position, NEW.type, NEW.recorded_at, NEW.tags, NEW.entry,
            NEW.leaf_hash);
        INSERT INTO nodes
            SELECT column1, (NEW.position >> 8 * column1) - 1, substr(NEW.nodes, column2, 32)
            FROM (VALUES (1, 1), (2, 33), (3, 65), (4, 97), (5, 129), (6, 161), (7, 193))
            WHERE column2 < length(NEW.nodes);
        INSERT INTO checkpoints SELECT NEW.position, NEW.root, NEW.signature
            WHERE NEW.signature IS NOT NULL;
        END""",
        *_sqlite_stays(*STAYING),
    )

    tagged: ClassVar = text("""
        SELECT tags.tag, entries.* FROM json_each(:pairs) AS pair
        CROSS JOIN tags ON tags.tag = json_extract(pair.value, '$[0]')
            AND tags.type = json_extract(pair.value, '$[1]')
        CROSS JOIN entries ON entries.position = tags.position
        ORDER BY tags.position""")

    used: ClassVar = text("""
        SELECT value FROM json_each(:tags) WHERE EXISTS (SELECT 1 FROM tags WHERE tag = value)""")

    def pairs(self, tags: Sequence[str], types: Sequence[str]) -> dict[str, Any]:
        """The parameters of `tagged`."""
        return {"pairs": json.dumps(list(zip(tags, types, strict=True)))}

    def tags(self, tags: Collection[str]) -> dict[str, Any]:
        """The parameters of `used`."""
        return {"tags": json.dumps(list(tags))}

    def is_statement(self, batch: Batch) -> bool:
        """Whether storing takes one statement, which is then a transaction of its own."""
        return 0 < len(batch.sealed) <= 100

    def store(self, connection: Connection, batch: Batch) -> bool:
        """Insert if the head is as known; else do nothing and return False."""
        nodes: dict[int, bytes] = {}  # by the position that completes them
        for level, number, node in batch.node_rows():
            position = (number + 1) << 8 * level
            nodes[position] = nodes.get(position, b"") + node
        rows = [
            (*row, nodes.get(row[0], b""), *_checkpoint(batch, row[0]))
            for row in batch.entry_rows()
        ]
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


def _checkpoint(batch: Batch, position: int) -> tuple[bytes | None, bytes | None]:
    """What an entry completes of a batch's checkpoint: the last of them all of it."""
    is_last = position == batch.position and batch.signature is not None
    return (batch.edge.root, batch.signature) if is_last else (None, None)


@cache
def _sqlite_insert(rows: int) -> str:
    names = (*entries_table.columns.keys(), "nodes", "root", "signature")
    into = insert(table("commits", *map(column, names)))
    return str(into.values([names] * rows).compile(dialect=sqlite.dialect()))


def _postgresql_stays(*tables: str) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " EXECUTE FUNCTION refuse_to_change()"
        for table in tables
    )


class Postgresql:
    """PostgreSQL; the head is a row, locked and moved by each append."""

    begin: ClassVar = "BEGIN"
    locked_head: ClassVar = "SELECT position, recorded_at FROM head FOR UPDATE"
    besides: ClassVar = (
        """CREATE TABLE head (id integer PRIMARY KEY CHECK (id = 1),
        position bigint NOT NULL, recorded_at bigint NOT NULL)""",
        "INSERT INTO head VALUES (1, 0, 0)",
        """CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING MESSAGE = TG_OP || ' refused: what is recorded in '
        || TG_TABLE_NAME || ' stays'; END $$""",
        *_postgresql_stays(*STAYING),
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
        ), grown AS (
            INSERT INTO nodes (level, number, hash)
            SELECT new.* FROM moved, unnest(
                %(node_level)b::integer[], %(node_number)b::bigint[], %(node_hash)b::bytea[]) AS new
        ), signed AS (
            INSERT INTO checkpoints (size, root, signature)
            SELECT position, %(root)b::bytea, %(signature)b::bytea FROM moved
            WHERE %(signature)b::bytea IS NOT NULL
        )
        SELECT pg_notify('curule_log', position::text) FROM moved"""

    tagged: ClassVar = text("""
        SELECT tags.tag, entries.*
        FROM unnest(CAST(:tags AS text[]), CAST(:types AS text[])) AS pair (tag, type)
        JOIN tags ON tags.tag = pair.tag AND tags.type = pair.type
        JOIN entries ON entries.position = tags.position
        ORDER BY tags.position""")

    used: ClassVar = text("""
        SELECT asked FROM unnest(CAST(:tags AS text[])) AS asked
        WHERE EXISTS (SELECT 1 FROM tags WHERE tag = asked)""")

    def pairs(self, tags: Sequence[str], types: Sequence[str]) -> dict[str, Any]:
        """The parameters of `tagged`."""
        return {"tags": list(tags), "types": list(types)}

    def tags(self, tags: Collection[str]) -> dict[str, Any]:
        """The parameters of `used`."""
        return {"tags": list(tags)}

    def is_statement(self, batch: Batch) -> bool:
        """Whether storing a batch is one statement, and so needs no transaction."""
        return True

    def store(self, connection: Connection, batch: Batch) -> bool:
        """Insert if the head was as known and could be moved; one statement, so one round trip."""
        values: dict[str, Any] = {
            "to": batch.position,
            "to_time": batch.recorded_at,
            "known": batch.known[0],
            "known_time": batch.known[1],
            "root": batch.edge.root,
            "signature": batch.signature,
        }
        for names, rows in (
            (entries_table.columns.keys(), batch.entry_rows()),
            (("tag", "tag_type", "tag_position"), batch.tag_rows()),
            (("node_level", "node_number", "node_hash"), batch.node_rows()),
        ):
            values |= {name: [row[number] for row in rows] for number, name in enumerate(names)}
        return connection.exec_driver_sql(self._move_and_insert, values).first() is not None

    def hints(self, connection: Any, closed: threading.Event) -> Iterator[int | None]:
        """Yield whenever others may have recorded (up to a position), again and again."""
        connection.execute("LISTEN curule_log")
        while not closed.is_set():
            yield None
            for notification in connection.notifies(timeout=0.5, stop_after=1):
                yield int(notification.payload)


LOG = Schema(
    "log",
    metadata,
    lambda kind: Sqlite.besides if kind == "sqlite" else Postgresql.besides,
    came_with={"entries": 1, "signers": 2, "cosignatures": 3},
)

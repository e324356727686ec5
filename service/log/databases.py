"""What differs between the databases that hold a log: how a commit is stored and told."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar, Final

from sqlalchemy import Connection, column, exc, insert, table, text
from sqlalchemy.dialects import sqlite

from service.log.batches import Batch
from service.log.tables import HEAD, entries_table, metadata
from service.schemas import Schema

STAYING: Final = ("entries", "tags", "nodes", "checkpoints", "signers", "cosignatures")
"""Tables of which no row is changed or deleted."""
_AT_ONCE: Final = 100
"""Entries that are stored in one statement on SQLite."""


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
        return 0 < len(batch.sealed) <= _AT_ONCE

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
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
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

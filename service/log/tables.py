"""The log's tables, and what is asked of them on either kind of database."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

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
    func,
    select,
    text,
    union,
)

from domain.transparency.tiles import edge as edge_of
from domain.transparency.tree import Edge
from service.log.appends import Sealed

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


def stored_again(
    position: int, type_: str, recorded_at: int, tags: str, entry: bytes, leaf_hash: bytes
) -> Sealed:
    """A row of `entries`."""
    return Sealed(position, recorded_at, type_, tuple(json.loads(tags)), entry, leaf_hash)

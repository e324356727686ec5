"""The tables of the views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, text

VERSION: Final = 6
"""Raised whenever a table or what fills it changes; views of another version are made anew."""

NEWEST: Final = 2**62
"""The end, on the recorded clock, of what the ledger still believes."""

Item = TypeVar("Item")

metadata = MetaData()

progress = Table(
    "progress",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("leaf_hash", String, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("last", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("recorded_at", Integer, nullable=False, index=True),
    Column("id", String, nullable=False, index=True),
    Column("taken", String, nullable=False),
)
"""Every decision: where it is whole, and what rules judge of it (`domain.findings.taken`)."""

retractions = Table(
    "retractions",
    metadata,
    Column("target", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
)
"""Which entries are retracted, and from which position on."""

amendments = Table(
    "amendments",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
    Column("decision", String, nullable=False, index=True),
    Column("act", String, nullable=False),
)
"""What amends the envelopes of decisions, and from which position on."""

moments = Table(
    "moments",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("attribute", String, nullable=False),
    Column("does", String, nullable=False),
    Column("earliest", Integer, nullable=False),
    Column("latest", Integer, nullable=False),
    Column("text", String),
    Column("value", String, nullable=False),
    Column("named", String),
    Column("ground", String),
    Column("recorded_from", Integer, nullable=False),
    Column("recorded_until", Integer, nullable=False),
    Index("moments_by_track", "kind", "subject", "attribute"),
    Index("moments_by_ground", "ground", sqlite_where=text("ground IS NOT NULL")),
    sqlite_with_rowid=False,
)
"""Every entry's moments; those of a retracted entry stand until it was retracted."""

spells = Table(
    "spells",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("attribute", String, nullable=False),
    Column("value", String, nullable=False),
    Column("named", String),
    Column("since_earliest", Integer, nullable=False),
    Column("since_latest", Integer, nullable=False),
    Column("until_earliest", Integer, nullable=False),
    Column("until_latest", Integer, nullable=False),
    Column("since_text", String),
    Column("until_text", String),
    Column("begun_by", Integer, nullable=False),
    Column("ended_by", Integer),
    Column("recorded_from", Integer, nullable=False),
    Column("recorded_until", Integer, nullable=False),
    Index(
        "spells_believed",
        "kind",
        "subject",
        "attribute",
        sqlite_where=text(f"recorded_until = {NEWEST}"),
    ),
    Index(
        "spells_standing",
        "kind",
        "subject",
        "until_latest",
        "since_earliest",
        sqlite_where=text(f"recorded_until = {NEWEST}"),
    ),
    Index(
        "spells_days",
        "kind",
        "until_latest",
        "since_earliest",
        sqlite_where=text(f"recorded_until = {NEWEST}"),
    ),
    Index(
        "spells_lives",
        "kind",
        "recorded_until",
        "until_latest",
        "since_earliest",
        "subject",
        sqlite_where=text("attribute = 'life'"),
    ),
    Index("spells_from", "recorded_from"),
    Index(
        "spells_given_up",
        "recorded_until",
        sqlite_where=text(f"recorded_until < {NEWEST}"),
    ),
    Index("spells_recorded", "kind", "subject", "recorded_until", "recorded_from"),
    Index(
        "spells_naming",
        "kind",
        "named",
        "recorded_until",
        "recorded_from",
        sqlite_where=text("named IS NOT NULL"),
    ),
)
"""Rectangles: a value from `since` until `until` (days), believed from one position to another."""


def insertion(table: Table, columns: Sequence[str]) -> str:
    """A statement of the driver's that inserts rows with these columns."""
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})"  # noqa: E501, S608


def chunks(items: Sequence[Item], size: int = 300) -> Iterator[Sequence[Item]]:
    """Items a few at a time, for a statement has a largest number of parameters."""
    return (items[start : start + size] for start in range(0, len(items), size))

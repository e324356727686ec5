"""The statements by which facts are found in the views.

Their texts are fixed, so that the driver prepares each once; they go to it directly. What was
believed at a position is what is still believed and was by then, and what was given up only later:
at the newest position there is nothing of the second.
"""

# ruff: noqa: S608 (statements are put together from this file's own constants alone)

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Final, TypeVar

from domain.tracks import CREATIONS, LIFE
from projections.spells import TOLD
from projections.tables import NEWEST

Asked = TypeVar("Asked")

_COLUMNS: Final = ", ".join(f"spells.{name}" for name in TOLD)
_NOW: Final = f"spells.recorded_until = {NEWEST} AND spells.recorded_from <= ?"
_THEN: Final = f"""spells.recorded_until > ? AND spells.recorded_until < {NEWEST}
    AND spells.recorded_from <= ?"""
_EVER: Final = "spells.recorded_until > ? AND spells.recorded_from <= ?"


ALL: Final = f"SELECT {_COLUMNS} FROM spells WHERE kind = ? AND {_EVER} ORDER BY id"
ABOUT: Final = f"""SELECT {_COLUMNS} FROM spells
    WHERE kind = ? AND subject = ? AND {_EVER} ORDER BY id"""
NAMING: Final = f"""SELECT {_COLUMNS} FROM spells
    WHERE kind = ? AND named = ? AND {_EVER} ORDER BY id"""
LIFE_OF: Final = f"""SELECT {_COLUMNS} FROM spells
    WHERE kind = ? AND subject = ? AND attribute = '{LIFE}' AND {_EVER} ORDER BY id"""
THERE: Final = f"""
    SELECT subject FROM spells INDEXED BY spells_lives WHERE kind = ? AND attribute = '{LIFE}'
    AND {_NOW} AND until_latest > ? AND since_earliest <= ?
    UNION ALL
    SELECT subject FROM spells INDEXED BY spells_lives WHERE kind = ? AND attribute = '{LIFE}'
    AND {_THEN} AND until_latest > ? AND since_earliest <= ?"""
TRACKS: Final = f"""
    SELECT DISTINCT kind, subject, attribute FROM spells WHERE kind = ? AND {_EVER}"""
ON_DAY: Final = f"""
    SELECT {_COLUMNS} FROM spells INDEXED BY spells_days
    WHERE kind = ? AND {_NOW} AND until_latest > ? AND since_earliest <= ?
    UNION ALL
    SELECT {_COLUMNS} FROM spells INDEXED BY spells_given_up
    WHERE recorded_until > ? AND recorded_until < {NEWEST} AND kind = ? AND recorded_from <= ?
    AND until_latest > ? AND since_earliest <= ?"""
AMENDED: Final = "SELECT 1 FROM amendments WHERE decision = ? AND last <= ? LIMIT 1"


@cache
def on_days(size: int) -> str:
    """What so many subjects are on some days each, with their lives whatever the day.

    First what is still believed of the days, then what is still believed of a life on other days,
    then of both what has been given up since.
    """
    on_day = "spells.until_latest > wanted.first AND spells.since_earliest <= wanted.last"
    life = f"spells.attribute = '{LIFE}'"
    living = ", ".join(f"'{kind}'" for kind in sorted(CREATIONS))
    of = "spells.kind = wanted.kind AND spells.subject = wanted.subject"
    return f"""
        WITH wanted(kind, subject, first, last) AS (VALUES {", ".join(["(?, ?, ?, ?)"] * size)}),
        later(any) AS (SELECT 1 WHERE EXISTS (SELECT 1 FROM spells INDEXED BY spells_given_up
            WHERE recorded_until > ? AND recorded_until < {NEWEST}))
        SELECT {_COLUMNS}, first, last FROM wanted CROSS JOIN spells INDEXED BY spells_standing
        ON {of} AND {on_day} AND {_NOW}
        UNION ALL
        SELECT {_COLUMNS}, first, last FROM wanted CROSS JOIN spells INDEXED BY spells_believed
        ON wanted.kind IN ({living}) AND {of} AND {life} AND NOT ({on_day}) AND {_NOW}
        UNION ALL
        SELECT {_COLUMNS}, first, last FROM later CROSS JOIN wanted CROSS JOIN spells
        INDEXED BY spells_recorded ON {of} AND {_THEN} AND ({on_day} OR {life})"""


@cache
def naming(size: int) -> str:
    """The spells that name one of so many subjects, each with that subject."""
    return f"""
        WITH wanted(subject) AS (VALUES {", ".join(["(?)"] * size)})
        SELECT {_COLUMNS}, wanted.subject FROM wanted CROSS JOIN spells
        ON spells.kind = ? AND spells.named = wanted.subject AND {_EVER} ORDER BY spells.id"""


@cache
def about(size: int) -> str:
    """The spells of so many subjects."""
    return f"""
        WITH wanted(subject) AS (VALUES {", ".join(["(?)"] * size)})
        SELECT {_COLUMNS} FROM wanted CROSS JOIN spells
        ON spells.kind = ? AND spells.subject = wanted.subject AND {_EVER} ORDER BY spells.id"""


@cache
def named(size: int) -> str:
    """The subjects that name one of so many others, each with that other."""
    return f"""
        WITH wanted(subject) AS (VALUES {", ".join(["(?)"] * size)})
        SELECT DISTINCT spells.subject, wanted.subject FROM wanted CROSS JOIN spells
        ON spells.kind = ? AND spells.named = wanted.subject AND {_EVER}"""


CHANGED: Final = f"""
    SELECT kind, subject, named FROM spells INDEXED BY spells_from
    WHERE recorded_from > ? AND recorded_from <= ?
    UNION
    SELECT kind, subject, named FROM spells INDEXED BY spells_given_up
    WHERE recorded_until < {NEWEST} AND recorded_until > ? AND recorded_until <= ?"""


def padded(some: Collection[Asked], nothing: Asked) -> list[Asked]:
    """What is asked for, and then what nothing is about, up to a size that statements have.

    There are few sizes, so that few texts are prepared.
    """
    size = 1 << (len(some) - 1).bit_length()
    return [*some, *[nothing] * (size - len(some))]

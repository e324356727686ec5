"""The questions which subjects there are, and what persons were ever called."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from projections.facts import believed, believed_at
from projections.tables import spells


def subjects(connection: Connection, position: int, kind: str, after: str) -> Iterator[str]:
    """The ids of every subject of a kind known at a position, in order, after one of them."""
    ids = (
        select(spells.c.subject)
        .where(believed_at(position), spells.c.kind == kind, spells.c.subject > after)
        .distinct()
        .order_by(spells.c.subject)
    )
    return iter(connection.execute(ids).scalars())


def names(connection: Connection, position: int) -> Sequence[tuple[str, str]]:
    """Every name that a person was ever known by at a position: the id, and the text's digest."""
    told = believed(position).where(
        spells.c.kind == "person", spells.c.attribute.in_(("name", "other_names"))
    )
    found = []
    for row in connection.execute(told.with_only_columns(spells.c.subject, spells.c.value)):
        value: Any = json.loads(row.value)
        stated = [each["name"] for each in value] if isinstance(value, list) else [value]
        found += [(row.subject, each["sha256"]) for each in stated]
    return found

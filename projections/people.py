"""The question what persons were called on a day, as known at a position."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from projections.basis import Basis
from projections.beliefs import spell
from projections.structure import known
from projections.views import chunks, spells


def names(connection: Connection, basis: Basis, persons: Collection[str]) -> dict[str, Any]:
    """Each person's name on the day, as the log holds it: a commitment to be opened."""
    found: dict[str, Any] = {}
    for some in chunks(sorted(persons)):
        question = known(basis).where(
            spells.c.kind == "person", spells.c.attribute == "name", spells.c.subject.in_(some)
        )
        for row in connection.execute(question.order_by(spells.c.since_latest)):
            name = spell(row)
            if name.since.latest <= basis.effective_at:
                found[name.track.subject] = name.value
            else:
                found.setdefault(name.track.subject, name.value)
    return found

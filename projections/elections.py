"""The question which elections were held by a day, as known at a position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from domain.timelines import Certainty
from projections.basis import Basis
from projections.beliefs import spell
from projections.structure import believed_at
from projections.views import spells


@dataclass(frozen=True, slots=True)
class ElectionKnown:
    """An election as the views know it: its entry tells the rest."""

    id: str
    """The election's id."""
    position: int
    """The position of its entry."""
    certainty: Certainty
    """Whether it was held by that day for certain, or possibly."""
    annulled_at: int | None
    """The position of the entry that annulled it."""
    annulled: str | None
    """The EDTF text of its annulment, as known at the basis."""


def elections(
    connection: Connection, basis: Basis, *, after: str = "", limit: int, only: str | None = None
) -> Sequence[ElectionKnown]:
    """The elections held by the basis's day, in the order of their ids, after an id."""
    question = select(spells).where(
        believed_at(basis.position),
        spells.c.kind == "election",
        spells.c.attribute == "held",
        spells.c.since_earliest <= basis.effective_at,
        spells.c.subject > after if only is None else spells.c.subject == only,
    )
    rows = connection.execute(question.order_by(spells.c.subject).limit(limit))
    held = [spell(row) for row in rows]
    ends = select(spells).where(
        believed_at(basis.position),
        spells.c.kind == "election",
        spells.c.attribute == "annulled",
        spells.c.subject.in_([each.track.subject for each in held]),
    )
    annulled = {row.subject: spell(row) for row in connection.execute(ends)}
    found = []
    for each in held:
        end = annulled.get(each.track.subject)
        found.append(
            ElectionKnown(
                id=each.track.subject,
                position=each.because[0],
                certainty="certain" if each.since.latest <= basis.effective_at else "possible",
                annulled_at=end.because[0] if end is not None else None,
                annulled=end.since_text if end is not None else None,
            )
        )
    return found

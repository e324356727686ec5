"""The question what amends decisions, as known at a position."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select

from domain.acts import DecisionAmended
from domain.amendments import Amendment
from domain.shape import from_json
from projections import tables as t


def amendments(
    connection: Connection, position: int, decisions: Collection[str] | None = None
) -> Mapping[str, Sequence[Amendment]]:
    """The amendments to some decisions (default: to any), by decision, in order."""
    found: dict[str, list[Amendment]] = defaultdict(list)
    known = select(t.amendments).where(t.amendments.c.last <= position)
    known = known.order_by(t.amendments.c.position)
    some = [None] if decisions is None else t.chunks(list(decisions))
    for each in some:
        asked = known if each is None else known.where(t.amendments.c.decision.in_(each))
        for row in connection.execute(asked):
            act = from_json(DecisionAmended, json.loads(row.act))
            found[row.decision].append(Amendment(row.position, act))
    return found


def began(connection: Connection, decisions: Collection[str]) -> Sequence[int]:
    """The positions of the envelopes of some decisions, in order."""
    found: list[int] = []
    for some in t.chunks(list(decisions)):
        asked = select(t.decisions.c.position).where(t.decisions.c.id.in_(some))
        found += connection.execute(asked).scalars()
    return sorted(found)

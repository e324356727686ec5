"""The record of decisions in the views: where each is whole, what is retracted, what is amended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from domain import acts as a
from domain.entries import Entry, canonical, microseconds
from domain.findings.taken import taken
from domain.shape import to_json
from projections import views as v


class Record:
    """What some decisions add to the record."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._decisions: dict[str, dict[str, Any]] = {}
        self._retractions: list[dict[str, int]] = []
        self._amendments: list[dict[str, Any]] = []

    def take_in(self, decision: Sequence[Entry]) -> None:
        """Note one decision, from its envelope to its last act."""
        first, last = decision[0], decision[-1].position
        self._decisions[first.decision] = {
            "id": first.decision,
            "position": first.position,
            "last": last,
            "recorded_at": microseconds(first.recorded_at),
            "taken": canonical(to_json(taken(decision))).decode(),
        }
        for entry in decision[1:]:
            if isinstance(entry.act, a.EntryRetracted):
                target = self.position_of(entry.act.entry)
                self._retractions.append({"target": target, "position": last})
            elif isinstance(entry.act, a.DecisionAmended):
                self._amendments.append(
                    {
                        "position": entry.position,
                        "last": last,
                        "decision": entry.act.decision,
                        "act": canonical(to_json(entry.act)).decode(),
                    }
                )

    def position_of(self, target: int | a.ActOf) -> int:
        """The position of an entry, however a retraction names it."""
        if isinstance(target, int):
            return target
        if target.decision in self._decisions:
            return int(self._decisions[target.decision]["position"]) + target.act
        found = select(v.decisions.c.position).where(v.decisions.c.id == target.decision)
        return int(self._connection.execute(found).scalar_one()) + target.act

    def store(self) -> None:
        """Write it, and forget it."""
        for table, rows in (
            (v.decisions, [*self._decisions.values()]),
            (v.retractions, self._retractions),
            (v.amendments, self._amendments),
        ):
            if rows:
                self._connection.execute(insert(table), rows)
        self._decisions, self._retractions, self._amendments = {}, [], []

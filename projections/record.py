"""The record of decisions in the views: where each is whole, what is retracted, what is amended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from domain import acts as a
from domain.entries import Entry, canonical_text, microseconds
from domain.findings.taken import taken
from domain.shape import to_json
from projections import tables as t

_DECISION = t.insertion(t.decisions, ("last", "position", "recorded_at", "id", "taken"))
_RETRACTION = t.insertion(t.retractions, ("target", "position"))
_AMENDMENT = t.insertion(t.amendments, ("position", "last", "decision", "act"))


def position_of(connection: Connection, target: int | a.ActOf) -> int:
    """The position of a recorded entry, however a retraction names it."""
    if isinstance(target, int):
        return target
    found = select(t.decisions.c.position).where(t.decisions.c.id == target.decision)
    return int(connection.execute(found).scalar_one()) + target.act


class Record:
    """What some decisions add to the record."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._began: dict[str, int] = {}
        self._decisions: list[tuple[Any, ...]] = []
        self._retractions: list[tuple[Any, ...]] = []
        self._amendments: list[tuple[Any, ...]] = []

    def take_in(self, decision: Sequence[Entry]) -> None:
        """Note one decision, from its envelope to its last act."""
        first, last = decision[0], decision[-1].position
        self._began[first.decision] = first.position
        judged = canonical_text(to_json(taken(decision)))
        self._decisions.append(
            (last, first.position, microseconds(first.recorded_at), first.decision, judged)
        )
        for entry in decision[1:]:
            if isinstance(entry.act, a.EntryRetracted):
                target = self.position_of(entry.act.entry)
                self._retractions.append((target, last))
            elif isinstance(entry.act, a.DecisionAmended):
                act = canonical_text(to_json(entry.act))
                self._amendments.append((entry.position, last, entry.act.decision, act))

    def position_of(self, target: int | a.ActOf) -> int:
        """The position of an entry, however a retraction names it."""
        if not isinstance(target, int) and target.decision in self._began:
            return self._began[target.decision] + target.act
        return position_of(self._connection, target)

    def store(self) -> None:
        """Write it."""
        for statement, rows in (
            (_DECISION, self._decisions),
            (_RETRACTION, self._retractions),
            (_AMENDMENT, self._amendments),
        ):
            if rows:
                self._connection.exec_driver_sql(statement, rows)

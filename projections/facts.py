"""The facts as the views have them at a position: found by index, cached for one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, select

from domain.amendments import Amendment, amended
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.timelines import Spell
from projections.amendments import amendments
from projections.spells import spell_of
from projections.views import chunks, spells

Told = Callable[[int], tuple[Entry, DecisionTaken]]
"""Reads the entry at a position from the log, with the envelope of its decision as recorded."""


class Believed:
    """What the views believed at a position, whatever the day: `domain.questions.facts.Known`."""

    def __init__(self, connection: Connection, position: int, told: Told) -> None:
        self._connection = connection
        self._position = position
        self._found: dict[tuple[str, ...], Sequence[Spell]] = {}
        self._recorded = told
        self._amendments: dict[str, Sequence[Amendment]] = {}

    def all(self, kind: str) -> Sequence[Spell]:
        """Every spell of a kind of track."""
        return self._ask(("all", kind))

    def about(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells of one subject."""
        return self._ask(("about", kind, subject), spells.c.subject == subject)

    def naming(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells that name another subject."""
        return self._ask(("naming", kind, subject), spells.c.named == subject)

    def told(self, position: int) -> tuple[Entry, DecisionTaken]:
        """The entry at a position, and the envelope of its decision, as amended."""
        entry, taken = self._recorded(position)
        return entry, amended(taken, self.amendments(entry.decision))

    def amendments(self, decision: str) -> Sequence[Amendment]:
        """The amendments to a decision, in order."""
        if decision not in self._amendments:
            found = amendments(self._connection, self._position, [decision])
            self._amendments[decision] = found.get(decision, ())
        return self._amendments[decision]

    def fetch(self, kind: str, subjects: Iterable[str]) -> None:
        """Find what is about many subjects at once, so that asking for each costs little."""
        for some in chunks(sorted(set(subjects))):
            found = believed(self._position).where(
                spells.c.kind == kind, spells.c.subject.in_(some)
            )
            about: dict[str, list[Spell]] = {subject: [] for subject in some}
            for row in self._connection.execute(found.order_by(spells.c.id)):
                about[row.subject].append(spell_of(row))
            self._found.update({("about", kind, each): about[each] for each in some})

    def _ask(self, key: tuple[str, ...], *conditions: ColumnElement[bool]) -> Sequence[Spell]:
        if key not in self._found:
            found = believed(self._position).where(spells.c.kind == key[1], *conditions)
            rows = self._connection.execute(found.order_by(spells.c.id))
            self._found[key] = [spell_of(row) for row in rows]
        return self._found[key]


def believed(position: int) -> Select[Any]:
    """Spells believed at a position."""
    return select(spells).where(believed_at(position))


def believed_at(position: int, table: FromClause = spells) -> ColumnElement[bool]:
    """The condition that a spell was believed at a position."""
    return and_(table.c.recorded_from <= position, table.c.recorded_until > position)

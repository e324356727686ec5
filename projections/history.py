"""What the ledger ever believed, as the views have it: rectangles, found by index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, select

from domain.acts import ActOf
from domain.entries import Entry
from domain.questions.history import Rectangle
from projections.record import position_of
from projections.spells import TOLD, spell_of
from projections.tables import spells

Decided = Callable[[int], Sequence[Entry]]
"""Reads the entries of the decision that ends at a position from the log, envelope first."""


class Remembered:
    """What the views believed up to a position: `domain.questions.history.Remembered`."""

    def __init__(self, connection: Connection, position: int, decided: Decided) -> None:
        self._connection = connection
        self._position = position
        self._read = decided
        self._decided: dict[int, Sequence[Entry]] = {}

    def about(self, kind: str, subject: str) -> Sequence[Rectangle]:
        """What was believed of one subject."""
        return self._ask(spells.c.kind == kind, spells.c.subject == subject)

    def naming(self, kind: str, subject: str) -> Sequence[Rectangle]:
        """What was believed that names another subject."""
        return self._ask(spells.c.kind == kind, spells.c.named == subject)

    def decided(self, last: int) -> Sequence[Entry]:
        """The entries of the decision that ends at a position, envelope first."""
        if last not in self._decided:
            self._decided[last] = self._read(last)
        return self._decided[last]

    def position_of(self, target: int | ActOf) -> int:
        """The position of an entry, however a retraction names it."""
        return position_of(self._connection, target)

    def _ask(self, *conditions: ColumnElement[bool]) -> Sequence[Rectangle]:
        columns = (spells.c[name] for name in (*TOLD, "recorded_from", "recorded_until"))
        known = select(*columns).where(*conditions, spells.c.recorded_from <= self._position)
        return [
            Rectangle(spell_of(told), since, until if until <= self._position else None)
            for *told, since, until in self._connection.execute(known.order_by(spells.c.id))
        ]

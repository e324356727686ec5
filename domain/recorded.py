"""What is recorded, as judging a decision reads it: by tag, by position, by decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from domain import acts as a
from domain.entries import Entry
from domain.register import Read


class Ledger(Protocol):
    """What deciding reads: entries by tag and types, and one entry by its position."""

    def entries(self, tag: str, types: frozenset[str]) -> Sequence[Entry]:
        """Every recorded entry with a tag and one of the types (none given: any), in order."""

    def at(self, position: int) -> Entry | None:
        """The entry at a position, None beyond the newest."""


class Foretold(Ledger, Protocol):
    """A ledger that is told beforehand what it will be asked for."""

    def expect(self, reads: Iterable[Read]) -> None:
        """These tags and types will be asked for: they are read in one go."""


def find(target: int | a.ActOf, ledger: Ledger) -> Entry | None:
    """The recorded entry that an act names, None if there is none."""
    if isinstance(target, int):
        return ledger.at(target)
    found = (each for each in of_decision(target.decision, ledger) if each.number == target.act)
    return next(found, None)


def find_envelope(decision: str, ledger: Ledger) -> Entry | None:
    """The recorded envelope of a decision, None if it is not recorded."""
    found = ledger.entries(f"decision:{decision}", frozenset({"decision.taken"}))
    return next((entry for entry in found if entry.decision == decision), None)


def of_decision(decision: str, ledger: Ledger) -> list[Entry]:
    """The recorded entries of a decision, its envelope first; none if it is not recorded."""
    found = ledger.entries(f"decision:{decision}", frozenset())
    return [entry for entry in found if entry.decision == decision]

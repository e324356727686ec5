"""Faults: what is wrong with a ledger, and from which entry on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

MOST: Final = 10_000
"""Faults that are kept: of a log with more, each further one tells nothing new."""


class Fault(NamedTuple):
    """Something that is wrong."""

    position: int
    """The first entry that it is about; 0: it is about none."""
    what: str
    """What is wrong."""


class Faults:
    """The faults found so far, one an entry: what follows from one is not told once more."""

    def __init__(self) -> None:
        self._of: dict[int, str] = {}
        self._others: list[str] = []

    def __iter__(self) -> Iterator[Fault]:
        """Every fault, by position; those of no entry come last."""
        yield from (Fault(position, self._of[position]) for position in sorted(self._of))
        yield from (Fault(0, what) for what in self._others)

    def add(self, position: int, what: str) -> None:
        """Note what is wrong with an entry, or with none of them (0)."""
        if position < 1:
            self._others.append(what)
        elif len(self._of) < MOST:
            self._of.setdefault(position, what)

    def within(self, first: int, last: int) -> bool:
        """Whether something is wrong with an entry from a first to a last."""
        return any(first <= position <= last for position in self._of)

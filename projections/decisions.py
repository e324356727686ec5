"""The decisions that follow in the log, each whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from domain.decisions import DecisionTaken
from domain.entries import Entry

Recorded = tuple[Entry, bytes]
"""An entry and its leaf hash."""

Fetch = Callable[[int, int], Sequence[Recorded]]
"""`fetch(after, limit)`: the next entries of the log, in order."""


def next_decisions(fetch: Fetch, after: int, limit: int) -> Sequence[Sequence[Recorded]]:
    """About so many entries that follow a position, and no decision in part."""
    while True:
        recorded = fetch(after, limit)
        whole = list(_whole(recorded))
        if whole:
            return whole
        if len(recorded) < limit:
            raise RuntimeError(f"the log ends within a decision after {after}")
        limit *= 4


def _whole(recorded: Sequence[Recorded]) -> Iterator[Sequence[Recorded]]:
    start = 0
    while start < len(recorded):
        act = recorded[start][0].act
        if not isinstance(act, DecisionTaken):
            raise TypeError(f"entry {recorded[start][0].position} begins no decision")
        end = start + 1 + act.acts
        if end > len(recorded):
            return
        yield recorded[start:end]
        start = end

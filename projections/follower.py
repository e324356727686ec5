"""Following: the views are brought up to the log in batches of whole decisions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from domain.decisions import DecisionTaken
from domain.entries import Entry
from projections.beliefs import Beliefs
from projections.views import Views

Recorded = tuple[Entry, str]
"""An entry and its leaf hash in hexadecimal."""

Fetch = Callable[[int, int], Sequence[Recorded]]
"""`fetch(after, limit)`: the next entries of the log, in order."""


class Follower:
    """Brings the views up to the log, from any thread, one at a time."""

    def __init__(self, views: Views, fetch: Fetch, *, batch: int = 2_000) -> None:
        self._views = views
        self._fetch = fetch
        self._batch = batch
        self._following = threading.Lock()
        self._position = self._checked_position()

    @property
    def position(self) -> int:
        """Up to where the views follow the log."""
        return self._position

    def follow(self, until: int) -> None:
        """Follow the log at least up to a position that it has reached."""
        while self._position < until:
            self.step(until)

    def step(self, until: int) -> None:
        """Follow the log by one batch, unless the views have reached the position."""
        with self._following:
            if self._position < until:
                self._follow_batch()

    def _follow_batch(self) -> None:
        limit = self._batch
        while True:
            recorded = self._fetch(self._position, limit)
            whole = list(_whole_decisions(recorded))
            if whole or len(recorded) < limit:
                break
            limit *= 4
        if not whole:
            raise RuntimeError(f"the log ends within a decision after {self._position}")
        with self._views.changing() as connection:
            beliefs = Beliefs(connection)
            beliefs.expect(entry for decision in whole for entry, _ in decision)
            for decision in whole:
                beliefs.take_in([entry for entry, _ in decision])
            beliefs.store()
            last, leaf_hash = whole[-1][-1]
            self._views.reached(connection, last.position, leaf_hash)
        self._position = last.position

    def _checked_position(self) -> int:
        """Where the views stand; views of another log, or of one since cut, are made anew."""
        position, leaf_hash = self._views.position()
        if position:
            found = self._fetch(position - 1, 1)
            if not found or found[0][1] != leaf_hash:
                self._views.make_anew()
                return 0
        return position


def _whole_decisions(recorded: Sequence[Recorded]) -> Iterator[Sequence[Recorded]]:
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

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
    """Brings the views up to the log, from any thread or process, one at a time."""

    def __init__(self, views: Views, fetch: Fetch, *, batch: int = 2_000) -> None:
        self._views = views
        self._fetch = fetch
        self._batch = batch
        self._following = threading.Lock()
        position, leaf_hash = views.position()
        if position and not self._is_of_this_log(position, leaf_hash):
            views.make_anew()

    def follow(self, until: int) -> None:
        """Follow the log at least up to a position that it has reached."""
        while self._views.position()[0] < until:
            self.step(until)

    def step(self, until: int) -> None:
        """Follow the log by one batch, unless the views have reached the position."""
        with self._following, self._views.changing() as connection:
            position, _ = self._views.position(connection)  # another process may have moved it
            if position >= until:
                return
            whole = self._next_decisions(position)
            beliefs = Beliefs(connection)
            beliefs.expect(entry for decision in whole for entry, _ in decision)
            for decision in whole:
                beliefs.take_in([entry for entry, _ in decision])
            beliefs.store()
            last, leaf_hash = whole[-1][-1]
            self._views.reached(connection, last.position, leaf_hash)

    def _next_decisions(self, after: int) -> Sequence[Sequence[Recorded]]:
        """About a batch of entries, and no decision in part."""
        limit = self._batch
        while True:
            recorded = self._fetch(after, limit)
            whole = list(_whole_decisions(recorded))
            if whole:
                return whole
            if len(recorded) < limit:
                raise RuntimeError(f"the log ends within a decision after {after}")
            limit *= 4

    def _is_of_this_log(self, position: int, leaf_hash: str) -> bool:
        found = self._fetch(position - 1, 1)
        return bool(found) and found[0][1] == leaf_hash


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

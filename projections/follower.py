"""Following: the views are brought up to the log in batches of whole decisions.

Views that are far behind, of another release or of another log are built anew, beside those that
there are (`projections.building`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from projections.beliefs import Beliefs
from projections.building import Tell, build
from projections.decisions import Fetch, next_decisions
from projections.views import Views, ViewsBehind

FAR: Final = 20_000
"""Entries behind the log from which on building is quicker, unless most of it is done already."""

FOR_EVER: Final = -1.0


class Follower:
    """Brings the views up to the log, from any thread or process, one at a time."""

    def __init__(
        self,
        views: Views,
        fetch: Fetch,
        head: Callable[[], int],
        *,
        batch: int = 2_000,
        far: int = FAR,
    ) -> None:
        self._views = views
        self._fetch = fetch
        self._head = head
        self._batch = batch
        self._far = far
        self._following = threading.Lock()
        self._doing = ""
        self._is_of_another_log = self._follows_another_log()

    def follow(self, until: int, patience: float = FOR_EVER) -> None:
        """Follow the log at least up to a position that it has reached.

        With patience, in seconds, nothing that takes long is begun: others do it.

        Raises:
            ViewsBehind: patience came to its end.
        """
        while (behind := self._behind(until)) is None or behind > 0:
            self.step(until, patience)

    def step(
        self,
        until: int,
        patience: float = FOR_EVER,
        tell: Tell | None = None,
        apart: Callable[[Tell], None] | None = None,
    ) -> None:
        """Follow the log by one batch, unless the views have reached the position.

        Views that must be built are built instead: here, or by whoever does it `apart`.
        """
        with self._alone(patience):
            if self.must_build(until):
                if patience != FOR_EVER:
                    raise ViewsBehind("they are about to be built anew")
                self._build(tell, apart)
                return
            with self._views.changing() as connection:
                position, _ = self._views.position(connection)  # another process may have moved it
                if position < until:
                    self._take_in(connection, position)

    @contextmanager
    def unwritten(self, until: int, patience: float) -> Iterator[Connection]:
        """The views as they are at a position, of which nothing is kept: where a disk is full.

        Raises:
            ViewsBehind: patience came to its end, or it would take too long.
        """
        with self._alone(patience):
            if self.must_build(until):
                raise ViewsBehind("there is no room to build them")
            with self._views.rehearsing() as connection:
                while (position := self._views.position(connection)[0]) < until:
                    self._take_in(connection, position)
                yield connection

    def _take_in(self, connection: Connection, position: int) -> None:
        """Follow by one batch."""
        whole = next_decisions(self._fetch, position, self._batch)
        beliefs = Beliefs(connection)
        beliefs.expect(entry for decision in whole for entry, _ in decision)
        for decision in whole:
            beliefs.take_in([entry for entry, _ in decision])
        beliefs.store()
        last, leaf_hash = whole[-1][-1]
        self._views.reached(connection, last.position, leaf_hash.hex())

    def build(self, tell: Tell) -> None:
        """Build the views anew, while those that there are go on being asked and followed."""
        build(self._views.path, self._fetch, self._head, tell)

    def _build(self, tell: Tell | None, apart: Callable[[Tell], None] | None) -> None:
        def told(stage: str, done: int, of: int) -> None:
            self._doing = f"{stage}: {done:,} of {of:,}"
            if tell is not None:
                tell(stage, done, of)

        try:
            if apart is None:
                build(self._views.path, self._fetch, self._head, told, self._still_must_build)
            else:
                apart(told)
            self._is_of_another_log = self._follows_another_log()
        finally:
            self._doing = ""

    @property
    def doing(self) -> str:
        """What the building of the views has come to; nothing if they are not being built."""
        return self._doing

    def must_build(self, until: int) -> bool:
        """Whether the views cannot follow, or not soon, up to a position of the log."""
        return self._behind(until) is None

    def _still_must_build(self) -> bool:
        """Whether no other process has built them meanwhile."""
        self._is_of_another_log = self._follows_another_log()
        return self.must_build(self._head())

    def _behind(self, until: int) -> int | None:
        """How many entries the views lack up to a position; None: they must be built."""
        followed = self._views.followed()
        if followed is None or self._is_of_another_log:
            return None
        behind = until - followed[0]
        return None if behind > self._far and behind > until // 4 else behind

    def _follows_another_log(self) -> bool:
        position, leaf_hash = self._views.followed() or (0, "")
        found = self._fetch(position - 1, 1) if position else []
        return position > 0 and not (found and found[0][1].hex() == leaf_hash)

    @contextmanager
    def _alone(self, patience: float) -> Iterator[None]:
        if not self._following.acquire(timeout=patience):
            raise ViewsBehind(self._doing or "following the log")
        try:
            yield
        finally:
            self._following.release()

"""Turns: callers who append at the same time share a commit, and none of them waits for a thread.

The first to come commits for all who wait by then, and hands the baton to the next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice

from service.log.appends import Append, Committed


class _Call:
    """Appends of one caller, waiting to be committed."""

    __slots__ = ("appends", "committed", "error", "leads", "turn")

    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.committed = Committed([], None)
        self.error: Exception | None = None
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Turns:
    """Who commits, and for whom: one thread at a time."""

    def __init__(self, commit: Callable[[Sequence[Append]], Committed]) -> None:
        self._commit = commit
        self._door = threading.Lock()  # guards the queue, and whether somebody holds the baton
        self._queue: list[_Call] = []
        self._held = False
        self._ended = False
        self._crowded = False  # whether the last commit was for several callers

    def take(self, appends: Sequence[Append]) -> Committed:
        """Have appends committed, in their order, with those of whoever waits.

        Raises:
            RuntimeError: they are not taken any more.
        """
        call = _Call(appends)
        self._wait(call)
        if call.error is not None:
            raise call.error
        return call.committed

    def end(self) -> None:
        """Take no more, and wait until all that was taken is committed, or has failed."""
        self._wait(_Call(()), is_last=True)

    def _wait(self, call: _Call, *, is_last: bool = False) -> None:
        with self._door:
            if self._ended and not is_last:
                raise RuntimeError("the log is closed")
            self._ended |= is_last
            self._queue.append(call)
            call.leads, self._held = not self._held, True
        if not call.leads:
            try:
                call.turn.acquire()  # until somebody has committed for us, or hands us the baton
            except BaseException:  # an interrupt
                self._leave(call)
                raise
        if call.leads:
            self._lead(call)

    def _lead(self, leader: _Call) -> None:
        group: list[_Call] = []
        error: Exception | None = RuntimeError("interrupted: not known whether it was stored")
        try:
            if self._crowded:
                time.sleep(0)  # lets those who were served just now come back and join
            with self._door:
                group, self._queue = self._queue, []
            self._crowded = len(group) > 1
            committed = self._commit([append for call in group for append in call.appends])
            outcomes = iter(committed.outcomes)
            for call in group:
                mine = list(islice(outcomes, len(call.appends)))
                call.committed = Committed(mine, committed.proofs)
            error = None
        except Exception as raised:  # noqa: BLE001 (each of the callers raises it)
            error = raised
        finally:
            for call in group:
                call.error = error
                call.turn.release()
            self._leave(leader)

    def _leave(self, call: _Call) -> None:
        """Wait no longer, and hand over the baton if this call holds it."""
        with self._door:
            if call in self._queue:
                self._queue.remove(call)
            if call.leads:
                self._held = bool(self._queue)
                if self._held:
                    self._queue[0].leads = True
                    self._queue[0].turn.release()

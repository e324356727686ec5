"""The writer: decisions of concurrent requests are recorded together, in one commit a group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from service.recorder import Answer, Recorder, Sent

GROUP = 128
"""Decisions recorded in one commit at most, so that one group does not keep others waiting."""

GATHERING = 2
"""Turns of the event loop in which requests that have arrived join a group."""

PATIENCE = 8.0
"""Seconds after which a request is answered, whatever its group is waiting for."""

_Waiting = tuple[Sent, "asyncio.Future[Answer]"]


class OutOfTime(Exception):
    """Whether a decision was recorded is not known yet."""


class Writer:
    """Records for many requests at once: those that arrive together share a commit.

    A log on this machine is written where the requests are handled: to sync a local file takes a
    millisecond or two, and to hand each group to another thread costs more than a third of the
    rate. Where the database is across a network, a thread writes, and meanwhile the next group
    gathers.
    """

    def __init__(self, recorder: Recorder, *, is_local: bool) -> None:
        self._recorder = recorder
        self._waiting: list[_Waiting] = []
        self._draining: asyncio.Task[None] | None = None
        self._recorded = time.monotonic()
        self._thread = None if is_local else ThreadPoolExecutor(1, "curule-writer")

    @property
    def idle_for(self) -> float:
        """Seconds since anything was recorded, 0 while something is."""
        return 0.0 if self._draining is not None else time.monotonic() - self._recorded

    async def record(self, sent: Sent) -> Answer:
        """Record a decision; when this returns, what a receipt names is durable.

        Raises:
            OutOfTime: the database is silent. The decision may be recorded all the same.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((sent, answer))
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(answer)
        except TimeoutError as error:
            answer.add_done_callback(_leave)
            raise OutOfTime(sent.decision.id) from error

    async def _drain(self) -> None:
        while self._waiting:
            for _ in range(GATHERING):
                await asyncio.sleep(0)
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            try:
                answers = await self._record([sent for sent, _ in group])
            except Exception as failure:  # noqa: BLE001 - each request answers for it
                for _, answer in group:
                    answer.set_exception(failure)
            else:
                for (_, answer), given in zip(group, answers, strict=True):
                    answer.set_result(given)
        self._recorded = time.monotonic()
        self._draining = None

    async def _record(self, group: Sequence[Sent]) -> Sequence[Answer]:
        if self._thread is None:
            return self._recorder.record(group)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._recorder.record, group)

    async def close(self) -> None:
        """Finish what was accepted."""
        while self._draining is not None:
            await self._draining
        if self._thread is not None:
            self._thread.shutdown()


def _leave(answer: asyncio.Future[Answer]) -> None:
    """Nobody waits for it any more, nor for what failed."""
    answer.exception()

"""The writer: decisions of concurrent requests are recorded together, in one commit a group."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from domain.decisions import Decision
from service.recorder import Answer, Recorder

GROUP = 128
"""Decisions recorded in one commit at most, so that one group does not keep others waiting."""

_Waiting = tuple[Decision, "asyncio.Future[Answer]"]


class Writer:
    """Records for many requests at once; while one group commits, the next gathers."""

    def __init__(self, recorder: Recorder, recorded_by: str) -> None:
        self._recorder = recorder
        self._recorded_by = recorded_by
        self._waiting: list[_Waiting] = []
        self._draining: asyncio.Task[None] | None = None
        self._recorded = time.monotonic()
        self._thread = ThreadPoolExecutor(1, "curule-writer")

    @property
    def idle_for(self) -> float:
        """Seconds since anything was recorded, 0 while something is."""
        return 0.0 if self._draining is not None else time.monotonic() - self._recorded

    async def record(self, decision: Decision) -> Answer:
        """Record a decision; when this returns, what a receipt names is durable."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((decision, answer))
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        return await asyncio.shield(answer)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            decisions = [decision for decision, _ in group]
            try:
                answers = await loop.run_in_executor(
                    self._thread, self._recorder.record, decisions, self._recorded_by
                )
            except Exception as failure:  # noqa: BLE001 - each request answers for it
                for _, answer in group:
                    answer.set_exception(failure)
            else:
                for (_, answer), given in zip(group, answers, strict=True):
                    answer.set_result(given)
        self._recorded = time.monotonic()
        self._draining = None

    async def close(self) -> None:
        """Finish what was accepted."""
        while self._draining is not None:
            await self._draining
        self._thread.shutdown()

"""The writer: decisions of concurrent requests are recorded together, in one commit a group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from functools import partial
from typing import Any, Final

from domain.access import Principal
from domain.decisions import Decision
from domain.recording import is_far_reaching
from service.recording.recorder import Answer, Recorder, Sent

GROUP: Final = 128
"""Decisions recorded in one commit at most, so that one group does not keep others waiting."""

IN_ORDER: Final = 256
"""The same of those that are sent in their order."""

QUICK: Final = 500
"""Acts that are recorded in some 50 milliseconds."""

GATHERING: Final = 2
"""Turns of the event loop in which requests that have arrived join a group."""

PATIENCE = 8.0
"""Seconds after which a request is answered, whatever its group is waiting for."""

_Waiting = tuple[Sent, "asyncio.Future[Answer]"]
_InOrder = tuple[Callable[[], Sequence[Answer]], "asyncio.Future[Sequence[Answer]]"]


class KeyRunning(Exception):
    """A request with this idempotency key is still being answered."""


class OutOfTime(Exception):
    """Whether a decision was recorded is not known yet."""


class Writer:
    """Records for many requests at once: those that arrive together share a commit.

    A log on this machine is written where the requests are handled: to sync a local file takes a
    millisecond or two, and to hand each group to another thread costs more than a third of the
    rate. Where the database is across a network, a thread writes, and meanwhile the next group
    gathers. So it does on this machine, if they have many acts, or if one of them reaches far: who
    dissolves a body or takes something back is judged by all that happened there, for seconds.

    Whoever sends many decisions in their order takes turns with all others. They are many, so a
    thread records them, and meanwhile requests are handled.
    """

    def __init__(self, recorder: Recorder, *, is_local: bool) -> None:
        self._recorder = recorder
        self._waiting: list[_Waiting] = []
        self._in_order: list[_InOrder] = []
        self._keys: set[tuple[str, str]] = set()
        self._draining: asyncio.Task[None] | None = None
        self._recorded = time.monotonic()
        self._is_local = is_local
        self._thread = ThreadPoolExecutor(1, "curule-writer")

    @property
    def idle_for(self) -> float:
        """Seconds since anything was recorded, 0 while something is."""
        return 0.0 if self._draining is not None else time.monotonic() - self._recorded

    @contextmanager
    def running(self, by: Principal, key: str | None) -> Iterator[None]:
        """While it lasts, no other request of this principal runs with this idempotency key.

        Raises:
            KeyRunning: one does.
        """
        if key is None:
            yield
            return
        mine = by.id, key
        if mine in self._keys:
            raise KeyRunning
        self._keys.add(mine)
        try:
            yield
        finally:
            self._keys.remove(mine)

    async def record(self, sent: Sent) -> Answer:
        """Record a decision; when this returns, what a receipt names is durable.

        Raises:
            OutOfTime: the database is silent. The decision may be recorded all the same.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((sent, answer))
        self._drain()
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(answer)
        except TimeoutError as error:
            answer.add_done_callback(_leave)
            raise OutOfTime(sent.decision.id) from error

    async def record_in_order(self, sent: Sequence[Sent], *, stop: bool) -> Sequence[Answer]:
        """Record decisions as `Recorder.record_in_order` does, as many as a group may have."""
        answers: asyncio.Future[Sequence[Answer]] = asyncio.get_running_loop().create_future()
        record = partial(self._recorder.record_in_order, sent[:IN_ORDER], stop=stop)
        self._in_order.append((record, answers))
        self._drain()
        return await asyncio.shield(answers)

    def _drain(self) -> None:
        if self._draining is None:
            # A context of its own: a group is not the affair of whoever comes first.
            self._draining = asyncio.create_task(self._take_turns(), context=Context())

    async def _take_turns(self) -> None:
        while self._waiting or self._in_order:
            for _ in range(GATHERING):
                await asyncio.sleep(0)
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            if group:
                await self._record(group)
            if self._in_order:
                record, answers = self._in_order.pop(0)
                try:
                    found = await self._run(record)
                except Exception as failure:  # noqa: BLE001 - the request answers for it
                    answers.set_exception(failure)
                else:
                    answers.set_result(found)
        self._recorded = time.monotonic()
        self._draining = None

    async def _record(self, group: Sequence[_Waiting]) -> None:
        try:
            record = partial(self._recorder.record, [sent for sent, _ in group])
            is_quick = self._is_local and _is_quick([sent.decision for sent, _ in group])
            answers = record() if is_quick else await self._run(record)
        except Exception as failure:  # noqa: BLE001 - each request answers for it
            for _, answer in group:
                answer.set_exception(failure)
        else:
            for (_, answer), given in zip(group, answers, strict=True):
                answer.set_result(given)

    async def _run(self, record: Callable[[], Sequence[Answer]]) -> Sequence[Answer]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, record)

    async def close(self) -> None:
        """Finish what was accepted."""
        while self._draining is not None:
            await self._draining
        self._thread.shutdown()


def _is_quick(decisions: Sequence[Decision]) -> bool:
    """Whether they are recorded in so short a time that others hardly notice."""
    acts = sum(len(each.acts) for each in decisions)
    return acts <= QUICK and not any(map(is_far_reaching, decisions))


def _leave(answer: asyncio.Future[Any]) -> None:
    """Nobody waits for it any more, nor for what failed."""
    answer.exception()

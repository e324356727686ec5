"""Bulk: many decisions in one request, a line each, and a line in answer to each, in order.

Both ways it is a stream: what has arrived is recorded and answered while more is being sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Final, Generic, TypeVar

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from domain.access import Principal
from domain.decisions import Decision
from service import problems
from service.content import plain
from service.problems import TOO_LARGE
from service.recording.recorder import Receipt, Sent
from service.recording.writer import IN_ORDER, Writer

MEDIA_TYPE: Final = "application/jsonl"

AHEAD: Final = 2**20
"""Bytes that are read ahead of what is being recorded."""
WAITING: Final = 2**24
"""Bytes of answers that wait for a client who still sends; beyond, nothing more is recorded."""
AT_ONCE: Final = 64
"""Answers that are sent in one piece."""
PATIENCE: Final = 60.0
"""Seconds that a client may take nothing of them before it is given up."""

DECISIONS: Final = {
    "type": "string",
    "description": "Decisions, one a line (JSON Lines), as application/json has one.",
}
ANSWERS: Final = {
    "type": "string",
    "description": (
        "An answer to each decision, one a line, in order: a Receipt, with `line` (the number of "
        "the decision's line) and `created` (false: recorded before), or a Problem with `line`."
    ),
}

logger = logging.getLogger(__name__)

T = TypeVar("T")
Numbered = tuple[int, T]
"""Something of a line, after the line's number, from 1."""


class Lines:
    """Puts lines together from the chunks in which they arrive. Blank ones are left out.

    Of one that is too long, nothing is kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._is_cut = False
        self._number = 0

    def take_in(self, chunk: bytes) -> Iterator[Numbered[bytes | None]]:
        """The lines that end in a chunk."""
        *ended, rest = chunk.split(b"\n")
        for each in ended:
            self._add(each)
            yield from self.end()
        self._add(rest)

    def end(self) -> Iterator[Numbered[bytes | None]]:
        """The line that ends here, if there is one."""
        self._number += 1
        if self._is_cut:
            yield self._number, None
        elif line := bytes(self._rest).strip():
            yield self._number, line
        self._is_cut = False
        self._rest.clear()

    def _add(self, part: bytes) -> None:
        if self._is_cut or len(self._rest) + len(part) > self._limit:
            self._is_cut = True
            self._rest.clear()
        else:
            self._rest += part


class Passage(Generic[T]):
    """What one task hands to another, in order and within a bound."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0
        self._is_closed = False
        self._changed = asyncio.Condition()

    async def put(self, items: Iterable[tuple[T, int]]) -> None:
        """Add items, each with its size, once there is room for them."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._size < self._bound)
            for item in items:
                self._items.append(item)
                self._size += item[1]
            self._changed.notify_all()

    async def close(self) -> None:
        """Add no more."""
        async with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    async def take(self, most: int) -> list[T]:
        """Take what is there, at least one and so many at most; nothing when all is taken."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._is_closed)
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._size -= sum(size for _, size in taken)
            self._changed.notify_all()
        return [item for item, _ in taken]


class Bulk(StreamingResponse):
    """The answers to the decisions of a request: each is recorded whole or not at all.

    Reading, recording and answering go on side by side. With `stop`, nothing is recorded after the
    first problem, with which the answer ends.
    """

    def __init__(
        self,
        request: Request,
        read: Callable[[bytes], Decision | Response],
        *,
        by: Principal,
        key: str | None,
        stop: bool,
        limit: int,
    ) -> None:
        super().__init__(self._told(), media_type=MEDIA_TYPE)
        self._request = request
        self._read = read
        self._by = by
        self._key = key
        self._stop = stop
        self._limit = limit
        self._lines = Passage[Numbered[Sent | Response]](AHEAD)
        self._answers = Passage[Numbered[Receipt | Response]](WAITING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request while it is being read."""
        writer: Writer = self._request.app.state.writer
        with ExitStack() as running:
            running.enter_context(writer.running(self._by, self._key))
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.stream_response(send))
                    reading = tasks.create_task(self._take_in())
                    await self._record(writer)
                    reading.cancel()
                    running.close()  # whoever has the last answer may send the next request
                    await self._answers.close()
            except* TimeoutError:  # the answer stays without its end, which closes the connection
                logger.warning("a client sends decisions and takes no answers: it is given up")

    async def _take_in(self) -> None:
        """Read the lines."""
        lines = Lines(self._limit)
        with suppress(ClientDisconnect):
            async for chunk in self._request.stream():
                ended = [*lines.take_in(chunk)]
                if not chunk:  # the last is empty
                    ended += lines.end()
                await self._lines.put([self._taken_in(number, line) for number, line in ended])
        await self._lines.close()

    def _taken_in(self, number: int, line: bytes | None) -> tuple[Numbered[Sent | Response], int]:
        if line is None:
            detail = f"a line has at most {self._limit} bytes"
            return (number, problems.problem(TOO_LARGE, detail)), 1
        read = self._read(line)
        if not isinstance(read, Decision):
            return (number, read), len(line)
        key = None if self._key is None else f"{self._key}/{number}"
        return (number, Sent(read, self._by, key)), len(line)

    async def _record(self, writer: Writer) -> None:
        """Record what is read, and have it answered, up to the end."""
        while some := await self._lines.take(IN_ORDER):
            while some:
                answers, is_over = await self._recorded(writer, [each for _, each in some])
                numbers = [number for number, _ in some[: len(answers)]]
                told = list(zip(numbers, answers, strict=True))
                async with asyncio.timeout(PATIENCE):
                    await self._answers.put([(each, _weight(each[1])) for each in told])
                if is_over:
                    return
                some = some[len(answers) :]

    async def _recorded(
        self, writer: Writer, some: Sequence[Sent | Response]
    ) -> tuple[Sequence[Receipt | Response], bool]:
        """The answers to the first of some lines, and whether nothing follows them."""
        if isinstance(some[0], Response):
            return [some[0]], self._stop
        decisions: list[Sent] = []
        for each in some:
            if isinstance(each, Response):
                break
            decisions.append(each)
        try:
            answers = await writer.record_in_order(decisions, stop=self._stop)
        except Exception as failure:  # noqa: BLE001 - it is told, and logged
            return [problems.unanswered(failure, records=True)], True
        is_over = self._stop and not isinstance(answers[-1], Receipt)
        told = [
            each if isinstance(each, Receipt) else problems.unrecorded(each) for each in answers
        ]
        return told, is_over

    async def _told(self) -> AsyncIterator[bytes]:
        """The answers as they are sent."""
        while answers := await self._answers.take(AT_ONCE):
            yield b"".join([_line(number, answer) for number, answer in answers])


def _weight(answer: Receipt | Response) -> int:
    """Some bytes more than an answer has."""
    if isinstance(answer, Receipt):
        return len(answer.proof) * 3 // 2 * (1 + len(answer.entries))
    return len(answer.body) + 20


def _line(number: int, answer: Receipt | Response) -> bytes:
    """A receipt or a problem document as a line that names the line which it answers."""
    if isinstance(answer, Receipt):
        content = json.dumps(plain(answer), ensure_ascii=False).encode()
    else:
        content = bytes(answer.body)
    return b'{"line": %d, %s\n' % (number, content[1:])

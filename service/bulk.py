"""Bulk: many decisions in one request, a line each, and a line in answer to each, in order.

Both ways it is a stream: what has arrived is recorded and answered while more is being sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Final

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from domain.access import Principal
from domain.decisions import Decision
from service import problems
from service.content import plain
from service.problems import TOO_LARGE
from service.recorder import Answer, Receipt, Sent
from service.writer import Writer

MEDIA_TYPE: Final = "application/jsonl"

WAITING: Final = 16 * 1024 * 1024
"""Bytes of answers that wait for a client who still sends; beyond, no more is read."""
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

Line = tuple[int, bytes | None]
"""A line and its number, from 1; None: it was too long to be kept."""


class Lines:
    """Puts lines together from the chunks in which they arrive. Blank ones are left out."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._is_cut = False
        self._number = 0

    def take_in(self, chunk: bytes) -> Iterator[Line]:
        """The lines that end in a chunk."""
        *ended, rest = chunk.split(b"\n")
        for each in ended:
            self._add(each)
            yield from self.end()
        self._add(rest)

    def end(self) -> Iterator[Line]:
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


class Waiting:
    """Answers that wait for the client to take them."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._size = 0
        self._is_closed = False
        self._changed = asyncio.Condition()

    async def put(self, lines: Sequence[bytes]) -> None:
        """Add answers, once there is room for them.

        Raises:
            TimeoutError: the client takes none.
        """
        async with self._changed:
            async with asyncio.timeout(PATIENCE):
                await self._changed.wait_for(lambda: self._size < WAITING)
            self._lines += lines
            self._size += sum(map(len, lines))
            self._changed.notify_all()

    async def close(self) -> None:
        """Add no more."""
        async with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    async def taken(self) -> AsyncIterator[bytes]:
        """All that wait, again and again, until it is closed."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._lines or self._is_closed)
                lines, self._lines, self._size = self._lines, [], 0
                self._changed.notify_all()
            if not lines:
                return
            yield b"".join(lines)


class Bulk(StreamingResponse):
    """The answers to the decisions of a request: each is recorded whole or not at all.

    With `stop`, nothing is recorded after the first problem, with which the answer ends.
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
        self._waiting = Waiting()
        super().__init__(self._waiting.taken(), media_type=MEDIA_TYPE)
        self._request = request
        self._read = read
        self._by = by
        self._key = key
        self._stop = stop
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read and record while answers are sent: they wait for each other if many wait only."""
        writer: Writer = self._request.app.state.writer
        with ExitStack() as running:
            running.enter_context(writer.running(self._by, self._key))
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.stream_response(send))
                    tasks.create_task(self._record(writer, running))
            except* TimeoutError:  # the answer stays without its end, which closes the connection
                logger.warning("a client sends decisions and takes no answers: it is given up")

    async def _record(self, writer: Writer, running: ExitStack) -> None:
        lines = Lines(self._limit)
        with suppress(ClientDisconnect):
            async for chunk in self._request.stream():
                ending = () if chunk else lines.end()  # an empty one is the last
                if not await self._answer((*lines.take_in(chunk), *ending), writer):
                    break
        running.close()  # whoever has the last answer may send the next request
        await self._waiting.close()

    async def _answer(self, lines: Iterable[Line], writer: Writer) -> bool:
        """Answer some lines, and tell whether to go on."""
        group: list[tuple[int, Sent]] = []
        for number, line in lines:
            read = self._too_long() if line is None else self._read(line)
            if isinstance(read, Decision):
                key = None if self._key is None else f"{self._key}/{number}"
                group.append((number, Sent(read, self._by, key)))
            elif not await self._answer_decisions(group, writer):
                return False
            else:
                group.clear()
                await self._waiting.put([_line(number, bytes(read.body))])
                if self._stop:
                    return False
        return await self._answer_decisions(group, writer)

    async def _answer_decisions(self, group: Sequence[tuple[int, Sent]], writer: Writer) -> bool:
        while group:
            try:
                answers = await writer.record_in_order([sent for _, sent in group], stop=self._stop)
            except Exception as failure:  # noqa: BLE001 - the client is told, and what it was is logged
                told = problems.unfinished(failure)
                await self._waiting.put([_line(group[0][0], bytes(told.body))])
                return False
            answered, group = group[: len(answers)], group[len(answers) :]
            pairs = zip(answered, answers, strict=True)
            await self._waiting.put([_line(number, _told(each)) for (number, _), each in pairs])
            if self._stop and not isinstance(answers[-1], Receipt):
                return False
        return True

    def _too_long(self) -> Response:
        return problems.problem(TOO_LARGE, f"a line has at most {self._limit} bytes")


def _told(given: Answer) -> bytes:
    """A receipt, or the problem document that tells why there is none."""
    if isinstance(given, Receipt):
        return json.dumps(plain(given), ensure_ascii=False).encode()
    return bytes(problems.unrecorded(given).body)


def _line(number: int, content: bytes) -> bytes:
    """A JSON object as a line that names the line which it answers."""
    return b'{"line": %d, %s\n' % (number, content[1:])

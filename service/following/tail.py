"""The tail: the newest entries of the log, read and encoded once for all who follow it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from fastapi.sse import KEEPALIVE_COMMENT
from sqlalchemy.exc import SQLAlchemyError

from domain.access import ACCESS_ACTS, Principal
from service.access.keys import Keys
from service.following.wanted import Piece, Wanted, greeting, reached
from service.log.appends import Sealed
from service.log.log import Log

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

PAGE: Final = 100
"""Entries that one who is far behind reads at a time: all that it keeps in memory."""
READERS: Final = 2
"""How many of those read at once."""
BATCH: Final = 2_000
"""Entries that the tail reads at a time."""
PIECE: Final = 256 * 1024
"""Bytes of entries told in one go: what is on its way to one who does not read."""
KEPT: Final = 4 * 1024 * 1024
"""Bytes of entries kept for those who are a little behind."""
HEARD: Final = 10_000
"""Entries recorded here that the tail has still to tell, at most; beyond, it reads them again."""
TURN: Final = 5.0
"""Seconds after which all who follow look whether they have been silent for too long."""
SILENCE: Final = 10.0
"""Seconds, and a turn, after which something is sent to show that the stream lives."""
PAUSE: Final = 0.0025
"""Seconds for each who follows, from one telling to the next: so that writers keep their rate."""
LONGEST: Final = 1.0
"""Seconds from one telling to the next at most, however many follow."""


class Tail:
    """Tells every entry once and in order to each who follows, from any position on.

    Each follower has nothing but a position. Near the newest entry it takes the pieces that are
    kept for all; elsewhere it reads the log by itself. So nobody waits for one that is slow, and
    what is kept does not grow with their number. Used in the event loop only.
    """

    def __init__(self, log: Log, keys: Keys) -> None:
        self._log = log
        self._keys = keys
        self._pieces: dict[int, Piece] = {}  # by the position that they follow, in order
        self._kept = 0
        self._position = 0
        self._news = asyncio.Event()  # another one for each turn
        self._following = 0
        self._joined = asyncio.Event()
        self._ended = False
        self._heard: deque[Sealed] = deque(maxlen=HEARD)
        self._waiting = ThreadPoolExecutor(1, "curule-tail")
        self._reading = ThreadPoolExecutor(READERS, "curule-followers")
        self._turning: asyncio.Task[None] | None = None
        log.add_listener(self._hear)

    async def follow(
        self, after: int, wanted: Wanted, principal: Principal
    ) -> AsyncGenerator[bytes, None]:
        """What is wanted after a position, and then as it is recorded, until the tail ends.

        Or until who follows no longer may: that is looked at before anything is told, and at each
        turn.
        """
        self._following += 1
        self._joined.set()
        if self._turning is None:
            self._turning = asyncio.create_task(self._turn())
        clock = asyncio.get_running_loop().time
        position, spoken = after, clock()
        named: int | None = after  # the last event id, as far as that is known here
        try:
            yield greeting(after)
            while not self._ended and self._keys.admits(principal):
                told, news = b"", self._news
                if position < self._position:
                    told, position = await self._next(position, wanted)
                else:
                    await news.wait()
                if told:
                    named = position if wanted.is_all else None
                elif clock() - spoken > SILENCE:
                    told = KEEPALIVE_COMMENT if named == position else reached(position)
                    named = position
                if told:
                    spoken = clock()
                    yield told
        except SQLAlchemyError:
            logger.exception("a stream ends, as the log cannot be read; its client comes back")
        finally:
            self._following -= 1
            if not self._following:
                self._joined.clear()

    async def _next(self, position: int, wanted: Wanted) -> tuple[bytes, int]:
        """What is wanted of the entries that follow a position, and how far that goes."""
        if (piece := self._pieces.get(position)) is not None:
            return piece.told(wanted), piece.last
        until = self._position
        read = partial(
            self._log.entries,
            tag=wanted.tag,
            types=wanted.types,
            after=position,
            until=until,
            limit=PAGE,
        )
        found = await asyncio.get_running_loop().run_in_executor(self._reading, read)
        return wanted.told(found), found[-1].position if len(found) == PAGE else until

    # What there is to tell

    def _hear(self, recorded: Sequence[Sealed]) -> None:
        """Keep what this process records, whatever the thread: it need not be read again."""
        if self._joined.is_set():
            self._heard.extend(recorded)

    async def _turn(self) -> None:
        is_followed = False
        while not self._ended:
            try:
                if is_followed:
                    self._keep(await self._wait(self._newer, self._position))
                else:
                    await self._begin()
                is_followed = self._joined.is_set()
            except Exception:
                logger.exception("the log cannot be followed; trying again")
                await asyncio.sleep(1)
            news, self._news = self._news, asyncio.Event()
            news.set()
            await asyncio.sleep(min(self._following * PAUSE, LONGEST))

    async def _begin(self) -> None:
        """Wait for somebody to follow, and start from the newest entry."""
        self._pieces.clear()
        self._kept = 0
        await self._joined.wait()
        self._heard.clear()
        self._position = await self._wait(self._newest)

    async def _wait(self, ask: Callable[..., Answer], *arguments: int) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._waiting, ask, *arguments)

    # What the log says of keys is known before it is told, so that nobody stays who no longer may.

    def _newest(self) -> int:
        newest = self._log.newest()
        self._keys.follow(newest)
        return newest

    def _newer(self, position: int) -> Sequence[Sealed]:
        """What was recorded after a position, as soon as there is something, or nothing."""
        if not self._log.wait(position, TURN, stopped=lambda: self._ended):
            return ()
        heard = [self._heard.popleft() for _ in range(len(self._heard))]
        newer = [one for one in heard if one.position > position]
        if not (newer and newer[0].position == position + 1 and _in_a_row(newer)):
            newer = list(self._log.entries(after=position, limit=BATCH))  # others have recorded
        if any(one.type in ACCESS_ACTS for one in newer):
            self._keys.follow(newer[-1].position)
        return newer

    def _keep(self, entries: Sequence[Sealed]) -> None:
        for piece in _pieces(entries):
            self._pieces[piece.after] = piece
            self._kept += _size(piece.entries)
            self._position = piece.last
        while self._kept > KEPT and len(self._pieces) > 1:
            oldest = self._pieces.pop(next(iter(self._pieces)))
            self._kept -= _size(oldest.entries)

    # The end

    def end(self) -> None:
        """End every stream now."""
        self._ended = True
        self._news.set()
        self._joined.set()
        self._log.wake()

    async def close(self) -> None:
        """End, and leave the log alone."""
        self.end()
        if self._turning is not None:
            await self._turning
        self._waiting.shutdown()
        self._reading.shutdown()


def _in_a_row(entries: Sequence[Sealed]) -> bool:
    return entries[-1].position - entries[0].position == len(entries) - 1


def _size(entries: Sequence[Sealed]) -> int:
    return sum(len(one.entry) for one in entries)


def _pieces(entries: Sequence[Sealed]) -> Iterator[Piece]:
    """Entries in pieces of a size."""
    some: list[Sealed] = []
    size = 0
    for one in entries:
        some.append(one)
        size += len(one.entry)
        if size >= PIECE:
            yield Piece(some)
            some, size = [], 0
    if some:
        yield Piece(some)

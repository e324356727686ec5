"""Server-sent events as a client reads them."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """What came before an empty line; an event without data tells only how far the stream is."""

    id: str
    data: bytes


async def events(chunks: AsyncIterable[bytes]) -> AsyncIterator[Event]:
    """The events of a stream in its chunks, which may end anywhere; what is torn is none.

    Lines end where this service ends them: other ends of lines may stand in an entry.
    """
    rest, id_, data = b"", "", b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b": ")
            if not line:
                yield Event(id_, data)
                data = b""
            elif name == b"id":
                id_ = value.decode()
            elif name == b"data":
                data = value

"""Heads: what is done with the head of an answer, on its way to whoever asked."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import Message, Send

Header = tuple[bytes, bytes]


def heading(send: Send, begin: Callable[[Message], None]) -> Send:
    """Send an answer once something was done with its head: seen, or given more headers."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            begin(message)
        await send(message)

    return sent

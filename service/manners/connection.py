"""Connections: how many there are, how long each may wait, and what no application ever sees."""

from __future__ import annotations

import socket
from asyncio import TimerHandle, Transport
from typing import Any, ClassVar, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from service.manners.answers import Answers, completed
from service.manners.bounds import HEAD, HEADERS, STREAMED, USUAL, Bounds
from service.problems import BUSY, HEAD_TOO_LARGE, LATE, NOT_HTTP, Kind, problem

UNSENT: Final = 128 * 1024
"""Bytes that the system takes before the network does: beyond, it is seen here whether the client
takes any."""
LINGERING: Final = 5.0
"""Seconds in which a client that was answered early may send the rest, so as to read the answer."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, within bounds, whose every answer is one of ours."""

    bounds: ClassVar[Bounds] = USUAL

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._served = self.app
        self._is_in_head = False
        self._head = 0
        self._timer: TimerHandle | None = None
        self._taking: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client may begin; beyond twice as many as there may be, none is listened to."""
        super().connection_made(transport)
        if (unsent := getattr(socket, "TCP_NOTSENT_LOWAT", None)) is not None:
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, unsent, UNSENT)
        if len(self.connections) > 2 * self.bounds.connections:
            transport.abort()
        self._give(self.bounds.arriving)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._give(None)
        self._expect_taken(None)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take what it is sent: nothing more is sent for now."""
        super().pause_writing()
        self._expect_taken(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It has taken most of it; the rest matters if it is the last."""
        left = self.transport.get_write_buffer_size() if self.transport.is_closing() else None
        self._expect_taken(left)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """No other request has come."""
        self._close()

    def data_received(self, data: bytes) -> None:
        """Take what has come: a head has its time and its size, and so has a body."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_in_head:
            self._head += len(data)
            if self._head > HEAD:
                detail = f"the address and the headers have at most {HEAD} bytes"
                self._refuse(HEAD_TOO_LARGE, detail)
            elif self._timer is None:
                self._give(self.bounds.arriving)
        elif self._is_in_body() and (self._timer is None or self._is_streamed()):
            self._give(self.bounds.arriving)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._is_in_head, self._head = True, 0

    def on_headers_complete(self) -> None:
        """A head is there, and the request goes to the application unless it is one too many."""
        self._is_in_head = False
        self._give(None)
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEAD or len(self.headers) > HEADERS:
            detail = f"the address and at most {HEADERS} headers have at most {HEAD} bytes"
            self.app = _Refused(HEAD_TOO_LARGE, detail)
            self.url = b"/"  # nobody looks at it, and it may be too long to be taken apart
        elif len(self.connections) > self.bounds.connections:
            detail = "There are too many connections. Nothing was done; come back."
            self.app = _Refused(BUSY, detail)
        else:
            self.app = self._served
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is there as a whole."""
        self._give(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered; if the request still comes, the rest is read for a while and left."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()
        if self.cycle.response_complete and self.cycle.more_body:
            self._give(LINGERING)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is told so."""
        self._refuse(NOT_HTTP, msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Whoever would rather speak another protocol is answered in this one."""

    def _is_answered(self) -> bool:
        """Whether no answer is on its way; before the first request there is none."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _is_in_body(self) -> bool:
        """Whether more of a body is to come that somebody waits for."""
        return not self._is_answered() and self.cycle.more_body

    def _is_streamed(self) -> bool:
        """Whether a body is one that may take as long as it likes, if only it goes on."""
        types = (v for name, v in self.cycle.scope["headers"] if name == b"content-type")
        return next(types, b"").lower().startswith(STREAMED.encode())

    def _give(self, seconds: float | None) -> None:
        """Give the client some time, or all of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, self._is_over)

    def _expect_taken(self, waiting: int | None) -> None:
        """Give the client its time to take some of the bytes that wait for it, if they do."""
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
        if waiting is not None:
            self._taking = self.loop.call_later(self.bounds.taking, self._has_taken, waiting)

    def _has_taken(self, waiting: int) -> None:
        """Go on if it has taken some, else end: it may have gone without a word."""
        left = self.transport.get_write_buffer_size()
        if left < waiting:
            self._expect_taken(left)
        else:
            self.transport.abort()

    def _is_over(self) -> None:
        self._timer = None
        seconds = f"{self.bounds.arriving:g} s to arrive"
        if self._is_in_head:
            self._refuse(LATE, f"the request's head has {seconds}")
        elif not self._is_in_body():
            self._close()
        elif self.flow.read_paused:  # it is not the client that is slow
            self._give(self.bounds.arriving)
        else:
            self._refuse(LATE, f"the request's body has {seconds}")

    def _refuse(self, kind: Kind, detail: str) -> None:
        """Answer what no application sees, or what it sees no longer, and close."""
        if not self._is_answered():
            if not self.cycle.more_body:  # it is another request that is wrong, not that one
                self.cycle.keep_alive = False
                return
            if self.cycle.response_started:
                self._close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not self.transport.is_closing():
            self.transport.write(self._written(_refusal(kind, detail)))
        self._close()

    def _close(self) -> None:
        """Send nothing more; what was sent is still to be taken."""
        self.transport.close()
        self._expect_taken(self.transport.get_write_buffer_size())

    def _written(self, response: Response) -> bytes:
        headers = completed(response.raw_headers, is_secure=self.scheme == "https")
        lines = [*self.server_state.default_headers, *headers]
        head = [part for name, value in lines for part in (name, b": ", value, b"\r\n")]
        return b"".join([STATUS_LINE[response.status_code], *head, b"\r\n", response.body])


def bounded(by: Bounds) -> type[Connection]:
    """The connections of a server, within its bounds."""

    class Bounded(Connection):
        bounds = by

    return Bounded


class _Refused:
    """An application that refuses everything."""

    def __init__(self, kind: Kind, detail: str) -> None:
        self._kind = kind
        self._detail = detail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Answers(_refusal(self._kind, self._detail))(scope, receive, send)


def _refusal(kind: Kind, detail: str) -> Response:
    return problem(kind, detail, {"Connection": "close"})

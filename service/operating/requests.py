"""Requests: each is given an id, counted, timed and, where that is wanted, logged in one line."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Any, Final

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from domain.access import Principal
from service.ledger import Ledger

ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""The form of an id that is taken from whoever asks."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
"""Methods that are counted by their names."""

STREAM: Final = b"text/event-stream"

logger = logging.getLogger(__name__)


class Observed:
    """Middleware, the outermost, that keeps what is to be told of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its id, and note what becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = _Told(_id_of(scope), send)
        clear_contextvars()
        bind_contextvars(request_id=told.id)
        ledger: Ledger = scope["app"].state.ledger
        streams = ledger.metrics.streams
        told.opened = streams.inc
        began = time.perf_counter()
        try:
            await self._app(scope, receive, told)
        except Exception:
            told.status = told.status or 500  # as it will be answered further out
            raise
        finally:
            seconds = time.perf_counter() - began
            route, status = _template(scope), str(told.status or "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            ledger.metrics.answered(route, method, status, None if told.is_stream else seconds)
            if told.is_stream:
                streams.dec()
            if logger.isEnabledFor(logging.INFO):
                _log(scope, route, told.status, seconds)


class _Told:
    """What an answer's head tells, on its way."""

    def __init__(self, id_: str, send: Send) -> None:
        self.id = id_
        self.status: int | None = None
        self.is_stream = False
        self.opened: Any = None
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            self.status = message["status"]
            for name, value in headers:
                if name == b"content-type" and value.startswith(STREAM) and not self.is_stream:
                    self.is_stream = True
                    self.opened()
            message["headers"] = [*headers, (b"x-request-id", self.id.encode())]
        await self._send(message)


def _id_of(scope: Scope) -> str:
    """The id that a request came with, if it has the form of one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and ID.fullmatch(value):
            return str(value.decode())
    return secrets.token_hex(8)


def _template(scope: Scope) -> str:
    """The template of the route that answers, or that would have if the request came so far."""
    route = scope.get("route")
    if route is None:
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        for each in scope["app"].routes:
            match, _ = each.matches(asked)
            if match is not Match.NONE:
                route = each
                break
    return str(getattr(route, "path", "none"))


def _log(scope: Scope, route: str, status: int | None, seconds: float) -> None:
    """One line, in which nobody is named: the parameters of a question may."""
    principal: Principal | None = scope.get("state", {}).get("principal")
    told = {
        "method": scope["method"],
        "route": route,
        "path": scope["path"],
        "status": status,
        "seconds": round(seconds, 6),
        "key": principal.id if principal is not None else None,
    }
    logger.info("request", extra=told)

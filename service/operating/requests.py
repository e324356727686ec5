"""Requests: each is given an id, counted, timed and, where that is wanted, logged in one line."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from typing import Final

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from domain.access import Principal
from service.manners.heads import heading
from service.operating.metrics import Metrics

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
        id_ = _id_of(scope)
        clear_contextvars()
        bind_contextvars(request_id=id_.decode())
        metrics: Metrics = scope["app"].state.ledger.metrics
        status: int | None = None
        is_stream = False

        def begin(head: Message) -> None:
            nonlocal status, is_stream
            status, headers = head["status"], head.get("headers", ())
            if any(n == b"content-type" and v.startswith(STREAM) for n, v in headers):
                is_stream = True
                metrics.streams.inc()
            head["headers"] = [*headers, (b"x-request-id", id_)]

        began = time.perf_counter()
        try:
            await self._app(scope, receive, heading(send, begin))
        except Exception:
            status = status or 500  # as it will be answered further out
            raise
        finally:
            seconds = time.perf_counter() - began
            route, method = _template(scope), scope["method"]
            metrics.answered(
                route,
                method if method in METHODS else "other",
                str(status or "none"),
                None if is_stream else seconds,
            )
            if is_stream:
                metrics.streams.dec()
            if logger.isEnabledFor(logging.INFO):
                _log(scope, route, status, seconds)


def _id_of(scope: Scope) -> bytes:
    """The id that a request came with, if it has the form of one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and ID.fullmatch(value):
            return bytes(value)
    return secrets.token_hex(8).encode()


def _template(scope: Scope) -> str:
    """The template of the route that answers, or that would have if the request came so far."""
    route = scope.get("route")
    if route is None:
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        for each in _each(scope["app"].routes):
            match, _ = each.matches(asked)
            if match is not Match.NONE:
                route = each
                break
    return str(getattr(route, "path", "none"))


def _each(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route, those of included routers too, which are kept as they are."""
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from [route] if included is None else _each(included.routes)


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

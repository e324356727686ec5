"""Answers: the headers that each of them has, and the problem that a defect is told by."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.manners.heads import Header, heading
from service.problems import DEFECT, problem

logger = logging.getLogger(__name__)

POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
"""What a browser may load and run for an answer: nothing."""
_ALWAYS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNLESS_SAID: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", POLICY),
)
_SECURE: Final = (b"strict-transport-security", b"max-age=31536000")


class Answers:
    """Gives every answer its headers, and answers for whoever fails to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_secure, has_begun = scope["scheme"] == "https", False

        def begin(head: Message) -> None:
            nonlocal has_begun
            has_begun = True
            head["headers"] = completed(head.get("headers", ()), is_secure=is_secure)

        told = heading(send, begin)
        try:
            await self._app(scope, receive, told)
        except ClientDisconnect:  # there is nobody to be told
            return
        except Exception:
            if has_begun:  # the server breaks the connection off, and logs why
                raise
            logger.exception("%s fails", scope["path"].partition("?")[0])
            failed = problem(DEFECT, "The service failed; its log says why.")
            await failed(scope, receive, told)


def completed(given: Collection[Header], *, is_secure: bool) -> list[Header]:
    """The headers of an answer, with those that every answer has."""
    headers = [*given, *_ALWAYS]
    names = {name for name, _ in given}
    headers += [each for each in _UNLESS_SAID if each[0] not in names]
    if is_secure:
        headers.append(_SECURE)
    return headers

"""Requests: what each of them has to be, whatever it asks for."""

from __future__ import annotations

from collections import Counter
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.manners.accepting import takes
from service.manners.bounds import PARAMETERS, STREAMED, Bounds
from service.problems import (
    MEDIA,
    NOT_ACCEPTABLE,
    PARAMETER,
    TOO_LARGE,
    Problem,
    problem_of,
)


class Requests:
    """Refuses requests that are not as they should be, before anything is made of them.

    A body is bounded while it is read; `Connection` gives it its time. HEAD is answered wherever
    GET is.
    """

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self._app = app
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it is as it should be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        accept = _accepted(scope) if b"accept" in headers else "*/*"
        try:
            if scope["query_string"]:
                _expect_each_once(scope["query_string"], scope["path"])
            media_type = ""
            if b"content-length" in headers or b"transfer-encoding" in headers:
                media_type = _media_type(headers)
                if media_type != STREAMED:
                    receive = self._bounded(headers, receive)
            if scope["method"] == "POST":
                _expect_taken(accept, "application/json", media_type)
        except Problem as refused:
            await problem_of(refused)(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _head_alone(send)
        if accept != "*/*" and scope["method"] == "GET":
            send = _as_accepted(accept, scope, receive, send)
        await self._app(scope, receive, send)

    def _bounded(self, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """Receive a body as far as it keeps its bounds; one whose length is told keeps to that."""
        most = self._bounds.body
        if b"content-length" in headers:
            if int(headers[b"content-length"]) > most:
                raise _too_large(most)
            return receive
        size = 0

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise _too_large(most)
            return message

        return bounded


REPEATABLE: Final = {("/v1/entries/stream", "type")}
"""Parameters that may be given several times, and where."""


def _too_large(most: int) -> Problem:
    return Problem(TOO_LARGE, f"a request's body has at most {most} bytes")


def _accepted(scope: Scope) -> str:
    return ",".join(
        value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"
    )


def _expect_each_once(query: bytes, path: str) -> None:
    """Refuse a query that is not UTF-8, has too many parameters, or one of them twice."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=PARAMETERS,
            errors="strict",
        )
    except UnicodeError:
        raise _wrong("", "the query is not UTF-8, percent-encoded") from None
    except ValueError:
        raise _wrong("", f"a request has at most {PARAMETERS} parameters") from None
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1 and (path, name) not in REPEATABLE:
            raise _wrong(name, f"it is given {count} times")


def _wrong(parameter: str, message: str) -> Problem:
    detail = f"{parameter}: {message}" if parameter else message
    return Problem(PARAMETER, detail, errors=[{"parameter": parameter, "message": message}])


def _media_type(headers: dict[bytes, bytes]) -> str:
    """The media type of a body, which comes as UTF-8 and uncompressed.

    Whether it is one that is taken there, the path knows.
    """
    coding = headers.get(b"content-encoding", b"identity").decode("latin-1")
    if coding.strip().lower() != "identity":
        raise Problem(MEDIA, f"the content encoding is {coding!r:.80}; send it as it is")
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            raise Problem(MEDIA, f"the content type is {content_type!r:.80}; send UTF-8")
    return media_type


def _expect_taken(accept: str, *media_types: str) -> None:
    """Refuse whoever takes none of the types in which what is posted is answered."""
    if accept != "*/*" and not any(takes(accept, each) for each in media_types):
        raise _not_acceptable(accept, media_types[0])


def _not_acceptable(accept: str, media_type: str) -> Problem:
    return Problem(NOT_ACCEPTABLE, f"it comes as {media_type}, which {accept!r:.80} excludes")


def _as_accepted(accept: str, scope: Scope, receive: Receive, send: Send) -> Send:
    """Send an answer if it is of a type that is accepted; a problem is sent in any case."""
    is_refused = False

    async def accepted(message: Message) -> None:
        nonlocal is_refused
        if message["type"] == "http.response.start" and message["status"] < 300:
            told = next((v for name, v in message["headers"] if name == b"content-type"), b"")
            media_type = told.decode("latin-1").partition(";")[0].strip().lower()
            if media_type and not takes(accept, media_type):
                is_refused = True
                await problem_of(_not_acceptable(accept, media_type))(scope, receive, send)
        if not is_refused:
            await send(message)

    return accepted


def _head_alone(send: Send) -> Send:
    """Send the head of an answer, and nothing of what follows, however long it would."""

    async def head_alone(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return head_alone

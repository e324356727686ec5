"""Preconditions of recording, as headers state them: what is sent once, and what is built on."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import Request

from service.problems import HEADER, Problem

IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "1 to 255 visible characters, quoted or not, that you choose anew for each decision. Sent "
        "again with the same key and content, a decision gets its first receipt and is recorded "
        'once, for good. With application/jsonl, line n has the key "KEY/n".'
    ),
    "schema": {
        "type": "string",
        "pattern": r'^("([!#-\[\]-~]|\\["\\]){1,255}"|[!#-~]{1,255})$',
    },
    "example": '"2f0a7c1e"',
}
IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "description": (
        'The newest position that you know, as `"42"`: unless it is the newest still, nothing is '
        "recorded (412). Not with application/jsonl."
    ),
    "schema": {"type": "string", "pattern": r'^(\*|"(0|[1-9][0-9]{0,18})")$'},
    "example": "*",
}

_QUOTED: Final = re.compile(r'"((?:[!#-\[\]-~]|\\["\\]){1,255})"')
_BARE: Final = re.compile(r"[!#-~]{1,255}")
_TAGS: Final = re.compile(r'[ \t]*(?:(?:W/)?"[!#-~\x80-\xff]*"[ \t]*)?(?:,|$)')
_TAG: Final = re.compile(r'(W/)?"([^"]*)"')
_POSITION: Final = re.compile(r"0|[1-9][0-9]{0,18}")


def idempotency_key(request: Request) -> str | None:
    """The idempotency key of a request, None if it has none.

    Raises:
        Problem: it is malformed.
    """
    given = request.headers.getlist("Idempotency-Key")
    if not given:
        return None
    text = given[0].strip(" \t")
    if len(given) == 1:
        if quoted := _QUOTED.fullmatch(text):
            return re.sub(r"\\(.)", r"\1", quoted[1])
        if _BARE.fullmatch(text):
            return text
    raise _malformed("Idempotency-Key", "give one key of 1 to 255 visible characters")


def expected(request: Request) -> frozenset[int] | None:
    """The positions of which one must be the newest; None if it may be any.

    Raises:
        Problem: the header is malformed.
    """
    given = request.headers.getlist("If-Match")
    if not given or given == ["*"]:
        return None
    text = ",".join(given)
    at = 0
    while at < len(text):
        part = _TAGS.match(text, at)
        if part is None:
            break
        at = part.end()
    tags = _TAG.findall(text)
    if at < len(text) or not tags:
        raise _malformed("If-Match", 'give the newest position that you know, as "42", or *')
    return frozenset(int(tag) for weak, tag in tags if not weak and _POSITION.fullmatch(tag))


def refuse(request: Request, header: str, why: str) -> None:
    """Refuse a request that has a header which it cannot have."""
    if header in request.headers:
        raise _malformed(header, why)


def _malformed(header: str, message: str) -> Problem:
    errors = [{"header": header, "message": message}]
    return Problem(HEADER, f"{header}: {message}", errors=errors)

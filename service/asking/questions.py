"""Questions: the basis that every question is asked at, and the form of every answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from domain import dates
from domain.access import Principal
from domain.entries import instant, microseconds
from projections import basis as b
from projections.tables import VERSION
from service.access.reads import Reads
from service.content import WITHHELD, Told, plain
from service.ledger import Ledger
from service.log.appends import now_in_microseconds
from service.problems import BEHIND, CLOCKS, FUTURE, Problem

JSON = "application/json"
"""The media type of most answers."""

PATIENCE = 5.0
"""Seconds that a question waits for `min_position`, or for views that are being built."""


PINNED: Final = {
    "Ledger-Position": {
        "description": "The position of the newest entry that the answer takes into account.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Content-Location": {
        "description": "The same question, pinned to the basis: it is always answered the same.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "ETag": {
        "description": "What names this answer; sent as `If-None-Match`, it asks for no other.",
        "required": True,
        "schema": {"type": "string"},
    },
}
"""The headers of every answer that has a basis, as the OpenAPI document declares them."""


def answers(model: Any, **headers: Any) -> dict[int | str, dict[str, Any]]:
    """The responses of a question, for the OpenAPI document; `headers` are its own besides."""
    return {
        200: {"model": model, "headers": {**PINNED, **headers}},
        304: {"description": "What is known by its ETag is still the answer.", "headers": PINNED},
    }


def _day(text: str) -> str:
    dates.day(text)
    return text


def _instant(text: str) -> str:
    microseconds(text)
    return text


Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})]
"""A plain calendar day as a parameter."""

Instant = Annotated[str, AfterValidator(_instant), Field(json_schema_extra={"format": "date-time"})]
"""An instant (RFC 3339) as a parameter."""


class BasisQuery(BaseModel):
    """The point on both clocks at which to answer."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    effective_at: Day | None = Field(None, examples=["2025-01-30"])
    """The day to answer for, as `2025-01-30`; default: today, UTC."""
    recorded_at: Instant | None = Field(None, examples=["2026-01-31T12:00:00Z"])
    """Answer as known at this instant (RFC 3339); default: as known now."""
    position: int | None = Field(None, ge=0)
    """Answer as known at this position of the log; not together with `recorded_at`.

    A position inside a decision is read as the end of the decision before.
    """
    min_position: int | None = Field(None, ge=0)
    """Wait until the answer takes this position into account, for a few seconds."""


@dataclass(frozen=True, slots=True)
class Basis:
    """The point on both clocks that an answer holds for."""

    effective_at: str
    """The day."""
    recorded_at: str | None
    """When the newest entry taken into account was recorded; null for the empty ledger."""
    position: int
    """The position of the newest entry taken into account."""


def texts_for(request: Request) -> Told:
    """Opens personal texts for whoever asks, and counts them; withholds them from the public."""
    names = request.app.state.ledger.names
    principal: Principal = request.state.principal

    def opened(digests: Collection[str]) -> Mapping[str, Any]:
        if not principal.may("ask"):
            return dict.fromkeys(digests, WITHHELD)
        known: Mapping[str, Any] = names(digests)
        request.state.texts = getattr(request.state, "texts", 0) + len(known)
        return known

    return opened


@dataclass(frozen=True, slots=True)
class Text:
    """A member of an answer that is written already, as JSON."""

    text: str


@contextmanager
def asked(ledger: Ledger, query: BasisQuery) -> Iterator[tuple[Connection, b.Basis]]:
    """The views and the basis that a question asks for.

    Raises:
        Problem: both clocks are given, the basis lies in the future, or `min_position` is not there
            in time.
        ViewsBehind: the views are not there in time.
    """
    if query.recorded_at is not None and query.position is not None:
        raise Problem(CLOCKS, "recorded_at and position name the same clock: give one of them")
    recorded_at = microseconds(query.recorded_at) if query.recorded_at else None
    if recorded_at is not None and recorded_at > max(now_in_microseconds(), ledger.log.head()[1]):
        raise Problem(FUTURE, f"recorded_at {query.recorded_at} is in the future")
    if query.min_position and not ledger.log.wait(query.min_position - 1, PATIENCE):
        raise Problem(BEHIND, f"position {query.min_position} is not recorded yet; ask again")
    if query.position is not None and query.position > ledger.log.head()[0]:
        raise Problem(FUTURE, f"position {query.position} is not recorded yet")
    day = dates.day(query.effective_at) if query.effective_at else today()
    with ledger.asking(
        day, position=query.position, recorded_at=recorded_at, patience=PATIENCE
    ) as answering:
        yield answering


def today() -> int:
    """Today's day, UTC."""
    return datetime.now(UTC).date().toordinal()


def stated(basis: b.Basis) -> Basis:
    """A basis as an answer states it."""
    return Basis(
        effective_at=dates.iso(basis.effective_at),
        recorded_at=instant(basis.recorded_at) if basis.recorded_at is not None else None,
        position=basis.position,
    )


def answer(
    request: Request,
    basis: b.Basis,
    content: Mapping[str, Any] | Text,
    query: BasisQuery,
    *,
    links: str | None = None,
    media_type: str | None = None,
) -> Response:
    """An answer with its basis, pinned so that the same question can be asked again exactly.

    What is written already tells its basis in the headers alone.
    """
    given = query.model_dump(
        exclude={"recorded_at", "position", "min_position", "effective_at"},
        exclude_none=True,
        by_alias=True,
        mode="json",
    )
    at = {**given, "effective_at": dates.iso(basis.effective_at), "position": basis.position}
    if not isinstance(content, Text):
        content = {"basis": plain(stated(basis)), **content}
    return pinned(request, at, basis.position, content, links=links, media_type=media_type)


def pinned(
    request: Request,
    at: Mapping[str, Any],
    position: int,
    content: Mapping[str, Any] | Text,
    *,
    links: str | None = None,
    media_type: str | None = None,
) -> Response:
    """An answer that parameters, without any default, ask for again exactly.

    The media type is given where the client could choose between several.
    """
    location = address(request, at)
    erased = request.app.state.ledger.erasures.newest  # nothing else changes what was answered
    principal: Principal = request.state.principal
    whole = principal.may("ask")
    told = f"{VERSION} {erased} {whole} {location} {media_type}"
    tag = f'W/"{sha256(told.encode()).hexdigest()[:32]}"'
    headers = {
        "Ledger-Position": str(position),
        "Content-Location": location,
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Accept" if media_type else "Authorization",
    }
    if links:
        headers["Link"] = links
    known = request.headers.get("If-None-Match", "").split(",")
    if any(f"W/{each.strip().removeprefix('W/')}" in (tag, "W/*") for each in known):
        return Response(status_code=304, headers=headers)
    note(request, {name: value for name, value in at.items() if name != "q"})
    return Response(
        content.text if isinstance(content, Text) else _told(content),
        media_type=media_type or JSON,
        headers=headers,
    )


def address(request: Request, asked: Mapping[str, Any]) -> str:
    """Where the same is asked with these parameters."""
    return f"{request.url.path}?{urlencode(asked)}"


def note(request: Request, at: Mapping[str, Any]) -> None:
    """Have it noted if a key reads personal texts: first of all, or nothing is told."""
    principal: Principal = request.state.principal
    texts = getattr(request.state, "texts", 0)
    if texts and principal.is_key:
        reads: Reads = request.app.state.ledger.reads
        reads.note(principal.id, now_in_microseconds(), address(request, at), texts)


def _told(content: Mapping[str, Any]) -> str:
    """The JSON text of an answer, of which some members are written already."""
    members = (
        f"{json.dumps(name)}: "
        + (each.text if isinstance(each, Text) else json.dumps(each, ensure_ascii=False))
        for name, each in content.items()
    )
    return f"{{{', '.join(members)}}}"

"""Questions about the entries of the log, as they were hashed or as CloudEvents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from service.asking.pages import RecordQuery, linked, lists
from service.asking.questions import JSON, Basis, BasisQuery, Text, answer, answers, asked
from service.following import cloudevents
from service.ledger import Ledger
from service.log.appends import Sealed
from service.manners.accepting import preferred
from service.problems import NOT_FOUND, Problem

router = APIRouter(tags=["entries"])

WORD: Final = r"^[!-~]+$"
"""The form of tags and types."""


class EntriesQuery(RecordQuery):
    """Which entries of the log, and up to which position."""

    tag: str | None = Field(None, pattern=WORD, examples=["body:coordination-committee"])
    """Only entries with this tag, as `person:…`, `body:…`, `post:…`, `decision:…`."""
    type: str | None = Field(None, pattern=WORD, examples=["election.held"])
    """Only entries of this type."""


@dataclass(frozen=True, slots=True)
class EntryListed:
    """An entry of the log."""

    leaf_hash: str
    """The hash of its bytes as a leaf (RFC 6962), in hexadecimal."""
    entry: dict[str, Any]
    """The entry as it was hashed: personal texts are commitments."""


@dataclass(frozen=True, slots=True)
class EntryAnswer:
    """An entry of the log."""

    basis: Basis
    """The point on both clocks that it holds for."""
    leaf_hash: str
    """The hash of its bytes as a leaf (RFC 6962), in hexadecimal."""
    proof: str
    """Where it is proved that the newest checkpoint covers it."""
    entry: dict[str, Any]
    """The entry as it was hashed: personal texts are commitments."""


@dataclass(frozen=True, slots=True)
class EntriesAnswer:
    """Entries of the log."""

    basis: Basis
    """The point on both clocks that it holds for."""
    entries: tuple[EntryListed, ...]
    """In the order of their positions."""


def _also(responses: dict[int | str, Any], media_type: str) -> dict[int | str, Any]:
    """The responses of a question that is also answered so, if that is asked for by `Accept`."""
    event = {"type": "object", "title": "CloudEvent", "required": ["specversion", "id", "source"]}
    schema = event if media_type == cloudevents.ONE else {"type": "array", "items": event}
    content = {"content": {media_type: {"schema": schema}}}
    return {**responses, 200: {**responses[200], **content}}


@router.get(
    "/v1/entries",
    summary="The entries of the log",
    responses=_also(lists(EntriesAnswer), cloudevents.BATCH),
)
def ask_entries(request: Request, query: Annotated[EntriesQuery, Query()]) -> Response:
    """The record itself: entries as they were hashed, in the order of their positions.

    With `Accept: application/cloudevents-batch+json` they come as CloudEvents.
    """
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (_, basis):
        found = ledger.log.entries(
            tag=query.tag,
            types=[query.type] if query.type else (),
            after=query.after,
            until=basis.position,
            limit=query.limit + 1,
        )
    page = found[: query.limit]
    following = str(page[-1].position) if len(found) > query.limit else None
    links = linked(request, query, basis, following)
    media_type = preferred(request.headers.get("Accept", "*/*"), JSON, cloudevents.BATCH)
    content: dict[str, Any] | Text
    if media_type == cloudevents.BATCH:
        content = Text(cloudevents.cloud_events(page, ledger.origin))
    else:
        content = {"entries": [_listed(one) for one in page]}
    return answer(request, basis, content, query, links=links, media_type=media_type)


@router.get(
    "/v1/entries/{position}",
    summary="One entry of the log",
    responses=_also(answers(EntryAnswer), cloudevents.ONE),
)
def ask_entry(
    request: Request,
    query: Annotated[BasisQuery, Query()],
    at: Annotated[int, Path(alias="position", ge=1, description="The position of the entry.")],
) -> Response:
    """The entry at a position as it was hashed.

    With `Accept: application/cloudevents+json` it comes as a CloudEvent.
    """
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (_, basis):
        found = ledger.log.at([at]) if at <= basis.position else ()
    if not found:
        raise Problem(NOT_FOUND, f"there is no entry at position {at} at that basis")
    media_type = preferred(request.headers.get("Accept", "*/*"), JSON, cloudevents.ONE)
    content: dict[str, Any] | Text
    if media_type == cloudevents.ONE:
        content = Text(cloudevents.cloud_event(found[0], ledger.origin))
    else:
        content = {"proof": f"/log/proof/inclusion?index={at - 1}", **_listed(found[0])}
    return answer(request, basis, content, query, media_type=media_type)


def _listed(one: Sealed) -> dict[str, Any]:
    return {"leaf_hash": one.leaf_hash.hex(), "entry": json.loads(one.entry)}

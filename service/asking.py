"""Asking: every question has a path, and every answer a basis."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from domain import acts as a
from domain.answers import Body
from domain.dates import iso
from domain.entries import instant, read
from domain.fields import ID_PATTERN
from domain.shape import to_json
from domain.structure import below
from projections.basis import Basis as At
from projections.elections import elections
from projections.structure import structure
from service import problems
from service.content import plain, stored, with_texts
from service.elections import told
from service.ledger import Ledger
from service.problems import NOT_FOUND, Problem
from service.questions import Basis, BasisQuery, answer, asked

router = APIRouter()

PAGE: Final = 100
"""Items on a page unless told otherwise."""

_WORD = r"^[!-~]+$"


class StructureQuery(BasisQuery):
    """Which part of the structure, and at which basis."""

    root: str | None = Field(None, examples=["coordination-committee"])
    """The body to start from; default: every body."""
    depth: int | None = Field(None, ge=0)
    """How many levels below the root (or the bodies at the root); 0 is the root alone."""


class PageQuery(BasisQuery):
    """Which page of a list, and at which basis."""

    cursor: str | None = None
    """Where to go on, from the `next` link of the page before."""
    limit: int = Field(PAGE, ge=1, le=500)
    """How many items on a page."""


class EntriesQuery(PageQuery):
    """Which entries of the log, and up to which position."""

    tag: str | None = Field(None, pattern=_WORD, examples=["body:coordination-committee"])
    """Only entries with this tag, as `person:…`, `body:…`, `post:…`, `decision:…`."""
    type: str | None = Field(None, pattern=_WORD, examples=["election.held"])
    """Only entries of this type."""


@dataclass(frozen=True, slots=True)
class StructureAnswer:
    """The structure at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    bodies: tuple[Body, ...]
    """A flat list: each body names the one that it stands in."""


@router.get(
    "/v1/structure",
    tags=["questions"],
    summary="What the structure was on a day",
    responses={200: {"model": StructureAnswer}},
)
def ask_structure(request: Request, query: Annotated[StructureQuery, Query()]) -> Response:
    """Every body on a day, its posts and their holders, certain or possible."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        bodies = structure(connection, basis)
    if query.root is not None and not any(body.id == query.root for body in bodies):
        raise Problem(NOT_FOUND, f"there is no body {query.root} at that basis")
    content = plain(below(bodies, query.root, query.depth))
    return answer(request, basis, {"bodies": with_texts(content, ledger.names)}, query)


@router.get("/v1/elections", tags=["questions"], summary="The elections held by a day")
def ask_elections(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """The elections held by a day, in the order of their ids, with turnout, counts and elected."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = elections(connection, basis, after=query.cursor or "", limit=query.limit + 1)
        page = told(ledger, connection, basis, found[: query.limit])
    links = None
    if len(found) > query.limit:
        links = _next(request, query, basis, page[-1]["id"])
    return answer(request, basis, {"elections": page}, query, links=links)


@router.get("/v1/elections/{election}", tags=["questions"], summary="One election")
def ask_election(
    request: Request, election: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """One election: who could vote, who did, how the votes fell and who was elected."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = elections(connection, basis, limit=1, only=election)
        if not found:
            raise Problem(NOT_FOUND, f"there is no election {election} at that basis")
        (content,) = told(ledger, connection, basis, found)
    return answer(request, basis, content, query)


@router.get("/v1/decisions/{decision}", tags=["decisions"], summary="One decision as recorded")
def ask_decision(
    request: Request, decision: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """A decision as it was posted, and where its entries stand in the log."""
    ledger: Ledger = request.app.state.ledger
    is_id = re.fullmatch(ID_PATTERN, decision) is not None
    with asked(ledger, query) as (_, basis):
        found = ledger.entries_of(decision) if is_id else ()
    if not found or found[0].position > basis.position:
        raise Problem(NOT_FOUND, f"there is no decision {decision} at that basis")
    entries = [read(one.entry) for one in found]
    retracted = _retracted(ledger, decision, basis.position)
    content = {
        "decision": to_json(stored(entries, ledger.names)),
        "position": found[0].position,
        "recorded_at": instant(found[0].recorded_at),
        "recorded_by": entries[0].recorded_by,
        "entries": [
            {
                "position": one.position,
                "type": one.type,
                "leaf_hash": one.leaf_hash.hex(),
                "id": next((each.id for each in entry.mentions if each.creates), None),
                "retracted_by": retracted.get(entry.number, retracted.get(-one.position)),
            }
            for one, entry in list(zip(found, entries, strict=True))[1:]
        ],
    }
    return answer(request, basis, content, query)


def _retracted(ledger: Ledger, decision: str, position: int) -> dict[int, int]:
    """Which of a decision's acts are retracted, and where: by number, or by minus the position."""
    found = ledger.log.entries(
        tag=f"decision:{decision}", types=["entry.retracted"], until=position
    )
    where: dict[int, int] = {}
    for one in found:
        act = read(one.entry).act
        if isinstance(act, a.EntryRetracted):
            target = act.entry
            if isinstance(target, int):
                where[-target] = one.position
            elif target.decision == decision:
                where[target.act] = one.position
    return where


@router.get("/v1/entries", tags=["entries"], summary="The entries of the log")
def ask_entries(request: Request, query: Annotated[EntriesQuery, Query()]) -> Response:
    """The record itself: entries as they were hashed, in the order of their positions."""
    ledger: Ledger = request.app.state.ledger
    after = _position(query.cursor)
    with asked(ledger, query) as (_, basis):
        found = ledger.log.entries(
            tag=query.tag,
            types=[query.type] if query.type else (),
            after=after,
            until=basis.position,
            limit=query.limit + 1,
        )
    page = found[: query.limit]
    links = None
    if len(found) > query.limit:
        links = _next(request, query, basis, str(page[-1].position))
    entries = [{"leaf_hash": one.leaf_hash.hex(), "entry": json.loads(one.entry)} for one in page]
    return answer(request, basis, {"entries": entries}, query, links=links)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not re.fullmatch("[0-9]{1,18}", cursor):
        raise Problem(problems.PARAMETER, f"cursor: {cursor!r} is none of ours")
    return int(cursor)


def _next(request: Request, query: PageQuery, basis: At, cursor: str) -> str:
    """The link to the next page (RFC 8288), pinned to the basis of this one."""
    given = query.model_dump(
        exclude={"recorded_at", "position", "min_position", "effective_at", "cursor"},
        exclude_none=True,
    )
    at = {"effective_at": iso(basis.effective_at), "position": basis.position}
    pinned = {**given, **at, "cursor": cursor}
    return f'<{request.url.path}?{urlencode(pinned)}>; rel="next"'

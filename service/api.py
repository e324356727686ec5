"""The door: what HTTP clients can post and ask."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from domain import acts as a
from domain.dates import iso
from domain.decisions import Decision
from domain.entries import Entry, instant, read
from domain.fields import ID_PATTERN
from domain.recording import Violation
from domain.shape import mentions, to_json
from domain.structure import Body, below, with_names
from projections.basis import Basis as At
from projections.elections import ElectionKnown, elections
from projections.people import names
from projections.structure import structure
from service import problems
from service.content import digests, stored
from service.ledger import Ledger
from service.problems import MEDIA, NOT_FOUND, TOO_LARGE, Problem
from service.questions import Basis, BasisQuery, answer, asked, plain
from service.recorder import Answer, Receipt, Refusal, Unsettled
from service.writer import Writer

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a request's body at most."""
PAGE = 100
"""Items on a page unless told otherwise."""

OPEN = "open"
"""Who records while the door has no keys yet: nobody in particular."""

EXAMPLE = {
    "id": "library-committee-founding",
    "title": "The Library Committee is founded",
    "date": "2025-01-30",
    "vote": {
        "eligible": 12,
        "cast": 11,
        "counts": [{"option": "for", "value": 10}, {"option": "against", "value": 1}],
    },
    "sources": [{"title": "Minutes of the founding assembly", "published": "2025-02"}],
    "acts": [
        {
            "type": "body.established",
            "effective": "2025-01-30",
            "body": "library-committee",
            "name": "Library Committee",
            "classification": "committee",
            "permanence": "permanent",
        },
        {
            "type": "post.created",
            "effective": "2025-01-30",
            "post": "library-committee-chair",
            "body": "library-committee",
            "label": "Chair",
            "seats": 1,
            "voting": True,
            "head": True,
        },
        {
            "type": "person.registered",
            "effective": "2025-01-30",
            "person": "0194b5f2-7c00-7a3e-9d41-5b8f0c6e2a17",
            "name": "Ada Pereira",
        },
        {
            "type": "appointment.made",
            "effective": "2025-02-01",
            "person": "0194b5f2-7c00-7a3e-9d41-5b8f0c6e2a17",
            "post": "library-committee-chair",
            "by": "library-committee",
            "until": "2027-01",
        },
    ],
}
"""A decision that any ledger without a library committee accepts."""

_DECISION = TypeAdapter(Decision)
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


class RecordQuery(BaseModel):
    """How to record."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    dry_run: bool = False
    """Only say whether the decision would be accepted; store nothing."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What recording a decision would come to."""

    accepted: bool
    """Whether it would be recorded."""
    violations: tuple[Violation, ...]
    """The rules that refuse it."""
    findings: tuple[Violation, ...]
    """Breaches of the charter, which are recorded all the same."""


@dataclass(frozen=True, slots=True)
class StructureAnswer:
    """The structure at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    bodies: tuple[Body, ...]
    """A flat list: each body names the one that it stands in."""


def application(open_ledger: Callable[[], Ledger]) -> FastAPI:
    """The service as an ASGI application, over a ledger that it opens and closes."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.ledger = ledger = open_ledger()
        app.state.writer = writer = Writer(ledger.recorder, OPEN)
        ledger.sweep()
        yield
        await writer.close()
        ledger.close()

    app = FastAPI(
        title="Curule",
        summary="A governance ledger: who decided what, and what the structure was on any day.",
        version="0.1.0",
        lifespan=lifespan,
        openapi_url="/openapi.json",
    )
    problems.install(app)
    app.include_router(router)
    _document(app)
    return app


router = APIRouter()


@router.get("/livez", tags=["operations"], summary="Whether the process is alive")
async def livez() -> dict[str, str]:
    """Whether the process is alive."""
    return {"status": "alive"}


# Recording


@router.post(
    "/v1/decisions",
    status_code=201,
    tags=["decisions"],
    summary="Record a decision",
    responses={
        201: {"model": Receipt, "description": "Recorded, whole and durable."},
        200: {
            "model": Receipt | DryRun,
            "description": "Recorded before, with the same content; or the answer to a dry run.",
        },
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Decision"},
                    "examples": {"founding": {"summary": "A committee", "value": EXAMPLE}},
                }
            },
        }
    },
)
async def record(request: Request, query: Annotated[RecordQuery, Query()]) -> Response:
    """Record one decision with all its acts, or nothing of it.

    Posted again under the same id with the same content, it returns the first receipt.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Problem(MEDIA, f"the content type is {content_type or 'not given'!r}")
    body = await _body(request)
    try:
        decision = _DECISION.validate_json(body)
    except ValidationError as error:
        return problems.malformed(error, body)
    if query.dry_run:
        check = request.app.state.ledger.recorder.check
        violations = await run_in_threadpool(check, decision, OPEN)
        return _json(200, plain(DryRun(not violations, violations, ())))
    return _answered(await request.app.state.writer.record(decision))


def _answered(given: Answer) -> Response:
    match given:
        case Receipt():
            content = plain(given)
            created = content.pop("created")
            return _json(
                201 if created else 200,
                content,
                {
                    "Location": f"/v1/decisions/{given.decision}",
                    "Ledger-Position": str(given.position + len(given.entries)),
                },
            )
        case Refusal():
            return problems.refused(given)
        case Unsettled():
            return problems.moved(given)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Problem(TOO_LARGE, f"a request's body has at most {BODY_LIMIT} bytes")
    return bytes(body)


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(content, ensure_ascii=False),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )


# Asking


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
    bodies = below(bodies, query.root, query.depth)
    committed = {
        holder.name["sha256"]
        for body in bodies
        for post in body.posts
        for holder in post.holders
        if isinstance(holder.name, dict)
    }
    opened = with_names(bodies, ledger.names(committed))
    return answer(request, basis, {"bodies": plain(opened)}, query)


@router.get("/v1/elections", tags=["questions"], summary="The elections held by a day")
def ask_elections(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """The elections held by a day, in the order of their ids, with turnout, counts and elected."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = elections(connection, basis, after=query.cursor or "", limit=query.limit + 1)
        page = _elections(ledger, basis, found[: query.limit], connection)
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
        (content,) = _elections(ledger, basis, found, connection)
    return answer(request, basis, content, query)


def _elections(
    ledger: Ledger, basis: At, found: Sequence[ElectionKnown], connection: Any
) -> list[dict[str, Any]]:
    entries = [read(ledger.log.entries(after=e.position - 1, limit=1)[0].entry) for e in found]
    persons = {
        each.id for entry in entries for each in mentions(entry.act) if each.kinds == ("person",)
    }
    committed = names(connection, basis, persons)
    texts = ledger.names(
        [name["sha256"] for name in committed.values()]
        + [digest for entry in entries for digest in digests(entry.act)]
    )
    called = {person: texts.get(name["sha256"]) for person, name in committed.items()}
    return [_election(*pair, called, texts) for pair in zip(found, entries, strict=True)]


def _election(
    known: ElectionKnown, entry: Entry, called: dict[str, str | None], texts: Any
) -> dict[str, Any]:
    """An election as asked for: what its act says, with names and turnout."""
    act = entry.act
    if not isinstance(act, a.ElectionHeld):
        raise TypeError(f"entry {entry.position} holds no election")
    said = _with_texts(to_json(act), texts)

    def counted(votes: dict[str, Any], outer: dict[str, Any]) -> dict[str, Any]:
        eligible = votes.get("eligible", outer.get("eligible"))
        cast = votes.get("cast", outer.get("cast"))
        turnout = round(cast / eligible, 5) if cast is not None and eligible else None
        return {
            "eligible": eligible,
            "cast": cast,
            "invalid": votes.get("invalid", outer.get("invalid")),
            "turnout": turnout,
            "counts": votes.get("counts", []),
        }

    def person(each: str) -> dict[str, Any]:
        return {"person": each, "name": called.get(each)}

    contests = [
        {
            "post": contest.get("post"),
            "body": contest.get("body"),
            "role": contest.get("role"),
            "seats": contest.get("seats"),
            "contested": contest.get("contested", said.get("contested")),
            **counted(contest, said),
            "candidates": [
                {**person(each["person"]), **each} for each in contest.get("candidates", [])
            ],
            "elected": [person(each) for each in contest.get("elected", [])],
            "not_seated": [
                {**person(each["person"]), **each} for each in contest.get("not_seated", [])
            ],
            "outcome": contest.get("outcome"),
            "until": contest.get("until"),
        }
        for contest in said.get("contests", [])
    ]
    return {
        "id": known.id,
        "body": act.body,
        "method": act.method,
        "contested": act.contested,
        "opened": act.opened,
        "closed": act.closed,
        "effective": act.effective,
        **counted(said, {}),
        "rounds": [counted(each, {}) for each in said.get("rounds", [])],
        "contests": contests,
        "note": said.get("note"),
        "annulled": known.annulled,
        "certainty": known.certainty,
        "decision": entry.decision,
        "because": [each for each in (known.position, known.annulled_at) if each is not None],
    }


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
        "decision": to_json(stored(entries, ledger.vault.values)),
        "position": found[0].position,
        "recorded_at": instant(found[0].recorded_at),
        "recorded_by": entries[0].recorded_by,
        "entries": [
            {
                "position": one.position,
                "type": one.type,
                "leaf_hash": one.leaf_hash.hex(),
                "id": next((each.id for each in mentions(entry.act) if each.creates), None),
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


def _with_texts(value: Any, texts: Any) -> Any:
    """JSON values with commitments opened as far as the vault has them."""
    if isinstance(value, dict):
        if value.keys() == {"sha256"} and value["sha256"] in texts:
            return texts[value["sha256"]]
        return {name: _with_texts(member, texts) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, texts) for item in value]
    return value


def _document(app: FastAPI) -> None:
    """Complete the OpenAPI document with what FastAPI does not know.

    That is the schema of decisions, what is written under the fields of dataclasses, and the form
    of every problem.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            decision = _DECISION.json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {**decision.pop("$defs"), "Decision": decision}
            del schemas["Receipt"]["properties"]["created"]  # the status tells it
            written = _written(a.Act, Decision, Body, Violation, Receipt, Basis, DryRun)
            for name, schema in schemas.items():
                for field, described in schema["properties"].items():
                    if field in written.get(name, ()):
                        described.setdefault("description", written[name][field])
            schemas["Problem"] = problems.SCHEMA
            for operations in document["paths"].values():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
                    operation["responses"]["default"] = _PROBLEM
            del schemas["HTTPValidationError"], schemas["ValidationError"]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


_PROBLEM = {
    "description": "A problem (RFC 9457).",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _written(*members: type) -> dict[str, dict[str, str]]:
    """What is written under each field of each class in the modules of these, bases included."""
    written: dict[str, dict[str, str]] = {}
    for module in dict.fromkeys(member.__module__ for member in members):
        for each in ast.parse(inspect.getsource(sys.modules[module])).body:
            if isinstance(each, ast.ClassDef):
                own = written[each.name] = {}
                for base in each.bases:
                    own |= written.get(base.id, {}) if isinstance(base, ast.Name) else {}
                for pair in pairwise(each.body):
                    match pair:
                        case (
                            ast.AnnAssign(target=ast.Name(id=field)),
                            ast.Expr(value=ast.Constant(value=str(text))),
                        ):
                            own[field] = inspect.cleandoc(text)
    return written

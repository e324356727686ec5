"""Posting: the one way in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from domain.access import Principal
from domain.answers import Finding
from domain.decisions import Decision
from domain.recording import Violation
from service import problems
from service.access.doorkeeper import needs
from service.asking.questions import PATIENCE, today
from service.content import plain
from service.ledger import Ledger
from service.problems import MEDIA, PARAMETER, Problem
from service.recording import bulk
from service.recording.bulk import Bulk
from service.recording.preconditions import (
    IDEMPOTENCY_KEY,
    IF_MATCH,
    expected,
    idempotency_key,
    refuse,
)
from service.recording.recorder import Answer, Receipt, Sent
from service.recording.writer import Writer

router = APIRouter()

DECISION: Final = TypeAdapter(Decision)
"""Validates a decision as it was sent: strictly, and every field known."""

EXAMPLE: Final = {
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


@dataclass(frozen=True, slots=True)
class DryRun:
    """What recording a decision would come to."""

    accepted: bool
    """Whether it would be recorded."""
    violations: tuple[Violation, ...]
    """The rules that refuse it, at most 100."""
    findings: tuple[Finding, ...]
    """Breaches of the charter that it would bring, which are recorded all the same."""


DRY_RUN: Final = {
    "name": "dry_run",
    "in": "query",
    "description": "Only say whether the decision would be accepted; store nothing.",
    "schema": {"type": "boolean", "default": False},
}
"""Parameters of recording are read by hand: a model for them costs a tenth of the request."""
STOP: Final = {
    "name": "stop",
    "in": "query",
    "description": "With application/jsonl: record nothing after the first problem, and end.",
    "schema": {"type": "boolean", "default": False},
}


@router.post(
    "/v1/decisions",
    status_code=201,
    tags=["decisions"],
    summary="Record a decision",
    dependencies=[needs("record")],
    responses={
        201: {"model": Receipt, "description": "Recorded, whole and durable."},
        200: {
            "model": Receipt | DryRun,
            "description": "Recorded before, with the same content; or the answer to a dry run.",
            "content": {bulk.MEDIA_TYPE: {"schema": bulk.ANSWERS}},
        },
    },
    openapi_extra={
        "parameters": [DRY_RUN, STOP, IDEMPOTENCY_KEY, IF_MATCH],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Decision"},
                    "examples": {"founding": {"summary": "A committee", "value": EXAMPLE}},
                },
                bulk.MEDIA_TYPE: {"schema": bulk.DECISIONS},
            },
        },
    },
)
async def record_decision(request: Request) -> Response:
    """Record one decision with all its acts, or nothing of it.

    Posted again under the same id, or with the same `Idempotency-Key`, and with the same content,
    it returns the first receipt. A key is kept for good, each client has its own, and it may be
    given besides an id. With other content it is refused (422), and so it is while another request
    with it is being answered (409, `Retry-After`). What is refused does not use up its key, and a
    dry run none.

    With `If-Match: "42"` it is recorded only if 42 is the newest position, else refused (412) with
    the position that is; a decision that was recorded before gets its receipt all the same.

    `application/jsonl` holds many decisions, one a line, and is answered with a line for each, in
    order: its receipt with `line` and `created`, or a problem with its `line`. Each is recorded
    whole or not at all, and may build on those before it. Unless `stop` is true, those after a
    problem are recorded, too. Lines are answered while you send others; if you read no answers
    before you have sent all, send at most a thousand (16 MB of answers wait for you). A line that
    was not answered may have been recorded: send it again, with its id or key.
    """
    asked = _flags(request, "dry_run", "stop")
    key = idempotency_key(request)
    by: Principal = request.state.principal
    if media_type(request) == bulk.MEDIA_TYPE:
        if asked["dry_run"]:
            raise _wrong({"dry_run": "send the decisions one by one, as application/json"})
        refuse(request, "If-Match", "each line would need another: send decisions one by one")
        limit = request.app.state.bounds.body
        return Bulk(request, _read, by=by, key=key, stop=asked["stop"], limit=limit)
    newest = expected(request)
    body = await _json_of(request)
    if asked["stop"]:
        raise _wrong({"stop": f"this is for {bulk.MEDIA_TYPE}"})
    decision = _read(body)
    if isinstance(decision, Response):
        return decision
    sent = Sent(decision, by, key, newest)
    if asked["dry_run"]:
        return await run_in_threadpool(_rehearsed, request.app.state.ledger, sent)
    writer: Writer = request.app.state.writer
    with writer.running(by, key):
        return answered(await writer.record(sent))


def _read(body: bytes) -> Decision | Response:
    """The decision that a text holds, or what is wrong with it."""
    try:
        problems.expect_members_once(body)
        return DECISION.validate_json(body)
    except Problem as problem:
        return problems.problem_of(problem)
    except ValidationError as error:
        return problems.malformed(error, body)


def _rehearsed(ledger: Ledger, sent: Sent) -> Response:
    newest = ledger.log.newest()
    if sent.newest is not None and newest not in sent.newest:
        return problems.stale(newest)
    violations, findings = ledger.rehearse(sent, today(), PATIENCE)
    told = violations[: problems.LISTED]
    return _json(200, plain(DryRun(not violations, told, findings)))


def _flags(request: Request, *known: str) -> dict[str, bool]:
    """The parameters, each of which says yes or no."""
    wrong, asked = {}, dict.fromkeys(known, False)
    for name, value in request.query_params.multi_items():
        if name not in known:
            wrong[name] = "there is no such parameter"
        elif value.lower() in ("true", "1"):
            asked[name] = True
        elif value.lower() not in ("false", "0"):
            wrong[name] = "give true or false"
    if wrong:
        raise _wrong(wrong)
    return asked


def _wrong(parameters: Mapping[str, str]) -> Problem:
    detail = "; ".join(f"{name}: {message}" for name, message in parameters.items())
    errors = [{"parameter": name, "message": each} for name, each in parameters.items()]
    return Problem(PARAMETER, detail, errors=errors)


def answered(given: Answer) -> Response:
    """What recording came to, as an answer."""
    return receipted(given) if isinstance(given, Receipt) else problems.unrecorded(given)


def receipted(given: Receipt, **more: Any) -> Response:
    """A receipt as an answer, and what else there is to tell."""
    content = plain(given)
    created = content.pop("created")
    return _json(
        201 if created else 200,
        {**content, **more},
        {
            "Location": f"/v1/decisions/{given.decision}",
            "Ledger-Position": str(given.position + len(given.entries)),
        },
    )


def media_type(request: Request) -> str:
    """What a request says that its body is, without parameters."""
    content_type = request.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower()


async def _json_of(request: Request) -> bytes:
    if media_type(request) != "application/json":
        content_type = request.headers.get("content-type", "")
        raise Problem(MEDIA, f"the content type is {content_type or 'not given'!r}")
    return await request.body()


async def received(request: Request) -> bytes:
    """The JSON that a request holds, unread.

    Raises:
        Problem: it is of another type, or names a member of an object twice.
    """
    body = await _json_of(request)
    problems.expect_members_once(body)
    return body


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(content, ensure_ascii=False),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )

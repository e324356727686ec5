"""Posting: the one way in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from domain.answers import Finding
from domain.decisions import Decision
from domain.recording import Violation
from service import problems
from service.access.doorkeeper import needs
from service.content import plain
from service.problems import MEDIA, PARAMETER, Problem
from service.questions import PATIENCE, today
from service.recorder import Answer, Receipt, Refusal, Sent, Unsettled

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
    """The rules that refuse it."""
    findings: tuple[Finding, ...]
    """Breaches of the charter that it would bring, which are recorded all the same."""


DRY_RUN: Final = {
    "name": "dry_run",
    "in": "query",
    "description": "Only say whether the decision would be accepted; store nothing.",
    "schema": {"type": "boolean", "default": False},
}
"""The one parameter of recording, read by hand: a model for it costs a tenth of the request."""


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
        },
    },
    openapi_extra={
        "parameters": [DRY_RUN],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Decision"},
                    "examples": {"founding": {"summary": "A committee", "value": EXAMPLE}},
                }
            },
        },
    },
)
async def record_decision(request: Request) -> Response:
    """Record one decision with all its acts, or nothing of it.

    Posted again under the same id with the same content, it returns the first receipt.
    """
    dry_run = _is_dry_run(request)
    body = await received(request)
    try:
        decision = DECISION.validate_json(body)
    except ValidationError as error:
        return problems.malformed(error, body)
    sent = Sent(decision, request.state.principal)
    if dry_run:
        rehearse = request.app.state.ledger.rehearse
        violations, findings = await run_in_threadpool(rehearse, sent, today(), PATIENCE)
        return _json(200, plain(DryRun(not violations, violations, findings)))
    return answered(await request.app.state.writer.record(sent))


def _is_dry_run(request: Request) -> bool:
    wrong, asked = {}, False
    for name, value in request.query_params.multi_items():
        if name != "dry_run":
            wrong[name] = "there is no such parameter"
        elif value.lower() in ("true", "1"):
            asked = True
        elif value.lower() not in ("false", "0"):
            wrong[name] = "give true or false"
    if wrong:
        detail = "; ".join(f"{name}: {message}" for name, message in wrong.items())
        errors = [{"parameter": name, "message": message} for name, message in wrong.items()]
        raise Problem(PARAMETER, detail, errors=errors)
    return asked


def answered(given: Answer) -> Response:
    """What recording came to, as an answer."""
    match given:
        case Receipt():
            return receipted(given)
        case Refusal():
            return problems.refused(given)
        case Unsettled():
            return problems.moved(given)


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


async def received(request: Request) -> bytes:
    """The JSON that a request holds, unread.

    Raises:
        Problem: it is of another type, or names a member of an object twice.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Problem(MEDIA, f"the content type is {content_type or 'not given'!r}")
    body = await request.body()
    problems.expect_members_once(body)
    return body


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(content, ensure_ascii=False),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )

"""Erasing: how a person's data is destroyed over HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from domain.acts import STRICT
from domain.fields import ID_PATTERN, Code, Ordinal
from service import problems
from service.access.doorkeeper import needs
from service.ledger import Ledger
from service.manners.parameters import NO_PARAMETERS
from service.problems import MOVED, NOT_FOUND, PARAMETER, Problem
from service.recording.posting import receipted, received
from service.recording.recorder import Recorded
from service.vault.erasures import Erased

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAsked:
    """Why a person is erased, and which texts go besides."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    ground: Code
    """On which ground, as `gdpr-17-1-b`. The log keeps it."""
    also: tuple[Ordinal, ...] = ()
    """Positions of entries that name the person elsewhere: their texts go, too. Names of other
    persons stay."""


@dataclass(frozen=True, slots=True)
class ErasureAnswer:
    """What was erased, and where the log says so."""

    decision: str
    """The decision by which the service recorded it."""
    position: int
    """The position of that decision; its acts follow."""
    recorded_at: str
    """When it was recorded (RFC 3339, UTC)."""
    leaf_hash: str
    """The hash of its entry as a leaf (RFC 6962), in hexadecimal."""
    proof: str
    """The tlog-proof of its entry, against the checkpoint that covers it."""
    ids: tuple[str, ...]
    """Every id of the person, the one that was asked for first."""
    texts: int
    """How many texts the decision covers."""
    entries: tuple[Recorded, ...]
    """Its acts, in order."""


ASKED: Final = TypeAdapter(ErasureAsked)


@router.post(
    "/v1/people/{person_id}/erasure",
    status_code=201,
    tags=["people"],
    summary="Erase a person",
    dependencies=[needs("erase"), NO_PARAMETERS],
    responses={
        201: {"model": ErasureAnswer, "description": "Erased: what it covers is in no store."},
        200: {"model": ErasureAnswer, "description": "Erased before; there was nothing left."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ASKED.json_schema()}},
        }
    },
)
async def erase_person(request: Request, person_id: str) -> Response:
    """Destroy the personal data of a person under every id, on a lawful ground, for good.

    Covered are the person's names, every text about the person, and what names them in the
    decisions about them. The entries stay, and answers tell `{"erased": true}` in place of each
    text. The person can be named by id from then on, but no text about them is recorded any more.
    """
    body = await received(request)
    try:
        asked = ASKED.validate_json(body)
    except ValidationError as error:
        return problems.malformed(error, body)
    ledger: Ledger = request.app.state.ledger
    given = None
    try:
        if re.fullmatch(ID_PATTERN, person_id):
            given = await run_in_threadpool(
                ledger.erasures.erase,
                person_id,
                asked.ground,
                request.state.principal.id,
                asked.also,
            )
    except LookupError as error:
        raise Problem(PARAMETER, f"also: {error}") from None
    if given is None:
        raise Problem(NOT_FOUND, f"nothing is recorded of a person {person_id}")
    if not isinstance(given, Erased):
        raise Problem(MOVED, "The ledger kept changing. Nothing was erased; send it again.")
    return receipted(given.receipt, ids=given.ids, texts=given.texts)

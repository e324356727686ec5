"""Granting: who is given a key, and who has read what."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from domain.access import Key, Principal, Role
from domain.acts import STRICT
from domain.fields import NamedBodyId, Text
from service import problems
from service.access import keys
from service.access.doorkeeper import needs
from service.access.reads import Read
from service.asking.pages import LINK, PAGE, links
from service.asking.questions import note
from service.content import with_texts
from service.ledger import Ledger
from service.manners.parameters import NO_PARAMETERS
from service.problems import NOT_FOUND, PARAMETER, Problem
from service.recording.posting import answered, received
from service.recording.recorder import Receipt, Refusal, Sent

router = APIRouter(tags=["access"])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAsked:
    """Whose the key is to be, and what for."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: Text
    """Whose it is, or what for."""
    role: Role
    """What it is for."""
    within: NamedBodyId | None = None
    """It records about this body and what is below it alone; absent: about all."""
    expires: Annotated[str, Field(json_schema_extra={"pattern": keys.EXPIRY})] | None = None
    """The day on which it no longer works, as `2027-01-31`, or in how many days, as `90d`; absent:
    it works until it is revoked."""

    def __post_init__(self) -> None:
        if self.within is not None and self.role != "recorder":
            raise ValueError("within: only what a recorder records can be limited to a body")


@dataclass(frozen=True, slots=True)
class KeyGiven:
    """A new key, which is told this once."""

    id: str
    """Its id: the principal that entries name."""
    key: str
    """The key itself: keep it, for nobody can tell it again."""
    role: str
    """What it is for."""
    within: str | None
    """It records about this body and what is below it alone; null: about all."""
    expires: str | None
    """The day on which it no longer works, UTC; null: it works until it is revoked."""
    decision: str
    """The decision by which the service recorded the grant."""
    position: int
    """The position of that decision."""


@dataclass(frozen=True, slots=True)
class KeyListed:
    """A key that was given to somebody."""

    id: str
    """Its id: the principal that entries name."""
    name: Any
    """Whose it is, or what for."""
    role: str
    """What it is for."""
    within: str | None
    """It records about this body and what is below it alone; null: about all."""
    expires: str | None
    """The day on which it no longer works, UTC; null: it works until it is revoked."""
    granted: int
    """The position of its grant."""
    granted_at: str
    """When it was given."""
    granted_by: str
    """Who gave it."""
    revoked: int | None
    """The position of its revocation; null: it was not revoked."""
    revoked_at: str | None
    """When it was revoked; null: it was not."""
    last_used: str | None
    """When it was last used, to the minute or so; null: never."""


@dataclass(frozen=True, slots=True)
class KeysAnswer:
    """The keys that were given."""

    keys: tuple[KeyListed, ...]
    """In the order in which they were given, those that no longer work included."""


@dataclass(frozen=True, slots=True)
class ReadsAnswer:
    """Who has read personal data."""

    reads: tuple[Read, ...]
    """In the order in which it was read."""


class KeysQuery(BaseModel):
    """Which page of the keys."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    cursor: int = Field(0, ge=0)
    """Where to go on, from the `next` link of the page before."""
    limit: int = Field(PAGE, ge=1, le=500)
    """How many items on a page."""


class ReadsQuery(KeysQuery):
    """Which of those who have read."""

    key: str | None = Field(None, pattern=r"^[!-~]+$")
    """Only what was read with this key."""


def _pages(model: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model, "headers": {"Link": LINK}}}


def _page(request: Request, content: Any, query: KeysQuery, following: int | None) -> Response:
    headers = {"Cache-Control": "no-store"}
    asked = query.model_dump(exclude={"cursor"}, exclude_none=True)
    if (to := links(request, asked, following, is_first=query.cursor == 0)) is not None:
        headers["Link"] = to
    return JSONResponse(content, headers=headers)


ASKED: Final = TypeAdapter(KeyAsked)


@router.post(
    "/v1/keys",
    status_code=201,
    summary="Give somebody a key",
    dependencies=[needs("grant"), NO_PARAMETERS],
    responses={201: {"model": KeyGiven, "description": "Recorded; the key is told this once."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ASKED.json_schema()}},
        }
    },
)
async def grant_key(request: Request) -> Response:
    """Make a key for somebody, of one role. The log keeps that, and a hash of the key alone."""
    body = await received(request)
    try:
        asked = ASKED.validate_json(body)
    except ValidationError as error:
        return problems.malformed(error, body)
    try:
        expires = None if asked.expires is None else keys.expiry(asked.expires, keys.today())
    except ValueError as error:
        raise Problem(PARAMETER, f"expires: {error}") from None
    decision, key, text = keys.grant(asked.name, asked.role, asked.within, expires)
    principal: Principal = request.state.principal
    given = await request.app.state.writer.record(Sent(decision, principal))
    if isinstance(given, Refusal):  # of the one act that the request was made into
        violations = [
            replace(each, pointer=each.pointer.removeprefix("/acts/0")) for each in given.violations
        ]
        return answered(Refusal(tuple(violations)))
    if not isinstance(given, Receipt):
        return answered(given)
    told = KeyGiven(key, text, asked.role, asked.within, expires, given.decision, given.position)
    headers = {"Cache-Control": "no-store", "Ledger-Position": str(given.position + 1)}
    return JSONResponse(asdict(told), 201, headers)


@router.get(
    "/v1/keys",
    summary="The keys that were given",
    dependencies=[needs("grant", "review")],
    responses=_pages(KeysAnswer),
)
def ask_keys(request: Request, query: Annotated[KeysQuery, Query()]) -> Response:
    """Every key that was ever given, with its role, and when it was last used."""
    ledger: Ledger = request.app.state.ledger
    ledger.keys.catch_up()
    found = [each for each in ledger.keys.all() if each.granted > query.cursor]
    page, used = found[: query.limit], {**ledger.reads.last_used(), **ledger.uses.now()}
    listed = with_texts([_listed(each, used.get(each.id)) for each in page], ledger.names)
    request.state.texts = len(listed)
    note(request, query.model_dump())
    following = page[-1].granted if len(found) > len(page) else None
    return _page(request, {"keys": listed}, query, following)


def _listed(key: Key, last_used: str | None) -> dict[str, Any]:
    told = {name: member for name, member in asdict(key).items() if name != "secret_sha256"}
    return {**told, "name": {"sha256": str(key.name)}, "last_used": last_used}


@router.post(
    "/v1/keys/{key_id}/revocation",
    status_code=201,
    summary="Revoke a key",
    dependencies=[needs("grant"), NO_PARAMETERS],
    responses={
        201: {"model": Receipt, "description": "Revoked: it no longer works."},
        200: {"model": Receipt, "description": "Revoked before."},
    },
)
async def revoke_key(request: Request, key_id: str) -> Response:
    """Have a key work no longer, for good. It records nothing that comes after."""
    ledger: Ledger = request.app.state.ledger
    await run_in_threadpool(ledger.keys.catch_up)
    key = ledger.keys.get(key_id)
    if key is None:
        raise Problem(NOT_FOUND, f"there is no key {key_id!r:.80}")
    if key.revoked is not None:
        return answered(await run_in_threadpool(ledger.receipt_at, key.revoked))
    given = await request.app.state.writer.record(
        Sent(keys.revocation(key_id), request.state.principal)
    )
    return answered(given)


@router.get(
    "/v1/access-log",
    summary="Who has read personal data",
    dependencies=[needs("review")],
    responses=_pages(ReadsAnswer),
)
def ask_access_log(request: Request, query: Annotated[ReadsQuery, Query()]) -> Response:
    """Each answer with personal texts that a key was given, oldest first."""
    ledger: Ledger = request.app.state.ledger
    found = ledger.reads.read(query.cursor, query.limit + 1, query.key)
    page = found[: query.limit]
    following = page[-1].number if len(found) > len(page) else None
    return _page(request, {"reads": [asdict(each) for each in page]}, query, following)

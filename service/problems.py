"""Problems: every error is a problem document (RFC 9457) of a stable type."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from domain.fields import ID_PATTERN
from domain.jurisdiction import JURISDICTION
from projections.views import ViewsBehind
from service.content import plain
from service.publication import NotPublished
from service.recorder import KeyReused, Refusal, Stale, Unsettled
from service.signing import LogRewound
from service.vault import VaultLocked
from service.writer import KeyRunning

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
LISTED = 100
"""Errors that a problem lists at most."""
COUNTED = 10_000
"""Errors beyond which none is listed: to list a million would keep everybody waiting."""


class Kind(NamedTuple):
    """A type of problem: its stable name, HTTP status and title."""

    name: str
    status: int
    title: str


MALFORMED = Kind("malformed", 422, "The request is malformed")
PARAMETER = Kind("parameter", 422, "A parameter is not as it should be")
CLOCKS = Kind("clocks", 400, "Give recorded_at or position, not both")
FUTURE = Kind("future", 422, "Nothing is recorded there yet")
REFUSED = Kind("refused", 409, "The decision breaks rules, and nothing was recorded")
HEADER = Kind("header", 400, "A header is not as it should be")
KEY_REUSED = Kind("key-reused", 422, "The idempotency key is that of another decision")
KEY_RUNNING = Kind("key-running", 409, "A request with this idempotency key is being answered")
STALE = Kind("stale", 412, "More was recorded meanwhile, and nothing of this")
MOVED = Kind("moved", 503, "The ledger was too busy, and nothing was recorded")
BEHIND = Kind("behind", 503, "The answer is not there yet")
UNKNOWN_OUTCOME = Kind("unknown-outcome", 503, "Whether it was recorded is not known")
UNAVAILABLE = Kind("unavailable", 503, "The database did not answer")
REWOUND = Kind("rewound", 503, "The log is not the one that was signed, and nothing was recorded")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
UNAUTHENTICATED = Kind("unauthenticated", 401, "It is not known who asks")
FORBIDDEN = Kind("forbidden", 403, "That is not for this key to do, and nothing was changed")
METHOD = Kind("method-not-allowed", 405, "That cannot be done here")
MEDIA = Kind("media-type", 415, "Send application/json")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
DEFECT = Kind("defect", 500, "The service failed")

KINDS = (
    MALFORMED,
    PARAMETER,
    CLOCKS,
    FUTURE,
    REFUSED,
    HEADER,
    KEY_REUSED,
    KEY_RUNNING,
    STALE,
    MOVED,
    BEHIND,
    UNKNOWN_OUTCOME,
    UNAVAILABLE,
    REWOUND,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD,
    MEDIA,
    TOO_LARGE,
    DEFECT,
)

SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "What is wrong, as a problem document (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "Which problem it is, in a form that does not change.",
            "examples": [f"urn:curule:problem:{kind.name}" for kind in KINDS],
        },
        "title": {"type": "string", "description": "The same in words, whatever the case."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is wrong in this case."},
        "violations": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Violation"},
            "description": "The rules that a decision breaks.",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "The JSON pointer into the request as it was sent.",
                    },
                    "parameter": {"type": "string", "description": "The parameter's name."},
                    "header": {"type": "string", "description": "The header's name."},
                    "message": {"type": "string", "description": "What is wrong there."},
                },
            },
            "description": "The fields, parameters or headers that are malformed.",
        },
        "newest": {"type": "integer", "description": "The newest position, if another was given."},
        "line": {"type": "integer", "description": "The line that it is about, of many."},
    },
}
"""The form of every problem, for the OpenAPI document."""


class Problem(Exception):
    """An answer that is a problem document."""

    def __init__(
        self, kind: Kind, detail: str, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members


def problem(
    kind: Kind, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """A problem document as a response."""
    content = {
        "type": f"urn:curule:problem:{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        **members,
    }
    return Response(
        json.dumps(content, ensure_ascii=False),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers) if headers else None,
    )


def refused(refusal: Refusal) -> Response:
    """409: the rules broken, each with the place in the request and the entries behind it.

    403 if one of them is that it is not for this key to record.
    """
    violations = plain(refusal.violations)
    count = len(violations)
    detail = violations[0]["message"] if count == 1 else f"{count} rules are broken"
    is_forbidden = any(each.rule in JURISDICTION for each in refusal.violations)
    return problem(FORBIDDEN if is_forbidden else REFUSED, detail, violations=violations)


def unrecorded(answer: Refusal | Unsettled | KeyReused | Stale) -> Response:
    """Why a decision was not recorded."""
    match answer:
        case Refusal():
            return refused(answer)
        case Unsettled():
            return moved(answer)
        case KeyReused():
            detail = f"It was sent with decision {answer.decision}, which has other content."
            return problem(KEY_REUSED, detail, decision=answer.decision)
        case Stale():
            return stale(answer.newest)


def stale(newest: int) -> Response:
    """412: what was built on is no longer all."""
    return problem(STALE, f"The newest position is {newest}.", newest=newest)


def unfinished(failure: Exception) -> Response:
    """Why it is not told whether decisions were recorded; what nobody foresaw is logged."""
    match failure:
        case LogRewound():
            return problem(REWOUND, str(failure))
        case VaultLocked():
            return problem(UNAVAILABLE, f"The vault is locked: {failure}.", {"Retry-After": "1"})
        case DBAPIError():
            detail = (
                "The database did not answer as it should. A decision sent with an id or an "
                "idempotency key may be sent again: it is recorded once."
            )
            return problem(UNKNOWN_OUTCOME, detail, {"Retry-After": "1"})
    logger.error("recording failed", exc_info=failure)
    return problem(DEFECT, "The service failed; its log says why.")


def moved(unsettled: Unsettled) -> Response:
    """503: nothing was recorded; the same request may be sent again."""
    detail = "What the decision rests on kept changing. Nothing was recorded; send it again."
    return problem(MOVED, detail, {"Retry-After": "1"}, decision=unsettled.decision)


def malformed(error: ValidationError, body: bytes) -> Response:
    """422: each field that is wrong, as a pointer into the request as it was sent."""
    count = error.error_count()
    if count > COUNTED:
        return problem(MALFORMED, f"{count} errors, too many to list", errors=[])
    errors = error.errors(include_url=False, include_input=False)[:LISTED]
    sent = json.loads(body) if any(each["loc"] for each in errors) else None
    wrong = [_Wrong(*_sent(each, sent), each) for each in errors]
    content = [
        {"pointer": each.pointer, "message": _message(each.error)}
        for each in wrong
        if not any(_meant(other, each) for other in wrong)
    ]
    first, more = content[0], len(content) - 1 + max(0, count - LISTED)
    detail = f"{first['pointer'] or 'the document'}: {first['message']}"
    return problem(MALFORMED, f"{detail} (and {more} more)" if more else detail, errors=content)


class _Wrong(NamedTuple):
    """An error: the pointer to its place, the value there, and what pydantic says of it."""

    pointer: str
    value: Any
    error: Mapping[str, Any]


def _sent(error: Mapping[str, Any], value: Any) -> tuple[str, Any]:
    """Where an error is in the request: pydantic adds which act and which form it has tried."""
    pointer, location = "", list(error["loc"])
    if location[:1] == ["acts"]:
        del location[2:3]
    if error["type"] == "missing":
        location.pop()
    for part in location:
        in_list = isinstance(value, list) and isinstance(part, int)
        if in_list or (isinstance(value, dict) and part in value):
            pointer, value = f"{pointer}/{_escaped(part)}", value[part]
    if error["type"] == "missing":
        pointer += f"/{_escaped(error['loc'][-1])}"
    elif error["type"].startswith("union_tag_"):
        pointer += "/type"
    return pointer, value


def _meant(other: _Wrong, each: _Wrong) -> bool:
    """Whether, of two forms that a field has, the other is the one that was meant."""
    form = {"int_type": dict, "dataclass_type": int}.get(each.error["type"])
    return (
        form is not None
        and isinstance(each.value, form)
        and other.error["type"] != each.error["type"]
        and f"{other.pointer}/".startswith(f"{each.pointer}/")
    )


_MESSAGES = {
    "missing": "this field is required",
    "unexpected_keyword_argument": "there is no such field",
    "union_tag_not_found": "an act needs a type",
}


def _message(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "union_tag_invalid":
            return f"{error['ctx']['tag']!r:.80} is no type of act"
        case "string_pattern_mismatch" if error["ctx"]["pattern"] == ID_PATTERN:
            return "give 1 to 64 letters, digits, dots, dashes or underscores, not a sign first"
        case "string_pattern_mismatch" if error["ctx"]["pattern"].startswith("^[^"):
            return "give at least one character, and no control characters"
        case known:
            return _MESSAGES.get(known) or str(error["msg"]).removeprefix("Value error, ")


def _escaped(part: int | str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> Response:
        headers = {"Retry-After": "1"} if error.kind.status == 503 else error.headers
        return problem(error.kind, error.detail, headers, **error.members)

    @app.exception_handler(ViewsBehind)
    async def _behind(_: Request, behind: ViewsBehind) -> Response:
        detail = f"The views do not answer yet: {behind}. Ask again."
        return problem(BEHIND, detail, {"Retry-After": "1"})

    @app.exception_handler(LogRewound)
    @app.exception_handler(VaultLocked)
    async def _closed(_: Request, failure: Exception) -> Response:
        return unfinished(failure)

    @app.exception_handler(KeyRunning)
    async def _running(_: Request, running: KeyRunning) -> Response:
        detail = "Send it again once that one is answered: then you get the same answer."
        return problem(KEY_RUNNING, detail, {"Retry-After": "1"})

    @app.exception_handler(NotPublished)
    async def _unpublished(_: Request, missing: NotPublished) -> Response:
        return problem(NOT_FOUND, str(missing))

    @app.exception_handler(RequestValidationError)
    async def _parameters(_: Request, error: RequestValidationError) -> Response:
        errors = [
            {
                "parameter": str(each["loc"][-1]),
                "message": str(each["msg"]).removeprefix("Value error, "),
            }
            for each in error.errors()
        ]
        detail = "; ".join(f"{each['parameter']}: {each['message']}" for each in errors)
        return problem(PARAMETER, detail, errors=errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        other = Kind("http", error.status_code, "The request was refused")
        kind = {404: NOT_FOUND, 405: METHOD}.get(error.status_code, other)
        detail = f"{request.method} {request.url.path}: {error.detail}"
        headers = {**(error.headers or {})}
        methods = app.openapi()["paths"].get(request.url.path, ())
        if error.status_code == 405 and methods:  # each route of a path knows its own alone
            headers["Allow"] = ", ".join(sorted(method.upper() for method in methods))
        return problem(kind, detail, headers)

    @app.exception_handler(DBAPIError)
    async def _database(request: Request, error: DBAPIError) -> Response:
        if request.method != "POST":
            return problem(UNAVAILABLE, "Ask again.", {"Retry-After": "1"})
        return unfinished(error)

    @app.exception_handler(Exception)
    async def _defect(_: Request, error: Exception) -> Response:
        return problem(DEFECT, "The service failed; its log says why.")

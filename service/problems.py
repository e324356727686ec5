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
from sqlalchemy.exc import TimeoutError as Crowded
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from domain.fields import ID_PATTERN
from domain.jurisdiction import JURISDICTION
from projections.views import TookTooLong, ViewsBehind, is_full
from service.content import plain
from service.log.publication import NotPublished
from service.log.signing import LogRewound
from service.operating.logs import request_id
from service.recording.members import escaped, named_twice
from service.recording.recorder import KeyReused, Refusal, Stale, Unsettled
from service.recording.writer import KeyRunning, OutOfTime
from service.vault.vault import VaultLocked

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPES = "urn:curule:problem:"
"""What the type of every problem begins with."""
LISTED = 100
"""Errors that a problem lists at most."""
PASSING = (408, 429, 503)
"""Statuses of what passes: the same request may be sent again."""
COUNTED = 10_000
"""Errors beyond which none is listed: to list a million would keep everybody waiting."""


class Kind(NamedTuple):
    """A type of problem: its stable name, HTTP status and title, and what to know of it."""

    name: str
    status: int
    title: str
    when: str
    """When it is told."""
    remedy: str
    """What a client does about it."""


MALFORMED = Kind(
    "malformed",
    422,
    "The request is malformed",
    "The JSON sent is not JSON, is nested too deep, names a member twice, or a field is missing, "
    "unknown or not as it should be. `errors` tells each place by its JSON pointer.",
    "Correct the request. Nothing was recorded.",
)
PARAMETER = Kind(
    "parameter",
    422,
    "A parameter is not as it should be",
    "A parameter is unknown, given twice, or its value is out of bounds (a `limit` above 500, a "
    "`cursor` that is none of ours). `errors` names each.",
    "Correct the parameter; `/docs` and the OpenAPI document tell which there are.",
)
HEADER = Kind(
    "header",
    400,
    "A header is not as it should be",
    "`Idempotency-Key` or `If-Match` is malformed, or cannot be given there. `errors` names it.",
    "Correct the header.",
)
KEY_REUSED = Kind(
    "key-reused",
    422,
    "The idempotency key is that of another decision",
    "A decision with other content was recorded with this `Idempotency-Key`; `decision` names it.",
    "Choose a new key for each decision.",
)
KEY_RUNNING = Kind(
    "key-running",
    409,
    "A request with this idempotency key is being answered",
    "The same `Idempotency-Key` came again before its first request was answered.",
    "Send it again after `Retry-After`: then it is told what came of the first.",
)
STALE = Kind(
    "stale",
    412,
    "More was recorded meanwhile, and nothing of this",
    "`If-Match` names another position than the newest one, which `newest` tells.",
    "Read what is new, and decide again.",
)
CLOCKS = Kind(
    "clocks",
    400,
    "Give recorded_at or position, not both",
    "Both name a point on the same clock.",
    "Leave one of them out.",
)
FUTURE = Kind(
    "future",
    422,
    "Nothing is recorded there yet",
    "`position` is beyond the newest entry, or `recorded_at` later than now.",
    "Ask for an earlier one; or with `min_position`, which waits.",
)
REFUSED = Kind(
    "refused",
    409,
    "The decision breaks rules, and nothing was recorded",
    "What the decision says cannot be, given what is recorded, or it bears the id of another. "
    "`violations` names each rule, the place in the request and the entries behind it.",
    "Correct the decision, or record first what it rests on. Sent again, it is judged anew.",
)
MOVED = Kind(
    "moved",
    503,
    "The ledger was too busy, and nothing was recorded",
    "What the decision rests on was changed by others each time that it was judged.",
    "Send it again.",
)
BEHIND = Kind(
    "behind",
    503,
    "The answer is not there yet",
    "The views are being built, or `min_position` is not recorded yet.",
    "Ask again after `Retry-After`.",
)
UNKNOWN_OUTCOME = Kind(
    "unknown-outcome",
    503,
    "Whether it was recorded is not known",
    "The database failed while a decision was being recorded.",
    "Send the same again, if it has an id: it is recorded once, and its first receipt returned.",
)
UNAVAILABLE = Kind(
    "unavailable",
    503,
    "The database did not answer",
    "A question found the database gone or busy, or the vault locked.",
    "Ask again after `Retry-After`.",
)
FULL = Kind(
    "full",
    503,
    "There is no room on the disk",
    "The disk of a database is full; nothing was changed.",
    "Send the same again, if it has an id: it is recorded once. Reading goes on meanwhile.",
)
REWOUND = Kind(
    "rewound",
    503,
    "The log is not the one that was signed, and nothing was recorded",
    "An older backup of the log was restored, or another log put in its place.",
    "Tell whoever runs the service: it signs nothing until the log is restored.",
)
NOT_FOUND = Kind(
    "not-found",
    404,
    "There is nothing here",
    "There is no such path, or what it names is not known at that basis.",
    "Look at the path, and at the day and the position that were asked for.",
)
UNAUTHENTICATED = Kind(
    "unauthenticated",
    401,
    "It is not known who asks",
    "No key was shown where one is needed, or one that is none or no longer works.",
    "Send `Authorization: Bearer …` with a key; whoever runs the service makes them.",
)
FORBIDDEN = Kind(
    "forbidden",
    403,
    "That is not for this key to do, and nothing was changed",
    "The key is of another role, or reaches no further than a body. `violations`, if there are "
    "any, tell what lies beyond it.",
    "Use another key, or have somebody do it who may.",
)
METHOD = Kind(
    "method-not-allowed",
    405,
    "That cannot be done here",
    "The path has other methods; `Allow` names them.",
    "Use one of them. What is recorded is neither changed nor deleted.",
)
NOT_ACCEPTABLE = Kind(
    "not-acceptable",
    406,
    "It does not come in a form that is accepted",
    "The `Accept` header excludes the media type of the answer.",
    "Accept it: `application/json` mostly; or leave the header out.",
)
LATE = Kind(
    "late",
    408,
    "The request took too long to arrive",
    "Its head, or its body, was not there in time. Nothing of it was recorded; of a stream, the "
    "lines before may be.",
    "Send it again, at once and as a whole.",
)
TOO_LARGE = Kind(
    "too-large",
    413,
    "The request is too large",
    "Its body has more bytes than the service takes.",
    "Split it: large histories are many decisions.",
)
MEDIA = Kind(
    "media-type",
    415,
    "Send application/json",
    "The body is of another type, compressed, or not in UTF-8.",
    "Send JSON in UTF-8, with `Content-Type: application/json`.",
)
RATE = Kind(
    "rate-limit",
    429,
    "Too many requests",
    "The client has sent all the requests that `RateLimit-Policy` grants it for now.",
    "Wait for as many seconds as `Retry-After` says.",
)
HEAD_TOO_LARGE = Kind(
    "head-too-large",
    431,
    "The address and the headers are too large",
    "They have more bytes, or there are more headers, than the service takes.",
    "Shorten them.",
)
BUSY = Kind(
    "busy",
    503,
    "There are too many connections",
    "As many clients as the service takes are connected already.",
    "Come back after `Retry-After`, and keep one connection for many requests.",
)
TOOK_TOO_LONG = Kind(
    "took-too-long",
    503,
    "The answer took too long",
    "The question was interrupted after the time that an answer may take.",
    "Ask for less: of one root, a smaller page, a narrower filter; or later.",
)
ORIGIN = Kind(
    "origin",
    400,
    "Pages of that origin may not do that",
    "A browser asks (CORS) on behalf of a page whose origin, method or header is not allowed.",
    "Have whoever runs the service name the origin in `CURULE_CORS_ORIGINS`.",
)
NOT_HTTP = Kind(
    "not-http",
    400,
    "The request cannot be read",
    "What was sent is not HTTP, or contradicts itself.",
    "Correct the client.",
)
HTTP = Kind(
    "http",
    400,
    "The request was refused",
    "Something else is wrong with the request; its status tells what.",
    "Read `status` and `detail`.",
)
DEFECT = Kind(
    "defect",
    500,
    "The service failed",
    "There is a defect in the service; its log tells which.",
    "Tell whoever runs it. A decision sent with an id may be sent again: it is recorded once.",
)

KINDS = (
    MALFORMED,
    PARAMETER,
    HEADER,
    KEY_REUSED,
    KEY_RUNNING,
    STALE,
    CLOCKS,
    FUTURE,
    REFUSED,
    MOVED,
    BEHIND,
    UNKNOWN_OUTCOME,
    UNAVAILABLE,
    FULL,
    REWOUND,
    UNAUTHENTICATED,
    FORBIDDEN,
    TOOK_TOO_LONG,
    BUSY,
    RATE,
    NOT_FOUND,
    METHOD,
    NOT_ACCEPTABLE,
    MEDIA,
    TOO_LARGE,
    HEAD_TOO_LARGE,
    LATE,
    ORIGIN,
    NOT_HTTP,
    HTTP,
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
            "examples": [f"{TYPES}{kind.name}" for kind in KINDS],
        },
        "title": {"type": "string", "description": "The same in words, whatever the case."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is wrong in this case."},
        "request_id": {
            "type": "string",
            "description": "Of a failure: by which the service's own log tells more of it.",
        },
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
    """A problem document as a response; where to wait helps, it says how long."""
    told = dict(headers or {})
    if kind.status in PASSING:
        told.setdefault("Retry-After", "1")
    content: dict[str, Any] = {
        "type": f"{TYPES}{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        **members,
    }
    if kind.status >= 500 and (asked := request_id()):
        content["request_id"] = asked
    return Response(
        json.dumps(content, ensure_ascii=False),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=told,
    )


def problem_of(error: Problem) -> Response:
    """The problem document of an exception."""
    return problem(error.kind, error.detail, error.headers, **error.members)


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


def unanswered(failure: Exception, *, records: bool) -> Response:
    """Why there is no answer, of whoever asked or (`records`) recorded.

    What nobody foresaw is logged.
    """
    match failure:
        case LogRewound():
            return problem(REWOUND, str(failure))
        case VaultLocked():
            return problem(UNAVAILABLE, f"The vault is locked: {failure}.")
        case DBAPIError() if _is_full(failure):
            return problem(FULL, f"{_AGAIN} Reading goes on.")
        case DBAPIError() | Crowded() | OutOfTime() if records:
            return problem(UNKNOWN_OUTCOME, f"The database did not answer as it should. {_AGAIN}")
        case DBAPIError() | Crowded() | OutOfTime():
            return problem(UNAVAILABLE, "Ask again.")
    logger.error("recording failed", exc_info=failure)
    return problem(DEFECT, "The service failed; its log says why.")


_AGAIN = "A decision sent with an id or an idempotency key may be sent again: it is recorded once."


def _is_full(error: DBAPIError) -> bool:
    """Whether a database says that its disk is full, in which case it has changed nothing."""
    return is_full(error.orig) or getattr(error.orig, "sqlstate", None) == "53100"


def moved(unsettled: Unsettled) -> Response:
    """503: nothing was recorded; the same request may be sent again."""
    detail = "What the decision rests on kept changing. Nothing was recorded; send it again."
    return problem(MOVED, detail, decision=unsettled.decision)


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


def expect_members_once(document: bytes) -> None:
    """Refuse JSON in which an object names a member twice."""
    if (pointer := named_twice(document)) is not None:
        message = "this member is named twice"
        errors = [{"pointer": pointer, "message": message}]
        raise Problem(MALFORMED, f"{pointer}: {message}", errors=errors)


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
            pointer, value = f"{pointer}/{escaped(part)}", value[part]
    if error["type"] == "missing":
        pointer += f"/{escaped(error['loc'][-1])}"
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


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> Response:
        return problem_of(error)

    @app.exception_handler(ViewsBehind)
    async def _behind(_: Request, behind: ViewsBehind) -> Response:
        detail = f"The views do not answer yet: {behind}. Ask again."
        return problem(BEHIND, detail)

    @app.exception_handler(TookTooLong)
    async def _interrupted(_: Request, __: TookTooLong) -> Response:
        return problem(TOOK_TOO_LONG, "The question was interrupted. Ask for less, or later.")

    @app.exception_handler(LogRewound)
    @app.exception_handler(VaultLocked)
    async def _closed(_: Request, failure: Exception) -> Response:
        return unanswered(failure, records=True)

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
        other = HTTP._replace(status=error.status_code)
        kind = {404: NOT_FOUND, 405: METHOD}.get(error.status_code, other)
        detail = f"{request.method} {request.url.path}: {error.detail}"
        headers = {**(error.headers or {})}
        if error.status_code == 405:
            headers["Allow"] = _allowed(app, request.url.path, headers.get("Allow", ""))
        return problem(kind, detail, headers)

    @app.exception_handler(DBAPIError)
    @app.exception_handler(Crowded)
    @app.exception_handler(OutOfTime)
    async def _database(request: Request, error: Exception) -> Response:
        return unanswered(error, records=request.method == "POST")


def _allowed(app: FastAPI, path: str, of_the_route: str) -> str:
    """The methods of a path: each route knows its own alone, and HEAD goes with GET."""
    methods = {each.strip() for each in of_the_route.split(",")}
    for template, operations in app.openapi()["paths"].items():
        if compile_path(template)[0].fullmatch(path):
            methods |= {method.upper() for method in operations}
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods - {""}))

"""Problems: every error is a problem document (RFC 9457) of a stable type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from domain.acts import ACTS
from domain.shape import to_json
from service.recorder import Refusal, Unsettled

MEDIA_TYPE = "application/problem+json"


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
MOVED = Kind("moved", 503, "The ledger was too busy, and nothing was recorded")
BEHIND = Kind("behind", 503, "The answer is not there yet")
UNKNOWN_OUTCOME = Kind("unknown-outcome", 503, "Whether it was recorded is not known")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
MEDIA = Kind("media-type", 415, "Send application/json")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
DEFECT = Kind("defect", 500, "The service failed")

KINDS = (
    MALFORMED,
    PARAMETER,
    CLOCKS,
    FUTURE,
    REFUSED,
    MOVED,
    BEHIND,
    UNKNOWN_OUTCOME,
    NOT_FOUND,
    MEDIA,
    TOO_LARGE,
    DEFECT,
)


class Problem(Exception):
    """An answer that is a problem document."""

    def __init__(self, kind: Kind, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
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
    """409: the rules broken, each with the place in the request and the entries behind it."""
    violations = [to_json_all(each) for each in refusal.violations]
    count = len(violations)
    detail = violations[0]["message"] if count == 1 else f"{count} rules are broken"
    return problem(REFUSED, detail, violations=violations)


def to_json_all(value: Any) -> Any:
    """JSON values of a dataclass with every member, given or not."""
    return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return to_json_all(value) if hasattr(value, "__dataclass_fields__") else to_json(value)


def moved(unsettled: Unsettled) -> Response:
    """503: nothing was recorded; the same request may be sent again."""
    detail = "What the decision rests on kept changing. Nothing was recorded; send it again."
    return problem(MOVED, detail, {"Retry-After": "1"}, decision=unsettled.decision)


def malformed(error: ValidationError) -> Response:
    """422: each field that is wrong, as a pointer into the request as it was sent."""
    errors = [_error(each) for each in error.errors(include_url=False)]
    return problem(MALFORMED, _first(errors), errors=errors)


def _error(error: Mapping[str, Any]) -> dict[str, str]:
    location = [part for part in error["loc"] if not _added(part)]
    pointer = "".join(f"/{_escaped(part)}" for part in location)
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "union_tag_invalid":
        message = f"{error['ctx']['tag']!r} is no type of act"
        pointer += "/type"
    elif error["type"] == "union_tag_not_found":
        message = "an act needs a type"
        pointer += "/type"
    elif error["type"] == "unexpected_keyword_argument":
        message = "there is no such field"
    elif error["type"] == "missing":
        message = "this field is required"
    return {"pointer": pointer, "message": message}


def _added(part: int | str) -> bool:
    """Whether pydantic has put this part into a location: the request does not have it."""
    return part in ACTS or part in ("constrained-int", "ActOf")


def _escaped(part: int | str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _first(errors: Sequence[Mapping[str, str]]) -> str:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first['pointer'] or 'the document'}: {first['message']}{more}"


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> Response:
        headers = {"Retry-After": "1"} if error.kind.status == 503 else None
        return problem(error.kind, error.detail, headers, **error.members)

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
    async def _http(_: Request, error: HTTPException) -> Response:
        name = {404: NOT_FOUND.name, 405: "method-not-allowed"}.get(error.status_code, "http")
        kind = Kind(name, error.status_code, str(error.detail))
        return problem(kind, str(error.detail), error.headers)

    @app.exception_handler(DBAPIError)
    async def _database(_: Request, error: DBAPIError) -> Response:
        detail = (
            "The database did not answer as it should. A decision sent with an id may be sent "
            "again: it is recorded once."
        )
        return problem(UNKNOWN_OUTCOME, detail, {"Retry-After": "1"})

    @app.exception_handler(Exception)
    async def _defect(_: Request, error: Exception) -> Response:
        return problem(DEFECT, "The service failed; its log says why.")

"""Documents: a problem as it is told (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi.responses import Response

from service.operating.logs import request_id
from service.problems.kinds import KINDS, PASSING, TYPES, Kind

MEDIA_TYPE: Final = "application/problem+json"

LISTED: Final = 100
"""Violations or errors that a problem lists at most."""

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
            "description": f"The rules that a decision breaks, the first {LISTED} of them.",
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
            "description": f"What is malformed: fields, parameters or headers, {LISTED} at most.",
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

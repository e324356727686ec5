"""What is malformed: each place of a request that is wrong, as it was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from fastapi.responses import Response
from pydantic import ValidationError

from domain.fields import ID_PATTERN
from service.problems.documents import LISTED, Problem, problem
from service.problems.kinds import MALFORMED
from service.recording.members import escaped, named_twice

COUNTED: Final = 10_000
"""Errors beyond which none is listed: to list a million would keep everybody waiting."""


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

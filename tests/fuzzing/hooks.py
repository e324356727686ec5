"""Formats, a check, and the rules between parameters and fields, which no schema can state.

What these rules refuse is tested where they are; here requests that are meant to be right keep to
them, so that whatever else the service refuses is a defect of its document.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st
from pydantic import ValidationError
from schemathesis.generation.meta import TestPhase

from service.problems import KINDS, MEDIA_TYPE
from service.recording.posting import DECISION
from tests.fuzzing.founded import FOUNDED

Case = schemathesis.Case[Any]

DAYS: Final = st.dates().map(lambda day: day.isoformat())
MONTHS: Final = DAYS.map(lambda day: day[:7])
UNCERTAIN: Final = st.sampled_from(["{}", "{}~", "{}?", "{}%", "[..{}]", "[{}..]"])

schemathesis.openapi.format(
    "edtf",
    st.tuples(st.one_of(DAYS, MONTHS), UNCERTAIN).map(lambda made: made[1].format(made[0])),
)

LINES: Final = "application/jsonl"


@schemathesis.serializer(LINES)
def lines_sent(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    """Lines are sent as they are."""
    return str(value).encode(errors="replace")


@schemathesis.deserializer(LINES)
def lines_answered(
    ctx: schemathesis.DeserializationContext, response: schemathesis.Response
) -> str:
    """Lines are answered as they are."""
    return response.text


TYPES: Final = {f"urn:curule:problem:{kind.name}": kind for kind in KINDS}


@schemathesis.check
def every_error_is_a_known_problem(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case
) -> None:
    """An error is a problem document of a type that is written down, with its own status."""
    if response.status_code < 400 or case.method == "HEAD":
        return
    (media_type,) = response.headers["content-type"]
    assert media_type.partition(";")[0] == MEDIA_TYPE, media_type
    told = response.json()
    kind = TYPES.get(told["type"])
    assert kind is not None, f"{told['type']} is no type of problem"
    assert (told["status"], told["title"]) == (kind.status, kind.title)
    assert kind.status == response.status_code
    assert told["detail"]


@schemathesis.hook
def map_case(ctx: schemathesis.HookContext, case: Case) -> Case:
    """Ask of what is recorded: the future is refused, or waited for."""
    is_right = case.meta is not None and case.meta.generation.mode.is_positive
    is_chain = case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL
    if is_right and is_chain:
        _lead_on(case)
    query = case.query
    if query:
        for name, value in query.items():
            if name.endswith("position") and isinstance(value, int) and value >= 0:
                query[name] = min(value, RECORDED)
            if name.endswith("recorded_at") and _is_recent(value):
                query[name] = datetime.now(UTC).isoformat()
        if is_right:
            _agree(query)
    if is_right and _is(case, "ask_person_authority"):
        case.query = _of_one_thing(case.query or {})
    if _is(case, "revoke_key") and case.path_parameters.get("key_id") in ("a-key", *KEPT):
        case.path_parameters["key_id"] = SPARE
    if is_right and _is(case, "grant_key"):
        _grant(case.body)
    if is_right and _is(case, "record_decision"):
        _record_once(case)
    if is_right:
        case.body = _written(case.body, is_erasure=_is(case, "erase_person"))
    return case


def _grant(asked: Any) -> None:
    """Ask for a key until a day to come, which is not known, and limit recorders alone."""
    if isinstance(asked, dict):
        asked.pop("expires", None)
        if asked.get("role") != "recorder":
            asked.pop("within", None)


def _lead_on(case: Case) -> None:
    """Have a chain of requests begin with something: a whole list, or a new person."""
    parameters = case.operation.definition.raw.get("parameters", ())
    if any(each["name"] == "cursor" for each in parameters):
        case.query = {}
    if _is(case, "record_decision") and isinstance(case.body, dict):
        case.body["acts"] = [{"type": "person.registered", "effective": "2025", "name": "Cy"}]
        for name in ("taken_by", "meeting", "authority", "vote"):
            case.body.pop(name, None)


RECORDED: Final = int(os.environ.get("CURULE_FUZZ_RECORDED", 1 + len(FOUNDED["acts"])))
"""The position of the newest entry when the first question is asked."""

SPARE, *KEPT = os.environ.get("CURULE_FUZZ_KEYS", "a-key").split()
"""The ids of a key that may be revoked, and of those that are in use."""


def _is_recent(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value) > datetime(2020, 1, 1, tzinfo=UTC)
    except (TypeError, ValueError):
        return False


def _agree(query: dict[str, Any]) -> None:
    """Name each clock once, and the first basis before the second."""
    for end in ("", "from_", "to_"):
        if f"{end}position" in query:
            query.pop(f"{end}recorded_at", None)
    if query.keys() & {"from_position", "to_position"}:
        query.pop("from_recorded_at", None)
        query.pop("to_recorded_at", None)
    for clock, first, last in (
        ("effective_at", "0001-01-01", "9999-12-31"),
        ("recorded_at", "2020-01-01T00:00:00Z", None),
        ("position", 0, None),
    ):
        ends = f"from_{clock}", f"to_{clock}"
        given = sorted(query[end] for end in ends if end in query)
        if len(given) == 2:
            query[ends[0]], query[ends[1]] = given
        elif ends[0] in query and last is not None:
            query[ends[1]] = last
        elif ends[1] in query:
            query[ends[0]] = first


def _record_once(case: Case) -> None:
    """Build on whatever is newest, with a key that is new; many at once have rules of their own."""
    headers = case.headers
    if "If-Match" in headers:
        headers["If-Match"] = "*"
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = uuid4().hex
    is_many = case.media_type == LINES
    for name in ("dry_run",) if is_many else ("stop",):
        (case.query or {}).pop(name, None)
    if is_many:
        headers.pop("If-Match", None)


def _of_one_thing(query: dict[str, Any]) -> dict[str, Any]:
    """A question about one post held, or else about one role in one body."""
    if "post" not in query and {"body", "role"} <= query.keys():
        return query
    rest = {name: each for name, each in query.items() if name not in ("body", "role")}
    return {"post": "a-post", **rest}


def _written(body: Any, *, is_erasure: bool) -> Any:
    """A body with its integers written as integers; those of an erasure are of entries."""
    if isinstance(body, dict):
        return {name: _written(each, is_erasure=is_erasure) for name, each in body.items()}
    if isinstance(body, list):
        return [_written(each, is_erasure=is_erasure) for each in body]
    if isinstance(body, float) and body.is_integer():
        body = int(body)
    if is_erasure and isinstance(body, int):
        return body % RECORDED + 1
    return body


@schemathesis.hook
def filter_case(ctx: schemathesis.HookContext, case: Case) -> bool:
    """Whether a request that is meant to be right keeps the rules between its fields."""
    return case.meta is None or case.meta.generation.mode.is_negative or _agrees(case)


@schemathesis.hook
def before_add_examples(ctx: schemathesis.HookContext, examples: list[Case]) -> None:
    """Examples are made of the examples of fields: of these, too, not all go together."""
    examples[:] = [map_case(ctx, case) for case in examples if _agrees(case)]


def _agrees(case: Case) -> bool:
    return not _is(case, "record_decision") or not _disagree(case.body)


def _is(case: Case, operation: str) -> bool:
    return bool(case.operation.definition.raw.get("operationId") == operation)


def _disagree(decision: Any) -> bool:
    """Whether fields that are right by themselves do not agree: an object is wrong as a whole."""
    try:
        DECISION.validate_json(json.dumps(decision))
    except ValidationError as error:
        return any(
            each["type"] == "value_error" and not isinstance(each["input"], str | list)
            for each in error.errors()
        )
    return False

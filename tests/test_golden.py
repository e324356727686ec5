"""Evolution: every form that was ever stored is read, and stays as it was stored.

`golden/entries.jsonl` holds entries as releases wrote them. Its lines are never edited: `python -m
tests.test_golden` adds to it, below, an entry of each type and version that it lacks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from domain.acts import AccessGranted, AccessRevoked, SubjectErased
from domain.decisions import DecisionTaken
from domain.entries import (
    PAYLOADS,
    Entry,
    EntryUnreadable,
    halves,
    microseconds,
    read,
    seal,
    tags_of,
)
from domain.fields import Commitment
from domain.recording import draft
from domain.shape import commit, to_json
from domain.upcasts import UPCASTS, gaps
from tests.ledgers import decision
from tests.test_forms import EVERY_ACT

GOLDEN: Final = Path(__file__).parent / "golden" / "entries.jsonl"
FROZEN: Final = (68, "dcbd9f6520e69f29040c080a232436673016829fabe3f32e8667ebc2fae9f5e5")
"""How many lines are frozen, and their SHA-256: raised when lines are added, else left alone."""

LINES = GOLDEN.read_bytes().splitlines(keepends=True) if GOLDEN.exists() else []
STORED = [json.loads(line) for line in LINES]
VERSIONS = {type_: payload.version for type_, payload in PAYLOADS.items()}
FORMS = {(type_, each) for type_, newest in VERSIONS.items() for each in range(1, newest + 1)}

ENVELOPE: dict[str, Any] = {
    "id": "first",
    "title": "The bureau is founded",
    "text": "As the minutes have it.",
    "taken_by": "council",
    "meeting": "congress",
    "date": "2025-01-08",
    "authority": "may",
    "vote": {"eligible": 5, "cast": 4, "counts": [{"option": "for", "value": 4}]},
    "sources": [
        {"title": "Minutes", "url": "https://a.example", "published": "2025-02", "sha256": "0" * 64}
    ],
}


def form(stored: dict[str, Any]) -> tuple[str, int]:
    return stored["act"]["type"], stored["version"]


def written() -> Iterator[bytes]:
    taken = decision(EVERY_ACT[0], **ENVELOPE)
    payloads = [draft(taken, Nothing(), "test")[0].act]
    payloads += [act for each in EVERY_ACT for act in decision(each).acts]
    payloads.append(
        SubjectErased(
            type="subject.erased", person="ann", ground="gdpr-17-1-b", digests=("A" * 43, "_" * 43)
        )
    )
    payloads.append(
        AccessGranted(
            type="access.granted",
            key="k1",
            name="The secretary's office",
            role="recorder",
            within="council",
            expires="2027-01-31",
            secret_sha256="0" * 64,
        )
    )
    payloads.append(AccessRevoked(type="access.revoked", key="k1"))
    for number, act in enumerate(payloads):
        stored = commit(act, "decision:first", committed)
        entry = Entry(0, "", "test", "first", number, stored, tags_of(stored, "first"))
        yield seal(*halves(entry), number + 1, 1_763_800_748_123_456) + b"\n"


def committed(field: str, text: str, subject: str) -> Commitment:
    disclosure = _base64(json.dumps(["A" * 22, field, text], ensure_ascii=False).encode())
    return Commitment(_base64(hashlib.sha256(disclosure.encode()).digest()))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Nothing:
    def entries(self, tag: str, types: frozenset[str]) -> list[Entry]:
        return []

    def at(self, position: int) -> Entry | None:
        return None


def test_every_form_of_the_registry_has_a_golden_entry() -> None:
    missing = FORMS - {form(each) for each in STORED}
    assert not missing, "run python -m tests.test_golden"


def test_every_golden_entry_is_of_the_registry() -> None:
    assert {form(each) for each in STORED} == FORMS


def test_golden_entries_are_never_edited() -> None:
    number, digest = FROZEN
    assert number == len(LINES), "lines were added: raise FROZEN"
    assert hashlib.sha256(b"".join(LINES[:number])).hexdigest() == digest


@pytest.mark.parametrize("line", LINES, ids=[f"{form(each)[0]}-{form(each)[1]}" for each in STORED])
def test_a_golden_entry_is_read_and_written_as_it_is_stored(line: bytes) -> None:
    entry, stored = read(line), json.loads(line)
    assert entry.type == stored["act"]["type"]
    assert (entry.position, entry.number, entry.decision, entry.recorded_by) == (
        stored["position"],
        stored["number"],
        stored["decision"],
        stored["recorded_by"],
    )
    if stored["version"] == VERSIONS[entry.type]:
        again = seal(*halves(entry), entry.position, microseconds(entry.recorded_at))
        assert again + b"\n" == line
        assert to_json(entry.act) == stored["act"]
    else:
        assert isinstance(entry.act, PAYLOADS[entry.type])


def test_steps_lead_from_every_older_form_to_the_newest() -> None:
    assert not gaps(VERSIONS)
    for (type_, version), step in UPCASTS.items():
        for each in STORED:
            if form(each) == (type_, version):
                before = json.dumps(each["act"])
                assert step(each["act"])["type"] == type_
                assert json.dumps(each["act"]) == before, "what a step is given stays"


# The machinery, shown on versions made up here

DIED = next(line for line in LINES if b'"person.died"' in line) if LINES else b""


LATER = {**VERSIONS, "person.died": 3}


def from_one(act: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in act.items() if name != "person"},
        "who": act["person"],
    }


def from_two(act: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in act.items() if name != "who"}
    return {**rest, "person": act["who"], "effective": act["effective"][:4]}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(PAYLOADS["person.died"], "version", 3)
    return monkeypatch


def test_steps_are_taken_one_after_the_other(later: pytest.MonkeyPatch) -> None:
    later.setitem(UPCASTS, ("person.died", 1), from_one)
    later.setitem(UPCASTS, ("person.died", 2), from_two)
    first = read(DIED)
    assert to_json(first.act) == {"type": "person.died", "person": "ann", "effective": "2024"}
    assert first.moments[0].text == "2024"
    assert first.tags == tuple(json.loads(DIED)["tags"])
    second = {**json.loads(DIED), "version": 2, "act": from_one(json.loads(DIED)["act"])}
    assert read(json.dumps(second).encode()).act == first.act
    third = {**second, "version": 3, "act": to_json(first.act)}
    assert read(json.dumps(third).encode()).act == first.act
    assert not gaps(LATER)


def test_without_its_steps_an_older_form_is_not_read(later: pytest.MonkeyPatch) -> None:
    with pytest.raises(EntryUnreadable, match=r"version 1 of person\.died is not known"):
        read(DIED)
    assert gaps(LATER) == {("person.died", 1), ("person.died", 2)}
    later.setitem(UPCASTS, ("person.died", 1), from_one)
    with pytest.raises(EntryUnreadable, match=r"version 2 of person\.died is not known"):
        read(DIED)
    assert gaps(LATER) == {("person.died", 2)}


def test_a_step_that_is_wrong_stops_as_well(later: pytest.MonkeyPatch) -> None:
    later.setitem(UPCASTS, ("person.died", 1), from_one)
    later.setitem(UPCASTS, ("person.died", 2), lambda act: act)
    with pytest.raises(EntryUnreadable, match="who"):
        read(DIED)
    later.setitem(UPCASTS, ("person.dyed", 1), from_one)
    assert gaps(LATER) == {("person.dyed", 1)}


@pytest.mark.parametrize("version", [2, 0, -1, "1", None, 1.5])
def test_a_version_that_never_was_is_not_read(version: Any) -> None:
    stored = {**json.loads(DIED), "version": version}
    with pytest.raises(EntryUnreadable):
        read(json.dumps(stored).encode())


@pytest.mark.parametrize("type_", ["os.system", "domain.acts.PersonDied", "__class__", "", None, 7])
def test_a_type_is_looked_up_in_the_registry_alone(type_: Any) -> None:
    stored = json.loads(DIED)
    stored["act"]["type"] = type_
    with pytest.raises(EntryUnreadable):
        read(json.dumps(stored).encode())


def test_an_envelope_is_versioned_too(monkeypatch: pytest.MonkeyPatch) -> None:
    (taken,) = (line for line in LINES if b'"decision.taken"' in line)
    monkeypatch.setattr(DecisionTaken, "version", 2)
    with pytest.raises(EntryUnreadable):
        read(taken)
    monkeypatch.setitem(UPCASTS, ("decision.taken", 1), lambda act: {**act, "acts": 9})
    act = read(taken).act
    assert isinstance(act, DecisionTaken)
    assert act.acts == 9


if __name__ == "__main__":
    lacking = FORMS - {form(each) for each in STORED}
    more = [line for line in written() if form(json.loads(line)) in lacking]
    GOLDEN.write_bytes(b"".join([*LINES, *more]))
    digest_ = hashlib.sha256(GOLDEN.read_bytes()).hexdigest()
    told = f"{len(more)} lines are added: FROZEN = ({len(LINES) + len(more)}, {digest_!r})\n"
    sys.stdout.write(told)

"""Stored forms: an act is written and read back the same, and says all that it mentions."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.acts import ACTS, StructureAct
from domain.entries import Entry, EntryUnreadable, canonical, halves, read, seal, tags_of
from domain.fields import Commitment
from domain.shape import commit, from_json, to_json
from domain.tracks import acts_on
from tests.ledgers import act, decision

EVERY_ACT: tuple[dict[str, Any], ...] = (
    act(
        "person.registered",
        "2012-04~",
        person="ann",
        name="Ann Amber",
        other_names=[{"name": "An Ambr", "scheme": "simplified", "lang": "en"}],
        note="as the minutes spell it",
    ),
    act("person.renamed", "2020", person="ann", name="Ann Birch"),
    act("person.died", "2024-12", person="ann"),
    act(
        "body.established",
        "[..2025-01-23]",
        body="bureau",
        name="Bureau",
        other_names=[{"name": "Büro", "lang": "de"}],
        classification="bureau",
        within="council",
        permanence="permanent",
        formed_from=["office", "desk"],
        area="North",
        purpose="to keep the books",
    ),
    act("body.renamed", "2025-01-30", body="bureau", name="Office"),
    act("body.moved", "2025-01-30", body="bureau", within="council"),
    act("body.changed", "2025-01-30", body="bureau", classification="office", purpose="archives"),
    act(
        "body.dissolved",
        "2025-02-01",
        body="bureau",
        manner="merged",
        reason="too small",
        succeeded_by=["council"],
    ),
    act("line.drawn", "2025-01-30", post="chair", to="council", kind="reports_to"),
    act("line.ended", "2025-01-31", body="bureau", to="council", kind="managed_by"),
    act(
        "post.created",
        "2025-01-01",
        post="chair",
        body="bureau",
        label="Chair",
        seats=1,
        voting=False,
        powers="signs",
        area="North",
        head=True,
        approval="council",
    ),
    act("post.changed", "2025-01-02", post="chair", seats=0, voting=True, powers="speaks"),
    act("post.renamed", "2025-01-02", post="chair", label="Head"),
    act("post.abolished", "2025-01-03", post="chair"),
    act(
        "election.held",
        "2025-01-01",
        election="vote",
        body="council",
        method="approval",
        contested=True,
        opened="2024-12-25",
        closed="2024-12-29",
        eligible=38,
        cast=35,
        invalid=1,
        counts=[{"option": "for", "value": 34}],
        rounds=[{"eligible": 38, "cast": 35, "counts": [{"option": "against", "value": 0}]}],
        contests=[
            {
                "post": "chair",
                "seats": 1,
                "contested": False,
                "eligible": 30,
                "cast": 20,
                "invalid": 0,
                "candidates": [
                    {"person": "ann", "votes": 20, "rank": 1, "affiliation": "Garden Club"}
                ],
                "counts": [{"option": "score", "value": -3}],
                "elected": ["ann", "bo"],
                "not_seated": [{"person": "bo", "reason": "moved away"}],
                "until": "2027",
            },
            {"body": "council", "role": "member", "elected": ["cy"], "outcome": "tie"},
        ],
    ),
    act("election.annulled", "2025-01-09", election="vote", reason="the roll was wrong"),
    act("appointment.made", "2025-01-01", person="ann", post="chair", by="council", until="2027"),
    act("appointment.approved", "2025-01-02", person="ann", post="chair", by="council"),
    act("tenure.started", "2025-01-01", person="ann", post="chair"),
    act("tenure.ended", "2025-01-01", person="ann", post="chair", reason="resigned"),
    act("tenure.attested", "2025-01-01", person="ann", post="chair"),
    act("activist.admitted", "2025-01-01", person="ann", body="cell", reason="asked to"),
    act("activist.assigned", "2025-01-01", person="ann", body="cell", from_body="club"),
    act("activist.transferred", "2025-01-01", person="ann", body="cell", from_body="club"),
    act("activist.excluded", "2025-01-01", person="ann", body="cell", reason="absent"),
    act("activist.left", "2025-01-01", person="ann", body="cell", reason="no time"),
    act("membership.started", "2025-01-01", person="ann", body="cell", role="member", voting=True),
    act("membership.ended", "2025-01-01", person="ann", body="cell", role="member"),
    act("entry.retracted", entry={"decision": "first", "act": 2}, reason="a slip", corrects=None),
)
PERSONAL = {"name", "note", "reason", "purpose", "powers"}
IN_CLEAR = {
    ("body.established", "name"),
    ("body.renamed", "name"),
    ("tenure.ended", "reason"),  # a code
}


def test_every_act_is_here() -> None:
    assert {each["type"] for each in EVERY_ACT} == set(ACTS)


@pytest.mark.parametrize("posted", EVERY_ACT, ids=lambda posted: str(posted["type"]))
def test_what_is_posted_is_what_is_stored(posted: dict[str, Any]) -> None:
    (parsed,) = decision(posted).acts
    given_fields = {name: value for name, value in posted.items() if value is not None}
    assert to_json(parsed) == given_fields
    assert from_json(type(parsed), given_fields) == parsed


@pytest.mark.parametrize("posted", EVERY_ACT, ids=lambda posted: str(posted["type"]))
def test_tags_and_types_find_every_track_that_an_act_changes(posted: dict[str, Any]) -> None:
    (parsed,) = decision(posted).acts
    entry = Entry(7, "", "test", "first", 1, parsed, tags_of(parsed, "first"))
    changed = entry.moments
    assert bool(changed) == isinstance(parsed, StructureAct)
    for moment in changed:
        tag, types = acts_on(moment.track)
        assert tag in entry.tags
        assert entry.type in types


@pytest.mark.parametrize("posted", EVERY_ACT, ids=lambda posted: str(posted["type"]))
def test_an_entry_holds_no_personal_text_in_clear(posted: dict[str, Any]) -> None:
    (parsed,) = decision(posted).acts
    texts: dict[str, tuple[str, str]] = {}

    def committed(field: str, text: str, subject: str) -> Commitment:
        texts[text] = (field, subject)
        return Commitment(f"digest-of-{len(texts)}")

    stored = commit(parsed, "decision:first", committed)
    held = json.dumps(to_json(stored), ensure_ascii=False)
    assert not any(text in held for text in texts)
    assert from_json(type(stored), to_json(stored)) == stored
    for name in PERSONAL & posted.keys():
        assert (posted[name] in texts) == ((posted["type"], name) not in IN_CLEAR)
    for _, subject in texts.values():
        named = posted.get("person") or ("bo" if posted["type"] == "election.held" else None)
        one_person = named is not None and posted["type"] != "election.annulled"
        assert subject == (f"person:{named}" if one_person else "decision:first")


def test_an_entry_reads_back_from_its_bytes() -> None:
    (parsed,) = decision(EVERY_ACT[3]).acts
    draft = Entry(0, "", "test", "first", 1, parsed, tags_of(parsed, "first"))
    stored = seal(*halves(draft), 12, 1_763_800_748_123_456)
    entry = read(stored)
    assert (entry.position, entry.recorded_at) == (12, "2025-11-22T08:39:08.123456Z")
    assert (entry.act, entry.tags, entry.number) == (parsed, draft.tags, 1)
    assert stored == rfc8785.dumps(json.loads(stored))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"act": {"type": "os:system"}},
        {"act": {"type": "person.died"}},
        {"act": {"type": "person.died", "effective": "2020", "person": "a", "more": 1}},
    ],
)
def test_an_entry_of_a_form_not_known_stops_with_a_clear_error(change: dict[str, Any]) -> None:
    (parsed,) = decision(act("person.died", "2020", person="ann")).acts
    draft = Entry(0, "", "test", "first", 1, parsed, tags_of(parsed, "first"))
    stored = json.loads(seal(*halves(draft), 1, 0))
    with pytest.raises(EntryUnreadable):
        read(json.dumps({**stored, **change}).encode())


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcXYZ_-0.", max_size=5), inner),
)


@given(values)
def test_canonical_json_is_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)

"""Stored forms: an act is written and read back the same, and says all that it mentions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.acts import ACTS, StructureAct
from domain.entries import Entry, EntryUnreadable, canonical, halves, read, seal, tags_of
from domain.fields import Commitment
from domain.shape import commit, from_json, shape, to_json
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
    act("person.renamed", "2020", person="ann", name="Ann Birch", other_names=[{"name": "A. B."}]),
    act("person.died", "2024-12", person="ann"),
    act("person.merged", "2025-01-30", person="ann", into="bo"),
    act("person.separated", "2025-02-01", person="ann", into="bo"),
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
    act(
        "body.renamed",
        "2025-01-30",
        body="bureau",
        name="Office",
        other_names=[{"name": "Amt", "lang": "de"}],
    ),
    act("body.moved", "2025-01-30", body="bureau", within="council"),
    act(
        "body.changed",
        "2025-01-30",
        body="bureau",
        classification="office",
        permanence="temporary",
        area="South",
        purpose="archives",
    ),
    act(
        "body.dissolved",
        "2025-02-01",
        body="bureau",
        manner="merged",
        reason="too small",
        succeeded_by=["council"],
    ),
    act("line.drawn", "2025-01-30", post="chair", to="council", kind="reports_to"),
    act("line.drawn", "2025-01-30", body="bureau", to="council", kind="managed_by"),
    act("line.ended", "2025-01-31", post="chair", to="council", kind="supervised_by"),
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
    act(
        "post.changed",
        "2025-01-02",
        post="chair",
        seats=0,
        voting=True,
        powers="speaks",
        area="South",
        head=False,
        approval="bureau",
    ),
    act("post.renamed", "2025-01-02", post="chair", label="Head"),
    act("post.abolished", "2025-01-03", post="chair"),
    act(
        "election.called",
        "2024-11-30",
        election="vote",
        body="council",
        meeting="congress",
        method="approval",
        opens="2024-12-23",
        closes="2024-12-27",
    ),
    act(
        "election.rescheduled",
        "2024-12-20",
        election="vote",
        opens="2024-12-25",
        closes="2024-12-29",
    ),
    act(
        "candidate.nominated",
        "2024-12-01",
        election="vote",
        person="ann",
        post="chair",
        by="bureau",
        affiliation="Garden Club",
    ),
    act(
        "candidate.nominated",
        "2024-12-01",
        election="vote",
        person="ann",
        body="council",
        role="delegate",
    ),
    act("candidate.withdrawn", "2024-12-24", election="vote", person="ann", reason="fell ill"),
    act(
        "election.held",
        "2025-01-01",
        election="vote",
        body="council",
        meeting="congress",
        ballots="0" * 64,
        method="approval",
        contested=True,
        opened="2024-12-25",
        closed="2024-12-29",
        eligible=38,
        cast=35,
        invalid=1,
        counts=[{"option": "for", "value": 34}],
        rounds=[
            {
                "eligible": 38,
                "cast": 35,
                "invalid": 2,
                "counts": [{"option": "against", "value": 0}],
                "candidates": [{"person": "ann", "score": -7}],
            }
        ],
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
    act(
        "activist.assigned",
        "2025-01-01",
        person="ann",
        body="cell",
        from_body="club",
        reason="to help out",
    ),
    act(
        "activist.transferred",
        "2025-01-01",
        person="ann",
        body="cell",
        from_body="club",
        reason="moved house",
    ),
    act("activist.excluded", "2025-01-01", person="ann", body="cell", reason="absent"),
    act("activist.left", "2025-01-01", person="ann", body="cell", reason="no time"),
    act("membership.started", "2025-01-01", person="ann", body="cell", role="member", voting=True),
    act("membership.ended", "2025-01-01", person="ann", body="cell", role="member"),
    act(
        "membership.attested", "2025-01-01", person="ann", body="cell", role="member", voting=False
    ),
    act("affiliation.started", "2025", person="ann", organisation="Garden Club", kind="employer"),
    act("affiliation.ended", "2025-03", person="ann", organisation="Garden Club"),
    act(
        "meeting.scheduled",
        "2024-10-01",
        meeting="congress",
        name="Fifth Congress",
        other_names=[{"name": "Fünfter Kongress", "lang": "de"}],
        body="council",
        kind="congress",
        ordinal=5,
        within="jubilee",
        beside="fair",
        opens="2025-01",
        closes="2025-02",
    ),
    act(
        "meeting.rescheduled",
        "2024-11-01",
        meeting="congress",
        opens="2025-01-02",
        closes="2025-01-09",
    ),
    act("meeting.cancelled", "2024-12-01", meeting="congress", reason="snow"),
    act(
        "meeting.convened",
        "2025-01-02",
        meeting="congress",
        name="Fifth Congress",
        other_names=[{"name": "Fünfter Kongress", "lang": "de"}],
        body="council",
        kind="congress",
        ordinal=5,
        within="jubilee",
        beside="fair",
        opens="2025-01-02",
        closes="2025-01-09",
    ),
    act(
        "meeting.attended",
        "2025-01-03",
        meeting="congress",
        attendees=[
            {"person": "ann", "role": "delegate", "post": "chair", "manner": "message"},
            {"person": "bo", "manner": "absent"},
        ],
        count=9,
        eligible=12,
    ),
    act("meeting.closed", "2025-01-08", meeting="congress"),
    act(
        "resolution.adopted",
        "2025-01-08",
        resolution="plan",
        name="Plan",
        items=["dig a well", "plant a hedge"],
        follows=["older-plan", "oldest-plan"],
    ),
    act("resolution.repealed", "2025-06", resolution="plan", reason="the well is dug"),
    act(
        "declaration.made",
        "2025-01-08",
        declaration="letter",
        name="Letter",
        items=["we greet you", "we mean it"],
        follows=["plan"],
    ),
    act(
        "mandate.granted",
        "2025-01-08",
        mandate="may",
        holder="chair",
        power="establish",
        over=["cell", "club"],
        within="council",
        text="may found cells",
    ),
    act("mandate.confirmed", "2025-02", mandate="may"),
    act("mandate.revoked", "2025-03", mandate="may", reason="founded too many"),
    act(
        "rule.adopted",
        "2025-01-08",
        rule="size",
        kind="size",
        applies_to={
            "classification": "cell",
            "permanence": "permanent",
            "body": "cell",
            "within": "council",
            "post": "chair",
            "role": "member",
        },
        exempt=["club", "chair"],
        parameters={
            "least": 0,
            "most": 30,
            "percent": 50,
            "times": 2,
            "per": "quarter",
            "months": 6,
            "days": 90,
            "meeting": "plenum",
            "power": "elect",
            "head_of": "cell",
            "posts": ["secretary", "deputy"],
            "voting": False,
            "between": "congress",
            "affiliation": "employer",
            "suspends": True,
        },
        text="thirty are enough",
    ),
    act(
        "rule.amended",
        "2025-02-08",
        rule="size",
        applies_to={"classification": "cell"},
        exempt=["club"],
        parameters={"most": 40},
        text="forty are enough",
    ),
    act("rule.repealed", "2025-03-08", rule="size", reason="nobody counts"),
    act(
        "sanction.imposed",
        "2025-01-01",
        sanction="ban",
        person="ann",
        kind="suspension",
        body="cell",
        until="2025-07",
        reason="left the gate open",
    ),
    act("sanction.lifted", "2025-02-01", sanction="ban", reason="the gate is mended"),
    act(
        "appeal.lodged",
        "2025-01-05",
        sanction="ban",
        to="council",
        suspends=False,
        reason="it was the wind",
    ),
    act("appeal.decided", "2025-01-20", sanction="ban", outcome="changed", reason="no witness"),
    act(
        "entry.retracted",
        "2025-01-21",
        entry={"decision": "first", "act": 2},
        reason="a slip",
        corrects=None,
    ),
    act(
        "entry.retracted", entry=7, reason="another slip", corrects={"decision": "first", "act": 1}
    ),
    act(
        "decision.amended",
        "2025-01-22",
        decision="first",
        taken_by="council",
        meeting="congress",
        authority="may",
        vote={"eligible": 5, "cast": 4, "counts": [{"option": "for", "value": 3}]},
        sources=[
            {"title": "Minutes", "url": "https://a.example", "published": "2025-02"},
            {"sha256": "0" * 64},
        ],
        reason="the minutes were found",
    ),
    act(
        "remark.made",
        "2025-01-22",
        kind="conflict",
        entry={"decision": "first", "act": 2},
        person="ann",
        body="bureau",
        post="chair",
        election="vote",
        meeting="congress",
        rule="size",
        decision="first",
        text="two papers disagree",
    ),
    act("remark.made", body="bureau", entry=7, corrects=7, text="one paper is lost"),
)
PERSONAL = {"name", "note", "reason", "purpose", "powers", "text", "items", "title", "url"}
IN_CLEAR = {
    ("body.established", "name"),
    ("body.renamed", "name"),
    ("meeting.scheduled", "name"),
    ("meeting.convened", "name"),
    ("resolution.adopted", "name"),
    ("declaration.made", "name"),
    ("tenure.ended", "reason"),  # a code
}


def test_every_act_is_here() -> None:
    assert {each["type"] for each in EVERY_ACT} == set(ACTS)


def test_every_field_of_every_act_is_here() -> None:
    for type_, cls in ACTS.items():
        named = {name for each in EVERY_ACT if each["type"] == type_ for name in each}
        assert {each.name for each in shape(cls)} - named <= {"note", "corrects"}, type_


def personal(
    type_: str, value: Any, field: str = "", subject: str = "decision:first"
) -> Iterator[tuple[str, tuple[str, str]]]:
    """The personal texts in what is posted, each with its field and whose it is."""
    match value:
        case dict():
            subject = f"person:{value['person']}" if "person" in value else subject
            for name, member in value.items():
                yield from personal(type_, member, name, subject)
        case list():
            for item in value:
                yield from personal(type_, item, field, subject)
        case str() if field in PERSONAL and (type_, field) not in IN_CLEAR:
            yield value, (field, subject)


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
    assert texts == dict(personal(posted["type"], posted))


def test_an_entry_reads_back_from_its_bytes() -> None:
    (parsed,) = decision(EVERY_ACT[5]).acts
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

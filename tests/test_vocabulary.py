"""The vocabulary by example: what each act may say of the others, and what it may not.

Ann, Bo and Cy; a council with a bureau in it; the chair of the council, with one seat.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from service.ledger import Ledger
from service.recording.recorder import Refusal
from tests.ledgers import act, decision, ledger_in, record, refused, told

Told = dict[str, Any]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as opened:
        told(
            opened,
            *(registered(person) for person in ("ann", "bo", "cy")),
            established("council", "2020-01-01"),
            established("bureau", "2020-02-01", within="council"),
            act("post.created", "2020-01-01", post="chair", body="council", label="Chair", seats=1),
            id="founding",
        )
        yield opened
        opened.follow()  # the views can follow whatever was accepted


def registered(person: str) -> Told:
    return act("person.registered", "2020", person=person, name=person.title())


def established(body: str, effective: str, **fields: Any) -> Told:
    return act(
        "body.established", effective, body=body, name=body, classification="organ", **fields
    )


def dissolved(body: str, effective: str) -> Told:
    return act("body.dissolved", effective, body=body, manner="dissolved")


def died(person: str, effective: str) -> Told:
    return act("person.died", effective, person=person)


def started(person: str, effective: str) -> Told:
    return act("tenure.started", effective, person=person, post="chair")


def ended(person: str, effective: str) -> Told:
    return act("tenure.ended", effective, person=person, post="chair", reason="resigned")


def merged(person: str, into: str) -> Told:
    return act("person.merged", "2020", person=person, into=into)


def separated(person: str, into: str) -> Told:
    return act("person.separated", "2020", person=person, into=into)


def called(effective: str, election: str = "vote") -> Told:
    return act("election.called", effective, election=election, body="council")


def held(effective: str, election: str = "vote", **fields: Any) -> Told:
    return act("election.held", effective, election=election, **fields)


def nominated(person: str, effective: str, **fields: Any) -> Told:
    return act("candidate.nominated", effective, election="vote", person=person, **fields)


def withdrawn(person: str, effective: str) -> Told:
    return act("candidate.withdrawn", effective, election="vote", person=person)


def tied(person: str, effective: str, organisation: str = "Mill") -> Told:
    return act("affiliation.started", effective, person=person, organisation=organisation)


def untied(person: str, effective: str, organisation: str = "Mill") -> Told:
    return act("affiliation.ended", effective, person=person, organisation=organisation)


def scheduled(effective: str, meeting: str = "congress", **fields: Any) -> Told:
    return act("meeting.scheduled", effective, meeting=meeting, **fields)


def convened(effective: str, meeting: str = "congress", **fields: Any) -> Told:
    return act("meeting.convened", effective, meeting=meeting, **fields)


def closed(effective: str, meeting: str = "congress") -> Told:
    return act("meeting.closed", effective, meeting=meeting)


def attended(person: str, effective: str, meeting: str = "congress") -> Told:
    return act("meeting.attended", effective, meeting=meeting, attendees=[{"person": person}])


def counted(effective: str, count: int) -> Told:
    return act("meeting.attended", effective, meeting="congress", count=count)


def adopted(resolution: str, effective: str, **fields: Any) -> Told:
    return act("resolution.adopted", effective, resolution=resolution, name=resolution, **fields)


def greeted(effective: str, **fields: Any) -> Told:
    return act("declaration.made", effective, declaration="greetings", name="Greetings", **fields)


def granted(effective: str, holder: str = "bureau", mandate: str = "mandate") -> Told:
    return act("mandate.granted", effective, mandate=mandate, holder=holder, power="admit")


def confirmed(effective: str) -> Told:
    return act("mandate.confirmed", effective, mandate="mandate")


def revoked(effective: str) -> Told:
    return act("mandate.revoked", effective, mandate="mandate")


def ruled(effective: str, most: int = 9, rule: str = "size") -> Told:
    return act("rule.adopted", effective, rule=rule, kind="size", parameters={"most": most})


def amended(effective: str, most: int = 7) -> Told:
    return act("rule.amended", effective, rule="size", parameters={"most": most})


def repealed(effective: str) -> Told:
    return act("rule.repealed", effective, rule="size")


def imposed(effective: str, sanction: str = "reprimand", person: str = "ann") -> Told:
    return act("sanction.imposed", effective, sanction=sanction, person=person, kind="reprimand")


def lifted(effective: str) -> Told:
    return act("sanction.lifted", effective, sanction="reprimand")


def lodged(effective: str) -> Told:
    return act("appeal.lodged", effective, sanction="reprimand", to="council")


def decided(effective: str, outcome: str = "upheld") -> Told:
    return act("appeal.decided", effective, sanction="reprimand", outcome=outcome)


def remark(**on: Any) -> Told:
    return act("remark.made", text="The sources disagree.", **on)


def retracted(entry: int | Told) -> Told:
    return act("entry.retracted", entry=entry, reason="a slip")


def newest(ledger: Ledger) -> int:
    """The position of the last act recorded."""
    return ledger.log.head()[0]


def what_stands_on(ledger: Ledger, *retractions: Told) -> set[int]:
    """The entries named where retracting what they rest on is refused."""
    answer = record(ledger, *retractions)
    assert isinstance(answer, Refusal), answer
    assert {each.rule for each in answer.violations} == {"id_unknown"}
    return {position for each in answer.violations for position in each.because}


# Ids


@pytest.mark.parametrize(
    ("naming", "pointer"),
    [
        (act("person.merged", "2020", person="di", into="ann"), "/person"),
        (act("person.merged", "2020", person="ann", into="di"), "/into"),
        (act("person.separated", "2020", person="ann", into="di"), "/into"),
        (called("2024-01-01") | {"body": "nowhere"}, "/body"),
        (called("2024-01-01") | {"meeting": "nowhere"}, "/meeting"),
        (act("election.rescheduled", "2024-01-01", election="vote"), "/election"),
        (nominated("ann", "2024-01-01"), "/election"),
        (withdrawn("ann", "2024-01-01"), "/election"),
        (
            act("membership.attested", "2024-01-01", person="ann", body="nowhere", role="member"),
            "/body",
        ),
        (tied("di", "2024-01-01"), "/person"),
        (untied("di", "2024-01-01"), "/person"),
        (scheduled("2024-01-01", body="nowhere"), "/body"),
        (scheduled("2024-01-01", within="nowhere"), "/within"),
        (scheduled("2024-01-01", beside="nowhere"), "/beside"),
        (act("meeting.rescheduled", "2024-01-01", meeting="congress"), "/meeting"),
        (act("meeting.cancelled", "2024-01-01", meeting="congress"), "/meeting"),
        (convened("2024-01-01", within="nowhere"), "/within"),
        (closed("2024-01-01"), "/meeting"),
        (counted("2024-01-01", 12), "/meeting"),
        (adopted("plan", "2024-01-01", follows=["older-plan"]), "/follows/0"),
        (act("resolution.repealed", "2024-01-01", resolution="plan"), "/resolution"),
        (greeted("2024-01-01", follows=["plan"]), "/follows/0"),
        (granted("2024-01-01", holder="nowhere"), "/holder"),
        (granted("2024-01-01") | {"within": "chair"}, "/within"),
        (confirmed("2024-01-01"), "/mandate"),
        (revoked("2024-01-01"), "/mandate"),
        (ruled("2024-01-01") | {"applies_to": {"post": "nobody"}}, "/applies_to/post"),
        (ruled("2024-01-01") | {"exempt": ["bureau", "nowhere"]}, "/exempt/1"),
        (amended("2024-01-01"), "/rule"),
        (repealed("2024-01-01"), "/rule"),
        (imposed("2024-01-01", person="di"), "/person"),
        (imposed("2024-01-01") | {"body": "nowhere"}, "/body"),
        (lifted("2024-01-01"), "/sanction"),
        (lodged("2024-01-01"), "/sanction"),
        (decided("2024-01-01"), "/sanction"),
        (remark(person="di"), "/person"),
        (remark(body="chair"), "/body"),
        (remark(post="bureau"), "/post"),
        (remark(election="vote"), "/election"),
        (remark(meeting="congress"), "/meeting"),
        (remark(rule="size"), "/rule"),
        (remark(decision="elsewhere"), "/decision"),
    ],
)
def test_an_act_names_only_what_is_known(ledger: Ledger, naming: Told, pointer: str) -> None:
    assert refused(ledger, naming) == {("id_unknown", f"/acts/0{pointer}")}


def test_attendees_and_their_posts_are_known(ledger: Ledger) -> None:
    attendees = [{"person": "ann", "post": "chair"}, {"person": "di", "post": "bureau"}]
    opening = act("meeting.attended", "2024-01-01", meeting="congress", attendees=attendees)
    assert refused(ledger, convened("2024-01-01"), opening) == {
        ("id_unknown", "/acts/1/attendees/1/person"),
        ("id_unknown", "/acts/1/attendees/1/post"),
    }


def test_a_decision_names_a_known_meeting_and_a_known_mandate(ledger: Ledger) -> None:
    nowhere = {"meeting": "congress", "authority": "mandate"}
    assert refused(ledger, registered("di"), **nowhere) == {
        ("id_unknown", "/meeting"),
        ("id_unknown", "/authority"),
    }
    told(ledger, registered("di"), convened("2024-01-01"), granted("2024-01-01"), **nowhere)


@pytest.mark.parametrize(
    ("creating", "field"),
    [
        (called("2024-01-01"), "election"),
        (held("2024-01-01"), "election"),
        (scheduled("2024-01-01"), "meeting"),
        (convened("2024-01-01"), "meeting"),
        (adopted("plan", "2024-01-01"), "resolution"),
        (greeted("2024-01-01"), "declaration"),
        (granted("2024-01-01"), "mandate"),
        (ruled("2024-01-01"), "rule"),
        (imposed("2024-01-01"), "sanction"),
    ],
)
def test_an_id_is_given_once(ledger: Ledger, creating: Told, field: str) -> None:
    assert refused(ledger, creating, creating) == {("id_taken", f"/acts/1/{field}")}
    told(ledger, creating)
    again = creating | {"effective": "2025-01-01"}
    assert refused(ledger, again) == {("id_taken", f"/acts/0/{field}")}
    told(ledger, again, retracted(newest(ledger)))


def test_kinds_other_than_body_and_post_do_not_share_their_ids(ledger: Ledger) -> None:
    told(
        ledger,
        convened("2024-01-01", "council"),
        held("2024-01-01", "council"),
        granted("2024-01-01", mandate="council"),
        ruled("2024-01-01", rule="council"),
        adopted("council", "2024-01-01"),
        greeted("2024-01-01") | {"declaration": "council"},
        imposed("2024-01-01", sanction="council"),
    )


def test_ids_and_organisations_may_be_called_as_the_ledger_calls_its_own(ledger: Ledger) -> None:
    told(ledger, registered("life"), registered("appeal"))
    told(ledger, started("life", "2020-03-01"), tied("ann", "2020-01-01", "life"))
    assert refused(ledger, started("life", "2020-04-01")) == {("already_running", "/acts/0")}
    assert refused(ledger, tied("ann", "2021-01-01", "life")) == {("already_running", "/acts/0")}
    told(ledger, died("appeal", "2020-06-01"), convened("2020-01-01"))
    assert refused(ledger, attended("appeal", "2020-06-01")) == {("outside_life", "/acts/0")}


def test_an_election_called_is_the_election_held(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01"))
    told(ledger, held("2024-02-01"))
    assert refused(ledger, held("2024-03-01")) == {("id_taken", "/acts/0/election")}
    assert refused(ledger, called("2024-01-02")) == {("id_taken", "/acts/0/election")}


def test_that_an_election_held_had_been_called_may_be_told_late(ledger: Ledger) -> None:
    told(ledger, held("2024-02-01"))
    told(ledger, called("2024-01-01"))
    told(ledger, called("2024-01-01", "other"), held("2024-02-01", "other"))
    told(ledger, held("2024-02-01", "third"), called("2024-01-01", "third"))


def test_a_meeting_announced_is_the_meeting_convened(ledger: Ledger) -> None:
    told(ledger, scheduled("2024-01-01"))
    told(ledger, convened("2024-02-01"))
    assert refused(ledger, convened("2024-03-01")) == {("id_taken", "/acts/0/meeting")}
    assert refused(ledger, scheduled("2024-01-02")) == {("id_taken", "/acts/0/meeting")}


def test_that_a_meeting_convened_had_been_announced_may_be_told_late(ledger: Ledger) -> None:
    told(ledger, convened("2024-02-01"))
    told(ledger, scheduled("2024-01-01"))


# Meetings


@pytest.mark.parametrize(
    ("opens", "closes", "coherent"),
    [
        ("2024-05-10", "2024-05-10", True),
        ("2024-05-10", "2024-05-09", False),
        ("2024-05-10", "2024-05-01", False),
        ("2024-05-10", "2024-05", True),
        ("2024-05-10", "2024-04", False),
        ("2024-05", "2024-05", True),
        ("2024-05", "2024-04-30", False),
        ("[2024-05-10..]", "[..2024-05-10]", True),
        ("[2024-05-10..]", "[..2024-05-09]", False),
    ],
)
def test_a_meeting_does_not_close_before_it_opens(
    ledger: Ledger, opens: str, closes: str, coherent: bool
) -> None:
    if coherent:
        told(ledger, convened(opens, closes=closes))
        told(ledger, convened(opens, "other"))
        told(ledger, closed(closes, "other"))
    else:
        early = (closed(closes), convened(opens))
        assert {rule for rule, _ in refused(ledger, *early)} == {"not_running"}
        told(ledger, convened(opens))
        assert refused(ledger, closed(closes)) == {("not_running", "/acts/0")}


def test_a_meeting_closes_once(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10", closes="2024-05-12"))
    assert refused(ledger, closed("2024-05-12")) == {("not_running", "/acts/0")}
    assert refused(ledger, closed("2024-05-11")) == {("not_running", "/acts/0")}


def test_a_meeting_that_is_only_announced_does_not_close(ledger: Ledger) -> None:
    told(ledger, scheduled("2024-01-01", opens="2024-05-10", closes="2024-05-12"))
    assert refused(ledger, closed("2024-05-12")) == {("not_running", "/acts/0")}


def test_only_what_was_announced_is_cancelled_and_once(ledger: Ledger) -> None:
    told(ledger, scheduled("2024-01-01"))
    cancelled = act("meeting.cancelled", "2024-02-01", meeting="congress")
    early = cancelled | {"effective": "2023-12-31"}
    assert refused(ledger, early) == {("not_running", "/acts/0")}
    told(ledger, cancelled)
    assert refused(ledger, cancelled) == {("not_running", "/acts/0")}
    told(ledger, convened("2024-01-01", "plenum"))
    unannounced = cancelled | {"meeting": "plenum"}
    assert refused(ledger, unannounced) == {("not_running", "/acts/0")}


def test_a_meeting_is_of_a_body_that_is_there(ledger: Ledger) -> None:
    assert refused(ledger, convened("2020-01-31", body="bureau")) == {("outside_life", "/acts/0")}
    told(ledger, scheduled("2020-01-15", body="bureau"))  # announced for when there will be one
    told(ledger, convened("2020-02-01", body="bureau"))
    told(ledger, closed("2020-02-10"))
    assert refused(ledger, dissolved("bureau", "2020-02-10")) == {("outside_life", "/acts/0")}
    told(ledger, dissolved("bureau", "2020-02-11"))


def test_what_is_not_repeated_at_the_opening_is_as_announced(ledger: Ledger) -> None:
    told(ledger, scheduled("2020-01-15", body="bureau"))
    assert refused(ledger, convened("2020-01-31")) == {("outside_life", "/acts/0")}
    told(ledger, convened("2024-05-10", "conference", closes="2024-05-12"))
    told(ledger, scheduled("2024-01-01", "sitting", within="conference"))
    assert refused(ledger, convened("2024-05-13", "sitting")) == {("outside_life", "/acts/0")}
    told(ledger, convened("2024-05-12", "sitting"))
    told(ledger, convened("2020-02-10"))
    assert refused(ledger, dissolved("bureau", "2020-02-10")) == {("outside_life", "/acts/0")}


def test_a_sitting_lies_within_its_conference(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10", closes="2024-05-12"))
    part = {"meeting": "sitting", "within": "congress"}
    for opens, closes in (
        ("2024-05-09", "2024-05-10"),
        ("2024-05-12", "2024-05-13"),
        ("2024-05-13", "2024-05-13"),
        ("2024-06", "2024-06"),
    ):
        outside = convened(opens, closes=closes, **part)
        assert refused(ledger, outside) == {("outside_life", "/acts/0")}
    told(ledger, convened("2024-05-10", closes="2024-05-12", **part))
    told(ledger, convened("2024-05-12", closes="2024-05-12", **part | {"meeting": "last"}))
    told(ledger, convened("2024-05", closes="2024-05", **part | {"meeting": "some-day"}))


def test_a_conference_does_not_close_before_its_sittings(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10"), convened("2024-05-11", "sitting", within="congress"))
    told(ledger, closed("2024-05-14", "sitting"))
    assert refused(ledger, closed("2024-05-13")) == {("outside_life", "/acts/0")}
    told(ledger, closed("2024-05-14"))


def test_a_meeting_beside_another_lies_where_it_will(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10", closes="2024-05-12"))
    told(ledger, convened("2024-05-09", "plenum", beside="congress", closes="2024-05-09"))


@pytest.mark.parametrize("first", ["meeting.scheduled", "meeting.convened"])
def test_a_meeting_is_no_part_of_itself(ledger: Ledger, first: str) -> None:
    told(ledger, act(first, "2024-05-10", meeting="session"))
    told(ledger, act(first, "2024-05-10", meeting="sitting", within="session"))
    second = {"meeting.scheduled": "meeting.convened", "meeting.convened": "meeting.scheduled"}
    around = act(second[first], "2024-05-10", meeting="session", within="sitting")
    assert refused(ledger, around) == {("within_itself", "/acts/0")}


def test_a_meeting_still_sits_on_the_day_it_closes(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10"), closed("2024-05-12"))
    told(ledger, attended("ann", "2024-05-12"), counted("2024-05-12", 40))
    told(ledger, adopted("plan", "2024-05-12"), meeting="congress", date="2024-05-12")
    told(ledger, held("2024-05-13", closed="2024-05-12", meeting="congress"))


@pytest.mark.parametrize("day", ["2024-05-09", "2024-05-13", "2024-04", "[..2024-05-09]"])
def test_nothing_happens_at_a_meeting_that_does_not_sit(ledger: Ledger, day: str) -> None:
    told(ledger, convened("2024-05-10", closes="2024-05-12"))
    assert refused(ledger, attended("ann", day)) == {("outside_life", "/acts/0")}
    assert refused(ledger, counted(day, 40)) == {("outside_life", "/acts/0")}
    assert refused(ledger, held(day, meeting="congress")) == {("outside_life", "/acts/0/meeting")}
    elected_late = held("2024-06-01", closed=day, meeting="congress")
    assert refused(ledger, elected_late) == {("outside_life", "/acts/0/meeting")}
    taken = {"meeting": "congress", "date": day}
    assert refused(ledger, adopted("plan", "2024-05-12"), **taken) == {("outside_life", "/meeting")}


def test_what_may_have_happened_at_a_meeting_is_not_refused(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10", closes="2024-05-12"))
    told(ledger, attended("ann", "2024-05"), counted("[2024-05-12..]", 40))
    told(ledger, held("2024~", meeting="congress"))
    told(ledger, adopted("plan", "2024-05-12"), meeting="congress", date="2024-05")
    told(ledger, adopted("undated", "2030-01-01"), meeting="congress")


def test_nobody_attends_or_decides_at_a_meeting_that_is_only_announced(ledger: Ledger) -> None:
    told(ledger, scheduled("2024-01-01", opens="2024-05-10", closes="2024-05-12"))
    present = attended("ann", "2024-06-01")
    assert refused(ledger, present) == {("outside_life", "/acts/0/meeting")}
    plan = adopted("plan", "2024-06-02")
    decided = refused(ledger, plan, meeting="congress", date="2024-06-02")
    assert decided == {("outside_life", "/meeting")}
    told(ledger, convened("2024-06-01", closes="2024-06-02"), present)
    told(ledger, plan, meeting="congress", date="2024-06-02")


def test_a_meeting_is_convened_or_called_off(ledger: Ledger) -> None:
    called_off = act("meeting.cancelled", "2024-03-01", meeting="congress")
    told(ledger, scheduled("2024-01-01"))
    told(ledger, convened("2024-05-10"), id="opening")
    assert refused(ledger, called_off) == {("held_and_cancelled", "/acts/0")}
    opening = {"decision": "opening", "act": 1}
    told(ledger, act("entry.retracted", entry=opening, reason="it never met"), called_off)
    assert refused(ledger, convened("2024-05-10")) == {("held_and_cancelled", "/acts/0")}


def test_a_meeting_closed_late_leaves_out_nothing_that_happened_at_it(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10"))
    told(ledger, adopted("plan", "2024-05-12"), meeting="congress", date="2024-05-12")
    assert refused(ledger, closed("2024-05-11")) == {("outside_life", "/acts/0")}
    told(ledger, closed("2024-05-12"))


def test_the_dead_attend_nothing(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10", closes="2024-05-12"), died("ann", "2024-05-11"))
    assert refused(ledger, attended("ann", "2024-05-11")) == {("outside_life", "/acts/0")}
    told(ledger, attended("ann", "2024-05-10"), attended("ann", "2024-05"))
    told(ledger, attended("bo", "2024-05-12"))
    assert refused(ledger, died("bo", "2024-05-12")) == {("outside_life", "/acts/0")}
    told(ledger, died("bo", "2024-05-13"))


def test_a_day_gives_a_meeting_one_attendance(ledger: Ledger) -> None:
    told(ledger, convened("2024-05-10"), counted("2024-05-10", 40))
    assert refused(ledger, counted("2024-05-10", 41)) == {("two_values", "/acts/0")}
    told(ledger, counted("2024-05-10", 40), counted("2024-05-11", 41))


def test_a_day_gives_a_meeting_one_plan(ledger: Ledger) -> None:
    told(ledger, scheduled("2024-01-01", opens="2024-05"))
    other = act("meeting.rescheduled", "2024-01-01", meeting="congress", opens="2024-06")
    assert refused(ledger, other) == {("two_values", "/acts/0")}
    told(ledger, other | {"effective": "2024-01-02"})


# What rests on an entry


def rests() -> list[Any]:
    """What is retracted, what rests on it, and the envelope of the latter."""
    return [
        pytest.param(
            scheduled("2024-01-01"),
            act("meeting.rescheduled", "2024-02-01", meeting="congress", opens="2024-06"),
            id="meeting.rescheduled",
        ),
        pytest.param(
            scheduled("2024-01-01"),
            act("meeting.cancelled", "2024-02-01", meeting="congress"),
            id="meeting.cancelled",
        ),
        pytest.param(convened("2024-01-01"), closed("2024-02-01"), id="meeting.closed"),
        pytest.param(convened("2024-01-01"), attended("ann", "2024-01-02"), id="meeting.attended"),
        pytest.param(
            convened("2024-01-01"),
            convened("2024-01-02", "sitting", within="congress"),
            id="a sitting",
        ),
        pytest.param(convened("2024-01-01"), held("2024-01-02", meeting="congress"), id="held at"),
        pytest.param(called("2024-01-01"), nominated("ann", "2024-02-01"), id="nominated"),
        pytest.param(
            called("2024-01-01"),
            act("election.rescheduled", "2024-02-01", election="vote", opens="2024-06"),
            id="election.rescheduled",
        ),
        pytest.param(granted("2024-01-01"), confirmed("2024-02-01"), id="mandate.confirmed"),
        pytest.param(granted("2024-01-01"), revoked("2024-02-01"), id="mandate.revoked"),
        pytest.param(ruled("2024-01-01"), amended("2024-02-01"), id="rule.amended"),
        pytest.param(ruled("2024-01-01"), repealed("2024-02-01"), id="rule.repealed"),
        pytest.param(imposed("2024-01-01"), lodged("2024-02-01"), id="appeal.lodged"),
        pytest.param(imposed("2024-01-01"), lifted("2024-02-01"), id="sanction.lifted"),
        pytest.param(
            adopted("plan", "2024-01-01"),
            adopted("next-plan", "2024-02-01", follows=["plan"]),
            id="a resolution that follows",
        ),
        pytest.param(
            adopted("plan", "2024-01-01"),
            greeted("2024-02-01", follows=["plan"]),
            id="a declaration that follows",
        ),
    ]


@pytest.mark.parametrize(("creating", "resting"), rests())
def test_what_is_rested_on_is_not_retracted_alone(
    ledger: Ledger, creating: Told, resting: Told
) -> None:
    told(ledger, creating)
    created = newest(ledger)
    told(ledger, resting)
    rested = newest(ledger)
    assert what_stands_on(ledger, retracted(created)) == {rested}
    told(ledger, retracted(created), retracted(rested))
    told(ledger, resting, creating)  # all of it is free to be told anew, in any order


@pytest.mark.parametrize("creating", [each.values[0] for each in rests()])
def test_what_nothing_rests_on_is_retracted(ledger: Ledger, creating: Told) -> None:
    told(ledger, creating)
    told(ledger, retracted(newest(ledger)))
    told(ledger, creating | {"effective": "2024-01-03"})


@pytest.mark.parametrize(
    ("creating", "envelope"),
    [
        (granted("2024-01-01"), {"authority": "mandate", "date": "2024-02-01"}),
        (granted("2024-01-01"), {"authority": "mandate"}),
        (convened("2024-01-01"), {"meeting": "congress", "date": "2024-02-01"}),
        (scheduled("2024-01-01"), {"meeting": "congress"}),
    ],
)
def test_a_decision_rests_on_its_mandate_and_its_meeting(
    ledger: Ledger, creating: Told, envelope: dict[str, str]
) -> None:
    told(ledger, creating)
    created = newest(ledger)
    told(ledger, registered("di"), **envelope)
    assert what_stands_on(ledger, retracted(created)) == {created + 1}
    again = creating | {"effective": "2024-01-02", "corrects": created}
    told(ledger, retracted(created), again)


def test_an_election_held_keeps_what_rests_on_its_call(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01"))
    told(ledger, nominated("ann", "2024-01-15"), held("2024-02-01"))
    told(ledger, retracted(newest(ledger) - 3))
    assert what_stands_on(ledger, retracted(newest(ledger) - 2)) == {newest(ledger) - 3}


def test_a_meeting_whose_opening_is_retracted_is_still_announced(ledger: Ledger) -> None:
    told(ledger, scheduled("2024-01-01"), convened("2024-05-10"))
    told(ledger, closed("2024-05-12"))
    assert refused(ledger, retracted(newest(ledger) - 2)) == {("not_running", "/acts/0")}
    told(ledger, retracted(newest(ledger)), retracted(newest(ledger) - 2))
    told(ledger, convened("2024-06-10"))


# Identities


def test_nobody_is_merged_into_itself(ledger: Ledger) -> None:
    with pytest.raises(ValidationError, match="another person"):
        decision(merged("ann", "ann"))
    assert refused(ledger, separated("ann", "ann")) == {("not_running", "/acts/0")}


def test_identities_lead_in_no_circle(ledger: Ledger) -> None:
    assert refused(ledger, merged("ann", "bo"), merged("bo", "ann")) == {
        ("merged_into_itself", "/acts/1")
    }
    told(ledger, merged("ann", "bo"))
    assert refused(ledger, merged("bo", "ann")) == {("merged_into_itself", "/acts/0")}
    told(ledger, merged("bo", "cy"))
    assert refused(ledger, merged("cy", "ann")) == {("merged_into_itself", "/acts/0")}
    told(ledger, separated("ann", "bo"), merged("cy", "ann"))


def test_retracting_a_separation_closes_no_circle(ledger: Ledger) -> None:
    told(ledger, merged("ann", "bo"))
    told(ledger, separated("ann", "bo"))
    separation = newest(ledger)
    told(ledger, merged("bo", "ann"))
    assert {rule for rule, _ in refused(ledger, retracted(separation))} == {"merged_into_itself"}


def test_an_id_is_merged_into_one_other(ledger: Ledger) -> None:
    assert refused(ledger, merged("ann", "bo"), merged("ann", "cy")) == {
        ("already_running", "/acts/1")
    }
    told(ledger, merged("ann", "bo"))
    assert refused(ledger, merged("ann", "cy")) == {("already_running", "/acts/0")}
    assert refused(ledger, merged("ann", "bo")) == {("already_running", "/acts/0")}
    told(ledger, merged("cy", "bo"))  # two ids into one


def test_only_what_is_merged_is_separated(ledger: Ledger) -> None:
    assert refused(ledger, separated("ann", "bo")) == {("not_running", "/acts/0")}
    told(ledger, merged("ann", "bo"))
    assert refused(ledger, separated("bo", "ann")) == {("not_running", "/acts/0")}
    assert refused(ledger, separated("ann", "cy")) == {("not_running", "/acts/0")}
    told(ledger, separated("ann", "bo"))
    assert refused(ledger, separated("ann", "bo")) == {("not_running", "/acts/0")}


def test_ids_are_merged_separated_and_merged_again(ledger: Ledger) -> None:
    told(ledger, merged("ann", "bo"))
    told(ledger, separated("ann", "bo"))
    told(ledger, merged("ann", "bo"))
    told(ledger, separated("ann", "bo"))
    told(ledger, merged("ann", "cy"))


def test_two_ids_of_one_person_fill_one_seat(ledger: Ledger) -> None:
    told(ledger, started("ann", "2020-03-01"))
    assert refused(ledger, started("bo", "2020-03-01")) == {("seats_exceeded", "/acts/0")}
    told(ledger, merged("bo", "ann"))
    told(ledger, started("bo", "2020-03-01"))
    assert refused(ledger, separated("bo", "ann")) == {("seats_exceeded", "/acts/0")}
    told(ledger, ended("bo", "2020-03-01"), separated("bo", "ann"))


def test_a_merger_counts_with_the_tenure_that_it_makes_room_for(ledger: Ledger) -> None:
    told(ledger, started("bo", "2020-03-01"), started("ann", "2020-03-01"), merged("bo", "ann"))
    merger = newest(ledger)
    assert refused(ledger, retracted(merger)) == {("seats_exceeded", "/acts/0")}


def test_ids_that_are_one_by_way_of_a_third_fill_one_seat(ledger: Ledger) -> None:
    told(ledger, registered("di"))
    told(ledger, merged("ann", "bo"), merged("bo", "cy"), merged("di", "cy"))
    told(ledger, started("ann", "2020-03-01"), started("di", "2020-04-01"))
    # Neither holder's id is one of the two that part: it is for the decision as a whole.
    assert refused(ledger, separated("bo", "cy")) == {("seats_exceeded", "")}


def test_a_person_who_is_dead_under_one_id_is_dead_under_all(ledger: Ledger) -> None:
    told(ledger, started("ann", "2020-03-01"), merged("bo", "ann"))
    told(ledger, died("bo", "2020-06-01"))
    assert refused(ledger, tied("ann", "2020-06-01")) == {("outside_life", "/acts/0")}
    told(ledger, started("cy", "2020-06-01"))  # death makes room
    assert {rule for rule, _ in refused(ledger, separated("bo", "ann"))} == {"seats_exceeded"}


def test_the_dead_are_not_one_with_those_who_act_later(ledger: Ledger) -> None:
    told(ledger, tied("ann", "2020-07-01"), died("bo", "2020-06-01"))
    assert refused(ledger, merged("bo", "ann")) == {("outside_life", "/acts/0")}
    assert refused(ledger, merged("ann", "bo")) == {("outside_life", "/acts/0")}
    told(ledger, merged("bo", "cy"), merged("cy", "ann"), retracted(newest(ledger)))
    assert refused(ledger, died("ann", "2020-08-01"), tied("bo", "2020-09-01")) == {
        ("outside_life", "/acts/1")
    }


# Elections and ties


def test_a_person_is_nominated_once(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01"), nominated("ann", "2024-01-10", post="chair"))
    again = nominated("ann", "2024-01-20", post="chair")
    assert refused(ledger, again) == {("already_running", "/acts/0")}
    told(ledger, nominated("bo", "2024-01-10"), withdrawn("ann", "2024-01-15"))
    told(ledger, again)


def test_only_a_nominee_withdraws(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01"), nominated("ann", "2024-01-10"))
    assert refused(ledger, withdrawn("bo", "2024-01-20")) == {("not_running", "/acts/0")}
    assert refused(ledger, withdrawn("ann", "2024-01-09")) == {("not_running", "/acts/0")}
    told(ledger, withdrawn("ann", "2024-01-20"))
    assert refused(ledger, withdrawn("ann", "2024-01-30")) == {("not_running", "/acts/0")}


def test_the_dead_are_not_nominated(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01"), died("ann", "2024-01-10"))
    assert refused(ledger, nominated("ann", "2024-01-10")) == {("outside_life", "/acts/0")}
    told(ledger, nominated("ann", "2024-01-09"))


def test_an_election_that_was_only_called_is_not_annulled(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01"))
    annulled = act("election.annulled", "2024-03-01", election="vote")
    assert refused(ledger, annulled) == {("not_running", "/acts/0")}
    told(ledger, held("2024-04-01", closed="2024-02-01"), annulled)  # before anybody took office


def test_a_day_gives_an_election_one_plan(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01") | {"opens": "2024-02-01"})
    other = act("election.rescheduled", "2024-01-01", election="vote", opens="2024-03-01")
    assert refused(ledger, other) == {("two_values", "/acts/0")}
    told(ledger, other | {"effective": "2024-01-02"})


def test_a_person_is_tied_to_an_organisation_once(ledger: Ledger) -> None:
    told(ledger, tied("ann", "2020-01-01"))
    assert refused(ledger, tied("ann", "2021-01-01")) == {("already_running", "/acts/0")}
    assert refused(ledger, untied("ann", "2019-12-31")) == {("not_running", "/acts/0")}
    assert refused(ledger, untied("ann", "2021-01-01", "Party")) == {("not_running", "/acts/0")}
    told(ledger, tied("ann", "2021-01-01", "Party"), tied("bo", "2020-01-01"))
    told(ledger, untied("ann", "2020-06-01"))
    told(ledger, tied("ann", "2021-01-01"))


def test_a_tie_is_of_the_living(ledger: Ledger) -> None:
    told(ledger, died("ann", "2020-06-01"))
    assert refused(ledger, tied("ann", "2020-06-01")) == {("outside_life", "/acts/0")}
    told(ledger, tied("ann", "2020-05-31"))


def test_who_is_attested_in_a_body_has_not_left_by_then(ledger: Ledger) -> None:
    member = {"person": "ann", "body": "bureau", "role": "member"}
    early = act("membership.attested", "2020-01-31", **member)
    assert refused(ledger, early) == {("outside_life", "/acts/0")}
    told(ledger, early | {"effective": "2020-03-05"}, early | {"effective": "2020-03-07"})
    left = act("membership.ended", "2020-03-07", **member)
    assert refused(ledger, left) == {("not_running", "/acts/0")}
    told(ledger, left | {"effective": "2020-03-08"})


# Resolutions and the charter


def test_only_what_was_adopted_is_repealed(ledger: Ledger) -> None:
    told(ledger, adopted("plan", "2024-01-10"))
    early = act("resolution.repealed", "2024-01-09", resolution="plan")
    assert refused(ledger, early) == {("not_running", "/acts/0")}
    told(ledger, early | {"effective": "2024-02-01"})
    again = early | {"effective": "2024-03-01"}
    assert refused(ledger, again) == {("not_running", "/acts/0")}


def test_a_mandate_is_granted_to_what_is_there(ledger: Ledger) -> None:
    assert refused(ledger, granted("2020-01-31")) == {("outside_life", "/acts/0")}
    assert refused(ledger, granted("2019", holder="chair")) == {("outside_life", "/acts/0")}
    told(ledger, granted("2020"), granted("2020-01-01", holder="chair", mandate="of-the-chair"))
    told(ledger, act("post.abolished", "2021-01-01", post="chair"))
    late = granted("2021-01-01", holder="chair", mandate="late")
    assert refused(ledger, late) == {("outside_life", "/acts/0")}


def test_a_mandate_is_confirmed_while_it_holds(ledger: Ledger) -> None:
    told(ledger, granted("2020-03-01"))
    assert refused(ledger, confirmed("2020-02-29")) == {("outside_life", "/acts/0")}
    told(ledger, confirmed("2020-03-01"), confirmed("2020-05-31"), revoked("2020-06-01"))
    assert refused(ledger, confirmed("2020-06-01")) == {("outside_life", "/acts/0")}
    assert refused(ledger, revoked("2020-07-01")) == {("not_running", "/acts/0")}


def test_a_mandate_ends_with_its_holder(ledger: Ledger) -> None:
    told(ledger, granted("2020-03-01"), dissolved("bureau", "2020-06-01"))
    assert refused(ledger, confirmed("2020-06-01")) == {("outside_life", "/acts/0")}
    told(ledger, confirmed("2020-05-31"))
    told(ledger, granted("2020-03-01", holder="chair", mandate="of-the-chair"))
    told(ledger, act("mandate.confirmed", "2020-05-01", mandate="of-the-chair"))
    late = act("post.abolished", "2020-04-01", post="chair")
    assert refused(ledger, late) == {("outside_life", "/acts/0")}


def test_a_rule_is_amended_while_it_is_in_force(ledger: Ledger) -> None:
    told(ledger, ruled("2020-03-01"))
    assert refused(ledger, amended("2020-02-29")) == {("outside_life", "/acts/0")}
    assert refused(ledger, amended("2020-03-01")) == {("two_values", "/acts/0")}
    told(ledger, amended("2020-05-31"), repealed("2020-06-01"))
    assert refused(ledger, amended("2020-06-01", most=5)) == {("outside_life", "/acts/0")}
    assert refused(ledger, repealed("2020-07-01")) == {("not_running", "/acts/0")}


def test_a_rule_is_not_repealed_before_its_amendments(ledger: Ledger) -> None:
    told(ledger, ruled("2020-03-01"), amended("2020-05-31"))
    assert refused(ledger, repealed("2020-05-31")) == {("outside_life", "/acts/0")}
    told(ledger, repealed("2020-06-01"))


# Discipline


def test_a_sanction_is_imposed_on_the_living(ledger: Ledger) -> None:
    told(ledger, died("ann", "2020-06-01"))
    assert refused(ledger, imposed("2020-06-01")) == {("outside_life", "/acts/0")}
    told(ledger, imposed("2020-05-31"))


def test_only_an_appeal_that_was_lodged_is_decided(ledger: Ledger) -> None:
    told(ledger, imposed("2020-03-01"))
    assert refused(ledger, decided("2020-05-01")) == {("not_running", "/acts/0")}
    told(ledger, lodged("2020-04-01"))
    assert refused(ledger, decided("2020-03-31")) == {("not_running", "/acts/0")}
    told(ledger, decided("2020-05-01"))
    assert refused(ledger, decided("2020-06-01", "changed")) == {("not_running", "/acts/0")}


def test_one_appeal_is_pending_at_a_time(ledger: Ledger) -> None:
    told(ledger, imposed("2020-03-01"), lodged("2020-04-01"))
    assert refused(ledger, lodged("2020-04-15")) == {("already_running", "/acts/0")}
    told(ledger, decided("2020-05-01"))
    told(ledger, lodged("2020-05-02"))


def test_an_appeal_is_against_a_sanction_that_holds(ledger: Ledger) -> None:
    told(ledger, imposed("2020-03-01"))
    assert refused(ledger, lodged("2020-02-29")) == {("outside_life", "/acts/0")}
    told(ledger, lodged("2020"), lifted("2020-06-01"))
    told(ledger, decided("2020-07-01"))  # pending when the sanction was lifted
    assert refused(ledger, lodged("2020-07-02")) == {("outside_life", "/acts/0")}


def test_a_sanction_that_was_reversed_is_over(ledger: Ledger) -> None:
    told(ledger, imposed("2020-03-01"), lodged("2020-04-01"), decided("2020-05-01", "reversed"))
    assert refused(ledger, lifted("2020-06-01")) == {("not_running", "/acts/0")}
    assert refused(ledger, lodged("2020-06-01")) == {("outside_life", "/acts/0")}
    told(ledger, imposed("2021-01-01", "fine"))
    at_once = {"effective": "2021-02-01", "sanction": "fine"}
    told(ledger, lodged("2021") | at_once, decided("2021", "reversed") | at_once)


# Remarks


def test_a_remark_may_be_on_anything_known(ledger: Ledger) -> None:
    told(ledger, called("2024-01-01"), scheduled("2024-01-01"), ruled("2024-01-01"))
    told(
        ledger,
        remark(person="ann"),
        remark(body="council", post="chair", kind="doubt"),
        remark(election="vote"),
        remark(meeting="congress"),
        remark(rule="size"),
        remark(decision="founding"),
        remark(entry=1),
        remark(entry={"decision": "founding", "act": 1}),
    )
    with pytest.raises(ValidationError, match="what it is on"):
        decision(remark())


def test_a_remark_is_on_an_entry_that_exists(ledger: Ledger) -> None:
    beyond = newest(ledger) + 1
    assert refused(ledger, remark(entry=beyond)) == {("entry_unknown", "/acts/0/entry")}
    seventh = {"decision": "founding", "act": 7}
    assert refused(ledger, remark(entry=seventh)) == {("entry_unknown", "/acts/0/entry")}
    nowhere = {"decision": "elsewhere", "act": 1}
    assert ("id_unknown", "/acts/0/entry/decision") in refused(ledger, remark(entry=nowhere))


def test_a_remark_may_be_on_an_act_of_its_own_decision(ledger: Ledger) -> None:
    first = {"decision": "admission", "act": 2}
    told(ledger, remark(entry=first), tied("ann", "2020-01-01"), id="admission")
    third = {"decision": "another", "act": 3}
    assert refused(ledger, remark(entry=third), tied("bo", "2020-01-01"), id="another") == {
        ("entry_unknown", "/acts/0/entry")
    }


def test_a_remark_is_not_retracted(ledger: Ledger) -> None:
    told(ledger, remark(person="ann"))
    assert refused(ledger, retracted(newest(ledger))) == {("not_retractable", "/acts/0/entry")}


def test_a_remark_holds_nothing_in_place(ledger: Ledger) -> None:
    told(ledger, registered("di"))
    registration = newest(ledger)
    told(ledger, remark(person="di"), remark(entry=registration))
    told(ledger, retracted(registration))
    told(ledger, remark(entry=registration))  # nor is it bound by what counts


# Order


@pytest.mark.parametrize("first", range(6))
def test_the_acts_of_a_decision_come_in_any_order(ledger: Ledger, first: int) -> None:
    story = (
        scheduled("2024-01-01"),
        convened("2024-05-10"),
        attended("ann", "2024-05-12"),
        closed("2024-05-12"),
        lodged("2024-05-11"),
        imposed("2024-05-10"),
    )
    turned = (*story[first:], *story[:first])
    told(ledger, *turned, meeting="congress", date="2024-05-12")
    told(ledger, granted("2024-06-01"), authority="mandate")


STORIES = [
    (ruled("2020-01-01"), amended("2021-01-01"), repealed("2022-01-01")),
    (imposed("2020-01-01"), lodged("2021-01-01"), decided("2022-01-01", "reversed")),
    (granted("2020-03-01"), confirmed("2021-01-01"), revoked("2022-01-01")),
    (convened("2024-05-10"), attended("ann", "2024-05-12"), closed("2024-05-12")),
    (called("2024-01-01"), nominated("ann", "2024-01-02"), withdrawn("ann", "2024-01-03")),
    (merged("ann", "bo"), separated("ann", "bo"), merged("ann", "bo")),
]


@pytest.mark.parametrize("story", STORIES)
def test_a_decision_is_judged_by_what_all_its_acts_come_to(
    ledger: Ledger, story: tuple[Told, ...]
) -> None:
    for order in permutations(story):
        told(ledger, *order)
        told(ledger, *(retracted(newest(ledger) - number) for number in range(len(order))))


def test_facts_are_told_late_in_reversed_order(ledger: Ledger) -> None:
    told(ledger, scheduled("2024-01-01"), called("2024-01-01"))
    told(ledger, tied("ann", "2023-01-01"), convened("2024-05-10"))
    told(ledger, closed("2024-05-14"))
    told(ledger, attended("ann", "2024-05-13"))
    told(ledger, attended("ann", "2024-05-11"))
    told(ledger, nominated("ann", "2024-03-01"))
    told(ledger, nominated("ann", "2024-02-01"), withdrawn("ann", "2024-02-15"))
    told(ledger, tied("ann", "2021-01-01"), untied("ann", "2022-01-01"))
    assert refused(ledger, tied("ann", "2020-01-01")) == {("already_running", "/acts/0")}
    assert refused(ledger, nominated("ann", "2024-02-10")) == {("already_running", "/acts/0")}


# Uncertain days


def test_what_may_have_ended_by_then_may_start_again(ledger: Ledger) -> None:
    told(ledger, tied("ann", "2020"), untied("ann", "2021"))
    told(ledger, tied("ann", "2021-03"))
    told(ledger, called("2024-01-01"), nominated("ann", "2024-01"), withdrawn("ann", "2024-01"))
    told(ledger, nominated("ann", "2024-01-05"))


def test_an_act_is_refused_only_if_all_its_days_lie_outside(ledger: Ledger) -> None:
    told(ledger, granted("2020-06"), ruled("2020-06"), imposed("2020-06"))
    for possible in (confirmed, amended, lodged):
        assert refused(ledger, possible("[..2020-05-31]")) == {("outside_life", "/acts/0")}
        told(ledger, possible("[..2020-06-01]"))
    told(ledger, revoked("2021"), repealed("2021"))
    for possible in (confirmed, amended):
        told(ledger, possible("2021-12-30"))
        assert refused(ledger, possible("2021-12-31")) == {("outside_life", "/acts/0")}
        told(ledger, possible("2021~"))


def test_a_meeting_that_may_still_sit_still_sits(ledger: Ledger) -> None:
    told(ledger, convened("[2024-05-08..2024-05-10]", closes="[2024-05-12..2024-05-14]"))
    assert refused(ledger, attended("ann", "2024-05-07")) == {("outside_life", "/acts/0")}
    told(ledger, attended("ann", "2024-05-08"), attended("ann", "2024-05-14"))
    assert refused(ledger, attended("ann", "2024-05-15")) == {("outside_life", "/acts/0")}

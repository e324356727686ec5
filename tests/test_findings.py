"""Findings: where the facts do not agree with the charter, on which days, and how surely."""

from __future__ import annotations

import random
from itertools import groupby
from typing import Any

import pytest

from domain.answers import Finding
from domain.dates import day, iso
from domain.decisions import Payload, envelope
from domain.entries import Entry, tags_of
from domain.findings import JUDGED, findings
from domain.findings.taken import Taken, taken
from domain.questions.facts import Day, Facts
from domain.questions.structure import spells, structure
from domain.register import without_retracted
from domain.shape import from_json, to_json
from tests.ledgers import act, decision

Act = dict[str, Any]
LATER = "2030-01-01"


class Told:
    """What a ledger was told, without a service around it."""

    def __init__(self, *acts: Act) -> None:
        self.entries: list[Entry] = []
        if acts:
            self.tell(*acts)

    def tell(self, *acts: Act, **said: Any) -> int:
        """Record a decision; the position of its last act."""
        identity = said.pop("id", f"decision-{len(self.entries)}")
        told = decision(*acts, id=identity, **said)
        payloads: list[Payload] = [envelope(told), *told.acts]
        for number, each in enumerate(payloads):
            position = len(self.entries) + 1
            tags = tags_of(each, identity)
            self.entries.append(Entry(position, "", "test", identity, number, each, tags))
        return len(self.entries)

    @property
    def taken(self) -> list[Taken]:
        standing = without_retracted(self.entries)
        return [taken(list(each)) for _, each in groupby(standing, lambda entry: entry.decision)]

    def found(self, on: str = LATER) -> list[Finding]:
        known = Facts(spells(self.entries), self.entries)
        return list(findings(Day(known, day(on)), self.taken))

    def days(self, on: str = LATER) -> list[tuple[str, str | None, str]]:
        """The days of each finding and how sure it is."""
        return [(each.since, each.until, each.certainty) for each in self.found(on)]


def body(identity: str, effective: str = "2024-01-01", **said: Any) -> Act:
    given = {"name": identity, "classification": "cell", **said}
    return act("body.established", effective, body=identity, **given)


def post(identity: str, of: str, effective: str = "2024-01-01", **said: Any) -> Act:
    return act("post.created", effective, post=identity, body=of, label=identity, **said)


def person(identity: str) -> Act:
    return act("person.registered", "2024", person=identity, name=identity)


def people(number: int) -> list[Act]:
    return [person(f"p{each}") for each in range(1, number + 1)]


def admitted(who: str, effective: str = "2024-01-01", to: str = "cell-7") -> Act:
    return act("activist.admitted", effective, person=who, body=to)


def holds(who: str, what: str, since: str = "2024-01-01") -> Act:
    return act("tenure.started", since, person=who, post=what)


def gone(who: str, what: str, on: str) -> Act:
    return act("tenure.ended", on, person=who, post=what, reason="resigned")


def member(who: str, of: str, role: str, since: str = "2024-01-01", **said: Any) -> Act:
    return act("membership.started", since, person=who, body=of, role=role, **said)


def rule(kind: str, effective: str = "2024-01-01", **said: Any) -> Act:
    return act("rule.adopted", effective, rule="rule", kind=kind, **said)


def meeting(identity: str, opens: str, of: str = "committee", **said: Any) -> Act:
    given = {"kind": "plenum", "closes": opens, **said}
    return act("meeting.convened", opens, meeting=identity, body=of, **given)


def cell(activists: int) -> Told:
    """A cell with so many activists, under a rule that it has 5 to 30."""
    return Told(
        body("cell-7"),
        *people(40),
        *(admitted(f"p{each}") for each in range(1, activists + 1)),
        rule("size", applies_to={"classification": "cell"}, parameters={"least": 5, "most": 30}),
    )


# Size


def test_a_31st_activist_joins_on_a_tuesday() -> None:
    ledger = cell(30)
    adopted = len(ledger.entries)
    tuesday = ledger.tell(admitted("p31", "2024-10-08"))
    assert ledger.found("2024-10-07") == []
    (breach,) = ledger.found("2024-10-08")
    assert breach.message == "cell-7 has 31 activists on 2024-10-08, and at most 30 are allowed"
    assert (breach.since, breach.until, breach.certainty) == ("2024-10-08", None, "certain")
    assert (breach.rule, breach.kind, breach.version) == ("rule", "size", adopted)
    assert (breach.subject.kind, breach.subject.id) == ("body", "cell-7")
    assert breach.because == (adopted, tuesday)


def test_a_breach_ends_when_it_is_mended_whoever_comes_and_goes_between() -> None:
    ledger = cell(31)
    ledger.tell(admitted("p32", "2024-03-01"))
    ledger.tell(act("activist.left", "2024-05-01", person="p1", body="cell-7"))
    ledger.tell(act("activist.left", "2024-06-01", person="p2", body="cell-7"))
    assert ledger.days("2024-05-31") == [("2024-01-01", None, "certain")]
    assert ledger.days("2024-06-01") == [("2024-01-01", "2024-06-01", "certain")]


def test_too_few_remain() -> None:
    ledger = cell(5)
    left = ledger.tell(act("activist.excluded", "2024-02-01", person="p3", body="cell-7"))
    (breach,) = ledger.found()
    assert breach.message == "cell-7 has 4 activists on 2024-02-01, and at least 5 are required"
    assert breach.because == (breach.version, left)


def test_a_month_makes_a_breach_possible_before_it_is_certain() -> None:
    ledger = cell(30)
    ledger.tell(admitted("p31", "2024-10"))
    assert ledger.days() == [
        ("2024-10-01", "2024-10-31", "possible"),
        ("2024-10-31", None, "certain"),
    ]
    first, _ = ledger.found()
    assert first.message == "cell-7 may have 31 activists on 2024-10-01, and at most 30 are allowed"


def test_the_dead_are_not_counted() -> None:
    ledger = cell(5)
    died = ledger.tell(act("person.died", "2024-03-05", person="p1"))
    (breach,) = ledger.found()
    assert (breach.since, breach.because) == ("2024-03-05", (breach.version, died))


def test_one_person_under_two_ids_counts_once() -> None:
    ledger = cell(31)
    assert len(ledger.found()) == 1
    ledger.tell(act("person.merged", "2024", person="p31", into="p1"))
    assert ledger.found() == []


def test_a_retracted_admission_breaks_nothing() -> None:
    ledger = cell(30)
    position = ledger.tell(admitted("p31", "2024-10-08"))
    assert len(ledger.found()) == 1
    ledger.tell(act("entry.retracted", entry=position, reason="never happened"))
    assert ledger.found() == []


def test_an_amended_rule_is_judged_from_its_day_in_each_version() -> None:
    ledger = cell(28)
    stricter = ledger.tell(
        act("rule.amended", "2024-06-01", rule="rule", parameters={"least": 5, "most": 20})
    )
    ledger.tell(act("rule.repealed", "2024-09-01", rule="rule"))
    (breach,) = ledger.found()
    assert (breach.since, breach.until, breach.version) == ("2024-06-01", "2024-09-01", stricter)


def test_a_breach_that_lasts_is_told_of_each_version_that_it_breaks() -> None:
    ledger = cell(32)
    ledger.tell(act("rule.amended", "2024-06-01", rule="rule", parameters={"least": 5, "most": 20}))
    assert ledger.days() == [
        ("2024-01-01", "2024-06-01", "certain"),
        ("2024-06-01", None, "certain"),
    ]


def test_a_rule_that_may_not_yet_be_in_force_is_not_judged() -> None:
    ledger = Told(body("cell-7"), rule("head", "2024-05"))
    assert ledger.days() == [("2024-05-31", None, "certain")]


def test_exempt_bodies_and_other_sorts_of_bodies_may_do_as_they_please() -> None:
    scope = {"classification": "cell", "within": "party"}
    size = rule("size", applies_to=scope, exempt=["army"], parameters={"least": 5})
    ledger = Told(
        body("party", classification="party"),
        body("army", within="party"),
        body("abroad"),
        body("bureau", within="party", classification="bureau"),
        body("town", within="party"),
        size,
    )
    assert [each.subject.id for each in ledger.found()] == ["town"]


def test_a_body_is_judged_while_it_is_there_and_of_the_sort() -> None:
    ledger = Told(
        body("cell-7", "2024-03-01"),
        rule("size", applies_to={"classification": "cell"}, parameters={"least": 5}),
        act("body.changed", "2024-05-01", body="cell-7", classification="club"),
        act("body.changed", "2024-07-01", body="cell-7", classification="cell"),
        act("body.dissolved", "2024-09-01", body="cell-7", manner="dissolved"),
    )
    assert ledger.days() == [
        ("2024-03-01", "2024-05-01", "certain"),
        ("2024-07-01", "2024-09-01", "certain"),
    ]


def test_size_counts_the_role_or_the_post_that_its_scope_names() -> None:
    delegates = rule("size", applies_to={"role": "delegate"}, parameters={"most": 1})
    told = (body("congress"), *people(2))
    ledger = Told(*told, *(member(each, "congress", "delegate") for each in ("p1", "p2")))
    ledger.tell(delegates)
    (breach,) = ledger.found()
    assert breach.message.startswith("congress has 2 delegate members on 2024-01-01")
    ledger = Told(*told, post("chair", "congress"), holds("p1", "chair"), holds("p2", "chair"))
    ledger.tell(rule("size", applies_to={"post": "chair"}, parameters={"most": 1}))
    assert [each.subject.id for each in ledger.found()] == ["chair"]


def test_the_days_of_findings_are_those_on_which_the_structure_is_too_large() -> None:
    rng = random.Random(5)
    ledger = Told(
        body("cell-7"), *people(12), rule("size", parameters={"most": 4, "least": 2}), person("px")
    )
    texts = ["2024-{:02}-{:02}", "2024-{:02}", "[2024-{:02}-{:02}..2024-12-31]"]
    for each in range(1, 13):
        first, last = sorted(rng.sample(range(1, 13), 2))
        ledger.tell(admitted(f"p{each}", rng.choice(texts).format(first, rng.randint(1, 28))))
        if rng.random() < 0.8:
            left = rng.choice(texts[:2]).format(last, rng.randint(1, 28))
            ledger.tell(act("activist.left", left, person=f"p{each}", body="cell-7"))
    ledger.tell(act("person.merged", "2024", person="p3", into="p4"))
    found = ledger.found()
    assert {each.certainty for each in found} == {"certain", "possible"}
    for on in range(day("2024-01-01"), day("2025-01-02")):
        (cell_7,) = structure(ledger.entries, on, len(ledger.entries))
        certain, possible = cell_7.activists, cell_7.activists + cell_7.activists_possible
        expected = {
            ("most", "certain" if certain > 4 else "possible" if possible > 4 else None),
            ("least", "certain" if possible < 2 else "possible" if certain < 2 else None),
        }
        told = {
            ("most" if "at most" in each.message else "least", each.certainty)
            for each in found
            if each.since <= iso(on) < (each.until or "9")
        }
        assert told == {each for each in expected if each[1]}, iso(on)


# Cadence


def committee(*acts: Act, **parameters: Any) -> Told:
    applies_to = {"classification": "committee"}
    cadence = rule("cadence", applies_to=applies_to, parameters=parameters)
    return Told(body("committee", classification="committee"), cadence, *acts)


def test_five_months_pass_between_two_plenums() -> None:
    ledger = committee(
        meeting("first", "2024-02-10"), meeting("second", "2024-07-10"), months=4, meeting="plenum"
    )
    assert ledger.found("2024-06-10") == []
    (breach,) = ledger.found("2024-06-11")
    assert (breach.since, breach.until) == ("2024-06-11", None)
    assert breach.message == (
        "committee had opened no plenum after 2024-02-10 by 2024-06-11, "
        "and no more than 4 months may pass between two"
    )
    assert breach.because == (3, 4)  # the rule, and the plenum before
    assert ledger.days("2024-07-10") == [("2024-06-11", "2024-07-10", "certain")]


def test_before_the_first_meeting_time_counts_from_when_body_and_rule_are_there() -> None:
    ledger = committee(days=30)
    assert ledger.days() == [("2024-02-01", None, "certain")]
    ledger = Told(body("committee", "2023"), rule("cadence", "2024-03-01", parameters={"days": 30}))
    assert ledger.days() == [("2024-04-01", None, "certain")]


def test_a_month_after_the_31st_is_over_on_the_last_day_of_a_shorter_month() -> None:
    ledger = committee(meeting("first", "2024-01-31"), months=1)
    assert ledger.days() == [("2024-03-01", None, "certain")]


def test_a_plenum_of_which_only_the_month_is_known_may_or_may_not_be_late() -> None:
    ledger = committee(
        meeting("first", "2024-02"), meeting("second", "2024-06-20"), months=4, meeting="plenum"
    )
    assert ledger.days("2024-06-30") == [("2024-06-02", "2024-06-20", "possible")]
    ledger = committee(
        meeting("first", "2024-02-10"), meeting("second", "2024-06"), months=4, meeting="plenum"
    )
    assert ledger.days("2024-06-30") == [("2024-06-11", "2024-06-30", "possible")]


def test_a_gap_that_may_reach_past_a_meeting_of_uncertain_day_is_told_once() -> None:
    ledger = committee(meeting("some-day", "[2024-03-01..2024-09-30]", closes=None), months=4)
    assert ledger.days("2024-12-31") == [("2024-05-02", None, "possible")]
    assert ledger.days("2025-02-01")[-1] == ("2025-01-31", None, "certain")


def test_no_meeting_in_march() -> None:
    ledger = committee(
        *(meeting(f"in-{month}", f"2024-{month:02}-15") for month in (1, 2, 4, 5)),
        times=1,
        per="month",
    )
    assert ledger.found("2024-03-31") == []
    (breach,) = ledger.found("2024-04-01")
    assert (breach.since, breach.until) == ("2024-03-01", "2024-04-01")
    assert (
        breach.message
        == "committee opened no meetings in 2024-03, and at least 1 a month is required"
    )
    assert len(ledger.found("2024-05-31")) == 1


def test_only_meetings_of_the_kind_count_and_parts_of_a_meeting_are_not_further_ones() -> None:
    ledger = committee(
        meeting("whole", "2024-01-10", closes="2024-01-20"),
        meeting("part", "2024-01-11", kind="sitting", within="whole"),
        meeting("elsewhere", "2024-01-12", kind="session"),
        times=2,
        per="month",
        meeting="plenum",
    )
    (breach,) = ledger.found("2024-02-01")
    assert breach.message.startswith("committee opened 1 plenum in 2024-01")
    ledger.tell(
        act("rule.amended", "2024-01-02", rule="rule", parameters={"times": 3, "per": "month"})
    )
    (breach,) = ledger.found("2024-02-01")
    assert breach.message.startswith("committee opened 2 meetings in 2024-01")


def test_only_whole_periods_count_and_a_meeting_may_fall_in_either() -> None:
    ledger = Told(
        body("committee", "2024-01-02", classification="committee"),
        rule("cadence", parameters={"times": 1, "per": "quarter"}),
        meeting("spring", "[2024-06-15..2024-07-15]"),
    )
    assert ledger.days("2024-06-30") == []  # the first quarter was not whole
    (second, third) = ledger.found("2024-10-01")
    assert second.message.startswith("committee may have opened no meetings in quarter 2 of 2024")
    assert (third.since, third.until, third.certainty) == ("2024-07-01", "2024-10-01", "possible")


def test_a_meeting_announced_in_full_and_convened_in_short_counts_as_announced() -> None:
    ledger = committee(
        act("meeting.scheduled", "2024-01-02", meeting="m", body="committee", kind="plenum"),
        act("meeting.convened", "2024-01-20", meeting="m"),
        times=1,
        per="month",
        meeting="plenum",
    )
    assert ledger.found("2024-02-01") == []


# Heads


def test_a_cell_is_without_a_head() -> None:
    ledger = Told(
        *people(2),
        body("cell-7"),
        post("chair", "cell-7", head=True),
        rule("head"),
        holds("p1", "chair"),
    )
    assert ledger.found() == []
    vacated = ledger.tell(gone("p1", "chair", "2024-06-30"))
    (breach,) = ledger.found()
    assert breach.message == "cell-7 has no head on 2024-06-30, and one is required"
    assert (breach.certainty, breach.because) == ("certain", (breach.version, vacated))
    ledger.tell(holds("p2", "chair", "2024-08"))
    assert ledger.days() == [
        ("2024-06-30", "2024-08-01", "certain"),
        ("2024-08-01", "2024-08-31", "possible"),
    ]


def test_whoever_holds_a_post_that_heads_nothing_is_no_head() -> None:
    ledger = Told(person("p1"), body("cell-7"), post("clerk", "cell-7"), holds("p1", "clerk"))
    ledger.tell(rule("head"))
    assert ledger.days() == [("2024-01-01", None, "certain")]
    ledger.tell(act("post.changed", "2024-05-01", post="clerk", head=True))
    assert ledger.days() == [("2024-01-01", "2024-05-01", "certain")]


# Cardinality


def test_there_are_to_be_twelve_provincial_committees() -> None:
    scope = {"classification": "provincial_committee", "within": "party"}
    ledger = Told(
        body("party", classification="party"),
        *(
            body(f"province-{each}", within="party", classification="provincial_committee")
            for each in range(1, 12)
        ),
        rule("cardinality", applies_to=scope, parameters={"least": 12, "most": 12}),
    )
    (breach,) = ledger.found()
    assert (breach.subject.kind, breach.subject.id) == ("body", "party")
    assert breach.message == (
        "party has 11 provincial committees on 2024-01-01, and at least 12 are required"
    )
    later = {"within": "party", "classification": "provincial_committee"}
    ledger.tell(body("province-12", "2024-02", **later))
    thirteenth = ledger.tell(body("province-13", "2024-04-01", **later))
    assert ledger.days() == [
        ("2024-01-01", "2024-02-01", "certain"),
        ("2024-02-01", "2024-02-29", "possible"),
        ("2024-04-01", None, "certain"),
    ]
    assert thirteenth in ledger.found()[-1].because


# Holders


def test_two_of_seven_senior_officials_head_a_committee() -> None:
    committees = [f"committee-{each}" for each in range(1, 4)]
    ledger = Told(
        *people(7),
        body("centre", classification="centre"),
        post("senior-official", "centre"),
        *(body(each, classification="executive_committee") for each in committees),
        *(post(f"head-of-{each}", each, head=each != "committee-3") for each in committees),
        *(holds(f"p{each}", "senior-official", "2023-12-01") for each in range(1, 8)),
        *(holds(f"p{each}", f"head-of-committee-{each}") for each in range(1, 4)),
        holds("p4", "head-of-committee-1"),
        gone("p4", "head-of-committee-1", "2024-01-02"),
        rule(
            "composition",
            "2024-01-08",
            applies_to={"post": "senior-official"},
            parameters={"head_of": "executive_committee"},
        ),
    )
    found = ledger.found()
    assert [each.subject.id for each in found] == ["p3", "p4", "p5", "p6", "p7"]
    assert {(each.since, each.certainty) for each in found} == {("2024-01-08", "certain")}
    ledger.tell(act("body.dissolved", "2024-05-01", body="committee-1", manner="dissolved"))
    assert ("p1", "2024-05-01") in {(each.subject.id, each.since) for each in ledger.found()}


def test_who_possibly_heads_a_committee_possibly_breaks_the_rule() -> None:
    ledger = Told(
        person("p1"),
        body("committee", classification="executive_committee"),
        post("official", "committee"),
        post("chair", "committee", head=True),
        holds("p1", "official"),
        act("tenure.attested", "2024-06-10", person="p1", post="chair"),
        rule(
            "composition",
            applies_to={"post": "official"},
            parameters={"head_of": "executive_committee"},
        ),
    )
    assert ledger.days() == [
        ("2024-01-01", "2024-06-10", "possible"),
        ("2024-06-11", None, "possible"),
    ]


def council(*acts: Act) -> Told:
    return Told(
        *people(4),
        body("council", classification="council"),
        post("councillor", "council", seats=5),
        *acts,
        rule(
            "cap",
            applies_to={"post": "councillor"},
            parameters={"most": 2, "affiliation": "employer"},
        ),
    )


def works_for(who: str, organisation: str, since: str, kind: str = "employer") -> Act:
    given = {"organisation": organisation, "kind": kind}
    return act("affiliation.started", since, person=who, **given)


def test_three_members_of_the_council_work_for_one_employer() -> None:
    ledger = council(
        *(holds(f"p{each}", "councillor") for each in range(1, 5)),
        works_for("p1", "Acme", "2020"),
        works_for("p2", "Acme", "2020"),
        works_for("p4", "Acme", "2020", kind="party"),
    )
    assert ledger.found() == []
    hired = ledger.tell(works_for("p3", "Acme", "2024-05-06"))
    (breach,) = ledger.found()
    assert breach.message == (
        "councillor has 3 holders on 2024-05-06 tied to Acme, and at most 2 are allowed"
    )
    assert (breach.subject.kind, breach.since) == ("post", "2024-05-06")
    assert hired in breach.because
    ledger.tell(gone("p1", "councillor", "2024-06-01"))
    assert ledger.days() == [("2024-05-06", "2024-06-01", "certain")]


def test_a_term_lasts_too_long() -> None:
    ledger = Told(
        *people(2),
        body("council"),
        post("chair", "council"),
        rule("term", applies_to={"post": "chair"}, parameters={"months": 12}),
        holds("p1", "chair", "2024-02-01"),
        gone("p1", "chair", "2025-02-01"),
        holds("p2", "chair", "2025-02"),
    )
    assert ledger.found("2026-02-27") == []
    (breach,) = ledger.found("2026-02-28")
    assert (breach.subject.kind, breach.subject.id) == ("person", "p2")
    assert breach.message == (
        "p2 still holds chair on 2026-02-28, held since 2025-02-28, "
        "and no longer than 12 months is allowed"
    )


def test_a_tenure_outlasts_its_stated_end() -> None:
    ledger = Told(
        person("p1"),
        body("council"),
        post("chair", "council"),
        act("appointment.made", "2024-02-01", person="p1", post="chair", until="2024-08-01"),
    )
    assert ledger.found() == []  # no rule, no breach
    ledger.tell(rule("term", applies_to={"post": "chair"}))
    assert ledger.days() == [("2024-08-01", None, "certain")]


def test_who_is_not_to_vote_votes() -> None:
    ledger = Told(
        *people(2),
        body("council"),
        post("advisor", "council", voting=True),
        post("guest", "council"),
        member("p1", "council", "observer", voting=True),
        member("p2", "council", "observer"),
        rule("voting", applies_to={"body": "council"}, parameters={"voting": False}),
    )
    (breach,) = ledger.found()
    assert (breach.subject.kind, breach.subject.id) == ("post", "advisor")
    ledger.tell(act("post.changed", "2024-03-01", post="advisor", voting=False))
    assert ledger.days() == [("2024-01-01", "2024-03-01", "certain")]
    ledger.tell(act("rule.amended", "2024-06-01", rule="rule", applies_to={"role": "observer"}))
    assert [each.subject.id for each in ledger.found()] == ["advisor", "p1"]


# Decisions


def assembly(**parameters: Any) -> Told:
    scope = {"classification": "committee"}
    return Told(
        body("committee", classification="committee"),
        body("club", classification="club"),
        rule("quorum", applies_to=scope, parameters=parameters),
    )


def test_too_few_voted_on_a_decision() -> None:
    ledger = assembly(percent=50)
    text = act("resolution.adopted", "2024-02-01", resolution="r", items=["so be it"])
    for identity, by, cast in (
        ("enough", "committee", 5),
        ("few", "committee", 4),
        ("x", "club", 1),
    ):
        vote = {"eligible": 10, "cast": cast}
        named = {**text, "resolution": identity}
        ledger.tell(named, id=identity, taken_by=by, date="2024-02-01", vote=vote)
    (breach,) = ledger.found()
    assert (breach.subject.kind, breach.subject.id) == ("decision", "few")
    assert (breach.since, breach.until) == ("2024-02-01", "2024-02-02")
    assert (
        breach.message
        == "4 of 10 voted in few on 2024-02-01, and at least 50 in a hundred must vote"
    )


def test_too_few_voted_in_an_election() -> None:
    ledger = assembly(least=5)
    figures = {"eligible": 10, "cast": 4, "closed": "2024-02-01"}
    ledger.tell(act("election.held", "2024-03-01", election="e", body="committee", **figures))
    (breach,) = ledger.found()
    assert (breach.subject.kind, breach.subject.id) == ("election", "e")
    assert breach.since == "2024-02-01"


def test_what_was_decided_before_the_rule_or_nobody_knows_when_is_not_judged() -> None:
    for date in ("2023-12-31", "[2023-12-31..2024-01-02]", None):
        ledger = assembly(least=5)
        ledger.tell(person("p1"), taken_by="committee", date=date, vote={"cast": 1})
        assert ledger.found() == []


def province(**parameters: Any) -> Told:
    return Told(
        body("committee", classification="committee"),
        body("bureau", classification="bureau", within="committee"),
        rule("mandate", applies_to={"classification": "bureau"}, parameters=parameters),
    )


def test_a_bureau_decides_while_the_plenum_is_in_session() -> None:
    ledger = province(between="plenum")
    ledger.tell(meeting("plenum-3", "2024-10-14", closes="2024-10-15"))
    ledger.tell(meeting("seminar", "2024-10-16", kind="seminar"))
    for each, by in ((14, "bureau"), (15, "committee"), (16, "bureau")):
        ledger.tell(person(f"p{each}"), id=f"on-{each}", taken_by=by, date=f"2024-10-{each}")
    (breach,) = ledger.found()
    assert (breach.subject.kind, breach.subject.id) == ("decision", "on-14")
    assert (breach.since, breach.until, breach.certainty) == ("2024-10-14", "2024-10-15", "certain")
    assert "while plenum-3 was in session" in breach.message
    ledger.tell(person("px"), id="in-october", taken_by="bureau", date="2024-10")
    assert [each.certainty for each in ledger.found()] == ["certain", "possible"]


def power(what: str, holder: str, **said: Any) -> Act:
    mandate = f"{holder}-{what}"
    return act("mandate.granted", "2024-01-01", mandate=mandate, holder=holder, power=what, **said)


def test_only_who_holds_a_mandate_that_reaches_it_may_establish_a_bureau() -> None:
    ledger = province(power="establish")
    ledger.tell(body("club", classification="club"))
    ledger.tell(power("establish", "committee", over=["bureau"], within="committee"))

    def establish(identity: str, by: str | None, **said: Any) -> None:
        given = {"classification": "bureau", "within": "committee", **said}
        ledger.tell(
            body(identity, "2024-06-01", **given), taken_by=by, date="2024-05-01", id=identity
        )

    establish("lawful", "committee")
    establish("elsewhere", "committee", within="club")
    establish("another-sort", "club", classification="club")
    establish("by-another", "club")
    establish("by-nobody-known", None)
    found = {each.subject.id: each for each in ledger.found()}
    assert sorted(found) == ["by-another", "elsewhere"]
    assert found["by-another"].message == (
        "club used the power to establish over by-another in by-another on 2024-05-01 "
        "without a mandate for it"
    )
    assert ledger.found("2024-05-01")[0].until is None  # judged when decided, not when effective


def test_a_mandate_holds_for_its_days_and_possibly_around_them() -> None:
    ledger = province(power="admit")
    ledger.tell(*people(4), power("admit", "bureau"))
    ledger.tell(act("mandate.revoked", "2024-07", mandate="bureau-admit"))
    for who, date in (("p1", "2024-06-30"), ("p2", "2024-07-15"), ("p3", "2024-08-01")):
        ledger.tell(admitted(who, date, to="bureau"), taken_by="bureau", date=date, id=who)
    found = [(each.subject.id, each.certainty) for each in ledger.found()]
    assert found == [("p2", "possible"), ("p3", "certain")]


def test_a_post_of_the_body_may_hold_the_mandate_that_a_decision_rests_on() -> None:
    ledger = province(power="appoint")
    ledger.tell(person("p1"), post("chair", "bureau"), post("secretary", "committee"))
    ledger.tell(power("appoint", "secretary"))
    appoint = act("appointment.made", "2024-05-01", person="p1", post="chair")
    ledger.tell(appoint, taken_by="committee", date="2024-05-01", authority="secretary-appoint")
    assert ledger.found() == []
    again = {**appoint, "by": "secretary", "effective": "2024-06-01"}
    ledger.tell(gone("p1", "chair", "2024-05-20"), again, taken_by="committee", date="2024-06-01")
    assert ledger.found() == []
    bare = {**appoint, "effective": "2024-08-01"}
    ledger.tell(
        gone("p1", "chair", "2024-07-20"), bare, taken_by="committee", date="2024-08-01", id="x"
    )
    assert [each.subject.id for each in ledger.found()] == ["x"]


@pytest.mark.parametrize(
    ("power_used", "used"),
    [
        ("dissolve", act("body.dissolved", "2024-05-01", body="bureau", manner="dissolved")),
        ("admit", admitted("p1", "2024-05-01", "bureau")),
        ("exclude", act("activist.excluded", "2024-05-01", person="p2", body="bureau")),
        ("assign", act("activist.assigned", "2024-05-01", person="p1", body="bureau")),
        ("elect", act("election.held", "2024-05-01", election="e", contests=[{"post": "chair"}])),
        ("appoint", act("appointment.made", "2024-05-01", person="p1", post="chair")),
        ("approve", act("appointment.approved", "2024-05-01", person="p2", post="chair")),
        (
            "remove",
            act("tenure.ended", "2024-05-01", person="p2", post="chair", reason="removed"),
        ),
        ("convene", act("meeting.convened", "2024-05-01", meeting="m")),
        (
            "discipline",
            act("sanction.imposed", "2024-05-01", person="p1", kind="reprimand", body="bureau"),
        ),
        ("hear_appeals", act("appeal.decided", "2024-05-01", sanction="s", outcome="upheld")),
        (
            "adopt_rules",
            act(
                "rule.adopted", "2024-05-01", rule="r2", kind="duty", applies_to={"body": "bureau"}
            ),
        ),
    ],
)
def test_every_power_is_told_by_its_act(power_used: str, used: Act) -> None:
    ledger = province(power=power_used)
    ledger.tell(
        *people(2),
        post("chair", "bureau"),
        admitted("p2", to="bureau"),
        holds("p2", "chair"),
        act("meeting.scheduled", "2024-01-01", meeting="m", body="bureau"),
        act("sanction.imposed", "2024-01-01", sanction="s", person="p2", kind="x", body="bureau"),
    )
    said = {"sanction": "s2", **used} if used["type"] == "sanction.imposed" else used
    ledger.tell(said, taken_by="committee", date="2024-05-01", id="used")
    assert [each.subject.id for each in ledger.found()] == ["used"]
    ledger.tell(power(power_used, "committee", within="committee"))
    assert ledger.found() == []


def test_who_resigns_was_not_removed() -> None:
    ledger = province(power="remove")
    ledger.tell(person("p1"), post("chair", "bureau"), holds("p1", "chair"))
    ledger.tell(gone("p1", "chair", "2024-05-01"), taken_by="committee", date="2024-05-01")
    assert ledger.found() == []


def test_what_is_needed_of_a_decision_can_be_written_as_json() -> None:
    ledger = province(power="elect")
    given = {"contests": [{"body": "bureau", "role": "member"}], "eligible": 9, "cast": 5}
    ledger.tell(
        act("election.held", "2024-02-01", election="e", body="committee", **given),
        taken_by="committee",
        date="2024-02-01",
        vote={"eligible": 9, "cast": 5},
    )
    for each in ledger.taken:
        assert from_json(Taken, to_json(each)) == each
    assert ledger.taken[-1].elections[0].cast == 5


# All of them


def test_duties_and_appeals_are_never_judged() -> None:
    assert not {"duty", "appeal"} & set(JUDGED)
    assert Told(body("cell-7"), rule("duty", parameters={"least": 5})).found() == []


@pytest.mark.parametrize("kind", sorted(JUDGED))
def test_a_rule_without_figures_breaks_nothing_but_the_need_of_a_head(kind: str) -> None:
    ledger = Told(person("p1"), body("cell-7"), post("chair", "cell-7"), holds("p1", "chair"))
    ledger.tell(rule(kind), taken_by="cell-7", date="2024-01-01")
    assert len(ledger.found()) == (kind == "head")


def test_what_is_found_by_a_day_is_found_by_every_later_day() -> None:
    ledger = cell(30)
    ledger.tell(admitted("p31", "2024-10"), admitted("p32", "2024-11-05"))
    ledger.tell(act("activist.left", "2024-12", person="p1", body="cell-7"))
    ledger.tell(act("activist.left", "2025-01-10", person="p2", body="cell-7"))
    for on in range(day("2024-09-20"), day("2025-02-01")):
        later = [
            (each.since, each.until if each.until and each.until <= iso(on) else None)
            for each in ledger.found()
            if each.since <= iso(on)
        ]
        assert [(each.since, each.until) for each in ledger.found(iso(on))] == later

"""Coherence: what the ledger refuses, on every day, however late it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.entries import Entry
from service.ledger import Ledger
from service.recording.recorder import Refusal
from tests.ledgers import act, ledger_in, record, refused, sent, told, trace


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A council with a bureau in it, a chair for one, and three persons."""
    with ledger_in(tmp_path) as opened:
        told(
            opened,
            *(registered(person) for person in ("ann", "bo", "cy")),
            established("council", "2020-01-01"),
            established("bureau", "2020-02-01", within="council"),
            act(
                "post.created",
                "2020-01-01",
                post="chair",
                body="council",
                label="Chair",
                seats=1,
            ),
        )
        yield opened


def registered(person: str) -> dict[str, Any]:
    return act("person.registered", "2020", person=person, name=person.title())


def established(body: str, effective: str, **fields: Any) -> dict[str, Any]:
    return act(
        "body.established", effective, body=body, name=body, classification="organ", **fields
    )


def started(person: str, effective: str, post: str = "chair") -> dict[str, Any]:
    return act("tenure.started", effective, person=person, post=post)


def ended(person: str, effective: str, post: str = "chair") -> dict[str, Any]:
    return act("tenure.ended", effective, person=person, post=post, reason="resigned")


def admitted(person: str, effective: str, body: str = "council") -> dict[str, Any]:
    return act("activist.admitted", effective, person=person, body=body)


def dissolved(body: str, effective: str) -> dict[str, Any]:
    return act("body.dissolved", effective, body=body, manner="dissolved")


def retracted(position: int) -> dict[str, Any]:
    return act("entry.retracted", entry=position, reason="a slip")


# Ids


def test_ids_must_be_known(ledger: Ledger) -> None:
    assert refused(ledger, started("nobody", "2020-03-01")) == {("id_unknown", "/acts/0/person")}
    assert refused(ledger, act("body.moved", "2020-03-01", body="council", within="x")) == {
        ("id_unknown", "/acts/0/within")
    }
    assert refused(ledger, registered("di"), taken_by="nowhere") == {("id_unknown", "/taken_by")}
    appointment = act("appointment.made", "2020-03-01", person="ann", post="chair", by="nowhere")
    assert refused(ledger, appointment) == {("id_unknown", "/acts/0/by")}
    contest = {"post": "chair", "elected": ["ann", "zed"]}
    election = act("election.held", "2020-03-01", contests=[contest])
    assert refused(ledger, election) == {("id_unknown", "/acts/0/contests/0/elected/1")}
    assert refused(ledger, act("election.annulled", "2020-03-01", election="vote")) == {
        ("id_unknown", "/acts/0/election")
    }


def test_an_id_made_anywhere_in_the_decision_is_known(ledger: Ledger) -> None:
    told(ledger, started("di", "2020-03-01"), registered("di"))


def test_an_id_is_never_established_twice(ledger: Ledger) -> None:
    assert refused(ledger, registered("ann")) == {("id_taken", "/acts/0/person")}
    told(ledger, dissolved("bureau", "2020-03-01"))
    again = established("bureau", "2021-01-01")
    assert refused(ledger, again) == {("id_taken", "/acts/0/body")}
    twice = (registered("di"), registered("di"))
    assert refused(ledger, *twice) == {("id_taken", "/acts/1/person")}


def test_bodies_and_posts_share_their_ids_for_some_acts_name_either(ledger: Ledger) -> None:
    post = act("post.created", "2020-03-01", post="bureau", body="council", label="Bureau")
    assert refused(ledger, post) == {("id_taken", "/acts/0/post")}
    told(ledger, registered("council"))


def test_a_retracted_creation_frees_its_id(ledger: Ledger) -> None:
    told(ledger, registered("di"))
    position = ledger.log.head()[0]
    told(ledger, retracted(position), registered("di"))
    told(ledger, started("di", "2020-03-01"))


# Lives


def test_nothing_happens_in_a_body_before_it_exists_or_after_it_is_gone(ledger: Ledger) -> None:
    told(ledger, dissolved("bureau", "2020-06-01"))
    assert refused(ledger, admitted("ann", "2020-01-31", "bureau")) == {("outside_life", "/acts/0")}
    assert refused(ledger, admitted("ann", "2020-06-01", "bureau")) == {("outside_life", "/acts/0")}
    told(ledger, admitted("ann", "2020-05-31", "bureau"))


def test_an_act_is_outside_only_if_its_whole_window_is(ledger: Ledger) -> None:
    assert refused(ledger, admitted("ann", "2019", "bureau")) == {("outside_life", "/acts/0")}
    told(ledger, admitted("ann", "2020", "bureau"))


def test_a_life_of_no_day_holds_nothing(ledger: Ledger) -> None:
    told(ledger, established("club", "2020-01-01"), dissolved("club", "2020-01-01"))
    assert refused(ledger, admitted("ann", "2020-02-01", "club")) == {("outside_life", "/acts/0")}
    told(ledger, admitted("ann", "2020-02-01"))
    late = dissolved("council", "2020-01-01")
    rules = {rule for rule, _ in refused(ledger, late)}
    assert rules == {"outside_life", "bodies_live_on"}


def test_a_post_and_its_lines_end_with_its_body(ledger: Ledger) -> None:
    told(ledger, established("guild", "2020-01-01"), dissolved("guild", "2021-01-01"))
    told(ledger, act("post.created", "2020-01-01", post="elder", body="guild", label="Elder"))
    for late in (
        act("post.changed", "2022-01-01", post="elder", seats=3),
        act("post.renamed", "2022-01-01", post="elder", label="Eldest"),
        act("line.drawn", "2022-01-01", post="elder", to="council", kind="reports_to"),
    ):
        assert refused(ledger, late) == {("outside_life", "/acts/0")}


def test_a_body_is_not_put_into_one_that_is_gone_not_even_possibly(ledger: Ledger) -> None:
    told(ledger, dissolved("bureau", "2020-03-01"))
    cell = established("cell", "[2021-01-01..2021-12-31]", within="bureau")
    brief = act("body.dissolved", "[2021-01-01..2021-12-31]", body="cell", manner="ceased")
    assert refused(ledger, cell, brief) == {("outside_life", "/acts/0")}


def test_a_circle_needs_bodies_that_are_certainly_there(ledger: Ledger) -> None:
    told(ledger, act("body.dissolved", "[2021-01-01..2023-01-01]", body="bureau", manner="ceased"))
    into = act("body.moved", "2022-01-01", body="council", within="bureau")
    told(ledger, into, act("body.moved", "2022-06-01", body="council"))


def test_an_ending_may_fall_on_the_day_a_body_ends(ledger: Ledger) -> None:
    told(ledger, admitted("ann", "2020-03-01", "bureau"), dissolved("bureau", "2020-06-01"))
    told(ledger, act("activist.left", "2020-06-01", person="ann", body="bureau"))


def test_a_late_dissolution_is_refused_if_later_facts_need_the_body(ledger: Ledger) -> None:
    told(ledger, admitted("ann", "2020-05-01", "bureau"))
    position = ledger.log.head()[0]
    answer = record(ledger, dissolved("bureau", "2020-04-01"))
    assert isinstance(answer, Refusal)
    (violation,) = answer.violations
    assert (violation.rule, violation.pointer) == ("outside_life", "/acts/0")
    assert position in violation.because


def test_nothing_happens_to_the_dead(ledger: Ledger) -> None:
    told(ledger, act("person.died", "2020-06-01", person="ann"))
    assert refused(ledger, started("ann", "2020-06-01")) == {("outside_life", "/acts/0")}
    told(ledger, started("ann", "2020-05-01"))


def test_a_decision_is_taken_by_a_body_that_is_there(ledger: Ledger) -> None:
    early = {"taken_by": "bureau", "date": "2020-01-31"}
    assert refused(ledger, registered("di"), **early) == {("outside_life", "/taken_by")}
    told(ledger, registered("di"), taken_by="bureau", date="2020-02-01")


# Places


def test_a_body_is_never_within_itself(ledger: Ledger) -> None:
    into_itself = act("body.moved", "2020-03-01", body="council", within="council")
    assert ("within_itself", "/acts/0") in refused(ledger, into_itself)
    around = act("body.moved", "2020-03-01", body="council", within="bureau")
    assert refused(ledger, around) == {("within_itself", "/acts/0")}


def test_a_circle_on_any_day_is_refused(ledger: Ledger) -> None:
    told(ledger, act("body.moved", "2021-01-01", body="bureau"))
    told(ledger, act("body.moved", "2021-01-01", body="council", within="bureau"))
    late = act("body.moved", "2020-12-31", body="council", within="bureau")
    assert refused(ledger, late) == {("within_itself", "/acts/0")}


def test_bodies_within_a_dissolved_body_must_be_dealt_with(ledger: Ledger) -> None:
    assert refused(ledger, dissolved("council", "2020-06-01")) == {("bodies_live_on", "/acts/0")}
    move = act("body.moved", "2020-06-01", body="bureau")
    told(ledger, dissolved("council", "2020-06-01"), move)


def test_a_body_is_not_within_one_that_is_not_there_yet(ledger: Ledger) -> None:
    early = established("cell", "2020-01-15", within="bureau")
    assert refused(ledger, early) == {("outside_life", "/acts/0")}


# Tenures and memberships


def test_a_post_is_never_filled_beyond_its_seats(ledger: Ledger) -> None:
    told(ledger, started("ann", "2020-03-01"))
    assert refused(ledger, started("bo", "2020-04-01")) == {("seats_exceeded", "/acts/0")}
    told(ledger, ended("ann", "2020-04-01"), started("bo", "2020-04-01"))


def test_a_late_tenure_is_judged_on_every_later_day(ledger: Ledger) -> None:
    told(ledger, started("bo", "2020-04-01"))
    assert refused(ledger, started("ann", "2020-03-01")) == {("seats_exceeded", "/acts/0")}
    told(ledger, started("ann", "2020-03-01"), ended("ann", "2020-04-01"))


def test_fewer_seats_than_holders_are_refused(ledger: Ledger) -> None:
    told(ledger, started("ann", "2020-03-01"))
    fewer = act("post.changed", "2020-05-01", post="chair", seats=0)
    assert refused(ledger, fewer) == {("seats_exceeded", "/acts/0")}


def test_seats_are_judged_by_certain_holders_only(ledger: Ledger) -> None:
    told(ledger, started("ann", "2020-03-01"))
    told(ledger, act("tenure.attested", "[2020-04-01..2020-04-30]", person="bo", post="chair"))


def test_one_election_seats_no_more_than_there_are_seats(ledger: Ledger) -> None:
    contest = {"post": "chair", "elected": ["ann", "bo"]}
    both = act("election.held", "2020-03-01", contests=[contest])
    assert refused(ledger, both) == {("seats_exceeded", "/acts/0")}
    contest["not_seated"] = [{"person": "bo"}]  # type: ignore[list-item]
    told(ledger, both)


def test_death_makes_room(ledger: Ledger) -> None:
    told(ledger, started("ann", "2020-03-01"), act("person.died", "2020-04-01", person="ann"))
    told(ledger, started("bo", "2020-04-01"))
    position = ledger.log.head()[0] - 2
    assert refused(ledger, retracted(position)) == {("seats_exceeded", "/acts/0")}


def test_a_second_start_while_one_runs_is_refused(ledger: Ledger) -> None:
    told(ledger, admitted("ann", "2020-03-01"))
    assert refused(ledger, admitted("ann", "2020-06-01")) == {("already_running", "/acts/0")}
    assert refused(ledger, admitted("ann", "2020-02-01")) == {("already_running", "/acts/0")}
    told(ledger, act("activist.left", "2020-05-01", person="ann", body="council"))
    told(ledger, admitted("ann", "2020-06-01"))


def test_an_end_of_what_does_not_run_is_refused(ledger: Ledger) -> None:
    assert refused(ledger, ended("ann", "2020-03-01")) == {("not_running", "/acts/0")}
    told(ledger, started("ann", "2020-03-01"))
    assert refused(ledger, ended("ann", "2020-02-29")) == {("not_running", "/acts/0")}
    line = act("line.ended", "2020-03-01", body="bureau", to="council", kind="reports_to")
    assert refused(ledger, line) == {("not_running", "/acts/0")}


def test_who_is_attested_on_a_day_has_not_left_by_then(ledger: Ledger) -> None:
    told(ledger, act("tenure.attested", "2020-03-05", person="ann", post="chair"))
    assert refused(ledger, ended("ann", "2020-03-05")) == {("not_running", "/acts/0")}
    told(ledger, ended("ann", "2020-03-06"))


def test_a_day_gives_an_attribute_one_value(ledger: Ledger) -> None:
    told(ledger, act("body.renamed", "2020-03-01", body="bureau", name="Office"))
    other = act("body.renamed", "2020-03-01", body="bureau", name="Desk")
    assert refused(ledger, other) == {("two_values", "/acts/0")}
    position = ledger.log.head()[0]
    told(ledger, {**other, "corrects": position}, retracted(position))


# Elections


def election(**fields: Any) -> dict[str, Any]:
    return act("election.held", "2020-03-01", election="vote", **fields)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"eligible": 38, "cast": 39}, "/cast"),
        ({"cast": 10, "invalid": 11}, "/invalid"),
        (
            {
                "cast": 10,
                "invalid": 1,
                "counts": [{"option": "for", "value": 8}, {"option": "abstain", "value": 2}],
            },
            "/counts",
        ),
        ({"rounds": [{"eligible": 1, "cast": 1}, {"eligible": 1, "cast": 2}]}, "/rounds/1/cast"),
        (
            {
                "cast": 10,
                "contests": [{"post": "chair", "candidates": [{"person": "ann", "votes": 11}]}],
            },
            "/contests/0/candidates/0/votes",
        ),
        (
            {
                "contests": [
                    {"body": "council", "role": "member", "seats": 1, "elected": ["ann", "bo"]}
                ]
            },
            "/contests/0/elected",
        ),
    ],
)
def test_ballots_add_up(ledger: Ledger, fields: dict[str, Any], pointer: str) -> None:
    assert refused(ledger, election(**fields)) == {("ballots", f"/acts/0{pointer}")}


def test_other_counts_are_not_judged(ledger: Ledger) -> None:
    told(ledger, election(cast=10, counts=[{"option": "score of Ann", "value": 47}]))


def test_a_vote_adds_up_too(ledger: Ledger) -> None:
    wrong = {"vote": {"eligible": 3, "cast": 4}}
    assert refused(ledger, registered("di"), **wrong) == {("ballots", "/vote/cast")}


def test_an_annulled_election_ends_its_tenures_and_nobody_comes_back(ledger: Ledger) -> None:
    told(ledger, started("bo", "2020-02-01"))
    contest = {"post": "chair", "elected": ["ann"]}
    told(ledger, ended("bo", "2020-03-01"), election(contests=[contest]))
    told(ledger, act("election.annulled", "2020-04-01", election="vote"))
    again = act("election.annulled", "2020-05-01", election="vote")
    assert refused(ledger, again) == {("not_running", "/acts/0")}
    assert refused(ledger, ended("ann", "2020-05-01")) == {("not_running", "/acts/0")}
    told(ledger, started("cy", "2020-04-01"))


def test_who_is_elected_again_after_an_annulment_may_leave(ledger: Ledger) -> None:
    contest = {"post": "chair", "elected": ["ann"]}
    told(ledger, election(contests=[contest]))
    told(ledger, act("election.annulled", "2020-04-01", election="vote"))
    told(ledger, act("election.held", "2020-05-02", election="second", contests=[contest]))
    told(ledger, ended("ann", "2020-05"))


def test_an_election_annulled_on_its_own_day_disturbs_no_tenure(ledger: Ledger) -> None:
    told(ledger, started("ann", "2020-01-05"))
    held = election(contests=[{"post": "chair", "elected": ["ann"]}])
    told(ledger, held, act("election.annulled", "2020-03-01", election="vote"))
    told(ledger, ended("ann", "2020-06-01"))


# Retractions


def test_only_acts_on_the_structure_can_be_retracted_and_once(ledger: Ledger) -> None:
    told(ledger, admitted("ann", "2020-03-01"))
    position = ledger.log.head()[0]
    assert refused(ledger, retracted(position + 1)) == {("entry_unknown", "/acts/0/entry")}
    assert refused(ledger, retracted(position - 1)) == {("not_retractable", "/acts/0/entry")}
    assert refused(ledger, retracted(position), retracted(position)) == {
        ("already_retracted", "/acts/1/entry")
    }
    told(ledger, retracted(position))
    assert refused(ledger, retracted(position)) == {("already_retracted", "/acts/0/entry")}
    retraction = ledger.log.head()[0]
    assert refused(ledger, retracted(retraction)) == {("not_retractable", "/acts/0/entry")}


def test_an_entry_can_be_named_by_its_decision(ledger: Ledger) -> None:
    told(ledger, admitted("ann", "2020-03-01"), admitted("bo", "2020-03-01"), id="admissions")
    named = act("entry.retracted", entry={"decision": "admissions", "act": 2}, reason="a slip")
    told(ledger, named)
    told(ledger, admitted("bo", "2020-04-01"))
    assert refused(ledger, named) == {("already_retracted", "/acts/0/entry")}
    third = act("entry.retracted", entry={"decision": "admissions", "act": 3}, reason="a slip")
    assert refused(ledger, third) == {("entry_unknown", "/acts/0/entry")}


def test_a_retraction_that_leaves_later_facts_incoherent_is_refused(ledger: Ledger) -> None:
    first = 2  # Ann's registration
    told(ledger, started("ann", "2020-03-01"), ended("ann", "2020-05-01"))
    tenure = ledger.log.head()[0] - 1
    assert refused(ledger, retracted(tenure)) == {("not_running", "/acts/0")}
    assert refused(ledger, retracted(first)) == {("id_unknown", "/acts/0")}
    told(ledger, retracted(tenure), retracted(tenure + 1))


def test_what_an_act_corrects_is_retracted_with_it(ledger: Ledger) -> None:
    told(ledger, admitted("ann", "2020-03-01"))
    position = ledger.log.head()[0]
    left = act("activist.left", "2020-04-01", person="ann", body="council", corrects=position)
    assert refused(ledger, left) == {("corrects_standing", "/acts/0/corrects")}
    told(ledger, {**admitted("ann", "2020-03-02"), "corrects": position}, retracted(position))


# All or nothing


def test_one_wrong_act_refuses_the_whole_decision(ledger: Ledger) -> None:
    assert refused(ledger, registered("di"), started("nobody", "2020-03-01")) == {
        ("id_unknown", "/acts/1/person")
    }
    assert refused(ledger, admitted("di", "2020-03-01")) == {("id_unknown", "/acts/0/person")}


def test_a_dry_run_judges_and_stores_nothing(ledger: Ledger) -> None:
    from tests.ledgers import decision

    before = trace(ledger)
    assert ledger.recorder.check(sent(decision(registered("di"))))[0] == ()
    (violation,), _ = ledger.recorder.check(sent(decision(registered("ann"))))
    assert violation.rule == "id_taken"
    assert trace(ledger) == before


def test_a_decision_of_many_acts_is_judged_without_comparing_each_with_each(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[object] = []

    def is_the_same(one: object, other: object) -> bool:
        compared.append(one)
        return one is other

    monkeypatch.setattr(Entry, "__eq__", is_the_same)
    gone = [act("body.dissolved", "2021", body=f"b{n}", manner="dissolved") for n in range(50)]
    assert len(refused(ledger, *gone)) == 50
    assert len(compared) < 50

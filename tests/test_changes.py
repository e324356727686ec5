"""What changed between two bases: applied to the first structure it gives the second."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from domain.answers import Change
from domain.dates import day, window
from domain.entries import Entry
from domain.questions.changes import UNDOING, applied, changes, explained
from domain.questions.facts import Day, Facts
from domain.questions.structure import bodies, spells, structure, whole
from projections.basis import basis_at
from service.ledger import Ledger
from tests.ledgers import act, entries, ledger_in, record, told
from tests.strategies import ACTS, GROUND, any_act, examples
from tests.test_door import Door, assert_problem, opened
from tests.test_example_isg import DECISIONS
from tests.test_histories import QUICK
from tests.test_history import LIKELY

FIRST = day("2019-12-30")
LAST = day("2020-01-16")

HELD = (
    *(act("tenure.started", f"2020-01-0{number}", person=person, post="clerk")
      for number, person in ((3, "ann"), (4, "bo"), (5, "di"))),
    act("line.drawn", "2020-01-03", post="clerk", to="council", kind="reports_to"),
    act("line.drawn", "2020-01-04", body="bureau", to="council", kind="reports_to"),
    *(act("activist.admitted", "2020-01-04", person=person, body="bureau")
      for person in ("ann", "bo", "di")),
    act("election.held", "2020-01-05", election="vote-1",
        contests=[{"post": "chair", "elected": ["cy"]}]),
)  # fmt: skip
"""What is there to be ended, merged, annulled and retracted."""

At = tuple[int, int]
"""A day and a position."""

RETRACTIONS = st.integers(11, 36).map(lambda n: act("entry.retracted", entry=n, reason="wrong"))
HISTORIES = st.lists(
    st.one_of(LIKELY, LIKELY, ACTS, any_act(), RETRACTIONS).map(lambda acted: [acted]),
    min_size=3,
    max_size=16,
)


def known(recorded: Sequence[Entry], at: At) -> Day:
    """The facts at a basis, by the pure fold."""
    kept = whole(recorded, at[1])
    return Day(Facts(spells(kept), kept), at[0])


def why(recorded: Sequence[Entry], first: At, second: At) -> tuple[Change, ...]:
    """What changed between two bases and why, by the pure fold."""
    before, after = known(recorded, first), known(recorded, second)
    undoing = [
        each for each in whole(recorded, second[1])
        if each.type in UNDOING and each.position > first[1]
    ]  # fmt: skip
    return explained(changes(bodies(before), bodies(after)), before, after, undoing)


@examples(20, phases=QUICK, suppress_health_check=list(HealthCheck))
@given(history=HISTORIES, data=st.data())
def test_changes_applied_to_the_first_structure_give_the_second(
    history: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory, ledger_in(Path(directory)) as ledger:
        told(ledger, *GROUND)
        told(ledger, *HELD)
        for acts in history:
            record(ledger, *acts)
        recorded = entries(ledger)
        bases = st.tuples(st.integers(FIRST, LAST), st.integers(0, recorded[-1].position))
        for _ in range(8):
            first, second = data.draw(bases), data.draw(bases)
            there_and_back(recorded, first, second)
            if first[0] <= second[0] and first[1] <= second[1]:
                well_explained(ledger, recorded, first, second)


def there_and_back(recorded: Sequence[Entry], first: At, second: At) -> None:
    before, after = structure(recorded, *first), structure(recorded, *second)
    found = changes(before, after)
    assert applied(before, found) == after
    assert applied(after, changes(after, before)) == before
    assert changes(before, before) == changes(after, after) == ()
    assert (found == ()) == (before == after)
    for each in found:
        if each.attribute is not None or each.after is not None:  # else it may go with its body
            assert applied(before, [one for one in found if one is not each]) != after, each


def well_explained(ledger: Ledger, recorded: Sequence[Entry], first: At, second: At) -> None:
    """Every change has acts behind it, known by then, whichever way the facts are found."""
    found = why(recorded, first, second)
    learnt = len(whole(recorded, first[1]))
    before = structure(recorded, *first)
    assert applied(before, found) == structure(recorded, *second)
    for change in found:
        positions = [cause.position for cause in change.causes]
        assert positions, change
        assert positions == sorted(set(positions))
        assert positions[-1] <= second[1]
        assert to_the_point(change, (first[0], learnt), second), change
    ledger.follow()
    with ledger.views.reading() as connection:
        older, newer = (ledger.day(connection, basis_at(connection, *at)) for at in (first, second))
        kept = whole(recorded, second[1])
        undoing = [each for each in kept if each.type in UNDOING and each.position > first[1]]
        bare = changes(before, structure(recorded, *second))
        assert explained(bare, older, newer, undoing) == found


def to_the_point(change: Change, first: At, second: At) -> bool:
    """Whether one of the acts behind a change is of the days, or of the positions, between."""
    windows = [window(cause.effective) for cause in change.causes if cause.effective]
    by_day = any(each.earliest <= second[0] and first[0] <= each.latest for each in windows)
    by_record = any(first[1] < cause.position for cause in change.causes)
    return by_record or (by_day and first[0] < second[0])


# Why, one by one


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as it:
        told(it, *GROUND)
        yield it


def seen(ledger: Ledger, first: At, second: At) -> set[tuple[Any, ...]]:
    """What changed, of what, which attribute, and the acts behind it."""
    return {
        (
            each.what,
            each.subject.id,
            each.attribute,
            *(f"{cause.type}@{cause.position}" for cause in each.causes),
        )
        for each in why(entries(ledger), first, second)
    }


def on(number: int) -> int:
    return day(f"2020-01-{number:02}")


def newest(ledger: Ledger) -> int:
    return ledger.log.head()[0]


def test_between_two_days_what_came_about(ledger: Ledger) -> None:
    told(ledger, act("appointment.made", "2020-01-04", person="ann", post="chair"))
    told(ledger, act("body.renamed", "2020-01-05", body="bureau", name="Desk"))
    told(
        ledger,
        act("tenure.ended", "2020-01-06", person="ann", post="chair", reason="resigned"),
        act("body.dissolved", "2020-01-06", body="bureau", manner="dissolved"),
    )
    at = newest(ledger)
    assert seen(ledger, (on(3), at), (on(4), at)) == {
        ("took_post", "ann", None, "appointment.made@11"),
    }
    assert seen(ledger, (on(4), at), (on(5), at)) == {
        ("renamed", "bureau", "name", "body.renamed@13"),
    }
    assert seen(ledger, (on(5), at), (on(6), at)) == {
        ("left_post", "ann", None, "tenure.ended@15"),
        ("dissolved", "bureau", None, "body.dissolved@16"),
        ("post_abolished", "clerk", None, "body.dissolved@16"),
    }
    assert seen(ledger, (on(6), at), (on(12), at)) == set()


def test_between_two_positions_what_the_ledger_learnt(ledger: Ledger) -> None:
    told(ledger, act("appointment.made", "2020-01-04", person="ann", post="chair"))
    before = newest(ledger)
    told(ledger, act("tenure.ended", "2020-01-06", person="ann", post="chair", reason="resigned"))
    assert seen(ledger, (on(5), before), (on(5), newest(ledger))) == {
        ("dated", "ann", "until", "tenure.ended@13"),
    }
    assert seen(ledger, (on(7), before), (on(7), newest(ledger))) == {
        ("left_post", "ann", None, "tenure.ended@13"),
    }
    assert seen(ledger, (on(3), before), (on(3), newest(ledger))) == set()


def test_a_correction_is_seen_on_the_recorded_clock_alone(ledger: Ledger) -> None:
    told(ledger, act("appointment.made", "2020-01-04", person="ann", post="chair"))
    wrong = newest(ledger)
    told(
        ledger,
        act("entry.retracted", entry=wrong, reason="It was Bo."),
        act("appointment.made", "2020-01-05", person="bo", post="chair", corrects=wrong),
    )
    right = newest(ledger)
    assert seen(ledger, (on(5), wrong), (on(5), right)) == {
        ("withdrawn", "ann", None, "entry.retracted@13"),
        ("took_post", "bo", None, "appointment.made@14"),
    }
    for at, taken in ((wrong, "ann"), (right, "bo")):
        ((what, person, *_),) = seen(ledger, (on(3), at), (on(9), at))
        assert (what, person) == ("took_post", taken)


def test_a_dissolution_retracted_restores_what_was_there(ledger: Ledger) -> None:
    told(ledger, act("body.dissolved", "2020-01-06", body="bureau", manner="ceased"))
    gone = newest(ledger)
    told(ledger, act("entry.retracted", entry={"decision": entries(ledger)[-1].decision, "act": 1},
                     reason="It lives."))  # fmt: skip
    assert seen(ledger, (on(7), gone), (on(7), newest(ledger))) == {
        ("restored", "bureau", None, "body.established@7", "entry.retracted@13"),
        ("restored", "clerk", None, "body.established@7", "entry.retracted@13"),
    }
    assert seen(ledger, (on(5), gone), (on(5), newest(ledger))) == {
        ("dated", "bureau", "until", "entry.retracted@13"),
        ("dated", "clerk", "until", "entry.retracted@13"),
    }


def test_where_both_clocks_move_the_later_basis_tells_why(ledger: Ledger) -> None:
    told(ledger, act("body.renamed", "2020-01-05", body="council", name="Circle"))
    before = newest(ledger)
    told(
        ledger,
        act("entry.retracted", entry=before, reason="Another name."),
        act("body.renamed", "2020-01-06", body="council", name="Round", corrects=before),
    )
    assert seen(ledger, (on(4), before), (on(8), newest(ledger))) == {
        ("renamed", "council", "name", "body.renamed@14"),
    }
    (change,) = why(entries(ledger), (on(5), before), (on(8), newest(ledger)))
    assert (change.before, change.after) == ("Circle", "Round")


def test_an_end_to_come_that_is_retracted_restores_nothing(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-01-05", person="ann", post="chair"))
    told(ledger, act("tenure.ended", "2020-01-10", person="ann", post="chair", reason="removed"))
    before = newest(ledger)
    told(ledger, act("entry.retracted", entry=before, reason="She stays."))
    assert seen(ledger, (on(4), before), (on(8), newest(ledger))) == {
        ("took_post", "ann", None, "tenure.started@11"),
    }


def test_what_becomes_certain_and_what_is_merged_annulled_or_approved(ledger: Ledger) -> None:
    told(
        ledger,
        act("body.established", "[2020-01-03..2020-01-06]", body="club", name="Club",
            classification="club"),
        act("post.created", "2020-01-03", post="guard", body="council", label="Guard",
            approval="council"),
        act("activist.admitted", "2020-01-04", person="cy", body="council"),
    )  # fmt: skip
    told(ledger, act("appointment.made", "2020-01-04", person="ann", post="guard"))
    told(ledger, act("appointment.approved", "2020-01-05", person="ann", post="guard",
                     by="council"))  # fmt: skip
    told(ledger, act("election.held", "2020-01-05", election="vote-1",
                     contests=[{"post": "chair", "elected": ["di"]}]))  # fmt: skip
    at = newest(ledger)
    assert seen(ledger, (on(4), at), (on(6), at)) == {
        ("certainty", "club", "certainty", "body.established@11"),
        ("approved", "ann", "approved", "appointment.approved@17"),
        ("took_post", "di", None, "election.held@19"),
    }
    told(ledger, act("election.annulled", "2020-01-05", election="vote-1"))
    told(ledger, act("person.merged", "2020-01-05", person="ann", into="bo"))
    told(ledger, act("activist.left", "2020-01-05", person="cy", body="council"))
    assert seen(ledger, (on(6), at), (on(6), newest(ledger))) == {
        ("left_post", "di", None, "election.annulled@21"),
        ("identified", "ann", None, "person.merged@23"),
        ("identified", "bo", None, "person.merged@23"),
        ("members_changed", "council", "activists", "activist.left@25"),
    }


def test_who_takes_a_post_and_is_merged_has_taken_it(ledger: Ledger) -> None:
    """A holder is shown under another id only where the same person was shown before."""
    before = newest(ledger)
    told(ledger, act("appointment.made", "2020-01-04", person="ann", post="chair"))
    appointed = newest(ledger)
    told(ledger, act("person.merged", "2020-01-05", person="ann", into="bo"))
    merged = newest(ledger)
    for first in ((on(5), before), (on(3), appointed)):
        assert seen(ledger, first, (on(5), merged)) == {
            ("took_post", "bo", None, "appointment.made@11"),
        }
    told(ledger, act("entry.retracted", entry=merged, reason="They are two."))
    assert seen(ledger, (on(5), merged), (on(5), newest(ledger))) == {
        ("identified", "bo", None, "entry.retracted@15"),
        ("identified", "ann", None, "entry.retracted@15"),
    }
    told(ledger, act("person.merged", "2020-01-05", person="ann", into="cy"),
         act("body.dissolved", "2020-01-06", body="council", manner="ceased"),
         act("body.moved", "2020-01-06", body="bureau"))  # fmt: skip
    assert {each for each in seen(ledger, (on(7), appointed), (on(7), newest(ledger)))
            if each[1] == "ann"} == {("left_post", "ann", None, "body.dissolved@18")}  # fmt: skip


def test_a_holder_with_three_ids_is_told_of_by_the_last_merger_or_separation(
    ledger: Ledger,
) -> None:
    told(ledger, act("appointment.made", "2020-01-04", person="ann", post="chair"))
    told(ledger, act("person.merged", "2020", person="ann", into="bo"))
    merged = newest(ledger)
    told(ledger, act("person.merged", "2020", person="bo", into="cy"))
    again = newest(ledger)
    assert seen(ledger, (on(5), merged), (on(5), again)) == {
        ("identified", "bo", None, "person.merged@15"),
        ("identified", "cy", None, "person.merged@15"),
    }
    told(ledger, act("person.separated", "2020", person="ann", into="bo"))
    assert seen(ledger, (on(5), again), (on(5), newest(ledger))) == {
        ("identified", "cy", None, "person.separated@17"),
        ("identified", "ann", None, "person.separated@17"),
    }


def test_what_is_recorded_anew_and_over_is_not_withdrawn(ledger: Ledger) -> None:
    told(ledger, act("appointment.made", "2020-01-04", person="ann", post="chair"))
    wrong = newest(ledger)
    told(
        ledger,
        act("entry.retracted", entry=wrong, reason="The day."),
        act("appointment.made", "2020-01-03", person="ann", post="chair", corrects=wrong),
    )
    told(ledger, act("tenure.ended", "2020-01-06", person="ann", post="chair", reason="resigned"))
    for first in (on(5), on(8)):
        assert seen(ledger, (first, wrong), (on(8), newest(ledger))) == {
            ("left_post", "ann", None, "tenure.ended@16"),
        }


def test_a_body_renamed_and_back_is_the_same_on_other_grounds(ledger: Ledger) -> None:
    told(ledger, act("body.renamed", "2020-01-04", body="bureau", name="Desk"))
    told(ledger, act("body.renamed", "2020-01-06", body="bureau", name="Bureau"))
    told(ledger, act("body.established", "2020-01-04", body="club", name="C", classification="c"),
         act("body.dissolved", "2020-01-06", body="club", manner="expired"))  # fmt: skip
    assert seen(ledger, (on(3), newest(ledger)), (on(7), newest(ledger))) == {
        ("grounds", "bureau", "because", "body.renamed@11", "body.renamed@13"),
    }


def test_lines_that_are_alike_are_told_apart(ledger: Ledger) -> None:
    line = {"body": "bureau", "to": "council", "kind": "reports_to"}
    told(ledger, act("line.drawn", "2020-01-02", **line))
    told(ledger, act("line.ended", "[2020-01-03..2020-01-08]", **line))
    told(ledger, act("line.drawn", "[2020-01-04..2020-01-09]", **line))
    recorded, at = entries(ledger), newest(ledger)
    bureau, _ = structure(recorded, on(5), at)
    assert [each.since for each in bureau.lines] == ["2020-01-02", "[2020-01-04..2020-01-09]"]
    parts = [each.subject for each in changes((), (bureau,)) if each.subject.kind == "line"]
    assert [(part.post, part.number) for part in parts] == [(None, 0), (None, 1)]
    told(ledger, act("line.drawn", "2020-01-03", post="clerk", to="council", kind="reports_to"))
    (change,) = why(entries(ledger), (on(5), at), (on(5), newest(ledger)))
    assert (change.what, change.subject.post, change.subject.number) == ("line_drawn", "clerk", 0)
    for first in range(1, 12):
        for second in range(first, 12):
            there_and_back(recorded, (on(first), at), (on(second), at))
            well_explained(ledger, recorded, (on(first), at), (on(second), at))


def test_activists_who_die_or_are_merged_change_the_number_that_is_told(ledger: Ledger) -> None:
    for person in ("ann", "bo", "cy"):
        told(ledger, act("activist.admitted", "2020-01-04", person=person, body="council"))
    before = newest(ledger)
    told(ledger, act("person.merged", "2020-01-05", person="ann", into="bo"))
    merged = newest(ledger)
    told(ledger, act("person.died", "2020-01-07", person="cy"))
    assert seen(ledger, (on(6), before), (on(6), newest(ledger))) == {
        ("members_changed", "council", "activists", "person.merged@17"),
    }
    assert seen(ledger, (on(8), merged), (on(8), newest(ledger))) == {
        ("members_changed", "council", "activists", "person.died@19"),
    }


def test_what_ends_with_its_body_was_not_ended_by_what_made_it_certain(ledger: Ledger) -> None:
    """A post that became certain while its body was dissolved ended with the body."""
    told(ledger, act("post.created", "[2020-01-03..2020-01-06]", post="guard", body="bureau",
                     label="Guard"))  # fmt: skip
    told(ledger, act("body.dissolved", "2020-01-08", body="bureau", manner="dissolved"))
    assert {each for each in seen(ledger, (on(4), newest(ledger)), (on(9), newest(ledger)))
            if each[1] == "guard"} == {
        ("post_abolished", "guard", None, "body.dissolved@13"),
    }  # fmt: skip


def test_what_is_in_a_body_becomes_certain_with_it(ledger: Ledger) -> None:
    told(ledger, act("body.established", "[2020-01-03..2020-01-06]", body="club", name="Club",
                     classification="club"))  # fmt: skip
    told(ledger, act("body.established", "2020-01-04", body="cell", name="Cell",
                     classification="cell", within="club"))  # fmt: skip
    assert seen(ledger, (on(5), newest(ledger)), (on(7), newest(ledger))) == {
        ("certainty", "club", "certainty", "body.established@11"),
        ("certainty", "cell", "certainty", "body.established@11"),
    }


def test_what_ends_with_a_person_or_with_the_other_end_of_a_line(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-01-04", person="ann", post="chair"))
    told(ledger, act("body.established", "2020-01-01", body="club", name="C", classification="c"))
    told(ledger, act("line.drawn", "2020-01-04", body="council", to="club", kind="managed_by"))
    before = newest(ledger)
    told(ledger, act("person.died", "2020-01-06", person="ann"))
    told(ledger, act("body.dissolved", "2020-01-06", body="club", manner="expired"))
    assert seen(ledger, (on(8), before), (on(8), newest(ledger))) == {
        ("left_post", "ann", None, "person.died@17"),
        ("line_ended", "club", None, "body.dissolved@19"),
        ("dissolved", "club", None, "body.dissolved@19"),
    }


# Sentences


@pytest.fixture
def club(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path) as door:
        door.record(*GROUND)
        door.record(act("mandate.granted", "2020-01-02", mandate="may", holder="council",
                        power="appoint"))  # fmt: skip
        yield door


def sentences(door: Door, **asked: str | int) -> list[str]:
    return [each["sentence"] for each in door.ask("/v1/changes", **asked)["changes"]]


def test_a_sentence_names_the_decision_its_vote_its_authority_and_its_sources(club: Door) -> None:
    before = club.newest()
    club.record(
        act("appointment.made", "2020-01-04", person="ann", post="chair"),
        id="appointed",
        taken_by="council",
        date="2020-01-04",
        authority="may",
        vote={"cast": 3, "counts": [{"option": "for", "value": 2}]},
        sources=[{"title": "Minutes", "url": "https://example.org"}, {"url": "https://a.example"}],
    )
    assert sentences(club, from_position=before) == [
        (
            "On 2020-01-04 Ann was appointed Chair of Council, by decision appointed of Council "
            "on mandate may (for 2, 3 cast). Source: Minutes; https://a.example."
        )
    ]


def test_a_correction_reads_as_one(club: Door) -> None:
    first = club.newest()
    club.record(
        act("body.renamed", "2020-01-04", body="bureau", name="Desk"),
        act("appointment.made", "2020-01-05", person="ann", post="chair"),
        act("body.moved", "2020-01-05", body="bureau"),
        id="wrong",
    )
    wrong = club.newest()
    club.record(
        *(act("entry.retracted", entry={"decision": "wrong", "act": number}, reason="Misread.")
          for number in (1, 2, 3)),
        act("body.renamed", "2020-01-04", body="bureau", name="Front Desk"),
        act("appointment.made", "2020-01-03", person="ann", post="chair"),
        id="right",
    )  # fmt: skip
    told_of = set(sentences(club, from_position=wrong))
    assert {
        (
            "By correction, the name of Front Desk changed from Desk to “Front Desk”, "
            "by decision right."
        ),
        (
            "By correction, the beginning of Ann as Chair of Council changed from 2020-01-05 to "
            "2020-01-03, by decision right."
        ),
    } <= told_of
    assert any("Front Desk was moved into Council" in each for each in told_of)
    before = sentences(club, from_position=first, to_position=wrong)
    assert "On 2020-01-05 Desk was moved out of Council, by decision wrong." in before
    right = club.newest()
    club.record(act("person.merged", "2020", person="ann", into="bo"), id="one")
    assert set(sentences(club, from_position=right)) == {
        "By correction, the holder of Chair of Council is no longer shown as Ann, by decision one.",
        "By correction, the holder of Chair of Council is shown as Bo, by decision one.",
    }


def test_a_long_text_is_shortened_and_stays_on_its_line(club: Door) -> None:
    before = club.newest()
    club.record(
        act("body.changed", "2020-01-04", body="bureau", purpose="To sit\nand " + "write" * 999),
        id="purposes",
    )
    (one,) = sentences(club, from_position=before)
    assert one.startswith("On 2020-01-04 the purpose of Bureau came to be stated: “To sit and")
    assert one.endswith(" …”, by decision purposes.")
    assert len(one) < 250


# Over HTTP: the first example, whose facts are claims of its source


@pytest.fixture(scope="module")
def isg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("isg-changes")) as door:
        for decision in DECISIONS:
            assert door.client.post("/v1/decisions", json=decision).status_code == 201
        yield door


JANUARY = {"from_effective_at": "2025-01-20", "to_effective_at": "2025-01-30"}


def of(answer: dict[str, Any], what: str) -> set[str]:
    return {each["subject"]["id"] for each in answer["changes"] if each["what"] == what}


def test_what_the_conference_changed(isg: Door) -> None:
    answer = isg.ask("/v1/changes", **JANUARY)
    assert (answer["from"]["effective_at"], answer["to"]["effective_at"]) == tuple(JANUARY.values())
    assert answer["from"]["position"] == answer["to"]["position"] == isg.newest()
    assert of(answer, "dissolved") == {"executive-committee-ukraine"}
    assert of(answer, "established") == {"information-bureau"}
    assert of(answer, "moved") == {
        f"executive-committee-{area}" for area in ("belarus", "europe", "russia", "tajikistan")
    }
    assert not of(answer, "took_post") | of(answer, "left_post") | of(answer, "withdrawn")
    (ended,) = [each for each in answer["changes"] if each["what"] == "dissolved"]
    (cause,) = ended["causes"]
    assert (cause["type"], cause["manner"]) == ("body.dissolved", "ceased")
    assert (cause["decision"], cause["vote"]) == ("isg-2025-01-ukrainian-committee", None)
    assert cause["reason"].startswith("Circumstances that the source calls objective")
    assert [source["title"] for source in cause["sources"]] == [
        "New Leadership of the DPRK ISG Elected (RSTV, English edition)"
    ]
    assert ended["sentence"] == (
        "On or before 2025-01-30 Ukrainian Executive Committee ceased to exist, "
        "by decision isg-2025-01-ukrainian-committee. "
        "Source: New Leadership of the DPRK ISG Elected (RSTV, English edition)."
    )


def test_an_election_is_told_with_its_vote_and_the_names_of_those_elected(isg: Door) -> None:
    days = {"from_effective_at": "2024-12-28", "to_effective_at": "2024-12-29"}
    answer = isg.ask("/v1/changes", **days)
    assert len(answer["changes"]) == 16
    assert {each["what"] for each in answer["changes"]} == {"took_post"}
    told_of = [each["sentence"] for each in answer["changes"]]
    assert (
        "On 2024-12-29 Alexander Mostov was elected Chairman of Coordination Committee, by "
        "decision isg-2024-12-composition of 2nd International Congress of Solidarity "
        "(for 35, 35 cast, 38 eligible). "
        "Source: New Leadership of the DPRK ISG Elected (RSTV, English edition)."
    ) in told_of
    (cause,) = answer["changes"][0]["causes"]
    assert cause["vote"] == {"eligible": 38, "cast": 35, "counts": [{"option": "for", "value": 35}]}


def test_everything_the_ledger_learnt_since_it_was_empty(isg: Door) -> None:
    answer = isg.ask("/v1/changes", from_position=0)
    bodies_now = {each["id"] for each in isg.ask("/v1/structure")["bodies"]}
    assert of(answer, "established") == bodies_now
    assert answer["from"] == {**answer["to"], "position": 0, "recorded_at": None}
    assert {each["before"] for each in answer["changes"]} == {None}


def test_changes_can_be_asked_for_again_exactly(isg: Door) -> None:
    recorded = isg.ask("/v1/structure", position=100)["basis"]["recorded_at"]
    since = {"from_position": 60, "min_position": isg.newest()}
    for question in (JANUARY, since, {**JANUARY, "from_recorded_at": recorded}):
        first = isg.client.get("/v1/changes", params=question)
        again = isg.client.get(first.headers["Content-Location"])
        assert again.content == first.content
        for header in ("ETag", "Content-Location", "Ledger-Position"):
            assert again.headers[header] == first.headers[header]
        tag = {"If-None-Match": first.headers["ETag"]}
        assert isg.client.get("/v1/changes", params=question, headers=tag).status_code == 304
        assert first.headers["Ledger-Position"] == str(isg.newest())
    assert first.json()["from"]["recorded_at"] == recorded


def test_the_same_basis_twice_has_no_changes(isg: Door) -> None:
    for question in ({}, {"from_effective_at": "2025-01-20", "to_effective_at": "2025-01-20"}):
        assert isg.ask("/v1/changes", **question)["changes"] == []
    inside = isg.ask("/v1/decisions/isg-2025-01-listed-offices")["position"]
    within = {"from_position": inside, "to_position": inside + 3}  # a decision is not whole there
    answer = isg.ask("/v1/changes", **within)
    assert answer["changes"] == []
    assert answer["from"]["position"] == answer["to"]["position"] == inside - 1


@pytest.mark.parametrize(
    ("question", "status", "kind"),
    [
        ({"from_effective_at": "2025-01-30", "to_effective_at": "2025-01-20"}, 422, "parameter"),
        ({"to_effective_at": "2025-01-30"}, 422, "parameter"),
        ({"from_position": 60, "to_position": 14}, 422, "parameter"),
        ({"to_position": 60}, 422, "parameter"),
        ({"from_position": 9_999}, 422, "future"),
        ({"to_position": 9_999}, 422, "future"),
        ({"to_recorded_at": "9999-01-01T00:00:00Z"}, 422, "future"),
        ({"from_position": 1, "from_recorded_at": "2025-01-01T00:00:00Z"}, 400, "clocks"),
        ({"from_effective_at": "2025-01"}, 422, "parameter"),
        ({"effective_at": "2025-01-30"}, 422, "parameter"),
        ({"from_position": -1}, 422, "parameter"),
    ],
)
def test_what_cannot_be_compared_is_told(
    isg: Door, question: dict[str, Any], status: int, kind: str
) -> None:
    assert_problem(isg.client.get("/v1/changes", params=question), status, kind)


@pytest.mark.parametrize("end", ["from", "to"])
def test_both_clocks_of_one_basis_are_named(isg: Door, end: str) -> None:
    both: dict[str, str | int] = {
        f"{end}_position": 1,
        f"{end}_recorded_at": "2025-01-01T00:00:00Z",
    }
    refused = isg.client.get("/v1/changes", params=both)
    assert_problem(refused, 400, "clocks")
    assert refused.json()["detail"].startswith(f"{end}_recorded_at and {end}_position name")


def test_the_answer_is_as_described(isg: Door) -> None:
    document = isg.ask("/openapi.json")
    ref = {"$ref": "#/components/schemas/ChangesAnswer"}
    checking = OAS31Validator({**ref, "components": document["components"]})
    answer = isg.ask("/v1/changes", **JANUARY)
    assert [each.message for each in checking.iter_errors(answer)] == []
    answer["changes"][0]["what"] = "vanished"
    assert [*checking.iter_errors(answer)]

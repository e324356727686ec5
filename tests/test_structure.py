"""The structure on a day: certain, possible or absent, as known at a position."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.answers import Body, Holder, Post
from domain.dates import day
from domain.questions.structure import structure
from service.ledger import Ledger
from service.recording.recorder import Receipt
from tests.ledgers import act, entries, ledger_in, projected, record


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A council with a bureau in it, a chair, and two persons."""
    with ledger_in(tmp_path) as opened:
        told(
            opened,
            act("person.registered", "2020", person="ann", name="Ann"),
            act("person.registered", "2020", person="bo", name="Bo"),
            established("council", "2020-01-01", name="Council"),
            established("bureau", "2020-01-01", within="council"),
            act("post.created", "2020-01-01", post="chair", body="council", label="Chair", seats=2),
            act("post.created", "2020-01-01", post="clerk", body="bureau", label="Clerk"),
        )
        yield opened


def told(ledger: Ledger, *acts: dict[str, Any]) -> int:
    """Record a decision; the position of its last act."""
    answer = record(ledger, *acts)
    assert isinstance(answer, Receipt), answer
    return answer.entries[-1].position


def established(body: str, effective: str, name: str = "", **fields: Any) -> dict[str, Any]:
    given = {"body": body, "name": name or body, "classification": "organ", **fields}
    return act("body.established", effective, **given)


def on(ledger: Ledger, when: str, position: int | None = None) -> dict[str, Body]:
    """The bodies on a day, as fold and projections both answer."""
    newest = ledger.log.head()[0] if position is None else position
    answer = projected(ledger, day(when), newest)
    assert answer == structure(entries(ledger), day(when), newest)
    return {body.id: body for body in answer}


def post(ledger: Ledger, when: str, name: str = "chair") -> Post | None:
    posts = {each.id: each for body in on(ledger, when).values() for each in body.posts}
    return posts.get(name)


def holders(ledger: Ledger, when: str, name: str = "chair") -> dict[str, Holder]:
    found = post(ledger, when, name)
    return {holder.person: holder for holder in found.holders} if found is not None else {}


def certainties(ledger: Ledger, person: str, *when: str) -> list[str | None]:
    """Whether a person holds the chair on each day."""
    found = [holders(ledger, each).get(person) for each in when]
    return [holder.certainty if holder is not None else None for holder in found]


def test_an_act_holds_from_its_day_and_an_ending_no_longer_on_its_own(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-03-01", person="ann", post="chair"))
    told(ledger, ended("2020-05-01"))
    days = ("2020-02-29", "2020-03-01", "2020-04-30", "2020-05-01")
    assert certainties(ledger, "ann", *days) == [None, "certain", "certain", None]


def ended(effective: str, person: str = "ann") -> dict[str, Any]:
    return act("tenure.ended", effective, person=person, post="chair", reason="resigned")


def test_uncertain_days_make_a_fact_possible(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-03", person="ann", post="chair"))
    told(ledger, ended("2020-06"))
    days = ("2020-02-29", "2020-03-01", "2020-03-31", "2020-05-31", "2020-06-01", "2020-06-29")
    assert certainties(ledger, "ann", *days, "2020-06-30") == [
        None,
        "possible",
        "certain",
        "certain",
        "possible",
        "possible",
        None,
    ]
    holder = holders(ledger, "2020-04-01")["ann"]
    assert (holder.since, holder.until) == ("2020-03", "2020-06")


def test_attested_is_certain_on_the_day_and_possible_around_it(ledger: Ledger) -> None:
    told(ledger, act("tenure.attested", "2020-03-05", person="ann", post="chair"))
    around = ("2020-01-01", "2020-03-04", "2020-03-05", "2020-03-06", "2024-01-01")
    expected = ["possible", "possible", "certain", "possible", "possible"]
    assert certainties(ledger, "ann", *around) == expected
    assert holders(ledger, "2020-03-05")["ann"].since is None
    told(ledger, act("tenure.attested", "2020-03-09", person="ann", post="chair"))
    between = ("2020-03-05", "2020-03-07", "2020-03-09", "2020-03-10")
    assert certainties(ledger, "ann", *between) == ["certain", "possible", "certain", "possible"]
    told(ledger, ended("2020-04-01"))
    end = ("2020-03-09", "2020-03-31", "2020-04-01")
    assert certainties(ledger, "ann", *end) == ["certain", "certain", None]


def test_an_attestation_adds_nothing_to_what_is_certain(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-02", person="ann", post="chair"))
    told(ledger, act("tenure.attested", "2020-02-10", person="ann", post="chair"))
    days = ("2020-02-09", "2020-02-10", "2020-06-01")
    assert certainties(ledger, "ann", *days) == ["possible", "certain", "certain"]


def test_a_late_fact_holds_until_the_next_fact_known(ledger: Ledger) -> None:
    told(ledger, act("body.renamed", "2020-06-01", body="council", name="Assembly"))
    before = ledger.log.head()[0]
    told(ledger, act("body.renamed", "2020-03-01", body="council", name="Board"))
    names = [
        on(ledger, each)["council"].name for each in ("2020-02-01", "2020-04-01", "2020-07-01")
    ]
    assert names == ["Council", "Board", "Assembly"]
    assert on(ledger, "2020-04-01", before)["council"].name == "Council"


def test_of_values_that_change_the_last_certain_one_is_shown(ledger: Ledger) -> None:
    position = told(
        ledger, act("body.renamed", "[2020-03-01..2020-03-31]", body="council", name="Board")
    )
    council = on(ledger, "2020-03-10")["council"]
    assert council.name == "Council"
    (other,) = council.alternatives
    assert (other.attribute, other.value, other.because) == ("name", "Board", (position,))
    assert on(ledger, "2020-03-31")["council"].name == "Board"
    assert on(ledger, "2020-03-31")["council"].alternatives == ()


def test_not_stated_is_a_value(ledger: Ledger) -> None:
    found = post(ledger, "2020-02-01", "clerk")
    assert found is not None
    assert (found.voting, found.seats, found.vacant) == (None, None, None)
    told(ledger, act("post.changed", "[2020-03-01..2020-03-31]", post="clerk", voting=False))
    found = post(ledger, "2020-03-10", "clerk")
    assert found is not None
    assert found.voting is None
    assert [(each.attribute, each.value) for each in found.alternatives] == [("voting", False)]


def test_what_is_contained_is_at_most_as_certain_as_its_container(ledger: Ledger) -> None:
    told(
        ledger,
        established("union", "[2020-02-01..2020-02-29]"),
        established("cell", "[2020-02-01..2020-02-10]", within="union"),
    )
    told(
        ledger,
        act("post.created", "[2020-02-01..2020-02-10]", post="elder", body="cell", label="Elder"),
    )
    told(ledger, act("tenure.started", "[2020-02-01..2020-02-10]", person="ann", post="elder"))
    (holder,) = holders(ledger, "2020-02-15", "elder").values()
    assert holder.certainty == on(ledger, "2020-02-15")["cell"].certainty == "possible"
    (holder,) = holders(ledger, "2020-02-29", "elder").values()
    assert holder.certainty == "certain"


def test_dissolving_a_body_ends_what_is_in_it_and_retracting_revives_it(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-02-01", person="ann", post="clerk"))
    told(ledger, act("activist.admitted", "2020-02-01", person="bo", body="bureau"))
    line = act("line.drawn", "2020-02-01", body="bureau", to="council", kind="reports_to")
    told(ledger, line)
    alive = on(ledger, "2020-06-01")["bureau"]
    assert (alive.activists, len(alive.posts), len(alive.lines)) == (1, 1, 1)
    position = told(ledger, act("body.dissolved", "2020-05-01", body="bureau", manner="dissolved"))
    assert "bureau" not in on(ledger, "2020-06-01")
    assert holders(ledger, "2020-06-01", "clerk") == {}
    assert holders(ledger, "2020-04-30", "clerk")["ann"].until == "2020-05-01"
    told(ledger, act("entry.retracted", entry=position, reason="it never was"))
    assert on(ledger, "2020-06-01")["bureau"] == alive


def test_death_ends_everything_a_person_holds(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-02-01", person="ann", post="chair"))
    told(ledger, act("activist.admitted", "2020-02-01", person="ann", body="council"))
    told(ledger, act("person.died", "2020-04", person="ann"))
    days = ("2020-03-31", "2020-04-01", "2020-04-30")
    assert certainties(ledger, "ann", *days) == ["certain", "possible", None]
    counts = [on(ledger, each)["council"] for each in days]
    assert [(each.activists, each.activists_possible) for each in counts] == [
        (1, 0),
        (0, 1),
        (0, 0),
    ]


def test_an_election_annulled_on_its_own_day_never_was(ledger: Ledger) -> None:
    contest = {"post": "chair", "elected": ["ann", "bo"], "not_seated": [{"person": "bo"}]}
    told(ledger, act("election.held", "2020-03-01", election="vote", contests=[contest]))
    assert certainties(ledger, "ann", "2020-03-01") == ["certain"]
    assert certainties(ledger, "bo", "2020-03-01") == [None]
    position = told(ledger, act("election.annulled", "2020-03-01", election="vote"))
    assert certainties(ledger, "ann", "2020-03-01", "2020-06-01") == [None, None]
    told(
        ledger,
        act("entry.retracted", entry=position, reason="wrong day"),
        act("election.annulled", "2020-05-01", election="vote", corrects=position),
    )
    assert certainties(ledger, "ann", "2020-04-30", "2020-05-01") == ["certain", None]
    assert holders(ledger, "2020-04-30")["ann"].until == "2020-05-01"


def test_attested_after_an_annulment_is_certain_on_that_day(ledger: Ledger) -> None:
    contest = {"post": "chair", "elected": ["ann"]}
    told(ledger, act("election.held", "2020-03-01", election="vote", contests=[contest]))
    told(ledger, act("election.annulled", "2020-04-01", election="vote"))
    told(ledger, act("tenure.attested", "2020-05-01", person="ann", post="chair"))
    days = ("2020-03-31", "2020-04-01", "2020-05-01", "2020-05-02")
    assert certainties(ledger, "ann", *days) == ["certain", "possible", "certain", "possible"]


def test_a_body_stays_while_it_may_have_been_moved_in_time(ledger: Ledger) -> None:
    told(ledger, established("union", "2019-01-01"), established("cell", "2019-01-01"))
    told(ledger, act("body.moved", "2020-01-01", body="cell", within="union"))
    told(ledger, act("body.moved", "[2020-03-01..2020-09-01]", body="cell", within="council"))
    told(ledger, act("body.dissolved", "2020-06-01", body="union", manner="dissolved"))
    cell = on(ledger, "2020-07-01")["cell"]
    assert (cell.within, cell.certainty) == ("council", "certain")


def test_a_line_ends_with_the_body_that_it_leads_to(ledger: Ledger) -> None:
    told(ledger, established("union", "2020-01-01"))
    told(ledger, act("line.drawn", "2020-02-01", body="council", to="union", kind="reports_to"))
    end = told(ledger, act("body.dissolved", "2020-06-01", body="union", manner="dissolved"))
    (line,) = on(ledger, "2020-03-01")["council"].lines
    assert (line.since, line.until) == ("2020-02-01", "2020-06-01")
    assert end in line.because
    assert on(ledger, "2020-06-01")["council"].lines == ()


def test_a_holder_waits_for_approval_where_the_post_asks_for_it(ledger: Ledger) -> None:
    told(
        ledger,
        act("post.changed", "2020-02-01", post="chair", approval="bureau"),
        act("appointment.made", "2020-03-01", person="ann", post="chair", until="2022"),
    )
    assert holders(ledger, "2020-03-01")["ann"].approved is False
    assert holders(ledger, "2020-03-01")["ann"].term_until == "2022"
    told(
        ledger, act("appointment.approved", "2020-03-02", person="ann", post="chair", by="council")
    )
    assert holders(ledger, "2020-03-05")["ann"].approved is False
    told(ledger, act("appointment.approved", "2020-03-09", person="ann", post="chair", by="bureau"))
    assert holders(ledger, "2020-03-08")["ann"].approved is False
    assert holders(ledger, "2020-03-09")["ann"].approved is True
    told(ledger, act("tenure.started", "2020-01-15", person="bo", post="clerk"))
    assert holders(ledger, "2020-02-15", "clerk")["bo"].approved is None


def test_activists_are_counted_once_each(ledger: Ledger) -> None:
    told(
        ledger,
        act("person.registered", "2020", person="cy", name="Cy"),
        act("activist.admitted", "2020-02-01", person="ann", body="council"),
        act("activist.admitted", "2020-02-01", person="bo", body="council"),
        act("activist.admitted", "2020-02", person="cy", body="council"),
    )
    council = on(ledger, "2020-02-10")["council"]
    assert (council.activists, council.activists_possible) == (2, 1)
    assert type(council.activists) is int


def test_transfer_and_assignment_differ(ledger: Ledger) -> None:
    told(ledger, act("activist.admitted", "2020-02-01", person="ann", body="bureau"))
    assigned = act(
        "activist.assigned", "2020-03-01", person="ann", body="council", from_body="bureau"
    )
    told(ledger, assigned)
    bodies = on(ledger, "2020-03-01")
    assert (bodies["bureau"].activists, bodies["council"].activists) == (1, 1)
    told(ledger, established("cell", "2020-01-01"))
    moved = act("activist.transferred", "2020-04-01", person="ann", body="cell", from_body="bureau")
    told(ledger, moved)
    bodies = on(ledger, "2020-04-01")
    assert (bodies["bureau"].activists, bodies["council"].activists) == (0, 1)
    assert bodies["cell"].activists == 1


def test_a_person_is_known_on_every_day_and_effective_dates_the_name(ledger: Ledger) -> None:
    told(ledger, established("guild", "1999-01-01"))
    told(ledger, act("post.created", "1999-01-01", post="elder", body="guild", label="Elder"))
    told(ledger, act("tenure.started", "1999-01-01", person="ann", post="elder"))
    told(ledger, act("person.renamed", "2021-01-01", person="ann", name="Anna"))
    digests = [holders(ledger, when, "elder")["ann"].name for when in ("1999-06-01", "2020-12-31")]
    assert digests[0] == digests[1]
    later = holders(ledger, "2021-01-01", "elder")["ann"].name
    assert later != digests[0]
    names = [name["sha256"] for name in (digests[0], later) if isinstance(name, dict)]
    opened = ledger.names(names)
    assert [opened[name] for name in names] == ["Ann", "Anna"]


def test_a_renaming_within_the_window_of_the_first_name_is_not_undone(ledger: Ledger) -> None:
    told(ledger, act("tenure.started", "2020-01-15", person="bo", post="clerk"))
    told(ledger, act("person.renamed", "2020-06-01", person="bo", name="Bob"))
    names: list[str] = []
    for when in ("2020-03-01", "2020-07-01", "2021-06-01"):
        name = holders(ledger, when, "clerk")["bo"].name
        assert isinstance(name, dict)
        names += ledger.names([name["sha256"]]).values()
    assert names == ["Bo", "Bob", "Bob"]


def test_a_position_inside_a_decision_is_the_end_of_the_one_before(ledger: Ledger) -> None:
    before = ledger.log.head()[0]
    last = told(ledger, established("a", "2020-01-01"), established("b", "2020-01-01"))
    assert last == before + 3
    for inside in (before, before + 1, before + 2):
        assert set(on(ledger, "2020-06-01", inside)) == {"council", "bureau"}
    assert set(on(ledger, "2020-06-01", last)) == {"council", "bureau", "a", "b"}
    assert on(ledger, "2020-06-01", 0) == {}


def test_a_remembered_structure_changes_with_all_that_it_rests_on(ledger: Ledger) -> None:
    """Each body is remembered until something that was looked up for it is believed otherwise."""
    when = "2020-06-01"
    steps = [
        act("post.created", "2020-02-01", post="scribe", body="bureau", label="Scribe"),
        act("tenure.started", "2020-02-01", person="ann", post="scribe"),
        act("person.renamed", "2020-03-01", person="ann", name="Anna"),
        act("activist.admitted", "2020-03-01", person="bo", body="bureau"),
        act("line.drawn", "2020-03-01", post="scribe", to="council", kind="reports_to"),
        act("tenure.started", "2020-03-01", person="bo", post="clerk"),
        act("person.merged", "2020-04-01", person="bo", into="ann"),
        act("body.moved", "2020-04-01", body="bureau"),
        act("person.died", "2020-05-01", person="ann"),
    ]
    seen = [on(ledger, when)]
    for step in steps:
        told(ledger, step)
        seen.append(on(ledger, when))
    for before, after in pairwise(seen):
        assert before != after

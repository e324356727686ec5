"""Histories on both clocks: what was, is and is to be, and what the ledger believed of it when."""

from __future__ import annotations

import copy
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from sqlalchemy import select

from domain.answers import Belief, Fact
from domain.dates import Window
from domain.entries import Entry, canonical
from domain.questions.facts import Day, Facts
from domain.questions.history import Kind, Prefixes, Rectangle, beliefs, facts, ids
from domain.questions.in_full import body_in_full, post_in_full
from domain.questions.people import person_in_full
from domain.questions.structure import spells, whole
from domain.timelines import Spell
from domain.tracks import Track
from projections.basis import basis_at
from projections.spells import TOLD, spell_of
from projections.tables import NEWEST
from projections.tables import spells as rows
from service.ledger import Ledger
from tests.ledgers import act, entries, followed, ledger_in, rebuilt, record, told
from tests.strategies import (
    GROUND,
    acts_of,
    any_act,
    bodies,
    examples,
    names,
    on_two,
    persons,
    posts,
)
from tests.test_door import Door, assert_problem, established, opened, registered
from tests.test_histories import FIRST, LAST, QUICK

# Over HTTP


def record_house(door: Door) -> None:
    """A body renamed late, a mistaken name corrected, a person under two ids."""
    door.record(
        established("hall", "2010-01-01", name="Hall"),
        established("desk", "2011-01-01", name="Desk", within="hall"),
        act("post.created", "2011-01-01", post="head", body="desk", label="Head", seats=1),
        act("line.drawn", "2011-02-01", body="desk", to="hall", kind="reports_to"),
        act("mandate.granted", "2011-02-01", mandate="may", holder="desk", power="speak"),
        id="house",
    )
    door.record(registered("p1", name="Ann Ash"), registered("p2", name="A. Ash"), id="people")
    door.record(
        act("appointment.made", "2011-03-01", person="p1", post="head", by="hall"),
        act("activist.admitted", "2012-01-01", person="p2", body="hall"),
        id="staff",
        taken_by="hall",
        date="2011-03-01",
    )
    door.record(act("body.renamed", "2014-01-01", body="desk", name="Bureau"), id="renamed")
    door.record(act("body.renamed", "2013-01-01", body="desk", name="Office"), id="told-late")
    door.record(
        act("entry.retracted", entry={"decision": "renamed", "act": 1}, reason="Misread."),
        act("body.renamed", "2014-06-01", body="desk", name="Agency"),
        id="corrected",
    )
    door.record(act("person.merged", "2020-01-01", person="p2", into="p1"), id="one")
    door.record(act("person.separated", "2020-01-01", person="p2", into="p1"), id="two")
    door.record(
        act("body.dissolved", "2015-01-01", body="desk", manner="dissolved", reason="Empty."),
        id="closed",
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("house")) as door:
        record_house(door)
        yield door


@pytest.fixture
def new_door(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path) as door:
        yield door


def at(door: Door, decision: str) -> int:
    """The last position of a decision."""
    position: int = door.ask(f"/v1/decisions/{decision}")["entries"][-1]["position"]
    return position


def history(door: Door, path: str, attribute: str, **asked: str | int) -> list[dict[str, Any]]:
    answer = door.ask(f"/v1/{path}/history", **asked)
    return [each for each in answer["history"] if each["attribute"] == attribute]


def lasting(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["value"], row["since"], row["until"])


def believed(row: dict[str, Any]) -> tuple[Any, ...]:
    """Which decision and act brought a belief, and which ended it."""
    because, given_up = row["because_of"], row["given_up_because_of"]
    return (
        *lasting(row),
        (because["decision"], because["type"]),
        given_up and (given_up["decision"], given_up["type"]),
    )


def test_a_history_tells_what_was_is_and_is_to_be(house: Door) -> None:
    asked: dict[str, Any] = {"effective_at": "2013-06-01"}
    names = history(house, "bodies/desk", "name", **asked)
    assert [(*lasting(each), each["certainty"]) for each in names] == [
        ("Desk", "2011-01-01", "2013-01-01", None),
        ("Office", "2013-01-01", "2014-06-01", "certain"),
        ("Agency", "2014-06-01", "2015-01-01", None),
    ]
    assert names[0]["ended"]["decision"] == "told-late"
    assert [names[2][end]["type"] for end in ("began", "ended")] == [
        "body.renamed",
        "body.dissolved",
    ]
    assert names[2]["ended"]["reason"] == "Empty."
    (life,) = history(house, "bodies/desk", "life", **asked)
    assert (life["certainty"], life["until"]) == ("certain", "2015-01-01")
    answer = house.ask("/v1/bodies/desk/history", **asked)
    assert answer["ids"] == ["desk"]
    assert answer["clock"] == "effective"
    assert {each["id"] for each in answer["history"]} == {"desk"}


@pytest.mark.parametrize(
    ("path", "attribute", "value", "since"),
    [
        ("bodies/hall", "child", {"body": "desk"}, "2011-01-01"),
        ("bodies/desk", "within", "hall", "2011-01-01"),
        ("bodies/desk", "post", {"post": "head", "body": "desk"}, "2011-01-01"),
        ("bodies/desk", "line", {"kind": "reports_to", "to": "hall"}, "2011-02-01"),
        (
            "bodies/desk",
            "mandate",
            {"mandate": "may", "holder": "desk", "power": "speak", "over": []},
            "2011-02-01",
        ),
        ("posts/head", "label", "Head", "2011-01-01"),
        ("posts/head", "seats", 1, "2011-01-01"),
        (
            "posts/head",
            "tenure",
            {"post": "head", "person": "p1", "how": "appointed", "by": "hall"},
            "2011-03-01",
        ),
        (
            "people/p1",
            "tenure",
            {"post": "head", "person": "p1", "how": "appointed", "by": "hall"},
            "2011-03-01",
        ),
    ],
)
def test_what_is_in_a_body_ends_with_it(
    house: Door, path: str, attribute: str, value: Any, since: str
) -> None:
    (row,) = history(house, path, attribute, effective_at="2015-01-01")
    assert lasting(row) == (value, since, "2015-01-01")
    assert (row["ended"]["type"], row["certainty"]) == ("body.dissolved", None)
    assert row["ended"]["position"] in row["because"]
    (before,) = history(house, path, attribute, effective_at="2014-12-31")
    assert before == row | {"certainty": "certain"}
    (unaware,) = history(house, path, attribute, position=at(house, "two"))
    assert (unaware["until"], unaware["ended"]) == (None, None)


def test_the_recorded_clock_tells_when_the_ledger_changed_its_mind(house: Door) -> None:
    names = history(house, "bodies/desk", "name", clock="recorded")
    established, renamed = ("house", "body.established"), ("renamed", "body.renamed")
    late, corrected = ("told-late", "body.renamed"), ("corrected", "body.renamed")
    retracted = ("corrected", "entry.retracted")
    assert [believed(each) for each in names] == [
        ("Desk", "2011-01-01", None, established, renamed),
        ("Desk", "2011-01-01", "2014-01-01", renamed, late),
        ("Bureau", "2014-01-01", None, renamed, retracted),
        ("Desk", "2011-01-01", "2013-01-01", late, None),
        ("Office", "2013-01-01", "2014-01-01", late, retracted),
        ("Office", "2013-01-01", "2014-06-01", corrected, None),
        ("Agency", "2014-06-01", None, corrected, None),
    ]
    assert names[4]["given_up_because_of"]["reason"] == "Misread."
    receipt = house.ask("/v1/decisions/corrected")
    assert names[4]["believed_until"] == {
        "position": receipt["entries"][-1]["position"],
        "recorded_at": receipt["recorded_at"],
    }
    assert names[4]["days"] == {
        "since_earliest": "2013-01-01",
        "since_latest": "2013-01-01",
        "until_earliest": "2014-01-01",
        "until_latest": "2014-01-01",
    }
    assert names[6]["days"]["until_latest"] is None


def test_before_it_changed_its_mind_it_had_not(house: Door) -> None:
    before = history(house, "bodies/desk", "name", clock="recorded", position=at(house, "renamed"))
    assert [believed(each)[4] for each in before] == [("renamed", "body.renamed"), None, None]
    inside = at(house, "corrected") - 1  # read as the end of the decision before
    names = history(house, "bodies/desk", "name", clock="recorded", position=inside)
    still = [lasting(each) for each in names if each["believed_until"] is None]
    assert still == [
        ("Bureau", "2014-01-01", None),
        ("Desk", "2011-01-01", "2013-01-01"),
        ("Office", "2013-01-01", "2014-01-01"),
    ]
    assert len(names) == 5


def test_a_merger_has_one_history_in_which_each_row_says_its_id(house: Door) -> None:
    apart, one = at(house, "staff"), at(house, "one")
    for clock in ("effective", "recorded"):
        for asked in ("p1", "p2"):
            told = house.ask(f"/v1/people/{asked}/history", clock=clock, position=one)
            assert told["ids"] == ["p1", "p2"]
            own = {(each["id"], each["attribute"]) for each in told["history"]}
            assert own == {
                ("p1", "life"),
                ("p1", "name"),
                ("p1", "tenure"),
                ("p2", "life"),
                ("p2", "name"),
                ("p2", "membership"),
                ("p2", "identity"),
            }
            for position in (apart, house.newest()):
                told = house.ask(f"/v1/people/{asked}/history", clock=clock, position=position)
                assert told["ids"] == [asked]
                rest = {each["id"] for each in told["history"] if each["attribute"] != "identity"}
                assert rest == {asked}
    (merged,) = history(house, "people/p2", "identity", position=one)
    assert lasting(merged) == ({"person": "p2", "into": "p1"}, None, None)
    for asked in ("p1", "p2"):
        assert history(house, f"people/{asked}", "identity") == []
        (identity,) = history(house, f"people/{asked}", "identity", clock="recorded")
        assert identity["id"] == "p2"
        assert believed(identity)[3:] == (("one", "person.merged"), ("two", "person.separated"))


def test_a_name_given_with_its_day_is_told_once_and_holds_before(house: Door) -> None:
    (name,) = history(house, "people/p1", "name", effective_at="2001-01-01")
    assert (*lasting(name), name["certainty"]) == ("Ann Ash", "2020", None, "certain")
    (life,) = history(house, "people/p1", "life")
    assert life["since"] is None


def test_a_body_and_a_person_may_share_an_id(new_door: Door) -> None:
    new_door.record(
        established("same", "2020-01-01"),
        established("part", "2020-01-01", within="same"),
        act("post.created", "2020-01-01", post="seat", body="same", label="Seat"),
        registered("same"),
        act("tenure.started", "2020-01-01", person="same", post="seat"),
        act("activist.admitted", "2020-01-01", person="same", body="same"),
    )
    for path, expected in {
        "bodies/same": Counter(life=1, name=1, within=1, classification=1, post=1, child=1),
        "bodies/part": Counter(life=1, name=1, within=1, classification=1),
        "posts/seat": Counter(life=1, label=1, tenure=1),
        "people/same": Counter(life=1, name=1, tenure=1, membership=1),
    }.items():
        rows = new_door.ask(f"/v1/{path}/history")["history"]
        assert Counter(each["attribute"] for each in rows) == expected


def test_what_was_retracted_has_no_history_but_was_believed(new_door: Door) -> None:
    new_door.record(established("error"), id="wrong")
    new_door.record(
        act("entry.retracted", entry={"decision": "wrong", "act": 1}, reason="Not so."), id="right"
    )
    response = new_door.client.get("/v1/bodies/error/history")
    assert_problem(response, 404, "not-found")
    rows = new_door.ask("/v1/bodies/error/history", clock="recorded")["history"]
    assert {each["attribute"] for each in rows} == {"life", "name", "within", "classification"}
    assert {believed(each)[3:] for each in rows} == {
        (("wrong", "body.established"), ("right", "entry.retracted"))
    }


def test_an_annulment_is_told_as_what_made_the_ledger_change_its_mind(new_door: Door) -> None:
    new_door.record(
        established("body"),
        act("post.created", "2020-01-01", post="post", body="body", label="Post"),
        *(registered(each) for each in ("ann", "bob")),
        *(
            act(
                "election.held",
                "2020-02-01",
                election=f"vote-{each}",
                contests=[{"post": "post", "elected": [each]}],
            )
            for each in ("ann", "bob")
        ),
        id="all",
    )
    void = new_door.record(
        *(
            act("election.annulled", "2020-02-01", election=f"vote-{each}")
            for each in ("bob", "ann")
        ),
        id="void",
    )
    new_door.record(
        act("entry.retracted", entry={"decision": "void", "act": 2}, reason="Upheld."), id="valid"
    )
    tenures = history(new_door, "posts/post", "tenure", clock="recorded")
    assert [(each["value"]["person"], *believed(each)[3:]) for each in tenures] == [
        ("ann", ("all", "election.held"), ("void", "election.annulled")),
        ("bob", ("all", "election.held"), ("void", "election.annulled")),
        ("ann", ("valid", "entry.retracted"), None),
    ]
    ended = [each["given_up_because_of"]["position"] for each in tenures[:2]]
    assert ended == [each["position"] for each in reversed(void["entries"])]


@pytest.mark.parametrize("of", ["bodies", "posts", "people"])
@pytest.mark.parametrize("clock", ["effective", "recorded"])
def test_there_is_no_history_of_what_is_not_known(house: Door, of: str, clock: str) -> None:
    known = {"bodies": "desk", "posts": "head", "people": "p1"}[of]
    for path in (f"nothing/history?clock={clock}", f"{known}/history?clock={clock}&position=0"):
        assert_problem(house.client.get(f"/v1/{of}/{path}"), 404, "not-found")
    wrong = house.client.get(f"/v1/{of}/{known}/history?clock=wall")
    assert "clock" in assert_problem(wrong, 422, "parameter")["detail"]


@pytest.mark.parametrize("clock", ["effective", "recorded"])
def test_a_history_is_pinned_and_has_the_form_promised(house: Door, clock: str) -> None:
    document = house.ask("/openapi.json")
    schemas = copy.deepcopy(document["components"]["schemas"])
    for schema in schemas.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    form = {"effective": "FactsAnswer", "recorded": "BeliefsAnswer"}[clock]
    other = {"effective": "BeliefsAnswer", "recorded": "FactsAnswer"}[clock]
    check, differs = (
        OAS31Validator({**schemas[name], "components": {"schemas": schemas}})
        for name in (form, other)
    )
    for path in ("bodies/desk", "posts/head", "people/p1"):
        response = house.client.get(f"/v1/{path}/history", params={"clock": clock})
        again = house.client.get(response.headers["Content-Location"])
        assert again.json() == response.json()
        assert f"clock={clock}" in response.headers["Content-Location"]
        assert [each.message for each in check.iter_errors(response.json())] == []
        assert not differs.is_valid(response.json())  # the check can fail


# Random histories

SUBJECTS: tuple[tuple[Kind, str], ...] = (
    *(("body", each) for each in ("council", "bureau", "cell", "club")),
    *(("post", each) for each in ("chair", "clerk", "guard")),
    *(("person", each) for each in ("ann", "bo", "cy", "di")),
)


def overlapping(rectangles: Iterable[Rectangle]) -> list[tuple[Rectangle, Rectangle]]:
    """Pairs of one track that are believed at one position and certainly hold on one day."""
    by_track: dict[Track, list[Rectangle]] = {}
    for each in rectangles:
        by_track.setdefault(each.spell.track, []).append(each)
    return [
        (one, other)
        for track in by_track.values()
        for one, other in combinations(track, 2)
        if max(one.recorded_from, other.recorded_from)
        < min(one.recorded_until or NEWEST, other.recorded_until or NEWEST)
        and max(one.spell.since.latest, other.spell.since.latest)
        < min(one.spell.until.earliest, other.spell.until.earliest)
    ]


def rewritten(before: Sequence[Belief], after: Sequence[Belief], position: int) -> list[Belief]:
    """The beliefs told at a position that are told otherwise later, but for their end since."""
    open_again = [
        replace(each, believed_until=None, given_up_because_of=None)
        if each.believed_until is not None and each.believed_until.position > position
        else each
        for each in after
    ]
    return [each for each in before if each not in open_again]


def all_rectangles(ledger: Ledger) -> list[Rectangle]:
    """Every rectangle that the views hold."""
    ledger.follow()
    with ledger.views.reading() as connection:
        columns = (rows.c[name] for name in (*TOLD, "recorded_from", "recorded_until"))
        return [
            Rectangle(spell_of(told), since, until if until < NEWEST else None)
            for *told, since, until in connection.execute(select(*columns))
        ]


def keyed(rectangles: Iterable[Rectangle]) -> Counter[str]:
    """Rectangles to compare, whatever the order of the members of their values."""
    return Counter(
        repr(replace(each, spell=replace(each.spell, value=canonical(each.spell.value))))
        for each in rectangles
    )


def assert_agreement(day: Day) -> None:
    """A history has the ends, the certainties and the causes that every other answer has."""

    def told(kind: Kind, identity: str, attribute: str) -> list[tuple[Any, ...]]:
        found = facts(day, kind, identity) or ()
        return [ends(each) for each in found if each.attribute == attribute]

    def ends(each: Any) -> tuple[Any, ...]:
        return (each.since, each.until, each.certainty, each.began, each.ended)

    for kind, identity in SUBJECTS:
        found = facts(day, kind, identity)
        if kind == "body":
            body = body_in_full(day, identity)
            assert (body is None) == (found is None)
            if body is None:
                continue
            assert told(kind, identity, "life") == [ends(body)]
            held = [each for each in told(kind, identity, "mandate") if each[2]]
            assert Counter(held) == Counter(map(ends, body.mandates))
            lines = [each[:3] for each in told(kind, identity, "line") if each[2]]
            own = [(each.since, each.until, each.certainty) for each in body.lines if not each.post]
            if body.certainty:
                assert Counter(lines) == Counter(own)
                sure = [each for each in found or () if each.certainty == "certain"]
                for name in ("name", "within", "classification", "permanence"):
                    shown = [each.value for each in sure if each.attribute == name]
                    assert shown in ([], [getattr(body, name)])
                posts = [each[:3] for each in told(kind, identity, "post") if each[2]]
                listed = [(each.since, each.until, each.certainty) for each in body.posts]
                assert Counter(posts) == Counter(listed)
        elif kind == "post":
            post = post_in_full(day, identity)
            assert (post is None) == (found is None)
            if post is not None:
                assert told(kind, identity, "life") == [ends(post)]
                assert Counter(told(kind, identity, "tenure")) == Counter(map(ends, post.tenures))
        else:
            person = person_in_full(day, identity)
            assert (person is None) == (found is None)
            if person is None:
                continue
            assert {each[1] for each in told(kind, identity, "life")} == {person.died}
            names = [
                each.value
                for each in found or ()
                if (each.attribute, each.id, each.certainty) == ("name", person.id, "certain")
            ]
            assert names in ([], [person.name])
            assert Counter(told(kind, identity, "tenure")) == Counter(map(ends, person.tenures))
            memberships = Counter(told(kind, identity, "membership"))
            assert memberships == Counter(map(ends, person.memberships))
            lists: dict[str, tuple[Any, ...]] = {
                "affiliation": person.affiliations,
                "candidacy": person.candidacies,
                "sanction": person.sanctions,
            }
            for attribute, others in lists.items():
                short = Counter(each[:3] for each in told(kind, identity, attribute))
                assert short == Counter((e.since, e.until, e.certainty) for e in others)


MORE_GROUND = (
    act("body.established", "2020-01-02", body="cell", name="Cell", classification="cell"),
    act("body.established", "2020-01-03", body="club", name="Club", classification="club"),
    act("post.created", "2020-01-03", post="guard", body="club", label="Guard"),
    act(
        "election.held",
        "2020-01-04",
        election="vote-1",
        contests=[
            {"post": "guard", "elected": ["ann", "bo"]},
            {"body": "cell", "role": "member", "elected": ["cy"]},
        ],
    ),
    act("membership.started", "2020-01-04", person="di", body="cell", role="member"),
    act("mandate.granted", "2020-01-04", mandate="may", holder="clerk", power="elect"),
)

LIKELY = st.one_of(
    acts_of("body.renamed", body=bodies, name=names),
    acts_of("body.moved", body=st.sampled_from(["cell", "club"]), within=st.just("council")),
    acts_of("body.dissolved", body=bodies, manner=st.just("dissolved")),
    acts_of("post.renamed", post=posts, label=names),
    acts_of("post.changed", post=posts, seats=st.integers(1, 3)),
    acts_of("post.abolished", post=posts),
    acts_of("person.renamed", person=persons, name=names),
    acts_of("person.died", person=persons),
    acts_of("tenure.started", person=persons, post=posts),
    acts_of("tenure.attested", person=persons, post=posts),
    acts_of("tenure.ended", person=persons, post=posts, reason=st.just("resigned")),
    acts_of("election.annulled", election=st.just("vote-1")),
    on_two("person.merged"),
    on_two("person.separated"),
)
"""Acts on what is there, so that most of them are recorded."""


def retraction(entry: int) -> dict[str, Any]:
    return act("entry.retracted", entry=entry, reason="Wrong.")


DECISIONS = st.lists(
    st.lists(
        LIKELY | LIKELY | any_act() | st.integers(2, 45).map(retraction), min_size=1, max_size=2
    ),
    min_size=6,
    max_size=20,
)


@examples(15, phases=QUICK, suppress_health_check=list(HealthCheck))
@given(decisions=DECISIONS, on=st.integers(FIRST, LAST), data=st.data())
def test_random_histories_are_told_alike_and_never_rewritten(
    decisions: list[list[dict[str, Any]]], on: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory, ledger_in(Path(directory)) as ledger:
        told(ledger, *GROUND)
        told(ledger, *MORE_GROUND)
        for acts in decisions:
            record(ledger, *acts)
            if data.draw(st.booleans()):
                ledger.follow()
        recorded = entries(ledger)
        newest = len(recorded)
        middle = data.draw(st.integers(len(GROUND) + 1, newest))
        before, after = (histories_at(ledger, recorded, on, at) for at in (middle, newest))
        for (kind, identity), (shown, history) in before.items():
            still, later = after[kind, identity]
            common = [each for each in history if each.id in still]
            assert rewritten(common, later, middle) == []
            assert kind == "person" or shown == still
        rectangles = keyed(Prefixes(recorded, newest).rectangles)
        held = all_rectangles(ledger)
        assert keyed(held) == rectangles
        assert overlapping(held) == []
        assert followed(ledger, 3) == ledger.views.digest() == rebuilt(ledger)
        assert keyed(all_rectangles(ledger)) == rectangles


def histories_at(
    ledger: Ledger, recorded: list[Entry], on: int, position: int
) -> dict[tuple[Kind, str], tuple[tuple[str, ...], tuple[Belief, ...]]]:
    """Whose histories they are and what was believed, by the views as by the oracle."""
    found = {}
    known = whole(recorded, position)
    day, oracle = Day(Facts(spells(known), known), on), Prefixes(recorded, position)
    assert_agreement(day)
    ledger.follow()
    with ledger.views.reading() as connection:
        basis = basis_at(connection, on, position)
        projected = ledger.day(connection, basis)
        remembered = ledger.remembered(connection, basis)
        for kind, identity in SUBJECTS:
            assert facts(projected, kind, identity) == facts(day, kind, identity)
            expected = beliefs(day, oracle, kind, identity)
            assert beliefs(projected, remembered, kind, identity) == expected
            found[kind, identity] = ids(day, kind, identity), expected or ()
    return found


# The checks themselves can fail


def some_ledger(directory: Path) -> tuple[Prefixes, Day]:
    with ledger_in(directory) as ledger:
        told(ledger, established("hall", "2020-01-01", name="Hall"))
        told(ledger, act("body.renamed", "2020-02-01", body="hall", name="House"))
        recorded = entries(ledger)
    return Prefixes(recorded, len(recorded)), Day(Facts(spells(recorded), recorded), FIRST)


def test_overlapping_beliefs_are_seen() -> None:
    track = Track("body", "hall", "name")
    spell = Spell(track, "Hall", Window(5, 5), Window(9, 9), "5", "9", (2,))
    one = Rectangle(spell, 2, 6)
    later = replace(spell, since=Window(8, 8), until=Window(12, 12))
    assert overlapping([one, Rectangle(later, 4, None)])
    assert not overlapping([one, Rectangle(later, 6, None)])
    assert not overlapping([one, Rectangle(replace(later, since=Window(9, 9)), 4, None)])
    assert not overlapping([one, Rectangle(replace(later, track=Track("body", "x", "y")), 4, 6)])


def test_a_belief_rewritten_is_seen(tmp_path: Path) -> None:
    prefixes, day = some_ledger(tmp_path)
    before = beliefs(day, prefixes, "body", "hall")
    assert before is not None
    assert rewritten(before, before, 4) == []
    assert rewritten(before, before[1:], 4) == [before[0]]
    assert rewritten(before, [*before[:-1], replace(before[-1], value="Palace")], 4)
    (given_up,) = [each for each in before if each.believed_until is not None]
    revived = [replace(each, believed_until=None) for each in before]
    assert rewritten(before, revived, 4) == [given_up]
    assert (
        rewritten([replace(given_up, believed_until=None, given_up_because_of=None)], before, 2)
        == []
    )


def test_views_that_forget_what_they_believed_are_seen(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        told(ledger, established("hall", "2020-01-01", name="Hall"))
        told(ledger, act("body.renamed", "2020-02-01", body="hall", name="House"))
        oracle = Prefixes(entries(ledger), 5).rectangles
        assert keyed(all_rectangles(ledger)) == keyed(oracle)
        with ledger.views.changing() as connection:
            connection.execute(rows.delete().where(rows.c.recorded_until < NEWEST))
        assert keyed(all_rectangles(ledger)) != keyed(oracle)


def test_a_history_that_ends_otherwise_than_the_answers_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger_in(tmp_path) as ledger:
        told(
            ledger,
            established("cell", "2020-01-01"),
            act("post.created", "2020-01-01", post="guard", body="cell", label="Guard"),
            registered("ann"),
            act("tenure.started", "2020-01-02", person="ann", post="guard"),
            act("body.dissolved", "2020-01-09", body="cell", manner="dissolved"),
        )
        recorded = entries(ledger)
    day = Day(Facts(spells(recorded), recorded), LAST)
    assert_agreement(day)
    monkeypatch.setattr("domain.questions.history._around", lambda day, spell: ([], "certain"))
    with pytest.raises(AssertionError):
        assert_agreement(day)


def test_no_fact_is_told_twice(tmp_path: Path) -> None:
    prefixes, day = some_ledger(tmp_path)
    found: Sequence[Fact] = facts(day, "body", "hall") or ()
    assert len({repr(each) for each in found}) == len(found) == 5
    assert len(beliefs(day, prefixes, "body", "hall") or ()) == 6

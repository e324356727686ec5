"""What can be asked of a ledger: lists and their filters, names, pages, and one thing in full."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from openapi_schema_validator import OAS31Validator

from domain.names import forms, matches, words
from tests.ledgers import act
from tests.test_door import (
    SOME_DECISIONS,
    Door,
    assert_problem,
    established,
    opened,
    pages,
    registered,
)

LISTS = (
    "bodies",
    "posts",
    "people",
    "elections",
    "meetings",
    "decisions",
    "mandates",
    "rules",
    "resolutions",
    "declarations",
)


def ids(door: Door, of: str, **parameters: str | int) -> list[str]:
    """The ids that a list answers with."""
    return [each["id"] for each in door.ask(f"/v1/{of}", **parameters)[of]]


def fields(item: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(item[name] for name in names)


# A guild: bodies, posts, holders, mandates


def record_guild(door: Door) -> None:
    door.record(
        established(
            "guild",
            "2010-01-01",
            name="Guild of Orchards",
            other_names=[
                {"name": "Гильдия садов", "lang": "ru"},
                {"name": "Union de l'Été", "lang": "fr"},
            ],
            classification="organisation",
        ),
        established(
            "council",
            "2010-01-01",
            name="Council",
            classification="committee",
            permanence="permanent",
            within="guild",
        ),
        act(
            "mandate.granted",
            "2010-01-01",
            mandate="may-establish",
            holder="council",
            power="establish",
            over=["bureau", "office"],
            within="guild",
            text="The council sets up what it needs.",
        ),
        id="founding",
        title="The guild is founded",
        date="2010-01-01",
    )
    door.record(
        established(
            "press-bureau",
            "2011-03-01",
            name="Press-Bureau",
            classification="bureau",
            permanence="temporary",
            within="council",
        ),
        act(
            "post.created",
            "2011-03-01",
            post="press-chair",
            body="press-bureau",
            label="Chair",
            seats=1,
            voting=True,
            head=True,
            approval="guild",
        ),
        act(
            "post.created",
            "2011-03-01",
            post="press-clerk",
            body="press-bureau",
            label="Clerk",
            voting=False,
        ),
        act(
            "post.created",
            "2011-03-01",
            post="press-reader",
            body="press-bureau",
            label="Réad-er of proofs",
            seats=2,
        ),
        id="press",
        title="A press bureau",
        date="2011-03-01",
        taken_by="council",
        authority="may-establish",
    )
    door.record(*(registered(each) for each in ("ann", "bob", "cid")), id="guild-people")
    door.record(
        act("activist.admitted", "2011-01-01", person="ann", body="council"),
        act("activist.admitted", "2012-06", person="bob", body="council"),
        act("membership.started", "2011-05-01", person="cid", body="council", role="advisor"),
        act(
            "appointment.made",
            "2011-04-01",
            person="ann",
            post="press-chair",
            by="council",
            until="2013-04-01",
        ),
        act("appointment.approved", "2011-06-01", person="ann", post="press-chair", by="guild"),
        act("tenure.started", "2011-04-01", person="bob", post="press-reader"),
        act("tenure.attested", "2012-05-05", person="cid", post="press-clerk"),
        id="press-staff",
        date="2011-04-01",
        taken_by="council",
    )
    door.record(
        act("tenure.ended", "2013-05-01", person="ann", post="press-chair", reason="resigned"),
        act("body.renamed", "2014-01-01", body="press-bureau", name="Word-Bureau"),
        act("post.abolished", "2014-01-01", post="press-reader"),
        id="press-changes",
        date="2013-12-01",
        taken_by="council",
    )
    door.record(
        established(
            "news-office",
            "2015-01-01",
            name="News Office",
            classification="office",
            within="council",
            formed_from=["press-bureau"],
        ),
        act(
            "body.dissolved",
            "2015-01-01",
            body="press-bureau",
            manner="merged",
            reason="Two did the work of one.",
            succeeded_by=["news-office"],
        ),
        act("body.moved", "2016-01-01", body="news-office", within="guild"),
        id="news",
        title="One office for the news",
        date="2014-12-20",
        taken_by="council",
    )


@pytest.fixture(scope="module")
def guild(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("guild")) as door:
        record_guild(door)
        yield door


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, ["council", "guild", "press-bureau"]),
        ({"classification": "bureau"}, ["press-bureau"]),
        ({"classification": "cell"}, []),
        ({"within": "guild"}, ["council"]),
        ({"within": "council"}, ["press-bureau"]),
        ({"permanence": "permanent"}, ["council"]),
        ({"permanence": "temporary"}, ["press-bureau"]),
        ({"permanence": "not_stated"}, ["guild"]),
        ({"within": "council", "permanence": "temporary", "q": "press"}, ["press-bureau"]),
        ({"within": "council", "permanence": "permanent"}, []),
        ({"effective_at": "2009-12-31"}, []),
        ({"effective_at": "2015-01-01"}, ["council", "guild", "news-office"]),
        ({"effective_at": "2015-12-31", "within": "guild"}, ["council"]),
        ({"effective_at": "2016-01-01", "within": "guild"}, ["council", "news-office"]),
    ],
)
def test_bodies_are_found_by_sort_place_and_permanence(
    guild: Door, question: dict[str, str], found: list[str]
) -> None:
    assert ids(guild, "bodies", **{"effective_at": "2012-01-01", **question}) == found


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("guild", ["guild"]),
        ("ORCH gui", ["guild"]),
        ("сады", []),
        ("садов", ["guild"]),
        ("union ete", ["guild"]),
        ("lete", ["guild"]),
        ("L’ÉTÉ", ["guild"]),
        ("press bureau", ["press-bureau"]),
        ("pressbureau", ["press-bureau"]),
        ("bur", ["press-bureau"]),
        ("word", []),
        ("ress", []),
        ("guild press", []),
        ("-", []),
        (" . , ’ ", []),
    ],
)
def test_a_body_is_found_by_each_of_its_names_of_the_day(
    guild: Door, q: str, found: list[str]
) -> None:
    assert ids(guild, "bodies", q=q, effective_at="2012-01-01") == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, ["press-chair", "press-clerk", "press-reader"]),
        ({"body": "press-bureau", "head": "true"}, ["press-chair"]),
        ({"head": "false"}, ["press-clerk", "press-reader"]),
        ({"voting": "true"}, ["press-chair"]),
        ({"voting": "false"}, ["press-clerk"]),
        ({"voting": "not_stated"}, ["press-reader"]),
        ({"vacant": "true"}, ["press-reader"]),
        ({"vacant": "false"}, ["press-chair"]),
        ({"vacant": "true", "effective_at": "2013-05-01"}, ["press-chair", "press-reader"]),
        ({"q": "reader"}, ["press-reader"]),
        ({"q": "READ-ER PROOF", "voting": "not_stated"}, ["press-reader"]),
        ({"q": "reader", "voting": "true"}, []),
        ({"body": "council"}, []),
        ({"effective_at": "2014-06-01"}, ["press-chair", "press-clerk"]),
        ({"effective_at": "2015-01-01"}, []),
    ],
)
def test_posts_are_found_by_body_vote_head_vacancy_and_label(
    guild: Door, question: dict[str, str], found: list[str]
) -> None:
    assert ids(guild, "posts", **{"effective_at": "2012-01-01", **question}) == found


def test_a_dissolved_body_tells_how_it_ended_and_what_took_its_place(guild: Door) -> None:
    gone = guild.ask("/v1/bodies/press-bureau", effective_at="2020-01-01")
    assert fields(gone, "certainty", "name", "within", "until", "manner", "succeeded_by") == (
        None,
        "Word-Bureau",
        "council",
        "2015-01-01",
        "merged",
        ["news-office"],
    )
    assert fields(gone["ended"], "type", "decision", "taken_by", "date", "reason") == (
        "body.dissolved",
        "news",
        "council",
        "2014-12-20",
        "Two did the work of one.",
    )
    assert fields(gone["began"], "type", "decision") == ("body.established", "press")
    before = guild.ask("/v1/bodies/press-bureau", effective_at="2001-01-01")
    assert fields(before, "certainty", "name", "since") == (None, "Press-Bureau", "2011-03-01")
    there = guild.ask("/v1/bodies/press-bureau", effective_at="2014-12-31")
    assert fields(there, "certainty", "name", "manner") == ("certain", "Word-Bureau", "merged")
    unaware = guild.ask("/v1/bodies/press-bureau", position=gone["ended"]["position"] - 2)
    assert fields(unaware, "certainty", "ended", "manner", "succeeded_by") == (
        "certain",
        None,
        None,
        [],
    )


def test_a_post_is_told_when_it_is_gone_and_who_held_it(guild: Door) -> None:
    there = guild.ask("/v1/posts/press-reader", effective_at="2013-12-31")
    gone = guild.ask("/v1/posts/press-reader", effective_at="2014-01-01")
    assert fields(there, "certainty", "vacant", "until") == ("certain", 1, "2014-01-01")
    assert [each["person"] for each in there["holders"]] == ["bob"]
    assert fields(gone, "certainty", "holders", "label") == (None, [], "Réad-er of proofs")
    assert gone["ended"]["type"] == "post.abolished"
    (held,) = gone["tenures"]
    assert fields(held, "person", "since", "until", "certainty") == (
        "bob",
        "2011-04-01",
        "2014-01-01",
        None,
    )
    chair = guild.ask("/v1/posts/press-chair", effective_at="2020-01-01")
    assert chair["ended"]["type"] == "body.dissolved"  # with its body
    assert chair["certainty"] is None


def test_a_tenure_is_approved_or_not_whether_it_is_over_or_not(guild: Door) -> None:
    def approved(day: str) -> bool | None:
        (tenure,) = guild.ask("/v1/people/ann", effective_at=day)["tenures"]
        answer: bool | None = tenure["approved"]
        return answer

    assert [approved(day) for day in ("2011-05-31", "2011-06-01", "2020-01-01")] == [
        False,
        True,
        True,
    ]


def test_what_is_only_attested_ends_with_its_body(guild: Door) -> None:
    (held,) = guild.ask("/v1/people/cid", effective_at="2020-01-01")["tenures"]
    assert fields(held, "how", "since", "until", "certainty") == (
        "attested",
        None,
        "2015-01-01",
        None,
    )
    assert held["ended"]["decision"] == "news"
    (holder,) = guild.ask("/v1/posts/press-clerk", effective_at="2012-05-05")["holders"]
    assert fields(holder, "person", "certainty", "until") == ("cid", "certain", "2015-01-01")


def test_members_and_holders_of_a_body_are_listed_by_role(guild: Door) -> None:
    def of(body: str, **question: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        answer = guild.ask(f"/v1/bodies/{body}/members", **question)
        return (
            [fields(each, "person", "role", "certainty") for each in answer["members"]],
            [fields(each, "person", "post", "certainty") for each in answer["holders"]],
        )

    assert of("council", effective_at="2012-06-15") == (
        [
            ("ann", "activist", "certain"),
            ("bob", "activist", "possible"),
            ("cid", "advisor", "certain"),
        ],
        [],
    )
    assert of("council", effective_at="2012-06-15", role="advisor") == (
        [("cid", "advisor", "certain")],
        [],
    )
    assert of("press-bureau", effective_at="2012-05-05") == (
        [],
        [
            ("ann", "press-chair", "certain"),
            ("cid", "press-clerk", "certain"),
            ("bob", "press-reader", "certain"),
        ],
    )
    assert of("press-bureau", effective_at="2015-01-01") == ([], [])
    (council,) = guild.ask("/v1/bodies", q="council", effective_at="2012-06-15")["bodies"]
    assert fields(council, "activists", "activists_possible") == (1, 1)


def test_authority_leads_back_to_the_founding(guild: Door) -> None:
    def chain(path: str, **question: str) -> list[tuple[Any, ...]]:
        answer = guild.ask(f"/v1/{path}/authority", **question)
        return [fields(each, "decision", "via", "of") for each in answer["chain"]]

    founding = ("founding", "authority", "may-establish")
    assert chain("bodies/press-bureau") == [("press", "established", "press-bureau"), founding]
    assert chain("people/ann", post="press-chair", effective_at="2012-01-01") == [
        ("press-staff", "held", "press-chair"),
        ("founding", "taken_by", "council"),
    ]
    assert chain("people/cid", body="council", role="advisor")[0] == (
        "press-staff",
        "membership",
        "council",
    )
    later = guild.client.get("/v1/people/ann/authority?post=press-chair&effective_at=2014-01-01")
    assert_problem(later, 404, "not-found")


@pytest.mark.parametrize(
    "question",
    [
        "",
        "body=council",
        "role=advisor",
        "post=press-chair&body=council",
        "post=press-chair&body=council&role=advisor",
    ],
)
def test_authority_is_asked_for_a_post_or_a_role_in_a_body(guild: Door, question: str) -> None:
    problem = assert_problem(
        guild.client.get(f"/v1/people/ann/authority?{question}"), 422, "parameter"
    )
    assert "post" in problem["detail"]


def test_what_was_there_for_no_day_is_known_all_the_same(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        door.record(
            established("moth", "2020-01-01"),
            established("tree", "2000-01-01"),
            act("post.created", "2020-01-01", post="wing", body="tree", label="Wing", seats=2),
            act("post.abolished", "2020-01-01", post="wing"),
            act("body.dissolved", "2020-01-01", body="moth", manner="expired"),
            act("rule.adopted", "2020-01-01", rule="brief", kind="size", parameters={"most": 1}),
            act("rule.repealed", "2020-01-01", rule="brief"),
            act("rule.adopted", "[2020-01-01..]", rule="some-day", kind="duty", text="Some day."),
        )
        for day in ("2019-01-01", "2020-01-01", "2021-01-01"):
            moth = door.ask("/v1/bodies/moth", effective_at=day)
            assert fields(moth, "name", "certainty", "manner") == ("Moth", None, "expired")
            wing = door.ask("/v1/posts/wing", effective_at=day)
            assert fields(wing, "label", "certainty", "seats", "vacant") == ("Wing", None, 2, None)
            brief = door.ask("/v1/rules/brief", effective_at=day)
            assert fields(brief, "certainty", "parameters") == (None, {"most": 1})
            assert door.ask("/v1/rules/some-day", effective_at=day)["text"] == "Some day."
            assert ids(door, "bodies", effective_at=day) == ["tree"]
            assert ids(door, "posts", effective_at=day) == []


# A choir: persons, their names, ids and sanctions


def record_choir(door: Door) -> None:
    door.record(
        established("choir", "2010-01-01", name="Choir"),
        established("altos", "2010-01-01", name="Altos", within="choir"),
        act("post.created", "2010-01-01", post="leader", body="choir", label="Leader", seats=1),
        act("post.created", "2010-01-01", post="piper", body="altos", label="Piper", seats=3),
        id="choir-founded",
    )
    door.record(
        registered(
            "p1",
            name="Zoë Óskarsdóttir-Ng",
            other_names=[{"name": "Зоя Оскарова", "lang": "ru"}],
        ),
        registered(
            "p2",
            name="Ch'oe Ryŏng-san",
            other_names=[
                {"name": "Choi Youngsan", "scheme": "rr"},
                {"name": "최영산", "lang": "ko"},
            ],
        ),
        registered("p3", name="Ben Stone"),
        registered("p4", name="Benjamin Rivière"),
        registered("p5", name="Dora Field"),
        registered("p6", name="नमिता Field"),
        act("person.renamed", "2015-05-05", person="p3", name="Ben Rivers"),
        id="singers",
    )
    door.record(
        act("tenure.started", "2011-01-01", person="p3", post="leader"),
        act("tenure.started", "2012-01-01", person="p4", post="piper"),
        act("tenure.started", "2011-01-01", person="p5", post="piper"),
        act("tenure.started", "2030-01-01", person="p6", post="piper"),
        act("membership.started", "2011-01-01", person="p1", body="choir", role="soloist"),
        act("membership.started", "2011-01-01", person="p4", body="altos", role="soloist"),
        act("activist.admitted", "2011-01-01", person="p4", body="choir"),
        act("activist.admitted", "2011-01-01", person="p3", body="choir"),
        act("activist.admitted", "2011-01-01", person="p5", body="choir"),
        act("affiliation.started", "2011-01-01", person="p5", organisation="The Mill", kind="firm"),
        act("affiliation.ended", "2012-01-01", person="p5", organisation="The Mill"),
        act("person.died", "2014-06-01", person="p5"),
        id="seats",
        date="2011-01-01",
    )


def record_merger(door: Door) -> None:
    door.record(act("person.merged", "2020-01-01", person="p4", into="p3"), id="merged")


@pytest.fixture(scope="module")
def choir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("choir")) as door:
        record_choir(door)
        record_merger(door)
        yield door


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("zoe oskarsdottir", ["p1"]),
        ("NG Zo", ["p1"]),
        ("óskarsdóttir‐ng", ["p1"]),
        ("oskarsdottirng", ["p1"]),
        ("зоя", ["p1"]),
        ("choe ryong san", ["p2"]),
        ("Choe Ryongsan", ["p2"]),
        ("Ch’oe", ["p2"]),
        ("CHOI YOUNG", ["p2"]),
        ("Young-san", ["p2"]),
        ("최", ["p2"]),
        ("ben", ["p3"]),
        ("stone", ["p3"]),
        ("rivers", ["p3"]),
        ("benjamin riviere", ["p3"]),
        ("stone rivers", []),
        ("नमि", ["p6"]),
        ("त", []),
        ("field", ["p5", "p6"]),
        ("nobody", []),
        ("?!", []),
        ("ˈ", []),
        (" ", []),
        ("'", []),
    ],
)
def test_a_person_is_found_by_any_name_ever_borne(choir: Door, q: str, found: list[str]) -> None:
    for day in ("2001-01-01", "2020-01-01"):
        assert ids(choir, "people", q=q, effective_at=day) == found


def test_a_name_has_at_most_so_many_letters(choir: Door) -> None:
    assert ids(choir, "people", q="a" * 200) == []
    for q in ("", "a" * 201):
        problem = assert_problem(choir.client.get("/v1/people", params={"q": q}), 422, "parameter")
        assert problem["errors"][0]["parameter"] == "q"


@pytest.mark.parametrize(
    ("asked", "name", "found"),
    [
        ("straße", "STRASSE", True),
        ("strasse", "Straße", True),
        ("ﬁ", "Fiona", True),
        ("Łódź", "lodz", True),
        ("Ｋｉｍ", "Kim", True),
        ("Ka\u00adlinin", "Kalinin", True),
        ("lin", "Kalinin", False),
        ("o'b", "O’Brien", True),
        ("brien", "O'Brien", True),
        ("obrien", "O´Brien", True),
        ("soren", "SØREN", True),
        ("Ch'oe-san", "Choe San", True),
        ("Choe San", "Ch'oe-san", True),
        ("choesan", "Ch'oe-san", True),
        ("Chae", "Ch'oe-san", False),
        ("Jong Un", "Jong-un", True),
        ("Jongun", "Jong-un", True),
        ("Jong-un", "Jongun", True),
        ("Jong-un", "Jong Un", True),
        ("ann", "An Nguyen", False),
        ("an na", "Anna", False),
        ("", "Anna", False),
        ("—", "—", False),
    ],
)
def test_names_are_compared_as_people_look_for_them(asked: str, name: str, found: bool) -> None:
    assert matches(words(asked), forms(name)) is found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, ["p1", "p2", "p3", "p5", "p6"]),
        ({"post": "leader"}, ["p3"]),
        ({"post": "piper"}, ["p3", "p5"]),
        ({"post": "piper", "effective_at": "2014-06-01"}, ["p3"]),
        ({"post": "nowhere"}, []),
        ({"body": "choir"}, ["p1", "p3", "p5"]),
        ({"body": "altos"}, ["p3", "p5"]),
        ({"body": "choir", "role": "soloist"}, ["p1"]),
        ({"role": "soloist"}, ["p1", "p3"]),
        ({"role": "activist", "effective_at": "2014-06-01"}, ["p3"]),
        ({"role": "activist", "body": "altos"}, []),
        ({"post": "piper", "role": "soloist"}, ["p3"]),
        ({"post": "leader", "body": "altos"}, ["p3"]),
        ({"post": "piper", "body": "choir"}, ["p3", "p5"]),
        ({"post": "piper", "q": "riviere"}, ["p3"]),
        ({"post": "piper", "q": "dora"}, ["p5"]),
        ({"body": "altos", "q": "riviere"}, ["p3"]),
        ({"body": "altos", "q": "zoe"}, []),
        ({"q": "ben", "role": "soloist"}, ["p3"]),
        ({"q": "ben", "role": "soloist", "body": "choir"}, []),
        ({"effective_at": "2030-01-01", "post": "piper"}, ["p3", "p6"]),
    ],
)
def test_people_are_found_by_what_they_hold(
    choir: Door, question: dict[str, str], found: list[str]
) -> None:
    assert ids(choir, "people", **{"effective_at": "2013-01-01", **question}) == found


def test_two_ids_of_one_person_answer_alike(choir: Door) -> None:
    person = choir.ask("/v1/people/p4", effective_at="2013-01-01")
    assert person["id"] == "p3"
    assert person["ids"] == ["p3", "p4"]
    assert person["name"] == "Ben Stone"
    assert [each["name"] for each in person["other_names"]] == ["Benjamin Rivière"]
    assert [fields(each, "post", "person") for each in person["tenures"]] == [
        ("leader", "p3"),
        ("piper", "p3"),
    ]
    assert person == choir.ask("/v1/people/p3", effective_at="2013-01-01")
    (_, choir_body) = choir.ask("/v1/bodies", effective_at="2013-01-01")["bodies"]
    assert choir_body["activists"] == 2  # p3, who is p4 too, and p5
    (piper,) = choir.ask("/v1/posts", q="piper", effective_at="2013-01-01")["posts"]
    assert [fields(each, "person", "name") for each in piper["holders"]] == [
        ("p3", "Ben Stone"),
        ("p5", "Dora Field"),
    ]


def test_two_ids_are_one_person_from_a_position_to_another(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        record_choir(door)
        apart = door.newest()
        record_merger(door)
        together = door.newest()
        door.record(act("person.separated", "2020-01-01", person="p4", into="p3"))
        again = door.newest()
        two = ["p1", "p2", "p3", "p4", "p5", "p6"]
        one = ["p1", "p2", "p3", "p5", "p6"]
        for position, everybody in ((apart, two), (together, one), (again, two)):
            assert ids(door, "people", position=position) == everybody
            found = ids(door, "people", position=position, q="benjamin")
            assert found == (["p3"] if everybody is one else ["p4"])
            asked = door.ask("/v1/people/p4", position=position)
            assert asked["id"] == found[0]
            bodies = door.ask("/v1/bodies", position=position, effective_at="2013-01-01")["bodies"]
            assert bodies[1]["activists"] == (2 if everybody is one else 3)
            walked = [
                each["id"]
                for page in pages(door, f"/v1/people?limit=1&position={position}")
                for each in page.json()["people"]
            ]
            assert walked == everybody
        # a cursor at an id that was given up goes on after it
        assert ids(door, "people", cursor="at:p4", position=together) == ["p5", "p6"]


def test_the_dead_hold_nothing_and_their_past_is_told(choir: Door) -> None:
    dora = choir.ask("/v1/people/p5", effective_at="2014-06-01")
    assert dora["died"] == "2014-06-01"
    assert [fields(each, "post", "until", "certainty") for each in dora["tenures"]] == [
        ("piper", "2014-06-01", None)
    ]
    assert dora["tenures"][0]["ended"]["type"] == "person.died"
    assert [fields(each, "until", "certainty") for each in dora["memberships"]] == [
        ("2014-06-01", None)
    ]
    assert [fields(each, "organisation", "kind", "until") for each in dora["affiliations"]] == [
        ("The Mill", "firm", "2012-01-01")
    ]
    (listed,) = choir.ask("/v1/people", q="dora", effective_at="2014-06-01")["people"]
    assert fields(listed, "tenures", "memberships", "died") == ([], [], "2014-06-01")
    day_before = choir.ask("/v1/people/p5", effective_at="2014-05-31")
    assert day_before["tenures"][0]["certainty"] == "certain"


def test_what_is_to_come_is_told_and_not_held(choir: Door) -> None:
    (later,) = choir.ask("/v1/people/p6", effective_at="2029-12-31")["tenures"]
    assert fields(later, "since", "certainty", "label") == ("2030-01-01", None, "Piper")
    assert (
        choir.ask("/v1/people", q="नमिता", effective_at="2029-12-31")["people"][0]["tenures"] == []
    )


# Sanctions


def record_discipline(door: Door) -> None:
    suspending = {"kind": "appeal", "parameters": {"suspends": True}}
    door.record(
        established("court", "2010-01-01"),
        act("rule.adopted", "2010-01-01", rule="appeals", **suspending),
        act("rule.amended", "2014-01-01", rule="appeals", parameters={"suspends": False}),
        *(registered(f"s{number}") for number in range(1, 6)),
        id="court-founded",
    )
    for number, year in enumerate((2012, 2015, 2015, 2012, 2013), start=1):
        door.record(
            act(
                "sanction.imposed",
                f"{year}-01-01",
                sanction=f"sanction-{number}",
                person=f"s{number}",
                kind="suspension",
                body="court",
                until="2020-01-01",
                reason="Late to court.",
            ),
            id=f"sentence-{number}",
        )
    door.record(
        act("appeal.lodged", "2012-02-01", sanction="sanction-1", to="court"),
        act("appeal.decided", "2012-03-01", sanction="sanction-1", outcome="upheld"),
        act("appeal.lodged", "2015-02-01", sanction="sanction-2"),
        act("appeal.lodged", "2015-02-01", sanction="sanction-3", suspends=True),
        act("appeal.decided", "2015-03-01", sanction="sanction-3", outcome="reversed"),
        act("person.died", "2013-01-01", person="s4"),
        act("appeal.lodged", "2013-02-01", sanction="sanction-5"),
        id="appeals-lodged",
    )


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("court")) as door:
        record_discipline(door)
        yield door


@pytest.mark.parametrize(
    ("number", "day", "certainty", "suspended", "appeal", "by_rule"),
    [
        (1, "2011-12-31", None, False, None, False),
        (1, "2012-01-31", "certain", False, None, False),
        (1, "2012-02-01", "certain", True, ("certain", None), True),
        (1, "2012-03-01", "certain", False, (None, "upheld"), False),
        (1, "2021-01-01", "certain", False, (None, "upheld"), False),  # its stated end ends nothing
        (2, "2015-02-01", "certain", False, ("certain", None), True),
        (3, "2015-02-01", "certain", True, ("certain", None), False),
        (3, "2015-03-01", None, False, (None, "reversed"), False),
        (4, "2012-12-31", "certain", False, None, False),
        (4, "2013-01-01", None, False, None, False),
        (5, "2014-02-01", "certain", True, ("certain", None), True),  # the rule of its lodging
    ],
)
def test_an_appeal_suspends_a_sanction_by_itself_or_by_the_rule_of_its_day(
    court: Door,
    number: int,
    day: str,
    certainty: str | None,
    suspended: bool,
    appeal: tuple[Any, ...] | None,
    by_rule: bool,
) -> None:
    (sanction,) = court.ask(f"/v1/people/s{number}", effective_at=day)["sanctions"]
    assert fields(sanction, "certainty", "suspended") == (certainty, suspended)
    lodged = sanction["appeal"]
    assert (lodged and fields(lodged, "pending", "outcome")) == appeal
    assert (sanction["rule"] is not None) is by_rule
    assert fields(sanction, "kind", "body", "stated_until") == ("suspension", "court", "2020-01-01")


def test_the_rule_that_suspends_is_told_with_its_version(court: Door) -> None:
    def version(person: str, day: str) -> Any:
        return court.ask(f"/v1/people/{person}", effective_at=day)["sanctions"][0]["rule"]

    adopted = court.ask("/v1/rules/appeals", effective_at="2012-02-01")
    amended = court.ask("/v1/rules/appeals", effective_at="2015-02-01")
    assert version("s1", "2012-02-01") == {"id": "appeals", "version": adopted["version"]}
    assert version("s2", "2016-02-01") == {"id": "appeals", "version": amended["version"]}
    assert adopted["version"] < amended["version"]


# Elections


def record_elections(door: Door) -> None:
    door.record(
        established("town", "2010-01-01", name="Town"),
        established("ward", "2010-01-01", name="Ward", within="town"),
        act("post.created", "2010-01-01", post="mayor", body="town", label="Mayor", seats=1),
        *(registered(f"e{number}", name=f"Elector {number}") for number in range(1, 5)),
        id="town-founded",
    )
    door.record(
        act(
            "election.called",
            "2012-01-01",
            election="vote-2012",
            body="town",
            method="plurality",
            opens="2012-03-01",
            closes="2012-03-02",
        ),
        id="call",
    )
    door.record(
        act(
            "candidate.nominated",
            "2012-01-15",
            election="vote-2012",
            person="e1",
            post="mayor",
            by="ward",
            affiliation="Greens",
        ),
        act("candidate.nominated", "2012-01-15", election="vote-2012", person="e2", post="mayor"),
        act("candidate.withdrawn", "2012-02-15", election="vote-2012", person="e2"),
        id="nominations",
        taken_by="ward",
    )
    door.record(
        act("election.rescheduled", "2012-02-01", election="vote-2012", opens="2012-04-01"),
        id="delay",
    )
    door.record(
        act(
            "election.held",
            "2012-05-01",
            election="vote-2012",
            body="town",
            opened="2012-04-01",
            closed="2012-04-02",
            contested=True,
            eligible=7,
            cast=6,
            invalid=1,
            rounds=[
                {
                    "eligible": 7,
                    "cast": 5,
                    "candidates": [{"person": "e1", "votes": 2}, {"person": "e3", "votes": 2}],
                },
                {"cast": 6, "invalid": 1, "counts": [{"option": "against", "value": 1}]},
            ],
            contests=[
                {
                    "post": "mayor",
                    "seats": 1,
                    "candidates": [
                        {"person": "e1", "votes": 4, "rank": 1, "affiliation": "Greens"},
                        {"person": "e3", "votes": 1, "rank": 2},
                    ],
                    "elected": ["e1"],
                    "until": "2016-05-01",
                },
                {
                    "body": "ward",
                    "role": "delegate",
                    "cast": 3,
                    "elected": ["e3", "e4"],
                    "not_seated": [{"person": "e4", "reason": "Moved away."}],
                },
            ],
            note="Counted twice.",
        ),
        id="count",
        date="2012-04-03",
        taken_by="town",
    )
    door.record(
        act("election.held", "2013~", election="vote-2013", body="ward"),
        act("election.annulled", "2012-08-01", election="vote-2012", reason="The count was wrong."),
        id="annulment",
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("town")) as door:
        record_elections(door)
        yield door


@pytest.mark.parametrize(
    ("day", "status", "plan", "standing"),
    [
        ("2012-01-01", "called", ("2012-03-01", "2012-03-02"), []),
        ("2012-01-15", "called", ("2012-03-01", "2012-03-02"), [("e1", True), ("e2", True)]),
        ("2012-02-01", "called", ("2012-04-01", None), [("e1", True), ("e2", True)]),
        ("2012-02-15", "called", ("2012-04-01", None), [("e1", True), ("e2", False)]),
        ("2012-04-01", "called", ("2012-04-01", None), [("e1", True), ("e2", False)]),
        ("2012-04-02", "held", ("2012-04-01", None), [("e1", False), ("e2", False)]),
        ("2012-07-31", "held", ("2012-04-01", None), [("e1", False), ("e2", False)]),
        ("2012-08-01", "annulled", ("2012-04-01", None), [("e1", False), ("e2", False)]),
    ],
)
def test_an_election_is_called_moved_held_and_annulled(
    town: Door, day: str, status: str, plan: tuple[Any, ...], standing: list[tuple[str, bool]]
) -> None:
    vote = town.ask("/v1/elections/vote-2012", effective_at=day)
    assert vote["status"] == status
    assert fields(vote["called"], "opens", "closes") == plan
    nominated = [(each["person"], each["certainty"] == "certain") for each in vote["nominations"]]
    assert nominated == standing
    assert (vote["turnout"] is None) is (status == "called")
    (listed,) = town.ask("/v1/elections", body="town", effective_at=day)["elections"]
    assert {**vote, "basis": None, "remarks": None} == {**listed, "basis": None, "remarks": None}


def test_an_election_tells_its_rounds_and_who_was_elected(town: Door) -> None:
    vote = town.ask("/v1/elections/vote-2012", effective_at="2012-06-01")
    assert fields(vote, "eligible", "cast", "invalid", "turnout", "closed", "effective") == (
        7,
        6,
        1,
        0.85714,
        "2012-04-02",
        "2012-05-01",
    )
    assert fields(vote, "decision", "note", "annulled", "certainty") == (
        "count",
        "Counted twice.",
        "2012-08-01",
        "certain",
    )
    first, second = vote["rounds"]
    assert [fields(each, "person", "name", "votes") for each in first["candidates"]] == [
        ("e1", "Elector 1", 2),
        ("e3", "Elector 3", 2),
    ]
    assert fields(second, "turnout", "counts", "candidates") == (
        None,
        [{"option": "against", "value": 1}],
        [],
    )
    mayor, delegates = vote["contests"]
    assert fields(mayor, "post", "turnout", "contested", "until") == (
        "mayor",
        0.85714,
        True,
        "2016-05-01",
    )
    assert mayor["elected"] == [{"person": "e1", "name": "Elector 1"}]
    assert fields(delegates, "body", "role", "eligible", "cast", "turnout") == (
        "ward",
        "delegate",
        7,
        3,
        0.42857,
    )
    assert delegates["not_seated"] == [
        {"person": "e4", "name": "Elector 4", "reason": "Moved away."}
    ]


def test_the_elected_hold_their_posts_until_the_annulment(town: Door) -> None:
    def tenure(day: str) -> tuple[Any, ...]:
        (held,) = town.ask("/v1/people/e1", effective_at=day)["tenures"]
        return fields(held, "certainty", "how", "election", "until", "term_until")

    ended = ("elected", "vote-2012", "2012-08-01", "2016-05-01")
    assert tenure("2012-04-30") == (None, *ended)
    assert tenure("2012-05-01") == ("certain", *ended)
    assert tenure("2012-08-01") == (None, *ended)
    chain = town.ask("/v1/people/e1/authority", post="mayor", effective_at="2012-06-01")["chain"]
    assert [fields(each, "decision", "via", "of") for each in chain] == [
        ("count", "held", "mayor"),
        ("nominations", "nomination", "vote-2012"),
        ("town-founded", "taken_by", "town"),
    ]
    (stood,) = town.ask("/v1/people/e1", effective_at="2012-06-01")["candidacies"]
    assert fields(stood, "election", "post", "by", "affiliation") == (
        "vote-2012",
        "mayor",
        "ward",
        "Greens",
    )
    assert town.ask("/v1/people/e4", effective_at="2012-06-01")["memberships"] == []
    (seated,) = town.ask("/v1/people/e3", effective_at="2012-06-01")["memberships"]
    assert fields(seated, "body", "role", "how", "certainty") == (
        "ward",
        "delegate",
        "elected",
        "certain",
    )


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, ["vote-2012", "vote-2013"]),
        ({"body": "town"}, ["vote-2012"]),
        ({"body": "ward"}, ["vote-2013"]),
        ({"body": "choir"}, []),
        ({"status": "held"}, ["vote-2013"]),
        ({"status": "annulled"}, ["vote-2012"]),
        ({"status": "held", "body": "town"}, []),
        ({"effective_at": "2012-05-01", "status": "held"}, ["vote-2012", "vote-2013"]),
        ({"effective_at": "2012-02-01", "status": "called"}, ["vote-2012"]),
        ({"effective_at": "2012-02-01", "status": "held"}, ["vote-2013"]),
        ({"effective_at": "2011-12-31"}, []),
    ],
)
def test_elections_are_found_by_body_and_status(
    town: Door, question: dict[str, str], found: list[str]
) -> None:
    assert ids(town, "elections", **{"effective_at": "2015-01-01", **question}) == found


def test_an_election_in_doubt_is_possible_until_it_is_certain(town: Door) -> None:
    def certainty(day: str) -> Any:
        return town.ask("/v1/elections/vote-2013", effective_at=day)["certainty"]

    assert certainty("2012-01-01") == "possible"
    assert certainty("2014-12-30") == "possible"
    assert certainty("2014-12-31") == "certain"


# Meetings


def record_meetings(door: Door) -> None:
    door.record(
        established("league", "2010-01-01", name="League"),
        registered("m1", name="First"),
        registered("m2", name="Second"),
        act("post.created", "2010-01-01", post="speaker", body="league", label="Speaker"),
        id="league-founded",
    )
    for number, opens, closes in ((1, "2010-06-01", "2010-06-03"), (2, "2012-06", "2012-07")):
        door.record(
            act(
                "meeting.convened",
                opens,
                meeting=f"congress-{number}",
                body="league",
                kind="congress",
                ordinal=number,
                closes=closes,
            ),
            id=f"convening-{number}",
        )
    door.record(
        act(
            "meeting.scheduled",
            "2014-01-01",
            meeting="congress-3",
            name="Third Congress",
            other_names=[{"name": "Третий съезд", "lang": "ru"}],
            body="league",
            kind="congress",
            ordinal=3,
            opens="2014-05-01",
            closes="2014-05-09",
        ),
        act("meeting.scheduled", "2014-01-01", meeting="congress-4", kind="congress"),
        id="announcement",
        taken_by="league",
    )
    door.record(
        act("meeting.rescheduled", "2014-03-01", meeting="congress-3", opens="2014-06-01"),
        act("meeting.cancelled", "2014-04-01", meeting="congress-4", reason="No hall."),
        id="change-of-days",
    )
    door.record(
        act("meeting.convened", "2014-06-01", meeting="congress-3", closes="2014-06-10"),
        act(
            "meeting.convened",
            "2014-06-02",
            meeting="sitting-1",
            kind="sitting",
            within="congress-3",
            closes="2014-06-03",
        ),
        act(
            "meeting.convened",
            "2014-06-06",
            meeting="sitting-2",
            kind="sitting",
            within="congress-3",
            closes="2014-06-06",
        ),
        act(
            "meeting.scheduled",
            "2014-06-01",
            meeting="sitting-3",
            kind="sitting",
            within="congress-3",
        ),
        act("meeting.cancelled", "2014-06-05", meeting="sitting-3"),
        act(
            "meeting.convened",
            "2014-06-02",
            meeting="fair",
            name="Fair",
            kind="fair",
            beside="congress-3",
        ),
        act(
            "meeting.attended",
            "2014-06-02",
            meeting="congress-3",
            count=40,
            eligible=50,
            attendees=[
                {"person": "m1", "role": "delegate"},
                {"person": "m2", "post": "speaker", "manner": "message"},
            ],
        ),
        id="congress-opens",
    )
    door.record(
        act(
            "resolution.adopted",
            "2014-06-06",
            resolution="plan-1",
            name="Plan",
            items=["Plant trees.", "Mend fences."],
        ),
        act("declaration.made", "2014-06-06", declaration="greeting", items=["Welcome."]),
        act("election.held", "2014-06-06", election="league-vote", body="league"),
        id="congress-resolves",
        title="What the congress resolved",
        date="2014-06-06",
        taken_by="league",
        meeting="congress-3",
    )
    door.record(
        act("election.held", "2014-06-06", election="table-vote", meeting="congress-3"),
        act(
            "resolution.adopted",
            "2016-01-01",
            resolution="plan-2",
            items=["Plant more."],
            follows=["plan-1"],
        ),
        act("resolution.repealed", "2016-01-01", resolution="plan-1", reason="All planted."),
        id="later",
        date="2016-01-01",
        taken_by="league",
    )


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("league")) as door:
        record_meetings(door)
        yield door


@pytest.mark.parametrize(
    ("day", "status", "planned", "session", "sitting"),
    [
        ("2013-12-31", None, None, None, None),
        ("2014-01-01", "announced", ("2014-05-01", "2014-05-09"), None, None),
        ("2014-03-01", "announced", ("2014-06-01", None), None, None),
        ("2014-06-01", "in_session", ("2014-06-01", None), "certain", None),
        ("2014-06-02", "in_session", ("2014-06-01", None), "certain", "certain"),
        ("2014-06-03", "in_session", ("2014-06-01", None), "certain", "certain"),
        ("2014-06-04", "in_session", ("2014-06-01", None), "certain", None),
        ("2014-06-06", "in_session", ("2014-06-01", None), "certain", "certain"),
        ("2014-06-10", "in_session", ("2014-06-01", None), "certain", None),
        ("2014-06-11", "closed", ("2014-06-01", None), None, None),
    ],
)
def test_a_meeting_day_by_day(
    league: Door,
    day: str,
    status: str | None,
    planned: tuple[Any, ...] | None,
    session: str | None,
    sitting: str | None,
) -> None:
    congress = league.ask("/v1/meetings/congress-3", effective_at=day)
    assert fields(congress, "status", "session", "sitting") == (status, session, sitting)
    assert (congress["planned"] and fields(congress["planned"], "opens", "closes")) == planned
    assert fields(congress, "name", "kind", "body") == ("Third Congress", "congress", "league")
    assert fields(congress, "opened", "closed") == ("2014-06-01", "2014-06-10")


def test_a_meeting_whose_parts_were_not_held_sits_while_it_is_in_session(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        door.record(
            act("meeting.convened", "2020-01-01", meeting="session", closes="2020-01-09"),
            act("meeting.scheduled", "2020-01-02", meeting="evening", within="session"),
            act("meeting.cancelled", "2020-01-03", meeting="evening"),
        )
        session = door.ask("/v1/meetings/session", effective_at="2020-01-05")
        assert session["sitting"] == "certain"
        assert [fields(each, "id", "opened") for each in session["sittings"]] == [("evening", None)]


def test_a_cancelled_meeting_says_why(league: Door) -> None:
    announced = league.ask("/v1/meetings/congress-4", effective_at="2014-03-31")
    cancelled = league.ask("/v1/meetings/congress-4", effective_at="2014-04-01")
    assert fields(announced, "status", "opened", "convened") == ("announced", None, None)
    assert cancelled["status"] == "cancelled"
    assert fields(cancelled["ended"], "type", "decision", "reason") == (
        "meeting.cancelled",
        "change-of-days",
        "No hall.",
    )
    assert fields(cancelled["announced"], "type", "taken_by") == ("meeting.scheduled", "league")


def test_a_meeting_in_doubt_is_possibly_in_session(league: Door) -> None:
    def of(day: str) -> tuple[Any, ...]:
        congress = league.ask("/v1/meetings/congress-2", effective_at=day)
        return fields(congress, "status", "session")

    assert of("2012-05-31") == (None, None)
    assert of("2012-06-01") == ("in_session", "possible")
    assert of("2012-06-30") == ("in_session", "certain")
    assert of("2012-07-01") == ("in_session", "certain")
    assert of("2012-07-31") == ("in_session", "possible")
    assert of("2012-08-01") == ("closed", None)


def test_the_meeting_before_is_told_with_the_days_between(league: Door) -> None:
    assert league.ask("/v1/meetings/congress-1")["previous"] is None
    assert league.ask("/v1/meetings/sitting-2")["previous"] is None
    assert league.ask("/v1/meetings/congress-2")["previous"] == {
        "id": "congress-1",
        "ordinal": 1,
        "opened": "2010-06-01",
        "closed": "2010-06-03",
        "days": {"least": 731, "most": 760},
    }
    before = league.ask("/v1/meetings/congress-3")["previous"]
    assert (before["id"], before["days"]) == ("congress-2", {"least": 701, "most": 730})


def test_a_meeting_tells_who_attended_and_what_was_decided(league: Door) -> None:
    congress = league.ask("/v1/meetings/congress-3", effective_at="2020-01-01")
    attendance = congress["attendance"]
    assert fields(attendance, "count", "eligible") == (40, 50)
    assert [
        fields(each, "person", "name", "role", "post", "manner") for each in attendance["attendees"]
    ] == [
        ("m1", "First", "delegate", None, "present"),
        ("m2", "Second", None, "speaker", "message"),
    ]
    assert [fields(each, "id", "title", "date", "taken_by") for each in congress["decisions"]] == [
        ("congress-resolves", "What the congress resolved", "2014-06-06", "league")
    ]
    assert fields(congress, "resolutions", "declarations", "elections") == (
        ["plan-1"],
        ["greeting"],
        ["league-vote", "table-vote"],
    )
    assert [fields(each, "id", "opened", "closed") for each in congress["sittings"]] == [
        ("sitting-3", None, None),
        ("sitting-1", "2014-06-02", "2014-06-03"),
        ("sitting-2", "2014-06-06", "2014-06-06"),
    ]
    before = league.ask("/v1/meetings/congress-3", effective_at="2014-06-01")["attendance"]
    assert before == {"count": None, "eligible": None, "attendees": []}
    (attended,) = league.ask("/v1/people/m2", effective_at="2020-01-01")["attended"]
    assert fields(attended, "meeting", "name", "post", "manner", "date") == (
        "congress-3",
        "Third Congress",
        "speaker",
        "message",
        "2014-06-02",
    )


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (
            {},
            [
                "congress-1",
                "congress-2",
                "congress-3",
                "congress-4",
                "fair",
                "sitting-1",
                "sitting-2",
                "sitting-3",
            ],
        ),
        ({"body": "league"}, ["congress-1", "congress-2", "congress-3"]),
        ({"kind": "sitting"}, ["sitting-1", "sitting-2", "sitting-3"]),
        ({"within": "congress-3"}, ["sitting-1", "sitting-2", "sitting-3"]),
        ({"beside": "congress-3"}, ["fair"]),
        ({"status": "in_session"}, ["fair"]),
        ({"status": "cancelled"}, ["congress-4", "sitting-3"]),
        ({"status": "cancelled", "within": "congress-3"}, ["sitting-3"]),
        ({"status": "announced"}, []),
        ({"q": "third cong"}, ["congress-3"]),
        ({"q": "съезд"}, ["congress-3"]),
        ({"q": "съезд", "kind": "fair"}, []),
        ({"q": "…"}, []),
        ({"effective_at": "2014-02-01"}, ["congress-1", "congress-2", "congress-3", "congress-4"]),
        ({"effective_at": "2014-02-01", "status": "announced"}, ["congress-3", "congress-4"]),
        ({"effective_at": "2014-02-01", "status": "closed", "kind": "fair"}, []),
        ({"effective_at": "2010-01-01"}, []),
    ],
)
def test_meetings_are_found_by_body_kind_place_name_and_status(
    league: Door, question: dict[str, str], found: list[str]
) -> None:
    assert ids(league, "meetings", **{"effective_at": "2020-01-01", **question}) == found


@pytest.mark.parametrize(
    ("of", "question", "found"),
    [
        ("resolutions", {"effective_at": "2014-06-05"}, []),
        ("resolutions", {"effective_at": "2015-12-31"}, ["plan-1"]),
        ("resolutions", {"effective_at": "2016-01-01"}, ["plan-2"]),
        ("resolutions", {"effective_at": "2015-01-01", "meeting": "congress-3"}, ["plan-1"]),
        ("resolutions", {"effective_at": "2015-01-01", "meeting": "congress-1"}, []),
        ("resolutions", {"effective_at": "2015-01-01", "taken_by": "league"}, ["plan-1"]),
        ("resolutions", {"effective_at": "2016-01-01", "meeting": "congress-3"}, []),
        ("resolutions", {"taken_by": "guild"}, []),
        ("declarations", {}, ["greeting"]),
        ("declarations", {"effective_at": "2014-06-05"}, []),
        ("declarations", {"meeting": "congress-3", "taken_by": "league"}, ["greeting"]),
        ("declarations", {"meeting": "congress-3", "taken_by": "guild"}, []),
    ],
)
def test_resolutions_and_declarations_are_found_by_who_took_them_and_where(
    league: Door, of: str, question: dict[str, str], found: list[str]
) -> None:
    assert ids(league, of, **question) == found


def test_a_repealed_resolution_is_told_and_no_longer_holds(league: Door) -> None:
    plan = league.ask("/v1/resolutions/plan-1", effective_at="2020-01-01")
    assert fields(plan, "certainty", "name", "items", "until", "meeting", "decision") == (
        None,
        "Plan",
        ["Plant trees.", "Mend fences."],
        "2016-01-01",
        "congress-3",
        "congress-resolves",
    )
    assert fields(plan["ended"], "type", "reason") == ("resolution.repealed", "All planted.")
    assert league.ask("/v1/resolutions/plan-2")["follows"] == ["plan-1"]
    greeting = league.ask("/v1/declarations/greeting", effective_at="2014-06-06")
    assert fields(greeting, "certainty", "items", "date") == ("certain", ["Welcome."], "2014-06-06")
    for path in ("/v1/declarations/plan-1", "/v1/resolutions/greeting"):
        assert_problem(league.client.get(path), 404, "not-found")


# Mandates and rules


def record_charter(door: Door) -> None:
    door.record(
        established("union", "2010-01-01", classification="union"),
        established("north", "2010-01-01", classification="region", within="union"),
        established("south", "2010-01-01", classification="region", within="union"),
        established("mill", "2010-01-01", classification="cell", within="north"),
        act("post.created", "2010-01-01", post="herald", body="north", label="Herald"),
        id="union-founded",
    )
    door.record(
        act(
            "mandate.granted",
            "2010-01-01",
            mandate="north-admits",
            holder="north",
            power="admit",
            over=["cell"],
            within="north",
            text="Cells of the north.",
        ),
        act(
            "mandate.granted",
            "2010-01-01",
            mandate="union-dissolves",
            holder="union",
            power="dissolve",
        ),
        act(
            "mandate.granted",
            "2010-06",
            mandate="herald-speaks",
            holder="herald",
            power="speak",
            over=["region"],
        ),
        act("mandate.confirmed", "2011-01-01", mandate="north-admits"),
        act("mandate.confirmed", "2012-01-01", mandate="north-admits"),
        act("mandate.revoked", "2015-01-01", mandate="union-dissolves", reason="Abused."),
        act("body.moved", "2013-01-01", body="mill", within="south"),
        act("body.changed", "2014-01-01", body="south", classification="cell"),
        act("body.dissolved", "2016-01-01", body="mill", manner="ceased"),
        act("post.abolished", "2017-01-01", post="herald"),
        id="powers",
        title="Who may do what",
        date="2010-01-01",
        taken_by="union",
    )
    door.record(
        act(
            "rule.adopted",
            "2010-01-01",
            rule="few",
            kind="size",
            applies_to={"classification": "cell"},
            exempt=["mill"],
            parameters={"most": 9},
            text="No more than nine.",
        ),
        act("rule.adopted", "2011", rule="mark", kind="duty", text="Be there."),
        act("rule.amended", "2012-01-01", rule="few", parameters={"most": 12}),
        act("rule.repealed", "2014-01-01", rule="few", reason="Nobody minded."),
        id="rules",
        taken_by="union",
    )


@pytest.fixture(scope="module")
def union(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("union")) as door:
        record_charter(door)
        yield door


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, ["herald-speaks", "north-admits", "union-dissolves"]),
        ({"holder": "north"}, ["north-admits"]),
        ({"holder": "herald"}, ["herald-speaks"]),
        ({"holder": "mill"}, []),
        ({"power": "dissolve"}, ["union-dissolves"]),
        ({"power": "elect"}, []),
        ({"over": "cell"}, ["north-admits", "union-dissolves"]),
        ({"over": "region"}, ["herald-speaks", "union-dissolves"]),
        ({"covers": "mill"}, ["north-admits", "union-dissolves"]),
        ({"covers": "mill", "power": "admit"}, ["north-admits"]),
        ({"covers": "mill", "effective_at": "2013-01-01"}, ["union-dissolves"]),
        ({"covers": "south"}, ["herald-speaks", "union-dissolves"]),
        ({"covers": "south", "effective_at": "2014-01-01"}, ["union-dissolves"]),
        ({"covers": "nowhere"}, []),
        ({"covers": "mill", "effective_at": "2016-01-01"}, []),
        ({"effective_at": "2015-01-01"}, ["herald-speaks", "north-admits"]),
        ({"effective_at": "2017-01-01"}, ["north-admits"]),
        ({"effective_at": "2009-12-31"}, []),
    ],
)
def test_mandates_are_found_by_holder_power_and_reach(
    union: Door, question: dict[str, str], found: list[str]
) -> None:
    assert ids(union, "mandates", **{"effective_at": "2012-06-01", **question}) == found


def test_a_mandate_tells_its_confirmations_and_its_end(union: Door) -> None:
    def of(mandate: str, day: str, *names: str) -> tuple[Any, ...]:
        return fields(union.ask(f"/v1/mandates/{mandate}", effective_at=day), *names)

    assert of("north-admits", "2010-12-31", "confirmed", "certainty") == (None, "certain")
    assert of("north-admits", "2011-12-31", "confirmed", "text") == (
        "2011-01-01",
        "Cells of the north.",
    )
    assert of("north-admits", "2012-01-01", "confirmed", "since") == ("2012-01-01", "2010-01-01")
    assert of("herald-speaks", "2010-06-15", "certainty", "until") == ("possible", "2017-01-01")
    certainty, ended = of("union-dissolves", "2015-01-01", "certainty", "ended")
    assert certainty is None
    assert fields(ended, "type", "decision", "reason") == ("mandate.revoked", "powers", "Abused.")
    (ended,) = of("herald-speaks", "2020-01-01", "ended")
    assert ended["type"] == "post.abolished"
    (held,) = union.ask("/v1/bodies/north")["mandates"]
    (spoken,) = union.ask("/v1/posts/herald", effective_at="2016-01-01")["mandates"]
    assert (held["id"], spoken["id"]) == ("north-admits", "herald-speaks")


def test_a_rule_has_a_version_for_each_day(union: Door) -> None:
    def of(day: str) -> tuple[Any, ...]:
        rule = union.ask("/v1/rules/few", effective_at=day)
        assert rule["exempt"] == ["mill"]
        assert rule["applies_to"] == {"classification": "cell"}
        return fields(rule, "parameters", "version_since", "certainty", "text", "until")

    rest = ("No more than nine.", "2014-01-01")
    assert of("2009-01-01") == ({"most": 9}, "2010-01-01", None, *rest)
    assert of("2011-12-31") == ({"most": 9}, "2010-01-01", "certain", *rest)
    assert of("2012-01-01") == ({"most": 12}, "2012-01-01", "certain", *rest)
    assert of("2014-01-01") == ({"most": 12}, "2012-01-01", None, *rest)
    ended = union.ask("/v1/rules/few")["ended"]
    assert fields(ended, "type", "reason") == ("rule.repealed", "Nobody minded.")
    for day, kind, found in (
        ("2012-06-01", {}, ["few", "mark"]),
        ("2012-06-01", {"kind": "size"}, ["few"]),
        ("2012-06-01", {"kind": "term"}, []),
        ("2014-01-01", {}, ["mark"]),
        ("2014-01-01", {"kind": "size"}, []),
        ("2010-06-01", {}, ["few"]),
    ):
        assert ids(union, "rules", effective_at=day, **kind) == found
    (few, mark) = union.ask("/v1/rules", effective_at="2011-06-01")["rules"]
    assert fields(mark, "certainty", "applies_to", "parameters") == ("possible", None, None)
    assert few["version"] == few["began"]["position"]


# Decisions


def record_decisions(door: Door) -> None:
    door.record(
        established("board", "2010-01-01"),
        established("staff", "2010-01-01", within="board"),
        act("mandate.granted", "2010-01-01", mandate="staff-acts", holder="staff", power="other"),
        act("meeting.convened", "2012-01-01", meeting="board-meets", body="board"),
        id="board-founded",
    )

    def decide(name: str, *types: str, **envelope: Any) -> None:
        acts = {
            "body.renamed": act("body.renamed", "2013-01-01", body="staff", name=name),
            "remark.made": act("remark.made", body="staff", text=f"About {name}."),
            "person.registered": registered(f"{name}-person"),
        }
        door.record(*(acts[each] for each in types), id=name, title=name.title(), **envelope)

    decide("alpha", "person.registered", date="2012-01-15", taken_by="board")
    decide("beta", "remark.made", date="2012-02", taken_by="board", meeting="board-meets")
    decide("gamma", "person.registered", date="2013~", taken_by="staff", authority="staff-acts")
    decide("delta", "body.renamed", "remark.made", date="[..2012-02-10]", taken_by="staff")
    decide("epsilon", "person.registered")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("board")) as door:
        record_decisions(door)
        yield door


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, ["board-founded", "alpha", "beta", "gamma", "delta", "epsilon"]),
        ({"taken_by": "board"}, ["alpha", "beta"]),
        ({"taken_by": "nobody"}, []),
        ({"meeting": "board-meets"}, ["beta"]),
        ({"authority": "staff-acts"}, ["gamma"]),
        ({"authority": "staff-acts", "taken_by": "board"}, []),
        ({"type": "person.registered"}, ["alpha", "gamma", "epsilon"]),
        ({"type": "remark.made", "taken_by": "staff"}, ["delta"]),
        ({"from": "2012-02-29"}, ["beta", "gamma"]),
        ({"from": "2012-03-01"}, ["gamma"]),
        ({"from": "2014-12-31"}, ["gamma"]),
        ({"from": "2015-01-01"}, []),
        ({"until": "2011-12-31"}, ["delta"]),
        ({"until": "2012-01-14"}, ["gamma", "delta"]),
        ({"until": "2012-01-15"}, ["alpha", "gamma", "delta"]),
        ({"from": "2012-02-01", "until": "2012-02-05"}, ["beta", "gamma", "delta"]),
        ({"from": "2012-02-11", "until": "2012-02-11"}, ["beta", "gamma"]),
        ({"from": "2012-01-15", "until": "2012-01-15", "taken_by": "board"}, ["alpha"]),
        ({"from": "2013-01-01", "until": "2012-01-01"}, ["gamma"]),
    ],
)
def test_decisions_are_found_by_who_where_when_and_what(
    board: Door, question: dict[str, str], found: list[str]
) -> None:
    assert ids(board, "decisions", **question) == found
    walked = list(pages_of(board, "decisions", **question))
    assert [each["id"] for each in walked] == found


def test_a_decision_is_listed_with_its_envelope(board: Door) -> None:
    (listed,) = board.ask("/v1/decisions", authority="staff-acts")["decisions"]
    decision = board.ask("/v1/decisions/gamma")
    assert listed == {
        "id": "gamma",
        "title": "Gamma",
        "date": "2013~",
        "taken_by": "staff",
        "meeting": None,
        "authority": "staff-acts",
        "position": decision["position"],
        "recorded_at": decision["recorded_at"],
        "acts": ["person.registered"],
        "amended_by": [],
    }
    (delta,) = board.ask("/v1/decisions", type="body.renamed")["decisions"]
    assert delta["acts"] == ["body.renamed", "remark.made"]


# Remarks


def test_remarks_stand_where_they_belong_and_from_their_position_on(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        record_guild(door)
        record_charter(door)
        record_elections(door)
        record_meetings(door)
        before = door.newest()
        entry = door.ask("/v1/decisions/press")["entries"][1]["position"]
        door.record(
            act("remark.made", kind="conflict", body="council", text="On the council."),
            act("remark.made", post="press-clerk", text="On the clerk."),
            act("remark.made", person="ann", kind="doubt", text="On Ann."),
            act("remark.made", election="vote-2012", text="On the vote."),
            act("remark.made", meeting="congress-1", text="On the congress."),
            act("remark.made", rule="few", text="On the rule."),
            act("remark.made", decision="news", text="On the news."),
            act("remark.made", entry=entry, text="On the chair's creation."),
            act(
                "remark.made",
                entry={"decision": "powers", "act": 1},
                text="On the grant.",
            ),
            act(
                "remark.made",
                entry={"decision": "congress-resolves", "act": 1},
                text="On the plan.",
            ),
            id="remarks",
        )
        expected = {
            "bodies/council": ["On the council."],
            "bodies/guild": ["On the chair's creation."],  # which names it: it is to approve
            "bodies/ward": [],
            "posts/press-clerk": ["On the clerk."],
            "posts/press-chair": ["On the chair's creation."],
            "people/ann": ["On Ann."],
            "people/bob": [],
            "elections/vote-2012": ["On the vote."],
            "elections/vote-2013": [],
            "meetings/congress-1": ["On the congress."],
            "meetings/congress-2": [],
            "rules/few": ["On the rule."],
            "rules/mark": [],
            "decisions/news": ["On the news."],
            "decisions/press": ["On the chair's creation."],
            "decisions/powers": ["On the grant."],
            "decisions/remarks": [],  # it makes them; none is on it
            "mandates/north-admits": ["On the grant."],
            "mandates/herald-speaks": [],
            "resolutions/plan-1": ["On the plan."],
            "declarations/greeting": [],
        }
        for path, texts in expected.items():
            told = door.ask(f"/v1/{path}")["remarks"]
            assert [each["text"] for each in told] == texts, path
            if path != "decisions/remarks":
                assert door.ask(f"/v1/{path}", position=before)["remarks"] == [], path
        (remark,) = door.ask("/v1/bodies/council")["remarks"]
        assert fields(remark, "decision", "kind", "on") == (
            "remarks",
            "conflict",
            {"body": "council"},
        )
        (remark,) = door.ask("/v1/mandates/north-admits")["remarks"]
        assert remark["on"] == {"entry": {"decision": "powers", "act": 1}}


# Every list and every answer


RECORDS: tuple[Callable[[Door], None], ...] = (
    record_guild,
    record_choir,
    record_merger,
    record_discipline,
    record_elections,
    record_meetings,
    record_charter,
    record_decisions,
)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One ledger with all of the above in it."""
    with opened(tmp_path_factory.mktemp("everything")) as door:
        for record in RECORDS:
            record(door)
        door.record(
            act("remark.made", person="p3", text="Is it one man?"),
            act("line.drawn", "2012-01-01", body="ward", to="town", kind="reports_to"),
        )
        late(door)
        yield door


def pages_of(door: Door, of: str, **parameters: str | int) -> Iterator[dict[str, Any]]:
    """The items of a list, one by one: every page has one, and none comes twice."""
    seen: set[str] = set()
    question = "&".join(f"{name}={value}" for name, value in parameters.items())
    for page in pages(door, f"/v1/{of}?limit=1&{question}"):
        for item in page.json()[of]:
            assert item["id"] not in seen
            seen.add(item["id"])
            yield item
        assert len(page.json()[of]) <= 1


@pytest.mark.parametrize("of", LISTS)
def test_pages_of_one_cover_every_list_while_more_is_recorded(everything: Door, of: str) -> None:
    day = "2015-06-15"
    whole = everything.ask(f"/v1/{of}", effective_at=day, limit=500)
    items = []
    for number, item in enumerate(pages_of(everything, of, effective_at=day)):
        items.append(item)
        if number < 2:
            late(everything)
    assert items == whole[of]
    assert items
    again = everything.ask(
        f"/v1/{of}", effective_at=day, limit=500, position=whole["basis"]["position"]
    )
    assert again == whole


def late(door: Door) -> None:
    """One more of everything that is listed, before and after all that is there."""
    for first in "0z":
        new = f"{first}-{door.newest()}"
        door.record(
            established(f"{new}-body", "2010-01-01"),
            act("post.created", "2010-01-01", post=f"{new}-post", body=f"{new}-body", label="X"),
            registered(f"{new}-person"),
            act("election.held", "2010-01-01", election=f"{new}-vote", body=f"{new}-body"),
            act("meeting.convened", "2010-01-01", meeting=f"{new}-meeting"),
            act(
                "mandate.granted",
                "2010-01-01",
                mandate=f"{new}-mandate",
                holder=f"{new}-body",
                power="speak",
            ),
            act("rule.adopted", "2010-01-01", rule=f"{new}-rule", kind="duty"),
            act("resolution.adopted", "2010-01-01", resolution=f"{new}-resolution", name="X"),
            act("declaration.made", "2010-01-01", declaration=f"{new}-declaration", name="X"),
        )


@pytest.mark.parametrize(
    ("question", "parameter"),
    [
        ("decisions?type=election.hold", "type"),
        ("findings?kind=sise", "kind"),
        ("rules?kind=sise", "kind"),
        ("mandates?power=fly", "power"),
    ],
)
def test_what_no_ledger_can_hold_is_a_mistake_and_no_empty_answer(
    everything: Door, question: str, parameter: str
) -> None:
    response = everything.client.get(f"/v1/{question}")
    assert_problem(response, 422, "parameter")
    assert [each["parameter"] for each in response.json()["errors"]] == [parameter]


@pytest.mark.parametrize("of", LISTS)
def test_a_parameter_that_a_list_does_not_know_is_named(everything: Door, of: str) -> None:
    for parameter, value in {"nmae": "x", "limit": "0", "effective_at": "2012"}.items():
        response = everything.client.get(f"/v1/{of}", params={parameter: value})
        problem = assert_problem(response, 422, "parameter")
        assert problem["errors"][0]["parameter"] == parameter
        assert parameter in problem["detail"]


@pytest.mark.parametrize(
    ("question", "parameter"),
    [
        ("bodies?permanence=perhaps", "permanence"),
        ("bodies/council?limit=1", "limit"),
        ("bodies/council/members?q=ann", "q"),
        ("bodies/council/authority?role=member", "role"),
        ("posts?head=maybe", "head"),
        ("posts?voting=null", "voting"),
        ("posts?vacant=1.5", "vacant"),
        ("elections?status=over", "status"),
        ("meetings?status=over", "status"),
        ("mandates?power=fly", "power"),
        ("decisions?from=2012", "from"),
        ("decisions?from_=2012-01-01", "from_"),
        ("decisions?until=2012-02-30", "until"),
        ("decisions?type=%20", "type"),
        ("decisions?cursor=x", "cursor"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_parameter(
    everything: Door, question: str, parameter: str
) -> None:
    problem = assert_problem(everything.client.get(f"/v1/{question}"), 422, "parameter")
    assert problem["detail"].startswith(parameter) or parameter in problem["detail"]


@pytest.mark.parametrize("of", LISTS)
@pytest.mark.parametrize("identity", ["nothing", "%00", "é", "a%2Fb", "x" * 300])
def test_what_is_not_known_is_not_found(everything: Door, of: str, identity: str) -> None:
    path = f"/v1/{of}/{identity}"
    assert_problem(everything.client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "bodies/nothing/members",
        "bodies/nothing/authority",
        "people/nothing/authority?post=leader",
        "people/p3/authority?post=nothing",
        "people/p3/authority?body=choir&role=nothing",
    ],
)
def test_nothing_is_told_of_what_is_not_known(everything: Door, path: str) -> None:
    assert_problem(everything.client.get(f"/v1/{path}"), 404, "not-found")


@pytest.mark.parametrize("of", LISTS)
def test_nothing_is_known_before_the_first_entry(everything: Door, of: str) -> None:
    assert ids(everything, of, position=0) == []
    (first, *_) = ids(everything, of, effective_at="2015-06-15")
    assert_problem(everything.client.get(f"/v1/{of}/{first}?position=0"), 404, "not-found")


def paths(door: Door, day: str) -> Iterator[str]:
    """Every question about the ledger that the document tells of, with the ids that fit."""
    known = {of: ids(door, of, effective_at=day, limit=500) for of in LISTS}
    held = [
        f"people/{person['id']}/authority?post={tenure['post']}"
        for person in door.ask("/v1/people", effective_at=day, limit=500)["people"]
        for tenure in person["tenures"]
    ]
    for template, methods in door.ask("/openapi.json")["paths"].items():
        of, *rest = template.removeprefix("/v1/").split("/")
        if "get" not in methods or not template.startswith("/v1/"):
            continue
        if of == "changes":
            yield f"{template}?from_effective_at=2011-01-01&to_"
        elif template in OF_NO_BASIS:
            continue
        elif not rest:
            yield f"{template}?"
        elif of == "people" and rest[-1] == "authority":
            yield from (f"/v1/{each}&" for each in held)
        elif template == "/v1/entries/{position}":
            yield "/v1/entries/1?"
        elif of in known:
            suffix = "".join(f"/{each}" for each in rest[1:])
            yield from (f"/v1/{of}/{each}{suffix}?" for each in known[of])


OF_NO_BASIS = ("/v1/keys", "/v1/access-log")
"""Questions about the service, and not about the organisation."""


def answer_to(door: Door, question: str) -> Any:
    response = door.client.get(question)
    assert response.status_code == 200, (question, response.text)
    return response.json()


DAYS = ("2011-06-15", "2014-06-06", "2020-01-01")


def test_every_answer_has_the_form_that_the_document_promises(everything: Door) -> None:
    document = everything.ask("/openapi.json")
    schemas = copy.deepcopy(document["components"]["schemas"])
    for schema in schemas.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    checks = {
        template: OAS31Validator({**schema, "components": {"schemas": schemas}})
        for template, methods in document["paths"].items()
        if "get" in methods
        for content in [methods["get"]["responses"]["200"]["content"]]
        if "application/json" in content  # all but the log's own texts and tiles
        for schema in [content["application/json"]["schema"]]
    }
    asked = set()
    for day in DAYS:
        for path in paths(everything, day):
            steps = path.partition("?")[0].split("/")
            (template,) = (
                each
                for each in checks
                if len(each.split("/")) == len(steps)
                and all(
                    a == b or a[0:1] == "{" for a, b in zip(each.split("/"), steps, strict=True)
                )
            )
            asked.add(template)
            errors = checks[template].iter_errors(
                answer_to(everything, f"{path}effective_at={day}")
            )
            assert [(list(each.absolute_path), each.message) for each in errors] == [], path
    assert asked >= {each for each in checks if each.startswith("/v1/")} - UNLISTED, asked


UNLISTED = {"/v1/findings", *OF_NO_BASIS}
"""Questions that tests of their own ask."""


def test_what_was_answered_stays_so_whatever_is_recorded_since(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        answered: dict[str, tuple[str, Any]] = {}
        instants: dict[str, Any] = {}
        for record in RECORDS:
            record(door)
            for day in DAYS[1:]:
                for path in paths(door, day):
                    if path.startswith("/v1/entries"):
                        continue
                    response = door.client.get(f"{path}effective_at={day}")
                    assert response.status_code == 200, (path, response.text)
                    location = response.headers["Content-Location"]
                    answered[location] = response.headers["ETag"], response.json()
            basis = door.ask("/v1/people", effective_at="2014-06-06")["basis"]
            for of in LISTS:
                question = f"/v1/{of}?effective_at=2014-06-06&recorded_at={basis['recorded_at']}"
                instants[question] = answer_to(door, question)
        late(door)
        door.record(
            act("entry.retracted", entry={"decision": "seats", "act": 1}, reason="An error."),
            act("entry.retracted", entry={"decision": "nominations", "act": 3}, reason="An error."),
            act("person.separated", "2020-01-01", person="p4", into="p3"),
            act("person.merged", "2020-01-01", person="p1", into="p2"),
            act("body.renamed", "2012-01-01", body="council", name="Great Council"),
            act("remark.made", body="council", text="A late remark."),
        )
        assert len(answered) > 500
        for location, (tag, answer) in answered.items():
            again = door.client.get(location)
            assert (again.status_code, again.headers["ETag"]) == (200, tag), location
            assert again.json() == answer, location
        for location, (tag, _) in list(answered.items())[::25]:
            known = door.client.get(location, headers={"If-None-Match": tag})
            assert (known.status_code, known.content) == (304, b""), location
            assert known.headers["ETag"] == tag
        for question, answer in instants.items():
            assert answer_to(door, question) == answer


@pytest.mark.parametrize("day", DAYS)
def test_a_list_and_what_is_told_in_full_agree(everything: Door, day: str) -> None:
    """The lists of bodies and posts are put together otherwise than one of them alone."""
    assert_agreement(everything, day)


def assert_agreement(door: Door, day: str) -> None:
    for of in LISTS:
        if of == "decisions":
            continue
        for item in door.ask(f"/v1/{of}", effective_at=day, limit=500)[of]:
            full = door.ask(f"/v1/{of}/{item['id']}", effective_at=day)
            if of == "people":  # where two ids of one person say the same, the list says it once
                for held in ("tenures", "memberships"):
                    now = [each for each in full[held] if each["certainty"]]
                    full[held] = [each for each in now if each in item[held]]
                    assert {each["body"] for each in now} == {each["body"] for each in item[held]}
            assert {name: full[name] for name in item} == item
            if of == "posts":
                holding = {each["person"] for each in full["tenures"] if each["certainty"]}
                assert holding == {each["person"] for each in full["holders"]}


def test_whatever_was_recorded_can_be_asked_about(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        created: set[str] = set()

        @settings(derandomize=True, database=None, deadline=None, max_examples=150)
        @given(decision=SOME_DECISIONS)
        def send(decision: dict[str, Any]) -> None:
            response = door.client.post("/v1/decisions", json=decision)
            if response.status_code == 201:
                acts = response.json()["entries"]
                created.update(f"{each['type'].partition('.')[0]}/{each['id']}" for each in acts)

        send()
        paths = {"person": "people", "body": "bodies", "election": "elections", "post": "posts"}
        paths |= {each: f"{each}s" for each in ("meeting", "mandate", "rule", "resolution")}
        asked = 0
        for day in ("0001-01-01", "2020-06-01", "9999-12-31"):
            assert_agreement(door, day)
            for each in created:
                kind, _, identity = each.partition("/")
                if kind in paths and identity != "None" and kind != "election":
                    door.ask(f"/v1/{paths[kind]}/{identity}", effective_at=day)
                    asked += 1
        assert asked > 30

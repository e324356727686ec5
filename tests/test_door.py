"""The door, over real HTTP: receipts, bases, problems, pages, secrets, and its own document."""

from __future__ import annotations

import json
import sqlite3
import threading
import types
import typing
import uuid
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from sqlalchemy.exc import OperationalError

from domain import fields as f
from domain.acts import ACTS
from domain.decisions import Decision
from domain.entries import canonical
from service import problems
from service.api import application
from service.asking import questions
from service.log.log import Log
from service.manners.bounds import BODY as BODY_LIMIT
from service.recording.posting import EXAMPLE
from service.vault.vault import Vault
from tests.ledgers import act
from tests.serving import serving

TEXTS = [
    "Михаил Иванович Калинин",
    "김용주 · 金用住 · キム・ヨンジュ",
    "محمد بن موسى",
    "नमस्ते क्षत्रिय",
    "🏛️ 👩🏽‍⚖️ 🇰🇵",
    "é is not é",  # composed, and not
    "He said \"no\", and 'yes'",
    "C:\\minutes\\new \\u0041 \\",
    "first line\nsecond line\r\n\n\ttab",
    '{"sha256": "not a commitment"}',
    "\u200fmarks\u200e \ufeff and \u2028 separators \u0085",
    "</script><b>&amp;%00",
    " ",
    "x" * 500,
]


@dataclass(frozen=True)
class Door:
    """A served ledger, and where its files are."""

    client: httpx.Client
    directory: Path

    def post(self, *acts: dict[str, Any], **envelope: Any) -> httpx.Response:
        return self.client.post("/v1/decisions", json={**envelope, "acts": acts})

    def record(self, *acts: dict[str, Any], **envelope: Any) -> dict[str, Any]:
        response = self.post(*acts, **envelope)
        assert response.status_code == 201, response.text
        receipt: dict[str, Any] = response.json()
        return receipt

    def ask(self, path: str, **parameters: str | int) -> dict[str, Any]:
        response = self.client.get(path, params=parameters)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def newest(self) -> int:
        """The position of the newest entry."""
        position: int = self.ask("/v1/entries", limit=1)["basis"]["position"]
        return position

    def stored(self, store: str, question: str) -> list[tuple[Any, ...]]:
        """What one of the three databases holds, read past the service."""
        address = f"file:{self.directory / store}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(question).fetchall()

    def traces(self) -> list[list[tuple[Any, ...]]]:
        """What recording changes: the log's head, the vault's rows, the views' position."""
        self.client.get("/v1/structure").raise_for_status()  # the views have followed
        return [
            self.stored("curule.db", "SELECT position, recorded_at FROM head"),
            self.stored("curule.db", "SELECT count(*) FROM entries"),
            self.stored("curule-vault.db", "SELECT digest FROM vault_disclosures ORDER BY 1"),
            self.stored("curule-vault.db", "SELECT subject FROM vault_keys ORDER BY 1"),
            self.stored("curule-views.db", "SELECT position FROM progress"),
        ]


@contextmanager
def opened(directory: Path) -> Iterator[Door]:
    with (
        serving(directory) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
    ):
        yield Door(client, directory)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One ledger for all that does not mind what else is in it."""
    with opened(tmp_path_factory.mktemp("door")) as it:
        yield it


@pytest.fixture
def new_door(tmp_path: Path) -> Iterator[Door]:
    """An empty ledger."""
    with opened(tmp_path) as it:
        yield it


def established(body: str, effective: str = "2020-01-01", **given: Any) -> dict[str, Any]:
    return act(
        "body.established",
        effective,
        **{"body": body, "name": body.title(), "classification": "organ", **given},
    )


def registered(person: str, **given: Any) -> dict[str, Any]:
    return act("person.registered", "2020", **{"person": person, "name": person.title(), **given})


# Receipts


def test_a_receipt_names_the_place_of_every_act_in_order(door: Door) -> None:
    response = door.post(
        act("post.created", "2020-02-01", post="usher", body="guild", label="Usher"),
        act("body.established", "2020-01-01", name="Lodge", classification="organ", within="guild"),
        established("guild"),
        act("person.registered", "2020", name="Amber"),
        act("body.renamed", "2021-01-01", body="guild", name="Great Guild"),
    )
    assert response.status_code == 201
    receipt = response.json()
    first = receipt["position"]
    assert [(each["position"], each["type"]) for each in receipt["entries"]] == [
        (first + 1, "post.created"),
        (first + 2, "body.established"),
        (first + 3, "body.established"),
        (first + 4, "person.registered"),
        (first + 5, "body.renamed"),
    ]
    post, lodge, guild, person, renamed = (each["id"] for each in receipt["entries"])
    assert (post, guild, renamed) == ("usher", "guild", None)
    given = [receipt["decision"], lodge, person]
    assert [(uuid.UUID(each).version, str(uuid.UUID(each))) for each in given] == [
        (7, each) for each in given
    ]
    assert len(set(given)) == 3
    assert response.headers["Location"] == f"/v1/decisions/{receipt['decision']}"
    assert response.headers["Ledger-Position"] == str(first + 5)
    assert set(receipt) == {
        "decision",
        "position",
        "recorded_at",
        "leaf_hash",
        "proof",
        "entries",
    }


def test_a_receipt_is_what_the_log_holds(door: Door) -> None:
    receipt = door.record(established("senate"), registered("ann-of-the-senate"))
    tag = f"decision:{receipt['decision']}"
    taken, *acts = door.ask("/v1/entries", tag=tag)["entries"]
    assert taken["entry"]["position"] == receipt["position"]
    assert taken["entry"]["act"] == {"type": "decision.taken", "acts": 2}
    for each, named in zip(acts, receipt["entries"], strict=True):
        leaf = sha256(b"\0" + canonical(each["entry"])).hexdigest()
        assert (each["leaf_hash"], each["entry"]["position"]) == (leaf, named["position"])
        assert named["leaf_hash"] == leaf
        assert each["entry"]["recorded_at"] == receipt["recorded_at"]
    located = door.ask(f"/v1/decisions/{receipt['decision']}")
    assert (located["position"], located["recorded_at"]) == (
        receipt["position"],
        receipt["recorded_at"],
    )
    kept = ("position", "type", "leaf_hash", "id")
    assert [{name: each[name] for name in kept} for each in located["entries"]] == [
        {name: each[name] for name in kept} for each in receipt["entries"]
    ]


ONCE: dict[str, Any] = {
    "id": "once",
    "title": "Said once",
    "text": "Once is\nenough. Один раз",
    "sources": [{"title": "Minutes", "url": "https://example.org/?a=b&c"}],
    "acts": [
        {
            "type": "person.registered",
            "effective": "2020",
            "name": "Birch",
            "other_names": [{"name": "Берёза", "lang": "ru"}],
        },
        {
            "type": "body.established",
            "effective": "2020-01-01",
            "body": "once-only",
            "name": "Once Only",
            "classification": "organ",
            "purpose": "To be established once",
        },
    ],
}


@pytest.fixture(scope="module")
def once(door: Door) -> dict[str, Any]:
    """The first receipt of a decision that leaves an id out and has texts in it."""
    return door.record(*ONCE["acts"], **{key: ONCE[key] for key in ONCE if key != "acts"})


def changed(place: str, value: Any) -> dict[str, Any]:
    """The decision recorded once, with one member changed (JSON pointer)."""
    decision = json.loads(json.dumps(ONCE))
    *way, last = place.split("/")[1:]
    at = decision
    for step in way:
        at = at[int(step) if isinstance(at, list) else step]
    at[last] = value
    return typing.cast("dict[str, Any]", decision)


@pytest.mark.parametrize(
    "again",
    [
        json.dumps(ONCE),
        json.dumps(ONCE, ensure_ascii=False, indent=4),
        json.dumps(ONCE, sort_keys=True, separators=(",", ":")),
        json.dumps({**ONCE, "taken_by": None, "date": None, "vote": None}),
        json.dumps(changed("/acts/0/person", None)),
        json.dumps(changed("/acts/1/other_names", [])),
        json.dumps(changed("/sources/0/sha256", None)),
    ],
    ids=["as sent", "unescaped", "sorted", "nulls", "null id", "empty list", "null within"],
)
def test_the_same_decision_again_has_the_first_receipt(
    door: Door, once: dict[str, Any], again: str
) -> None:
    before = door.traces()
    response = door.client.post(
        "/v1/decisions", content=again, headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.json()) == (200, once)
    assert response.headers["Location"] == "/v1/decisions/once"
    assert response.headers["Ledger-Position"] == str(once["position"] + 2)
    assert door.traces() == before


def test_the_same_decision_again_with_the_ids_that_were_given(
    door: Door, once: dict[str, Any]
) -> None:
    given = once["entries"][0]["id"]
    response = door.client.post("/v1/decisions", json=changed("/acts/0/person", given))
    assert (response.status_code, response.json()) == (200, once)
    answered = door.ask("/v1/decisions/once")["decision"]
    response = door.client.post("/v1/decisions", json=answered)
    assert (response.status_code, response.json()) == (200, once)


@pytest.mark.parametrize(
    "other",
    [
        changed("/title", "Said twice"),
        changed("/text", "Once is\nenough. Один раз "),
        changed("/date", "2020"),
        changed("/sources/0/title", None),
        changed("/acts/0/name", "birch"),
        changed("/acts/0/person", "another-id"),
        changed("/acts/0/other_names/0/lang", "uk"),
        changed("/acts/1/purpose", None),
        changed("/acts", ONCE["acts"][:1]),
        changed("/acts", ONCE["acts"][::-1]),
        changed("/acts", [*ONCE["acts"], established("once-more")]),
    ],
    ids=[
        "title",
        "a space",
        "date",
        "no source's title",
        "name",
        "id",
        "language",
        "no purpose",
        "an act less",
        "other order",
        "an act more",
    ],
)
def test_a_decision_with_its_id_and_other_content_is_refused(
    door: Door, once: dict[str, Any], other: dict[str, Any]
) -> None:
    before = door.traces()
    response = door.client.post("/v1/decisions", json=other)
    assert response.status_code == 409
    (violation,) = response.json()["violations"]
    assert (violation["rule"], violation["pointer"]) == ("id_taken", "/id")
    assert violation["because"] == [once["position"]]
    assert door.traces() == before


def test_without_an_id_the_same_words_are_another_decision(door: Door) -> None:
    receipts = [door.record(act("person.registered", "2020", name="Cedar")) for _ in range(2)]
    assert receipts[0]["decision"] != receipts[1]["decision"]


def on_one_line(text: str) -> str:
    return " ".join(text.split("\n")).replace("\r", " ").replace("\t", " ")


def test_every_text_comes_back_as_it_was_sent(door: Door) -> None:
    sent = [
        {
            "id": f"texts-{number}",
            "title": text,
            "text": text * 3,
            "sources": [{"title": text, "url": text}],
            "acts": [
                registered(
                    f"person-{number}",
                    name=on_one_line(text),
                    other_names=[{"name": on_one_line(text)}],
                    note=f"{text}\n{text}",
                ),
                established(f"body-{number}", purpose=text, name=on_one_line(text)),
                act(
                    "post.created",
                    "2020-01-01",
                    post=f"post-{number}",
                    body=f"body-{number}",
                    label="Clerk",
                    powers=text,
                ),
                act(
                    "tenure.started",
                    "2020-01-01",
                    person=f"person-{number}",
                    post=f"post-{number}",
                ),
            ],
        }
        for number, text in enumerate(TEXTS)
    ]
    for decision in sent:
        assert door.client.post("/v1/decisions", json=decision).status_code == 201
    for decision in sent:
        assert door.ask(f"/v1/decisions/{decision['id']}")["decision"] == decision
    for number, text in enumerate(TEXTS):
        (body,) = door.ask("/v1/structure", root=f"body-{number}")["bodies"]
        assert body["name"] == on_one_line(text)
        assert body["posts"][0]["holders"][0]["name"] == on_one_line(text)


def test_a_dry_run_says_what_would_come_of_it_and_stores_nothing(door: Door) -> None:
    before = door.traces()
    for acts, accepted, rules in (
        ([established("dry"), registered("dry-ann")], True, []),
        ([act("body.renamed", "2020-01-01", body="never-was", name="X")], False, ["id_unknown"]),
        ([too_long()], False, ["entry_too_long"]),
    ):
        response = door.client.post("/v1/decisions?dry_run=true", json={"acts": acts})
        assert response.status_code == 200
        answer = response.json()
        assert answer["accepted"] is accepted
        assert [each["rule"] for each in answer["violations"]] == rules
        assert answer["findings"] == []
    assert door.traces() == before


# Many at once


def at_once(number: int, do: Callable[[int], Any]) -> list[Any]:
    """What each of some threads brings back; they begin together."""
    beginning = threading.Barrier(number)

    def begin(thread: int) -> Any:
        beginning.wait(30)
        return do(thread)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(begin, range(number)))


def test_what_is_asked_right_after_a_receipt_sees_it(door: Door) -> None:
    def post_and_ask(thread: int) -> list[tuple[bool, bool, str]]:
        seen = []
        for turn in range(8):
            body = f"seen-{thread}-{turn}"
            receipt = door.record(established(body), id=body)
            answer = door.ask("/v1/structure", root=body)
            decision = door.ask(f"/v1/decisions/{body}")
            last = receipt["entries"][-1]["position"]
            seen.append(
                (
                    answer["basis"]["position"] >= last,
                    decision["basis"]["position"] >= last,
                    answer["bodies"][0]["id"],
                )
            )
        return seen

    assert at_once(8, post_and_ask) == [
        [(True, True, f"seen-{thread}-{turn}") for turn in range(8)] for thread in range(8)
    ]


def test_a_decision_sent_by_eight_at_once_is_recorded_once(door: Door) -> None:
    decision = {"id": "hurried", "text": "At once", "acts": [registered("hurried-ann")]}
    responses = at_once(8, lambda _: door.client.post("/v1/decisions", json=decision))
    assert sorted(each.status_code for each in responses) == [200] * 7 + [201]
    assert len({each.text for each in responses}) == 1
    assert len(door.ask("/v1/entries", tag="decision:hurried")["entries"]) == 2


def test_forty_who_stand_in_each_others_way_are_all_answered(door: Door) -> None:
    door.record(
        established("crowd"),
        act("post.created", "2020-01-01", post="porter", body="crowd", label="Porter", seats=40),
        *(registered(f"porter-{number}") for number in range(41)),
    )

    def appoint(number: int) -> httpx.Response:
        return door.post(
            act("appointment.made", "2020-02-01", person=f"porter-{number}", post="porter")
        )

    responses = at_once(41, appoint)
    assert sorted(each.status_code for each in responses) == [201] * 40 + [409]
    (refused,) = (each.json() for each in responses if each.status_code == 409)
    assert [each["rule"] for each in refused["violations"]] == ["seats_exceeded"]
    (crowd,) = door.ask("/v1/structure", root="crowd")["bodies"]
    assert len(crowd["posts"][0]["holders"]) == 40


def test_a_thousand_bodies_may_stand_each_in_the_one_before(new_door: Door) -> None:
    tower = [
        established(f"floor-{number}", **({"within": f"floor-{number - 1}"} if number else {}))
        for number in range(1_100)
    ]
    receipt = new_door.record(*tower)
    assert len(receipt["entries"]) == 1_100
    assert len(new_door.ask("/v1/structure", root="floor-1", depth=1_000)["bodies"]) == 1_001
    around = act("body.moved", "2021-01-01", body="floor-0", within="floor-1099")
    (violation,) = new_door.post(around).json()["violations"]
    assert (violation["rule"], violation["pointer"]) == ("within_itself", "/acts/0")
    assert len(violation["because"]) == 1_099


# The basis


@pytest.fixture(scope="module")
def stages(door: Door) -> list[dict[str, Any]]:
    """The receipts of a body that is established, renamed by two acts, and filled."""
    return [
        door.record(established("stage", "2020-01-01", name="First")),
        door.record(
            act("body.renamed", "2021-01-01", body="stage", name="Second"),
            act("body.changed", "2021-01-01", body="stage", permanence="permanent"),
        ),
        door.record(
            act("election.held", "2022-01-01", election="stage-vote", body="stage", cast=3),
            established("stage-cell", "2022-01-01", within="stage"),
        ),
    ]


def end_of(receipt: dict[str, Any]) -> int:
    """The position of a decision's last entry."""
    return int(receipt["position"]) + len(receipt["entries"])


def names_at(door: Door, **basis: str | int) -> tuple[int, list[str]]:
    answer = door.ask("/v1/structure", **basis)
    stage = (body for body in answer["bodies"] if body["id"] == "stage")
    return answer["basis"]["position"], [body["name"] for body in stage]


def test_the_effective_day_tells_when_it_held(door: Door, stages: list[dict[str, Any]]) -> None:
    names = {
        day: names_at(door, effective_at=day)[1]
        for day in ("2019-12-31", "2020-01-01", "2020-12-31", "2021-01-01")
    }
    assert names == {
        "2019-12-31": [],
        "2020-01-01": ["First"],
        "2020-12-31": ["First"],
        "2021-01-01": ["Second"],
    }


def test_the_day_is_today_unless_told_otherwise(door: Door) -> None:
    before = datetime.now(UTC).date().isoformat()
    answered = door.ask("/v1/structure")["basis"]["effective_at"]
    assert answered in (before, datetime.now(UTC).date().isoformat())


def test_the_position_tells_what_was_known(door: Door, stages: list[dict[str, Any]]) -> None:
    first, second, _ = stages
    assert names_at(door, position=first["position"] - 1)[1] == []
    assert names_at(door, position=end_of(first)) == (end_of(first), ["First"])
    assert names_at(door, position=end_of(second)) == (end_of(second), ["Second"])


def test_a_position_inside_a_decision_is_the_end_of_the_one_before(
    door: Door, stages: list[dict[str, Any]]
) -> None:
    first, second, _ = stages
    for inside in range(second["position"], end_of(second)):
        assert names_at(door, position=inside) == (end_of(first), ["First"])
    entries = door.ask("/v1/entries", position=second["position"], limit=500)["entries"]
    assert entries[-1]["entry"]["position"] == end_of(first)
    assert (
        door.client.get(
            f"/v1/decisions/{second['decision']}", params={"position": second["position"]}
        ).status_code
        == 404
    )


def test_an_instant_tells_what_was_known(door: Door, stages: list[dict[str, Any]]) -> None:
    first, second, _ = stages
    then = datetime.fromisoformat(second["recorded_at"])
    assert then.utcoffset() == timedelta(0)
    just_before = (then - timedelta(microseconds=1)).isoformat()
    elsewhere = then.astimezone(datetime.strptime("+0545", "%z").tzinfo).isoformat()
    assert names_at(door, recorded_at=second["recorded_at"]) == (end_of(second), ["Second"])
    assert names_at(door, recorded_at=elsewhere) == (end_of(second), ["Second"])
    assert names_at(door, recorded_at=just_before) == (end_of(first), ["First"])
    answer = door.ask("/v1/structure", recorded_at=second["recorded_at"])
    assert answer["basis"]["recorded_at"] == second["recorded_at"]


@pytest.mark.parametrize("basis", [{"position": 0}, {"recorded_at": "1970-01-01T00:00:00Z"}])
def test_in_the_beginning_the_ledger_is_empty(
    door: Door, stages: list[dict[str, Any]], basis: dict[str, str | int]
) -> None:
    answer = door.ask("/v1/structure", effective_at="2022-01-01", **basis)
    assert answer["basis"] == {"effective_at": "2022-01-01", "recorded_at": None, "position": 0}
    assert answer["bodies"] == []
    assert door.ask("/v1/entries", **basis)["entries"] == []
    assert door.ask("/v1/elections", **basis)["elections"] == []


def test_a_question_waits_for_a_position_to_come(door: Door) -> None:
    next_end = door.newest() + 2
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(door.ask, "/v1/structure", root="awaited", min_position=next_end)
        door.record(established("awaited"))
        assert waiting.result(30)["basis"]["position"] == next_end


def test_a_question_does_not_wait_for_ever(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "PATIENCE", 0.05)
    for beyond in (door.newest() + 1, 10**30):
        response = door.client.get("/v1/structure", params={"min_position": beyond})
        assert response.status_code == 503
        assert response.json()["type"] == "urn:curule:problem:behind"
        assert response.headers["Retry-After"] == "1"


QUESTIONS = [
    "/v1/structure?effective_at=2022-01-01&root=stage&depth=0",
    "/v1/structure?effective_at=2021-06-01",
    "/v1/structure",
    "/v1/elections?effective_at=2022-01-01&limit=1",
    "/v1/elections/stage-vote?effective_at=2022-01-01",
    "/v1/decisions/stage-decision",
    "/v1/entries?limit=3&cursor=2",
    "/v1/entries?tag=body:stage&type=body.renamed",
]


@pytest.fixture
def stage_decision(door: Door, stages: list[dict[str, Any]]) -> None:
    door.post(act("body.renamed", "2023-01-01", body="stage", name="Third"), id="stage-decision")


@pytest.mark.usefixtures("stage_decision")
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_content_location_is_the_same_question_pinned(door: Door, question: str) -> None:
    first = door.client.get(question)
    assert first.status_code == 200, first.text
    basis = first.json()["basis"]
    location = first.headers["Content-Location"]
    asked, pinned = (parse_qs(urlsplit(each).query) for each in (question, location))
    assert urlsplit(location).path == urlsplit(question).path
    assert {name: pinned[name] for name in asked} == asked
    assert pinned["position"] == [str(basis["position"])] == [first.headers["Ledger-Position"]]
    assert pinned["effective_at"] == [basis["effective_at"]]

    door.record(
        act("body.changed", "2020-06", body="stage", permanence="temporary"),
        act("election.held", "2021-01-01", election=f"vote-{door.newest()}", body="stage"),
    )
    again = door.client.get(location)
    assert (again.status_code, again.content) == (200, first.content)
    for header in ("ETag", "Content-Location", "Ledger-Position"):
        assert again.headers[header] == first.headers[header]
    now = door.client.get(question)
    assert now.json()["basis"]["position"] == basis["position"] + 3
    assert now.headers["ETag"] != first.headers["ETag"]


def test_an_answer_that_is_known_is_not_sent_again(
    door: Door, stages: list[dict[str, Any]]
) -> None:
    question = "/v1/structure?root=stage"
    first = door.client.get(question)
    tag = first.headers["ETag"]

    def asked_again(known: str) -> httpx.Response:
        return door.client.get(question, headers={"If-None-Match": known})

    for known in (tag, tag.removeprefix("W/"), f'"another", {tag}', "*"):
        response = asked_again(known)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == tag
        assert response.headers["Content-Location"] == first.headers["Content-Location"]
    assert asked_again('"another"').status_code == 200
    elsewhere = door.client.get("/v1/structure?root=stage-cell", headers={"If-None-Match": tag})
    assert elsewhere.status_code == 200
    door.record(established("news"))
    assert asked_again(tag).status_code == 200


# Problems


def too_long() -> dict[str, Any]:
    """An act that is longer than an entry may be; texts would not count."""
    return established("long", other_names=[{"name": "é" * 500} for _ in range(70)])


def sent(document: Any) -> dict[str, Any]:
    """A request that sends a document as JSON."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return {
        "method": "POST",
        "url": "/v1/decisions",
        "content": content,
        "headers": {"Content-Type": "application/json"},
    }


def sent_act(type_: str = "post.created", /, **given: Any) -> dict[str, Any]:
    return sent(
        {"acts": [established("fine"), {"type": type_, "effective": "2020-01-01", **given}]}
    )


def nested(depth: int) -> bytes:
    return b'{"acts":' + b"[" * depth + b"]" * depth + b"}"


POST = {"body": "fine", "label": "Clerk"}
MALFORMED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": (sent(b""), [""]),
    "no JSON": (sent(b"{'acts': []}"), [""]),
    "half of it": (sent(b'{"acts":['), [""]),
    "two of it": (sent(b"{}{}"), [""]),
    "not UTF-8": (sent('{"title":"é"}'.encode("latin-1")), [""]),
    "no object": (sent([]), [""]),
    "null": (sent(None), [""]),
    "no acts": (sent({}), ["/acts"]),
    "empty acts": (sent({"acts": []}), ["/acts"]),
    "null acts": (sent({"acts": None}), ["/acts"]),
    "acts by number": (sent({"acts": {"0": established("fine")}}), ["/acts"]),
    "an act that is none": (sent({"acts": ["person.died"]}), ["/acts/0"]),
    "unknown act": (sent_act("person.cloned"), ["/acts/1/type"]),
    "an act without a type": (sent({"acts": [{"effective": "2020"}]}), ["/acts/0/type"]),
    "a type that is none": (sent({"acts": [{"type": ["person.died"]}]}), ["/acts/0/type"]),
    "unknown field": (sent_act(**POST, sets=1), ["/acts/1/sets"]),
    "unknown field of the decision": (
        sent({"decided_by": "x", "acts": [established("fine")]}),
        ["/decided_by"],
    ),
    "fields with signs": (
        sent_act(**POST, **{"a/b": 1, "c~d": 2, "": 3}),
        ["/acts/1/a~1b", "/acts/1/c~0d", "/acts/1/"],
    ),
    "fields called like what the service calls things": (
        sent_act(**POST, **{"post.created": 1, "ActOf": {}, "constrained-int": 1}),
        ["/acts/1/post.created", "/acts/1/ActOf", "/acts/1/constrained-int"],
    ),
    "missing fields": (
        sent_act("tenure.ended"),
        ["/acts/1/person", "/acts/1/post", "/acts/1/reason"],
    ),
    "null where it is required": (sent_act(**{**POST, "label": None}), ["/acts/1/label"]),
    "a text for a number": (sent_act(**POST, seats="5"), ["/acts/1/seats"]),
    "a fraction": (sent_act(**POST, seats=5.5), ["/acts/1/seats"]),
    "a number with a point": (sent_act(**POST, seats=5.0), ["/acts/1/seats"]),
    "truth for a number": (sent_act(**POST, seats=True), ["/acts/1/seats"]),
    "a number for truth": (sent_act(**POST, voting=1), ["/acts/1/voting"]),
    "a text for truth": (sent_act(**POST, voting="true"), ["/acts/1/voting"]),
    "less than nothing": (sent_act(**POST, seats=-1), ["/acts/1/seats"]),
    "more than JSON can count": (sent_act(**POST, seats=2**53), ["/acts/1/seats"]),
    "more than a machine can count": (sent_act(**POST, seats=2**64), ["/acts/1/seats"]),
    "more than anybody can count": (sent(b'{"acts":[%s]}' % (b"9" * 5_000)), [""]),
    "not a number": (sent_act(**POST, seats=float("nan")), ["/acts/1/seats"]),
    "a list for a text": (sent_act(**{**POST, "label": ["Clerk"]}), ["/acts/1/label"]),
    "no text": (sent_act(**{**POST, "label": ""}), ["/acts/1/label"]),
    "a label of two lines": (sent_act(**{**POST, "label": "a\nb"}), ["/acts/1/label"]),
    "a label too long": (sent_act(**{**POST, "label": "x" * 501}), ["/acts/1/label"]),
    "NUL in a label": (sent_act(**{**POST, "label": "a\0b"}), ["/acts/1/label"]),
    "NUL in a text": (sent_act(**POST, powers="a\0b"), ["/acts/1/powers"]),
    "NUL in an id": (sent_act(**{**POST, "body": "a\0b"}), ["/acts/1/body"]),
    "a lone surrogate": (sent(b'{"title":"\\ud800","acts":[]}'), [""]),
    "surrogates the wrong way round": (sent(b'{"title":"\\udc00\\ud800","acts":[]}'), [""]),
    "a text too long": (sent_act(**POST, note="x" * 50_001), ["/acts/1/note"]),
    "an id with a space": (sent({"id": "a b", "acts": [established("fine")]}), ["/id"]),
    "an id too long": (sent_act(**POST, post="x" * 65), ["/acts/1/post"]),
    "an id with a newline": (sent_act(**POST, post="usher\n"), ["/acts/1/post"]),
    "no day": (sent_act(**POST, effective="yesterday"), ["/acts/1/effective"]),
    "a day of no calendar": (sent_act(**POST, effective="2025-02-29"), ["/acts/1/effective"]),
    "a day of other digits": (sent_act(**POST, effective="２０２５"), ["/acts/1/effective"]),
    "a day as a number": (sent_act(**POST, effective=2025), ["/acts/1/effective"]),
    "an interval": (sent_act(**POST, effective="2025/2026"), ["/acts/1/effective"]),
    "a window that ends before it begins": (
        sent_act(**POST, effective="[2025-01-02..2025-01-01]"),
        ["/acts/1/effective"],
    ),
    "none of the choices": (
        sent_act("tenure.ended", person="ann", post="usher", reason="bored"),
        ["/acts/1/reason"],
    ),
    "neither of two": (sent_act("line.drawn", to="fine", kind="reports_to"), ["/acts/1"]),
    "deep within": (
        sent_act(
            "election.held",
            contests=[
                {"post": "usher"},
                {"post": "usher", "candidates": [{"person": "ann", "votes": "many"}]},
            ],
        ),
        ["/acts/1/contests/1/candidates/0/votes"],
    ),
    "in a source": (
        sent({"sources": [{}, {"sha256": "ABC"}], "acts": [established("fine")]}),
        ["/sources/1/sha256"],
    ),
    "an entry as text": (
        sent_act("entry.retracted", entry="5", reason="x"),
        ["/acts/1/entry", "/acts/1/entry"],
    ),
    "an entry before the first": (
        sent_act("entry.retracted", entry=0, reason="x"),
        ["/acts/1/entry"],
    ),
    "an entry half named": (
        sent_act("entry.retracted", entry={"decision": "x"}, reason="x"),
        ["/acts/1/entry/act"],
    ),
    "a correction of nothing": (
        sent_act(**POST, corrects={"decision": "x", "act": 0, "why": ""}),
        ["/acts/1/corrects/act", "/acts/1/corrects/why"],
    ),
    "deep nesting": (sent(nested(500)), [""]),
    "very deep nesting": (sent(nested(BODY_LIMIT // 2 - 100)), [""]),
    "several at once": (
        sent({"id": "", "acts": [{**established("a"), "name": 5}, {"type": "x"}, 7]}),
        ["/id", "/acts/0/name", "/acts/1/type", "/acts/2"],
    ),
}


def assert_problem(response: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """A problem document (RFC 9457) of a stable type."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:curule:problem:{name}"
    assert problem["status"] == status
    assert problem["detail"]
    titles = {kind.name: kind.title for kind in problems.KINDS}
    assert problem["title"] == titles[name]
    return problem


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_decision_is_told_where_and_leaves_no_trace(door: Door, case: str) -> None:
    request, pointers = MALFORMED[case]
    before = door.traces()
    problem = assert_problem(door.client.request(**request), 422, "malformed")
    assert [each["pointer"] for each in problem["errors"]] == pointers
    assert all(each["message"] for each in problem["errors"])
    assert door.traces() == before


def test_a_thousand_errors_are_not_all_listed(door: Door) -> None:
    for number, listed in ((1_000, 100), (20_000, 0)):
        problem = assert_problem(
            door.client.request(**sent({"acts": [5] * number})), 422, "malformed"
        )
        assert len(problem["errors"]) == listed
        assert str(number - (1 if listed else 0)) in problem["detail"]


@pytest.mark.parametrize(
    ("acts", "rule", "pointer"),
    [
        ([act("body.renamed", "2020", body="nobody-s", name="X")], "id_unknown", "/acts/0/body"),
        ([registered("eve"), established("stage")], "id_taken", "/acts/1/body"),
        (
            [
                established("twin"),
                act("post.created", "2020", post="twin", body="twin", label="Twin"),
            ],
            "id_taken",
            "/acts/1/post",
        ),
        (
            [act("post.created", "2020", post="stage", body="stage", label="Stage")],
            "id_taken",
            "/acts/0/post",
        ),
        ([registered("eve"), too_long()], "entry_too_long", "/acts/1"),
        ([act("entry.retracted", entry=10**15, reason="x")], "entry_unknown", "/acts/0/entry"),
    ],
)
@pytest.mark.usefixtures("stages")
def test_a_refused_decision_leaves_no_trace(
    door: Door, acts: list[dict[str, Any]], rule: str, pointer: str
) -> None:
    before = door.traces()
    problem = assert_problem(door.post(*acts, text="Not a word of it is kept"), 409, "refused")
    assert [(each["rule"], each["pointer"]) for each in problem["violations"]] == [(rule, pointer)]
    assert door.traces() == before


def test_a_violation_points_to_what_was_sent_not_to_what_was_recorded(door: Door) -> None:
    door.record(
        established("moot"), act("post.created", "2020", post="crier", body="moot", label="C")
    )
    later = door.record(established("moot-cell"), taken_by="moot", date="2021-01-01")
    ended = act("body.dissolved", "2020-06-01", body="moot", manner="dissolved")
    for acts, rule, pointer, recorded in (
        ([registered("fay"), ended], "outside_life", "/acts/1", later["position"]),
        (
            [act("post.abolished", "2021", post="crier"), established("crier")],
            "id_taken",
            "/acts/1/body",
            later["position"] - 1,
        ),
    ):
        problem = assert_problem(door.post(*acts), 409, "refused")
        (violation,) = problem["violations"]
        assert (violation["rule"], violation["pointer"]) == (rule, pointer)
        assert recorded in violation["because"]


def test_what_the_database_could_not_tell_is_not_taken_for_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        door.record(established("known"))
    with opened(tmp_path) as door, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Log, "tagged", fail)
        problem = assert_problem(door.post(established("known")), 503, "unknown-outcome")
        assert "may be sent again" in problem["detail"]
        patch.setattr(Log, "entries", fail)
        assert_problem(door.client.get("/v1/entries"), 503, "unavailable")
        patch.undo()
        assert_problem(door.post(established("known")), 409, "refused")


def fail(*_: Any, **__: Any) -> Any:
    raise OperationalError("SELECT", {}, Exception("disk I/O error"))


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/decision", "/v2/structure", "/v1//structure"])
def test_there_is_nothing_at_other_paths(door: Door, path: str) -> None:
    assert_problem(door.client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/decisions/nothing-decided",
        "/v1/decisions/a%20b",
        "/v1/decisions/a%00b",
        "/v1/decisions/%ff",
        "/v1/decisions/" + "x" * 65,
        "/v1/elections/never-held",
        "/v1/elections/%00",
        "/v1/structure?root=nowhere",
        "/v1/structure?root=%00",
        "/v1/structure?root=stage&effective_at=2019-12-31",
    ],
)
@pytest.mark.usefixtures("stages")
def test_what_is_not_known_is_not_found(door: Door, path: str) -> None:
    assert_problem(door.client.get(path), 404, "not-found")


def test_on_postgresql_odd_questions_have_the_same_answers(
    tmp_path: Path, postgres_url: str
) -> None:
    with (
        serving(tmp_path, ledger_url=postgres_url) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
    ):
        for path in ("/v1/decisions/a%00b", "/v1/elections/%00", "/v1/structure?root=%00"):
            assert_problem(client.get(path), 404, "not-found")
        for path in ("/v1/entries?tag=%00", "/v1/entries?type=%00"):
            assert_problem(client.get(path), 422, "parameter")
        for path in ("/v1/elections?cursor=at:%00", "/v1/entries?cursor=999999999999999999"):
            assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/decisions", "GET, HEAD, POST"),
        ("DELETE", "/v1/decisions/once", "GET, HEAD"),
        ("PUT", "/v1/decisions/once", "GET, HEAD"),
        ("PATCH", "/v1/entries", "GET, HEAD"),
        ("POST", "/v1/structure", "GET, HEAD"),
    ],
)
def test_nothing_can_be_changed_or_taken_away(
    door: Door, method: str, path: str, allowed: str
) -> None:
    before = door.traces()
    response = door.client.request(method, path, json=ONCE)
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == allowed
    assert door.traces() == before


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_only_json_is_taken(door: Door, content_type: str | None) -> None:
    before = door.traces()
    headers = {"Content-Type": content_type} if content_type else {}
    content = json.dumps({"acts": [established("plain")]}).encode()
    response = door.client.post("/v1/decisions", content=content, headers=headers)
    assert_problem(response, 415, "media-type")
    assert door.traces() == before
    said = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert door.client.post("/v1/decisions?dry_run=1", content=content, headers=said).is_success


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "in chunks"])
def test_a_request_has_a_largest_size(new_door: Door, told: bool) -> None:
    chunk = b" " * (BODY_LIMIT // 64)
    decision = json.dumps({"acts": [established("large")]}).encode()

    def post(size: int) -> httpx.Response:
        content = decision + b" " * (size - len(decision))
        chunks = (content[at : at + len(chunk)] for at in range(0, size, len(chunk)))
        with httpx.Client(base_url=new_door.client.base_url, trust_env=False) as client:
            return client.post(
                "/v1/decisions",
                content=content if told else chunks,
                headers={"Content-Type": "application/json"},
            )

    before = new_door.traces()
    assert_problem(post(BODY_LIMIT + 1), 413, "too-large")
    assert new_door.traces() == before
    assert post(BODY_LIMIT).status_code == 201


@pytest.mark.parametrize(
    ("question", "parameter"),
    [
        ("/v1/structure?effective_on=2020-01-01", "effective_on"),
        ("/v1/decisions/once?depth=1", "depth"),
        ("/v1/entries?page=2", "page"),
        ("/v1/structure?effective_at=2025-02-29", "effective_at"),
        ("/v1/structure?effective_at=2025", "effective_at"),
        ("/v1/structure?effective_at=25-01-01", "effective_at"),
        ("/v1/structure?effective_at=", "effective_at"),
        ("/v1/structure?effective_at=2025-01-01T00:00:00Z", "effective_at"),
        ("/v1/elections?recorded_at=2025-01-01", "recorded_at"),
        ("/v1/elections?recorded_at=2025-01-01T00:00:00", "recorded_at"),
        ("/v1/elections?recorded_at=now", "recorded_at"),
        ("/v1/structure?position=-1", "position"),
        ("/v1/structure?position=last", "position"),
        ("/v1/structure?position=" + "9" * 5_000, "position"),
        ("/v1/structure?min_position=-1", "min_position"),
        ("/v1/structure?depth=-1", "depth"),
        ("/v1/entries?limit=0", "limit"),
        ("/v1/entries?limit=501", "limit"),
        ("/v1/entries?tag=%00", "tag"),
        ("/v1/entries?type=%00", "type"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(door: Door, question: str, parameter: str) -> None:
    problem = assert_problem(door.client.get(question), 422, "parameter")
    (error,) = problem["errors"]
    assert error["parameter"] == parameter
    assert error["message"]
    assert parameter in problem["detail"]


@pytest.mark.parametrize("cursor", ["", "-1", "1.5", "²", "next", "9" * 19, "9" * 5_000])
def test_a_cursor_is_one_of_ours(door: Door, cursor: str) -> None:
    for path in ("/v1/entries", "/v1/people", "/v1/bodies/council/members", "/v1/findings"):
        problem = assert_problem(door.client.get(path, params={"cursor": cursor}), 422, "parameter")
        assert "cursor" in problem["detail"]


@pytest.mark.parametrize("query", ["dryrun=true", "dry_run=perhaps"])
def test_a_wrong_parameter_of_recording_records_nothing(door: Door, query: str) -> None:
    before = door.traces()
    response = door.client.post(f"/v1/decisions?{query}", json={"acts": [established("wrong")]})
    problem = assert_problem(response, 422, "parameter")
    assert problem["errors"][0]["parameter"] == query.partition("=")[0]
    assert door.traces() == before


@pytest.mark.parametrize("path", ["/v1/structure", "/v1/elections", "/v1/entries"])
def test_both_clocks_are_one_too_many(door: Door, path: str) -> None:
    both = {"recorded_at": "2025-01-01T00:00:00Z", "position": "0"}
    assert_problem(door.client.get(path, params=both), 400, "clocks")


def test_the_future_is_not_known(door: Door) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for future in (
        {"position": str(door.newest() + 1)},
        {"position": "9" * 30},
        {"recorded_at": tomorrow},
        {"recorded_at": "9999-12-31T23:59:59-23:59"},
    ):
        response = door.client.get("/v1/structure", params=future)
        assert_problem(response, 422, "future")


# Whatever is sent


def anything(hint: Any, mark: Any = None) -> st.SearchStrategy[Any]:
    """Values that a field of this type takes, as JSON."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return anything(arguments[0], arguments[1])
    if origin in (typing.Union, types.UnionType):
        return st.one_of([anything(each) for each in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(anything(arguments[0]), max_size=2)
    if is_dataclass(hint):
        return anything_like(typing.cast("type", hint))
    match mark:
        case f.Mention(kinds=kinds):
            ids = st.sampled_from(["a", "b", "c", "d"])
            return ids.map(lambda each: f"{each}-{kinds[0]}" if "person" in kinds else each)
        case f.Plain(max_length=64):
            return st.sampled_from(["member", "for", "a" * 64])
        case f.Plain():
            return st.sampled_from(["for", "against", "é", "\u2028", '{"sha256":"x"}'])
        case f.Personal():
            return st.sampled_from(["Kassiopeia", 'Kassiopeia\n"\\', "Кассиопея", "{}"])
        case f.Edtf():
            return st.sampled_from(
                ["2020", "2020-06-01", "2020-06~", "[..2021-01-01]", "[2019..]", "9999~", "0001%"]
            )
        case f.Whole(least=least, most=most):
            return st.sampled_from([max(least, 1), least, 2, most]) | st.integers(1, 300)
    return {bool: st.booleans(), type(None): st.none(), str: st.just("")}[hint]


def anything_like(cls: type) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the fields of a class, those that may be left out given or not."""
    hints = typing.get_type_hints(cls, include_extras=True)
    given_fields = [field for field in fields(cls) if field.name != "acts"]
    return st.fixed_dictionaries(
        {each.name: anything(hints[each.name]) for each in given_fields if each.default is MISSING},
        optional={
            each.name: anything(hints[each.name])
            for each in given_fields
            if each.default is not MISSING and each.name != "corrects"
        },
    )


CREATIONS = ("person.registered", "body.established", "post.created", "election.held")
SOME_ACTS = st.sampled_from([*ACTS, *CREATIONS * 6]).flatmap(lambda name: anything_like(ACTS[name]))
SOME_DECISIONS = st.builds(
    lambda envelope, acts: {**envelope, "acts": acts},
    anything_like(Decision),
    st.lists(SOME_ACTS, min_size=1, max_size=4),
)


def test_whatever_is_sent_is_recorded_or_told_what_is_wrong(new_door: Door) -> None:
    answered: Counter[int] = Counter()

    @settings(derandomize=True, database=None, deadline=None, max_examples=200)
    @given(decision=SOME_DECISIONS)
    def send(decision: dict[str, Any]) -> None:
        response = new_door.client.post("/v1/decisions", json=decision)
        assert response.status_code in (200, 201, 409, 422), response.text
        answered[response.status_code] += 1
        answer = response.json()
        if response.is_success:
            recorded = new_door.ask(f"/v1/decisions/{answer['decision']}")["decision"]
            again = new_door.client.post("/v1/decisions", json=recorded)
            assert (again.status_code, again.json()) == (200, answer)
        for wrong in answer.get("violations", answer.get("errors", ())):
            at: Any = decision
            for step in wrong["pointer"].split("/")[1:]:
                at = at[int(step) if isinstance(at, list) else step]

    send()
    assert min(answered[status] for status in (201, 409, 422)) > 10, answered
    for day in ("0001-01-01", "2020-06-01", "9999-12-31"):
        for position in range(0, new_door.newest(), 10):
            new_door.ask("/v1/structure", effective_at=day, position=position)
            new_door.ask("/v1/elections", effective_at=day, position=position, limit=500)
    new_door.record(established("hall", name="against"))
    stored = bytes_of(new_door.directory, ["curule", "curule-views", "curule-vault"])
    assert b"against" in stored  # in clear: labels
    assert not [
        each for text in ("Kassiopeia", "Кассиопея") for each in written(text) if each in stored
    ]


# Pages


def pages(door: Door, question: str) -> Iterator[httpx.Response]:
    """Every page of a list, by the Link header (RFC 8288)."""
    following: str | None = question
    while following is not None:
        page = door.client.get(following)
        assert page.status_code == 200, page.text
        yield page
        following = page.links.get("next", {}).get("url")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A ledger with a dozen decisions and eleven elections."""
    with opened(tmp_path_factory.mktemp("library")) as it:
        it.record(established("library"), established("club"))
        for number in range(11):
            day = f"2020-01-{number + 2:02}"
            it.record(
                act("election.held", day, election=f"vote-{number * 7 % 11:02}", body="library"),
                act("body.renamed", day, body="library", name=f"Library {number}"),
            )
        it.record(established("readers"), *(registered(each) for each in ("ann", "bob", "eve")))
        it.record(
            *(
                act("membership.started", when, person=person, body="readers", role=role)
                for person, role, when in [
                    ("bob", "member", "2021"),
                    ("ann", "member-of-honour", "2021-01-01"),
                    ("ann", "member", "2021-01-01"),
                ]
            ),
            act("activist.admitted", "2021-01-01", person="eve", body="readers"),
            act("post.created", "2021-01-01", post="librarian", body="readers", label="Librarian"),
            act("appointment.made", "2021-01-02", person="eve", post="librarian", by="readers"),
        )
        yield it


@pytest.mark.parametrize(
    ("of", "number"),
    [
        ("position=36", 36),
        ("position=36&tag=body:library", 12),
        ("position=36&type=election.held", 11),
        ("position=36&tag=body:library&type=body.renamed", 11),
        ("position=20", 18),
        ("position=36&tag=body:nowhere", 0),
    ],
)
@pytest.mark.parametrize("limit", [1, 5, 6, 500])
def test_pages_cover_every_entry_once(library: Door, of: str, number: int, limit: int) -> None:
    each_page = list(pages(library, f"/v1/entries?{of}&limit={limit}"))
    sizes = [len(page.json()["entries"]) for page in each_page]
    assert all(size == limit for size in sizes[:-1])
    found = [each["entry"] for page in each_page for each in page.json()["entries"]]
    positions = [entry["position"] for entry in found]
    assert len(positions) == number
    assert positions == sorted(set(positions))
    if "&" not in of:
        assert positions == list(range(1, number + 1))


@pytest.mark.parametrize("limit", [1, 3, 11, 500])
def test_pages_cover_every_election_once(library: Door, limit: int) -> None:
    each_page = list(pages(library, f"/v1/elections?limit={limit}"))
    found = [each["id"] for page in each_page for each in page.json()["elections"]]
    assert found == [f"vote-{number:02}" for number in range(11)]
    assert [len(page.json()["elections"]) <= limit for page in each_page] == [True] * len(each_page)
    by_then = pages(library, f"/v1/elections?limit={limit}&effective_at=2020-01-04")
    assert sum(len(page.json()["elections"]) for page in by_then) == 3


@pytest.mark.parametrize("limit", [1, 2, 5, 500])
def test_pages_cover_every_member_once_by_role_and_person(library: Door, limit: int) -> None:
    def told(question: str) -> list[tuple[str, str, str | None]]:
        each_page = [page.json() for page in pages(library, f"{question}&limit={limit}")]
        assert all(page["holders"] == each_page[0]["holders"] for page in each_page)
        assert all(len(page["members"]) <= limit for page in each_page)
        return [
            (each["role"], each["person"], each["certainty"])
            for page in each_page
            for each in page["members"]
        ]

    readers = "/v1/bodies/readers/members?effective_at=2021-06-01"
    expected = [
        ("activist", "eve", "certain"),
        ("member-of-honour", "ann", "certain"),
        ("member", "ann", "certain"),
        ("member", "bob", "possible"),
    ]
    assert told(readers) == expected
    assert told(f"{readers}&role=member") == expected[2:]


@pytest.mark.parametrize("clock", ["effective", "recorded"])
@pytest.mark.parametrize("limit", [1, 4, 500])
def test_pages_cover_a_history_once(library: Door, clock: str, limit: int) -> None:
    question = f"/v1/bodies/library/history?clock={clock}"
    (whole,) = (page.json() for page in pages(library, f"{question}&limit=500"))
    each_page = [page.json() for page in pages(library, f"{question}&limit={limit}")]
    assert [each for page in each_page for each in page["history"]] == whole["history"]
    assert len(whole["history"]) > 11
    assert all(len(page["history"]) <= limit for page in each_page)
    assert {tuple(page["ids"]) for page in each_page} == {("library",)}


def test_pages_are_of_one_basis_whatever_is_recorded_meanwhile(library: Door) -> None:
    bases = []
    found = []
    for turn, page in enumerate(pages(library, "/v1/elections?limit=4")):
        bases.append(page.json()["basis"])
        found += [each["id"] for each in page.json()["elections"]]
        library.record(
            act("election.held", "2020-01-01", election=f"vote-99-{turn}", body="library")
        )
    assert len(found) == 11
    assert [basis == bases[0] for basis in bases] == [True, True, True]


# Personal data


def committed(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every commitment in a JSON value: where, and its digest."""
    match value:
        case {"sha256": str(digest)} if len(value) == 1:
            yield path, digest
        case dict():
            for name, member in value.items():
                yield from committed(member, f"{path}/{name}")
        case list():
            for number, item in enumerate(value):
                yield from committed(item, f"{path}/{number}")


def bytes_of(directory: Path, stores: Iterable[str]) -> bytes:
    """Every byte of some databases, with what lies beside them."""
    files = [path for store in stores for path in directory.glob(f"{store}.db*")]
    return b"".join(path.read_bytes() for path in sorted(files) if path.suffix != ".key")


# Every field that is personal or free text, and what it says here; by whose key it is encrypted.
OF_THE_PERSON = {
    "/acts/0/name": "Vercingetorix Umbra",
    "/acts/0/other_names/0/name": "Теодорих Снежный",
    "/acts/0/note": "Saskia's cousin",
    "/acts/3/contests/0/not_seated/0/reason": "Ottoline went abroad",
    "/acts/4/name": "Melisande Umbra",
    "/acts/5/reason": "Leocadia's persuasion",
    "/acts/6/reason": "Kunigunde's quarrel",
}
OF_THE_DECISION = {
    "/title": "Zulema resolves",
    "/text": "Wherein Yolanda\nis praised; где Ярополк хвалим",
    "/sources/0/title": "Xanthippe's diary",
    "/sources/0/url": "https://wilhelmina.example/private",
    "/acts/1/purpose": "Rosamunde's purpose",
    "/acts/1/note": "Quirinus noted it",
    "/acts/2/powers": "Persephone's powers",
    "/acts/3/note": "Nepomuk counted",
}
SECRETS = {**OF_THE_PERSON, **OF_THE_DECISION}


def secretive() -> dict[str, Any]:
    """A decision that says something in every one of those fields."""
    decision: dict[str, Any] = {
        "id": "secretive",
        "sources": [{}],
        "acts": [
            act("person.registered", "2020", person="p-1", other_names=[{}]),
            established("cabinet"),
            act("post.created", "2020-01-01", post="scribe", body="cabinet", label="Open Scribe"),
            act(
                "election.held",
                "2020-02-01",
                election="vote",
                contests=[
                    {"post": "scribe", "elected": ["p-1"], "not_seated": [{"person": "p-1"}]}
                ],
            ),
            act("person.renamed", "2021-01-01", person="p-1"),
            act("activist.admitted", "2020-03-01", person="p-1", body="cabinet"),
            act("activist.excluded", "2020-04-01", person="p-1", body="cabinet"),
        ],
    }
    for place, text in SECRETS.items():
        *way, last = place.split("/")[1:]
        at: Any = decision
        for step in way:
            at = at[int(step) if isinstance(at, list) else step]
        at[last] = text
    return decision


def written(text: str) -> list[bytes]:
    """The ways in which a text may stand in a file."""
    return [
        text.encode(),
        json.dumps(text)[1:-1].encode(),
        text.split(maxsplit=1)[0].encode(),
        text.encode("utf-16-le"),
    ]


def test_no_personal_text_is_in_the_log_or_the_views(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        assert door.client.post("/v1/decisions", json=secretive()).status_code == 201
        assert door.ask("/v1/decisions/secretive")["decision"] == secretive()
        door.ask("/v1/structure", effective_at="2020-05-01")
        door.ask("/v1/elections", effective_at="2020-05-01")
        # Neither while it runs (what is new is in the WAL) nor when it has stopped.
        while_serving = bytes_of(tmp_path, ["curule", "curule-views", "curule-vault"])
    stopped = bytes_of(tmp_path, ["curule", "curule-views", "curule-vault"])
    for stored in (while_serving, stopped):
        assert stored.count(b"Open Scribe") >= 3  # in clear: a post's label
        for text in SECRETS.values():
            assert not [each for each in written(text) if each in stored], text


def test_the_log_commits_to_every_personal_text(new_door: Door) -> None:
    assert new_door.client.post("/v1/decisions", json=secretive()).status_code == 201
    entries = new_door.ask("/v1/entries")["entries"]
    commitments = {
        (f"/acts/{entry['entry']['number'] - 1}" if entry["entry"]["number"] else "") + path: digest
        for entry in entries
        for path, digest in committed(entry["entry"]["act"])
    }
    assert set(commitments) == set(SECRETS)
    assert len(set(commitments.values())) == len(SECRETS)

    key = b64decode((new_door.directory / "curule-vault.db.key").read_bytes())
    vault = Vault(f"sqlite:///{new_door.directory / 'curule-vault.db'}", key)
    disclosed = vault.values(list(commitments.values()))  # it opens nothing of another digest
    vault.close()
    assert {path: disclosed[digest] for path, digest in commitments.items()} == SECRETS

    subjects = new_door.stored("curule-vault.db", "SELECT digest, subject FROM vault_disclosures")
    assert sorted(subjects) == sorted(
        [(commitments[path], "person:p-1") for path in OF_THE_PERSON]
        + [(commitments[path], "decision:secretive") for path in OF_THE_DECISION]
    )


def test_the_same_name_twice_has_two_commitments(door: Door) -> None:
    receipt = door.record(registered("doe-1", name="J. Doe"), registered("doe-2", name="J. Doe"))
    _, *entries = door.ask("/v1/entries", tag=f"decision:{receipt['decision']}")["entries"]
    digests = [entry["entry"]["act"]["name"]["sha256"] for entry in entries]
    assert len(set(digests)) == 2


# What the door says of itself


@pytest.fixture(scope="module")
def document(door: Door) -> dict[str, Any]:
    return door.ask("/openapi.json")


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_every_act_and_every_field_is_explained(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    mapping = schemas["Decision"]["properties"]["acts"]["items"]["discriminator"]["mapping"]
    assert set(mapping) == set(ACTS)
    unexplained = [name for name, schema in schemas.items() if not schema.get("description")]
    unexplained += [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, described in schema["properties"].items()
        if not described.get("description")
    ]
    assert unexplained == []


def test_every_operation_and_parameter_is_explained(document: dict[str, Any]) -> None:
    operations = [
        (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]
    assert all(operation["summary"] and operation["description"] for _, operation in operations)
    unexplained = [
        f"{path} {parameter['name']}"
        for path, operation in operations
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and not parameter.get("description")
    ]
    assert unexplained == []


def test_every_operation_says_that_it_may_answer_with_a_problem(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            responses = operation["responses"]
            assert list(responses["default"]["content"]) == ["application/problem+json"]
            assert "422" not in responses  # FastAPI's own form of it


def test_the_example_of_a_decision_is_recorded(new_door: Door, document: dict[str, Any]) -> None:
    media = document["paths"]["/v1/decisions"]["post"]["requestBody"]["content"]
    (example,) = media["application/json"]["examples"].values()
    response = new_door.client.post("/v1/decisions", json=example["value"])
    assert response.status_code == 201, response.text
    (body,) = new_door.ask("/v1/structure", effective_at="2025-02-01")["bodies"]
    (post,) = body["posts"]
    assert [holder["name"] for holder in post["holders"]] == ["Ada Pereira"]
    assert example["value"] == EXAMPLE


def test_the_document_names_every_route(document: dict[str, Any]) -> None:
    app = application(lambda: pytest.fail("nothing is opened"))
    assert set(app.openapi()["paths"]) == set(document["paths"])

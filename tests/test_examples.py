"""Every example is recorded through the door, and every question of it has its right answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

import httpx
import pytest

from domain import dates
from service import examples
from service.examples import Question
from service.replay import exported as read_lines
from service.replay import replay
from tests.promises import Promises
from tests.serving import serving

ASKED = [(name, question) for name in examples.names() for question in examples.questions(name)]


@dataclass(frozen=True)
class Recorded:
    """A service that holds one example, and the last position of each of its decisions."""

    client: httpx.Client
    ends: dict[str, int]


Open = Callable[[str], Recorded]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Each example is recorded once, when first asked for."""
    with ExitStack() as stack:

        @cache
        def opened(name: str) -> Recorded:
            url = stack.enter_context(serving(tmp_path_factory.mktemp(name)))
            client = httpx.Client(base_url=url, trust_env=False, timeout=30)
            stack.enter_context(client)
            ends = {}
            for decision in examples.decisions(name):
                response = client.post("/v1/decisions", json=decision)
                assert response.status_code == 201, (decision["id"], response.text)
                ends[decision["id"]] = int(response.headers["Ledger-Position"])
            return Recorded(client, ends)

        yield opened


@pytest.mark.parametrize(
    ("name", "question"),
    ASKED,
    ids=[f"{name} {question.row} {question.question}" for name, question in ASKED],
)
def test_the_right_answer(recorded: Open, name: str, question: Question) -> None:
    ledger = recorded(name)
    path, parameters = examples.request(question, ledger.ends)
    response = ledger.client.get(path, params=parameters)
    assert examples.selected(question, response) == question.answer, question.says


@pytest.mark.parametrize("name", examples.names())
def test_every_answer_has_the_form_that_the_document_promises(recorded: Open, name: str) -> None:
    ledger = recorded(name)
    promises = Promises(ledger.client.get("/openapi.json").json())
    asked = [examples.request(each, ledger.ends) for each in examples.questions(name)]
    asked += [(f"/v1/decisions/{decision}", {}) for decision in ledger.ends]
    for path, parameters in asked:
        assert promises.broken_by(ledger.client.get(path, params=parameters)) == [], path


@pytest.mark.parametrize("name", examples.names())
def test_the_entries_alone_give_the_digest_of_every_structure(recorded: Open, name: str) -> None:
    ledger = recorded(name)
    exported: list[bytes] = []
    response = ledger.client.get("/v1/entries", params={"limit": 100})
    while True:
        exported += [json.dumps(each["entry"]).encode() for each in response.json()["entries"]]
        if "next" not in response.links:
            break
        response = ledger.client.get(response.links["next"]["url"])
    ends = sorted(ledger.ends.values())
    for day in (*examples.DAYS[name], "1990-01-01"):
        for position in (0, ends[0], ends[len(ends) // 2] - 1, ends[-1]):
            asked: dict[str, str | int] = {"effective_at": day, "position": position}
            answer = ledger.client.get("/v1/structure", params=asked).json()
            again = replay(read_lines(exported), dates.day(day), position)
            assert (again["basis"], again["digest"]) == (answer["basis"], answer["digest"])
    assert ledger.client.get("/v1/structure", params={"depth": 0}).json()["digest"] is None


@pytest.mark.parametrize("name", examples.names())
def test_every_decision_cites_its_source(name: str) -> None:
    for decision in examples.decisions(name):
        assert decision["sources"], decision["id"]


@pytest.mark.parametrize("name", examples.names())
def test_questions_name_acts_that_the_example_records(name: str) -> None:
    recorded = {act["type"] for each in examples.decisions(name) for act in each["acts"]}
    for question in examples.questions(name):
        assert set(question.acts) <= recorded, question.question


@pytest.mark.parametrize(
    ("source", "facts"), [("000", 18), ("001", 7), ("002", 7), ("003", 6), ("004", 7), ("pep", 13)]
)
def test_every_fact_of_every_source_is_asked_about(source: str, facts: int) -> None:
    rows = {question.row for _, question in ASKED if question.row.startswith(source)}
    assert rows == {f"{source}.{number}" for number in range(1, facts + 1)}

"""The first example, recorded through the door, and the questions that an auditor would ask of it.

Its facts are claims of one press report on one organisation (examples/isg.json).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import serving

EXAMPLE = Path(__file__).parent.parent / "examples/isg.json"
DECISIONS: list[dict[str, Any]] = json.loads(EXAMPLE.read_bytes())
THE_DAY = "2025-01-30"  # of the report


@dataclass(frozen=True)
class Asked:
    """A ledger that holds the example, and how it is asked."""

    client: httpx.Client
    receipts: list[dict[str, Any]]

    def ask(self, path: str, **parameters: str | int) -> dict[str, Any]:
        response = self.client.get(path, params=parameters)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def bodies(self, day: str, **parameters: str | int) -> dict[str, dict[str, Any]]:
        """The bodies on a day, by their ids."""
        answer = self.ask("/v1/structure", effective_at=day, **parameters)
        return {body["id"]: body for body in answer["bodies"]}

    def listings(self, day: str) -> list[tuple[str, str, bool | None]]:
        """Who holds which post of the Coordination Committee, and whether the post votes."""
        committee = self.bodies(day, root="coordination-committee", depth=0)
        return [
            (holder["name"], post["id"], post["voting"])
            for post in committee["coordination-committee"]["posts"]
            for holder in post["holders"]
            if holder["certainty"] == "certain"
        ]

    def holders(self, day: str, body: str) -> set[tuple[str, str, str]]:
        """Who holds which post of a body, and how surely."""
        return {
            (post["label"], holder["name"], holder["certainty"])
            for post in self.bodies(day)[body]["posts"]
            for holder in post["holders"]
        }


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with (
        serving(tmp_path_factory.mktemp("isg")) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
    ):
        responses = [client.post("/v1/decisions", json=decision) for decision in DECISIONS]
        assert [response.status_code for response in responses] == [201] * len(DECISIONS)
        yield Asked(client, [response.json() for response in responses])


# The vote


def test_how_many_of_those_who_could_vote_did_so(ledger: Asked) -> None:
    election = ledger.ask("/v1/elections/isg-2024-12")
    assert (election["eligible"], election["cast"]) == (38, 35)
    assert election["turnout"] == 0.92105  # 92.1 %


def test_was_there_a_choice(ledger: Asked) -> None:
    election = ledger.ask("/v1/elections/isg-2024-12")
    assert election["contested"] is False
    assert election["counts"] == [{"option": "for", "value": 35}]
    for contest in election["contests"]:
        stood = [candidate["person"] for candidate in contest["candidates"]]
        assert stood == [each["person"] for each in contest["elected"]]
        assert contest["seats"] == len(stood)


def test_who_voted_and_when(ledger: Asked) -> None:
    election = ledger.ask("/v1/elections/isg-2024-12")
    assert election["body"] == "second-congress"
    assert (election["opened"], election["closed"]) == ("2024-12-25", "2024-12-29")
    assert election["decision"] == "isg-2024-12-composition"


# The Coordination Committee


def test_how_many_posts_are_listed_and_how_many_persons_hold_them(ledger: Asked) -> None:
    listings = ledger.listings(THE_DAY)
    persons = [name for name, _, _ in listings]
    assert len(listings) == 16
    assert len(set(persons)) == 14


def test_who_holds_more_than_one_post(ledger: Asked) -> None:
    persons = [name for name, _, _ in ledger.listings(THE_DAY)]
    several = {name: persons.count(name) for name in persons if persons.count(name) > 1}
    assert several == {"Viktor Petrov": 3}


def test_who_held_a_post_before_the_vote_closed_is_not_known(ledger: Asked) -> None:
    assert ledger.listings("2024-12-28") == []
    assert len(ledger.listings("2024-12-29")) == 16


def test_who_votes_in_the_committee(ledger: Asked) -> None:
    listings = ledger.listings(THE_DAY)
    having: dict[bool | None, set[str]] = {
        voting: {name for name, _, each in listings if each is voting}
        for voting in (True, False, None)
    }
    assert len(having[True]) == 10
    assert having[False] == {"Klim Belsky"}
    assert having[None] == {"Ilya Kleymenov", "Kim Yong Ju", "Vitaly Lebedev"}  # not stated


def test_who_votes_is_not_stated_before_the_consultations_of_january(ledger: Asked) -> None:
    assert {voting for _, _, voting in ledger.listings("2025-01-07")} == {None}


# The executive committees


def test_which_committees_are_permanent_under_the_1st_department(ledger: Asked) -> None:
    under = ledger.bodies(THE_DAY, root="1st-department", depth=1)
    permanent = {
        body["name"]
        for body in under.values()
        if body["classification"] == "executive_committee"
        and (body["within"], body["permanence"]) == ("1st-department", "permanent")
        and body["certainty"] == "certain"
    }
    assert permanent == {
        "Belarusian Executive Committee",
        "Chinese Executive Committee",
        "European Executive Committee",
        "Russian Executive Committee",
        "Tajik Executive Committee",
    }


def test_since_when_they_stand_there_is_known_by_its_latest_day(ledger: Asked) -> None:
    before = ledger.bodies("2025-01-10")
    european, chinese = (before[f"executive-committee-{area}"] for area in ("europe", "china"))
    assert (european["certainty"], european["within"]) == ("certain", "isg")
    (other,) = european["alternatives"]
    assert (other["attribute"], other["value"]) == ("within", "1st-department")
    assert other["since"] == "[..2025-01-30]"
    assert (chinese["certainty"], chinese["within"]) == ("possible", "1st-department")


def test_was_there_a_ukrainian_committee(ledger: Asked) -> None:
    on = {day: ledger.bodies(day) for day in ("2025-01-20", THE_DAY, "2025-02-01")}
    ukrainian = on["2025-01-20"]["executive-committee-ukraine"]
    assert (ukrainian["certainty"], ukrainian["permanence"]) == ("possible", None)
    assert ukrainian["until"] == "[..2025-01-30]"
    assert "executive-committee-ukraine" not in on[THE_DAY]
    assert "executive-committee-ukraine" not in on["2025-02-01"]


def test_who_dissolved_the_ukrainian_committee(ledger: Asked) -> None:
    ukrainian = ledger.bodies("2025-01-20")["executive-committee-ukraine"]
    answer = ledger.ask("/v1/decisions/isg-2025-01-ukrainian-committee")
    end = next(each for each in answer["entries"] if each["type"] == "body.dissolved")
    assert end["position"] in ukrainian["because"]
    (act,) = (act for act in answer["decision"]["acts"] if act["type"] == "body.dissolved")
    assert act["manner"] == "ceased"  # nobody: that it is no more was declared
    assert "taken_by" not in answer["decision"]


def test_which_permanent_committees_are_listed_without_a_head(ledger: Asked) -> None:
    headless = {
        body["name"]
        for body in ledger.bodies(THE_DAY, root="1st-department").values()
        if body["permanence"] == "permanent"
        and not any(post["head"] and post["holders"] for post in body["posts"])
    }
    assert headless == {"Chinese Executive Committee", "Russian Executive Committee"}


def test_which_offices_the_report_lists_in_the_committees(ledger: Asked) -> None:
    assert ledger.holders(THE_DAY, "executive-committee-europe") == {
        ("Head", "Johannes Wittmund", "certain"),
        ("Ideological Leader", "Tim Trendelkamp", "certain"),
    }
    (secretary,) = ledger.bodies(THE_DAY)["executive-committee-russia"]["posts"]
    assert secretary["area"] == "Northwestern Federal District"
    (holder,) = secretary["holders"]
    assert (holder["name"], holder["since"]) == ("Nikita Dobrov", None)  # since when: not told


def test_an_office_listed_on_one_day_is_possible_around_it(ledger: Asked) -> None:
    for day in ("2024-12-29", "2025-02-01"):
        heads = ledger.holders(day, "executive-committee-europe")
        assert ("Head", "Johannes Wittmund", "possible") in heads


# The Information Bureau


def test_does_the_information_bureau_exist(ledger: Asked) -> None:
    assert "information-bureau" not in ledger.bodies("2025-01-22")
    bureau = ledger.bodies(THE_DAY)["information-bureau"]
    assert bureau["certainty"] == "possible"  # approved; since when it works is not told
    assert bureau["since"] == "[2025-01-23..]"
    assert bureau["within"] == "3rd-department"
    assert bureau["formed_from"] == ["rstv"]


def test_rstv_is_held_to_be_pointless_which_does_not_end_it(ledger: Asked) -> None:
    for day in (THE_DAY, "2025-12-31"):
        rstv = ledger.bodies(day)["rstv"]
        assert (rstv["certainty"], rstv["until"]) == ("certain", None)


# The record


def because(answer: Any) -> Iterator[list[int]]:
    """Every `because` in an answer, wherever it stands."""
    if isinstance(answer, dict):
        if "because" in answer:
            yield answer["because"]
        for value in answer.values():
            yield from because(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from because(item)


@pytest.mark.parametrize("day", ["2025-01-15", THE_DAY])
def test_every_fact_names_a_decision_and_its_source(ledger: Asked, day: str) -> None:
    structure = ledger.ask("/v1/structure", effective_at=day)
    elections = ledger.ask("/v1/elections", effective_at=day)
    facts = [*because(structure), *because(elections)]
    assert len(facts) > len(structure["bodies"])
    assert all(facts)  # none without a cause
    entries = [each["entry"] for each in ledger.ask("/v1/entries", limit=500)["entries"]]
    decided = {entry["position"]: entry["decision"] for entry in entries}
    for decision in {decided[position] for causes in facts for position in causes}:
        recorded = ledger.ask(f"/v1/decisions/{decision}")["decision"]
        assert [source["title"] for source in recorded["sources"]]


def test_every_decision_is_answered_as_it_was_sent(ledger: Asked) -> None:
    for decision in DECISIONS:
        assert ledger.ask(f"/v1/decisions/{decision['id']}")["decision"] == decision


def test_every_decision_says_that_it_is_a_claim_of_its_source() -> None:
    for decision in DECISIONS:
        assert decision["sources"], decision["id"]
        assert "So the source claims" in decision["text"], decision["id"]


def test_recording_the_file_twice_changes_nothing(ledger: Asked) -> None:
    before = ledger.ask("/v1/structure", effective_at=THE_DAY)
    again = [ledger.client.post("/v1/decisions", json=decision) for decision in DECISIONS]
    assert [response.status_code for response in again] == [200] * len(DECISIONS)
    assert [response.json() for response in again] == ledger.receipts
    assert ledger.ask("/v1/structure", effective_at=THE_DAY) == before

"""Findings through the door: at a basis, and foreseen by a dry run, which leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from projections.tables import metadata
from service.ledger import Ledger
from tests.ledgers import act, decision, ledger_in, record, sent
from tests.serving import serving

DAY = 738_000  # 2021-07-28


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as opened:
        record(opened, *FOUNDING)
        yield opened


FOUNDING = (
    act("body.established", "2020-01-01", body="cell", name="Cell", classification="cell"),
    act(
        "rule.adopted",
        "2020-01-01",
        rule="size",
        kind="size",
        applies_to={"classification": "cell"},
        parameters={"most": 1},
    ),
    act("person.registered", "2020-01-01", person="ann", name="Ann"),
    act("person.registered", "2020-01-01", person="bo", name="Bo"),
    act("activist.admitted", "2020-02-01", person="ann", body="cell"),
)
BO_JOINS = act("activist.admitted", "2020-03-03", person="bo", body="cell")


def everything_held(ledger: Ledger) -> dict[str, Any]:
    """Every row of the views."""
    with ledger.views.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


def test_what_a_decision_would_break_is_foreseen_and_nothing_is_kept(ledger: Ledger) -> None:
    ledger.follow()
    before, head = everything_held(ledger), ledger.log.head()
    violations, (finding,) = ledger.rehearse(sent(decision(BO_JOINS)), DAY)
    assert violations == ()
    assert (finding.rule, finding.subject.id, finding.since) == ("size", "cell", "2020-03-03")
    assert (everything_held(ledger), ledger.log.head()) == (before, head)


def test_what_it_was_foreseen_to_break_it_breaks(ledger: Ledger) -> None:
    _, foreseen = ledger.rehearse(sent(decision(BO_JOINS)), DAY)
    record(ledger, BO_JOINS)
    _, again = ledger.rehearse(
        sent(decision(act("activist.left", "2020-04-01", person="bo", body="cell"))), DAY
    )
    assert [each.since for each in foreseen] == ["2020-03-03"]
    assert again == ()  # it is no new finding


def test_what_is_refused_brings_no_findings(ledger: Ledger) -> None:
    twice = act("activist.admitted", "2020-03-03", person="ann", body="cell")
    violations, findings = ledger.rehearse(sent(decision(twice)), DAY)
    assert [each.rule for each in violations] == ["already_running"]
    assert findings == ()


def test_the_finding_is_told_through_the_door(tmp_path: Path) -> None:
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/v1/decisions", json={"acts": FOUNDING}).status_code == 201
        told = client.post("/v1/decisions?dry_run=true", json={"acts": [BO_JOINS]}).json()
        (finding,) = told.pop("findings")
        assert told == {"accepted": True, "violations": []}
        assert finding["message"].startswith("cell has 2 activists"), finding["message"]
        assert client.get("/v1/findings").json()["findings"] == []
        assert client.post("/v1/decisions", json={"acts": [BO_JOINS]}).status_code == 201
        (recorded,) = client.get("/v1/findings").json()["findings"]
        assert (recorded["since"], recorded["until"]) == ("2020-03-03", None)
        assert client.get("/v1/findings?effective_at=2020-03-02").json()["findings"] == []
        assert client.get("/v1/findings?kind=head").json()["findings"] == []


def test_a_retracted_act_breaks_nothing_from_its_retraction_on(tmp_path: Path) -> None:
    mandate = act(
        "rule.adopted",
        "2020-01-01",
        rule="who-admits",
        kind="mandate",
        parameters={"power": "admit"},
    )
    wrong = {"decision": "admission", "act": 1}
    retraction = act("entry.retracted", entry=wrong, reason="Bo never joined")
    decisions: list[dict[str, Any]] = [
        {"acts": [*FOUNDING[:4], mandate]},
        {"id": "admission", "taken_by": "cell", "date": "2020-03-01", "acts": [BO_JOINS]},
        {"acts": [retraction]},
    ]
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        answers = [client.post("/v1/decisions", json=each) for each in decisions]
        ends = [int(answer.headers["Ledger-Position"]) for answer in answers]
        found = [
            [
                (finding["rule"], finding["subject"]["id"])
                for finding in client.get(f"/v1/findings?kind=mandate&position={end}").json()[
                    "findings"
                ]
            ]
            for end in ends
        ]
    assert found == [[], [("who-admits", "admission")], []]


def test_a_mandate_that_is_cited_is_the_own_one_and_in_force(tmp_path: Path) -> None:
    board = act("body.established", "2020-01-01", body="board", name="Board", classification="org")
    granted = act(
        "mandate.granted", "2020-06-01", mandate="may-admit", holder="board", power="admit"
    )

    def admission(person: str, day: str, taken_by: str) -> dict[str, Any]:
        joins = act("activist.admitted", day, person=person, body="cell")
        return {"taken_by": taken_by, "date": day, "authority": "may-admit", "acts": [joins]}

    decisions: list[dict[str, Any]] = [
        {"acts": [*FOUNDING[:4], board, granted]},
        {"id": "in-order", **admission("bo", "2020-07-01", "board")},
        {"id": "of-another", **admission("ann", "2020-07-01", "cell")},
    ]
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        for each in decisions:
            assert client.post("/v1/decisions", json=each).status_code == 201
        early = {"id": "early", **admission("ann", "2020-03-01", "board")}
        early["acts"] = [act("activist.admitted", "2020-03-01", person="ann", body="board")]
        assert client.post("/v1/decisions", json=early).status_code == 201
        asked = client.get("/v1/findings?kind=authority").json()["findings"]
    assert [(each["rule"], each["subject"]["id"], each["message"]) for each in asked] == [
        (
            "may-admit",
            "early",
            "early cites the mandate may-admit, which was not yet granted on 2020-03-01",
        ),
        (
            "may-admit",
            "of-another",
            "of-another cites the mandate may-admit, which is held by board",
        ),
    ]


def test_what_may_have_been_moved_into_a_body_may_count_in_it(tmp_path: Path) -> None:
    def section(body: str, **fields: str) -> dict[str, Any]:
        return act(
            "body.established",
            "2020-01-01",
            body=body,
            name=body,
            classification="section",
            **fields,
        )

    acts = [
        act("body.established", "2020-01-01", body="club", name="Club", classification="club"),
        section("one", within="club"),
        section("other"),
        act(
            "rule.adopted",
            "2020-01-01",
            rule="two",
            kind="cardinality",
            applies_to={"classification": "section", "within": "club"},
            parameters={"least": 2},
        ),
        act("body.moved", "[2021-03-01..2021-03-10]", body="other", within="club"),
    ]
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/v1/decisions", json={"acts": acts}).status_code == 201
        found = client.get("/v1/findings?rule=two").json()["findings"]
        may = client.get("/v1/bodies?within=club&effective_at=2021-03-05").json()["bodies"]
    spans = [(each["since"], each["until"], each["certainty"]) for each in found]
    assert spans == [
        ("2020-01-01", "2021-03-01", "certain"),
        ("2021-03-01", "2021-03-10", "possible"),
    ]
    assert [body["id"] for body in may] == ["one", "other"]


def test_a_rule_says_whether_it_is_judged(tmp_path: Path) -> None:
    said = {
        "least": ("size", {"least": 5}),
        "percent": ("size", {"percent": 5}),
        "no-period": ("cadence", {"times": 2}),
        "monthly": ("cadence", {"times": 2, "per": "month"}),
        "headed": ("head", {}),
        "bound": ("duty", {}),
    }
    acts = [
        act(
            "rule.adopted", "2020-01-01", rule=rule, kind=kind, parameters=asked, text="As written."
        )
        for rule, (kind, asked) in said.items()
    ]
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/v1/decisions", json={"acts": acts}).status_code == 201
        rules = client.get("/v1/rules").json()["rules"]
    assert {each["id"] for each in rules if each["judged"]} == {"least", "monthly", "headed"}


def test_every_appeal_stays_told(tmp_path: Path) -> None:
    def lodged(day: str, to: str) -> dict[str, Any]:
        return act("appeal.lodged", day, sanction="ban", to=to)

    def decided(day: str, outcome: str) -> dict[str, Any]:
        return act("appeal.decided", day, sanction="ban", outcome=outcome)

    acts = [
        *FOUNDING[:3],
        act("sanction.imposed", "2021-01-01", sanction="ban", person="ann", kind="suspension"),
        lodged("2021-02-01", "cell"),
        decided("2021-03-01", "upheld"),
        lodged("2021-04-01", "cell"),
        decided("2021-05-01", "reversed"),
    ]
    days = {"2021-02-15": [None], "2021-04-15": ["upheld", None], "2021-06-01": None}
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/v1/decisions", json={"acts": acts}).status_code == 201
        for day, outcomes in days.items():
            asked = client.get(f"/v1/people/ann?effective_at={day}").json()
            (ban,) = asked["sanctions"]
            assert [each["outcome"] for each in ban["appeals"]] == (
                outcomes or ["upheld", "reversed"]
            )
            assert ban["appeal"] == ban["appeals"][-1]

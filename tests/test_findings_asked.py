"""Findings through the door: at a basis, and foreseen by a dry run, which leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from projections.views import metadata
from service.ledger import Ledger
from tests.ledgers import act, decision, ledger_in, record
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
    violations, (finding,) = ledger.rehearse(decision(BO_JOINS), "test", DAY)
    assert violations == ()
    assert (finding.rule, finding.subject.id, finding.since) == ("size", "cell", "2020-03-03")
    assert (everything_held(ledger), ledger.log.head()) == (before, head)


def test_what_it_was_foreseen_to_break_it_breaks(ledger: Ledger) -> None:
    _, foreseen = ledger.rehearse(decision(BO_JOINS), "test", DAY)
    record(ledger, BO_JOINS)
    _, again = ledger.rehearse(
        decision(act("activist.left", "2020-04-01", person="bo", body="cell")), "test", DAY
    )
    assert [each.since for each in foreseen] == ["2020-03-03"]
    assert again == ()  # it is no new finding


def test_what_is_refused_brings_no_findings(ledger: Ledger) -> None:
    twice = act("activist.admitted", "2020-03-03", person="ann", body="cell")
    violations, findings = ledger.rehearse(decision(twice), "test", DAY)
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

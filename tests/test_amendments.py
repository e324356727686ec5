"""Amendments: from their position on a decision is told as amended, and before it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.dates import day
from domain.findings import findings
from domain.findings.taken import every
from domain.questions.authority import of_body
from domain.questions.facts import Day, Facts
from domain.questions.structure import spells, whole
from projections.basis import basis_at
from projections.findings import decisions_taken
from projections.findings import findings as projected_findings
from service.ledger import Ledger
from tests.ledgers import act, decision, entries, ledger_in, refused, sent, told
from tests.serving import serving

GROUND = (
    act("body.established", "2020-01-01", body="council", name="C", classification="organ"),
    act("body.established", "2020-01-01", body="board", name="B", classification="organ"),
    act("meeting.convened", "2020-02-01", meeting="spring", body="council", closes="2020-02-03"),
    act("meeting.convened", "2020-09-01", meeting="autumn", body="council", closes="2020-09-03"),
    act("mandate.granted", "2020-01-01", mandate="may", holder="council", power="establish"),
    act("mandate.granted", "2020-01-01", mandate="might", holder="board", power="establish"),
)
VOTE = {"eligible": 10, "cast": 4, "counts": [{"option": "for", "value": 4}]}
DECIDED: dict[str, Any] = {
    "id": "founding",
    "title": "A cell is founded",
    "date": "2020-02-02",
    "taken_by": "council",
    "vote": VOTE,
    "sources": [{"title": "A newspaper"}],
}
CELL = act("body.established", "2020-02-02", body="cell", name="Cell", classification="cell")
LAST = day("2021-01-01")


def amended(**fields: Any) -> dict[str, Any]:
    return act("decision.amended", decision="founding", **fields)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as opened:
        told(opened, *GROUND)
        told(opened, CELL, **DECIDED)
        yield opened


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as opened:
        post(opened, *GROUND)
        post(opened, CELL, **DECIDED)
        yield opened


def post(client: httpx.Client, *acts: dict[str, Any], **envelope: Any) -> int:
    response = client.post("/v1/decisions", json={**envelope, "acts": acts})
    assert response.status_code == 201, response.text
    return int(response.headers["Ledger-Position"])


def get(client: httpx.Client, path: str, **parameters: Any) -> Any:
    response = client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_what_is_given_takes_the_place_and_what_is_absent_stays(client: httpx.Client) -> None:
    before = get(client, "/v1/decisions/founding")
    at = post(client, amended(vote={**VOTE, "cast": 6}, meeting="spring", reason="Minutes found."))
    again = post(client, amended(sources=[{"title": "The minutes"}], authority="may"))
    now = get(client, "/v1/decisions/founding")
    assert now["decision"] == {
        **before["decision"],
        "vote": {**VOTE, "cast": 6},
        "meeting": "spring",
        "authority": "may",
        "sources": [{"title": "The minutes"}],
    }
    assert now["amended_by"] == [at, again]
    assert now["position"] == before["position"]
    then = get(client, "/v1/decisions/founding", position=before["basis"]["position"])
    assert then == before
    assert then["amended_by"] == []
    between = get(client, "/v1/decisions/founding", position=at)
    assert between["amended_by"] == [at]
    assert between["decision"]["sources"] == [{"title": "A newspaper"}]
    inside = get(client, "/v1/decisions/founding", position=at - 1)
    assert inside["decision"] == before["decision"]


def test_lists_find_a_decision_by_what_it_is_amended_to(client: httpx.Client) -> None:
    post(client, amended(meeting="spring", authority="may"), id="first")
    at = post(client, amended(authority="might", taken_by="board"), id="second")
    plain = ["founding"]

    def listed(**query: Any) -> list[str]:
        return [each["id"] for each in get(client, "/v1/decisions", **query)["decisions"]]

    assert listed(meeting="spring") == listed(authority="might") == plain
    assert listed(taken_by="board") == plain
    assert listed(authority="may") == listed(taken_by="council") == []
    assert listed(authority="may", position=at - 2) == listed(taken_by="council", position=at - 2)
    (one,) = get(client, "/v1/decisions", taken_by="board")["decisions"]
    assert (one["meeting"], one["authority"], one["taken_by"]) == ("spring", "might", "board")
    assert one["amended_by"] == [at - 2, at]
    assert listed() == [*listed(limit=2), *following(client, limit=2)]


def following(client: httpx.Client, **query: Any) -> list[str]:
    """The ids on the pages after the first."""
    response = client.get("/v1/decisions", params=query)
    found: list[str] = []
    while link := response.links.get("next"):
        response = client.get(link["url"])
        found += [each["id"] for each in response.json()["decisions"]]
    return found


def test_a_page_does_not_lose_what_is_found_by_amendment(client: httpx.Client) -> None:
    for number in range(5):
        post(
            client,
            act("body.renamed", f"2020-02-0{number + 3}", body="cell", name=f"N{number}"),
            id=f"renamed-{number}",
            date="2020-02-02",
            **({"meeting": "spring"} if number % 2 else {}),
        )
    acts = [{"type": "decision.amended", "decision": f"renamed-{n}"} for n in (0, 2)]
    post(client, *({**each, "meeting": "spring"} for each in acts))
    post(client, {"type": "decision.amended", "decision": "renamed-3", "taken_by": "council"})
    query = {"meeting": "spring", "limit": 1}
    first = [each["id"] for each in get(client, "/v1/decisions", **query)["decisions"]]
    assert [*first, *following(client, **query)] == [f"renamed-{n}" for n in range(4)]
    taken = get(client, "/v1/meetings/spring")["decisions"]
    assert [each["id"] for each in taken] == [f"renamed-{n}" for n in range(4)]
    assert [len(each["amended_by"]) for each in taken] == [1, 0, 1, 1]


def test_meetings_causes_and_chains_follow(client: httpx.Client) -> None:
    before = get(client, "/v1/bodies/cell/authority")["chain"]
    assert [each["via"] for each in before] == ["established", "taken_by"]
    assert get(client, "/v1/bodies/cell")["began"]["meeting"] is None
    at = post(client, amended(meeting="spring", authority="may"))
    assert get(client, "/v1/bodies/cell")["began"]["meeting"] == "spring"
    chain = get(client, "/v1/bodies/cell/authority")["chain"]
    assert (chain[0]["meeting"], chain[0]["authority"]) == ("spring", "may")
    assert chain[0]["because"][-1] == at
    assert get(client, "/v1/bodies/cell/authority", position=at - 2)["chain"] == before
    (one,) = get(client, "/v1/meetings/spring")["decisions"]
    assert one["amended_by"] == [at]
    assert get(client, "/v1/meetings/spring", position=at - 2)["decisions"] == []


def test_posted_again_it_is_compared_with_what_was_posted(client: httpx.Client) -> None:
    post(client, amended(vote={**VOTE, "cast": 6}))
    again = client.post("/v1/decisions", json={**DECIDED, "acts": [CELL]})
    assert again.status_code == 200
    other = {**DECIDED, "vote": {**VOTE, "cast": 6}, "acts": [CELL]}
    assert client.post("/v1/decisions", json=other).status_code == 409


def test_a_rule_judges_the_vote_as_amended(ledger: Ledger) -> None:
    rule = act("rule.adopted", "2020-01-01", rule="q", kind="quorum", parameters={"percent": 50})
    told(ledger, rule)
    position = ledger.log.head()[0]
    envelope = ledger.entries_of("founding")[0].position
    at = told(ledger, amended(vote={"eligible": 10, "cast": 3})).entries[0].position
    enough = told(ledger, amended(vote={"eligible": 10, "cast": 5})).entries[0].position
    assert because(ledger, position) == [(envelope,)]
    assert because(ledger, at) == [(envelope, at)]
    assert because(ledger, enough) == []


def because(ledger: Ledger, position: int) -> list[tuple[int, ...]]:
    """What findings rest on besides the ground, by fold and by projection alike."""
    ledger.follow()
    recorded = whole(entries(ledger), position)
    known = Facts(spells(recorded), recorded)
    judged = findings(Day(known, LAST), every(recorded))
    with ledger.views.reading() as connection:
        basis = basis_at(connection, LAST, position)
        assert list(decisions_taken(connection, position)) == list(every(recorded))
        assert projected_findings(connection, basis, ledger.told) == judged
        assert of_body(ledger.day(connection, basis), "cell") == of_body(Day(known, LAST), "cell")
    rule = next(each.position for each in recorded if each.type == "rule.adopted")
    return [tuple(at for at in each.because if at != rule) for each in judged]


def test_a_dry_run_foresees_what_an_amendment_brings(ledger: Ledger) -> None:
    rule = act("rule.adopted", "2020-01-01", rule="q", kind="quorum", parameters={"percent": 30})
    told(ledger, rule)
    fewer = decision(amended(vote={"eligible": 10, "cast": 2}))
    violations, found = ledger.rehearse(sent(fewer), LAST)
    assert not violations
    assert [each.subject.id for each in found] == ["founding"]
    assert ledger.rehearse(sent(decision(amended(authority="may"))), LAST) == ((), ())


@pytest.mark.parametrize(
    ("fields", "rule", "field"),
    [
        ({"meeting": "nowhere"}, "id_unknown", "meeting"),
        ({"authority": "nobody"}, "id_unknown", "authority"),
        ({"taken_by": "nobody"}, "id_unknown", "taken_by"),
        ({"meeting": "autumn"}, "outside_life", "meeting"),
        ({"vote": {"eligible": 3, "cast": 4}}, "ballots", "vote/cast"),
        (
            {"vote": {"cast": 4, "counts": [{"option": "for", "value": 5}]}},
            "ballots",
            "vote/counts",
        ),
    ],
)
def test_what_is_incoherent_is_refused(
    ledger: Ledger, fields: dict[str, Any], rule: str, field: str
) -> None:
    assert refused(ledger, amended(**fields)) == {(rule, f"/acts/0/{field}")}


def test_it_amends_another_decision_that_is_recorded(ledger: Ledger) -> None:
    nobody = act("decision.amended", decision="nobody", authority="may")
    assert refused(ledger, nobody) == {("id_unknown", "/acts/0/decision")}
    itself = act("decision.amended", decision="me", authority="may")
    assert ("amends_itself", "/acts/0/decision") in refused(ledger, itself, id="me")
    twice = amended(authority="may"), amended(authority="might")
    assert refused(ledger, *twice) == {("two_values", "/acts/1/authority")}
    told(ledger, amended(authority="may"), amended(meeting="spring"))


def test_an_amendment_cannot_be_retracted(ledger: Ledger) -> None:
    position = told(ledger, amended(authority="may")).entries[0].position
    retracted = act("entry.retracted", entry=position, reason="a slip")
    assert refused(ledger, retracted) == {("not_retractable", "/acts/0/entry")}


def test_what_an_amendment_rests_on_holds(ledger: Ledger) -> None:
    """A meeting is not moved away, nor retracted, from under a decision amended to be of it."""
    summer = act("meeting.convened", "2020-02-01", meeting="summer", closes="2020-02-09")
    convened = told(ledger, summer).entries[0].position
    retracted = act("entry.retracted", entry=convened, reason="a slip")
    told(ledger, amended(meeting="summer"))
    assert ("id_unknown", "/acts/0") in refused(ledger, retracted)
    earlier = act("meeting.convened", "2020-02-05", meeting="summer", closes="2020-02-09")
    assert ("outside_life", "/acts/1") in refused(
        ledger, retracted, {**earlier, "corrects": convened}
    )
    told(ledger, amended(meeting="spring"), retracted)
    assert len(ledger.standing("founding", ledger.log.head()[0])) == 2


def test_what_was_amended_away_holds_nothing(ledger: Ledger) -> None:
    """A meeting at which a decision turns out not to have been taken may go."""
    summer = act("meeting.convened", "2020-02-01", meeting="summer", closes="2020-02-09")
    convened = told(ledger, summer).entries[0].position
    retracted = act("entry.retracted", entry=convened, reason="a slip")
    renamed = act("body.renamed", "2020-02-04", body="cell", name="Other")
    told(ledger, renamed, id="other", date="2020-02-02", meeting="summer")
    assert refused(ledger, retracted)
    told(ledger, act("decision.amended", decision="other", meeting="spring"))
    told(ledger, retracted)


def test_concurrent_amendments_are_judged_one_after_the_other(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as one, ledger_in(tmp_path) as other:
        told(one, *GROUND)
        told(one, CELL, **DECIDED)
        first = told(other, amended(authority="may")).entries[0].position
        second = told(one, amended(authority="might")).entries[0].position
        assert first < second
        (envelope, _) = one.standing("founding", second)
        assert getattr(envelope.act, "authority", None) == "might"

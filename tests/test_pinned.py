"""Pinned answers: what was answered at a basis is answered again, byte for byte, whatever comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from projections.tables import chunks
from tests.ledgers import act
from tests.test_door import Door, established, opened, registered

IDS = {
    "position": "2",
    "body": "bureau",
    "post": "chair",
    "person_id": "ann",
    "election_id": "vote",
    "meeting_id": "spring",
    "mandate_id": "may",
    "rule_id": "size",
    "resolution_id": "plan",
    "declaration_id": "letter",
    "decision": "filled",
}
"""What stands in the path of a question."""

NEEDED: dict[str, dict[str, str | int]] = {"/v1/people/{person_id}/authority": {"post": "chair"}}
"""Questions that cannot do without a parameter."""

MORE: dict[str, list[dict[str, str | int]]] = {
    "/v1/changes": [{"from_position": 0}, {"from_effective_at": "2019-06-01"}],
    "/v1/bodies/{body}/history": [{"clock": "recorded"}],
    "/v1/posts/{post}/history": [{"clock": "recorded"}],
    "/v1/people/{person_id}/history": [{"clock": "recorded"}],
    "/v1/people": [{"q": "ann"}, {"limit": 1}],
    "/v1/structure": [{"root": "council", "depth": 1}],
    "/v1/decisions": [{"taken_by": "council"}, {"limit": 1}],
    "/v1/entries": [{"tag": "body:bureau"}, {"limit": 2}],
}
"""Questions asked in other ways too."""

FOUNDED = (
    registered("ann"),
    registered("bo"),
    established("council"),
    established("bureau", within="council"),
    established("club"),
    act("post.created", "2020-01-01", post="chair", body="council", label="Chair", seats=1),
    act("mandate.granted", "2020-01-01", mandate="may", holder="council", power="establish"),
    act("rule.adopted", "2020-01-01", rule="size", kind="size", parameters={"most": 1}),
    act("meeting.convened", "2020-02-01", meeting="spring", body="council"),
    act("resolution.adopted", "2020-02-01", resolution="plan", items=["Grow"]),
    act("declaration.made", "2020-02-01", declaration="letter", items=["Peace"]),
)
FILLED = (
    act("election.held", "2020-02-01", election="vote", meeting="spring",
        contests=[{"post": "chair", "elected": ["ann"]}]),
    act("activist.admitted", "2020-02-01", person="bo", body="bureau"),
    act("activist.admitted", "2020-02-01", person="ann", body="bureau"),
    act("body.renamed", "2020-06-01", body="bureau", name="Office"),
)  # fmt: skip


def of(decision: str, number: int) -> dict[str, Any]:
    entry = {"decision": decision, "act": number}
    return act("entry.retracted", entry=entry, reason="Misread.")


def late() -> list[tuple[dict[str, Any], ...]]:
    """Decisions that change what is known of everything that was asked about."""
    return [
        (act("body.renamed", "2020-03-01", body="bureau", name="Desk"),),
        (act("tenure.ended", "2020-03-15", person="ann", post="chair", reason="resigned"),),
        (act("person.merged", "2020-01-01", person="bo", into="ann"),),
        (of("filled", 4), act("body.renamed", "2020-07-01", body="bureau", name="Agency")),
        (of("founded", 10), act("resolution.adopted", "2020-02-01", resolution="plan", name="Do")),
        (of("founded", 11),),
        (act("rule.amended", "2020-03-01", rule="size", parameters={"most": 5}),),
        (act("decision.amended", decision="filled", taken_by="bureau", authority="may"),),
        (act("decision.amended", decision="founded", taken_by="club"),),
        (act("meeting.attended", "2020-02-01", meeting="spring", count=3),),
        (act("mandate.revoked", "2020-04-01", mandate="may"),),
        (act("election.annulled", "2020-04-01", election="vote"),),
        (act("remark.made", decision="filled", text="Is that so?"),),
        (act("remark.made", body="bureau", text="Is it?"),),
        (act("body.dissolved", "2020-09-01", body="bureau", manner="dissolved"),),
        (act("person.separated", "2020-01-01", person="bo", into="ann"),),
    ]


def questions(door: Door) -> Iterator[tuple[str, dict[str, str | int]]]:
    """Every question of the document that takes a basis, and some asked in other ways."""
    for path, methods in sorted(door.ask("/openapi.json")["paths"].items()):
        if "get" not in methods:
            continue
        takes = {each["name"] for each in methods["get"].get("parameters", ())}
        if not takes & {"position", "to_position"}:
            continue
        for more in (NEEDED.get(path, {}), *MORE.get(path, ())):
            since = {} if "effective_at" in takes else {"from_effective_at": "2020-02-01"}
            day = "effective_at" if "effective_at" in takes else "to_effective_at"
            yield path.format(**IDS), {**since, **more, day: "2020-08-01"}


def test_what_was_answered_at_a_basis_is_answered_again(tmp_path: Path) -> None:
    """And an answer known by its tag is sent again as soon as anything is recorded."""
    with opened(tmp_path) as door:
        door.record(*FOUNDED, id="founded")
        door.record(*FILLED, id="filled", taken_by="council", date="2020-02-01", meeting="spring")
        asked = list(questions(door))
        answered: list[httpx.Response] = []
        turned: set[str] = set()
        for some in chunks(late(), 4):
            now = [(each, door.client.get(each[0], params=each[1])) for each in asked]
            told = [(each, answer) for each, answer in now if answer.status_code == 200]
            answered += [answer for _, answer in told]
            for acts in some:
                door.record(*acts)
            for (path, query), before in told:
                known = {"If-None-Match": before.headers["ETag"]}
                again = door.client.get(path, params=query, headers=known)
                assert again.status_code in (200, 404), path
                if but_the_basis(again) != but_the_basis(before):
                    turned.add(path)
        of_all = {path for path, _ in asked} - {"/v1/entries/2"}  # which never changes
        assert turned == of_all, "some answers were never put to the test"
        for before in answered:
            again = door.client.get(before.headers["Content-Location"])
            assert again.content == before.content, before.headers["Content-Location"]
            for header in ("ETag", "Content-Location", "Ledger-Position"):
                assert again.headers[header] == before.headers[header]


def but_the_basis(answer: httpx.Response) -> Any:
    return {
        name: member
        for name, member in answer.json().items()
        if name not in ("basis", "from", "to")
    }

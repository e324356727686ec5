"""Access: keys, roles, how far a key reaches, what is noted, and what the public is told."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from domain.access import LOCAL, POWERS, Principal
from domain.acts import AccessGranted
from domain.questions.structure import structure
from projections.follower import Follower
from service.access import keys, reads
from service.access.uses import Uses
from service.api import LULL, application
from service.ledger import Ledger
from service.recording.recorder import Answer, Receipt, Refusal, Sent
from tests.commanding import command
from tests.ledgers import act, decision, entries, ledger_in, sent, told
from tests.serving import serving, settings_in
from tests.strategies import examples

ROLES = tuple(POWERS)
TODAY = datetime.now(UTC).date()
ANN = "Zuzana Nováková"
CITY = (
    act("body.established", "2020", body="city", name="City", classification="party"),
    act("body.established", "2020", body="north", name="N", classification="cell", within="city"),
    act("body.established", "2020", body="south", name="S", classification="cell", within="city"),
    act("body.established", "2020", body="street", name="T", classification="cell", within="north"),
    act("post.created", "2020", post="chair", body="north", label="Chair"),
    act("post.created", "2020", post="head", body="city", label="Head"),
    act("person.registered", "2020", person="ann", name=ANN),
    act("person.registered", "2020", person="bo", name="Bo"),
    act("tenure.started", "2020", person="ann", post="chair", note=f"{ANN} was asked"),
    act(
        "meeting.convened", "2020-05-01", meeting="northern", name="M", kind="plenum", body="north"
    ),
    act("meeting.convened", "2020-05-01", meeting="general", name="G", kind="congress"),
    act("election.called", "2020-05-01", election="vote", body="north"),
    act("election.called", "2020-05-01", election="theirs", body="south"),
    act("election.called", "2020-05-01", election="nobodys"),
    act("meeting.scheduled", "2020-05-01", meeting="southern", name="S", kind="p", body="south"),
    act("mandate.granted", "2020", mandate="all", holder="north", power="admit"),
    act("rule.adopted", "2020", rule="every", kind="size", exempt=["north"]),
    act("mandate.granted", "2020", mandate="may", holder="north", power="admit", within="north"),
    act("rule.adopted", "2020", rule="small", kind="size", applies_to={"body": "north"}),
    act("resolution.adopted", "2020", resolution="plan", name="Plan"),
    act("declaration.made", "2020", declaration="pledge", name="Pledge"),
)


def give(
    ledger: Ledger, role: Any, within: str | None = None, expires: str | None = None
) -> tuple[Principal, str]:
    """A new key: who has it, and the key itself."""
    text = keys.give(ledger.recorder, f"of the {role}", role, within, expires)
    principal = ledger.keys.principal(text)
    assert principal is not None
    return principal, text


def record(ledger: Ledger, by: Principal, *acts: dict[str, Any], **envelope: Any) -> Answer:
    (answer,) = ledger.recorder.record([sent(decision(*acts, **envelope), by)])
    return answer


def refusals(answer: Answer) -> set[tuple[str, str]]:
    assert isinstance(answer, Refusal), answer
    return {(each.rule, each.pointer) for each in answer.violations}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as found:
        told(found, *CITY)
        yield found


# How far a key reaches


def test_a_key_of_a_body_records_about_it_and_what_is_below(ledger: Ledger) -> None:
    by, _ = give(ledger, "recorder", "north")
    answer = record(
        ledger,
        by,
        act(
            "body.established", "2021", body="stair", name="X", classification="c", within="street"
        ),
        act("post.created", "2021", post="warden", body="stair", label="Warden"),
        act("person.registered", "2021", person="cy", name="Cy"),
        act("tenure.started", "2021", person="cy", post="warden"),
        act("activist.admitted", "2021", person="bo", body="north"),
        act("meeting.closed", "2020-05-02", meeting="northern"),
        act("body.moved", "2022", body="stair", within="north"),
        act("resolution.adopted", "2021", resolution="own", name="Own"),
        act("remark.made", body="north", text="Seen."),
        taken_by="north",
        meeting="northern",
        date="2020-05-01",
    )
    assert isinstance(answer, Receipt), answer
    recorded = [entry for entry in entries(ledger) if entry.position >= answer.position]
    assert {entry.recorded_by for entry in recorded} == {by.id}
    assert isinstance(
        record(ledger, by, act("resolution.repealed", "2023", resolution="own")), Receipt
    )


@pytest.mark.parametrize(
    ("stated", "pointer"),
    [
        (act("post.created", "2021", post="x", body="city", label="X"), "/body"),
        (act("post.created", "2021", post="x", body="south", label="X"), "/body"),
        (
            act("post.created", "2021", post="x", body="north", label="X", approval="city"),
            "/approval",
        ),
        (act("body.established", "2021", body="x", name="X", classification="c"), "/within"),
        (act("body.moved", "2021", body="street"), "/within"),
        (act("body.moved", "2021", body="street", within="south"), "/within"),
        (act("body.moved", "2021", body="south", within="north"), "/body"),
        (
            act("body.dissolved", "2021", body="street", manner="merged", succeeded_by=["south"]),
            "/succeeded_by/0",
        ),
        (act("tenure.started", "2021", person="bo", post="head"), "/post"),
        (act("appointment.made", "2021", person="bo", post="chair", by="city"), "/by"),
        (
            act("activist.transferred", "2021", person="bo", body="north", from_body="south"),
            "/from_body",
        ),
        (act("meeting.closed", "2020-05-02", meeting="general"), "/meeting"),
        (act("meeting.convened", "2021", meeting="x", name="X", kind="k"), ""),
        (
            act(
                "meeting.convened",
                "2021",
                meeting="x",
                name="X",
                kind="k",
                body="north",
                within="general",
            ),
            "/within",
        ),
        (act("person.renamed", "2021", person="ann", name="A"), ""),
        (act("person.died", "2021", person="ann"), ""),
        (act("person.merged", "2021", person="ann", into="bo"), ""),
        (act("mandate.granted", "2021", holder="north", power="admit"), "/within"),
        (act("mandate.granted", "2021", holder="north", power="admit", within="city"), "/within"),
        (act("rule.adopted", "2021", kind="size"), "/applies_to"),
        (
            act(
                "rule.adopted",
                "2021",
                kind="size",
                applies_to={"classification": "cell"},
                exempt=["north"],
            ),
            "/applies_to",
        ),
        (
            act("rule.amended", "2021", rule="small", applies_to={"classification": "cell"}),
            "/applies_to",
        ),
        (act("resolution.repealed", "2021", resolution="plan"), "/resolution"),
        (act("sanction.imposed", "2021", person="bo", kind="k"), ""),
        (act("remark.made", person="ann", text="Seen."), ""),
        (act("remark.made", entry=1, text="Seen."), "/entry"),
        (act("decision.amended", decision="all", sources=[{"title": "T"}]), "/decision"),
        (act("election.held", "2021", election="theirs", body="north"), "/election"),
        (act("election.held", "2021", election="nobodys", body="north"), "/election"),
        (act("election.rescheduled", "2021", election="nobodys", opens="2021"), "/election"),
        (
            act("meeting.convened", "2021", meeting="southern", name="S", kind="p", body="north"),
            "/meeting",
        ),
        (act("mandate.revoked", "2021", mandate="all"), "/mandate"),
        (act("mandate.confirmed", "2021", mandate="all"), "/mandate"),
        (act("rule.repealed", "2021", rule="every"), "/rule"),
        (act("remark.made", person="ann", body="north", text="Seen."), "/person"),
        (act("line.drawn", "2021", body="north", to="city", kind="reports_to"), "/to"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else value,
)
def test_what_names_anything_else_is_not_for_it(
    ledger: Ledger, stated: dict[str, Any], pointer: str
) -> None:
    told(ledger, act("body.renamed", "2020-06", body="city", name="The city"), id="all")
    by, _ = give(ledger, "recorder", "north")
    newest = ledger.log.newest()
    answer = record(ledger, by, stated)
    assert ("outside_authority", f"/acts/0{pointer}") in refusals(answer)
    assert ledger.log.newest() == newest
    everywhere, _ = give(ledger, "recorder")
    whole = record(ledger, everywhere, stated)
    assert isinstance(whole, Receipt) or "outside_authority" not in {
        each.rule
        for each in whole.violations  # type: ignore[union-attr]
    }


def test_what_another_body_decided_is_not_for_it(ledger: Ledger) -> None:
    by, _ = give(ledger, "recorder", "north")
    told(
        ledger,
        act("resolution.adopted", "2021", resolution="rs", name="R"),
        act("declaration.made", "2021", declaration="ds", name="D"),
        act("body.renamed", "2021", body="north", name="North"),
        id="southern",
        taken_by="south",
    )
    for number in (1, 2, 3):
        entry = {"decision": "southern", "act": number}
        for stated in (
            act("entry.retracted", entry=entry, reason="gone"),
            act("remark.made", entry=entry, text="Seen."),
        ):
            answer = record(ledger, by, stated, taken_by="north")
            assert ("outside_authority", "/acts/0/entry") in refusals(answer)


@pytest.mark.parametrize(
    "envelope", [{"taken_by": "city"}, {"meeting": "general"}, {"authority": "all"}]
)
def test_a_decision_of_another_body_is_not_for_it(ledger: Ledger, envelope: dict[str, Any]) -> None:
    by, _ = give(ledger, "recorder", "north")
    answer = record(ledger, by, act("body.renamed", "2021", body="north", name="N"), **envelope)
    (name,) = envelope
    assert refusals(answer) == {("outside_authority", f"/{name}")}


def test_a_body_that_moves_takes_the_authority_with_it_whatever_day_is_told(
    ledger: Ledger,
) -> None:
    by, _ = give(ledger, "recorder", "north")
    renamed = act("body.renamed", "2020-03", body="street", name="St")
    assert isinstance(record(ledger, by, renamed), Receipt)
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    told(ledger, act("body.moved", tomorrow, body="street", within="south"))
    assert isinstance(record(ledger, by, {**renamed, "effective": "2020-04"}), Receipt)
    told(ledger, act("body.moved", TODAY.isoformat(), body="street", within="city"))
    late = record(ledger, by, {**renamed, "effective": "2020-05"})
    assert refusals(late) == {("outside_authority", "/acts/0/body")}
    told(ledger, act("body.moved", "2020-02", body="south", within="north"))
    assert isinstance(
        record(ledger, by, act("body.renamed", "2021", body="south", name="S")), Receipt
    )


def test_where_a_body_stands_is_certain_or_it_is_out_of_reach(ledger: Ledger) -> None:
    by, _ = give(ledger, "recorder", "north")
    around = f"[{TODAY - timedelta(days=9)}..{TODAY + timedelta(days=9)}]"
    told(ledger, act("body.moved", around, body="street", within="south"))
    answer = record(ledger, by, act("body.renamed", "2021", body="street", name="T"))
    assert refusals(answer) == {("outside_authority", "/acts/0/body")}


def test_a_body_that_is_gone_is_where_it_stood_last(ledger: Ledger) -> None:
    by, _ = give(ledger, "recorder", "north")
    gone = record(ledger, by, act("body.dissolved", "2022", body="street", manner="dissolved"))
    assert isinstance(gone, Receipt)
    assert isinstance(
        record(ledger, by, act("body.renamed", "2021", body="street", name="T")), Receipt
    )
    told(ledger, act("body.moved", "2021-06", body="street", within="south"))
    answer = record(ledger, by, act("body.renamed", "2021-07", body="street", name="T"))
    assert refusals(answer) == {("outside_authority", "/acts/0/body")}


def test_what_it_could_not_record_it_cannot_retract(ledger: Ledger) -> None:
    by, _ = give(ledger, "recorder", "north")
    other, _ = give(ledger, "recorder", "south")
    theirs = told(ledger, act("body.renamed", "2021", body="south", name="South"))
    ours = told(ledger, act("body.renamed", "2021", body="north", name="North"))
    person = record(ledger, other, act("person.registered", "2021", person="di", name="Di"))
    mine = record(ledger, by, act("person.registered", "2021", person="ed", name="Ed"))
    assert isinstance(person, Receipt)
    assert isinstance(mine, Receipt)

    def retract(position: int) -> Answer:
        return record(ledger, by, act("entry.retracted", entry=position, reason="wrong"))

    for receipt in (theirs, person):
        answer = retract(receipt.position + 1)
        assert refusals(answer) == {("outside_authority", "/acts/0/entry")}
    for receipt in (ours, mine):
        assert isinstance(retract(receipt.position + 1), Receipt)


def test_a_body_moved_by_another_process_meanwhile_is_out_of_reach_at_once(
    tmp_path: Path,
) -> None:
    with ledger_in(tmp_path) as one, ledger_in(tmp_path) as other:
        told(one, *CITY)
        by, _ = give(one, "recorder", "north")
        renamed = act("body.renamed", "2021", body="street", name="St")
        assert isinstance(record(one, by, renamed), Receipt)
        told(other, act("body.moved", "2020-02", body="street", within="south"))
        answer = record(one, by, {**renamed, "effective": "2022"})
        assert refusals(answer) == {("outside_authority", "/acts/0/body")}


def test_a_key_revoked_by_another_process_meanwhile_records_no_more(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as one, ledger_in(tmp_path) as other:
        told(one, *CITY)
        by, _ = give(one, "recorder")
        assert isinstance(record(one, by, act("person.registered", "2021", name="Cy")), Receipt)
        other.recorder.record([Sent(keys.revocation(by.id), LOCAL)])
        answer = record(one, by, act("person.registered", "2021", name="Di"))
        assert refusals(answer) == {("key_revoked", "")}


def test_what_is_judged_for_a_day_is_recorded_on_that_day(ledger: Ledger) -> None:
    by, _ = give(ledger, "recorder", "north")
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) + timedelta(days=1)
    tomorrow = midnight.date().isoformat()
    told(ledger, act("body.moved", tomorrow, body="street", within="south"))
    at = int(midnight.timestamp() * 1_000_000)
    asked = iter([at - 5])
    ledger.recorder._clock = lambda: next(asked, at)  # it strikes between judging and recording
    ledger.log._head._clock = lambda: at
    answer = record(ledger, by, act("body.renamed", "2021", body="street", name="St"))
    assert refusals(answer) == {("outside_authority", "/acts/0/body")}


def test_a_key_that_has_expired_records_no_more(ledger: Ledger) -> None:
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    by, _ = give(ledger, "recorder", expires=tomorrow)
    assert isinstance(record(ledger, by, act("person.registered", "2021", name="Cy")), Receipt)
    known = ledger.keys.get(by.id)
    assert known is not None
    assert known.works(TODAY.toordinal())
    assert not known.works(TODAY.toordinal() + 1)
    at = int(datetime.fromisoformat(f"{tomorrow}T00:00Z").timestamp() * 1_000_000)
    ledger.recorder._clock = lambda: at
    answer = record(ledger, by, act("person.registered", "2021", name="Di"))
    assert refusals(answer) == {("key_expired", "")}


BODIES = ("b0", "b1", "b2", "b3", "b4", "b5")
DAYS = ("2020", "2021", "2022-03", "2021~", "2030", f"{TODAY}", f"{TODAY + timedelta(days=3)}")
MOVES = st.lists(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(BODIES), st.sampled_from((*BODIES, None))),
    max_size=8,
)


@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, root=st.sampled_from(BODIES))
def test_a_body_is_in_reach_if_it_stands_below_for_certain(
    tmp_path_factory: pytest.TempPathFactory, moves: list[Any], root: str
) -> None:
    """Against the plain structure of the day: walk up from each body, by every place of it."""
    with ledger_in(tmp_path_factory.mktemp("reach")) as ledger:
        told(
            ledger,
            *(
                act("body.established", "2019", body=each, name=each, classification="c")
                for each in BODIES
            ),
        )
        for day, body, within in moves:
            moved = {"within": within} if within else {}
            if body != within:
                record(ledger, LOCAL, act("body.moved", day, body=body, **moved))
        by, _ = give(ledger, "recorder", root)
        bodies = {each.id: each for each in _structure(ledger)}

        def is_below(body: str, seen: tuple[str, ...] = ()) -> bool:
            if body == root:
                return True
            places = {bodies[body].within} | {
                each.value for each in bodies[body].alternatives if each.attribute == "within"
            }
            return all(
                place is not None and place not in seen and is_below(place, (*seen, body))
                for place in places
            )

        for body in BODIES:
            tried = sent(decision(act("body.renamed", "2019-06", body=body, name="X")), by)
            violations, _ = ledger.recorder.check(tried)
            refused = "outside_authority" in {each.rule for each in violations}
            assert refused == (not is_below(body)), (body, root, moves)


def _structure(ledger: Ledger) -> Any:
    return structure(entries(ledger), TODAY.toordinal(), ledger.log.newest())


# The door


@dataclass(frozen=True)
class Gate:
    """A served ledger with a key for each role, and one that reaches no further than `north`."""

    url: str
    directory: Path
    ids: dict[str, str]
    keys: dict[str, str]

    def ask(self, role: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        shown = {"Authorization": f"Bearer {self.keys[role]}"} if role else {}
        with httpx.Client(base_url=self.url, trust_env=False, headers=shown, timeout=30) as client:
            return client.request(method, path, **more)

    def record(self, role: str | None, *acts: dict[str, Any], **envelope: Any) -> httpx.Response:
        return self.ask(role, "POST", "/v1/decisions", json={**envelope, "acts": acts})


@contextmanager
def opened(directory: Path, *, is_public: bool = False) -> Iterator[Gate]:
    with closing(Ledger(settings_in(directory))) as ledger:
        told(ledger, *CITY, id="founding", title=f"{ANN} is elected")
        made: dict[str, tuple[Principal, str]] = {role: give(ledger, role) for role in ROLES}
        made["north"] = give(ledger, "recorder", "north")
        made["revoked"] = give(ledger, "reader")
        ledger.recorder.record([Sent(keys.revocation(made["revoked"][0].id), LOCAL)])
    with serving(directory, anonymous=None, is_public=is_public) as url:
        yield Gate(
            url,
            directory,
            {name: principal.id for name, (principal, _) in made.items()},
            {name: text for name, (_, text) in made.items()},
        )


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with opened(tmp_path_factory.mktemp("gate")) as found:
        yield found


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with opened(tmp_path_factory.mktemp("public"), is_public=True) as found:
        yield found


SECURITY = (Path(__file__).parent.parent / "docs" / "security.md").read_text()
COLUMNS = ("public", *ROLES)


def table() -> dict[tuple[str, str], dict[str, bool]]:
    """The table of docs/security.md: for each route, who may."""
    found = {}
    for line in SECURITY.splitlines():
        row = re.match(r"\| `(GET|POST) (/\S*)` \|(.*)\|$", line)
        if row:
            cells = [cell.strip() for cell in row[3].split("|")]
            assert len(cells) == len(COLUMNS), line
            assert set(cells) <= {"yes", ""}, line
            may = {who: cell == "yes" for who, cell in zip(COLUMNS, cells, strict=True)}
            found[row[1], row[2]] = may
    return found


def routes() -> set[tuple[str, str]]:
    app = application(lambda: pytest.fail("not opened"))
    return {
        (method.upper(), path)
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }


def test_the_table_tells_of_every_route() -> None:
    assert set(table()) == routes()


REAL = {
    "body": "north",
    "post": "chair",
    "person_id": "ann",
    "election_id": "vote",
    "meeting_id": "northern",
    "mandate_id": "may",
    "rule_id": "small",
    "resolution_id": "plan",
    "declaration_id": "pledge",
    "decision": "founding",
    "position": "1",
    "level": "0",
    "number": "000.p/1",
    "key_id": "nobody",
}
BODY = {
    "/v1/decisions": {"acts": [act("person.registered", "2021", name="Cy")]},
    "/v1/people/{person_id}/erasure": {"ground": "x", "also": [10**9]},
    "/v1/keys": {"name": "x", "role": "nothing"},
}
QUERY = {
    "/v1/decisions": "?dry_run=true",
    "/v1/people/{person_id}/authority": "?post=chair",
    "/log/proof/inclusion": "?index=0",
    "/log/proof/consistency": "?old=0",
}


def request(method: str, route: str) -> tuple[str, dict[str, Any]]:
    path = re.sub(r"\{(\w+)(:path)?\}", lambda found: REAL[found[1]], route)
    if method == "POST":
        query = QUERY.get(route, "") if route == "/v1/decisions" else ""
        return path + query, {"json": BODY[route]} if route in BODY else {}
    return path + (QUERY.get(route, "") if route != "/v1/decisions" else ""), {}


@pytest.mark.parametrize("who", COLUMNS)
def test_nothing_is_allowed_that_the_table_does_not_allow(
    gate: Gate, public: Gate, who: str
) -> None:
    for (method, route), may in sorted(table().items()):
        if route.endswith("/stream"):
            continue  # it does not end
        path, more = request(method, route)
        door, role = (public, None) if who == "public" else (gate, who)
        response = door.ask(role, method, path, **more)
        refused = response.status_code in (401, 403)
        assert refused == (not may[who]), (method, path, who, response.text)
        if not refused and method == "GET":
            assert response.status_code in (200, 503), (path, response.text)


@pytest.mark.parametrize("who", [None, "revoked"])
def test_without_a_key_that_works_nothing_is_told_but_the_log(gate: Gate, who: str | None) -> None:
    for method, route in sorted(table()):
        if route.endswith("/stream"):
            continue
        path, more = request(method, route)
        is_open = (
            who is None
            and table()[method, route]["public"]
            and (route.startswith("/log/") or not route.startswith("/v1/"))
        )
        response = gate.ask(who, method, path, **more)
        assert (response.status_code == 401) == (not is_open), (method, path, response.text)
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer",
        "Bearer a b",
        "Bearer x",
        "Basic Zm9vOmJhcg==",
        "Bearer curule_k2345672345672345_" + "A" * 43,
        "Bearer {} {}",
        "Bearer {}x",
        "{}",
        "\u00e9",
    ],
)
def test_a_key_that_is_none_is_refused_everywhere(gate: Gate, shown: str) -> None:
    text = shown.replace("{}", gate.keys["reader"])
    with httpx.Client(base_url=gate.url, trust_env=False) as client:
        headers = {b"Authorization": text.encode()}
        for path in ("/v1/structure", "/log/checkpoint", "/livez"):
            response = client.get(path, headers=headers)
            assert response.status_code == 401, text
            assert response.json()["type"] == "urn:curule:problem:unauthenticated"
        twice = [("Authorization", f"Bearer {gate.keys['reader']}")] * 2
        assert client.get("/v1/structure", headers=twice).status_code == 401
        good = {"Authorization": f"bearer {gate.keys['reader']}"}
        assert client.get("/v1/structure", headers=good).status_code == 200


def test_without_any_key_whoever_is_here_can_ask_and_nobody_record(tmp_path: Path) -> None:
    with serving(tmp_path, anonymous=None) as url, httpx.Client(base_url=url) as client:
        assert client.get("/v1/structure").status_code == 200
        assert client.get("/v1/people").status_code == 200
        for host in ("localhost:8000", "[::1]:8000"):
            assert client.get("/v1/people", headers={"Host": host}).status_code == 200
        for host in ("ledger.example", "127.0.0.1.ledger.example:8000", "", "[", "localhost.a"):
            assert client.get("/v1/people", headers={"Host": host}).status_code == 401
        refused = client.post("/v1/decisions", json={"acts": [CITY[0]]})
        assert refused.status_code == 401
        assert "curule keys create NAME --role ROLE" in refused.json()["detail"]
        assert client.post("/v1/keys", json={"name": "x", "role": "admin"}).status_code == 401
        with closing(Ledger(settings_in(tmp_path))) as elsewhere:
            give(elsewhere, "reader")
        for _ in range(100):  # the service learns of it by itself
            if client.get("/v1/structure").status_code == 401:
                break
        assert client.get("/v1/structure").status_code == 401


def test_a_subtree_at_the_door(gate: Gate) -> None:
    inside = gate.record("north", act("body.renamed", "2021", body="street", name="St"))
    assert inside.status_code == 201
    outside = gate.record("north", act("body.renamed", "2021", body="south", name="So"))
    assert outside.status_code == 403
    assert outside.json()["type"] == "urn:curule:problem:forbidden"
    (violation,) = outside.json()["violations"]
    assert (violation["rule"], violation["pointer"]) == ("outside_authority", "/acts/0/body")
    recorded = gate.ask("reader", "GET", f"/v1/decisions/{inside.json()['decision']}").json()
    assert recorded["recorded_by"] == gate.ids["north"]
    dry = gate.ask(
        "north",
        "POST",
        "/v1/decisions?dry_run=true",
        json={"acts": [act("body.renamed", "2021", body="south", name="So")]},
    )
    assert dry.json()["violations"][0]["rule"] == "outside_authority"


# Grants


def test_an_admin_makes_and_revokes_keys(gate: Gate) -> None:
    asked = {
        "name": "The office in the north",
        "role": "recorder",
        "within": "north",
        "expires": "90d",
    }
    given = gate.ask("admin", "POST", "/v1/keys", json=asked)
    assert given.status_code == 201, given.text
    assert given.headers["Cache-Control"] == "no-store"
    key = given.json()
    assert key["expires"] == (TODAY + timedelta(days=90)).isoformat()
    mine = Gate(gate.url, gate.directory, {}, {"new": key["key"]})
    assert mine.ask("new", "GET", "/v1/structure").status_code == 200

    listed = {each["id"]: each for each in gate.ask("admin", "GET", "/v1/keys").json()["keys"]}
    assert listed[key["id"]]["name"] == "The office in the north"
    assert listed[key["id"]]["granted_by"] == gate.ids["admin"]
    assert listed[key["id"]]["revoked"] is None
    assert "secret" not in json.dumps(listed)
    others = {each["id"]: each for each in gate.ask("auditor", "GET", "/v1/keys").json()["keys"]}
    for each in (*listed.values(), *others.values()):
        each.pop("last_used")
    assert listed == others

    revoked = gate.ask("admin", "POST", f"/v1/keys/{key['id']}/revocation")
    assert revoked.status_code == 201
    again = gate.ask("admin", "POST", f"/v1/keys/{key['id']}/revocation")
    assert (again.status_code, again.json()) == (200, revoked.json())
    assert mine.ask("new", "GET", "/v1/structure").status_code == 401
    assert gate.ask("admin", "POST", "/v1/keys/nobody/revocation").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"role": "king"}, "/role"),
        ({"name": ""}, "/name"),
        ({"more": 1}, "/more"),
        ({"role": "recorder", "within": "nowhere"}, "/within"),
        ({"within": "north"}, "within: only what a recorder records"),
        ({"expires": "2020-01-01"}, "expires"),
        ({"expires": f"{TODAY}"}, "expires"),
        ({"expires": "2027-02-30"}, "expires"),
        ({"expires": "soon"}, "expires"),
    ],
)
def test_a_grant_that_is_wrong_says_where(gate: Gate, wrong: dict[str, Any], place: str) -> None:
    newest = gate.ask("reader", "GET", "/v1/entries?limit=1").json()["basis"]["position"]
    refused = gate.ask("admin", "POST", "/v1/keys", json={"name": "x", "role": "reader", **wrong})
    assert refused.status_code in (409, 422)
    assert place in refused.text
    assert gate.ask("reader", "GET", "/v1/entries?limit=1").json()["basis"]["position"] == newest


def test_keys_are_listed_in_pages(gate: Gate) -> None:
    every = [each["id"] for each in gate.ask("admin", "GET", "/v1/keys").json()["keys"]]
    found, firsts, path = [], [], "/v1/keys?limit=2"
    while path:
        response = gate.ask("admin", "GET", path)
        found += [each["id"] for each in response.json()["keys"]]
        path = response.links.get("next", {}).get("url", "")
        firsts.append(response.links.get("first", {}).get("url"))
    assert found == every
    assert len(every) > 5
    assert firsts == [None, *["/v1/keys?limit=2"] * (len(firsts) - 1)]


@pytest.mark.parametrize("type_", ["access.granted", "access.revoked"])
def test_no_client_posts_or_retracts_a_grant(gate: Gate, type_: str) -> None:
    posted = gate.record("recorder", act(type_, key="kx", name="x", role="admin"))
    assert posted.status_code == 422
    assert posted.json()["errors"][0]["pointer"] == "/acts/0/type"
    entry = gate.ask("reader", "GET", f"/v1/entries?type={type_}").json()["entries"][0]["entry"]
    retraction = act("entry.retracted", entry=entry["position"], reason="x")
    refused = gate.record("recorder", retraction)
    assert refused.status_code == 409
    assert refused.json()["violations"][0]["rule"] == "not_retractable"


def test_the_secret_is_stored_nowhere(gate: Gate) -> None:
    stored = b"".join(each.read_bytes() for each in gate.directory.iterdir() if each.is_file())
    for text in gate.keys.values():
        _, key, secret = text.split("_", 2)
        assert key.encode() in stored
        assert secret.encode() not in stored
    assert b"of the recorder" not in stored, "whose it is may be personal"


def test_a_grant_does_not_hold_its_body_in_place(ledger: Ledger) -> None:
    told(ledger, act("body.established", "2020", body="x", name="X", classification="c"), id="x")
    give(ledger, "recorder", "x")
    told(ledger, act("body.dissolved", "2021", body="x", manner="dissolved"))
    assert any(isinstance(each.act, AccessGranted) for each in entries(ledger))


@pytest.mark.parametrize(("text", "day"), [("1d", "2026-03-01"), ("2027-01-31", "2027-01-31")])
def test_an_expiry_is_a_day_or_days(text: str, day: str) -> None:
    assert keys.expiry(text, date(2026, 2, 28)) == day


# Who has read what


def test_what_a_key_reads_of_persons_is_noted_first(gate: Gate) -> None:
    def noted() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        path = "/v1/access-log?limit=500"
        while path:
            response = gate.ask("auditor", "GET", path)
            found += response.json()["reads"]
            path = response.links.get("next", {}).get("url", "")
        return found

    before = len(noted())
    answer = gate.ask("reader", "GET", "/v1/people/ann")
    assert gate.ask("reader", "GET", "/v1/people?q=zuzana").json()["people"]
    gate.ask("reader", "GET", "/v1/mandates")  # no personal text is in it
    gate.ask("reader", "GET", "/v1/entries")
    known = {"If-None-Match": answer.headers["ETag"]}
    assert gate.ask("reader", "GET", "/v1/people/ann", headers=known).status_code == 304
    one, search = noted()[before:]
    assert one["key"] == gate.ids["reader"]
    assert one["question"] == answer.headers["Content-Location"]
    assert one["texts"] == 1
    assert search["question"].startswith("/v1/people?")
    assert "zuzana" not in json.dumps(search)
    only = gate.ask("auditor", "GET", f"/v1/access-log?key={gate.ids['privacy']}").json()["reads"]
    assert {each["key"] for each in only} <= {gate.ids["privacy"]}


def test_what_cannot_be_noted_is_not_told(tmp_path: Path) -> None:
    with opened(tmp_path) as gate:
        assert ANN in gate.ask("reader", "GET", "/v1/people/ann").text
        with closing(sqlite3.connect(tmp_path / "curule-vault.db.access")) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody else writes
            refused = gate.ask("reader", "GET", "/v1/people/ann")
            assert refused.status_code == 503
            assert ANN not in refused.text
            assert gate.ask("reader", "GET", "/v1/mandates").status_code == 200
        assert ANN in gate.ask("reader", "GET", "/v1/people/ann").text


def test_the_last_use_of_a_key_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as gate:
        assert gate.ask("reader", "GET", "/v1/structure").status_code == 200
    with serving(tmp_path, anonymous=None) as url:
        again = Gate(url, tmp_path, gate.ids, gate.keys)
        listed = again.ask("auditor", "GET", "/v1/keys").json()["keys"]
    used = {each["id"]: each["last_used"] for each in listed}
    assert used[gate.ids["reader"]].startswith(f"{TODAY.year}")
    assert used[gate.ids["privacy"]] is None


def test_the_use_of_a_key_that_cannot_be_noted_is_noted_later() -> None:
    noted: list[Mapping[str, int]] = []

    def write(used: Mapping[str, int]) -> None:
        if not noted:
            noted.append({})
            raise OSError("the disk is full")
        noted.append(used)

    uses = Uses(write)
    uses.note("one")
    with pytest.raises(OSError, match="full"):
        uses.keep(at_once=True)
    assert set(uses.now()) == {"one"}
    uses.note("other")
    uses.keep(at_once=True)
    uses.keep(at_once=True)  # there is nothing more
    assert [set(each) for each in noted] == [set(), {"one", "other"}]
    assert uses.now() == {}


def test_a_key_used_while_uses_are_noted_is_noted_the_next_time() -> None:
    noted: list[Mapping[str, int]] = []

    def write(used: Mapping[str, int]) -> None:
        noted.append(used)
        if len(noted) == 1:
            uses.note("one")

    uses = Uses(write)
    for key in ("one", "other"):
        uses.note(key)
    uses.keep(at_once=True)
    assert set(uses.now()) == {"one"}
    uses.keep(at_once=True)
    assert [set(each) for each in noted] == [{"one", "other"}, {"one"}]


def test_a_revocation_elsewhere_is_heeded_while_views_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, built = settings_in(tmp_path), threading.Event()
    with closing(Ledger(settings)) as ledger:
        by, key = give(ledger, "reader")
    monkeypatch.setattr(Follower, "step", lambda *_, **__: built.wait(30))  # it takes minutes
    with serving(tmp_path, anonymous=None) as url, httpx.Client(base_url=url) as client:
        shown = {"Authorization": f"Bearer {key}"}
        time.sleep(3 * LULL)  # they are being built by now
        assert client.get("/log/key", headers=shown).status_code == 200
        with closing(Ledger(settings)) as other:
            other.recorder.record([Sent(keys.revocation(by.id), LOCAL)])
        until = time.monotonic() + 10
        while client.get("/log/key", headers=shown).status_code == 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert not built.is_set()
        built.set()


def test_what_was_read_before_a_day_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "SOME", 10)
    store = f"sqlite:///{tmp_path / 'access.db'}"
    with closing(reads.Reads(store)) as noted:
        for number in range(35):
            day = (
                datetime(2026, 1, 1, tzinfo=UTC)
                if number < 25
                else datetime(2026, 1, 2, tzinfo=UTC)
            )
            noted.note("k", int(day.timestamp()) * 1_000_000 - (number == 24), f"/{number}", 1)
        assert noted.forget(int(datetime(2026, 1, 2, tzinfo=UTC).timestamp()) * 1_000_000) == 25
        left = noted.read(0, 100)
        assert [(each.number, each.question) for each in left] == [
            (number + 1, f"/{number}") for number in range(25, 35)
        ]
        noted.forget(10**18)
        noted.note("k", 0, "/more", 1)
        (last,) = noted.read(0, 100)
        assert last.number == 36, "numbers go on"


def test_the_access_log_forgets_what_is_older_than_a_day(tmp_path: Path) -> None:
    with closing(Ledger(settings_in(tmp_path))) as ledger:
        old = datetime(2020, 1, 31, 23, 59, 59, tzinfo=UTC)
        for at in (old, old + timedelta(seconds=1), datetime.now(UTC)):
            ledger.reads.note("k", int(at.timestamp()) * 1_000_000, "/v1/people/ann?", 1)
    asked = ("access-log", "forget", "--before")
    assert "nobody is there to be asked" in command(tmp_path, *asked, "2020-02-01").stderr
    for wrong in ("2020-02-30", "20200201", "yesterday", f"{TODAY + timedelta(days=2)}"):
        refused = command(tmp_path, *asked, wrong, "--yes")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "--before" in refused.stderr
    done = command(tmp_path, *asked, "2020-02-01", "--yes")
    assert (done.returncode, done.stdout) == (0, "1 read before 2020-02-01 deleted\n")
    left = command(tmp_path, "access-log", "--json").stdout.splitlines()
    assert [json.loads(each)["number"] for each in left] == [2, 3]


# The public


def test_the_public_is_told_the_structure_and_no_personal_text(public: Gate) -> None:
    for (method, route), may in table().items():
        if method == "GET" and may["public"] and not route.endswith("/stream"):
            path, _ = request(method, route)
            told_ = public.ask(None, "GET", path)
            assert told_.status_code in (200, 503)
            assert ANN not in told_.text
            assert json.dumps(ANN)[1:-1] not in told_.text
    bodies = public.ask(None, "GET", "/v1/structure").json()["bodies"]
    (holder,) = [each for body in bodies for post in body["posts"] for each in post["holders"]]
    assert (holder["person"], holder["name"]) == ("ann", {"withheld": True})


def test_what_the_public_was_told_is_not_what_a_reader_is_told(public: Gate) -> None:
    outside = public.ask(None, "GET", "/v1/structure")
    inside = public.ask("reader", "GET", "/v1/structure")
    assert ANN in inside.text
    assert inside.headers["ETag"] != outside.headers["ETag"]
    assert "Authorization" in inside.headers["Vary"]
    known = {"If-None-Match": outside.headers["ETag"]}
    assert public.ask("reader", "GET", "/v1/structure", headers=known).status_code == 200

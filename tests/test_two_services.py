"""Two services on one ledger, and one of them killed.

Each is a process of its own with its own views; they share the log and the vault, on SQLite or on
PostgreSQL.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import httpx

from service.settings import Settings
from tests.ledgers import act
from tests.serving import Env, new_key, showing

ROOT = Path(__file__).parent.parent
CLIENTS = 8
GRANT = 2  # entries by which the clients have their key
PATIENCE = 30
DAY = "2020-01-01"


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: subprocess.Popen[str]
    url: str
    key: str

    def client(self) -> httpx.Client:
        headers = showing(self.key)
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=PATIENCE)


def settings_of(shared: Env, directory: Path) -> Settings:
    """The settings that say the same."""
    told = {name.removeprefix("CURULE_").lower(): value for name, value in shared.items()}
    return Settings(views=directory / "keys-views.db", **told)  # type: ignore[arg-type]


@contextmanager
def running(shared: Env, directory: Path, *names: str) -> Iterator[list[Service]]:
    """Start services at the same time, each with views of its own, and stop those still running."""
    processes: list[subprocess.Popen[str]] = []
    key = new_key(settings_of(shared, directory))
    inherited = {name: value for name, value in os.environ.items() if "CURULE" not in name}
    with ExitStack() as stack:
        for name in names:
            output = stack.enter_context((directory / f"{name}.log").open("a"))
            process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve", "--port", "0"],
                cwd=ROOT,
                env={**inherited, **shared, "CURULE_VIEWS": str(directory / f"{name}-views.db")},
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
            stack.callback(stop, process)
            processes.append(process)
        yield [Service(process, address(process), key) for process in processes]


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert found, f"the service does not start: {said!r}"
    return found[0]


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise


def record(client: httpx.Client, decision: dict[str, Any]) -> httpx.Response:
    """Send a decision until it is answered; where others are in the way, send it again."""
    for _ in range(100):
        response = client.post("/v1/decisions", json=decision)
        if response.status_code != 503:
            return response
        assert response.json()["type"] == "urn:curule:problem:moved", response.text
    raise AssertionError(f"{decision['id']} never settles")


def ask(client: httpx.Client, path: str, **parameters: str | int) -> Any:
    response = client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def all_entries(client: httpx.Client) -> list[dict[str, Any]]:
    """Every entry, page by page."""
    entries: list[dict[str, Any]] = []
    page = client.get("/v1/entries", params={"limit": 500})
    while True:
        assert page.status_code == 200, page.text
        entries += page.json()["entries"]
        if "next" not in page.links:
            return entries
        page = client.get(page.links["next"]["url"])


def at_once(do: Callable[[int], Any]) -> list[Any]:
    """What each of the clients brings back; they begin together."""
    beginning = threading.Barrier(CLIENTS)

    def begin(client: int) -> Any:
        beginning.wait(PATIENCE)
        return do(client)

    with ThreadPoolExecutor(CLIENTS) as threads:
        return list(threads.map(begin, range(CLIENTS)))


Receipt = dict[str, Any]


def check_log(entries: Sequence[dict[str, Any]], receipts: Sequence[Receipt]) -> None:
    """The log has no gap, whole decisions, rising times, and each acknowledged decision once."""
    recorded = [each["entry"] for each in entries]
    assert [entry["position"] for entry in recorded] == list(range(1, len(recorded) + 1))
    decisions = {
        name: list(group) for name, group in groupby(recorded, lambda entry: entry["decision"])
    }
    # Each stands in one place: grouped by neighbours, no decision comes twice.
    assert sum(map(len, decisions.values())) == len(recorded)
    for decided in decisions.values():
        taken, *acts = decided
        assert taken["act"]["type"] == "decision.taken"
        assert taken["act"]["acts"] == len(acts)
        assert [entry["number"] for entry in decided] == list(range(len(decided)))
        assert len({entry["recorded_at"] for entry in decided}) == 1
    times = [decided[0]["recorded_at"] for decided in decisions.values()]
    assert all(earlier < later for earlier, later in pairwise(times))

    leaves = {each["entry"]["position"]: each["leaf_hash"] for each in entries}
    assert len({receipt["decision"] for receipt in receipts}) == len(receipts)
    for receipt in receipts:
        taken, *acts = decisions[receipt["decision"]]
        assert (taken["position"], taken["recorded_at"]) == (
            receipt["position"],
            receipt["recorded_at"],
        )
        assert [(entry["position"], leaves[entry["position"]]) for entry in acts] == [
            (named["position"], named["leaf_hash"]) for named in receipt["entries"]
        ]


def check_same(clients: Sequence[httpx.Client], receipts: Sequence[Receipt]) -> None:
    """Services answer alike, down to the byte."""
    newest = ask(clients[0], "/v1/entries", limit=1)["basis"]["position"]
    questions = [
        f"/v1/structure?effective_at=2020-06-01&min_position={newest}",
        *(f"/v1/decisions/{receipt['decision']}?position={newest}" for receipt in receipts[::7]),
    ]
    for question in questions:
        first, *others = [client.get(question) for client in clients]
        assert first.status_code == 200, first.text
        assert first.json()["basis"]["position"] == newest
        for other in others:
            assert (other.content, other.headers["ETag"]) == (first.content, first.headers["ETag"])


# Conflicts

TURNS = 6


def ground() -> dict[str, Any]:
    """A council with a post for one in each turn, and those who will contend for it."""
    return {
        "id": "ground",
        "acts": [
            act("body.established", DAY, body="council", name="Council", classification="organ"),
            *(
                act(
                    "post.created",
                    DAY,
                    post=f"chair-{turn}",
                    body="council",
                    label=f"Chair {turn}",
                    seats=1,
                )
                for turn in range(TURNS)
            ),
            *(
                act("person.registered", "2019", person=name, name=name.title())
                for name in (
                    *(f"candidate-{client}" for client in range(CLIENTS)),
                    *(f"newcomer-{turn}" for turn in range(TURNS)),
                )
            ),
        ],
    }


def contended(turn: int, client: int) -> dict[str, dict[str, Any]]:
    """What a client decides in a turn: in each of these only one client can be first."""
    return {
        "seats_exceeded": act(
            "appointment.made", DAY, person=f"candidate-{client}", post=f"chair-{turn}"
        ),
        "already_running": act(
            "activist.admitted", DAY, person=f"newcomer-{turn}", body="council", reason="asked"
        ),
        "id_taken": act(
            "body.established",
            DAY,
            body=f"bureau-{turn}",
            name=f"The bureau of {client}",
            classification="organ",
        ),
    }


def test_of_conflicting_decisions_one_is_recorded(shared: Env, tmp_path: Path) -> None:
    with running(shared, tmp_path, "one", "two") as services, ExitStack() as stack:
        one, two = (stack.enter_context(service.client()) for service in services)
        receipts = [record(one, ground()).json()]
        ask(two, "/v1/structure", min_position=GRANT + len(receipts[0]["entries"]) + 1)

        def contend(number: int) -> list[tuple[str, int, Receipt | None]]:
            """Decide everything in every turn; look at each receipt from the other service."""
            results: list[tuple[str, int, Receipt | None]] = []
            service, other = services[number % 2], services[1 - number % 2]
            with service.client() as here, other.client() as there:
                for turn in range(TURNS):
                    for rule, wanted in contended(turn, number).items():
                        name = f"{rule}-{turn}-{number}"
                        response = record(here, {"id": name, "text": name, "acts": [wanted]})
                        if response.status_code == 201:
                            receipt = response.json()
                            last = receipt["entries"][-1]["position"]
                            seen = ask(there, f"/v1/decisions/{name}", min_position=last)
                            assert seen["decision"]["text"] == name
                            assert seen["position"] == receipt["position"]
                            results.append((rule, turn, receipt))
                        else:
                            assert response.status_code == 409, response.text
                            (violation,) = response.json()["violations"]
                            assert violation["rule"] == rule
                            assert violation["because"]
                            results.append((rule, turn, None))
            return results

        results = [each for client in at_once(contend) for each in client]
        assert len(results) == CLIENTS * TURNS * 3
        winners = Counter((rule, turn) for rule, turn, receipt in results if receipt)
        assert winners == {(rule, turn): 1 for rule in contended(0, 0) for turn in range(TURNS)}

        receipts += [receipt for _, _, receipt in results if receipt]
        entries = all_entries(one)
        assert all_entries(two) == entries
        check_log(entries, receipts)
        assert len(entries) == GRANT + sum(len(each["entries"]) + 1 for each in receipts)
        check_same([one, two], receipts)
        bodies = {body["id"]: body for body in ask(two, "/v1/structure")["bodies"]}
        assert set(bodies) == {"council", *(f"bureau-{turn}" for turn in range(TURNS))}
        assert [len(post["holders"]) for post in bodies["council"]["posts"]] == [1] * TURNS
        assert bodies["council"]["activists"] == TURNS


# A kill

BEFORE = 10
"""Decisions that one client of the victim has recorded when it has the victim killed."""
AFTER = 5
"""Decisions that each client of the survivor records once the victim is dead."""


def founding(name: str) -> dict[str, Any]:
    """A decision of several acts, with texts."""
    return {
        "id": name,
        "text": f"{name} is founded",
        "acts": [
            act("body.established", DAY, body=name, name=name.title(), classification="cell"),
            act("post.created", DAY, post=f"head-{name}", body=name, label="Head", seats=1),
            act("person.registered", "2019", person=f"of-{name}", name=f"Head of {name}"),
            act("tenure.started", DAY, person=f"of-{name}", post=f"head-{name}"),
        ],
    }


def test_a_killed_service_loses_nothing_that_it_acknowledged(shared: Env, tmp_path: Path) -> None:
    with running(shared, tmp_path, "victim", "survivor") as (victim, survivor):
        acknowledged: list[Receipt] = []
        unanswered: list[dict[str, Any]] = []
        dead = threading.Event()

        def kill() -> None:
            victim.process.kill()
            victim.process.wait(PATIENCE)
            dead.set()

        killer = threading.Thread(target=kill)

        def lean_on_the_victim(number: int) -> None:
            """Record until there is no answer; one of the clients has it killed meanwhile."""
            with victim.client() as client:
                for turn in range(100 * BEFORE):
                    if number == 0 and turn == BEFORE:
                        killer.start()
                    decision = founding(f"victim-{number}-{turn}")
                    try:
                        response = record(client, decision)
                    except httpx.TransportError:
                        unanswered.append(decision)
                        return
                    assert response.status_code == 201, response.text
                    acknowledged.append(response.json())

        def lean_on_the_survivor(number: int) -> None:
            """Record until the other is dead, and some time longer."""
            turn = after = 0
            with survivor.client() as client:
                while after < AFTER and turn < 1_000:
                    after += dead.is_set()
                    response = record(client, founding(f"survivor-{number}-{turn}"))
                    assert response.status_code == 201, response.text
                    acknowledged.append(response.json())
                    turn += 1

        at_once(lambda n: lean_on_the_survivor(n) if n % 2 else lean_on_the_victim(n))
        killer.join()
        assert len(acknowledged) >= BEFORE + AFTER * CLIENTS // 2
        assert len(unanswered) == CLIENTS // 2

        with survivor.client() as client:
            check_log(all_entries(client), acknowledged)
            retried = []
            for decision in unanswered:
                response = record(client, decision)
                assert response.status_code in (200, 201), response.text
                retried.append(response.json())
            for decision, receipt in zip(unanswered, retried, strict=True):
                response = record(client, decision)
                assert (response.status_code, response.json()) == (200, receipt)
                seen = ask(client, f"/v1/decisions/{decision['id']}")
                assert seen["decision"] == decision
            acknowledged += retried
            entries = all_entries(client)
            check_log(entries, acknowledged)
            assert len(entries) == len(acknowledged) * 5 + GRANT  # nothing else is there

            with running(shared, tmp_path, "victim") as (risen,), risen.client() as again:
                assert all_entries(again)[:-GRANT] == entries
                check_same([client, again], acknowledged)
                for receipt in acknowledged:  # with every text
                    decision = ask(again, f"/v1/decisions/{receipt['decision']}")["decision"]
                    assert decision == founding(receipt["decision"])
                last = founding("after-all")
                assert record(again, last).status_code == 201
                assert record(client, last).status_code == 200

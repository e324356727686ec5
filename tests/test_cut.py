"""The connection to the database is cut after COMMIT has reached it, and before its answer.

Whoever sends the decision again, with its id or its idempotency key, gets the first receipt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.ledger import Ledger
from service.log.log import Log
from service.settings import Settings
from tests.cutting import Proxy, cutting
from tests.ledgers import act, told
from tests.serving import serving

STORED = b'{"act":'  # bytes of an entry, in the one statement that stores a group
COMMIT = b"COMMIT"  # where a transaction was begun, because others had recorded meanwhile


@dataclass(frozen=True)
class Door:
    client: httpx.Client
    proxy: Proxy
    database: str
    directory: Path

    def post(self, content: Any, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/v1/decisions", json=content, headers=named)

    def cut(self, when: bytes, *, awaits: bool) -> None:
        """Have the next recording cut; before a COMMIT, another process records something."""
        if when == COMMIT:
            other = Ledger(
                Settings(
                    ledger=self.database,
                    vault=f"sqlite:///{self.directory / 'curule-vault.db'}",
                    views=self.directory / "other-views.db",
                )
            )
            with closing(other):
                told(other, *founding("Other")["acts"])
        self.proxy.awaits = awaits
        self.proxy.cut_after = when

    def decisions(self) -> int:
        log = Log(self.database)
        try:
            return sum(one.type == "decision.taken" for one in log.entries())
        finally:
            log.close()


@pytest.fixture
def door(tmp_path: Path, postgres_url: str) -> Iterator[Door]:
    with opened(tmp_path, postgres_url) as it:
        yield it


@contextmanager
def opened(directory: Path, database: str) -> Iterator[Door]:
    with (
        cutting(database) as (through, proxy),
        serving(directory, ledger_url=through) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
    ):
        yield Door(client, proxy, database, directory)


def founding(name: str, **envelope: Any) -> dict[str, Any]:
    acts = [act("body.established", "2020", name=name, classification="club", purpose="Chess")]
    return {**envelope, "acts": acts}


@pytest.mark.parametrize("awaits", [True, False])
@pytest.mark.parametrize("when", [STORED, COMMIT])
@pytest.mark.parametrize(
    ("named", "headers"),
    [
        ({"id": "club"}, {}),
        ({}, {"Idempotency_Key": "k"}),
        ({"id": "club"}, {"Idempotency_Key": "k"}),
    ],
)
def test_a_retry_gets_the_first_receipt(
    door: Door, named: dict[str, str], headers: dict[str, str], when: bytes, *, awaits: bool
) -> None:
    first = door.post(founding("First"))
    assert first.status_code == 201
    door.cut(when, awaits=awaits)
    before = door.decisions()
    cut = door.post(founding("Club", **named), **headers)
    assert (cut.status_code, door.proxy.cuts) == (503, 1)
    assert cut.json()["type"] == "urn:curule:problem:unknown-outcome"
    again = door.post(founding("Club", **named), **headers)
    assert again.status_code == 200 if awaits else again.status_code in (200, 201)
    assert door.decisions() == before + 1
    recorded = again.json()
    decided = door.client.get(f"/v1/decisions/{recorded['decision']}").json()
    assert decided["position"] == recorded["position"]
    third = door.post(founding("Club", **named), **headers)
    assert (third.status_code, third.json()) == (200, recorded)


def test_without_id_and_key_nobody_can_know(door: Door) -> None:
    """So it was recorded indeed, although no answer came."""
    door.post(founding("First"))
    door.cut(STORED, awaits=True)
    before = door.decisions()
    assert door.post(founding("Club")).status_code == 503
    assert door.decisions() == before + 1
    assert door.post(founding("Club")).status_code == 201
    assert door.decisions() == before + 2


@pytest.mark.parametrize("awaits", [True, False])
def test_lines_that_were_not_answered_are_sent_again(door: Door, *, awaits: bool) -> None:
    def post() -> list[dict[str, Any]]:
        response = door.client.post(
            "/v1/decisions",
            content=b"".join(json.dumps(founding(f"B{n}")).encode() + b"\n" for n in range(5)),
            headers={"Content-Type": "application/jsonl", "Idempotency-Key": "k"},
        )
        assert response.status_code == 200
        return [json.loads(line) for line in response.text.splitlines()]

    door.post(founding("First"))
    door.cut(STORED, awaits=awaits)
    before = door.decisions()
    (problem,) = post()
    assert (problem["line"], problem["type"]) == (1, "urn:curule:problem:unknown-outcome")
    again = post()
    assert [each["line"] for each in again] == [1, 2, 3, 4, 5]
    assert len({each["created"] for each in again}) == 1
    assert not (awaits and again[0]["created"])
    assert door.decisions() == before + 5
    third = post()
    assert [{**each, "created": True} for each in third] == [
        {**each, "created": True} for each in again
    ]

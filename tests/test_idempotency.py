"""Idempotency-Key and If-Match: a decision is recorded once, and only on what its client knows."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.access import LOCAL
from domain.entries import read
from service.ledger import Ledger
from service.log.appends import Append, Draft, LogMoved
from service.log.log import Log
from service.recording.recorder import KeyReused, Receipt, Refusal, Sent, Stale
from service.settings import Settings
from service.vault.master import VaultLocked
from service.vault.rotation import rotate
from service.vault.vault import Vault
from service.verifying import Trusted
from service.verifying.ledger import verify_ledger
from tests.ledgers import act, decision, ledger_in, told
from tests.serving import serving

FOUNDING: dict[str, Any] = {
    "title": "The club is founded",
    "acts": [
        act("body.established", "2020-01-01", name="Club", classification="club"),
        act("person.registered", "2020", name="Ann"),
    ],
}


def body(name: str) -> dict[str, Any]:
    return {"acts": [act("body.established", "2020-01-01", name=name, classification="club")]}


@contextmanager
def client(directory: Path, log_url: str | None = None) -> Iterator[httpx.Client]:
    with (
        serving(directory, ledger_url=log_url) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One ledger for all that does not mind what else is in it."""
    with client(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


@pytest.fixture
def door(tmp_path: Path, log_url: str) -> Iterator[httpx.Client]:
    with client(tmp_path, log_url) as opened:
        yield opened


def post(door: httpx.Client, content: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return door.post("/v1/decisions", json=content, headers=named)


def newest(door: httpx.Client) -> int:
    position: int = door.get("/v1/entries?limit=1").json()["basis"]["position"]
    return position


def kind(response: httpx.Response) -> str:
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    assert response.json()["status"] == response.status_code
    return str(response.json()["type"]).removeprefix("urn:curule:problem:")


# The key


def test_a_key_records_one_decision_once(door: httpx.Client) -> None:
    first = post(door, FOUNDING, Idempotency_Key='"founding-1"')
    again = post(door, FOUNDING, Idempotency_Key="founding-1")  # quoted or not
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert newest(door) == 3
    elsewhere = post(door, FOUNDING, Idempotency_Key="founding-2")
    assert (elsewhere.status_code, elsewhere.json()["position"]) == (201, 4)
    without = post(door, FOUNDING)
    assert (without.status_code, without.json()["position"]) == (201, 7)


def test_a_key_is_not_for_another_decision(door: httpx.Client) -> None:
    first = post(door, FOUNDING, Idempotency_Key="k")
    other = post(door, {**FOUNDING, "title": "Another"}, Idempotency_Key="k")
    assert (other.status_code, kind(other)) == (422, "key-reused")
    assert other.json()["decision"] == first.json()["decision"]
    named = post(door, {**FOUNDING, "id": "founding"}, Idempotency_Key="k")
    assert (named.status_code, kind(named)) == (422, "key-reused")
    known = post(door, {**FOUNDING, "id": first.json()["decision"]}, Idempotency_Key="k")
    assert (known.status_code, known.json()) == (200, first.json())
    assert newest(door) == 3


def test_an_id_and_a_key_may_both_be_given(door: httpx.Client) -> None:
    named = {**FOUNDING, "id": "founding"}
    first = post(door, named)
    assert post(door, named, Idempotency_Key="late").json() == first.json()
    assert post(door, body("Late"), Idempotency_Key="late").status_code == 201  # not used up
    both = post(door, {**body("Both"), "id": "both"}, Idempotency_Key="both")
    for content in (body("Both"), {**body("Both"), "id": "both"}):
        again = post(door, content, Idempotency_Key="both")
        assert (again.status_code, again.json()) == (200, both.json())


def test_what_is_refused_or_rehearsed_uses_no_key(door: httpx.Client) -> None:
    post(door, {"acts": [act("body.established", "2020", body="b", name="B", classification="c")]})
    admission = {"acts": [act("activist.admitted", "2021", person="ann", body="b")]}
    assert kind(post(door, admission, Idempotency_Key="k")) == "refused"
    dry = door.post("/v1/decisions?dry_run=true", json=body("X"), headers={"Idempotency-Key": "k"})
    assert dry.json()["accepted"]
    assert kind(post(door, {"acts": []}, Idempotency_Key="k")) == "malformed"
    post(door, {"acts": [act("person.registered", "2020", person="ann", name="Ann")]})
    assert post(door, admission, Idempotency_Key="k").status_code == 201


@pytest.mark.parametrize(
    "key",
    [
        "",
        '"',
        '""',
        '"a',
        'a"b',
        "a b",
        '"a b"',
        '"a\\b"',
        "k" * 256,
        f'"{"k" * 256}"',
        '"a";b=1',
        "é",
    ],
)
def test_a_malformed_key_is_named(shared: httpx.Client, key: str) -> None:
    response = shared.post(
        "/v1/decisions", json=FOUNDING, headers=[(b"Idempotency-Key", key.encode())]
    )
    assert (response.status_code, kind(response)) == (400, "header")
    assert response.json()["errors"][0]["header"] == "Idempotency-Key"


@pytest.mark.parametrize("key", ["a", "k" * 255, "!~", '"\\"\\\\"', "a;b=1", "{0x}"])
def test_a_well_formed_key_is_taken(shared: httpx.Client, key: str) -> None:
    door = shared
    first, again = (
        door.post("/v1/decisions", json=FOUNDING, headers=[(b"Idempotency-Key", key.encode())])
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 200)


def test_two_keys_are_none(shared: httpx.Client) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    response = shared.post("/v1/decisions", json=FOUNDING, headers=headers)
    assert kind(response) == "header"


def test_a_key_that_is_running_is_told_so(tmp_path: Path) -> None:
    with client(tmp_path) as door, ThreadPoolExecutor(1) as threads:
        holding = threading.Event()

        def slowly() -> Iterator[bytes]:
            yield json.dumps(FOUNDING).encode() + b"\n"
            holding.wait(30)

        headers = {"Content-Type": "application/jsonl", "Idempotency-Key": "k"}
        slow = threads.submit(lambda: door.post("/v1/decisions", content=slowly(), headers=headers))
        for _ in range(600):
            if newest(door) == 3:
                break
            time.sleep(0.05)
        meanwhile = post(door, FOUNDING, Idempotency_Key="k")
        holding.set()
        assert slow.result().status_code == 200
        assert (meanwhile.status_code, kind(meanwhile)) == (409, "key-running")
        assert meanwhile.headers["Retry-After"] == "1"
        assert post(door, body("Free"), Idempotency_Key="k").status_code == 201


# In the log


def keyed(content: Any, key: str, by: str = "test") -> Sent:
    return Sent(decision(*content["acts"], **{k: v for k, v in content.items() if k != "acts"}),
                replace(LOCAL, id=by), key)  # fmt: skip


def test_the_log_tells_nothing_of_the_key(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.recorder.record([keyed(FOUNDING, "a-secret-key")])
        taken, *acts = ledger.log.entries()
        assert re.fullmatch(r"idempotency:[A-Za-z0-9_-]{43}", taken.tags[-1])
        assert not [one for one in acts for tag in one.tags if tag.startswith("idempotency")]
        assert b"secret" not in b"".join(one.entry for one in (taken, *acts))
        settings = Settings(
            ledger=f"sqlite:///{tmp_path / 'log.db'}",
            vault=f"sqlite:///{tmp_path / 'vault.db'}",
            views=tmp_path / "views.db",
        )
        ledger.follow()
        verdict = verify_ledger(settings, Trusted(), lambda *_: None, log_only=False)
        assert list(verdict.found) == []


def test_each_principal_has_keys_of_its_own(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        sent = [keyed(FOUNDING, "k", by) for by in ("one", "other", "one")]
        one, other, again = ledger.recorder.record(sent)
        assert isinstance(one, Receipt)
        assert isinstance(other, Receipt)
        assert isinstance(again, Receipt)
        assert [each.created for each in (one, other, again)] == [True, True, False]
        assert again.entries == one.entries != other.entries
        # The principal's id ends where the key begins.
        (split,) = ledger.recorder.record([keyed(body("X"), "\0k", "one")])
        assert isinstance(split, Receipt)


def test_two_processes_cannot_both_use_a_key(tmp_path: Path, log_url: str) -> None:
    with ledger_in(tmp_path, log_url) as one, ledger_in(tmp_path, log_url) as other:
        for number in range(8):
            start = threading.Barrier(2)

            def record(ledger: Ledger, name: str, start: threading.Barrier = start) -> Any:
                start.wait()
                return ledger.recorder.record([keyed(body(name), f"k{number}")])[0]  # noqa: B023

            with ThreadPoolExecutor(2) as threads:
                same = list(threads.map(record, (one, other), ("Same", "Same")))
            assert sorted(each.created for each in same) == [False, True]
            assert same[0].position == same[1].position
        told(one, act("person.registered", "2020", person="zoe", name="Zoe"))
        first = one.recorder.record([keyed(body("One"), "k")])[0]
        different = other.recorder.record([keyed(body("Other"), "k")])[0]
        assert isinstance(first, Receipt)
        assert different == KeyReused(first.decision)


def test_what_was_erased_since_counts_as_the_same(tmp_path: Path) -> None:
    registration = {"acts": [act("person.registered", "2020", person="ann", name="Ann")]}
    with ledger_in(tmp_path) as ledger:
        (first,) = ledger.recorder.record([keyed(registration, "k")])
        ledger.erasures.erase("ann", "gdpr-17-1-b", "test")
        (again,) = ledger.recorder.record([keyed(registration, "k")])
        assert isinstance(first, Receipt)
        assert isinstance(again, Receipt)
        assert (again.created, again.position) == (False, first.position)


def test_an_amended_decision_and_remarks_on_it_do_not_take_its_key(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        (first,) = ledger.recorder.record([keyed({**FOUNDING, "id": "founding"}, "k")])
        told(ledger, act("decision.amended", decision="founding", vote={"eligible": 3}))
        told(ledger, act("remark.made", entry=1, text="Doubtful."))
        (again,) = ledger.recorder.record([keyed({**FOUNDING, "id": "founding"}, "k")])
        assert isinstance(first, Receipt)
        assert isinstance(again, Receipt)
        assert again.entries == first.entries


def test_the_secret_is_made_once_and_outlives_rotation_and_sweeping(tmp_path: Path) -> None:
    settings = Settings(
        ledger=f"sqlite:///{tmp_path / 'log.db'}",
        vault=f"sqlite:///{tmp_path / 'vault.db'}",
        views=tmp_path / "views.db",
    )
    with ledger_in(tmp_path) as ledger:
        (first,) = ledger.recorder.record([keyed(FOUNDING, "k")])
        before = ledger.vault.secret("idempotency")
        ledger.sweep()
    rotate(settings, None, lambda *_: None)
    with ledger_in(tmp_path) as ledger:
        assert ledger.vault.secret("idempotency") == before
        (again,) = ledger.recorder.record([keyed(FOUNDING, "k")])
        assert isinstance(first, Receipt)
        assert isinstance(again, Receipt)
        assert (again.created, again.position) == (False, first.position)


def test_processes_agree_on_the_secret(tmp_path: Path, log_url: str) -> None:
    key = bytes(32)
    with ExitStack() as stack:
        vaults = [stack.enter_context(closing(Vault(log_url, key))) for _ in range(6)]
        start = threading.Barrier(len(vaults))

        def secret(vault: Vault) -> bytes:
            start.wait()
            return vault.secret("idempotency")

        with ThreadPoolExecutor(len(vaults)) as threads:
            found = set(threads.map(secret, vaults))
        assert len(found) == 1
        assert vaults[0].secret("another") not in found
        with closing(Vault(log_url, bytes([1]) * 32, retires=key)) as rotated:
            rotated.rewrap(key, lambda *_: None)
            assert {rotated.secret("idempotency")} == found
            with pytest.raises(VaultLocked):
                vaults[0].secret("idempotency")


# If-Match


def test_it_is_recorded_only_on_the_newest_position(door: httpx.Client) -> None:
    first = post(door, FOUNDING, If_Match='"0"')
    assert first.status_code == 201
    assert first.headers["Ledger-Position"] == "3"
    stale = post(door, body("Late"), If_Match='"0"')
    assert (stale.status_code, kind(stale), stale.json()["newest"]) == (412, "stale", 3)
    ahead = post(door, body("Early"), If_Match='"4"')
    assert (ahead.status_code, ahead.json()["newest"]) == (412, 3)
    assert newest(door) == 3
    assert post(door, body("Next"), If_Match='"3"').status_code == 201
    for header in ("*", '"1", "5"', '"x","5",W/"9"', ', "5",'):
        dry = door.post("/v1/decisions?dry_run=1", json=body("X"), headers={"If-Match": header})
        assert (dry.status_code, dry.json().get("accepted")) == (200, True)
    for header in ('W/"5"', '"05"', '"x"', '"1", "2"'):
        assert kind(post(door, body("X"), If_Match=header)) == "stale"
        dry = door.post("/v1/decisions?dry_run=1", json=body("X"), headers={"If-Match": header})
        assert kind(dry) == "stale"


def test_what_was_recorded_before_gets_its_receipt_whatever_is_the_newest(
    door: httpx.Client,
) -> None:
    named = {**FOUNDING, "id": "founding"}
    first = post(door, named, If_Match='"0"', Idempotency_Key="k")
    again = post(door, named, If_Match='"0"')
    assert (again.status_code, again.json()) == (200, first.json())
    again = post(door, FOUNDING, If_Match='"0"', Idempotency_Key="k")
    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize("tags", ["", "5", '"5', '"5" "6"', '*, "5"', 'w/"5"', ",", '"5";q=1'])
def test_malformed_tags_are_named(shared: httpx.Client, tags: str) -> None:
    response = post(shared, FOUNDING, If_Match=tags)
    assert (response.status_code, kind(response)) == (400, "header")
    assert response.json()["errors"][0]["header"] == "If-Match"


def test_of_those_who_build_on_one_position_one_wins(tmp_path: Path, log_url: str) -> None:
    with (
        ledger_in(tmp_path, log_url) as one,
        ledger_in(tmp_path, log_url) as other,
        ThreadPoolExecutor(6) as threads,
    ):
        for _ in range(5):
            at = one.log.newest()

            def record(number: int, at: int = at) -> Any:
                asked = Sent(decision(*body(f"B{number}")["acts"]), LOCAL, None, frozenset({at}))
                return (one, other)[number % 2].recorder.record([asked])[0]

            answers = list(threads.map(record, range(6)))
            assert sum(isinstance(each, Receipt) for each in answers) == 1
            assert [each for each in answers if isinstance(each, Stale)] == [Stale(at + 2)] * 5


def test_an_append_follows_the_position_that_it_demands(tmp_path: Path, log_url: str) -> None:
    """Also where another process has recorded what this one has not read yet."""

    def append(at: int, name: str) -> Append:
        return Append((Draft("t", (f"n:{name}",), name.encode()),), at=at)

    with closing(Log(log_url)) as one, closing(Log(log_url)) as other:
        one.record(append(0, "first"))
        with pytest.raises(LogMoved, match="the newest position is 1"):
            other.record(append(0, "late"))
        one.record(append(1, "second"))
        other.record(append(2, "third"))
        with pytest.raises(LogMoved):
            one.record(append(4, "early"))
        outcomes = one.record_all([append(3, "a"), append(3, "b"), append(4, "c"), append(9, "d")])
        assert [isinstance(each, LogMoved) for each in outcomes] == [False, True, False, True]
        assert [each.entry for each in other.entries()] == [
            b"first", b"second", b"third", b"a", b"c",
        ]  # fmt: skip


def test_refusals_stay_refusals(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        unknown = decision(act("activist.admitted", "2021", person="ann", body="b"))
        (refusal,) = ledger.recorder.record([Sent(unknown, LOCAL, "k", frozenset({0}))])
        assert isinstance(refusal, Refusal)
        (stale,) = ledger.recorder.record([Sent(unknown, LOCAL, "k", frozenset({1}))])
        assert stale == Stale(0)
        assert [read(one.entry) for one in ledger.log.entries()] == []

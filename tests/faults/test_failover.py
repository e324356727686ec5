"""The primary database is killed under load, and a standby takes its place.

Two services record and are asked, each by eight clients; neither is started again. With
synchronous replication nothing is lost. Without it, what was acknowledged may be: then nobody
signs another history.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.transparency.checkpoints import Checkpoint
from domain.transparency.notes import read_note
from service.log.signing import kept_in
from tests.faults.load import ANSWERED, CLIENTS, Load, address, client, load_of, serving, verify
from tests.faults.network import Network, network
from tests.faults.replicas import PRIMARY, Replicas, replicas
from tests.faults.scale import long_only, times
from tests.serving import Env, made_keys
from tests.test_two_services import GRANT, PATIENCE, founding

NAMES = ("one", "two")


def stores_of(cluster: Replicas, cable: Network | None = None) -> Env:
    """A log and a vault on whichever is the primary, the first one by way of a network if told."""
    with cluster.on(PRIMARY) as primary:
        primary.execute("CREATE DATABASE curule")
    url = cluster.address("curule", ("127.0.0.1", cable.port) if cable else None)
    return {"CURULE_LEDGER": url, "CURULE_VAULT": url, **made_keys()}


@contextmanager
def two_under_load(stores: Env, directory: Path) -> Iterator[tuple[Load, Load]]:
    """Two services on one log, each with clients of its own."""
    first = load_of(stores, directory)
    loads = (first, Load(first.key, name="other"))
    with ExitStack() as stack:
        processes = [stack.enter_context(serving(stores, directory, name)) for name in NAMES]
        for load, process in zip(loads, processes, strict=True):
            load.url = address(process)
            stack.enter_context(load.running())
        yield loads
        assert all(process.poll() is None for process in processes)


@contextmanager
def losing_nothing(
    cluster: Replicas, directory: Path, cable: Network | None = None
) -> Iterator[tuple[Load, Load]]:
    """Something is done to the databases under load; at the end all of it is looked at."""
    stores = stores_of(cluster, cable)
    with two_under_load(stores, directory) as loads:
        for load in loads:
            load.reach(20)
        yield loads
        for load in loads:
            load.reach(20)
        for load in loads:
            load.settle()
        acknowledged = [receipt for load in loads for receipt in load.acknowledged]
        for load in loads:
            Load(load.key, acknowledged=acknowledged).check(load.url)
        assert [remembered(directory, name) for name in NAMES] == [
            GRANT + 5 * len(acknowledged)
        ] * len(NAMES)
    for name in NAMES:
        verify(stores, directory, name)


@pytest.mark.parametrize("headless", range(times(1, 10)))
def test_a_synchronous_standby_loses_nothing(headless: int, tmp_path: Path) -> None:
    with replicas(synchronous=True) as cluster, losing_nothing(cluster, tmp_path) as loads:
        cluster.kill_primary()
        time.sleep(headless)
        cluster.promote()
    assert all(load.answers["urn:curule:problem:unknown-outcome"] for load in loads)


@long_only
def test_a_primary_that_falls_silent_keeps_nobody_waiting(tmp_path: Path) -> None:
    with (
        replicas(synchronous=True) as cluster,
        network(cluster.socket) as cable,
        losing_nothing(cluster, tmp_path, cable) as loads,
    ):
        cable.swallow()
        cluster.fail_over()
        for load in loads:
            load.reach(20)
        cable.heal()


@long_only
def test_nothing_is_acknowledged_that_the_standby_does_not_have(tmp_path: Path) -> None:
    with replicas(synchronous=True) as cluster:
        with cluster.on(PRIMARY) as primary:  # what the role says is not enough
            primary.execute("ALTER ROLE postgres SET synchronous_commit = local")
        lose_the_standby(cluster, tmp_path)


def lose_the_standby(cluster: Replicas, directory: Path) -> None:
    """Have no standby for a time, under load."""
    with losing_nothing(cluster, directory) as loads:
        cluster.stop_standby()
        before = [len(load.acknowledged) for load in loads]
        time.sleep(2 * ANSWERED)  # longer than any of the service's own waits
        after = [len(load.acknowledged) for load in loads]
        # What the standby had already may be acknowledged yet: one commit.
        assert all(more - fewer <= CLIENTS for fewer, more in zip(before, after, strict=True))
        cluster.start_standby()


PASSING = {f"urn:curule:problem:{name}" for name in ("unknown-outcome", "unavailable", "behind")}
"""What a service says until it has found the database that takes its place."""


def settled(load: Load, method: str, path: str, **sent: Any) -> httpx.Response:
    """Ask until the answer is not one that passes."""
    deadline = time.monotonic() + PATIENCE
    with client(load.key, load.url) as asked:
        while (answer := asked.request(method, path, **sent)).status_code == 503:
            if answer.json()["type"] not in PASSING:
                break
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.05)
    return answer


def record(load: Load, number: int) -> httpx.Response:
    """The answer of a service to one more decision."""
    return settled(load, "POST", "/v1/decisions", json=founding(f"alone-{number}"))


def newest_of(load: Load) -> int:
    """The newest position, as a service tells it."""
    position: int = settled(load, "GET", "/v1/bodies").json()["basis"]["position"]
    return position


def ready_is(load: Load, status: int) -> None:
    """A service says, within a second or so, whether requests should be sent to it."""
    deadline = time.monotonic() + PATIENCE
    while (answer := httpx.get(f"{load.url}/readyz", trust_env=False)).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


def remembered(directory: Path, name: str) -> int:
    """How many entries a service knows to be signed."""
    kept = kept_in((directory / f"{name}-views.db.signed").read_bytes())
    return Checkpoint.read(read_note(kept)[0]).size


def test_nobody_signs_another_history_of_what_a_failover_lost(tmp_path: Path) -> None:
    with replicas(synchronous=False) as cluster:
        stores = stores_of(cluster)
        with two_under_load(stores, tmp_path) as (one, two):
            for load in (one, two):
                load.reach(10)
                load.settle()
            cluster.deafen()
            receipts = [record(one, number).json() for number in range(3)]
            last = receipts[-1]["entries"][-1]["position"]
            assert newest_of(two) == last  # of which it has signed nothing
            cluster.fail_over()

            for number in (0, 99):  # what was lost, and something else
                for load in (one, two):
                    answer = record(load, number)
                    assert answer.status_code == 503, answer.text
                    assert answer.json()["type"] == "urn:curule:problem:rewound"
            ready_is(one, 503)
            ready_is(two, 503)
            assert newest_of(one) == newest_of(two) == last - 5 * len(receipts)
            assert [remembered(tmp_path, name) for name in NAMES] == [last] * len(NAMES)

            cluster.fail_back()  # with all that was signed
            again = record(two, 0)
            assert (again.status_code, again.json()) == (200, receipts[0])
            assert record(one, 99).status_code == 201
            ready_is(one, 200)
            ready_is(two, 200)
        for name in NAMES:
            verify(stores, tmp_path, name)

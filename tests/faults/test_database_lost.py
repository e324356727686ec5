"""The database is restarted, and the network to it cut, while eight clients record and one asks.

Every request is answered within ten seconds: a client waits no longer, and then fails.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.faults.load import ANSWERED, Load, address, load_of, serving, verify
from tests.faults.network import Network, network
from tests.faults.scale import long_only, times
from tests.postgres import Server, postgres_server
from tests.serving import Env, made_keys

RESTARTS = times(2, 20)
CUTS = times(1, 10)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of these tests alone, since they stop it."""
    with postgres_server() as started:
        yield started


@pytest.fixture
def cable(server: Server) -> Iterator[Network]:
    """The network to the server."""
    with network(server.root / ".s.PGSQL.5432") as made:
        yield made


@pytest.fixture
def stores(server: Server, cable: Network) -> Env:
    """A log and a vault at the other end of the network."""
    url = f"postgresql+psycopg://postgres@127.0.0.1:{cable.port}/{make_url(server()).database}"
    return {"CURULE_LEDGER": url, "CURULE_VAULT": url, **made_keys()}


@contextmanager
def under_load(stores: Env, directory: Path, program: str = "service") -> Iterator[Load]:
    """A service that clients record in; at the end all of it is looked at."""
    load = load_of(stores, directory)
    with serving(stores, directory, program=program) as process:
        load.url = address(process)
        with load.running():
            load.reach(20)
            yield load
            load.reach(20)
            load.settle()
            load.check(load.url)
        assert process.poll() is None
    verify(stores, directory)


def test_restarts_lose_nothing(server: Server, stores: Env, tmp_path: Path) -> None:
    with under_load(stores, tmp_path) as load:
        for number in range(RESTARTS):
            time.sleep(random.Random(number).uniform(0, 0.3))
            server.restart()
            load.reach(8)
    assert load.answers["urn:curule:problem:unknown-outcome"] >= RESTARTS


def lose_an_answer(cable: Network) -> None:
    """Entries are recorded, and nobody hears of it."""
    cable.deafen(at=b'"recorded_at":')
    while not cable.is_deaf:
        time.sleep(0.001)
    time.sleep(0.2)
    cable.cut()
    cable.heal()


def test_a_cut_connection_loses_nothing(cable: Network, stores: Env, tmp_path: Path) -> None:
    chance = random.Random(1)
    with under_load(stores, tmp_path) as load:
        for _ in range(3 * CUTS):
            time.sleep(chance.uniform(0, 0.2))
            cable.cut()
            load.reach(4)
        for _ in range(10 * CUTS):  # what the others were faster with was not recorded
            lose_an_answer(cable)
            load.reach(4)
            if load.answers["200"] >= CUTS:
                break
    assert load.answers["200"] >= CUTS  # it was recorded, and not twice


def test_a_silent_network_keeps_nobody_waiting(cable: Network, stores: Env, tmp_path: Path) -> None:
    with under_load(stores, tmp_path) as load:
        for number in range(times(1, 4)):
            cable.deafen() if number % 2 else cable.swallow()
            time.sleep(ANSWERED + number)
            cable.heal()
            load.reach(4)
    assert load.answers["asked: 503"]


def test_who_does_not_look_up_what_is_recorded_tells_of_false_conflicts(
    cable: Network, stores: Env, tmp_path: Path
) -> None:
    load = load_of(stores, tmp_path)
    with serving(stores, tmp_path, program="tests.faults.forgetful") as process:
        load.url = address(process)
        with pytest.raises(AssertionError, match="id_taken"), load.running():  # noqa: PT012
            load.reach(20)
            lose_an_answer(cable)


@long_only
def test_who_waits_for_ever_lets_others_wait(cable: Network, stores: Env, tmp_path: Path) -> None:
    load = load_of(stores, tmp_path)
    with serving(stores, tmp_path, program="tests.faults.patient") as process:
        load.url = address(process)
        with pytest.raises(AssertionError, match="ReadTimeout"), load.running():  # noqa: PT012
            load.reach(20)
            silence(cable, ANSWERED + 2)


def silence(cable: Network, seconds: float) -> None:
    """Let nothing through for a time."""
    cable.swallow()
    time.sleep(seconds)
    cable.heal()

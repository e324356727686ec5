"""The service is killed again and again while eight clients record."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.faults.load import Load, address, load_of, serving, verify
from tests.faults.scale import on_either_database, times
from tests.serving import Env

KILLS = times(3, 100)


def kill(stores: Env, directory: Path, load: Load, kills: int, program: str = "service") -> None:
    """Serve and kill; each time a moment later, and now and then before it is there."""
    chance = random.Random(kills)
    for number in range(kills):
        with serving(stores, directory, program=program) as process:
            if number % 10 == 3:
                time.sleep(chance.uniform(0, 2))
            else:
                load.url = address(process)
                load.reach(chance.randint(1, 30))
                time.sleep(chance.uniform(0, 0.1))
            process.kill()
            load.url = ""


@on_either_database
def test_kills_lose_nothing_acknowledged(shared: Env, tmp_path: Path) -> None:
    load = load_of(shared, tmp_path)
    with load.running():
        kill(shared, tmp_path, load, KILLS)
        with serving(shared, tmp_path) as process:
            load.url = address(process)
            load.reach(8)
            load.settle()
            load.check(load.url)
    verify(shared, tmp_path)
    cut_off = load.answers["ReadError"] + load.answers["RemoteProtocolError"]
    assert cut_off >= KILLS / 2  # so it was killed while it recorded


@pytest.mark.parametrize("shared", ["sqlite"], indirect=True)
def test_to_acknowledge_before_the_commit_would(shared: Env, tmp_path: Path) -> None:
    load = load_of(shared, tmp_path)
    with load.running():
        kill(shared, tmp_path, load, 1, program="tests.faults.hasty")
        (tmp_path / "curule.db.signed").unlink()  # it would tell, and the service not start
        with serving(shared, tmp_path) as process:
            load.url = address(process)
            load.settle()
            with pytest.raises((AssertionError, KeyError)):
                load.check(load.url)

"""The power fails: what was acknowledged is there when it is back, and the ledger is whole."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from service.ledger import Ledger
from service.log.signing import LogRewound
from service.recording.recorder import Receipt
from service.verifying import Trusted
from service.verifying.ledger import verify_ledger
from tests.faults.disk import Event, after_power_cut, written
from tests.faults.power import sent_in, settings
from tests.faults.scale import times
from tests.ledgers import decision, sent

ROOT = Path(__file__).parents[2]
CUTS = times(10, 500)
TURNS = 150


def seen(folder: Path, *how: str) -> list[Event]:
    """All that happens to the files of a ledger while decisions are recorded in it."""
    notes = folder / "notes"
    (folder / "ledger").mkdir(parents=True)
    command = [sys.executable, "-m", "tests.faults.power", str(folder / "ledger")]
    subprocess.run([*command, str(TURNS), str(notes), *how], cwd=ROOT, check=True)
    events: list[Event] = pickle.loads(notes.read_bytes())  # noqa: S301 (we have written it)
    return events


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """Where a ledger was recorded in, and all that happened."""
    folder = tmp_path_factory.mktemp("power")
    return folder / "ledger", seen(folder)


@pytest.fixture(scope="module")
def unsynced(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The same, where commits are not synced."""
    return seen(tmp_path_factory.mktemp("unsynced"), "normal")


def restored(events: list[Event], folder: Path, chance: random.Random) -> list[Receipt]:
    """Cut the power at a moment, lay out what is left, and tell what was acknowledged by then."""
    before = events[: chance.randrange(len(events))]
    folder.mkdir()
    for path, content in after_power_cut(before, chance).items():
        (folder / Path(path).name).write_bytes(content)
    return [event[1] for event in before if event[0] == "ack"]


def lost(acknowledged: list[Receipt], ledger: Ledger) -> set[int]:
    """The positions of entries that were acknowledged and are not there as the receipts say."""
    leaves = {one.position: one.leaf_hash.hex() for one in ledger.log.entries()}
    told = {(one.position, one.leaf_hash) for each in acknowledged for one in each.entries}
    told |= {(each.position, each.leaf_hash) for each in acknowledged}
    return {position for position, hash_ in told if leaves.get(position) != hash_}


def check(acknowledged: list[Receipt], folder: Path) -> None:
    """Nothing is lost, the ledger is whole, and recording goes on."""
    with closing(Ledger(settings(folder))) as ledger:
        assert not lost(acknowledged, ledger)
        turn = len({receipt.decision.split("-")[1] for receipt in acknowledged})
        again = [sent(decision(*each.pop("acts"), **each)) for each in sent_in(turn)]
        assert all(isinstance(answer, Receipt) for answer in ledger.recorder.record(again))
        ledger.follow()
        ledger.sweep()
    verdict = verify_ledger(settings(folder), Trusted(), lambda *_: None, log_only=False)
    assert not verdict.faults
    assert not verdict.left


def test_everything_that_is_written_is_seen(happened: tuple[Path, list[Event]]) -> None:
    folder, events = happened
    there = {str(path): path.read_bytes() for path in folder.iterdir()}
    assert written(events) == there
    assert {Path(path).suffix for path in there} == {".db", ".signed"}


def test_every_sync_is_seen(happened: tuple[Path, list[Event]], unsynced: list[Event]) -> None:
    def syncs(events: list[Event]) -> int:
        return sum(event[0] == "sync" and event[1].endswith("curule.db-wal") for event in events)

    assert syncs(happened[1]) >= TURNS
    assert syncs(unsynced) < TURNS / 4


@pytest.mark.parametrize("seed", range(CUTS))
def test_a_power_cut_loses_nothing_acknowledged(
    seed: int, happened: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    acknowledged = restored(happened[1], tmp_path / "left", random.Random(seed))
    check(acknowledged, tmp_path / "left")


def test_without_syncs_it_would(unsynced: list[Event], tmp_path: Path) -> None:
    losing = 0
    for seed in range(times(10, 100)):
        acknowledged = restored(unsynced, tmp_path / f"{seed}", random.Random(seed))
        try:
            with closing(Ledger(settings(tmp_path / f"{seed}"))) as ledger:
                losing += bool(lost(acknowledged, ledger))
        except LogRewound:  # and it is noticed
            losing += 1
    assert losing > times(10, 100) / 4

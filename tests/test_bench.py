"""The ledgers that benchmarks measure are coherent: the rules accept every decision of them."""

import hashlib
from pathlib import Path

import pytest

from bench.organisation import Organisation, store
from domain.entries import read
from service.log.log import Log
from service.recording.recorder import Receipt
from tests.ledgers import entries, ledger_in, sent

SIZE = 1_000


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A log stored without asking the rules."""
    url = f"sqlite:///{tmp_path_factory.mktemp('bench') / 'log.db'}"
    assert SIZE <= store(url, SIZE) < SIZE + 30
    return url


def test_the_rules_accept_a_generated_ledger(stored: str, tmp_path: Path) -> None:
    told = [each.decision for each in Organisation(SIZE).decisions()]
    with ledger_in(tmp_path) as ledger:
        answers = [answer for each in told for answer in ledger.recorder.record([sent(each)])]
        assert [each for each in answers if not isinstance(each, Receipt)] == []
        recorded = [(entry.type, entry.decision, entry.tags) for entry in entries(ledger)]
    log = Log(stored)
    assert recorded == [
        (entry.type, entry.decision, entry.tags)
        for entry in (read(one.entry) for one in log.entries())
    ]
    log.close()


def test_a_seed_tells_the_same_ledger_again(stored: str, tmp_path: Path) -> None:
    again, other = (f"sqlite:///{tmp_path / name}.db" for name in ("again", "other"))
    store(again, SIZE)
    store(other, SIZE, seed=2)
    assert digest(stored) == digest(again) != digest(other)


def digest(url: str) -> str:
    log = Log(url)
    found = hashlib.sha256(b"".join(one.leaf_hash for one in log.entries()))
    log.close()
    return found.hexdigest()

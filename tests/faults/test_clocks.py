"""Two services on one log, and the clock of one is an hour slow and jumps."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.faults.load import Load, address, client, load_of, serving, verify
from tests.faults.scale import on_either_database, times
from tests.serving import Env
from tests.test_two_services import all_entries, ask, check_log

DECISIONS = times(100, 2_000)


def swapped(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they would be if the second decision had the time of a slow clock."""
    recorded = [each["entry"] for each in entries]
    names = [name for name, _ in groupby(recorded, lambda entry: entry["decision"])]
    slow, before = names[1], recorded[0]["recorded_at"]
    return [
        {**each, "entry": {**each["entry"], "recorded_at": before}}
        if each["entry"]["decision"] == slow
        else each
        for each in entries
    ]


@on_either_database
def test_recorded_at_rises_whatever_the_clocks_do(shared: Env, tmp_path: Path) -> None:
    slow = load_of(shared, tmp_path)
    slow.name, right = "slow", Load(slow.key, "right")
    with (
        serving(shared, tmp_path, "slow", program="tests.faults.skewed") as skewed,
        serving(shared, tmp_path, "right") as other,
    ):
        slow.url, right.url = address(skewed), address(other)
        with slow.running(), right.running():
            slow.reach(DECISIONS // 2)
            right.reach(DECISIONS // 2)
        receipts = slow.acknowledged + right.acknowledged
        with client(slow.key, slow.url) as one, client(slow.key, right.url) as two:
            entries = all_entries(one)
            assert all_entries(two) == entries
            check_log(entries, receipts)
            with pytest.raises(AssertionError):
                check_log(swapped(entries), [])
            newest = max(receipts, key=lambda each: each["position"])
            for receipt in (*receipts[:: len(receipts) // 5], newest):
                for asked in (one, two):
                    told = ask(asked, "/v1/bodies", recorded_at=receipt["recorded_at"], limit=1)
                    assert told["basis"]["position"] == receipt["entries"][-1]["position"]
                    assert told["basis"]["recorded_at"] == receipt["recorded_at"]
    verify(shared, tmp_path, "slow")

"""Decisions a second over HTTP while the service builds its views anew, and while it does not.

Each round starts a service without views on the same ledger, has clients record until the views are
built, and a few times more. The clients are one other process (`bench.decisions_load`).

    python -m bench.building FOLDER [--entries 1000000]

The ledger is made in the folder (`bench.organisation`) unless it is there already; it is a copy
that is recorded to.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench.decisions import Served, curule, load
from bench.organisation import settled

FIRST = 10_000_000
"""The number of the first new person: the organisation has others."""

MOST = 4_000
"""Decisions a second, at the very most."""

AFTER = 5
"""Runs of the clients when the views are built."""


def main() -> None:
    """Measure in rounds; print decisions a second, their ratio, and how long building took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one run of the clients")
    arguments = parser.parse_args()
    settled(arguments.folder, arguments.entries)
    ratios = []
    print("decisions a second over HTTP while views are built, and after (p99 in ms)")
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            for each in arguments.folder.glob("*.db*"):
                if not each.name.startswith("views.db"):
                    shutil.copy(each, name)
            with curule(f"sqlite:///{name}/log.db", Path(name)) as served:
                ratios.append(_round(served, arguments.clients, arguments.seconds))
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})")


def _round(served: Served, clients: int, seconds: float) -> float:
    began, first = time.perf_counter(), FIRST
    rates: dict[bool, list[float]] = {True: [], False: []}
    tails: dict[bool, list[float]] = {True: [], False: []}
    took = 0.0
    while len(rates[False]) < AFTER:
        before = _is_building(served)
        rate, tail = load(served, clients, seconds, first, newcomers=True)
        first += int(seconds * MOST)
        if before == _is_building(served):
            rates[before].append(rate)
            tails[before].append(tail)
        if before:
            took = time.perf_counter() - began
    building, quiet = (statistics.mean(rates[each] or [0.0]) for each in (True, False))
    print(
        f"  {building:7.0f}/s (p99 {max(tails[True], default=0):5.0f})"
        f"  {quiet:7.0f}/s (p99 {max(tails[False]):5.0f})"
        f"  ratio {building / quiet:.2f}; building took {took:.0f} s at most",
        flush=True,
    )
    return building / quiet


def _is_building(served: Served) -> bool:
    """Whether views are being built or have to be, as the service tells."""
    time.sleep(1.1)  # what it has found holds for a second
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/readyz") as answered:
            found = json.load(answered)
    except urllib.error.HTTPError as refused:
        found = json.load(refused)
    return not next(each["ok"] for each in found["checks"] if each["name"] == "views")


if __name__ == "__main__":
    main()

"""Entries a second that replay decodes and folds, beside the parsing of their bytes alone.

Each stage goes over the entries of one ledger by itself, and then the whole: the structure on a day
from stored bytes, as `curule replay` works it out. The ceiling is `json.loads` of the same bytes,
taken in the same round. Times are of this process's CPU.

    python -m bench.replay FOLDER [--entries 100000] [--rounds 3]

The ledger is made in the folder (`bench.organisation`) unless it is there already.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.organisation import LAST, settled
from domain.changes import moments
from domain.entries import Entry, read
from domain.moments import Moment
from domain.timelines import fold
from domain.tracks import Track
from service.log.log import Log
from service.replay import replay

Stage = Callable[[], object]


def stages(ledger: Sequence[bytes]) -> dict[str, Stage]:
    """What is measured, by its name; each is given what the stage before it makes."""
    entries = [read(each) for each in ledger]
    tracks: dict[Track, list[Moment]] = defaultdict(list)
    for entry in entries:
        for moment in moments(entry.act, entry.position):
            tracks[moment.track].append(moment)

    def every(do: Callable[..., object], *over: Iterable[Any]) -> Stage:
        return lambda: deque(map(do, *over), maxlen=0)

    def changed(entry: Entry) -> tuple[Moment, ...]:
        return tuple(moments(entry.act, entry.position))

    return {
        "json.loads": every(json.loads, ledger),
        "read (parse and decode)": every(read, ledger),
        "moments": every(changed, entries),
        "fold": every(lambda track: fold(track, no_annulment), tracks.values()),
        "replay, whole": lambda: replay(map(read, ledger), LAST),
    }


def no_annulment(_: str) -> None:
    """As if no election were annulled."""


def measure(stage: Stage) -> float:
    """The seconds of CPU that a stage takes."""
    gc.collect()
    before = time.process_time()
    stage()
    return time.process_time() - before


def main() -> None:
    """Run the stages in turn, round after round, and print entries a second."""
    parser = argparse.ArgumentParser(description="Entries a second that replay decodes and folds.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=100_000, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="that take turns (%(default)s)")
    options = parser.parse_args()
    settings = settled(options.folder, options.entries, texts=False)
    with closing(Log(settings.ledger)) as log:
        ledger = [one.entry for one in log.entries(limit=options.entries)]
    measured = stages(ledger)
    gc.freeze()  # no stage looks for garbage in what all are given
    took: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(options.rounds):
        for name, stage in measured.items():
            took[name].append(measure(stage))
    size = sum(map(len, ledger)) / len(ledger)
    print(f"{len(ledger):,} entries of {size:.0f} bytes; median of rounds; ratio to json.loads")
    for name, times in took.items():
        each = statistics.median(times) / len(ledger)
        pairs = zip(took["json.loads"], times, strict=True)
        ratio = statistics.median(bare / mine for bare, mine in pairs)
        print(f"{name:24} {1 / each:9,.0f}/s  {each * 1e6:6.2f} µs an entry  {ratio:5.2f}x")


if __name__ == "__main__":
    main()

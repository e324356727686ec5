"""How fast views are built anew and follow the log, beside a follower of single decisions.

The peer commits each decision by itself, as the `eventsourcing` library's `ProjectionRunner` does
with each event: the same tables, the same folding, one transaction a decision. The ceiling writes
the rows that building ended with into an empty file, in one transaction, and does nothing else.

    python -m bench.views FOLDER [--entries 1000000]

The ledger is made in the folder (`bench.organisation`) unless it is there already.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.organisation import settled
from projections.building import build
from projections.follower import Follower
from projections.views import Views
from service.builder import fetching
from service.garbage import uncollected
from service.log.log import Log


def main() -> None:
    """Build, follow, and follow one decision at a time; print entries a second and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--followed", type=int, default=50_000, help="entries that are followed")
    parser.add_argument("--singly", type=int, default=5_000, help="entries taken one decision each")
    arguments = parser.parse_args()
    settings = settled(arguments.folder, arguments.entries, texts=False)
    with (
        closing(Log(settings.ledger)) as log,
        tempfile.TemporaryDirectory(dir=arguments.folder) as made,
    ):
        newest = log.newest()
        followed, singly = min(arguments.followed, newest), min(arguments.singly, newest)
        path = Path(made) / "built.db"
        stages = _Stages()
        rates = {
            "rows alone, one transaction": 0.0,
            "built anew": _rate(newest, lambda: _build(log, path, stages)),
            "followed, in batches": _rate(
                followed, lambda: _follow(log, Path(made) / "followed.db", followed, 2_000)
            ),
            "followed, one decision at a time": _rate(
                singly, lambda: _follow(log, Path(made) / "singly.db", singly, 1)
            ),
        }
        rates["rows alone, one transaction"] = _rate(newest, lambda: _copy(path))
    print(f"{newest:,} entries; entries a second, and their ratio to one decision at a time")
    for name, rate in rates.items():
        print(f"{name:34} {rate:9,.0f}/s  {rate / rates['followed, one decision at a time']:6.1f}x")
    for stage, seconds in stages.took.items():
        print(f"  {stage:32} {seconds:9.1f} s")


class _Stages:
    """How long each stage of building took, in seconds."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._began = time.perf_counter()

    def __call__(self, stage: str, done: int, of: int) -> None:
        now = time.perf_counter()
        if stage not in self.took:
            self._began = now
        self.took[stage] = now - self._began


def _rate(entries: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return entries / (time.perf_counter() - began)


def _build(log: Log, path: Path, stages: _Stages) -> None:
    with uncollected():
        build(path, fetching(log), log.newest, stages)


def _follow(log: Log, path: Path, until: int, batch: int) -> None:
    with closing(Views(path)) as views:
        Follower(views, fetching(log), lambda: until, batch=batch, far=until).follow(until)


def _copy(path: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent) as copy, closing(sqlite3.connect(path)) as to:
        to.execute("ATTACH ? AS copy", (copy.name,))
        tables = to.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        for name, sql in tables:
            to.execute(sql.replace("CREATE TABLE ", "CREATE TABLE copy."))
            rows = to.execute(f"SELECT * FROM main.{name}").fetchall()  # noqa: S608
            places = ", ".join("?" for _ in rows[0]) if rows else ""
            if rows:
                to.executemany(f"INSERT INTO copy.{name} VALUES ({places})", rows)  # noqa: S608
        to.commit()


if __name__ == "__main__":
    main()

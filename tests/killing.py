"""Kill those that follow or build views, again and again; run as a process of its own.

`python -m tests.killing follow|build LOG VIEWS KILLS SEED [torn]` ends with views that nobody was
killed in the end to make, and prints their digest. Children are forked, for a process that had to
start anew would mostly be killed before it begins. `torn` is the negative control: rows and
position are then no longer written together.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from projections import building
from projections import views as v
from projections.building import build
from projections.follower import Follower
from projections.views import Views
from service.builder import fetching
from service.log.log import Log


def follow(url: str, path: Path) -> None:
    """Follow the log to its end in small batches."""
    log = Log(url)
    Follower(Views(path), fetching(log), log.newest, batch=20).follow(log.newest())


def build_anew(url: str, path: Path) -> None:
    """Build the views in small steps."""
    building.BATCH = 60  # type: ignore[misc]
    log = Log(url)
    build(path, fetching(log), log.newest, lambda *_: None)


@contextmanager
def torn(connection: Connection) -> Iterator[None]:
    """No transaction at all, and time enough to be killed before the position is written."""
    yield


def hesitating(views: Views, connection: Connection, position: int, leaf_hash: str) -> None:
    """Write the position late."""
    time.sleep(0.02)
    reached(views, connection, position, leaf_hash)


reached = Views.reached


def main() -> None:
    """Kill children until enough were killed, and then let one work to the end."""
    how, url, views, kills, seed = sys.argv[1:6]
    work = {"follow": follow, "build": build_anew}[how]
    path = Path(views)
    if "torn" in sys.argv:
        v.transaction = torn
        Views.reached = hesitating  # type: ignore[assignment, method-assign]
    chance = random.Random(int(seed))
    killed = ended = 0
    while killed < int(kills):
        before = time.monotonic()
        child = os.fork()
        if child == 0:
            work(url, path)
            os._exit(0)
        time.sleep(chance.uniform(0, 0.15))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        else:
            assert status == 0, f"a child failed: {status}"
            ended += 1
            if how == "follow":  # all is done: begin again
                for file in path.parent.glob(f"{path.name}*"):
                    file.unlink()
        assert time.monotonic() - before < 60
    if (child := os.fork()) == 0:
        work(url, path)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    sys.stdout.write(f"{Views(path).digest()} {killed} {ended}\n")


if __name__ == "__main__":
    main()

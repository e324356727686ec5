"""The builder: a process of its own that builds the views, so that this one goes on recording.

Building is pure work of the processor for a minute or so, and threads of one process would take
turns at it. The builder reads the log and writes views, so it is given no key, no vault and no
socket. A pipe tells of its progress, and to the builder, that whoever began it is gone.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

from domain.entries import read
from projections.building import Tell
from projections.decisions import Fetch, Recorded
from projections.follower import Follower
from projections.views import Views
from service.garbage import uncollected
from service.log.log import Log
from service.operating.logs import told
from service.settings import Settings

logger = logging.getLogger(__name__)

APART: Final = 20_000
"""Entries from which on a process is worth its start, which takes as long as building so many."""

MOMENT: Final = 0.1
"""Seconds after which progress is told again if there is none."""

NICENESS: Final = 10
"""Recording and answering go first."""


class NotBuilt(Exception):
    """The builder has ended, and why, before the views were built."""


def build_apart(settings: Settings, tell: Tell) -> None:
    """Have a process build the views of the settings, if they must be built, and tell of it.

    Progress is told every moment: what that raises ends the builder at once.

    Raises:
        NotBuilt: it could not, or was killed; what it has done is taken up again next time.
    """
    here, there = Pipe()
    with here:
        with there:
            builder = subprocess.Popen(
                [sys.executable, "-P", "-m", "service.builder"],
                stdin=there.fileno(),
                stdout=subprocess.DEVNULL,
                env=dict(_environment(settings)),
                process_group=0,  # Ctrl-C is for whoever began it
            )
        with builder:
            logger.info("process %d builds the views", builder.pid)
            try:
                _listen(here, tell)
            except BaseException:
                builder.kill()
                raise
    if builder.returncode != 0:
        raise NotBuilt(f"the process that builds the views ended with {builder.returncode}")


def _listen(builder: Connection, tell: Tell) -> None:
    """Pass on what the builder tells, until it has told all."""
    progress = ("starting a process that builds them", 0, 1)
    while True:
        tell(*progress)
        if builder.poll(MOMENT):
            try:
                said = json.loads(builder.recv_bytes())
            except EOFError:
                return
            if isinstance(said, str):
                raise NotBuilt(said)
            progress = said


def _environment(settings: Settings) -> Iterator[tuple[str, str]]:
    """What the builder is to know: the log, the views, and nothing else of ours."""
    for name, value in os.environ.items():
        if not name.upper().startswith("CURULE_"):
            yield name, value
    yield "CURULE_LEDGER", settings.ledger
    yield "CURULE_VIEWS", str(settings.views)
    yield "PYTHONPATH", os.pathsep.join(sys.path)


def fetching(log: Log) -> Fetch:
    """How the views read a log."""

    def fetch(after: int, limit: int) -> Sequence[Recorded]:
        found = log.stored(after, limit)
        return [(read(entry), leaf_hash) for entry, leaf_hash in found]

    return fetch


def main() -> None:
    """Build the views, as told by the environment; tell of it to whoever began this process."""
    whoever_began = Connection(os.dup(0))
    threading.Thread(target=_end_with, args=(whoever_began,), daemon=True).start()
    os.nice(NICENESS)
    settings = Settings()

    def say(what: object) -> None:
        with suppress(BrokenPipeError):  # they are gone, and this process ends at once
            whoever_began.send_bytes(json.dumps(what).encode())

    try:
        with closing(Log(settings.ledger)) as log, closing(Views(settings.views)) as views:
            follower = Follower(views, fetching(log), log.newest)
            with uncollected():
                follower.step(log.newest(), tell=lambda *progress: say(progress))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        say("\n".join(told(error)))


def _end_with(whoever_began: Connection) -> None:
    """End when they do: what was done is taken up by others."""
    whoever_began.poll(None)
    os._exit(1)


if __name__ == "__main__":
    main()

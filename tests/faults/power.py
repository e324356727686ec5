"""A ledger that is recorded in while somebody notes what becomes of its disk.

`python -m tests.faults.power FOLDER DECISIONS NOTES [normal]` is a process of its own, since it
changes what SQLite does. `normal` is the negative control: commits that are not synced.
"""

from __future__ import annotations

import pickle
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from service.ledger import Ledger
from service.log import signing
from service.recording.recorder import Receipt
from service.settings import Settings
from service.stores import connections
from tests.faults.disk import Event, watched
from tests.ledgers import decision, sent
from tests.test_two_services import founding

KEY = SecretStr("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")


def settings(folder: Path) -> Settings:
    """A ledger whose files are all in a folder, and its keys elsewhere."""
    return Settings(
        ledger=f"sqlite:///{folder / 'curule.db'}",
        vault=f"sqlite:///{folder / 'curule-vault.db'}",
        views=folder / "curule-views.db",
        master_key=KEY,
        log_key=KEY,
    )


def sent_in(turn: int) -> list[dict[str, Any]]:
    """What is sent together in a turn: one decision or some, each with texts of its own."""
    return [founding(f"cell-{turn}-{number}") for number in range(1 + turn % 3)]


def record(folder: Path, turns: int, saw: Any) -> None:
    """Record, and note each decision that is acknowledged."""
    with closing(Ledger(settings(folder))) as ledger:
        for turn in range(turns):
            group = sent_in(turn)
            asked = [sent(decision(*each.pop("acts"), **each)) for each in group]
            for answer in ledger.recorder.record(asked):
                assert isinstance(answer, Receipt), answer
                saw("ack", answer)
            if turn % 10 == 9:
                ledger.follow()


def unsynced(connection: Any, _: Any) -> None:
    """Without the syncs of commits."""
    connection.execute("PRAGMA synchronous = NORMAL")


def main() -> None:
    """Record, and write down what was seen."""
    folder, turns, notes = sys.argv[1:4]
    if "normal" in sys.argv:
        connections._sync = unsynced
    events: list[Event] = []
    noting = threading.Lock()

    def saw(*event: Any) -> None:
        with noting:
            events.append(event)

    with watched(saw, signing):
        record(Path(folder), int(turns), saw)
    Path(notes).write_bytes(pickle.dumps(events))


if __name__ == "__main__":
    main()

"""A service on a disk of so many bytes: `python -m tests.faults.small_disk serve …`.

The file that `ROOM` names in the environment says how many; SQLite is told that the disk is full as
soon as its files would take more.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

from service import cli
from tests.faults.disk import watched


class Disk:
    """How large the files on it are."""

    def __init__(self, room: Path) -> None:
        self._room = room
        self._sizes: dict[str, int] = {}
        self._guard = threading.Lock()

    def fails(self, path: str, offset: int, size: int) -> int:
        """Whether there is no room for a write."""
        with self._guard:
            before = self._sizes.get(path, 0)
            after = max(before, offset + size)
            taken = sum(self._sizes.values()) + after - before
            if after > before and taken > int(self._room.read_text()):
                return sqlite3.SQLITE_FULL
            self._sizes[path] = after
            return 0

    def saw(self, kind: str, path: str, *more: Any) -> None:
        """Take note of what leaves room."""
        with self._guard:
            if kind == "delete":
                self._sizes.pop(path, None)
            elif kind == "truncate":
                self._sizes[path] = more[0]


if __name__ == "__main__":
    disk = Disk(Path(os.environ["ROOM"]))
    with watched(disk.saw, fails=disk.fails):
        cli.main()

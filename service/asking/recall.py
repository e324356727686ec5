"""Recall: entries read from the log one by one or many at once, of which the last few are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import Final

from domain.entries import Entry, read
from service.log.log import Log

KEPT: Final = 20_000
"""How many entries are kept: an entry never changes."""


class Recall:
    """The entries at positions that the log has reached."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._kept: OrderedDict[int, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, position: int) -> Entry:
        """The entry at a position."""
        entry = self._kept.get(position)
        if entry is None:
            (entry,) = self._read([position])
        return entry

    def recall(self, positions: Collection[int]) -> None:
        """Read these entries and the envelopes of their decisions in one go."""
        found = [entry for each in positions if (entry := self._kept.get(each)) is not None]
        found += self._read([each for each in positions if each not in self._kept])
        envelopes = {entry.position - entry.number for entry in found}
        self._read([each for each in envelopes if each not in self._kept])

    def _read(self, positions: Collection[int]) -> list[Entry]:
        if not positions:
            return []
        found = [read(one.entry) for one in self._log.at(positions)]
        with self._lock:
            self._kept.update((entry.position, entry) for entry in found)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

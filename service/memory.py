"""Memory: entries of the log, decoded and kept by tag and type, for deciding without reading again.

It follows what this process commits, and catches up with what other processes did. Being behind is
harmless: an append is conditional on all that was read, and nothing is refused on stale memory.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from domain.entries import Entry, read
from service.log import Log, Sealed

REMEMBERED = 200_000
"""Entries kept, counted once for each list that they are in; beyond, memory starts anew."""
CAUGHT_UP = 5_000
"""Entries of other processes taken in one by one; beyond, memory starts anew."""


class Memory:
    """What deciding reads, as of one position or a little after."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.RLock()
        self._lists: dict[tuple[str, str], list[Entry]] = {}
        self._size = 0
        self._position = log.head()[0]
        log.add_listener(self.take_in)

    @property
    def position(self) -> int:
        """The position that everything remembered is complete up to."""
        return self._position

    def entries(self, tag: str, types: frozenset[str]) -> Sequence[Entry]:
        """Every recorded entry with a tag and one of the types (none given: any), in order."""
        if not types:
            return [read(one.entry) for one in self._log.entries(tag=tag)]
        with self._lock:
            missing = [each for each in types if (tag, each) not in self._lists]
            if missing:
                self._load(tag, missing)
            found = [each for type_ in types for each in self._lists[tag, type_]]
        found.sort(key=_position)
        return found

    def at(self, position: int) -> Entry | None:
        """The entry at a position, None beyond the newest."""
        found = self._log.entries(after=position - 1, until=position)
        return read(found[0].entry) if found else None

    def take_in(self, sealed: Sequence[Sealed]) -> None:
        """Follow what was committed; a gap before it is filled from the log."""
        with self._lock:
            if sealed[0].position > self._position + 1:
                self._fill(sealed[0].position - 1)
            for one in sealed:
                if one.position > self._position:
                    self._remember(one)

    def catch_up(self) -> bool:
        """Follow the log to its newest entry; whether there was anything new."""
        newest = self._log.head()[0]
        with self._lock:
            behind = newest > self._position
            if behind:
                self._fill(newest)
        return behind

    def _fill(self, until: int) -> None:
        if until - self._position > CAUGHT_UP:
            self._forget()
        else:
            for one in self._log.entries(after=self._position, until=until):
                self._remember(one)
        self._position = max(self._position, until)

    def _remember(self, one: Sealed) -> None:
        entry: Entry | None = None
        for tag in one.tags:
            known = self._lists.get((tag, one.type))
            if known is not None and (not known or known[-1].position < one.position):
                entry = entry or read(one.entry)
                known.append(entry)
                self._size += 1
        self._position = one.position

    def _load(self, tag: str, types: Sequence[str]) -> None:
        if self._size > REMEMBERED:
            self._forget()
        for type_ in types:
            self._lists[tag, type_] = []
        for one in self._log.entries(tag=tag, types=types):
            self._lists[tag, one.type].append(read(one.entry))
            self._size += 1
        self._size += len(types)

    def _forget(self) -> None:
        self._lists.clear()
        self._size = 0


def _position(entry: Entry) -> int:
    return entry.position

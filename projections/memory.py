"""Memory: what was found or put together at the newest position, and what it rests on.

A piece of an answer holds between the days on which something begins or ends of what was looked up
for it, and until something of that is believed otherwise. So it is remembered with these days and
with its look-ups; when the ledger goes on, pieces that rest on what was changed are forgotten.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, Final, NamedTuple

Read = tuple[str, str, str]
"""A look-up: what is about a subject or names it, by kind; or a whole kind, and no subject."""

Key = tuple[Hashable, ...]
"""What a piece is: by which rule, and about what."""

KEPT: Final = 500_000
"""How many spells and pieces put together of them are remembered at most: some 250 MB."""

FAR: Final = 20_000
"""After so many entries everything is forgotten, for most of it would be."""


class Piece(NamedTuple):
    """A piece of an answer as believed at a position: from the day `since` until before `until`."""

    since: int
    until: int
    position: int
    value: Any
    reads: Collection[Read]
    weight: int


class Memory:
    """Pieces of answers as believed at one position, which only goes forward.

    When they are too many, what was first put in is forgotten first.

    What is here now and was put together at or before a position that this memory has reached holds
    at that position: whatever changed in between would have been forgotten. So who asks at a
    position may go on with what is found, even if others bring the memory further meanwhile.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._most = kept
        self._position = -1
        self._pieces: dict[Key, tuple[list[int], list[Piece]]] = {}
        self._readers: dict[Read, set[Key]] = {}
        self._weight = 0
        self._lock = threading.Lock()

    def reach(self, position: int, changed: Callable[[int, int], Iterable[Read]]) -> bool:
        """Go forward to a position, given what changes between two; whether it is at that now."""
        with self._lock:
            if self._position < position:
                if not self._pieces or position - self._position > FAR:
                    self._forget_all()
                else:
                    for read in changed(self._position, position):
                        for key in self._readers.get(read, set()).copy():
                            self._forgotten(key, self._pieces.pop(key))
                self._position = position
            return self._position == position

    def find(self, key: Key, day: int, position: int) -> Piece | None:
        """The piece that holds on a day as believed at a position that was reached."""
        found = self._pieces.get(key)
        if found is None:
            return None
        sinces, pieces = found  # others may be putting one in: what is found is looked at
        piece = pieces[bisect_right(sinces, day) - 1] if len(sinces) > 1 else pieces[0]
        since, until, at = piece[:3]
        return piece if since <= day < until and at <= position else None

    def keep(self, key: Key, piece: Piece) -> bool:
        """Remember a piece, unless the memory has gone on from where it was put together."""
        with self._lock:
            if self._position != piece.position:
                return False
            if key in self._pieces:
                sinces, pieces = self._pieces[key]
                at = bisect_right(sinces, piece.since)
                if at and sinces[at - 1] == piece.since:  # another has put it in meanwhile
                    return True
                pieces.insert(at, piece)  # first, so that each since has its piece
                sinces.insert(at, piece.since)
            else:
                self._pieces[key] = [piece.since], [piece]
            self._weight += piece.weight
            for read in piece.reads:
                self._readers.setdefault(read, set()).add(key)
            while self._weight > self._most:
                key = next(iter(self._pieces))
                self._forgotten(key, self._pieces.pop(key))
            return True

    def _forgotten(self, key: Key, found: tuple[list[int], list[Piece]]) -> None:
        for piece in found[1]:
            self._weight -= piece.weight
            for read in piece.reads:
                readers = self._readers.get(read)
                if readers is not None:
                    readers.discard(key)
                    if not readers:
                        del self._readers[read]

    def _forget_all(self) -> None:
        self._pieces.clear()
        self._readers.clear()
        self._weight = 0

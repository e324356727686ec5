"""The question what the whole structure was on a day, as known at a position."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from sqlalchemy import Connection

from domain.answers import Body
from domain.questions.facts import Day
from domain.questions.structure import bodies, body, expect
from projections.basis import Basis
from projections.facts import Believed, Read, changed

KEPT: Final = 4
"""How many structures are remembered."""


def structure(connection: Connection, basis: Basis) -> tuple[Body, ...]:
    """Every body, post and holder present at a basis, certain or possible."""
    return bodies(Day(_believed(connection, basis), basis.effective_at))


def _believed(connection: Connection, basis: Basis) -> Believed:
    return Believed(connection, basis.position, _untold)


def _untold(position: int) -> NoReturn:
    raise LookupError(f"a structure tells nothing of entry {position}")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The structure on a day, as believed at a position, and which bodies rest on what."""

    position: int
    bodies: Mapping[str, Body | None]
    readers: Mapping[Read, set[str]]
    whole: tuple[Body, ...]


class Structures:
    """The structures last asked for, each on a day as believed at a position.

    Each body is remembered with what was looked up for it. At a later position it is put together
    anew if any of that is believed otherwise: what an answer has read is what it holds by.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, connection: Connection, basis: Basis) -> tuple[Body, ...]:
        """Every body, post and holder present at a basis: what `structure` answers."""
        key = basis.effective_at, basis.position
        with self._lock:
            earlier = [each for each in self._kept if each[0] == key[0] and each[1] <= key[1]]
            before = self._kept[max(earlier)] if earlier else None
            if key in self._kept:
                self._kept.move_to_end(key)
        if before is not None and before.position == basis.position:
            return before.whole
        now = _remembered(connection, basis, before)
        with self._lock:
            self._kept[key] = now
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return now.whole


def _remembered(connection: Connection, basis: Basis, before: _Remembered | None) -> _Remembered:
    known, day = _believed(connection, basis), basis.effective_at
    there = known.there("body", day)
    kept: dict[str, Body | None] = {}
    readers: dict[Read, set[str]] = {}
    if before is not None:
        otherwise = changed(connection, before.position, basis.position) & before.readers.keys()
        stale = {each for read in otherwise for each in before.readers[read]}
        kept = {each: found for each, found in before.bodies.items() if each not in stale}
        readers |= before.readers
    missing = [each for each in there if each not in kept]
    expect(Day(known, day), missing)
    reading: defaultdict[Read, set[str]] = defaultdict(set)
    for each in missing:
        known.read = set()
        kept[each] = body(Day(known, day), each)
        for read in known.read:
            reading[read].add(each)
    readers |= {read: readers.get(read, set()) | bodies for read, bodies in reading.items()}
    whole = tuple(found for each in there if (found := kept[each]) is not None)
    return _Remembered(basis.position, kept, readers, whole)

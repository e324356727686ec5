"""The question what the whole structure was on a day, as known at a position."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn

from sqlalchemy import Connection

from domain.answers import Body
from domain.questions.facts import Day
from domain.questions.structure import bodies, body, expect
from projections.basis import Basis
from projections.facts import Believed, changed
from projections.memory import Memory, Read

KEPT: Final = 4
"""How many structures are remembered."""

_FEW: Final = 0.1
"""Which part of all bodies is sooner put together post by post than of who holds any."""


def structure(connection: Connection, basis: Basis) -> tuple[Body, ...]:
    """Every body, post and holder present at a basis, certain or possible."""
    return bodies(Day(Believed(connection, basis.position, _untold), basis.effective_at))


def _untold(position: int) -> NoReturn:
    raise LookupError(f"a structure tells nothing of entry {position}")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The structure on a day, as believed at a position, and what each body rests on."""

    position: int
    bodies: Mapping[str, tuple[Body | None, Sequence[Collection[Read]]]]
    whole: tuple[Body, ...]


class Structures:
    """The structures last asked for, each on a day as believed at a position.

    Each body is remembered with what was looked up for it. At a later position it is put together
    anew if any of that is believed otherwise: what an answer has read is what it holds by.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
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
        now = self._remembered(connection, basis, before)
        with self._lock:
            self._kept[key] = now
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return now.whole

    def _remembered(
        self, connection: Connection, basis: Basis, before: _Remembered | None
    ) -> _Remembered:
        day = basis.effective_at
        known = Believed(connection, basis.position, _untold, memory=self._memory)
        if not known.is_remembered:
            return _Remembered(basis.position, {}, bodies(Day(known, day)))
        found: dict[str, tuple[Body | None, Sequence[Collection[Read]]]] = {}
        if before is not None:
            otherwise = changed(connection, before.position, basis.position)
            found = {
                each: (body, rests)
                for each, (body, rests) in before.bodies.items()
                if all(map(otherwise.isdisjoint, rests))
            }
        there = known.there("body", day)
        missing = [each for each in there if each not in found]
        if len(missing) > _FEW * len(there):
            held = known.expect_day("tenure", day)
            known.expect(("person", tenure.track.attribute, day) for tenure in held)
        expect(Day(known, day), [each for each in missing if not known.knows("body", each, day)])
        for each in missing:
            made, trace = known.traced(partial(_body, known, day, each), day)
            found[each] = made, trace.rests
        whole = tuple(answer for each in there if (answer := found[each][0]) is not None)
        return _Remembered(basis.position, found, whole)


def _body(known: Believed, day: int, identity: str) -> Body | None:
    return body(Day(known, day), identity)

"""Beliefs: one track on the recorded clock, from one change of what is known to the next.

What is recorded late changes what a track folds to only between the two firm beginnings around its
days, so that a long history costs no more to add to than a short one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from domain.dates import DAWN
from domain.moments import Does, Moment
from domain.timelines import Ground, Spell, fold

_FIRM = (Does.BEGINS, Does.SETS)


class Change(NamedTuple):
    """The spells that are believed no more, and those that are believed from now on."""

    gone: Sequence[Spell]
    come: Sequence[Spell]


class Belief:
    """What is believed of one track: its standing moments, and the spells that they fold to.

    The moments of a track are changed and folded together: `spells` is always what `fold` makes of
    them, but in the order of their beginnings.
    """

    __slots__ = ("_moments", "_reach", "spells")

    def __init__(self, moments: Iterable[Moment] = (), spells: Iterable[Spell] = ()) -> None:
        self._moments = sorted(moments, key=_by_days)
        self._reach: list[int] = []  # the latest day of each moment and of those before it
        for moment in self._moments:
            self._reach.append(max(moment.window.latest, self._reach[-1] if self._reach else DAWN))
        self.spells = sorted(spells, key=_beginning)

    @property
    def moments(self) -> Sequence[Moment]:
        """The standing moments, by their days."""
        return self._moments

    def change(self, gone: Collection[Moment], new: Collection[Moment], ground: Ground) -> Change:
        """Take moments away and put others in. `ground` tells how elections ended, as in `fold`.

        Where neither is given, how an election ended may have changed what rests on it.
        """
        for moment in new:
            self._insert(moment)
        start, end = self._stretch((*gone, *new))
        since = self._moments[start].window.earliest if start else DAWN
        until = self._moments[end].window.earliest if end < len(self._moments) else None
        for moment in gone:
            self._remove(moment)
        folded = fold(self._moments[start : end + 1 - len(gone)], ground).spells
        spells = [spell for spell in folded if until is None or spell.since.earliest < until]
        spells.sort(key=_beginning)
        first = bisect_left(self.spells, since, key=_beginning)
        last = len(self.spells)
        if until is not None:
            last = bisect_left(self.spells, until, first, key=_beginning)
        believed = self.spells[first:last]
        self.spells[first:last] = spells
        return _difference(believed, spells)

    def _stretch(self, touched: Sequence[Moment]) -> tuple[int, int]:
        """The first and the last moment to fold when some are touched; the last begins what stays.

        Both are firm beginnings on days that no other moment may share, so that whatever is before
        them is over before and whatever comes after comes after. What rests on an election is
        folded whole, for an annulment may come at any later day; such tracks are short.
        """
        if not touched or any(moment.ground is not None for moment in self._moments):
            return 0, len(self._moments)
        start = bisect_left(self._moments, min(each.window.earliest for each in touched), key=_day)
        while start > 0:
            start -= 1
            if self._parts(start, touched):
                break
        end = bisect_right(self._moments, max(each.window.latest for each in touched), key=_day)
        while end < len(self._moments) and not self._parts(end, touched):
            end += 1
        return start, end

    def _parts(self, index: int, touched: Sequence[Moment]) -> bool:
        """Whether a moment parts those before it from those after it."""
        moment = self._moments[index]
        return (
            moment.does in _FIRM
            and (index == 0 or self._reach[index - 1] < moment.window.earliest)
            and (
                index + 1 == len(self._moments)
                or moment.window.latest < self._moments[index + 1].window.earliest
            )
            and moment not in touched
        )

    def _insert(self, moment: Moment) -> None:
        insort(self._moments, moment, key=_by_days)
        index = bisect_left(self._moments, _by_days(moment), key=_by_days)
        self._reach.insert(index, -1)
        self._reached(index)

    def _remove(self, moment: Moment) -> None:
        index = self._moments.index(moment, bisect_left(self._moments, _day(moment), key=_day))
        del self._moments[index], self._reach[index]
        self._reached(index)

    def _reached(self, index: int) -> None:
        """Work out again how far the moments from one on reach, up to where nothing changes."""
        while index < len(self._moments):
            before = self._reach[index - 1] if index else DAWN
            reach = max(before, self._moments[index].window.latest)
            if self._reach[index] == reach:
                return
            self._reach[index] = reach
            index += 1


def _by_days(moment: Moment) -> tuple[int, int, int]:
    return (*moment.window, moment.position)


def _day(moment: Moment) -> int:
    return moment.window.earliest


def _beginning(spell: Spell) -> int:
    return spell.since.earliest


def _difference(believed: Sequence[Spell], spells: Sequence[Spell]) -> Change:
    """What is in one list and not in the other; most of them are alike at both ends."""
    start = 0
    least = min(len(believed), len(spells))
    while start < least and believed[start] == spells[start]:
        start += 1
    end = 0
    while end < least - start and believed[-1 - end] == spells[-1 - end]:
        end += 1
    before, after = believed[start : len(believed) - end], spells[start : len(spells) - end]
    return Change(
        gone=[each for each in before if each not in after],
        come=[each for each in after if each not in before],
    )

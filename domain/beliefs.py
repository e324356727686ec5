"""Beliefs: one track on the recorded clock, from one change of what is known to the next.

What is recorded late changes what a track folds to only between the two firm beginnings around its
days, so that a long history costs no more to add to than a short one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from domain.dates import DAWN
from domain.moments import Does, Moment
from domain.timelines import Ending, Ground, Spell, fold

SHORT: Final = 8
"""Moments up to which a track is simply folded again."""

_FIRM = (Does.BEGINS, Does.SETS)


class Change(NamedTuple):
    """The spells that are believed no more, and those that are believed from now on."""

    gone: Sequence[Spell]
    come: Sequence[Spell]


class Belief:
    """What is believed of one track: its standing moments, and the spells that they fold to.

    The moments of a track are changed and folded together: `spells` is always what `fold` makes of
    them, in some order.
    """

    __slots__ = ("_moments", "_reach", "spells")

    def __init__(self, moments: Iterable[Moment] = (), spells: Iterable[Spell] = ()) -> None:
        self._moments = list(moments)
        self._reach: list[int] = []  # once it is long: the latest day of each and of those before
        self.spells = list(spells)

    @property
    def moments(self) -> Sequence[Moment]:
        """The standing moments."""
        return self._moments

    def change(self, gone: Collection[Moment], new: Collection[Moment], ground: Ground) -> Change:
        """Take moments away and put others in. `ground` tells how elections ended, as in `fold`.

        Where neither is given, how an election ended may have changed what rests on it.
        """
        if len(self._moments) + len(new) <= SHORT:
            for moment in gone:
                self._moments.remove(moment)
            self._moments += new
            self._reach = []
            before, self.spells = self.spells, list(fold(self._moments, ground).spells)
            return _difference(before, self.spells)
        if not self._reach:
            self._measure()
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

    def _measure(self) -> None:
        """Put everything into the order of days, so that a stretch of it can be found."""
        self._moments.sort(key=_by_days)
        self.spells.sort(key=_beginning)
        reach = DAWN
        for moment in self._moments:
            reach = max(moment.window.latest, reach)
            self._reach.append(reach)

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


class Stood(NamedTuple):
    """A moment, and from which position until which it stood; no end: it still stands."""

    moment: Moment
    recorded_from: int
    recorded_until: int | None


class Held(NamedTuple):
    """A spell, and from which position until which it was believed; no end: it still is."""

    spell: Spell
    recorded_from: int
    recorded_until: int | None


class Annulled(NamedTuple):
    """How an election ended, and from which position until which that was known."""

    ending: Ending
    recorded_from: int
    recorded_until: int | None


Annulments = Mapping[str, Sequence[Annulled]]
"""What was ever known of elections annulled, by election, in the order of positions."""


def held(track: Sequence[Stood], annulments: Annulments) -> Iterator[Held]:
    """What was ever believed of one track, from every moment that ever stood in it."""
    if len(track) == 1 and track[0].moment.ground not in annulments:
        (moment, since, until) = track[0]
        for spell in fold((moment,), lambda _: None).spells:
            yield Held(spell, since, until)
        return
    gone, new = defaultdict(list), defaultdict(list)
    for moment, since, until in track:
        new[since].append(moment)
        if until is not None:
            gone[until].append(moment)
    resting = (each for moment, *_ in track for each in annulments.get(moment.ground or "", ()))
    turns = {at for each in resting for at in each[1:] if at is not None}
    belief = Belief()
    begun: dict[Spell, int] = {}
    for at in sorted({*new, *gone, *turns}):
        change = belief.change(gone[at], new[at], lambda each: _ending(annulments, each, at))  # noqa: B023
        for spell in dict.fromkeys(change.gone):
            if (since := begun.pop(spell)) < at:
                yield Held(spell, since, at)
        begun |= dict.fromkeys(change.come, at)
    for spell, since in begun.items():
        yield Held(spell, since, None)


def _ending(annulments: Annulments, election: str, position: int) -> Ending | None:
    """How an election was known at a position to have ended: the first annulment counts."""
    for ending, since, until in annulments.get(election, ()):
        if since <= position and (until is None or position < until):
            return ending
    return None


def _by_days(moment: Moment) -> tuple[int, int, int]:
    return (*moment.window, moment.position)


def _day(moment: Moment) -> int:
    return moment.window.earliest


def _beginning(spell: Spell) -> int:
    return spell.since.earliest


def _difference(believed: Sequence[Spell], spells: Sequence[Spell]) -> Change:
    """What is in one list and not in the other; most of them are alike at both ends."""
    if not believed:
        return Change((), spells)
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

"""Extents: the days on which something holds, for certain and possibly, and what they add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from domain.timelines import Certainty, Spell

Days = tuple[int, int]
"""From a first day to the day after the last; of no day if they are not in that order."""

NOT: Days = (0, 0)
"""No day."""


class Extent(NamedTuple):
    """The days on which something certainly holds, and those on which it may, these included."""

    certain: Days
    possible: Days

    def on(self, day: int) -> Certainty | None:
        """How surely it holds on a day."""
        if self.certain[0] <= day < self.certain[1]:
            return "certain"
        return "possible" if self.possible[0] <= day < self.possible[1] else None


def extent(spell: Spell) -> Extent:
    """The days of a spell."""
    return Extent(
        (spell.since.latest, spell.until.earliest), (spell.since.earliest, spell.until.latest)
    )


def meet(*extents: Extent) -> Extent:
    """The days on which all of these hold."""
    return Extent(
        both(*(each.certain for each in extents)), both(*(each.possible for each in extents))
    )


def both(*days: Days) -> Days:
    """The days that all of these have."""
    return max(each[0] for each in days), min(each[1] for each in days)


@dataclass(frozen=True, slots=True)
class Held:
    """What counts for a person, or a body: that it holds something, on which days, and why."""

    who: str
    extent: Extent
    began: tuple[int, ...]
    """The positions of the entries that begin it."""
    ended: tuple[int, ...]
    """The positions of the entries that end it."""
    spell: Spell

    def during(self, other: Extent, *began: int) -> Held:
        """It, as long as something else holds too, that one of these entries begins."""
        days = meet(self.extent, other)
        ends = days.certain[1], days.possible[1]
        same = ends == (self.extent.certain[1], self.extent.possible[1])
        return Held(self.who, days, (*self.began, *began), self.ended if same else (), self.spell)


class Count(NamedTuple):
    """How many hold something over some days: those who certainly do, and all who may."""

    since: int
    until: int
    certain: int
    possible: int


def tally(held: Iterable[Held], days: Days) -> Iterator[Count]:
    """How many hold something, from day to day over these days, each of them counted once."""
    changes: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
    for each in held:
        for surely, span in enumerate((each.extent.possible, each.extent.certain)):
            first, after = both(span, days)
            if first < after:
                changes[first].append((surely, each.who, 1))
                changes[after].append((surely, each.who, -1))
    running: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    since = days[0]
    for day in sorted({*changes, days[1]}):
        if since < min(day, days[1]):
            yield Count(since, day, len(running[1]), len(running[0]))
            since = day
        for surely, who, change in changes[day]:
            running[surely][who] += change
            if not running[surely][who]:
                del running[surely][who]


class Run(NamedTuple):
    """Days one after the other on which something is broken alike: the first count, the end."""

    certainty: Certainty
    first: Count
    until: int


def runs(counts: Iterable[Count], broken: Callable[[Count], Certainty | None]) -> Iterator[Run]:
    """The days on which counts break something, those that break it alike taken together."""
    run: Run | None = None
    for count in counts:
        certainty = broken(count)
        if run is not None and (certainty, count.since) == (run.certainty, run.until):
            run = run._replace(until=count.until)
            continue
        if run is not None:
            yield run
        run = Run(certainty, count, count.until) if certainty is not None else None
    if run is not None:
        yield run


def above(most: int) -> Callable[[Count], Certainty | None]:
    """More than `most` hold it, certainly or possibly."""

    def broken(count: Count) -> Certainty | None:
        if count.certain > most:
            return "certain"
        return "possible" if count.possible > most else None

    return broken


def below(least: int) -> Callable[[Count], Certainty | None]:
    """Fewer than `least` hold it, certainly or possibly."""

    def broken(count: Count) -> Certainty | None:
        if count.possible < least:
            return "certain"
        return "possible" if count.certain < least else None

    return broken


def excess(held: Iterable[Held], run: Run, most: int) -> tuple[int, ...]:
    """The entries by which, on the first day of a run, more than `most` came to hold something."""
    first: dict[str, Held] = {}
    for each in held:
        on = each.extent.on(run.first.since)
        if on == "certain" or (on is not None and run.certainty == "possible"):
            known = first.get(each.who)
            if known is None or _order(each) < _order(known):
                first[each.who] = each
    late = sorted(first.values(), key=_order)[most:]
    return tuple(position for each in late for position in each.began)


def departures(held: Iterable[Held], run: Run) -> tuple[int, ...]:
    """The entries by which some ceased to hold something on the first day of a run."""
    day = run.first.since
    return tuple(
        position
        for each in held
        if day in (each.extent.certain[1], each.extent.possible[1])
        for position in each.ended
    )


def _order(held: Held) -> tuple[int, int, tuple[int, ...]]:
    return (held.extent.certain[0], held.extent.possible[0], held.began)

"""Timelines: a track's moments in effective order, folded to spells.

A late fact is an insertion: the fold orders what is known by its effective days, whatever order it
was recorded in. A spell has four bounds, for its beginning and its end may each be uncertain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Any, Literal

from domain.constructors import constructor
from domain.dates import DAWN, NEVER, OPEN, Window
from domain.moments import ATTESTS, BEGINS, ENDS, SETS, Does, Moment
from domain.tracks import Track

Certainty = Literal["certain", "possible"]


@dataclass(frozen=True, slots=True)
class Spell:
    """A value of a track, from somewhere in `since` until somewhere in `until` (half-open).

    `because` holds the positions of the entries that start and end it.
    """

    track: Track
    value: Any
    since: Window
    until: Window
    since_text: str | None
    until_text: str | None
    because: tuple[int, ...]

    def on(self, day: int) -> Certainty | None:
        """Whether it holds on a day: `certain`, `possible`, or not at all."""
        if self.since.latest <= day < self.until.earliest:
            return "certain"
        if self.since.earliest <= day < self.until.latest:
            return "possible"
        return None


@dataclass(frozen=True, slots=True)
class Fault:
    """What moments of one track leave incoherent: the rule, and the entries that break it."""

    rule: str
    track: Track
    because: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A track's spells in effective order, and what is wrong with them."""

    spells: tuple[Spell, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """When and why something else, such as an election annulled, ends what rests on it."""

    window: Window
    text: str | None
    position: int


Ground = Callable[[str], Ending | None]

_spell = constructor(Spell)
_timeline = constructor(Timeline)
_window = attrgetter("window")


def fold(moments: Iterable[Moment], ground: Ground) -> Timeline:
    """Fold one track's moments to its spells.

    `ground` tells how an election ended, None while it stands. Where the days of two moments leave
    their order open, the one that fits goes first; bounds are then tightened along that order.
    """
    known = list(moments)
    return _succession(known, ground) or _by_the_rules(known, ground)


def _succession(moments: list[Moment], ended: Ground) -> Timeline | None:
    """The timeline of moments that days alone put in order, each ending what was begun.

    Most tracks are like that: no order is open, no bound to be tightened. None for the others.
    """
    if len(moments) > 1:
        moments.sort(key=_window)
    spells: list[Spell] = []
    faults: tuple[Fault, ...] = ()
    running: Moment | None = None
    last = -1
    for moment in moments:
        track, does, window, text, _, position, ground = moment
        if window[0] <= last or does is ATTESTS:
            return None
        if ground is not None and ended(ground) is not None:
            return None
        last = window[1]
        if running is not None:
            _, did, since, since_text, value, began, _ = running
            because = (began, position) if began != position else (began,)
            spells.append(_spell(track, value, since, window, since_text, text, because))
            if did is does is BEGINS and last < NEVER:
                faults += (Fault("already_running", track, (began, position)),)
        elif does is ENDS:
            return None
        running = moment if does is not ENDS else None
    if running is not None:
        track, _, since, text, value, position, _ = running
        spells.append(_spell(track, value, since, OPEN, text, None, (position,)))
    return _timeline(tuple(spells), faults)


def _by_the_rules(moments: Iterable[Moment], ground: Ground) -> Timeline:
    """The same of any moments, at ten times the price."""
    known = [moment for moment in moments if not _never_was(moment, ground)]
    ordered, faults = _fitting(in_order(known, ground))
    windows = _tightened(ordered, faults)
    steps = list(zip(ordered, windows, strict=True))
    firm = _next_firm(steps)
    spells: list[Spell] = []
    runs = False  # whether something begun runs, so that an attestation adds nothing to it
    for index, (moment, when) in enumerate(steps):
        if moment.does is ENDS:
            runs = False
        elif moment.does is not ATTESTS:
            runs = True
            spells.append(_begun(moment, when, firm[index], faults))
        elif not runs:
            before = steps[index - 1] if index else None
            after = steps[index + 1] if index + 1 < len(steps) else None
            spells.append(_attested(moment, when, before, after))
    faults += _two_values(ordered)
    # A life of no day is kept all the same: nothing may happen in it.
    present = (
        spell
        for spell in spells
        if spell.since.earliest < spell.until.latest or spell.track.is_life
    )
    return Timeline(tuple(present), tuple(faults))


def _never_was(moment: Moment, ground: Ground) -> bool:
    """Whether the election that a moment rests on was annulled by the day it begins."""
    ending = ground(moment.ground) if moment.ground is not None else None
    return ending is not None and ending.window.latest <= moment.window.earliest


def _by_annulment(moment: Moment, ground: Ground) -> Moment | None:
    """The ending of what rests on an annulled election, no sooner than its beginning."""
    ending = ground(moment.ground) if moment.ground is not None else None
    if ending is None:
        return None
    soonest = moment.window.earliest
    window = Window(max(ending.window.earliest, soonest), max(ending.window.latest, soonest))
    return Moment(moment.track, ENDS, window, ending.text, None, ending.position)


def in_order(moments: Sequence[Moment], ground: Ground) -> list[Moment]:
    """Order one track's moments on the effective clock, endings by annulment among them.

    Where days leave the order open (equal days included): while something holds, an ending goes
    first, else a beginning; then the smaller earliest day (latest, where the earliest is
    unbounded), then the smaller latest, then position. An annulment ends what rests on its
    election if that still runs, and nothing else.
    """
    arriving = [(moment.window.earliest, id(moment), moment) for moment in moments]
    remaining = [(moment.window.latest, id(moment)) for moment in moments]
    heapify(arriving)
    heapify(remaining)
    waiting = _Waiting()
    done: set[int] = set()
    annulling: dict[int, tuple[Moment, Moment]] = {}  # what an annulment ends; both are kept alive
    ordered: list[Moment] = []
    running: Moment | None = None
    while True:
        while remaining and remaining[0][1] in done:
            heappop(remaining)
        if not remaining:
            return ordered
        while arriving and arriving[0][0] <= remaining[0][0]:
            waiting.add(heappop(arriving)[2])
        moment = waiting.take(running is not None)
        done.add(id(moment))
        if moment.does is ENDS:
            ends = annulling.get(id(moment))
            if ends is None or ends[1] is running:
                ordered.append(moment)
                running = None
            continue
        ordered.append(moment)
        if moment.does is not ATTESTS or running is None:
            running = moment
        annulled = _by_annulment(moment, ground)
        if annulled is not None:
            annulling[id(annulled)] = (annulled, moment)
            heappush(arriving, (annulled.window.earliest, id(annulled), annulled))
            heappush(remaining, (annulled.window.latest, id(annulled)))


@dataclass(slots=True)
class _Waiting:
    """The moments that may come next, and which of them fits."""

    begin: list[tuple[int, int, int, int, Moment]] = field(default_factory=list)
    attest: list[tuple[int, int, int, int, Moment]] = field(default_factory=list)
    end: list[tuple[int, int, int, int, Moment]] = field(default_factory=list)

    def add(self, moment: Moment) -> None:
        heappush(self._of(moment.does), (*_key(moment), id(moment), moment))

    def take(self, holds: bool) -> Moment:
        if holds:
            queues = (self.attest, self.end, self.begin)
        else:
            queues = (self.begin, self.attest, self.end)
        return heappop(next(queue for queue in queues if queue))[-1]

    def _of(self, does: Does) -> list[tuple[int, int, int, int, Moment]]:
        return {ENDS: self.end, ATTESTS: self.attest}.get(does, self.begin)


def _key(moment: Moment) -> tuple[int, int, int]:
    earliest, latest = moment.window
    return (earliest if earliest > DAWN else latest, latest, moment.position)


def _fitting(ordered: Sequence[Moment]) -> tuple[list[Moment], list[Fault]]:
    """Leave out endings of what does not run: each is a fault, and bounds nothing."""
    kept: list[Moment] = []
    faults: list[Fault] = []
    for moment in ordered:
        if moment.does is ENDS and (not kept or kept[-1].does is ENDS):
            faults.append(Fault("not_running", moment.track, (moment.position,)))
        else:
            kept.append(moment)
    return kept, faults


def _tightened(ordered: Sequence[Moment], faults: list[Fault]) -> list[Window]:
    """No moment is earlier than one before it, nor later than one after it.

    What is attested on a day still holds on it, so that its end comes a day later at the soonest.
    """
    latest: list[int] = []
    ceiling = NEVER
    for moment in reversed(ordered):
        ceiling = min(moment.window.latest, ceiling)
        latest.append(ceiling)
    latest.reverse()
    windows: list[Window] = []
    floor = DAWN
    for index, moment in enumerate(ordered):
        earliest = max(moment.window.earliest, floor)
        if earliest > latest[index]:
            faults.append(
                Fault("not_running", moment.track, (ordered[index - 1].position, moment.position))
            )
            earliest = latest[index]
        windows.append(Window(earliest, latest[index]))
        floor = _day_after(earliest) if moment.does is ATTESTS else earliest
    return windows


_Step = tuple[Moment, Window]


def _next_firm(steps: Sequence[_Step]) -> list[_Step | None]:
    """For each step the next one that is no attestation: what ends or replaces a spell."""
    firm: list[_Step | None] = []
    following: _Step | None = None
    for step in reversed(steps):
        firm.append(following)
        if step[0].does is not ATTESTS:
            following = step
    firm.reverse()
    return firm


def _begun(moment: Moment, since: Window, following: _Step | None, faults: list[Fault]) -> Spell:
    """The spell that a moment begins, until what ends or replaces it."""
    then, until = following if following is not None else (None, OPEN)
    certain = until.latest < NEVER
    if then is not None and moment.does is then.does is BEGINS and certain:
        faults.append(Fault("already_running", moment.track, (moment.position, then.position)))
    return Spell(
        track=moment.track,
        value=moment.value,
        since=since,
        until=until,
        since_text=moment.text,
        until_text=then.text if then is not None else None,
        because=(moment.position,) if then is None else _each_once(moment.position, then.position),
    )


def _each_once(*positions: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(positions))


def _attested(moment: Moment, when: Window, before: _Step | None, after: _Step | None) -> Spell:
    """A spell known on one day alone: its start reaches back and its end lies open."""
    reach = DAWN
    if before is not None:
        attested = before[0].does is ATTESTS
        reach = _day_after(before[1].earliest) if attested else before[1].earliest
    until, text = Window(_day_after(when.earliest), NEVER), None
    because: tuple[int, ...] = (moment.position,)
    if after is not None:
        following, then = after
        until = Window(min(until.earliest, then.latest), then.latest)
        if following.does is ENDS:
            until, text, because = then, following.text, (moment.position, following.position)
    return Spell(
        track=moment.track,
        value=moment.value,
        since=Window(min(reach, when.latest), when.latest),
        until=until,
        since_text=None,
        until_text=text,
        because=because,
    )


def _day_after(earliest: int) -> int:
    return earliest + 1 if earliest > DAWN else earliest


def _two_values(ordered: Sequence[Moment]) -> list[Fault]:
    """Two values of one attribute of one subject on the same exact day."""
    faults = []
    by_day: dict[Window, Moment] = {}
    for moment in ordered:
        if moment.does is SETS and moment.window.exact:
            other = by_day.setdefault(moment.window, moment)
            if other.value != moment.value:
                faults.append(Fault("two_values", moment.track, (other.position, moment.position)))
    return faults

"""Timelines: a track's moments in effective order, folded to spells.

A late fact is an insertion: the fold orders what is known by its effective days, whatever order it
was recorded in. A spell has four bounds, for its beginning and its end may each be uncertain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any, Literal

from domain.dates import DAWN, NEVER, OPEN, Window
from domain.moments import Does, Moment
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


def fold(moments: Iterable[Moment], ground: Ground) -> Timeline:
    """Fold one track's moments to its spells.

    `ground` tells how an election ended, None while it stands. Where the days of two moments leave
    their order open, the one that fits goes first; bounds are then tightened along that order.
    """
    known = list(moments)
    if len(known) == 1 and known[0].does in (Does.BEGINS, Does.SETS):
        return Timeline((_begun(known[0], known[0].window, None, ground, []),))
    ordered, faults = _fitting(in_order(known))
    windows = _tightened(ordered, faults)
    steps = list(zip(ordered, windows, strict=True))
    firm = _next_firm(steps)
    spells: list[Spell] = []
    runs = False  # whether something begun runs, so that an attestation adds nothing to it
    for index, (moment, when) in enumerate(steps):
        if moment.does is Does.ENDS:
            runs = False
        elif moment.does is not Does.ATTESTS:
            runs = True
            spells.append(_begun(moment, when, firm[index], ground, faults))
        elif not runs:
            before = steps[index - 1] if index else None
            after = steps[index + 1] if index + 1 < len(steps) else None
            spells.append(_attested(moment, when, before, after))
    faults += _two_values(ordered)
    present = (spell for spell in spells if spell.since.earliest < spell.until.latest)
    return Timeline(tuple(present), tuple(faults))


def in_order(moments: list[Moment]) -> list[Moment]:
    """Order one track's moments on the effective clock.

    Where days leave the order open (equal days included): while something holds, an ending goes
    first, else a beginning; then the smaller earliest day (latest, where the earliest is
    unbounded), then the smaller latest, then position.
    """
    if len(moments) < 2:
        return moments
    by_earliest = sorted(moments, key=lambda moment: moment.window.earliest)
    by_latest = sorted(moments, key=lambda moment: moment.window.latest)
    waiting = _Waiting()
    done: set[int] = set()
    ordered: list[Moment] = []
    arrived = first = 0
    holds = False
    while len(ordered) < len(moments):
        while id(by_latest[first]) in done:
            first += 1
        threshold = by_latest[first].window.latest
        while arrived < len(by_earliest) and by_earliest[arrived].window.earliest <= threshold:
            waiting.add(by_earliest[arrived])
            arrived += 1
        moment = waiting.take(holds)
        done.add(id(moment))
        ordered.append(moment)
        holds = moment.does is not Does.ENDS
    return ordered


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
        return {Does.ENDS: self.end, Does.ATTESTS: self.attest}.get(does, self.begin)


def _key(moment: Moment) -> tuple[int, int, int]:
    earliest, latest = moment.window
    return (earliest if earliest > DAWN else latest, latest, moment.position)


def _fitting(ordered: Sequence[Moment]) -> tuple[list[Moment], list[Fault]]:
    """Leave out endings of what does not run: each is a fault, and bounds nothing."""
    kept: list[Moment] = []
    faults: list[Fault] = []
    for moment in ordered:
        if moment.does is Does.ENDS and (not kept or kept[-1].does is Does.ENDS):
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
        floor = _day_after(earliest) if moment.does is Does.ATTESTS else earliest
    return windows


_Step = tuple[Moment, Window]


def _next_firm(steps: Sequence[_Step]) -> list[_Step | None]:
    """For each step the next one that is no attestation: what ends or replaces a spell."""
    firm: list[_Step | None] = []
    following: _Step | None = None
    for step in reversed(steps):
        firm.append(following)
        if step[0].does is not Does.ATTESTS:
            following = step
    firm.reverse()
    return firm


def _begun(
    moment: Moment, since: Window, following: _Step | None, ground: Ground, faults: list[Fault]
) -> Spell:
    """The spell that a moment begins, until what ends or replaces it, or its election's end."""
    spell = Spell(
        track=moment.track,
        value=moment.value,
        since=since,
        until=OPEN,
        since_text=moment.text,
        until_text=None,
        because=(moment.position,),
    )
    if moment.ground is not None and (ending := ground(moment.ground)) is not None:
        no_sooner = Window(
            max(ending.window.earliest, since.earliest), max(ending.window.latest, since.earliest)
        )
        spell = _ended(spell, no_sooner, ending.text, ending.position)
    if following is None:
        return spell
    next_moment, when = following
    if moment.does is next_moment.does is Does.BEGINS and when.latest < spell.until.earliest:
        faults.append(
            Fault("already_running", moment.track, (moment.position, next_moment.position))
        )
    if next_moment.does is Does.ENDS and spell.until.latest < when.earliest:
        faults.append(Fault("not_running", moment.track, (*spell.because, next_moment.position)))
    return _ended(spell, when, next_moment.text, next_moment.position)


def _ended(spell: Spell, until: Window, text: str | None, position: int) -> Spell:
    """The spell, over at the sooner of two ends."""
    sooner = Window(
        min(until.earliest, spell.until.earliest), min(until.latest, spell.until.latest)
    )
    if until >= spell.until:
        return replace(spell, until=sooner)
    because = tuple(dict.fromkeys((spell.because[0], position)))
    return replace(spell, until=sooner, until_text=text, because=because)


def _attested(moment: Moment, when: Window, before: _Step | None, after: _Step | None) -> Spell:
    """A spell known on one day alone: its start reaches back and its end lies open."""
    reach = DAWN
    if before is not None:
        attested = before[0].does is Does.ATTESTS
        reach = _day_after(before[1].earliest) if attested else before[1].earliest
    until, text = Window(_day_after(when.earliest), NEVER), None
    because: tuple[int, ...] = (moment.position,)
    if after is not None:
        following, then = after
        until = Window(min(until.earliest, then.latest), then.latest)
        if following.does is Does.ENDS:
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
        if moment.does is Does.SETS and moment.window.exact:
            other = by_day.setdefault(moment.window, moment)
            if other.value != moment.value:
                faults.append(Fault("two_values", moment.track, (other.position, moment.position)))
    return faults

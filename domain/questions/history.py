"""Histories: what was, is and is to be of a subject, and what the ledger believed of it when.

`Prefixes` is the *oracle* of the recorded clock: the pure fold of every prefix of the entries. The
projections find the same rectangles by index, and answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol, TypeVar

from domain import acts as a
from domain.answers import Belief, Bounds, Cause, Fact, Point
from domain.dates import ALWAYS, DAWN, NEVER, iso
from domain.decisions import DecisionTaken
from domain.entries import Entry, canonical
from domain.moments import Does
from domain.questions.charter import holder_there, holders_lives
from domain.questions.facts import Day, cause, least, lifetime, soonest_end, start
from domain.questions.structure import spells, whole
from domain.timelines import Certainty, Spell
from domain.tracks import LIFE, Track, named_by

Kind = Literal["body", "post", "person"]
"""Subjects that have a history."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A spell, and from which position until which the ledger believed it; None: it still does."""

    spell: Spell
    recorded_from: int
    recorded_until: int | None


class Remembered(Protocol):
    """What the ledger ever believed up to a position."""

    def about(self, kind: str, subject: str) -> Sequence[Rectangle]:
        """What was believed of one subject."""

    def naming(self, kind: str, subject: str) -> Sequence[Rectangle]:
        """What was believed that names another subject."""

    def decided(self, last: int) -> Sequence[Entry]:
        """The entries of the decision that ends at a position, envelope first."""

    def position_of(self, target: int | a.ActOf) -> int:
        """The position of an entry, however a retraction names it."""


class Prefixes:
    """What was believed after each decision, found by folding everything recorded up to then."""

    def __init__(self, entries: Sequence[Entry], position: int) -> None:
        self._entries = whole(entries, position)
        self.rectangles: tuple[Rectangle, ...] = tuple(_rectangles(self._entries))

    def about(self, kind: str, subject: str) -> Sequence[Rectangle]:
        """What was believed of one subject."""
        return [each for each in self.rectangles if each.spell.track[:2] == (kind, subject)]

    def naming(self, kind: str, subject: str) -> Sequence[Rectangle]:
        """What was believed that names another subject."""
        return [
            each
            for each in self.rectangles
            if each.spell.track.kind == kind
            and named_by(each.spell.track, each.spell.value) == subject
        ]

    def decided(self, last: int) -> Sequence[Entry]:
        """The entries of the decision that ends at a position, envelope first."""
        first = last - next(each.number for each in self._entries if each.position == last)
        return [each for each in self._entries if first <= each.position <= last]

    def position_of(self, target: int | a.ActOf) -> int:
        """The position of an entry, however a retraction names it."""
        if isinstance(target, int):
            return target
        named = (target.decision, target.act)
        return next(e.position for e in self._entries if (e.decision, e.number) == named)


def _rectangles(entries: Sequence[Entry]) -> Iterator[Rectangle]:
    """Fold each prefix that ends with a decision, and tell what is believed otherwise than before.

    A belief begins and is given up at the last position of the decision that makes it so.
    """
    believed: dict[bytes, tuple[Spell, int]] = {}
    ends = [
        each.position + each.act.acts for each in entries if isinstance(each.act, DecisionTaken)
    ]
    for last in ends:
        found = {_written(spell): spell for spell in spells(whole(entries, last))}
        for given_up in believed.keys() - found.keys():
            spell, since = believed.pop(given_up)
            yield Rectangle(spell, since, last)
        for new in found.keys() - believed.keys():
            believed[new] = (found[new], last)
    for spell, since in believed.values():
        yield Rectangle(spell, since, None)


def _written(spell: Spell) -> bytes:
    """Everything that tells one spell from another."""
    texts = (spell.since_text, spell.until_text)
    return canonical([*spell.track, spell.value, *spell.since, *spell.until, *texts, spell.because])


def ids(day: Day, kind: Kind, identity: str) -> tuple[str, ...]:
    """The ids whose histories are one: those of a person as known at the basis."""
    return day.ids(day.person(identity)) if kind == "person" else (identity,)


def facts(day: Day, kind: Kind, identity: str) -> tuple[Fact, ...] | None:
    """A subject's history on the effective clock, in the order of beginning; None: not known.

    What ends with what it is in has that end, as in every other answer.
    """
    same = ids(day, kind, identity)
    if not any(lifetime(day.known, kind, each) for each in same):
        return None
    found = _of(kind, same, day.known.about, day.known.naming, lambda spell: spell.track)
    in_order = sorted(_dated(list(found)), key=lambda each: start(each[1]))
    return tuple(_fact(day, kind, same, each, spell) for each, spell in in_order)


def beliefs(
    day: Day, remembered: Remembered, kind: Kind, identity: str
) -> tuple[Belief, ...] | None:
    """A subject's history on the recorded clock, in the order of recording; None: never known.

    Of a person it tells all ids that are one at the basis, also from before they were.
    """
    same = ids(day, kind, identity)
    found = list(
        _of(kind, same, remembered.about, remembered.naming, lambda each: each.spell.track)
    )
    if not any(
        (each.spell.track.kind, each.spell.track.attribute) == (kind, LIFE) for _, each in found
    ):
        return None
    found.sort(key=lambda each: (each[1].recorded_from, start(each[1].spell), each[1].spell.until))
    return tuple(_belief(day, remembered, kind, same, each, believed) for each, believed in found)


_SOURCES: Final[dict[Kind, tuple[tuple[str, str], ...]]] = {
    "body": (
        ("about", "body"),
        ("naming", "body"),
        ("naming", "post"),
        ("about", "line"),
        ("naming", "mandate"),
    ),
    "post": (
        ("about", "post"),
        ("about", "tenure"),
        ("about", "approval"),
        ("about", "line"),
        ("naming", "mandate"),
    ),
    "person": (
        ("about", "person"),
        ("about", "identity"),
        ("naming", "identity"),
        ("naming", "tenure"),
        ("naming", "membership"),
        ("about", "affiliation"),
        ("naming", "candidacy"),
        ("naming", "sanction"),
    ),
}
"""Where each kind of subject's history is found: tracks of the subject, and those that name it."""

Told = TypeVar("Told")


def _of(
    kind: Kind,
    same: Sequence[str],
    about: Callable[[str, str], Iterable[Told]],
    naming: Callable[[str, str], Iterable[Told]],
    track: Callable[[Told], Track],
) -> Iterator[tuple[str, Told]]:
    """Everything told of a subject, each with the id that it is told of, none twice."""
    for each in same:
        for relation, of in _SOURCES[kind]:
            if relation == "about":
                found = about(of, f"{kind}:{each}" if of == "line" else each)
                yield from ((each, told) for told in found)
            else:
                own = same if of in (kind, "identity") else ()
                found = naming(of, each)
                others = (told for told in found if track(told).subject not in own)
                for told in others:
                    yield (track(told).subject if of == "identity" else each), told


def _dated(found: Sequence[tuple[str, Spell]]) -> Iterator[tuple[str, Spell]]:
    """The spells as they are told: no act states the beginning of what holds from always on.

    A person's first name holds from always on, and anew from its own day: that is told once.
    """
    dated = {(each.track, each.because[0], each.since) for _, each in found}
    always = {(s.track, s.because[0], s.until) for _, s in found if s.since == ALWAYS}
    for identity, spell in found:
        began = (spell.track, spell.because[0])
        if spell.since == ALWAYS:
            if (*began, spell.until) not in dated:
                yield identity, replace(spell, since_text=None)
        elif (*began, spell.since) in always:
            yield identity, replace(spell, since=ALWAYS)
        else:
            yield identity, spell


def _fact(day: Day, kind: Kind, same: Sequence[str], identity: str, spell: Spell) -> Fact:
    attribute, value = _told(kind, same, spell)
    lives, there = _around(day, spell)
    until, ended = soonest_end(spell, *lives)
    return Fact(
        id=identity,
        attribute=attribute,
        value=value,
        since=spell.since_text,
        until=until,
        certainty=least(spell.on(day.day), there),
        began=cause(day.known, spell.because[0]),
        ended=cause(day.known, ended[0]) if ended else None,
        because=tuple(sorted({*spell.because, *ended})),
    )


def _told(kind: Kind, same: Sequence[str], spell: Spell) -> tuple[str, Any]:
    """Under which name a spell is told in the history of these ids, and with which value."""
    of, subject, attribute = spell.track
    role, _, other = attribute.partition("/")
    if of == kind and subject in same:
        return attribute, spell.value
    match of:
        case "body":
            return "child", {"body": subject}
        case "tenure":
            return of, {"post": subject, "person": attribute, **spell.value}
        case "approval":
            return of, {"post": subject, "person": role, **spell.value}
        case "membership":
            return of, {"body": subject, "role": role, "person": other, **spell.value}
        case "affiliation":
            return of, {"organisation": attribute, **spell.value}
        case "candidacy":
            return of, {"election": subject, "person": attribute, **spell.value}
        case "identity":
            return of, {"person": subject, "into": attribute}
        case "line":
            return of, {"kind": role, "to": other}
    return of, {of: subject, **spell.value}


def _around(day: Day, spell: Spell) -> tuple[list[Spell], Certainty | None]:
    """The lives of what a spell is in, with which it ends, and how surely that is there."""
    kind, subject, attribute = spell.track
    match kind:
        case "body":
            placed = attribute == "within" and spell.value is not None
            return _in_bodies(day, subject, *([spell.value] if placed else ()))
        case "post" | "approval":
            return _in_post(day, subject)
        case "tenure":
            return _with(_in_post(day, subject), _of_person(day, attribute))
        case "membership":
            person = attribute.partition("/")[2]
            return _with(_in_bodies(day, subject), _of_person(day, person))
        case "affiliation":
            return _of_person(day, subject)
        case "sanction":
            return _of_person(day, spell.value["person"])
        case "person" if attribute == LIFE:
            return _of_person(day, subject)
        case "mandate":
            holder = spell.value["holder"]
            return holders_lives(day, holder), holder_there(day, holder)
        case "line":
            of, _, origin = subject.partition(":")
            where = _in_bodies(day, origin) if of == "body" else _in_post(day, origin)
            return _with(where, _in_bodies(day, attribute.partition("/")[2]))
    return [], "certain"


_Around = tuple[list[Spell], Certainty | None]


def _with(one: _Around, other: _Around) -> _Around:
    return [*one[0], *other[0]], least(one[1], other[1])


def _in_bodies(day: Day, *bodies: str) -> _Around:
    lives = [life for each in bodies for life in lifetime(day.known, "body", each)]
    return lives, least(*(day.certainty(each) for each in bodies))


def _in_post(day: Day, post: str) -> _Around:
    own = lifetime(day.known, "post", post)
    around = _in_bodies(day, *(life.value["body"] for life in own))
    there = least(*(life.on(day.day) for life in own)) if own else None
    return _with((own, there), around)


def _of_person(day: Day, written: str) -> _Around:
    person = day.person(written)
    return list(day.lives(person)), day.alive(person)


def _belief(
    day: Day,
    remembered: Remembered,
    kind: Kind,
    same: Sequence[str],
    identity: str,
    believed: Rectangle,
) -> Belief:
    spell, until = believed.spell, believed.recorded_until
    attribute, value = _told(kind, same, spell)
    days = (*spell.since, *spell.until)
    bounds = [iso(each) if DAWN < each < NEVER else None for each in days]
    return Belief(
        id=identity,
        attribute=attribute,
        value=value,
        since=spell.since_text if spell.since != ALWAYS else None,
        until=spell.until_text,
        days=Bounds(*bounds),
        believed_from=_point(day, believed.recorded_from),
        because_of=_behind(day, remembered, spell, believed.recorded_from),
        believed_until=_point(day, until) if until is not None else None,
        given_up_because_of=_behind(day, remembered, spell, until) if until is not None else None,
        because=spell.because,
    )


def _point(day: Day, position: int) -> Point:
    return Point(position, day.known.told(position)[0].recorded_at)


def _behind(day: Day, remembered: Remembered, spell: Spell, last: int) -> Cause:
    """Which entry of the decision that ends at a position had a belief begin, or given up."""
    near = []
    for entry in remembered.decided(last):
        meant = entry
        if isinstance(entry.act, a.EntryRetracted):
            meant, _ = day.known.told(remembered.position_of(entry.act.entry))
        distance = _distance(spell, meant)
        if distance is not None:
            near.append((distance, entry.position))
    return cause(day.known, min(near)[1])


def _distance(spell: Spell, entry: Entry) -> int | None:
    """How closely an entry concerns a spell: 0 is the closest, None not at all.

    First come the entries that cause it, then those on its track, then the annulment of the
    election that it rests on, then that of another, on which its neighbours on the track rest.
    """
    if entry.position in spell.because:
        return spell.because.index(entry.position)
    distances = []
    for moment in entry.moments:
        if moment.track == spell.track:
            distances.append(len(spell.because))
        elif moment.track.kind == "election" and moment.does is Does.ENDS:
            grounds = isinstance(spell.value, dict) and (
                spell.value.get("election") == moment.track.subject
            )
            distances.append(len(spell.because) + (1 if grounds else 2))
    return min(distances, default=None)

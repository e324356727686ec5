"""Facts: the spells that an answer is put together from, found by what they are about.

`Facts` holds them in memory; the projections find the same by index, and answer alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

from domain.amendments import Amendment, amended, amendments
from domain.answers import Cause
from domain.dates import NEVER
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.register import survivor
from domain.shape import to_json
from domain.timelines import Certainty, Spell
from domain.tracks import LIFE, Track, named_by

Made = TypeVar("Made")

_until = attrgetter("until")


class Known(Protocol):
    """What is known at a position, whatever the day."""

    def all(self, kind: str) -> Sequence[Spell]:
        """Every spell of a kind of track."""

    def about(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells of one subject."""

    def naming(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells that name another subject: whom they concern, or what is around them."""

    def tracks(self, kind: str) -> Sequence[Track]:
        """The tracks of a kind, whatever the day."""

    def named_by(self, kind: str, subject: str) -> Sequence[str]:
        """The subjects of a kind that ever name another, in the order of their ids."""

    def on(
        self, kind: str, subject: str, day: int, attribute: str | None = None
    ) -> Sequence[Spell]:
        """The spells of one subject, of one attribute or of all, that may hold on a day."""

    def kept(self, make: Callable[..., Made], day: Day, *about: str) -> Made:
        """What a rule makes of these on a day: put together now, or before and remembered.

        A rule makes the same of the same facts. Of the day it knows nothing but which spells hold
        on it, may, or do not; and it changes nothing that it was given.
        """

    def life(self, kind: str, subject: str) -> Sequence[Spell]:
        """When one subject is there, whatever the day."""

    def there(self, kind: str, day: int) -> Sequence[str]:
        """The subjects of a kind that may be there on a day, in the order of their ids."""

    def expect(self, wanted: Iterable[tuple[str, str, int]]) -> None:
        """What is on days will be asked for, of these kinds and subjects: find it in one go."""

    def expect_naming(self, kind: str, subjects: Iterable[str]) -> None:
        """What names these subjects will be asked for: find it in one go."""

    def expect_named(self, kind: str, subjects: Iterable[str]) -> None:
        """Which subjects of a kind name these will be asked for: find it in one go."""

    def expect_told(self, positions: Iterable[int]) -> None:
        """What is told at these positions will be asked for: read it in one go."""

    def told(self, position: int) -> tuple[Entry, DecisionTaken]:
        """The entry at a position, and the envelope of its decision, as amended."""

    def amendments(self, decision: str) -> Sequence[Amendment]:
        """The amendments to a decision, in order."""


class Facts:
    """Spells in memory."""

    def __init__(self, spells: Iterable[Spell], entries: Iterable[Entry] = ()) -> None:
        self._entries = {entry.position: entry for entry in entries}
        self._amendments = amendments(self._entries.values())
        self._all: dict[str, list[Spell]] = defaultdict(list)
        self._about: dict[tuple[str, str], list[Spell]] = defaultdict(list)
        self._naming: dict[str, dict[str, list[Spell]]] = {}
        for spell in spells:
            kind, subject, _ = spell.track
            self._all[kind].append(spell)
            self._about[kind, subject].append(spell)

    def all(self, kind: str) -> Sequence[Spell]:
        """Every spell of a kind of track."""
        return self._all.get(kind, ())

    def about(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells of one subject."""
        return self._about.get((kind, subject), ())

    def naming(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells that name another subject."""
        if kind not in self._naming:
            self._naming[kind] = defaultdict(list)
            for spell in self.all(kind):
                other = named_by(spell.track, spell.value)
                if other is not None:
                    self._naming[kind][other].append(spell)
        return self._naming[kind].get(subject, ())

    def tracks(self, kind: str) -> Sequence[Track]:
        """The tracks of a kind, whatever the day."""
        return list(dict.fromkeys(spell.track for spell in self.all(kind)))

    def named_by(self, kind: str, subject: str) -> Sequence[str]:
        """The subjects of a kind that ever name another, in the order of their ids."""
        return sorted({each.track.subject for each in self.naming(kind, subject)})

    def on(
        self, kind: str, subject: str, day: int, attribute: str | None = None
    ) -> Sequence[Spell]:
        """The spells of one subject, of one attribute or of all, that may hold on a day."""
        return [
            spell
            for spell in self.about(kind, subject)
            if attribute in (None, spell.track.attribute) and spell.on(day)
        ]

    def kept(self, make: Callable[..., Made], day: Day, *about: str) -> Made:
        """What a rule makes of these on a day."""
        return make(day, *about)

    def life(self, kind: str, subject: str) -> Sequence[Spell]:
        """When one subject is there, whatever the day."""
        return [spell for spell in self.about(kind, subject) if spell.track.attribute == LIFE]

    def there(self, kind: str, day: int) -> Sequence[str]:
        """The subjects of a kind that may be there on a day, in the order of their ids."""
        lives = (spell for spell in self.all(kind) if spell.track.is_life)
        return sorted({spell.track.subject for spell in lives if spell.on(day)})

    def expect(self, wanted: Iterable[tuple[str, str, int]]) -> None:
        """Everything is at hand."""

    def expect_naming(self, kind: str, subjects: Iterable[str]) -> None:
        """Everything is at hand."""

    def expect_named(self, kind: str, subjects: Iterable[str]) -> None:
        """Everything is at hand."""

    def expect_told(self, positions: Iterable[int]) -> None:
        """Everything is at hand."""

    def told(self, position: int) -> tuple[Entry, DecisionTaken]:
        """The entry at a position, and the envelope of its decision, as amended."""
        entry = self._entries[position]
        taken = envelope_of(self._entries[position - entry.number])
        return entry, amended(taken, self.amendments(entry.decision))

    def amendments(self, decision: str) -> Sequence[Amendment]:
        """The amendments to a decision, in order."""
        return self._amendments.get(decision, ())


class Someone(NamedTuple):
    """A person on a day."""

    lives: Sequence[Spell]
    """The person's life, once for each id that says something of it; none: not known."""
    alive: Certainty | None
    """Whether the person lives on the day: by every id, if there are several."""
    name: Spell | None
    """What the person is called."""
    ends: Sequence[Spell]
    """The life that ends first, if any does."""


class Identities(NamedTuple):
    """Which ids are the same persons'."""

    merged: Mapping[str, set[str]]
    """By each id that was merged, the ids that it was merged with."""
    groups: Mapping[str, set[str]]
    """By the id under which a person is shown, the ids that were merged."""


class Day:
    """The facts on one day: what is there, how surely, and under which id persons are shown.

    What is contained is at most as certain as its container.
    """

    def __init__(self, known: Known, day: int) -> None:
        self.known = known
        self.day = day
        self._attributes: dict[tuple[str, str], dict[str, list[Spell]]] = {}
        self._certainty: dict[str, Certainty | None] = {}
        self._someone: dict[str, Someone] = {}
        self._identities: Identities | None = None

    def of(self, kind: str, subject: str) -> Mapping[str, Sequence[Spell]]:
        """What a subject's attributes may be on the day."""
        key = (kind, subject)
        found = self._attributes.get(key)
        if found is None:
            found = self._attributes[key] = {}
            for spell in self.known.on(kind, subject, self.day):
                found.setdefault(spell.track.attribute, []).append(spell)
        return found

    def track(self, kind: str, subject: str, attribute: str) -> Sequence[Spell]:
        """What one attribute of a subject may be on the day."""
        found = self._attributes.get((kind, subject))
        if found is not None:
            return found.get(attribute, ())
        return self.known.on(kind, subject, self.day, attribute)

    def kept(self, make: Callable[..., Made], *about: str) -> Made:
        """What a rule makes of the day: put together now, or before and remembered."""
        return self.known.kept(make, self, *about)

    def expect(self, *wanted: tuple[str, str]) -> None:
        """What tracks of these kinds and subjects say on the day will be asked for."""
        self.known.expect((kind, subject, self.day) for kind, subject in wanted)

    def life(self, kind: str, subject: str) -> Spell | None:
        """The life of a subject that is there on the day, certainly or possibly."""
        lives = self.track(kind, subject, LIFE)
        return lives[0] if lives else None

    def shown(self, present: Sequence[Spell], made_by: int | None = None) -> Spell | None:
        """Of values that change, the last whose start is certain, else the first possible one.

        "Not stated" is a value too: where `made_by` names the entry that made the subject, nothing
        but what that entry states is shown before a later one is certain.
        """
        certain = [spell for spell in present if spell.since.latest <= self.day]
        if certain:
            return max(certain, key=start)
        first = [each for each in present if made_by is None or each.because[0] == made_by]
        return min(first, key=start, default=None)

    def place(self, body: str) -> Spell | None:
        """Where a body stands: in one that is there, as long as it may have been put into one."""
        present = self.track("body", body, "within")
        there = [each for each in present if each.value is None or self.life("body", each.value)]
        return self.shown(there or present)

    def certainty(self, body: str) -> Certainty | None:
        """How surely a body is there: no more than any body that it stands in."""
        if body not in self._certainty:
            self._certainty[body] = self.kept(_certainty, body)
        return self._certainty[body]

    def upwards(self, body: str) -> Iterator[str]:
        """A body and those that it stands in, from the nearest."""
        seen: set[str] = set()
        here: str | None = body
        while here is not None and here not in seen:
            seen.add(here)
            yield here
            place = self.place(here)
            here = place.value if place is not None else None

    def subjects(self, kind: str) -> list[str]:
        """Every subject of a kind that is known, whatever the day, in the order of their ids."""
        return sorted({spell.track.subject for spell in self.known.all(kind)})

    def person(self, written: str) -> str:
        """The id under which a person is shown, whichever id an act was written with."""
        return _shown(self._merged(), written)

    def ids(self, person: str) -> tuple[str, ...]:
        """Every id that a person shown under an id is written with, that one first."""
        return (person, *sorted(self._merged().groups.get(person, set()) - {person}))

    def someone(self, person: str) -> Someone:
        """A person, shown under this id, on the day."""
        found = self._someone.get(person)
        if found is None:
            found = self._someone[person] = self.kept(_someone, person)
        return found

    def lives(self, person: str) -> Sequence[Spell]:
        """A person's life, once for each id that says something of it; none: not known."""
        return self.someone(person).lives

    def alive(self, person: str) -> Certainty | None:
        """Whether a person lives on the day: by every id, if there are several."""
        return self.someone(person).alive

    def name(self, person: str) -> Spell | None:
        """What a person is called on the day."""
        return self.someone(person).name

    def _merged(self) -> Identities:
        if self._identities is None:
            self._identities = self.kept(_identities)
        return self._identities


def _certainty(day: Day, body: str) -> Certainty | None:
    certainty: Certainty | None = "certain"
    for here in day.upwards(body):
        life = day.life("body", here)
        if life is None:
            return None
        certainty = least(certainty, life.on(day.day))
    return certainty


def _someone(day: Day, person: str) -> Someone:
    lives = tuple(spell for each in day.ids(person) for spell in day.known.life("person", each))
    return Someone(
        lives=lives,
        alive=least(*(life.on(day.day) for life in lives)) if lives else None,
        name=day.shown(day.track("person", person, "name")),
        ends=soonest(*lives),
    )


def _identities(day: Day) -> Identities:
    merged: dict[str, set[str]] = defaultdict(set)
    for _, person, other in day.known.tracks("identity"):
        merged[person].add(other)
    groups: dict[str, set[str]] = {}
    found = Identities(dict(merged), groups)
    for each in merged:
        groups.setdefault(_shown(found, each), set()).add(each)
    return found


def _shown(identities: Identities, written: str) -> str:
    merged = identities.merged
    return survivor(written, lambda each: merged.get(each, ())) if written in merged else written


def envelope_of(entry: Entry) -> DecisionTaken:
    """The decision that an entry is the envelope of."""
    if not isinstance(entry.act, DecisionTaken):
        raise TypeError(f"entry {entry.position} begins no decision")
    return entry.act


def cause(known: Known, position: int) -> Cause:
    """The act at a position, and the decision that it is a part of."""
    entry, taken = known.told(position)
    return Cause(
        position=position,
        type=entry.type,
        decision=entry.decision,
        taken_by=taken.taken_by,
        meeting=taken.meeting,
        date=taken.date,
        reason=to_json(getattr(entry.act, "reason", None)),
    )


def lifetime(known: Known, kind: str, subject: str) -> list[Spell]:
    """A subject's life, whatever the day."""
    return list(known.life(kind, subject)[:1])


def least(*certainties: Certainty | None) -> Certainty | None:
    """As certain as the least certain of these; None if one of them is not there."""
    if None in certainties:
        return None
    return "possible" if "possible" in certainties else "certain"


def start(spell: Spell) -> tuple[int, int, int, Track]:
    """The order in which spells begin."""
    return (spell.since.latest, spell.since.earliest, spell.because[0], spell.track)


def soonest_end(*lives: Spell) -> tuple[str | None, tuple[int, ...]]:
    """The text of the end that comes first, with the entries behind it.

    What may go on for ever, as what is only attested on a day, has no end that could come first.
    """
    for first in soonest(*lives):
        if first.until_text is not None:
            return first.until_text, first.because[1:]
    return None, ()


def soonest(*lives: Spell) -> Sequence[Spell]:
    """Of these the one that ends first, if any does."""
    ending = [life for life in lives if life.until_text is not None or life.until.latest < NEVER]
    return (min(ending, key=_until),) if ending else ()


def because(*causes: Spell | None) -> tuple[int, ...]:
    """The positions of the entries behind spells."""
    return tuple(sorted({each for cause in causes if cause is not None for each in cause.because}))

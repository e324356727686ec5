"""The register: what the log says about a subject, read on demand, and what was read.

Rules ask it for timelines. It remembers every question as a tag and act types: its *read set*. The
log appends a decision only if no entry matching the read set was recorded since, so a rule may
follow a chain wherever it leads and its answer still holds when it is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from domain import acts as a
from domain.amendments import Amendment, amendments
from domain.dates import window
from domain.entries import Entry
from domain.timelines import Ending, Spell, Timeline, fold
from domain.tracks import ELECTION_ACTS, IDENTITY_ACTS, LIFE, Track, acts_on

Read = tuple[str, frozenset[str]]
Source = Callable[[str, frozenset[str]], Sequence[Entry]]
"""Gives every recorded entry with a tag and one of the types (none given: any), in order."""

Expect = Callable[[Iterable[Read]], object]
"""Reads in one go what the source will be asked for."""

RETRACTED: Final = "entry.retracted"
"""Every read asks for retractions too: they carry the tags of what they retract."""

AMENDMENTS: Final = frozenset({"decision.amended"})


@lru_cache(maxsize=256)
def asked(types: frozenset[str]) -> frozenset[str]:
    """The types to ask for, so as to know which of these are retracted."""
    return types | {RETRACTED} if types else types


class Register:
    """The timelines of the log as of one position, with some drafts on top."""

    def __init__(
        self,
        source: Source,
        drafts: Sequence[Entry] = (),
        expect: Expect = lambda reads: None,
    ) -> None:
        self._source = source
        self._expect = expect
        self._drafts: dict[str, list[Entry]] = {}
        for draft in drafts:
            for tag in draft.tags:
                self._drafts.setdefault(tag, []).append(draft)
        self._standing: dict[Read, list[Entry]] = {}
        self._timelines: dict[Track, Timeline] = {}

    @property
    def read_set(self) -> frozenset[Read]:
        """Every tag and types that were read: what the append is conditional on."""
        return frozenset((tag, asked(types)) for tag, types in self._standing)

    def expect(self, reads: Iterable[Read]) -> None:
        """Much of this will be asked for: find it in one go. It is not yet part of the read set."""
        self._expect((tag, asked(types)) for tag, types in reads)

    def standing(self, tag: str, types: Collection[str] = ()) -> list[Entry]:
        """The entries with a tag and one of the types that no later entry has retracted."""
        read = (tag, frozenset(types))
        if read not in self._standing:
            self._standing[read] = self._stand(*read)
        return self._standing[read]

    def _stand(self, tag: str, types: frozenset[str]) -> list[Entry]:
        wanted = asked(types)
        found = list(self._source(tag, wanted))
        if drafts := self._drafts.get(tag):
            found += [draft for draft in drafts if not types or draft.type in wanted]
        return without_retracted(found, types) if found else found

    def timeline(self, track: Track) -> Timeline:
        """One track, folded."""
        if track not in self._timelines:
            tag, types = acts_on(track)
            own = (
                moment
                for entry in self.standing(tag, types)
                for moment in entry.moments
                if moment.track == track
            )
            self._timelines[track] = fold(own, self.annulment)
        return self._timelines[track]

    def tracks(self, tag: str, types: Collection[str], kind: str) -> set[Track]:
        """The tracks of a kind that the standing entries with a tag and types change."""
        return {
            moment.track
            for entry in self.standing(tag, types)
            for moment in entry.moments
            if moment.track.kind == kind
        }

    def life(self, kind: str, subject: str) -> Spell | None:
        """When a person, body or post is there; None if nothing has established it."""
        spells = self.timeline(Track(kind, subject, LIFE)).spells
        return spells[0] if spells else None

    def merged(self, person: str) -> dict[str, int]:
        """The ids that a person's id is merged into, each with the entry that says so."""
        tracks = self.tracks(f"person:{person}", IDENTITY_ACTS, "identity")
        return {
            spell.track.attribute: spell.because[0]
            for track in tracks
            if track.subject == person
            for spell in self.timeline(track).spells
        }

    def survivor(self, person: str) -> str:
        """The id under which answers show a person."""
        return survivor(person, self.merged)

    def ids(self, person: str) -> set[str]:
        """Every id of the person that an id is of: what it is merged into, and what into it."""
        found, reached = {person}, [person]
        while reached:
            tag = f"person:{reached.pop()}"
            for track in self.tracks(tag, IDENTITY_ACTS, "identity"):
                further = {track.subject, track.attribute} - found
                if further and self.timeline(track).spells:
                    found |= further
                    reached += further
        return found

    def amendments(self, decision: str) -> Sequence[Amendment]:
        """The amendments to a decision, in order."""
        return amendments(self.standing(f"decision:{decision}", AMENDMENTS)).get(decision, ())

    def annulment(self, election: str) -> Ending | None:
        """How an election was annulled; None while it stands."""
        return annulment(self.standing(f"election:{election}", ELECTION_ACTS), election)


def reads_of_person(person: str) -> Iterator[Read]:
    """What tells when a person is there, and under which ids."""
    yield acts_on(Track("person", person, LIFE))
    yield f"person:{person}", IDENTITY_ACTS


def annulment(entries: Iterable[Entry], election: str) -> Ending | None:
    """How an election was annulled by one of these entries; None while it stands."""
    for entry in entries:
        if isinstance(entry.act, a.ElectionAnnulled) and entry.act.election == election:
            return Ending(window(entry.act.effective), entry.act.effective, entry.position)
    return None


def survivor(person: str, merged: Callable[[str], Collection[str]]) -> str:
    """The last id on the way from one id to what it is merged into."""
    seen = [person]
    while into := merged(seen[-1]):
        further = min(into)
        if further in seen:
            break
        seen.append(further)
    return seen[-1]


def without_retracted(entries: Sequence[Entry], types: Collection[str] = ()) -> list[Entry]:
    """The entries of some types (none given: any), less those that others of these retract."""
    targets = [each.act.entry for each in entries if isinstance(each.act, a.EntryRetracted)]
    if not targets:
        return [entry for entry in entries if not types or entry.act.type in types]
    positions = {target for target in targets if isinstance(target, int)}
    numbered = {(each.decision, each.act) for each in targets if not isinstance(each, int)}
    return [
        entry
        for entry in entries
        if entry.position not in positions
        and (entry.decision, entry.number) not in numbered
        and (not types or entry.type in types)
    ]

"""Coherence: what no ledger may say, whatever the charter.

Every rule is a statement about timelines, so it judges every day at once: a late act breaks it on
any later day as well as on its own. Where dates are uncertain, a rule is broken on a day when facts
certain on that day break it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from domain import acts as a
from domain.amendments import Amendment, amendments
from domain.coherence.ballots import ballots_add_up
from domain.coherence.breach import Breach
from domain.coherence.ids import ids_free, ids_known
from domain.coherence.lives import in_life
from domain.coherence.places import meeting_coherent, place_coherent
from domain.coherence.runs import track_coherent
from domain.coherence.seats import one_identity, seats_suffice
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.register import Register
from domain.tracks import LIFE, Track


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be checked: entries, the tracks that changed, and posts with more holders."""

    entries: tuple[Entry, ...]
    tracks: frozenset[Track]
    posts: frozenset[str]

    def without(self, drafts: Collection[Entry]) -> Scope:
        """The same, before these drafts."""
        drafted = {each.position for each in drafts}
        return replace(
            self, entries=tuple(each for each in self.entries if each.position not in drafted)
        )


def breaches(register: Register, scope: Scope) -> Iterator[Breach]:
    """Every breach of coherence in a scope. Of an entry with wrong ids nothing else is judged."""
    amending = amendments(scope.entries)
    judged = [(entry, _amendments(register, entry, amending)) for entry in scope.entries]
    wrong_ids = [
        breach
        for entry, amended in judged
        for breach in (*ids_known(register, entry, amended), *ids_free(register, entry))
    ]
    yield from wrong_ids
    misnaming = {breach.because[0] for breach in wrong_ids}
    for breach in _disagreements(register, scope, judged):
        if misnaming.isdisjoint(breach.because):
            yield breach


def _disagreements(
    register: Register,
    scope: Scope,
    judged: Iterable[tuple[Entry, Sequence[Amendment]]],
) -> Iterator[Breach]:
    tracks = scope.tracks
    for entry, amended in judged:
        yield from ballots_add_up(entry)
        yield from in_life(register, entry, amended)
    for track in sorted(tracks):
        yield from track_coherent(register, track)
    for body in sorted(_bodies_to_place(tracks)):
        yield from place_coherent(register, body)
    for meeting in sorted({each.subject for each in tracks if each.kind == "meeting"}):
        yield from meeting_coherent(register, meeting)
    for track in sorted(each for each in tracks if each.kind == "identity"):
        yield from one_identity(register, track.subject)
    for post in sorted(scope.posts):
        yield from seats_suffice(register, post)


def _amendments(
    register: Register, entry: Entry, amending: Mapping[str, Sequence[Amendment]]
) -> Sequence[Amendment]:
    """The amendments to the decision that an entry is the envelope of, or amends.

    They carry the tags of the envelope, so that where this is in a scope, they are too.
    """
    if isinstance(entry.act, DecisionTaken):
        return amending.get(entry.decision, ())
    if isinstance(entry.act, a.DecisionAmended):
        return register.amendments(entry.act.decision)
    return ()


def _bodies_to_place(tracks: Iterable[Track]) -> set[str]:
    return {
        track.subject
        for track in tracks
        if track.kind == "body" and track.attribute in (LIFE, "within")
    }


def posts_of(tracks: Iterable[Track]) -> frozenset[str]:
    """The posts whose holders, or seats, change with these tracks."""
    return frozenset(
        track.subject
        for track in tracks
        if track.kind == "tenure" or (track.kind == "post" and track.attribute in (LIFE, "seats"))
    )

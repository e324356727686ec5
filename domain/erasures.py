"""Erasures: which texts it takes to forget a person, and the acts that say so.

Texts under the person's own key go, whatever they say, and so does every other text of an entry
that names the person, but for what is kept with another person. Around these entries, in their
decisions and in what amends, retracts or remarks on those, a text goes if it speaks of the person
by name. Other persons' names stay; what is written elsewhere stays unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.acts import SubjectErased
from domain.decisions import DecisionTaken, Payload
from domain.entries import Entry, unplaced
from domain.fields import Commitment
from domain.names import speaks_of
from domain.register import Read, Register, Source
from domain.shape import Told, texts

PER_ACT: Final = 1_000
"""Digests in an act: an entry has a largest size."""

Opened = Callable[[Collection[str]], Mapping[str, str]]
"""Gives the texts behind digests, as far as they are still there."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What erasing a person reaches."""

    ids: tuple[str, ...]
    """Every id of the person, the one that was asked for first."""
    erased: Mapping[str, Entry]
    """Those that are erased already, each with the newest entry that says so."""
    digests: Mapping[str, Sequence[str]]
    """By id, the texts that no erasure of these ids has covered yet."""
    read_set: frozenset[Read]
    """What it was found by: if any of that moves, it may reach further."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to erase."""
        return self.erased.keys() >= set(self.ids) and not any(self.digests.values())


def erasure(entry: Entry) -> SubjectErased | None:
    """The erasure that an entry holds, if it holds one."""
    return entry.act if isinstance(entry.act, SubjectErased) else None


def reach(person: str, source: Source, opened: Opened, also: Iterable[Entry] = ()) -> Reach | None:
    """What erasing a person reaches, as known now; None if no entry is about that person.

    `also` are entries whose texts are to go besides.
    """
    register = Register(source)
    tags: set[str] = set()

    def about(*of: str) -> Iterator[Entry]:
        for tag in of:
            tags.add(tag)
            yield from source(tag, frozenset())

    ids = (person, *sorted(register.ids(person) - {person}))
    naming = {each: [*about(f"person:{each}", f"named:person:{each}")] for each in ids}
    if not naming[person]:
        return None
    subjects = {f"person:{each}" for each in ids}
    decisions = dict.fromkeys(entry.decision for some in naming.values() for entry in some)
    around = [*about(*(f"{of}decision:{each}" for each in decisions for of in ("", "named:")))]
    names, erased, done = set[str](), dict[str, Entry](), set[str]()
    digests: dict[str, dict[str, None]] = {}
    for each, entries in naming.items():
        own = [told for entry in entries for told in _texts(entry)]
        names |= {told.text for told in own if told.field == "name" and told.subject in subjects}
        digests[each] = {told.text: None for told in own if not _is_anothers(told, subjects)}
        for entry in entries:
            if act := erasure(entry):
                erased[act.person] = entry
                done.update(act.digests)
    beside = [
        told
        for entry in around
        for told in _texts(entry)
        if told.field != "name" or not _is_anothers(told, subjects)
    ]
    known = opened([*names, *(told.text for told in beside)])
    called = [known[each] for each in names if each in known]
    for told in beside:
        if any(speaks_of(known.get(told.text, ""), name) for name in called):
            digests[person][told.text] = None
    for told in (told for entry in also for told in _texts(entry)):
        if told.field != "name" or not _is_anothers(told, subjects):
            digests[person][told.text] = None
    left: dict[str, Sequence[str]] = {}
    for each in ids:
        left[each] = [str(digest) for digest in digests[each] if digest not in done]
        done.update(left[each])  # of two ids, one covers it
    reads = {(tag, frozenset[str]()) for tag in tags}
    return Reach(ids, erased, left, register.read_set | reads)


def drafts(reached: Reach, ground: str, decision: str, recorded_by: str) -> tuple[Entry, ...]:
    """The entries that erase what an erasure reaches: an envelope, then acts for every id."""
    acts = [
        SubjectErased(type="subject.erased", person=each, ground=ground, digests=some)
        for each in reached.ids
        for some in _some(reached.digests[each], is_first=each not in reached.erased)
    ]
    payloads: tuple[Payload, ...] = (DecisionTaken(type="decision.taken", acts=len(acts)), *acts)
    return tuple(
        unplaced(act, decision, number, recorded_by) for number, act in enumerate(payloads)
    )


def _some(digests: Sequence[str], *, is_first: bool) -> Iterator[tuple[str, ...]]:
    """Digests, as many as an act holds; the first erasure of an id says so, even if of none."""
    if is_first and not digests:
        yield ()
    for start in range(0, len(digests), PER_ACT):
        yield tuple(digests[start : start + PER_ACT])


def _texts(entry: Entry) -> Iterator[Told]:
    """The commitments of an entry."""
    found = texts(entry.act, f"decision:{entry.decision}")
    return (told for told in found if isinstance(told.text, Commitment))


def _is_anothers(told: Told, subjects: Collection[str]) -> bool:
    """Whether a text is kept with another person."""
    return told.subject.startswith("person:") and told.subject not in subjects

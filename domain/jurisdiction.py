"""Jurisdiction: how far the key reaches with which a decision is recorded.

A key may be limited to a body and what is below it. Then everything that its decisions name must
lie inside: bodies by themselves; posts, meetings, elections, mandates, rules, resolutions and
sanctions by the bodies that they belong to. A body is where it stands as known now on the day of
recording, whatever day an act is dated: who is moved away is out of reach at once, and nothing is
in reach by backdating. A body that is gone is where it stood last, one that is to come where it
will stand first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from domain import acts as a
from domain.access import Principal
from domain.coherence.breach import Breach
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.fields import Kind
from domain.recorded import Ledger, find, find_envelope, of_decision
from domain.register import Register
from domain.shape import Mentioned
from domain.tracks import CREATIONS, Track, established_by

JURISDICTION: Final = frozenset({"key_revoked", "key_expired", "outside_authority"})
"""The rules of this page."""

REVOCATIONS: Final = frozenset({"access.revoked"})

_OF_THE_DECISION: Final = (a.ResolutionAdopted, a.DeclarationMade)
"""What belongs to the body that decided it, or to that of the meeting."""

_EVERYWHERE: Final = ""
"""In place of a body, for what belongs to no body more than to others: nobody stands above all."""

_Seen = frozenset[tuple[Kind, str]]
_Beyond = Iterator[tuple[str, str]]
"""Pointers into an act, each with what is out of reach there."""


def jurisdiction(
    drafts: Sequence[Entry], by: Principal, before: Register, ledger: Ledger, day: int
) -> Iterator[Breach]:
    """Why a decision is not for somebody to record on a day: their key is over, or limited."""
    for each in before.standing(f"key:{by.id}", REVOCATIONS):
        yield Breach("key_revoked", "this key was revoked", (each.position,))
    if by.until is not None and day >= by.until:
        yield Breach("key_expired", "this key has expired", ())
    if by.within is None:
        return
    reach = _Reach(by, by.within, drafts, before, ledger, day)
    for draft in drafts:
        for pointer, message in reach.beyond(draft):
            yield Breach("outside_authority", message, (draft.position,), pointer)


class _Reach:
    """What a key that is limited to a body may record, as judged with one decision."""

    def __init__(
        self,
        by: Principal,
        root: str,
        drafts: Sequence[Entry],
        before: Register,
        ledger: Ledger,
        day: int,
    ) -> None:
        self._by = by
        self._root = root
        self._drafts = drafts
        self._before = before
        self._ledger = ledger
        self._day = day

    def beyond(self, entry: Entry) -> _Beyond:
        """What an entry names that is out of reach."""
        act = entry.act
        if isinstance(act, a.PersonRegistered):  # a person has no place yet
            is_draft = any(entry is each for each in self._drafts)
            if not is_draft and entry.recorded_by != self._by.id:
                yield "", "another key has registered this person"
            return
        if isinstance(act, a.EntryRetracted):
            yield from self._other(act.entry)
            return
        yield from self._named(entry)
        if isinstance(act, a.RemarkMade) and act.entry is not None:
            yield from self._other(act.entry)
        if isinstance(act, a.RemarkMade) and act.person is not None:
            yield "/person", "a remark on a person takes a key that is not limited"
        if isinstance(act, a.BodyMoved | a.BodyEstablished) and act.within is None:
            yield "/within", f"the root is not within {self._root}, to which this key is limited"
        if isinstance(act, a.MandateGranted) and _is_unbounded(act):
            yield "/within", f"a mandate over all bodies is not within {self._root}"
        if isinstance(act, a.RuleAdopted | a.RuleAmended) and _is_unbounded(act):
            yield "/applies_to", f"this rule applies to more than what is within {self._root}"

    def _named(self, entry: Entry) -> _Beyond:
        """What is out of reach of what an act names; it must name something, or be recorded."""
        is_placed = isinstance(entry.act, DecisionTaken)
        for each in entry.mentions:
            if each.kinds == ("person",) or self._is_new(each):
                continue
            if each.kinds == ("decision",):
                is_placed = True
                yield from self._decided(each)
                continue
            bodies = self._bodies(self._kind(each), each.id, frozenset())
            is_placed = is_placed or bool(bodies)
            if not bodies or not self._are_inside(bodies):
                what = f"{self._kind(each)} {each.id}"
                yield (
                    each.pointer,
                    f"{what} is not within {self._root}, to which this key is limited",
                )
        if isinstance(entry.act, a.RemarkMade) and entry.act.entry is not None:
            is_placed = True
        if isinstance(entry.act, _OF_THE_DECISION):
            bodies = self._of_envelope(entry, frozenset())
            is_placed = bool(bodies)
            if not self._are_inside(bodies):
                yield "", f"its decision is not within {self._root}, to which this key is limited"
        if not is_placed:
            what = f"{entry.type} names nothing"
            yield "", f"{what} within {self._root}, to which this key is limited"

    def _other(self, target: int | a.ActOf) -> _Beyond:
        """An entry that is retracted, or remarked on: this key could have recorded it."""
        if not isinstance(target, int) and target.decision == self._drafts[0].decision:
            return  # an act of this very decision is judged by itself
        found = find(target, self._ledger)
        if found is not None and not self._could_record(found):
            message = f"entry {found.position} is not for this key to record, so neither is this"
            yield "/entry", message

    def _decided(self, named: Mentioned) -> _Beyond:
        """A decision that is named: this key could have recorded all of it."""
        taken = find_envelope(named.id, self._ledger)
        if taken is not None and not self._could_record(taken):
            yield named.pointer, f"decision {named.id} is not for this key to record"

    def _could_record(self, entry: Entry) -> bool:
        """Whether this key could have recorded an entry: an act in the decision that holds it.

        And an envelope with all the acts that its decision has.
        """
        taken = find_envelope(entry.decision, self._ledger)
        if self._is_beyond(entry) or (taken is not None and self._is_beyond(taken)):
            return False
        is_envelope = isinstance(entry.act, DecisionTaken)
        acts = of_decision(entry.decision, self._ledger)[1:] if is_envelope else []
        return not any(map(self._is_beyond, acts))

    def _is_beyond(self, entry: Entry) -> bool:
        return any(True for _ in self.beyond(entry))

    def _is_new(self, named: Mentioned) -> bool:
        """Whether an act is the first to establish what it names, which is then no other's.

        What was announced belongs to those who announced it; bodies have their places.
        """
        if not named.creates or named.kinds == ("body",):
            return False
        return not any(self._recorded(kind, named.id) for kind in named.kinds)

    def _kind(self, named: Mentioned) -> Kind:
        """Of which kind a subject is, where an act may name either."""
        for kind in named.kinds:
            if self._creating(kind, named.id):
                return kind
        return named.kinds[0]

    def _bodies(self, kind: Kind, subject: str, seen: _Seen) -> frozenset[str]:
        """The bodies to which a subject belongs, by what established it."""
        if kind == "body":
            return frozenset({subject})
        if (kind, subject) in seen:
            return frozenset()
        seen |= {(kind, subject)}
        found = frozenset[str]()
        for entry in self._creating(kind, subject):
            own = self._of(entry, seen)
            if isinstance(entry.act, _OF_THE_DECISION):
                own |= self._of_envelope(entry, seen)
            if not own or _is_unbounded(entry.act):
                own |= {_EVERYWHERE}
            found |= own
        return found

    def _of(self, entry: Entry, seen: _Seen) -> frozenset[str]:
        found = frozenset[str]()
        for each in entry.mentions:
            if each.kinds not in (("person",), ("decision",)):
                found |= self._bodies(self._kind(each), each.id, seen)
        return found

    def _of_envelope(self, entry: Entry, seen: _Seen) -> frozenset[str]:
        """The bodies of the decision that holds an entry."""
        is_draft = entry.decision == self._drafts[0].decision
        taken = self._drafts[0] if is_draft else find_envelope(entry.decision, self._ledger)
        return self._of(taken, seen) if taken is not None else frozenset()

    def _creating(self, kind: Kind, subject: str) -> list[Entry]:
        """The entries that establish a subject: recorded, or of this decision."""
        return self._recorded(kind, subject) + self._drafted.get((kind, subject), [])

    def _recorded(self, kind: Kind, subject: str) -> list[Entry]:
        standing = self._before.standing(*established_by(kind, subject))
        return [each for each in standing if each.type in CREATIONS[kind]]

    @cached_property
    def _drafted(self) -> dict[tuple[Kind, str], list[Entry]]:
        """What this decision establishes."""
        found: dict[tuple[Kind, str], list[Entry]] = {}
        for draft in self._drafts:
            for each in draft.mentions:
                for kind in each.kinds if each.creates else ():
                    found.setdefault((kind, each.id), []).append(draft)
        return found

    def _are_inside(self, bodies: frozenset[str]) -> bool:
        return all(self._is_inside(body, frozenset()) for body in bodies)

    def _is_inside(self, body: str, below: frozenset[str]) -> bool:
        """Whether a body is the root, or stands below it wherever it may stand."""
        if body == self._root:
            return True
        homes = self._homes(body)
        return bool(homes) and all(
            home is not None and home not in below and self._is_inside(home, below | {body})
            for home in homes
        )

    def _homes(self, body: str) -> set[str | None]:
        """Where a body stands, certainly or possibly; None: at the root."""
        spells = self._before.timeline(Track("body", body, "within")).spells
        if not spells:
            drafted = (each.act for each in self._drafted.get(("body", body), ()))
            return {act.within for act in drafted if isinstance(act, a.BodyEstablished)}
        today = {spell.value for spell in spells if spell.on(self._day)}
        return today or {spells[0].value}


def _is_unbounded(act: object) -> bool:
    """Whether a mandate or a rule reaches further than what it names."""
    match act:
        case a.MandateGranted():
            return act.within is None
        case a.RuleAdopted(applies_to=None):
            return True
        case (
            a.RuleAdopted(applies_to=a.Scope() as scope)
            | a.RuleAmended(applies_to=a.Scope() as scope)
        ):
            return all(each is None for each in (scope.body, scope.within, scope.post))
    return False

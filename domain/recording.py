"""Recording: a decision and the register in, entries or violations out.

Nothing is stored here and nothing is read but through the register. A decision's acts are inserted
into the tracks together, so their order does not matter; then everything they touched is checked
over its whole life, and what breaches are new refuse the decision.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from domain import acts as a
from domain.access import Principal
from domain.amendments import given
from domain.coherence import Scope, breaches, posts_of
from domain.coherence.breach import Breach
from domain.decisions import Decision, Payload, envelope
from domain.entries import DRAFTED, Entry, tags_of, unplaced
from domain.jurisdiction import REVOCATIONS, jurisdiction
from domain.recorded import Foretold, Ledger, find, find_envelope
from domain.register import RETRACTED, Read, Register, asked
from domain.shape import shape, texts
from domain.tracks import (
    ANNOUNCED,
    CREATIONS,
    ENDINGS_OF_LIVES,
    IDENTITY_ACTS,
    LIFE,
    Track,
    acts_on,
    established_by,
)

ERASURES: Final = frozenset({"subject.erased"})
"""What tells that nothing about a person is written any more."""

_OF_PERSONS: Final = IDENTITY_ACTS | ERASURES
_HOLDING_NOTHING: Final = (a.RemarkMade, a.SubjectErased, a.AccessGranted, a.AccessRevoked)

_FAR_REACHING: Final = ENDINGS_OF_LIVES | IDENTITY_ACTS | {RETRACTED}

LOOKING_UP: Final = (a.EntryRetracted, a.DecisionAmended, a.RemarkMade)
"""Acts whose drafts depend on what is recorded: they carry the tags of what they are about."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a decision breaks."""

    rule: str
    """The rule's stable name."""
    message: str
    """What is wrong, in a sentence."""
    pointer: str
    """The JSON pointer into the decision as it was sent."""
    because: tuple[int, ...]
    """The positions of recorded entries that it disagrees with."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What judging a decision comes to: why it is refused, if it is, and what was read."""

    violations: tuple[Violation, ...]
    read_set: frozenset[Read]


def is_far_reaching(decision: Decision) -> bool:
    """Whether it is judged by all that was ever recorded about a subject, which may be much."""
    return any(act.type in _FAR_REACHING for act in decision.acts)


def with_ids(decision: Decision, new_id: Callable[[], str]) -> Decision:
    """Fill in the ids that the client left out: of the decision, and of what its acts create."""
    acts: list[a.Act] = []
    for act in decision.acts:
        missing: dict[str, Any] = {
            field.name: new_id()
            for field in shape(type(act))
            if field.mention is not None
            and field.mention.creates
            and getattr(act, field.name) is None
        }
        acts.append(replace(act, **missing) if missing else act)
    if decision.id is not None and all(map(operator.is_, acts, decision.acts)):
        return decision
    return replace(decision, id=decision.id or new_id(), acts=tuple(acts))


def draft(decision: Decision, ledger: Ledger, recorded_by: str) -> tuple[Entry, ...]:
    """The entries of a decision, with all its ids: its envelope, then its acts in order."""
    if decision.id is None:
        raise ValueError("ids are filled in before a decision is drafted")
    payloads: tuple[Payload, ...] = (envelope(decision), *decision.acts)
    drafts = []
    for number, act in enumerate(payloads):
        about: tuple[str, ...] | None = None
        if isinstance(act, LOOKING_UP):
            about = _about(act, decision.id, payloads, ledger)
        drafts.append(unplaced(act, decision.id, number, recorded_by, about or ()))
    return tuple(drafts)


def foreseen(drafts: Sequence[Entry]) -> Iterator[Read]:
    """Most of what judging these drafts will read, known beforehand: to be read in one go."""
    yield drafts[0].tags[0], asked(CREATIONS["decision"])
    yield f"key:{drafts[0].recorded_by}", asked(REVOCATIONS)
    yield from ((tag, asked(types)) for tag, types in _reads(drafts))


def _reads(entries: Iterable[Entry]) -> Iterator[Read]:
    """What tells of everything that these entries name and change."""
    for each in entries:
        reads = [established_by(kind, at.id) for at in each.mentions for kind in at.kinds]
        reads += [acts_on(moment.track) for moment in each.moments]
        for tag, types in reads:
            yield tag, types
            if tag.startswith("person:"):
                yield tag, _OF_PERSONS


def decide(drafts: Sequence[Entry], ledger: Foretold, by: Principal, day: int) -> Outcome:
    """Judge the drafts of one decision, and whether it is for somebody to record on a day.

    They are judged against everything recorded.
    """
    before = Register(ledger.entries, expect=ledger.expect)
    after = Register(ledger.entries, drafts, ledger.expect)
    beyond = jurisdiction(drafts, by, before, ledger, day)
    violations = [
        *(_violation(each, drafts, ledger) for each in beyond),
        *_retractions(drafts[1:], before, ledger),
        *_amendments(drafts, ledger),
        *_remarks(drafts, ledger),
        *_erased(drafts, after),
    ]
    # Without retractions, what stood before is what stands but for the drafts: it is read once.
    retracts = any(isinstance(each.act, a.EntryRetracted) for each in drafts)
    stood = before if retracts else after
    scope = _scope(drafts, stood, after, ledger)
    found = list(breaches(after, scope))
    if found:
        known = {each.identity for each in breaches(before, scope.without(drafts))}
        violations += [
            _violation(each, drafts, ledger) for each in found if each.identity not in known
        ]
    for taken in after.standing(drafts[0].tags[0], {"decision.taken"}):
        if taken.position < DRAFTED:
            message = f"decision {taken.decision} is already recorded"
            violations.append(Violation("id_taken", message, "/id", (taken.position,)))
    return Outcome(tuple(dict.fromkeys(violations)), before.read_set | after.read_set)


def _retractions(acts: Sequence[Entry], before: Register, ledger: Ledger) -> Iterator[Violation]:
    """An entry on the structure can be retracted, once; a correction retracts what it corrects."""
    retracted: set[int] = set()
    for number, act in enumerate(each.act for each in acts):
        if not isinstance(act, a.EntryRetracted):
            continue
        pointer = f"/acts/{number}/entry"
        if not isinstance(act.entry, int):
            before.standing(f"decision:{act.entry.decision}")  # it may yet be recorded
        target = find(act.entry, ledger)
        if target is None or not set(target.tags) <= set(acts[number].tags):
            yield Violation("entry_unknown", "there is no such entry", pointer, ())
        elif not isinstance(target.act, a.StructureAct):
            message = f"{target.type} cannot be retracted, only acts on the structure"
            yield Violation("not_retractable", message, pointer, (target.position,))
        elif target.position in retracted or target not in before.standing(
            target.tags[0], {target.type}
        ):
            message = f"entry {target.position} is already retracted"
            yield Violation("already_retracted", message, pointer, (target.position,))
        else:
            retracted.add(target.position)
    for number, act in enumerate(each.act for each in acts):
        if isinstance(act, a.Act) and act.corrects is not None:
            target = find(act.corrects, ledger)
            if target is None or target.position not in retracted:
                message = "what an act corrects must be retracted in the same decision"
                yield Violation("corrects_standing", message, f"/acts/{number}/corrects", ())


def _amendments(drafts: Sequence[Entry], ledger: Ledger) -> Iterator[Violation]:
    """A decision amends others that are recorded, each field of one once: in whatever order."""
    told: set[tuple[str, str]] = set()
    for draft in drafts:
        act = draft.act
        if not isinstance(act, a.DecisionAmended):
            continue
        envelope = find_envelope(act.decision, ledger)
        if act.decision == draft.decision:
            message = "a decision amends another one, not itself"
            yield Violation("amends_itself", message, f"{_place(draft.number)}/decision", ())
        elif envelope is not None and not set(envelope.tags) <= set(draft.tags):
            message = f"no decision {act.decision} is known"
            yield Violation("id_unknown", message, f"{_place(draft.number)}/decision", ())
        for name in given(act):
            if (act.decision, name) in told:
                message = f"the {name} of decision {act.decision} is amended twice"
                yield Violation("two_values", message, f"{_place(draft.number)}/{name}", ())
            told.add((act.decision, name))


def _remarks(drafts: Sequence[Entry], ledger: Ledger) -> Iterator[Violation]:
    """A remark on an entry is on one that is recorded, or on an act of its own decision."""
    payloads = [each.act for each in drafts]
    for draft in drafts:
        if isinstance(draft.act, a.RemarkMade) and draft.act.entry is not None:
            remarked = _remarked(draft.act, draft.decision, payloads, ledger)
            if remarked is None or not set(remarked) <= set(draft.tags):
                pointer = f"{_place(draft.number)}/entry"
                yield Violation("entry_unknown", "there is no such entry", pointer, ())


def _erased(drafts: Sequence[Entry], register: Register) -> Iterator[Violation]:
    """Of an erased person, ids, days and codes may be told, and texts no more.

    So no text that was erased is brought back, and none that is being recorded is left over.
    """
    named = {at.id for each in drafts for at in each.mentions if "person" in at.kinds}
    tags = {f"person:{person}": person for person in named}
    erased = {tag: found for tag in tags if (found := register.standing(tag, ERASURES))}
    if not erased:
        return
    for draft in drafts:
        for told in texts(draft.act, f"decision:{draft.decision}"):
            if told.subject in erased:
                message = f"person {tags[told.subject]} was erased: no text about them is kept"
                pointer = f"{_place(draft.number)}{told.pointer}"
                because = (erased[told.subject][0].position,)
                yield Violation("person_erased", message, pointer, because)


def _about(
    act: a.EntryRetracted | a.DecisionAmended | a.RemarkMade,
    decision: str,
    payloads: Sequence[Payload],
    ledger: Ledger,
) -> tuple[str, ...] | None:
    """The tags of the entry that an act is about; None if there is none."""
    if isinstance(act, a.RemarkMade):
        return _remarked(act, decision, payloads, ledger)
    if isinstance(act, a.DecisionAmended):
        target = find_envelope(act.decision, ledger)
    else:
        target = find(act.entry, ledger)
    return target.tags if target is not None else None


def _remarked(
    remark: a.RemarkMade, decision: str, payloads: Sequence[Payload], ledger: Ledger
) -> tuple[str, ...] | None:
    """The tags of the entry that a remark is on; None if there is none."""
    if remark.entry is None:
        return None
    if not isinstance(remark.entry, int) and remark.entry.decision == decision:
        number = remark.entry.act
        return tags_of(payloads[number], decision) if number < len(payloads) else None
    target = find(remark.entry, ledger)
    return target.tags if target is not None else None


def _scope(drafts: Sequence[Entry], before: Register, after: Register, ledger: Ledger) -> Scope:
    """The drafts, and everything that mentions a subject whose life they change.

    A remark said what it was on when it was made, an erasure whose data it destroyed, a grant where
    a key reaches: they hold nothing in place.
    """
    own = {track for draft in drafts for track in _touched(draft, ledger)}
    tracks = set(own)
    entries = {draft.position: draft for draft in drafts}
    taken = {track for draft in drafts for track in _taken(draft, after)}
    lives = [track for track in own - taken if track.is_life]
    persons = {life.subject for life in lives if life.kind == "person"}
    persons |= {each for track in tracks if track.kind == "identity" for each in track[1:]}
    ids = {each for person in persons for each in after.ids(person)}
    lives += [Track("person", each, LIFE) for each in ids]
    seen: set[Track] = set()
    while lives:
        life = lives.pop()
        if life in seen or not _stood(before, life):
            continue
        seen.add(life)
        for entry in _mentioning(after, life):
            if isinstance(entry.act, _HOLDING_NOTHING):
                continue
            entries.setdefault(entry.position, entry)
            touched = {moment.track for moment in entry.moments}
            tracks |= touched
            lives += [Track(each.kind, each.subject, LIFE) for each in touched if _is_place(each)]
    if len(entries) > len(drafts):
        after.expect(_reads(entries.values()))
    # Whatever else a life around a tenure does, it only ever makes it shorter.
    filled = tracks if any(map(_prolongs, drafts)) else own
    return Scope(tuple(entries.values()), frozenset(tracks), posts_of(filled))


def _prolongs(draft: Entry) -> bool:
    """Whether, by a draft, what others have recorded may hold for longer, or of more persons."""
    is_identity = any(moment.track.kind == "identity" for moment in draft.moments)
    return is_identity or isinstance(draft.act, a.EntryRetracted)


def _taken(draft: Entry, after: Register) -> Iterator[Track]:
    """The lives that a draft would begin although they have: the ids are taken, which suffices."""
    for life in _begun(draft):
        if life.kind not in ANNOUNCED and _stood(after, life):
            yield life


def _touched(draft: Entry, ledger: Ledger) -> Iterator[Track]:
    """The tracks that a draft changes: its own, or those of what it retracts."""
    changed = [draft]
    if isinstance(draft.act, a.EntryRetracted):
        target = find(draft.act.entry, ledger)
        changed = [target] if target is not None else []
    for entry in changed:
        for moment in entry.moments:
            yield moment.track
        yield from _begun(entry)


def _begun(entry: Entry) -> Iterator[Track]:
    """The lives that an entry begins."""
    for each in entry.mentions:
        if each.creates:
            yield from (Track(kind, each.id, LIFE) for kind in each.kinds)


def _is_place(track: Track) -> bool:
    """Whether it is the life of what has something around it and in which things happen."""
    if track.kind == "meeting":
        return track.attribute in (LIFE, "announced")
    return track.is_life and track.kind in ("post", "mandate")


def _stood(before: Register, life: Track) -> bool:
    """Whether a subject was there before the decision: of a new one nothing is said yet."""
    standing = before.standing(*established_by(life.kind, life.subject))
    creations = CREATIONS[life.kind]
    return any(each.type in creations and each.position < DRAFTED for each in standing)


def _mentioning(register: Register, life: Track) -> Iterable[Entry]:
    """Every standing entry that mentions a subject."""
    own = f"{life.kind}:{life.subject}"
    tags = [own, f"named:{own}", *([f"within:{life.subject}"] if life.kind == "body" else [])]
    for tag in tags:
        yield from register.standing(tag)


def _violation(breach: Breach, drafts: Sequence[Entry], ledger: Ledger) -> Violation:
    """Say where in the decision a breach comes from, and which recorded entries it disagrees with.

    A breach between recorded entries alone comes from a draft on the same subjects.
    """
    drafted = [each - DRAFTED for each in breach.because if each >= DRAFTED]
    recorded = tuple(sorted({each for each in breach.because if each < DRAFTED}))
    if drafted and breach.pointer and breach.because[0] >= DRAFTED:
        pointer = _place(drafted[0]) + breach.pointer
    elif drafted:
        pointer = _place(max(drafted))
    else:
        subjects = {each for at in recorded for each in _subjects(ledger.at(at))}
        about = (each.number for each in drafts if each.number and _subjects(each) & subjects)
        # An annulment names none of those who were elected.
        annulling = (each.number for each in drafts if isinstance(each.act, a.ElectionAnnulled))
        pointer = _place(next(about, next(annulling, 0)))
    return Violation(breach.rule, breach.message, pointer, recorded)


def _place(number: int) -> str:
    """The JSON pointer to a decision's envelope (0) or to one of its acts (from 1)."""
    return f"/acts/{number - 1}" if number else ""


def _subjects(entry: Entry | None) -> set[str]:
    """The ids in an entry's tags, whatever part they play in it."""
    tags = entry.tags[1:] if entry is not None else ()
    return {tag.rpartition(":")[2] for tag in tags}

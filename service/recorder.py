"""Recording: from a decision to a receipt, whole or not at all.

Ids are filled in, the decision is judged, its texts go to the vault, its entries to the log, on the
condition that nothing it read was recorded meanwhile; else it is judged again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import uuid_utils

from domain.access import Principal
from domain.decisions import Decision, Payload
from domain.entries import MAX_ENTRY_BYTES, Entry, halves, instant, read, seal
from domain.fields import Commitment
from domain.recording import Violation, decide, draft, foreseen, with_ids
from domain.shape import commit
from domain.transparency.proofs import Proofs
from service.appends import Append, Committed, Condition, Draft, LogMoved, Sealed
from service.content import opened, stored, with_stored_ids
from service.log import Log
from service.memory import Memory
from service.publication import Publication
from service.vault import Disclosure, SubjectsErased, Vault, disclose

ATTEMPTS = 8
"""How often a decision is judged again because the log moved, before the client is told to wait."""
PATIENCE = 60_000_000
"""µs from a draft to its deadline: what the log has not stored by then, it never will."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An act's place in the log."""

    position: int
    """Its position."""
    type: str
    """Which act."""
    leaf_hash: str
    """SHA-256 of its leaf in the log's Merkle tree (RFC 6962), in hexadecimal."""
    proof: str
    """That it is in the log: a tlog-proof (C2SP) against the checkpoint of its commit."""
    id: str | None
    """The id of what it created, given by the client or by the ledger."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was recorded, and where."""

    decision: str
    """The decision's id."""
    position: int
    """The position of the decision itself; its acts follow."""
    recorded_at: str
    """When it was recorded (RFC 3339, UTC): one instant for all its entries."""
    leaf_hash: str
    """Of the decision itself, as of its acts."""
    proof: str
    """Of the decision itself, as of its acts."""
    entries: tuple[Recorded, ...]
    """One item an act, in order."""
    created: bool = True
    """False if it had been recorded before."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was recorded."""

    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Nothing was recorded: the log moved each time the decision was judged. Try again."""

    decision: str


Answer = Receipt | Refusal | Unsettled


@dataclass(frozen=True, slots=True)
class Sent:
    """A decision as it was sent, and by whom."""

    decision: Decision
    by: Principal


@dataclass(slots=True)
class _Asked:
    """What was sent, the decision with its ids filled in, and its answer once there is one.

    `put` are the texts in the vault of attempts that the log moved under.
    """

    sent: Sent
    decision: Decision
    answer: Answer | None = None
    put: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A decision ready to be appended."""

    drafts: Sequence[Entry]
    committed: Sequence[Entry]
    append: Append
    disclosures: tuple[Disclosure, ...]


def curule_seal(draft: Draft, position: int, recorded_at: int) -> bytes:
    """Curule's entry: canonical JSON with the position and the time in it."""
    return seal(draft.data, draft.tail, position, recorded_at)


class Recorder:
    """Records decisions in one log and one vault."""

    def __init__(
        self,
        log: Log,
        published: Publication,
        vault: Vault,
        memory: Memory,
        clock: Callable[[], int],
    ) -> None:
        self._log = log
        self._published = published
        self._vault = vault
        self._memory = memory
        self._clock = clock

    def record(self, sent: Sequence[Sent]) -> list[Answer]:
        """Record decisions in one commit, each whole or not at all and with its own answer.

        When this returns, what a receipt names is durable.
        """
        asked = [_Asked(each, with_ids(each.decision, new_id)) for each in sent]
        self._attempt(asked)
        for each in asked:
            # Those that stood in another's way are judged again one by one, and so settle.
            for _ in range(1, ATTEMPTS):
                if each.answer is None:
                    self._attempt([each])
            if each.put and isinstance(each.answer, Refusal):
                self._vault.withdraw(each.put)
        return [each.answer or Unsettled(each.decision.id or "") for each in asked]

    def _attempt(self, asked: Sequence[_Asked]) -> None:
        """Record in one commit what can be; if the log moved, the answer stays open."""
        drafts = [draft(each.decision, self._memory, each.sent.by.id) for each in asked]
        self._memory.expect(read for each in drafts for read in foreseen(each))
        judged: list[tuple[_Asked, _Judged]] = []
        for each, drafted in zip(asked, drafts, strict=True):
            result = self._judge(each.decision, each.sent, drafted)
            if isinstance(result, _Judged):
                judged.append((each, result))
            else:
                each.answer = result
        committed = self._append([result for _, result in judged])
        for (each, result), outcome in zip(judged, committed.outcomes, strict=True):
            if isinstance(outcome, LogMoved):
                each.put += [one.digest for one in result.disclosures]
                continue
            if isinstance(outcome, Exception):
                raise outcome
            if committed.proofs is None:
                raise ValueError("a receipt of what nobody has signed")
            each.answer = receipt(outcome, result.drafts, committed.proofs)
        if any(each.answer is None for each, _ in judged):
            self._memory.catch_up()

    def check(self, sent: Sent) -> tuple[tuple[Violation, ...], Sequence[Entry]]:
        """What would refuse a decision, as of now, and its drafts, their texts committed to.

        Nothing is stored.
        """
        self._memory.catch_up()
        drafts = draft(with_ids(sent.decision, new_id), self._memory, sent.by.id)
        outcome = decide(drafts, self._memory, sent.by, self._today())
        if outcome.violations:
            return outcome.violations, drafts
        result = self._sealable(drafts, Condition(outcome.read_set, 0), None)
        if isinstance(result, Refusal):
            return result.violations, drafts
        return (), result.committed

    def _judge(self, decision: Decision, sent: Sent, drafts: Sequence[Entry]) -> _Judged | Answer:
        position, today = self._memory.position, self._today()
        outcome = decide(drafts, self._memory, sent.by, today)
        if outcome.violations and self._memory.catch_up():
            # Nothing is refused on what may be stale.
            drafts = draft(decision, self._memory, sent.by.id)
            position, today = self._memory.position, self._today()
            outcome = decide(drafts, self._memory, sent.by, today)
        if not outcome.violations:
            # Where a key reaches is judged for a day, on which it must then be recorded.
            ends = [] if sent.by.within is None else [today + 1]
            ends += [] if sent.by.until is None else [sent.by.until]
            latest = min((_midnight(each) - 1 for each in ends), default=None)
            return self._sealable(drafts, Condition(outcome.read_set, position), latest)
        return self._recorded_before(decision, sent.decision) or Refusal(outcome.violations)

    def _now(self) -> int:
        """The time that the log would give: it may be ahead of this machine's, and never back."""
        return max(self._clock(), self._memory.recorded_at)

    def _today(self) -> int:
        return _day_of(self._now())

    def _sealable(
        self, drafts: Sequence[Entry], condition: Condition, latest: int | None
    ) -> _Judged | Refusal:
        """The drafts as the log takes them, texts replaced by commitments, until a latest time."""
        disclosures: list[Disclosure] = []
        name = drafts[0].decision

        def sealed(field: str, text: str, subject: str) -> Commitment:
            one = disclose(field, text, subject=subject, decision=name)
            disclosures.append(one)
            return Commitment(one.digest)

        committed = [
            _committed(each, commit(each.act, f"decision:{name}", sealed)) for each in drafts
        ]
        stated = tuple(drafted(each) for each in committed)
        if too_long := tuple(_too_long(stated)):
            return Refusal(too_long)
        deadline = self._now() + PATIENCE
        if latest is not None:
            deadline = min(deadline, latest)
        append = Append(stated, condition, deadline)
        return _Judged(drafts, committed, append, tuple(disclosures))

    def _append(self, judged: Sequence[_Judged]) -> Committed:
        if not judged:
            return Committed([], None)
        disclosures = [one for each in judged for one in each.disclosures]
        if disclosures:
            deadline = max(each.append.deadline or 0 for each in judged)
            try:
                self._vault.put(disclosures, deadline=deadline)
            except SubjectsErased as erased:  # the log has told, and whom it concerns is refused
                return Committed([LogMoved(str(erased)) for _ in judged], None)
        return self._log.commit([each.append for each in judged])

    def _recorded_before(self, decision: Decision, sent: Decision) -> Receipt | Refusal | None:
        """The first receipt, if a decision of this id and content is recorded; None if no such id.

        Contents are compared, not kept fingerprints of them: what the vault has erased since
        counts as the same.
        """
        recorded = recorded_as(decision.id, self._log) if decision.id is not None else []
        if not recorded:
            return None
        before = opened(stored([entry for _, entry in recorded]), self._vault.values)
        if with_stored_ids(sent, before) == before:
            return receipt_again(recorded, self._published)
        message = f"decision {decision.id} is already recorded with other content"
        return Refusal((Violation("id_taken", message, "/id", (recorded[0][0].position,)),))


_DAY: Final = 86_400_000_000
"""µs of a day."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


def _day_of(time: int) -> int:
    """The day (proleptic ordinal, UTC) of a time in µs since 1970."""
    return time // _DAY + _EPOCH


def _midnight(day: int) -> int:
    """The time in µs since 1970 at which a day begins, UTC."""
    return (day - _EPOCH) * _DAY


def _committed(entry: Entry, act: Payload) -> Entry:
    return replace(entry, act=act) if act is not entry.act else entry


def drafted(entry: Entry) -> Draft:
    """An entry as the log takes it."""
    head, tail = halves(entry)
    return Draft(type=entry.type, tags=entry.tags, data=head, tail=tail)


_SEALED_BETWEEN = len(curule_seal(Draft("", (), b""), 2**53, 0))
"""Bytes that position and time add to an entry at most."""


def _too_long(drafts: Sequence[Draft]) -> Iterator[Violation]:
    """An entry has a largest size. Texts, which it commits to, do not count towards it."""
    for number, each in enumerate(drafts):
        size = len(each.data) + len(each.tail) + _SEALED_BETWEEN
        if size > MAX_ENTRY_BYTES:
            message = f"this makes an entry of {size} bytes, and {MAX_ENTRY_BYTES} is the most"
            pointer = f"/acts/{number - 1}" if number else ""
            yield Violation("entry_too_long", message, pointer, ())


def recorded_as(decision: str, log: Log) -> list[tuple[Sealed, Entry]]:
    """A decision's entries as they are stored, envelope first; none if it is not recorded."""
    entries = [(one, read(one.entry)) for one in log.entries(tag=f"decision:{decision}")]
    return [(one, entry) for one, entry in entries if entry.decision == decision]


def receipt_again(recorded: Sequence[tuple[Sealed, Entry]], published: Publication) -> Receipt:
    """The first receipt for a recorded decision, as it was given then."""
    sealed, entries = zip(*recorded, strict=True)
    proofs = published.covering(sealed[-1].position)
    return replace(receipt(sealed, entries, proofs), created=False)


def receipt(sealed: Sequence[Sealed], entries: Sequence[Entry], proofs: Proofs) -> Receipt:
    """The receipt for a decision's entries as stored and as drafted, its envelope first."""
    taken, *acts = sealed
    return Receipt(
        decision=entries[0].decision,
        position=taken.position,
        recorded_at=instant(taken.recorded_at),
        leaf_hash=taken.leaf_hash.hex(),
        proof=proofs.inclusion(taken.position - 1),
        entries=tuple(
            Recorded(
                position=one.position,
                type=one.type,
                leaf_hash=one.leaf_hash.hex(),
                proof=proofs.inclusion(one.position - 1),
                id=next((each.id for each in entry.mentions if each.creates), None),
            )
            for one, entry in zip(acts, entries[1:], strict=True)
        ),
    )


def new_id() -> str:
    """A UUIDv7: it says nothing about what it names but when it was given."""
    return str(uuid_utils.uuid7())

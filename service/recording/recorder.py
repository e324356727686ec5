"""Recording: from a decision to a receipt, whole or not at all.

Ids are filled in, the decision is judged, its texts go to the vault, its entries to the log, on the
condition that nothing it read was recorded meanwhile; else it is judged again.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Final

import uuid_utils

from domain.access import Principal
from domain.decisions import Decision
from domain.entries import MAX_ENTRY_BYTES, Entry, committed_to, halves, instant, read, seal
from domain.fields import Commitment
from domain.recorded import Ledger
from domain.recording import (
    LOOKING_UP,
    Violation,
    decide,
    draft,
    foreseen,
    with_ids,
)
from domain.shape import commit
from domain.transparency.proofs import Proofs
from service.content import opened, stored, with_stored_ids
from service.log.appends import Append, Committed, Condition, Draft, LogMoved, Outcome, Sealed
from service.log.log import Log
from service.log.publication import Publication
from service.log.signing import LogRewound
from service.operating.metrics import Metrics
from service.recording.memory import Ahead, Memory
from service.vault.disclosures import Disclosure, disclose
from service.vault.vault import SubjectsErased, Vault

ATTEMPTS = 8
"""How often a decision is judged again because the log moved, before the client is told to wait."""
GROUP_ATTEMPTS = 3
"""How often decisions in their order are judged together, before the first is judged alone."""
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


@dataclass(frozen=True, slots=True)
class KeyReused:
    """Nothing was recorded: the idempotency key is that of another decision."""

    decision: str
    """The decision that was recorded with it."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was recorded: the newest position is not the one that was expected."""

    newest: int
    """The newest position."""


Answer = Receipt | Refusal | Unsettled | KeyReused | Stale

OUTCOMES: Final[Mapping[type[Answer], str]] = {
    Unsettled: "unsettled",
    KeyReused: "key-reused",
    Stale: "stale",
}
"""What is counted of those that neither record nor are refused by a rule."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A decision as it was sent, by whom, and on which conditions."""

    decision: Decision
    by: Principal
    key: str | None = None
    """The idempotency key: under it, this principal records one decision, once."""
    newest: frozenset[int] | None = None
    """It is recorded only if the newest position is one of these; None: whatever it is."""


@dataclass(slots=True)
class _Asked:
    """What was sent, the decision with its ids filled in, and its answer once there is one.

    `tag` is what its idempotency key comes to. `put` are the texts in the vault of attempts that
    the log moved under.
    """

    sent: Sent
    decision: Decision
    tag: str | None
    answer: Answer | None = None
    put: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A decision ready to be appended."""

    drafts: Sequence[Entry]
    committed: Sequence[Entry]
    append: Append
    disclosures: tuple[Disclosure, ...]


TAKEN: Final = frozenset({"decision.taken"})
"""What is recorded with an idempotency key."""


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
        metrics: Metrics,
    ) -> None:
        self._log = log
        self._published = published
        self._vault = vault
        self._memory = memory
        self._clock = clock
        self._metrics = metrics

    def record(self, sent: Sequence[Sent]) -> list[Answer]:
        """Record decisions in one commit, each whole or not at all and with its own answer.

        When this returns, what a receipt names is durable.
        """
        asked = [self._ask(each) for each in sent]
        self._attempt(asked)
        for each in asked:
            # Those that stood in another's way are judged again one by one, and so settle.
            for _ in range(1, ATTEMPTS):
                if each.answer is None:
                    self._attempt([each])
        self._withdraw(asked)
        return self._counted([each.answer or Unsettled(each.decision.id or "") for each in asked])

    def record_in_order(self, sent: Sequence[Sent], *, stop: bool = False) -> list[Answer]:
        """Record decisions as if one by one, in one commit, each whole or not at all.

        So a later one may build on an earlier one. Answered are the first of them, one at least;
        the others are to be sent again. With `stop`, none is judged after one that is not recorded.
        """
        asked = [self._ask(each) for each in sent]
        for _ in range(GROUP_ATTEMPTS):
            if answers := self._attempt_in_order(asked, stop=stop):
                self._withdraw(asked[: len(answers)])
                return self._counted(answers)
            self._metrics.moved.inc()
        return self.record(sent[:1])  # the log moves all the time: this one goes on by itself

    def _counted(self, answers: list[Answer]) -> list[Answer]:
        for each in answers:
            match each:
                case Receipt(created=True):
                    self._metrics.recorded(1 + len(each.entries))
                case Receipt():
                    self._metrics.repeated()
                case Refusal():
                    self._metrics.refused(violation.rule for violation in each.violations)
                case _:
                    self._metrics.unrecorded(OUTCOMES[type(each)])
        return answers

    def _ask(self, sent: Sent) -> _Asked:
        tag = None if sent.key is None else self._tag(sent.by, sent.key)
        return _Asked(sent, with_ids(sent.decision, new_id), tag)

    def _tag(self, by: Principal, key: str) -> str:
        """The tag of what is recorded with an idempotency key: it tells nothing of the key."""
        hashed = hmac.digest(self._secret, f"{by.id}\0{key}".encode(), "sha256")
        return f"idempotency:{base64.urlsafe_b64encode(hashed).rstrip(b'=').decode()}"

    @cached_property
    def _secret(self) -> bytes:
        return self._vault.secret("idempotency")

    def _draft(self, asked: _Asked, ledger: Ledger) -> tuple[Entry, ...]:
        taken, *acts = draft(asked.decision, ledger, asked.sent.by.id)
        if asked.tag is not None:
            taken = replace(taken, tags=(*taken.tags, asked.tag))
        return (taken, *acts)

    def _draft_all(self, asked: Sequence[_Asked]) -> list[tuple[Entry, ...]]:
        drafts = [self._draft(each, self._memory) for each in asked]
        reads = [read for each in drafts for read in foreseen(each)]
        reads += [(each.tag, TAKEN) for each in asked if each.tag is not None]
        self._memory.expect(reads)
        return drafts

    def _attempt(self, asked: Sequence[_Asked]) -> None:
        """Record in one commit what can be; if the log moved, the answer stays open."""
        judged: list[tuple[_Asked, _Judged]] = []
        for each, drafts in zip(asked, self._draft_all(asked), strict=True):
            result = self._judge_anew(each, drafts)
            if isinstance(result, _Judged):
                judged.append((each, result))
            else:
                each.answer = result
        committed = self._append([result for _, result in judged])
        for (each, result), outcome in zip(judged, committed.outcomes, strict=True):
            if isinstance(outcome, LogMoved):
                each.put += [one.digest for one in result.disclosures]
                self._metrics.moved.inc()
            else:
                each.answer = _receipt(result, outcome, committed)
        if any(each.answer is None for each, _ in judged):
            self._memory.catch_up()

    def _attempt_in_order(self, asked: Sequence[_Asked], *, stop: bool) -> list[Answer]:
        """Answer the first of some decisions, judged one after another and recorded in one commit.

        As none of them is stored unless the newest position is the one before it, all that was
        judged before it still holds then, refusals too. If the log moved, there may be no answer.
        """
        ahead = Ahead(self._memory)
        found: list[tuple[_Asked, _Judged | Answer]] = []
        for each, drafts in zip(asked, self._draft_all(asked), strict=True):
            if f"decision:{each.decision.id}" in ahead or (each.tag or "") in ahead:
                break  # it is answered by what is being recorded
            if any(isinstance(draft.act, LOOKING_UP) for draft in drafts):
                drafts = self._draft(each, ahead)  # noqa: PLW2901
            result = self._judge(each, drafts, ahead)
            found.append((each, result))
            if isinstance(result, _Judged):
                ahead.add(result.committed)
            elif stop and not isinstance(result, Receipt):
                break
        committed = self._append([result for _, result in found if isinstance(result, _Judged)])
        answers = list(_settled(found, committed))
        if any(not isinstance(each, Exception) for each in committed.outcomes):
            return answers
        for each, result in found:
            if isinstance(result, _Judged):
                each.put += [one.digest for one in result.disclosures]
        return [] if self._memory.catch_up() else answers

    def check(self, sent: Sent) -> tuple[tuple[Violation, ...], Sequence[Entry]]:
        """What would refuse a decision, as of now, and its drafts, their texts committed to.

        Nothing is stored. One that was recorded before has no drafts: it gets its first receipt.
        """
        self._memory.catch_up()
        asked = _Asked(sent, with_ids(sent.decision, new_id), None)
        if isinstance(self._recorded_before(asked, self._memory), Receipt):
            return (), ()
        drafts = draft(asked.decision, self._memory, sent.by.id)
        outcome = decide(drafts, self._memory, sent.by, self._today())
        if outcome.violations:
            return outcome.violations, drafts
        result = self._sealable(drafts, Condition(outcome.read_set, 0), None)
        if isinstance(result, Refusal):
            return result.violations, drafts
        return (), result.committed

    def _judge_anew(self, asked: _Asked, drafts: Sequence[Entry]) -> _Judged | Answer:
        """Judge a decision, and refuse nothing on what may be stale."""
        result = self._judge(asked, drafts, self._memory)
        if isinstance(result, _Judged | Receipt) or not self._memory.catch_up():
            return result
        return self._judge(asked, self._draft(asked, self._memory), self._memory)

    def _judge(
        self, asked: _Asked, drafts: Sequence[Entry], ledger: Memory | Ahead
    ) -> _Judged | Answer:
        """Judge a decision as of the newest position of a ledger."""
        position, newest = ledger.position, asked.sent.newest
        recorded = self._recorded_before(asked, ledger)
        if isinstance(recorded, Receipt | KeyReused):
            return recorded
        if newest is not None and position not in newest:
            return Stale(position)
        if recorded is not None:
            return recorded
        today = self._today()
        outcome = decide(drafts, ledger, asked.sent.by, today)
        if outcome.violations:
            return Refusal(outcome.violations)
        latest = _latest(asked.sent.by, today)
        if isinstance(ledger, Ahead):
            return self._sealable(drafts, None, latest, at=position)
        read_set = (
            outcome.read_set if asked.tag is None else outcome.read_set | {(asked.tag, TAKEN)}
        )
        at = None if newest is None else position
        return self._sealable(drafts, Condition(read_set, position), latest, at=at)

    def _now(self) -> int:
        """The time that the log would give: it may be ahead of this machine's, and never back."""
        return max(self._clock(), self._memory.recorded_at)

    def _today(self) -> int:
        return _day_of(self._now())

    def _sealable(
        self,
        drafts: Sequence[Entry],
        condition: Condition | None,
        latest: int | None,
        *,
        at: int | None = None,
    ) -> _Judged | Refusal:
        """The drafts as the log takes them, texts replaced by commitments, until a latest time."""
        disclosures: list[Disclosure] = []
        name = drafts[0].decision

        def sealed(field: str, text: str, subject: str) -> Commitment:
            one = disclose(field, text, subject=subject, decision=name)
            disclosures.append(one)
            return Commitment(one.digest)

        committed = [
            committed_to(each, commit(each.act, f"decision:{name}", sealed)) for each in drafts
        ]
        stated = tuple(drafted(each) for each in committed)
        if too_long := tuple(_too_long(stated)):
            return Refusal(too_long)
        deadline = self._now() + PATIENCE
        if latest is not None:
            deadline = min(deadline, latest)
        append = Append(stated, condition, deadline, at)
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
        with self._metrics.committing(len(judged)):
            return self._log.commit([each.append for each in judged])

    def _recorded_before(
        self, asked: _Asked, ledger: Memory | Ahead
    ) -> Receipt | Refusal | KeyReused | None:
        """The first receipt of a decision, if its key or its id is that of a recorded one.

        None if they are not. Contents are compared, not kept fingerprints of them: what the vault
        has erased since counts as the same.
        """
        sent = asked.sent.decision
        if asked.tag is not None and (taken := ledger.entries(asked.tag, TAKEN)):
            decision = taken[0].decision
            recorded = self._recorded(decision)
            if sent.id in (None, decision) and self._is_same(sent, recorded):
                return receipt_again(recorded, self._published)
            return KeyReused(decision)
        if sent.id is None or not ledger.entries(f"decision:{sent.id}", TAKEN):
            return None
        recorded = self._recorded(sent.id)
        if self._is_same(sent, recorded):
            return receipt_again(recorded, self._published)
        message = f"decision {sent.id} is already recorded with other content"
        return Refusal((Violation("id_taken", message, "/id", (recorded[0][0].position,)),))

    def _recorded(self, decision: str) -> Sequence[tuple[Sealed, Entry]]:
        """A decision that is known to be recorded."""
        if found := recorded_as(decision, self._log):
            return found
        raise LogRewound(f"decision {decision} was recorded, and the log does not have it any more")

    def _is_same(self, sent: Decision, recorded: Sequence[tuple[Sealed, Entry]]) -> bool:
        before = opened(stored([entry for _, entry in recorded]), self._vault.values)
        return with_stored_ids(sent, before) == before

    def _withdraw(self, asked: Iterable[_Asked]) -> None:
        """Take back the texts of what was refused after the log had moved under it."""
        for each in asked:
            if each.put and isinstance(each.answer, Refusal | KeyReused | Stale):
                self._vault.withdraw(each.put)


def _settled(
    found: Iterable[tuple[_Asked, _Judged | Answer]], committed: Committed
) -> Iterator[Answer]:
    """The answers up to the first decision that the log did not take."""
    outcomes = iter(committed.outcomes)
    for each, result in found:
        if isinstance(result, _Judged):
            outcome = next(outcomes)
            if isinstance(outcome, LogMoved):
                return
            each.answer = _receipt(result, outcome, committed)
        else:
            each.answer = result
        yield each.answer


def _receipt(judged: _Judged, outcome: Outcome, committed: Committed) -> Receipt:
    if isinstance(outcome, Exception):
        raise outcome
    if committed.proofs is None:
        raise ValueError("a receipt of what nobody has signed")
    return receipt(outcome, judged.drafts, committed.proofs)


_DAY: Final = 86_400_000_000
"""µs of a day."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


def _day_of(time: int) -> int:
    """The day (proleptic ordinal, UTC) of a time in µs since 1970."""
    return time // _DAY + _EPOCH


def _midnight(day: int) -> int:
    """The time in µs since 1970 at which a day begins, UTC."""
    return (day - _EPOCH) * _DAY


def _latest(by: Principal, today: int) -> int | None:
    """Until when what somebody may record today can be recorded; None: whenever.

    How far a key reaches is judged for a day, on which it must then be recorded.
    """
    ends = [] if by.within is None else [today + 1]
    ends += [] if by.until is None else [by.until]
    return min((_midnight(each) - 1 for each in ends), default=None)


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

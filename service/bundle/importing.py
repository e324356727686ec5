"""Importing: a ledger made of a bundle, entry by entry the same, and so with the same root."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final

from domain.entries import microseconds
from domain.transparency.tree import Edge, leaf_hash
from domain.verification.commitments import MARK, commitments
from projections.building import Tell
from service.bundle.verify import Bundle, Found
from service.ledger import Ledger
from service.log.appends import Append, Draft
from service.log.log import Log
from service.settings import Settings
from service.vault.disclosures import Disclosure
from service.vault.master import master_key_of
from service.vault.vault import Vault

_GROUP: Final = 500
"""Decisions that are stored in one commit."""
_BATCH: Final = 1_000
"""Disclosures that are put into the vault at once."""


class NotEmpty(Exception):
    """The ledger has entries already: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Whose:
    """A text that an entry commits to."""

    subject: str
    decision: str
    recorded_at: int


def import_bundle(bundle: Bundle, found: Found, settings: Settings, tell: Tell) -> str:
    """Make the ledger of the settings of a bundle that was verified, and give its root.

    Texts that the bundle discloses go to the vault before their entries to the log. The ledger
    signs with a key of its own, or with the one that it is given: as the last thing, so that a
    ledger that has entries and no signature was left by an interruption. Then this goes on.

    Raises:
        NotEmpty: there is a ledger.
        LogMoved: somebody else records in it.
    """
    importing = _Importing(found.entries, tell)
    log = Log(settings.ledger, seal=importing.seal, clock=importing.clock)
    with closing(log):
        importing.begin(log, bundle)
        if found.disclosures:
            _put(settings, bundle)
        for decision in importing.decisions(bundle):
            importing.store(log, decision)
        importing.flush(log)
    with closing(Ledger(settings)) as ledger:
        return ledger.log.checkpoint()[1].hex()


class _Importing:
    """Stores entries as they were recorded: their bytes, their positions, their times."""

    def __init__(self, entries: int, tell: Tell) -> None:
        self._entries = entries
        self._tell = tell
        self._there = 0
        self._position = 0
        self._times: deque[int] = deque()
        self._appends: list[Append] = []

    def begin(self, log: Log, bundle: Bundle) -> None:
        """See what is there already.

        Raises:
            NotEmpty: it is more than an interrupted import of this bundle has left.
        """
        there = log.newest()
        if log.verifier_key() is None and there <= self._entries:
            first = islice(bundle.lines("entries.jsonl"), there)
            leaves = [leaf_hash(line) for line in first]
            if Edge(0, ()).grown(leaves).root == log.root(there):
                self._there = there
                return
        raise NotEmpty(f"the ledger has {there} entries already")

    def seal(self, draft: Draft, position: int, recorded_at: int) -> bytes:
        """The bytes of the draft, if the log would give it the place that they state."""
        stated = json.loads(draft.data)
        if (stated["position"], microseconds(stated["recorded_at"])) != (position, recorded_at):
            raise ValueError(f"entry {position} would not be stored as it was recorded")
        return draft.data

    def clock(self) -> int:
        """When the next decision was recorded; after the last that waits, the first again."""
        self._times.rotate(-1)
        return self._times[-1]

    def decisions(self, bundle: Bundle) -> Iterator[list[bytes]]:
        """The entries of each decision."""
        lines = ((json.loads(line)["decision"], line) for line in bundle.lines("entries.jsonl"))
        for _, decision in groupby(lines, lambda each: each[0]):
            yield [line for _, line in decision]

    def store(self, log: Log, decision: list[bytes]) -> None:
        """Store a decision, sooner or later, unless it is there."""
        if self._position < self._there:
            self._position += len(decision)
            return
        drafts = [_draft(entry) for entry in decision]
        self._times.append(microseconds(json.loads(decision[0])["recorded_at"]))
        self._appends.append(Append(tuple(drafts), at=self._position))
        self._position += len(drafts)
        if len(self._appends) >= _GROUP:
            self.flush(log)

    def flush(self, log: Log) -> None:
        """Store what is waiting."""
        for outcome in log.record_all(self._appends):
            if isinstance(outcome, Exception):
                raise outcome
        self._appends.clear()
        self._times.clear()
        self._tell("importing entries", self._position, self._entries)


def _draft(entry: bytes) -> Draft:
    stated = json.loads(entry)
    return Draft(stated["act"]["type"], tuple(stated["tags"]), entry)


def _put(settings: Settings, bundle: Bundle) -> None:
    """Put the texts into the vault; as their entries come, none is swept."""
    whose: dict[str, Whose] = {}
    for entry in bundle.lines("entries.jsonl"):
        if MARK in entry:
            stated = json.loads(entry)
            at, decision = microseconds(stated["recorded_at"]), stated["decision"]
            for each in commitments(stated["act"], decision):
                whose[each.digest] = Whose(each.subject, decision, at)
    with closing(Vault(settings.vault, master_key_of(settings))) as vault:
        lines = map(json.loads, bundle.lines("disclosures.jsonl"))
        while some := list(islice(lines, _BATCH)):
            of = [whose[each["digest"]] for each in some]
            disclosures = [
                Disclosure(each["digest"], one.subject, one.decision, each["disclosure"])
                for each, one in zip(some, of, strict=True)
            ]
            vault.put(disclosures, deadline=max(one.recorded_at for one in of))

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
from domain.verification.commitments import MARK, commitments
from projections.building import Tell
from service.bundle.verify import Bundle, Found
from service.ledger import Ledger
from service.log.appends import Append, Condition, Draft
from service.log.log import Log
from service.settings import Settings
from service.vault.disclosures import Disclosure
from service.vault.master import master_key_of
from service.vault.vault import Vault

_GROUP: Final = 500
"""Decisions that are stored in one commit."""
_BATCH: Final = 1_000
"""Disclosures that are put into the vault at once."""
_ANY: Final = ("", frozenset[str]())


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
    signs with a key of its own, or with the one that it is given.

    Raises:
        NotEmpty: there is a ledger.
        LogMoved: somebody else records in it.
    """
    importing = _Importing(found.entries, tell)
    log = Log(settings.ledger, seal=importing.seal, clock=importing.clock)
    with closing(log):
        if log.newest():
            raise NotEmpty(f"the ledger has {log.newest()} entries already")
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
        self._position = 0
        self._times: deque[int] = deque()
        self._appends: list[Append] = []

    def seal(self, draft: Draft, position: int, recorded_at: int) -> bytes:
        """The bytes of the draft, if the log would give it the place that they state."""
        stated = json.loads(draft.data)
        if (stated["position"], microseconds(stated["recorded_at"])) != (position, recorded_at):
            raise ValueError(f"entry {position} would not be stored as it was recorded")
        return draft.data

    def clock(self) -> int:
        """When the next decision was recorded."""
        return self._times.popleft()

    def decisions(self, bundle: Bundle) -> Iterator[list[bytes]]:
        """The entries of each decision."""
        lines = ((json.loads(line)["decision"], line) for line in bundle.lines("entries.jsonl"))
        for _, decision in groupby(lines, lambda each: each[0]):
            yield [line for _, line in decision]

    def store(self, log: Log, decision: list[bytes]) -> None:
        """Store a decision, sooner or later."""
        drafts = [_draft(entry) for entry in decision]
        after = Condition(frozenset({_ANY}), self._position)
        self._times.append(microseconds(json.loads(decision[0])["recorded_at"]))
        self._appends.append(Append(tuple(drafts), after))
        self._position += len(drafts)
        if len(self._appends) >= _GROUP:
            self.flush(log)

    def flush(self, log: Log) -> None:
        """Store what is waiting."""
        for outcome in log.record_all(self._appends):
            if isinstance(outcome, Exception):
                raise outcome
        self._appends.clear()
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

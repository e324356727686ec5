"""Erasures: the log says what was erased, and the vault, the answers and this memory follow it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from domain.entries import Entry, read
from domain.erasures import Reach, drafts, erasure, reach
from domain.recording import ERASURES
from service.content import ERASED
from service.following.acts import ActsFollowed
from service.log.appends import Append, Condition, LogMoved
from service.log.log import Log
from service.log.publication import Publication
from service.recording.recorder import (
    Receipt,
    Unsettled,
    drafted,
    new_id,
    receipt,
    receipt_again,
    recorded_as,
)
from service.vault.vault import Vault, VaultDamaged

ATTEMPTS: Final = 20
"""How often it is tried, because more was recorded about the person, before the client waits."""


@dataclass(frozen=True, slots=True)
class Erased:
    """A person was erased, by this decision of the service."""

    receipt: Receipt
    ids: tuple[str, ...]
    texts: int


class Erasures(ActsFollowed):
    """What is erased in one log, and so in one vault.

    The log is told first. Then everybody who follows it, this process and every other, destroys
    what the vault still has: whoever is killed in between, or restores an older vault, does it when
    it starts. Once `follow` has returned, what was erased is gone.
    """

    types = ERASURES

    def __init__(
        self, log: Log, vault: Vault, forget: Callable[[Collection[str]], None] = lambda _: None
    ) -> None:
        super().__init__(log)
        self._vault = vault
        self._forget = forget
        self._published = Publication(log)
        self._digests: set[str] = set()
        self.newest = 0
        """The position of the newest erasure that is followed; 0: there is none."""

    def _take(self, entries: Sequence[Entry]) -> None:
        acts = [act for entry in entries if (act := erasure(entry))]
        digests = {digest for act in acts for digest in act.digests}
        self._digests |= digests  # first: it is told no more
        self._vault.erase({f"person:{act.person}" for act in acts}, digests)
        self._forget(digests)
        self.newest = entries[-1].position

    def covered(self) -> frozenset[str]:
        """The digests that erasures cover, up to the newest position of the log.

        Of every other digest in the log, the vault has the text; else it was tampered with.
        """
        self.catch_up()
        return frozenset(self._digests)

    def told(self, digests: Collection[str]) -> Mapping[str, Any]:
        """The texts behind digests as far as they are there, and `ERASED` for those that are."""
        erased = self._digests.intersection(digests)
        known: dict[str, Any] = dict.fromkeys(erased, ERASED)
        return known | self._vault.values([each for each in digests if each not in erased])

    def erase(
        self, person: str, ground: str, recorded_by: str, also: Iterable[int] = ()
    ) -> Erased | Unsettled | None:
        """Erase a person under every id, with the texts of other entries if told so.

        None if no entry is about that person. When this returns, nothing of it is left.

        Raises:
            LookupError: there is no entry at one of these positions.
        """
        answer = self._record(person, ground, recorded_by, also)
        self.catch_up()
        return answer

    def _record(
        self, person: str, ground: str, recorded_by: str, also: Iterable[int]
    ) -> Erased | Unsettled | None:
        """Have the log say what is erased; the vault is to follow."""
        source = _Reading(self._log)
        others = [source.at(position) for position in also]

        def reached() -> Reach | None:
            return reach(person, source, self._opened, others)

        reached()  # reads most of it, so that nobody is held for long
        with self._vault.held():  # whoever records texts about the person does not come first again
            for _ in range(ATTEMPTS):
                source.catch_up()
                found = reached()
                if found is None:
                    return None
                if found.is_done:  # as a decision that is sent again
                    return self._before(found.erased[person].decision)
                entries = drafts(found, ground, new_id(), recorded_by)
                condition = Condition(found.read_set, source.position)
                with suppress(LogMoved):
                    sealed = self._log.record(Append(tuple(map(drafted, entries)), condition))
                    proofs = self._published.covering(sealed[-1].position)
                    return _erased(receipt(sealed, entries, proofs), entries)
        return Unsettled("")

    def _before(self, decision: str) -> Erased:
        recorded = recorded_as(decision, self._log)
        given = receipt_again(recorded, self._published)
        return _erased(given, [entry for _, entry in recorded])

    def _opened(self, digests: Collection[str]) -> Mapping[str, str]:
        """The texts behind digests, less what was tampered with: that hinders no erasure."""
        try:
            return self._vault.values(digests)
        except VaultDamaged:
            if len(digests) == 1:
                return {}
            return {name: text for one in digests for name, text in self._opened([one]).items()}


class _Reading:
    """Entries by tag as of one position, which is brought nearer to the log's newest in one step.

    So an erasure is decided anew in little time.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._tags: dict[str, list[Entry]] = {}
        self.position = log.newest()

    def __call__(self, tag: str, types: frozenset[str]) -> Sequence[Entry]:
        """Every entry with a tag and one of the types (none given: any), in order."""
        if tag not in self._tags:
            found = self._log.entries(tag=tag, until=self.position)
            self._tags[tag] = [read(one.entry) for one in found]
        return [entry for entry in self._tags[tag] if not types or entry.type in types]

    def catch_up(self) -> None:
        """Take in what was recorded since."""
        newest = self._log.newest()
        for one in self._log.entries(after=self.position, until=newest):
            entry = read(one.entry)
            for tag in self._tags.keys() & one.tags:
                self._tags[tag].append(entry)
        self.position = newest

    def at(self, position: int) -> Entry:
        """The entry at a position. LookupError: there is none."""
        found = self._log.entries(after=position - 1, until=position)
        if not found:
            raise LookupError(f"position {position} is not recorded")
        return read(found[0].entry)


def _erased(given: Receipt, entries: Sequence[Entry]) -> Erased:
    acts = [act for entry in entries if (act := erasure(entry))]
    ids = tuple(dict.fromkeys(act.person for act in acts))
    return Erased(given, ids, sum(len(act.digests) for act in acts))

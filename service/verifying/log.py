"""The log, as it is stored, against its tree and everything that was signed of it."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

from domain.transparency.checkpoints import Checkpoint
from domain.transparency.notes import VerifierKey
from domain.transparency.tiles import completed, edge, hashes_at
from domain.transparency.tree import Edge, root
from domain.verification.faults import Fault
from domain.verification.reading import SUMS, Reading
from projections.building import Tell
from service.garbage import uncollected
from service.log.signing import NotSigned, Verifier
from service.log.stored import Stored
from service.verifying import CannotVerify, Trusted, Verdict
from service.verifying.sharing import SHARED, Each, sharing

STRETCH: Final = 20_000
"""Entries that a process reads at a time."""


@dataclass(slots=True)
class Stretch:
    """What entries that follow each other come to."""

    faults: list[Fault]
    leaves: list[bytes]
    tags: array[int]
    commitments: dict[str, int]
    erased: set[str]


@dataclass(slots=True)
class Texts:
    """The texts to which the entries that were read commit."""

    commitments: dict[str, int]
    """Their digests, each with the position of its entry."""
    erased: set[str]
    """The digests that erasures cover."""


class LogVerification:
    """One verification of a log, up to the entry that is the newest when it begins."""

    def __init__(self, url: str, trusted: Trusted, tell: Tell) -> None:
        self._url = url
        self._trusted = trusted
        self._tell = tell
        self._before = trusted.since.size if trusted.since else 0
        self._texts = Texts({}, set())
        self._stored = Stored(url)
        self._size, self._head = self._stored.head()
        self.verdict = Verdict(self._size, self._before)
        self._faults = self.verdict.found

    def run(self) -> Texts:
        """Verify entries, tags, tree and checkpoints, and give the texts to which they commit."""
        with closing(self._stored), uncollected():
            if self._head != self._size:
                self._faults.add(min(self._head, self._size) + 1, f"the head is at {self._head}")
            self._newest()
            grown = self._begun()
            if grown is not None:
                self._read(grown)
        return self._texts

    def _begun(self) -> Edge | None:
        """The edge of the tree where reading begins, if the log continues what is retained."""
        begin = Edge(0, ())
        if (since := self._trusted.since) is not None:
            if since.size > self._size:
                self._cut(since.size)
                return None
            begin = edge(since.size, self._hashes)
            if begin.root != since.root:
                self._faults.add(1, _rewritten(since.size))
                return None
        if (retained := self._trusted.retained) is not None and retained.size > self._size:
            self._cut(retained.size)
        return begin

    def _hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Stored hashes of a level of tiles; one that is not there is of no bytes."""
        if level == 0:
            found = {row.position - 1: row.leaf_hash for row in self._stored.rows(start, end)}
        else:
            found = self._stored.nodes(level, start, end)
        hashes = (found.get(number) for number in range(start, end))
        return [each if isinstance(each, bytes) else b"" for each in hashes]

    def _read(self, grown: Edge) -> None:
        """Read all that follows what is known, and grow the tree by it."""
        new = self._size - self._before
        starts = range(self._before, self._size, STRETCH)
        untils = [min(start + STRETCH, self._size) for start in starts]
        url, size, found = repeat(self._url), repeat(self._size), array("Q")
        with sharing(new) as each:
            tags = self._tags(each)
            signed = self._signed(each, starts, untils)
            stretch: Stretch
            for stretch in each(read, url, starts, untils, size):
                self._take_in(stretch)
                before, grown = grown.size, grown.grown(stretch.leaves)
                self._nodes(before, grown)
                self._checkpoints(before, grown)
                found.extend(stretch.tags)
                self._tell("reading entries", grown.size - self._before, new)
            for unsigned in signed:
                for at in unsigned:
                    self._faults.add(at, f"the checkpoint of size {at} is not signed by the key")
            self._compare(found, next(tags))
        self.verdict.root = grown.root.hex()
        self.verdict.count("entries", new)

    def _take_in(self, stretch: Stretch) -> None:
        for fault in stretch.faults:
            self._faults.add(*fault)
        self._texts.commitments |= stretch.commitments
        self._texts.erased |= stretch.erased

    # The tree

    def _nodes(self, before: int, grown: Edge) -> None:
        """Hold the nodes that entries complete against those that are stored."""
        known, stored, nodes = 0, dict[int, Any](), list(completed(grown, before))
        for level, at, node in nodes:
            if level != known:
                first, last = hashes_at(level, before), hashes_at(level, grown.size)
                known, stored = level, self._stored.nodes(level, first, last)
            if stored.get(at) != node:
                start, end = at << 8 * level, (at + 1) << 8 * level
                if not self._faults.within(start + 1, end):
                    what = f"the node over the entries {start + 1}-{end} is not theirs"
                    self._faults.add(start + 1, what)
        self.verdict.count("nodes", len(nodes))

    def _checkpoints(self, before: int, grown: Edge) -> None:
        """Hold the roots of entries against those that checkpoints state."""
        good, number = before, 0
        for size, stated, _ in self._stored.checkpoints(before, grown.size):
            number += 1
            if root((0, size), grown.node) == stated:
                good = size
            elif not self._faults.within(1, size):
                what = f"the checkpoint of size {size} is not of these entries"
                self._faults.add(good + 1, what)
        self.verdict.count("checkpoints", number)
        retained = self._trusted.retained
        if (
            retained is not None
            and before < retained.size <= grown.size
            and root((0, retained.size), grown.node) != retained.root
            and not self._faults.within(1, retained.size)
        ):
            self._faults.add(1, _rewritten(retained.size))

    def _newest(self) -> None:
        """See that the newest entry is covered, and that no more was signed than there is."""
        sizes = [size for size, *_ in self._stored.checkpoints(self._size - 1)]
        if sizes and sizes[-1] > self._stored.head()[0]:
            self._cut(sizes[-1])
        elif self._size and self._size not in sizes:
            self._faults.add(self._size, "no checkpoint covers it")

    def _cut(self, signed: int) -> None:
        what = f"it is missing: {signed} entries were signed, and {self._size} are here"
        self._faults.add(self._size + 1, what)

    def _signed(
        self, each: Each, starts: Iterable[int], untils: Iterable[int]
    ) -> Iterator[list[int]]:
        """Have the signatures of checkpoints verified; what comes are the sizes of bad ones."""
        key = self._trusted.key or self._own_key()
        if key is None:
            self._faults.add(0, "nobody has signed this log")
            return iter(())
        return each(unsigned, repeat(self._url), starts, untils, repeat(str(key)))

    def _own_key(self) -> VerifierKey | None:
        stated = self._stored.verifier_key()
        try:
            return None if stated is None else VerifierKey.read(stated)
        except ValueError as error:
            raise CannotVerify(f"the log states no verifier key: {error}; give --key") from None

    # Tags

    def _tags(self, each: Each) -> Iterator[array[int]]:
        """Have the table of tags read: all, or what finds a few new entries."""
        named: set[str] | None = None
        if self._before and self._size - self._before < SHARED:
            named = set()
            for row in self._stored.rows(self._before, self._size):
                named.update(_words(row.tags))
        return each(tag_sums, [self._url], [self._before], [self._size], [named])

    def _compare(self, found: array[int], table: array[int]) -> None:
        """Hold the table by which entries are found against their tags."""
        if table != found:
            for position, (is_, should) in enumerate(zip(table, found, strict=True), 1):
                if is_ != should:
                    self._faults.add(position + self._before, "the table of tags has others of it")


def _rewritten(size: int) -> str:
    return f"among the entries 1-{size} are others than the checkpoint of size {size} was signed of"


# What processes do


def read(url: str, after: int, until: int, newest: int) -> Stretch:
    """Read the entries after a position, up to another."""
    with closing(Stored(url)) as stored, uncollected():
        reading = Reading(after)
        reading.begin_within(stored.decision_of(after))
        for row in stored.rows(after, until):
            reading.take_in(row)
        while reading.position < until:
            reading.miss()
        if until == newest:
            reading.end()
    return Stretch(
        list(reading.faults), reading.leaves, reading.tags, reading.commitments, reading.erased
    )


def unsigned(url: str, after: int, until: int, key: str) -> list[int]:
    """The sizes of the checkpoints, of sizes after one up to another, that a key did not sign."""
    try:
        verifier = Verifier(VerifierKey.read(key))
    except NotSigned as error:
        raise CannotVerify(str(error)) from None
    with closing(Stored(url)) as stored:
        return [
            size
            for size, root_, signature in stored.checkpoints(after, until)
            if not verifier.has_signed(_text(verifier.key.name, size, root_), signature)
        ]


def _text(origin: str, size: int, root_: Any) -> str:
    return Checkpoint(origin, size, root_).text if isinstance(root_, bytes) else ""


def tag_sums(url: str, before: int, until: int, named: set[str] | None) -> array[int]:
    """Of each entry after a position, up to another, the sum of its rows in the table of tags."""
    sums = array("Q", bytes(8 * (until - before)))
    with closing(Stored(url)) as stored, uncollected():
        for tag, type_, position in stored.tags(before, named):
            if before < position <= until:
                at = position - before - 1
                sums[at] = (sums[at] + hash((tag, type_, position))) % SUMS
    return sums


def _words(tags: Any) -> list[str]:
    """The tags of a row, which may be anything."""
    try:
        found = json.loads(tags)
    except (ValueError, TypeError):
        return []
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []

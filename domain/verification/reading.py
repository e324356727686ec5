"""Reading a log as it is stored: each entry against its row, its bytes, and the one before it."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple

from domain.entries import instant
from domain.recording import ERASURES
from domain.transparency.tree import leaf_hash
from domain.verification.commitments import MARK, commitments, erased_by
from domain.verification.faults import Faults

_decoded = json.JSONDecoder().raw_decode
SUMS: Final = 2**64
"""Sums of tags are less."""
MISSING: Final = sha256(b"missing").digest()
"""Stands for the leaf of an entry that is not there."""


class Row(NamedTuple):
    """An entry as the log's table has it; of none of it is known that it is what it should be."""

    position: int
    type: str
    recorded_at: int
    tags: str
    entry: bytes
    leaf_hash: bytes


class Decision(NamedTuple):
    """The decision that is being read."""

    position: int
    """Where it begins."""
    id: str
    recorded_at: int
    acts: int
    """How many it says it has."""


class Reading:
    """What a stretch of the log comes to, read entry by entry."""

    def __init__(self, after: int) -> None:
        self.position = after
        self.faults = Faults()
        self.leaves: list[bytes] = []
        """The leaf hashes of the bytes that were read."""
        self.tags = array("Q")
        """Of each entry, the sum of the hashes of its rows in the table of tags.

        They are keyed by what Python keys strings with in this process, which nobody can have known
        when the table was altered.
        """
        self.commitments: dict[str, int] = {}
        """The digest of each text committed to, and where."""
        self.erased: set[str] = set()
        """The digests that erasures cover."""
        self._decision: Decision | None = None  # None: where it begins was not read, or is broken

    def begin_within(self, rows: Iterable[Row]) -> None:
        """Begin in or after a decision: of its entries so far, which are given, nothing is told."""
        entries = list(rows)
        before = Reading(self.position - len(entries))
        for row in entries:
            before.take_in(row)
        self._decision = before._decision

    def take_in(self, row: Row) -> None:
        """Take in the next row that is there."""
        while self.position + 1 < row.position:
            self.miss()
        self.position += 1
        self.tags.append(0)
        try:
            hash_ = leaf_hash(row.entry)
        except TypeError:
            hash_ = MISSING
        self.leaves.append(hash_)
        is_leaf = hash_ == row.leaf_hash
        if not is_leaf:
            self._tell("its bytes do not have its leaf hash")
            self._decision = None
        try:
            self._read(row, is_leaf=is_leaf)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            self._tell("its bytes are not those of an entry")
            self._decision = None

    def miss(self) -> None:
        """Note that the next entry is not there."""
        self.position += 1
        self.tags.append(0)
        self.leaves.append(MISSING)
        self._tell("it is missing")
        self._decision = None

    def end(self) -> None:
        """Note that this was the newest entry."""
        if self._decision is not None:
            begun, acts = self._decision.position, self._decision.acts
            if begun + acts > self.position:
                what = f"it is missing: the decision at {begun} has {acts} acts"
                self.faults.add(self.position + 1, what)

    def _read(self, row: Row, *, is_leaf: bool) -> None:
        at, type_, recorded_at, given, entry, _ = row
        text = entry.decode()
        stated, end = _decoded(text)
        if end < len(text):
            raise ValueError("more than one value")
        act, position = stated["act"], stated["position"]
        if position != at and is_leaf:
            first = min(position, at)
            here = f"the bytes of entry {position} stand here"
            self.faults.add(first, here if first == at else f"its bytes stand at position {at}")
        if act["type"] != type_:
            self._tell(f"its row says {type_!r:.100}, its bytes {act['type']!r:.100}")
        if stated["recorded_at"] != instant(recorded_at):
            self._tell("its row was not recorded when its bytes say")
        if not text.endswith(f'"tags":{given},"version":{stated["version"]}}}'):
            self._tell("its row has other tags than its bytes")
        self.tags[-1] = sum([hash((tag, type_, at)) for tag in set(stated["tags"])]) % SUMS
        if is_leaf:
            self._follow(recorded_at, stated)
        if MARK in entry:
            for each in commitments(act, stated["decision"]):
                self.commitments.setdefault(each.digest, at)
        if type_ in ERASURES:
            self.erased |= erased_by(act)

    def _follow(self, recorded_at: int, stated: Any) -> None:
        """See that decisions follow each other, each whole and at an instant of its own."""
        before, number = self._decision, stated["number"]
        if number == 0:
            acts = stated["act"]["acts"]
            self._decision = Decision(self.position, stated["decision"], recorded_at, acts)
            if before is None:
                return
            if before.position + before.acts >= self.position:
                self._tell(f"an act of the decision at {before.position} should stand here")
            if before.recorded_at >= recorded_at:
                self._tell("it was not recorded after the decision before it")
        elif self.position == 1:
            self._tell("it does not begin a decision")
        elif before is not None:
            if number != self.position - before.position or number > before.acts:
                self._tell("it is not the next act of its decision")
            elif stated["decision"] != before.id:
                self._tell("it is of another decision than the entries around it")
            elif recorded_at != before.recorded_at:
                self._tell("it was not recorded at the instant of its decision")

    def _tell(self, what: str) -> None:
        self.faults.add(self.position, what)

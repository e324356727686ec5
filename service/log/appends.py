"""What is appended to the log, on which condition, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from domain.transparency.proofs import Proofs


class LogMoved(Exception):
    """The log moved: something a decision had read was recorded meanwhile, or its deadline passed.

    Nothing was stored; decide again.
    """


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry before its position and time are known."""

    type: str
    tags: tuple[str, ...]
    data: bytes  # what `seal` turns into the entry's exact bytes
    tail: bytes = b""  # second half, for seals that put position and time in the middle


# (draft, position, recorded_at in µs since the epoch) -> exact entry bytes; pure: it may run again
Seal = Callable[[Draft, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Condition:
    """A read set: fails if an entry recorded after `after` has a tag of it and one of its types.

    No types stand for any type, tag "" for any tag.
    """

    reads: frozenset[tuple[str, frozenset[str]]]
    after: int


@dataclass(frozen=True, slots=True)
class Append:
    """Drafts to be stored together or not at all, with one `recorded_at`.

    It is refused if that would be later than `deadline` (µs since the epoch). As `recorded_at` only
    rises, an append whose deadline the head has passed is in the log by now or never will be.
    It is refused, too, unless the newest position is the one that it is to follow `at`, if any.
    """

    drafts: tuple[Draft, ...]
    condition: Condition | None = None
    deadline: int | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as stored."""

    position: int
    recorded_at: int  # µs since the epoch
    type: str
    tags: tuple[str, ...]
    entry: bytes
    leaf_hash: bytes  # SHA-256(0x00 || entry), RFC 6962


@dataclass(frozen=True, slots=True)
class Committed:
    """What came of appends that shared a commit."""

    outcomes: list[Outcome]
    """What came of each."""
    proofs: Proofs | None
    """Proofs of their entries against the commit's checkpoint; None if none is signed."""


Outcome = tuple[Sealed, ...] | Exception  # an append's entries, or why nothing of it was stored


def identity_seal(draft: Draft, position: int, recorded_at: int) -> bytes:
    """The draft's own bytes: what a user of the `eventsourcing` library expects to read back."""
    return draft.data + draft.tail


def now_in_microseconds() -> int:
    """The machine's clock, in µs since the epoch."""
    return time.time_ns() // 1_000

"""Replay: the structure once more, from the first entry, by the pure fold alone.

Neither views nor vault nor HTTP take part, so that what they answer can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

from domain import dates
from domain.decisions import DecisionTaken
from domain.entries import Entry, EntryUnreadable, read
from domain.questions.structure import structure
from service.content import digest, plain
from service.garbage import uncollected
from service.log.log import Log

BATCH: Final = 5_000
"""Entries read from the log at a time."""

END: Final = 2**62
"""A position after every entry."""


def logged(log: Log, until: int) -> Iterator[Entry]:
    """The entries of a log up to a position, in order."""
    for after in range(0, until, BATCH):
        for entry, _ in log.stored(after, min(BATCH, until - after)):
            yield read(entry)


def exported(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of JSON Lines, in order; what is left of a decision that is not whole is not.

    Raises:
        EntryUnreadable: a line holds no entry, or not the next one.
    """
    decision: list[Entry] = []
    position = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = read(line)
        except EntryUnreadable as wrong:
            raise EntryUnreadable(f"line {number}: {wrong}") from wrong
        position += 1
        if entry.position != position:
            message = f"line {number}: entry {entry.position} stands where {position} should"
            raise EntryUnreadable(message)
        decision.append(entry)
        if len(decision) > _acts(decision[0]):
            yield from decision
            decision = []


def lines_in(file: BinaryIO) -> int:
    """How many lines a file has; it is read, and then again from where it was."""
    start = file.tell()
    number = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    file.seek(start)
    return number


def replay(entries: Iterable[Entry], day: int, position: int = END) -> dict[str, Any]:
    """The answer of `GET /v1/structure` at a basis, with every personal text as its commitment.

    Raises:
        ValueError: the entries do not reach the position.
    """
    recorded_at, last, reached = None, 0, 0

    def noted() -> Iterator[Entry]:
        nonlocal recorded_at, last, reached
        for entry in entries:
            if entry.number == 0:
                reached = entry.position + _acts(entry)
                if reached <= position:
                    recorded_at, last = entry.recorded_at, reached
            yield entry

    with uncollected():
        bodies = plain(structure(noted(), day, position))
    if reached < position < END:
        raise ValueError(f"position {position} is not recorded yet: the newest is {reached}")
    basis = {"effective_at": dates.iso(day), "recorded_at": recorded_at, "position": last}
    return {"basis": basis, "digest": digest(bodies), "bodies": bodies}


def brief(content: Any) -> Any:
    """An answer for people: of every commitment but its beginning."""
    if isinstance(content, dict):
        if content.keys() == {"sha256"}:
            return f"sha256:{content['sha256'][:8]}…"
        return {name: brief(member) for name, member in content.items()}
    return [brief(item) for item in content] if isinstance(content, list) else content


def _acts(entry: Entry) -> int:
    if not isinstance(entry.act, DecisionTaken):
        raise EntryUnreadable(f"entry {entry.position} begins no decision")
    return entry.act.acts

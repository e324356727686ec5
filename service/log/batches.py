"""What a group of appends comes to, and what is remembered of those before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any

from domain.transparency.tiles import completed
from domain.transparency.tree import Edge
from service.log.appends import Condition, Outcome, Sealed


class Recent:
    """The last position of every tag and type recorded above a floor; tag "" is every entry's."""

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.last: dict[str, dict[str, int]] = {}

    def __len__(self) -> int:
        """How many tags are kept."""
        return len(self.last)

    def note(self, position: int, type_: str, tags: Iterable[str]) -> None:
        """Take in an entry."""
        for tag in ("", *tags):
            self.last.setdefault(tag, {})[type_] = position

    def update(self, newer: Recent) -> None:
        """Take in what is newer."""
        for tag, types in newer.last.items():
            self.last.setdefault(tag, types).update(types)

    def moved(self, condition: Condition) -> bool:
        """Whether a condition fails by what is kept here."""
        for tag, types in condition.reads:
            if last := self.last.get(tag):
                positions = (last.get(type_, 0) for type_ in types) if types else last.values()
                if max(positions) > condition.after:
                    return True
        return False


@dataclass(slots=True)
class Batch:
    """What a group of appends comes to on top of a known head: outcomes, and the next head."""

    known: tuple[int, int]
    position: int
    recorded_at: int
    recent: Recent
    sealed: list[Sealed] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    edge: Edge = field(default_factory=lambda: Edge(0, ()))
    signature: bytes | None = None  # of the checkpoint, if there are entries and a signer
    is_behind: bool = False  # an append is to follow what is not known here

    def add(self, sealed: Sequence[Sealed]) -> None:
        """Take in the entries of one append."""
        self.outcomes.append(tuple(sealed))
        self.sealed.extend(sealed)
        for one in sealed:
            self.position, self.recorded_at = one.position, one.recorded_at
            self.recent.note(one.position, one.type, one.tags)

    def entry_rows(self) -> list[tuple[Any, ...]]:
        """Rows of `entries`, in the order of its columns."""
        tags = [f"[{','.join(map(encode_basestring, one.tags))}]" for one in self.sealed]
        return [
            (one.position, one.type, one.recorded_at, array, one.entry, one.leaf_hash)
            for one, array in zip(self.sealed, tags, strict=True)
        ]

    def node_rows(self) -> list[tuple[int, int, bytes]]:
        """Rows of `nodes`, in the order of its columns."""
        return list(completed(self.edge, self.known[0]))

    def tag_rows(self) -> list[tuple[str, str, int]]:
        """Rows of `tags`, in the order of its columns."""
        return [(tag, one.type, one.position) for one in self.sealed for tag in set(one.tags)]

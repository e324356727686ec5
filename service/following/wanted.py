"""What a follower wants to be told, and the events (server-sent) that tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi.sse import format_sse_event

from service.following.cloudevents import cloud_event
from service.log.appends import Sealed

RETURN: Final = 1_000
"""Milliseconds after which a follower whose stream ended comes back."""
SHARED: Final = 8
"""Wishes that a piece remembers how to tell; more are told anew each, so that none can fill the
memory by asking in many ways."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries, and in which form: their own bytes or, with an origin, CloudEvents."""

    types: frozenset[str] = frozenset()
    tag: str | None = None
    origin: str | None = None

    @property
    def is_all(self) -> bool:
        """Whether every entry is wanted."""
        return not self.types and self.tag is None

    def matches(self, one: Sealed) -> bool:
        """Whether an entry has one of the types, if any is asked for, and the tag."""
        return (not self.types or one.type in self.types) and (
            self.tag is None or self.tag in one.tags
        )

    def told(self, entries: Iterable[Sealed]) -> bytes:
        """The events of those entries that match."""
        return b"".join(self._event(one) for one in entries if self.matches(one))

    def _event(self, one: Sealed) -> bytes:
        data = one.entry.decode() if self.origin is None else cloud_event(one, self.origin)
        return format_sse_event(data_str=data, event=one.type, id=str(one.position))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some entries in a row, the newest when they were read, and how they are told.

    What was encoded for one follower serves all who want the same, of the first few wishes.
    """

    entries: Sequence[Sealed]
    _told: dict[Wanted, bytes] = field(default_factory=dict)

    @property
    def after(self) -> int:
        """The position that they follow."""
        return self.entries[0].position - 1

    @property
    def last(self) -> int:
        """The position of the last."""
        return self.entries[-1].position

    def told(self, wanted: Wanted) -> bytes:
        """The events that tell what is wanted of them."""
        if (told := self._told.get(wanted)) is None:
            told = wanted.told(self.entries)
            if len(self._told) < SHARED:
                self._told[wanted] = told
        return told


def greeting(position: int) -> bytes:
    """The begin of a stream: whoever loses it now comes back to this position."""
    return format_sse_event(id=str(position), retry=RETURN)


def reached(position: int) -> bytes:
    """That nothing more is wanted up to a position: no event, but the last event id moves on."""
    return format_sse_event(id=str(position))

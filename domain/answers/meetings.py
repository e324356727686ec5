"""Meetings as they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.answers.facts import Cause, Name, OtherName
from domain.timelines import Certainty


@dataclass(frozen=True, slots=True)
class Plan:
    """The days of a meeting as announced."""

    opens: str | None
    """Its first day; null: not announced."""
    closes: str | None
    """Its last day; null: not announced."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """A meeting that is a part of another."""

    id: str
    """The meeting's id."""
    name: str | None
    """What it is called."""
    opened: str | None
    """The EDTF text of its first day."""
    closed: str | None
    """The EDTF text of its last day; null: none is known."""
    session: Certainty | None
    """Whether it is in session on the day; null: it is not."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One who attended a meeting, sent word to it, or is said to have missed it."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""
    role: str | None
    """As what."""
    post: str | None
    """As the holder of which post."""
    manner: str
    """`present`, `message` or `absent`."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who attended a meeting."""

    count: int | None
    """How many in all; null: not stated."""
    eligible: int | None
    """How many had the right to; null: not stated."""
    attendees: tuple[Participant, ...]
    """Those who are named."""


@dataclass(frozen=True, slots=True)
class Days:
    """A number of days, as far as it is known."""

    least: int | None
    """At least so many; null: not known."""
    most: int | None
    """At most so many; null: not known."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The meeting before, of the same body, kind and whole, by its number."""

    id: str
    """The meeting's id."""
    ordinal: int
    """Its number."""
    opened: str | None
    """The EDTF text of its first day."""
    closed: str | None
    """The EDTF text of its last day."""
    days: Days
    """From its first day to this one's."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting: announced, in session, closed or cancelled."""

    id: str
    """The meeting's id."""
    name: str | None
    """What it is called."""
    other_names: tuple[OtherName, ...]
    """Names in other languages, other wordings."""
    kind: str | None
    """What sort of meeting."""
    ordinal: int | None
    """Its number among those of its kind."""
    body: str | None
    """The body that meets."""
    within: str | None
    """The meeting that it is a part of."""
    beside: str | None
    """The meeting on whose occasion it is held."""
    status: Literal["announced", "cancelled", "in_session", "closed"] | None
    """What it is on the day, certainly or possibly; null: nothing of it is known by then."""
    planned: Plan | None
    """Its days as announced by the day; null: none were announced."""
    opened: str | None
    """The EDTF text of its first day; null: it has not opened, as known at the basis."""
    closed: str | None
    """The EDTF text of its last day, as known at the basis; null: none is known."""
    session: Certainty | None
    """Whether the day lies between its opening and its closing; null: it does not."""
    sitting: Certainty | None
    """Whether it sits on the day: a meeting with parts sits while one of them does."""
    sittings: tuple[Sitting, ...]
    """Its parts, in order."""
    attendance: Attendance
    """Who attended."""
    previous: Previous | None
    """The meeting before in its series."""
    announced: Cause | None
    """The act that announces it."""
    convened: Cause | None
    """The act that opens it."""
    ended: Cause | None
    """The act that closes or cancels it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""

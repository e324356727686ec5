"""Acts on meetings: congresses, conferences, plenums, sessions, sittings, one within another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from domain.acts.act import STRICT, StructureAct, refuse_before, refuse_self
from domain.acts.bodies import BodyName
from domain.fields import (
    Code,
    Count,
    Day,
    Label,
    MeetingId,
    NamedBodyId,
    NamedMeetingId,
    NamedPostId,
    NewMeetingId,
    Ordinal,
    PersonId,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingScheduled(StructureAct):
    """A meeting was announced, on the day of the announcement; its own days may not be known."""

    type: Literal["meeting.scheduled"]
    meeting: NewMeetingId | None = None
    """The new id; given where absent."""
    name: Label | None = None
    """What it is called."""
    other_names: tuple[BodyName, ...] = ()
    """Names in other languages, other wordings."""
    body: NamedBodyId | None = None
    """The body that is to meet; absent: none that the ledger knows."""
    kind: Code | None = None
    """What sort of meeting, as `congress`, `conference`, `plenum`, `session`, `sitting`."""
    ordinal: Ordinal | None = None
    """Its number among those of its kind: 5 of a fifth conference."""
    within: NamedMeetingId | None = None
    """The meeting that it is a part of."""
    beside: NamedMeetingId | None = None
    """The meeting on whose occasion it is held, before, during or after it."""
    opens: Day | None = None
    """Its first day as planned; absent: not announced."""
    closes: Day | None = None
    """Its last day as planned; absent: not announced."""

    def __post_init__(self) -> None:
        refuse_self("within", self.meeting, [self.within])
        refuse_self("beside", self.meeting, [self.beside])
        refuse_before("closes", self.closes, "opens", self.opens)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRescheduled(StructureAct):
    """Other days were announced for a meeting."""

    type: Literal["meeting.rescheduled"]
    meeting: MeetingId
    """Which meeting."""
    opens: Day | None = None
    """Its first day as planned now; absent: open again."""
    closes: Day | None = None
    """Its last day as planned now; absent: open again."""

    def __post_init__(self) -> None:
        refuse_before("closes", self.closes, "opens", self.opens)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingCancelled(StructureAct):
    """A meeting that was announced will not be held."""

    type: Literal["meeting.cancelled"]
    meeting: MeetingId
    """Which meeting."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingConvened(StructureAct):
    """A meeting opened. It sits until a `meeting.closed`, or until its last day is stated here."""

    type: Literal["meeting.convened"]
    meeting: NewMeetingId | None = None
    """The id of a meeting announced before, or else a new one; given where absent."""
    name: Label | None = None
    """What it is called; where it was announced, absent means as announced. So for all below."""
    other_names: tuple[BodyName, ...] = ()
    """Names in other languages, other wordings."""
    body: NamedBodyId | None = None
    """The body that meets; absent: none that the ledger knows."""
    kind: Code | None = None
    """What sort of meeting, as `congress`, `conference`, `plenum`, `session`, `sitting`."""
    ordinal: Ordinal | None = None
    """Its number among those of its kind: 5 of a fifth conference."""
    within: NamedMeetingId | None = None
    """The meeting that it is a part of."""
    beside: NamedMeetingId | None = None
    """The meeting on whose occasion it is held, before, during or after it."""
    opens: Day | None = None
    """Its first day, where the act itself is dated later; absent: `effective`."""
    closes: Day | None = None
    """Its last day, on which it still sits; absent: it goes on until it is closed."""

    def __post_init__(self) -> None:
        refuse_self("within", self.meeting, [self.within])
        refuse_self("beside", self.meeting, [self.beside])
        refuse_before("effective", self.effective, "opens", self.opens)
        refuse_before("closes", self.closes, "its opening", self.opens or self.effective)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """One who attended a meeting, or sent word to it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    person: PersonId
    """Who."""
    role: Code | None = None
    """As what, as `delegate` or `guest`."""
    post: NamedPostId | None = None
    """As the holder of which post."""
    manner: Literal["present", "message", "absent"] | None = None
    """In person, by a message in place of attending, or expressly not; absent: in person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingAttended(StructureAct):
    """Who attended a meeting on a day, as what, or how many."""

    type: Literal["meeting.attended"]
    meeting: MeetingId
    """Which meeting."""
    attendees: tuple[Attendee, ...] = ()
    """Those who are named; there may have been more."""
    count: Count | None = None
    """How many attended in all."""
    eligible: Count | None = None
    """How many had the right to attend and vote, for its quorum."""

    def __post_init__(self) -> None:
        if not self.attendees and self.count is None:
            raise ValueError("give attendees, or count, or both")
        if self.count is not None and self.eligible is not None and self.count > self.eligible:
            raise ValueError("count: no more can attend than are eligible")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingClosed(StructureAct):
    """A meeting closed; `effective` is its last day, on which it still sits."""

    type: Literal["meeting.closed"]
    meeting: MeetingId
    """Which meeting."""

"""Acts on posts, and on who holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.acts.act import StructureAct, refuse_before
from domain.fields import (
    BodyId,
    Count,
    Day,
    Label,
    NamedBodyId,
    NamedBodyOrPostId,
    NewPostId,
    PersonId,
    PostId,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCreated(StructureAct):
    """A post (a position in a body) was created."""

    type: Literal["post.created"]
    post: NewPostId | None = None
    """The new id; given where absent."""
    body: BodyId
    """The body that it is a post of."""
    label: Label
    """What the post is called."""
    seats: Count | None = None
    """How many persons may hold it at once; absent: not stated, so not judged."""
    voting: bool | None = None
    """Whether its holders vote in the body; absent: not stated."""
    powers: Text | None = None
    """What its holders may do."""
    area: Label | None = None
    """The area it answers for."""
    head: bool | None = None
    """Whether its holder heads the body; absent: not stated."""
    approval: NamedBodyId | None = None
    """The body that must approve its holders; absent: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChanged(StructureAct):
    """A post's seats, vote, powers, area, headship or approval changed; what is absent stays."""

    type: Literal["post.changed"]
    post: PostId
    """Which post."""
    seats: Count | None = None
    """How many persons may hold it at once from that day on."""
    voting: bool | None = None
    """Whether its holders vote in the body from that day on."""
    powers: Text | None = None
    """What its holders may do from that day on."""
    area: Label | None = None
    """The area it answers for from that day on."""
    head: bool | None = None
    """Whether its holder heads the body from that day on."""
    approval: NamedBodyId | None = None
    """The body that must approve its holders from that day on."""

    def __post_init__(self) -> None:
        if all(
            value is None
            for value in (
                self.seats,
                self.voting,
                self.powers,
                self.area,
                self.head,
                self.approval,
            )
        ):
            raise ValueError("give at least one of seats, voting, powers, area, head, approval")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRenamed(StructureAct):
    """A post took another label; it stays the same post."""

    type: Literal["post.renamed"]
    post: PostId
    """Which post."""
    label: Label
    """What it is called from that day on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAbolished(StructureAct):
    """A post ended, and with it that day its tenures."""

    type: Literal["post.abolished"]
    post: PostId
    """Which post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentMade(StructureAct):
    """A person was appointed to a post and holds it from `effective` on."""

    type: Literal["appointment.made"]
    person: PersonId
    """Who."""
    post: PostId
    """To which post."""
    by: NamedBodyOrPostId | None = None
    """The body or post that appointed."""
    until: Day | None = None
    """The stated end of the term. It ends nothing by itself."""

    def __post_init__(self) -> None:
        refuse_before("until", self.until, "effective", self.effective)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentApproved(StructureAct):
    """The holder of a post that asks for approval was approved."""

    type: Literal["appointment.approved"]
    person: PersonId
    """Who."""
    post: PostId
    """In which post."""
    by: NamedBodyOrPostId | None = None
    """The body or post that approved; absent: not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureStarted(StructureAct):
    """A person holds a post from `effective` on; how it came about is not stated."""

    type: Literal["tenure.started"]
    person: PersonId
    """Who."""
    post: PostId
    """Which post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureEnded(StructureAct):
    """A person no longer holds a post."""

    type: Literal["tenure.ended"]
    person: PersonId
    """Who."""
    post: PostId
    """Which post."""
    reason: Literal["resigned", "removed", "recalled", "died", "expired", "other"]
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureAttested(StructureAct):
    """A person held a post on that day: certain then, possible around it."""

    type: Literal["tenure.attested"]
    person: PersonId
    """Who."""
    post: PostId
    """Which post."""

"""Acts on who is in a body, and on ties to organisations outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.acts.act import StructureAct
from domain.fields import BodyId, Code, Label, PersonId, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistAdmitted(StructureAct):
    """A person was admitted to a body as an activist."""

    type: Literal["activist.admitted"]
    person: PersonId
    """Who."""
    body: BodyId
    """Where."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistAssigned(StructureAct):
    """An activist was assigned to a further body, and stays where admitted."""

    type: Literal["activist.assigned"]
    person: PersonId
    """Who."""
    body: BodyId
    """To which body."""
    from_body: BodyId | None = None
    """The body whose activist the person is and stays."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistTransferred(StructureAct):
    """An activist left one body for another."""

    type: Literal["activist.transferred"]
    person: PersonId
    """Who."""
    body: BodyId
    """The body joined."""
    from_body: BodyId
    """The body left."""
    reason: Text | None = None
    """Why."""

    def __post_init__(self) -> None:
        if self.body == self.from_body:
            raise ValueError("from_body: give another body than the one joined")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistExcluded(StructureAct):
    """An activist was excluded from a body."""

    type: Literal["activist.excluded"]
    person: PersonId
    """Who."""
    body: BodyId
    """From which body."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistLeft(StructureAct):
    """An activist left a body by own will."""

    type: Literal["activist.left"]
    person: PersonId
    """Who."""
    body: BodyId
    """Which body."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipStarted(StructureAct):
    """A person is in a body in a role other than activist, from `effective` on."""

    type: Literal["membership.started"]
    person: PersonId
    """Who."""
    body: BodyId
    """Which body."""
    role: Code
    """As `member`, `candidate`, `advisor` or `delegate`."""
    voting: bool | None = None
    """Whether the person votes there; absent: not stated."""

    def __post_init__(self) -> None:
        if self.role == "activist":
            raise ValueError("role: activists are admitted by activist.admitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEnded(StructureAct):
    """A person is no longer in a body in a role."""

    type: Literal["membership.ended"]
    person: PersonId
    """Who."""
    body: BodyId
    """Which body."""
    role: Code
    """The role that ended."""

    def __post_init__(self) -> None:
        if self.role == "activist":
            raise ValueError("role: activists leave by activist.left or activist.excluded")


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipAttested(StructureAct):
    """A person was in a body in a role on that day: certain then, possible around it."""

    type: Literal["membership.attested"]
    person: PersonId
    """Who."""
    body: BodyId
    """Which body."""
    role: Code
    """As `member`, `candidate`, `advisor` or `delegate`."""
    voting: bool | None = None
    """Whether the person votes there; absent: not stated."""

    def __post_init__(self) -> None:
        if self.role == "activist":
            raise ValueError("role: activists are admitted by activist.admitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliationStarted(StructureAct):
    """A person came to be tied to an organisation outside the ledger, for rules that cap it."""

    type: Literal["affiliation.started"]
    person: PersonId
    """Who."""
    organisation: Label
    """Which organisation: an employer, a party."""
    kind: Code | None = None
    """What ties them, as `employer` or `party`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliationEnded(StructureAct):
    """A person is no longer tied to an organisation outside the ledger."""

    type: Literal["affiliation.ended"]
    person: PersonId
    """Who."""
    organisation: Label
    """Which organisation."""

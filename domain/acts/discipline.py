"""Acts of discipline: sanctions, and the appeals against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.acts.act import StructureAct, refuse_before
from domain.fields import Code, Day, NamedBodyId, NewSanctionId, PersonId, SanctionId, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionImposed(StructureAct):
    """A sanction was imposed on a person. What it ends, acts of their own end."""

    type: Literal["sanction.imposed"]
    sanction: NewSanctionId | None = None
    """The new id; given where absent."""
    person: PersonId
    """On whom."""
    kind: Code
    """What it is, as `reprimand`, `suspension` or `exclusion`."""
    body: NamedBodyId | None = None
    """The body in which it takes effect."""
    until: Day | None = None
    """Its stated end. It ends nothing by itself."""
    reason: Text | None = None
    """Why."""

    def __post_init__(self) -> None:
        refuse_before("until", self.until, "effective", self.effective)


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionLifted(StructureAct):
    """A sanction no longer holds."""

    type: Literal["sanction.lifted"]
    sanction: SanctionId
    """Which sanction."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealLodged(StructureAct):
    """An appeal was lodged against a sanction; it is pending until it is decided."""

    type: Literal["appeal.lodged"]
    sanction: SanctionId
    """Against which sanction."""
    to: NamedBodyId | None = None
    """The body that is to decide it."""
    suspends: bool | None = None
    """Whether it suspends the sanction; absent: as the rule in force says, if one does."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided(StructureAct):
    """The appeal against a sanction was decided."""

    type: Literal["appeal.decided"]
    sanction: SanctionId
    """Against which sanction."""
    outcome: Literal["upheld", "changed", "reversed"]
    """The sanction stands, stands in another form, or no longer holds from that day on."""
    reason: Text | None = None
    """Why."""

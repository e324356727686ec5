"""Acts on what is resolved, and on what is only declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.acts.act import StructureAct, refuse_self
from domain.fields import (
    Label,
    NamedResolutionId,
    NewDeclarationId,
    NewResolutionId,
    ResolutionId,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionAdopted(StructureAct):
    """A resolution was adopted: tasks, priorities, undertakings, as items."""

    type: Literal["resolution.adopted"]
    resolution: NewResolutionId | None = None
    """The new id; given where absent."""
    name: Label | None = None
    """What it is called."""
    items: tuple[Text, ...] = ()
    """What was resolved, item by item."""
    follows: tuple[NamedResolutionId, ...] = ()
    """Earlier resolutions that it carries on."""

    def __post_init__(self) -> None:
        refuse_self("follows", self.resolution, self.follows)
        if self.name is None and not self.items:
            raise ValueError("give name, or items, or both")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionRepealed(StructureAct):
    """A resolution no longer holds."""

    type: Literal["resolution.repealed"]
    resolution: ResolutionId
    """Which resolution."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationMade(StructureAct):
    """Something was declared, pledged or read out. It binds nobody: it is no resolution."""

    type: Literal["declaration.made"]
    declaration: NewDeclarationId | None = None
    """The new id; given where absent."""
    name: Label | None = None
    """What it is called."""
    items: tuple[Text, ...] = ()
    """What was declared, item by item."""
    follows: tuple[NamedResolutionId, ...] = ()
    """Resolutions that it refers to."""

    def __post_init__(self) -> None:
        if self.name is None and not self.items:
            raise ValueError("give name, or items, or both")

"""Acts on persons: how they are called, and who is who."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from domain.acts.act import STRICT, StructureAct
from domain.fields import Code, Name, NewPersonId, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """Another name of a person."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: Name
    """The name as written."""
    scheme: Code | None = None
    """The romanisation or spelling scheme, as `mccune-reischauer`."""
    lang: Code | None = None
    """The language, as a BCP 47 tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered(StructureAct):
    """A person became known to the ledger. Known on every day; `effective` dates the name."""

    type: Literal["person.registered"]
    person: NewPersonId | None = None
    """The new id; given where absent. It must say nothing about a real person."""
    name: Name
    """The person's name."""
    other_names: tuple[PersonName, ...] = ()
    """Other spellings and names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRenamed(StructureAct):
    """A person took another name."""

    type: Literal["person.renamed"]
    person: PersonId
    """Who."""
    name: Name
    """The name from that day on."""
    other_names: tuple[PersonName, ...] = ()
    """The other names from that day on; absent: they stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDied(StructureAct):
    """A person died. Everything that the person holds ends that day."""

    type: Literal["person.died"]
    person: PersonId
    """Who."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMerged(StructureAct):
    """Two ids are one person: for all days, as known from this position on.

    Acts keep the id that they were written with; answers show `into`. Before this position the
    ledger answers as it did: with two persons.
    """

    type: Literal["person.merged"]
    person: PersonId
    """The id that is given up in answers."""
    into: PersonId
    """The id that answers show for both."""

    def __post_init__(self) -> None:
        if self.person == self.into:
            raise ValueError("into: give another person")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSeparated(StructureAct):
    """Two ids that were merged are two persons after all, as known from this position on."""

    type: Literal["person.separated"]
    person: PersonId
    """The id that was given up in answers."""
    into: PersonId
    """The id that it was merged into."""

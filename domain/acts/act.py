"""What every act has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from domain.dates import window
from domain.fields import Day, DecisionId, Ordinal, Text

STRICT: dict[str, Any] = {"extra": "forbid", "strict": True, "use_attribute_docstrings": True}


def refuse_self(field: str, subject: str | None, named: Iterable[str | None]) -> None:
    """Nothing is a part, a successor or an origin of itself. Raises ValueError."""
    if subject is not None and subject in named:
        raise ValueError(f"{field}: give another one than the act is about")


def refuse_before(field: str, later: str | None, than: str, earlier: str | None) -> None:
    """No day lies before one that it must follow, on every reading. Raises ValueError."""
    if later and earlier and window(later).latest < window(earlier).earliest:
        raise ValueError(f"{field}: {later} lies before {than}, {earlier}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOf:
    """An act named by its decision, so that files can be prepared before positions are known."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    decision: DecisionId
    """The decision that holds the act."""
    act: Ordinal
    """The number of the act in its decision, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What every act has."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    version: ClassVar[int] = 1

    type: str
    """Which act this is."""
    note: Text | None = None
    """A free remark on this act."""
    corrects: Ordinal | ActOf | None = None
    """The entry that this act corrects; it must be retracted in the same decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureAct(Act):
    """An act on the structure: it holds from a day on, and can be retracted."""

    effective: Day
    """The day from which the act holds, as EDTF; an ending no longer holds on that day."""

"""What a decision rests on: the vote by which it was taken, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from domain.acts.act import STRICT
from domain.acts.elections import Tally
from domain.fields import Count, Day, Sha256, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """The vote by which a decision was taken. Turnout is computed, never stored."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    eligible: Count | None = None
    """How many could vote."""
    cast: Count | None = None
    """How many votes were cast."""
    counts: tuple[Tally, ...] = ()
    """Votes by option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where it is written."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    title: Text | None = None
    """The document's title."""
    url: Text | None = None
    """Its address."""
    published: Day | None = None
    """When it was published."""
    sha256: Sha256 | None = None
    """The SHA-256 of the document, in lower-case hexadecimal."""

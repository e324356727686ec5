"""What every answer may hold: names, other values, causes, chains, remarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Erased:
    """In place of a personal text: it was lawfully erased, and an entry of the log says so."""

    erased: Literal[True] = True
    """It was."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """In place of a personal text: it is told to those who have a key, and not to the public."""

    withheld: Literal[True] = True
    """It is."""


Name = str | dict[str, str] | Erased | Withheld | None
"""A personal text: opened, or still the commitment to it, or erased, withheld, or missing."""


@dataclass(frozen=True, slots=True)
class OtherName:
    """Another name: another spelling, language or wording."""

    name: Name
    """The name as written."""
    scheme: str | None
    """The romanisation or spelling scheme; null: not stated."""
    lang: str | None
    """The language, as a BCP 47 tag; null: not stated."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another value that may hold on the day."""

    attribute: str
    """Which attribute."""
    value: Any
    """Its possible value."""
    since: str | None
    """The EDTF text of the act that starts it."""
    until: str | None
    """The EDTF text of the act that ends it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The act that begins or ends something, and the decision that it is a part of."""

    position: int
    """The position of its entry."""
    type: str
    """Which act it is."""
    decision: str
    """The decision."""
    taken_by: str | None
    """The body that decided; null: not known."""
    meeting: str | None
    """The meeting at which it was decided; null: not known, or none."""
    date: str | None
    """The day on which it was decided; null: not known."""
    reason: Name
    """The reason that the act states."""


@dataclass(frozen=True, slots=True)
class Link:
    """A decision in a chain of authority."""

    decision: str
    """The decision's id."""
    title: Name
    """What it is about."""
    taken_by: str | None
    """The body that decided; null: not known, and there the chain is broken."""
    meeting: str | None
    """The meeting at which it was decided; null: not known, or none."""
    date: str | None
    """The day on which it was decided; null: not known."""
    authority: str | None
    """The mandate on which it was decided; null: not stated."""
    via: str
    """How the chain led here: `established`, `held`, `membership`, `nomination`; or, \
from a decision before, its `authority`, its `meeting`, the body that it was `taken_by`, or \
how that body's members were `elected`."""
    of: str
    """What it led by: the id of that body, post, election, mandate or meeting."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on an entry or on a subject."""

    position: int
    """The position of its entry."""
    decision: str
    """The decision that it is a part of."""
    kind: str | None
    """`conflict`, `inference`, `doubt` or `other`; null: not stated."""
    text: Name
    """The remark."""
    on: dict[str, Any]
    """What it is on."""

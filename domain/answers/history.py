"""Histories as they are answered: facts on the effective clock, beliefs on the recorded one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.answers.facts import Cause
from domain.timelines import Certainty


@dataclass(frozen=True, slots=True)
class Fact:
    """What was, is or is to be of a subject, as known at the basis."""

    id: str
    """Whose it is: the id that its entry is written with, of a person who has several."""
    attribute: str
    """What is told: `life`, `name`, `within`, … of the subject itself; or a `child`, a `post`, a \
`line`, a `mandate`, a `tenure`, an `approval`, a `membership`, an `affiliation`, a `candidacy`, a \
`sanction`, or the `identity` of two ids."""
    value: Any
    """Its value; of what has an id of its own, the ids and what is stated of it. Persons in it \
stand under the id that the entry is written with."""
    since: str | None
    """The EDTF text of the act that starts it; null if no act states it."""
    until: str | None
    """The EDTF text of the act that ends it or what it is in; null if none does."""
    certainty: Certainty | None
    """Whether it holds on the day, certainly or possibly; null: it does not."""
    began: Cause
    """The act that starts or attests it."""
    ended: Cause | None
    """The act that ends it or what it is in, or states another value."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point on the recorded clock: the end of a decision."""

    position: int
    """The position of the decision's last entry."""
    recorded_at: str
    """When it was recorded."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which plain days something begins and ends; null: not bounded."""

    since_earliest: str | None
    """The first day on which it may hold."""
    since_latest: str | None
    """The first day on which it certainly holds, unless it may be over."""
    until_earliest: str | None
    """The first day on which it may no longer hold."""
    until_latest: str | None
    """The first day on which it certainly no longer holds."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What the ledger believed of a subject, from one position until another.

    Once given up it never changes. Each track is told by itself: what ends with the body, post or
    person that it is in has no end of its own here.
    """

    id: str
    """Whose it is: the id that its entry is written with, of a person who has several."""
    attribute: str
    """What is told, named as on the effective clock."""
    value: Any
    """Its value, as on the effective clock."""
    since: str | None
    """The EDTF text of the act that starts it; null if no act states it."""
    until: str | None
    """The EDTF text of the act that ends it; null if none does."""
    days: Bounds
    """The days that these texts and what is known around them leave."""
    believed_from: Point
    """Since when the ledger believed it."""
    because_of: Cause
    """The act, the retraction or the annulment that brought the belief."""
    believed_until: Point | None
    """From when on it no longer did; null: it does at the basis."""
    given_up_because_of: Cause | None
    """What made the ledger give it up, likewise."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""

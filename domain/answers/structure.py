"""The structure as it is answered: bodies, posts, and who holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.answers.charter import Mandate
from domain.answers.facts import Alternative, Cause, Name, OtherName
from domain.answers.people import Tenure
from domain.timelines import Certainty


@dataclass(frozen=True, slots=True)
class Holder:
    """A person who holds a post on the day."""

    person: str
    """The person's id."""
    name: Name
    """The name that the person has on the day; null if erased or not known."""
    since: str | None
    """The EDTF text of the act that starts the tenure; null if no act states it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis; null if none does."""
    term_until: str | None
    """The stated end of the term, which ends nothing by itself."""
    certainty: Certainty
    """Whether the person holds it on that day for certain, or possibly."""
    approved: bool | None
    """Where the post asks for approval, whether it was given; null where it asks for none."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post of a body on the day."""

    id: str
    """The post's id."""
    body: str
    """The body that it is a post of."""
    label: str | None
    """What it is called."""
    seats: int | None
    """How many may hold it; null: not stated."""
    voting: bool | None
    """Whether its holders vote; null: not stated."""
    head: bool | None
    """Whether its holder heads the body; null: not stated."""
    area: str | None
    """The area it answers for."""
    powers: Name
    """What its holders may do; null: not stated."""
    approval: str | None
    """The body that must approve its holders; null: none."""
    certainty: Certainty
    """Whether the post is there on that day for certain, or possibly."""
    since: str | None
    """The EDTF text of the act that creates it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""
    alternatives: tuple[Alternative, ...]
    """Other values that may hold."""
    holders: tuple[Holder, ...]
    """Who holds it."""
    vacant: int | None
    """Seats less certain holders; null if the seats are not stated."""


@dataclass(frozen=True, slots=True)
class Line:
    """A second line to another body."""

    kind: Literal["reports_to", "supervised_by", "managed_by"]
    """What it means."""
    to: str
    """The body that it leads to."""
    post: str | None
    """The post that it starts from; null: the body itself."""
    since: str | None
    """The EDTF text of the act that draws it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    certainty: Certainty
    """Whether it holds on that day for certain, or possibly."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body on the day."""

    id: str
    """The body's id."""
    name: str | None
    """Its name."""
    other_names: tuple[OtherName, ...]
    """Its names in other languages, its short names."""
    classification: str | None
    """What sort of body."""
    permanence: str | None
    """`permanent`, `temporary`, or null: not stated."""
    area: str | None
    """The area it answers for."""
    purpose: Name
    """What it is for; null: not stated."""
    within: str | None
    """The body that it stands in; null: it stands at the root."""
    formed_from: tuple[str, ...]
    """The bodies on whose basis it was formed."""
    certainty: Certainty
    """Whether it is there on that day for certain, or possibly."""
    since: str | None
    """The EDTF text of the act that establishes it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""
    alternatives: tuple[Alternative, ...]
    """Other values that may hold."""
    lines: tuple[Line, ...]
    """Second lines from it and its posts."""
    posts: tuple[Post, ...]
    """Its posts."""
    activists: int
    """How many are its activists for certain, directly."""
    activists_possible: int
    """How many more may be."""


@dataclass(frozen=True, slots=True)
class BodyInFull(Body):
    """A body, there on the day or not, and what began and ended it."""

    certainty: Certainty | None  # type: ignore[assignment]
    """Whether it is there on that day, certainly or possibly; null: it is not."""
    began: Cause
    """The act that establishes it."""
    ended: Cause | None
    """The act that ends it."""
    manner: str | None
    """How it ended: `dissolved`, `ceased`, `merged` or `expired`."""
    succeeded_by: tuple[str, ...]
    """The bodies that took its place."""
    mandates: tuple[Mandate, ...]
    """The powers that it holds on the day."""


@dataclass(frozen=True, slots=True)
class PostInFull(Post):
    """A post, there on the day or not, and whoever held it."""

    certainty: Certainty | None  # type: ignore[assignment]
    """Whether it is there on that day, certainly or possibly; null: it is not."""
    began: Cause
    """The act that creates it."""
    ended: Cause | None
    """The act that ends it."""
    tenures: tuple[Tenure, ...]
    """Whoever held, holds or is to hold it, whatever the day."""
    mandates: tuple[Mandate, ...]
    """The powers that it holds on the day."""

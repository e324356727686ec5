"""What changed between two bases, as it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from domain.answers.facts import Cause, Name

What = Literal[
    "established",
    "dissolved",
    "post_created",
    "post_abolished",
    "took_post",
    "left_post",
    "line_drawn",
    "line_ended",
    "withdrawn",
    "restored",
    "identified",
    "renamed",
    "moved",
    "changed",
    "approved",
    "members_changed",
    "certainty",
    "dated",
    "alternatives",
    "grounds",
]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the structure: a body, a post, a person's hold on a post, a line."""

    kind: Literal["body", "post", "tenure", "line"]
    """What it is."""
    id: str
    """The id of the body or post; of a tenure, the person's; of a line, the body it leads to."""
    body: str
    """The body itself, or the one whose part it is."""
    post: str | None
    """The post itself, the post held, or that a line starts from; null: none."""
    line: str | None
    """What a line means; null: it is none."""
    number: int
    """Which, counted from 0, of several lines that are alike but for their days."""


@dataclass(frozen=True, slots=True)
class CauseInFull(Cause):
    """An act behind a change, and its decision with its vote, its authority and its sources."""

    effective: str | None
    """The EDTF text of the act's day; null where an act has none, as a retraction."""
    manner: str | None
    """How a body ended: `dissolved`, `ceased`, `merged` or `expired`; null: another act."""
    title: Name
    """What the decision is about."""
    authority: str | None
    """The mandate on which it was taken; null: not stated."""
    vote: dict[str, Any] | None
    """The vote, as it was posted; null: not stated."""
    sources: tuple[dict[str, Any], ...]
    """Where it is written, as it was posted."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two structures."""

    what: What
    """Begun or ended: `established`, `dissolved`, `post_created`, `post_abolished`, `took_post`, \
`left_post`, `line_drawn`, `line_ended`; because of a correction: `withdrawn` (not recorded any \
more as holding on the day), `restored` (its end was withdrawn), `identified` (who holds on is \
shown under another id). Else of one attribute: `renamed`, `moved`, `approved`, `members_changed`, \
`certainty`, `dated` (another beginning or end is known), `alternatives`, `changed` (any other), \
`grounds` (the same, by other entries)."""
    subject: Part
    """What changed. Posts, holders and lines begin and end by changes of their own."""
    attribute: str | None
    """Which of its members; null: all, for it begins or ends."""
    before: Any
    """The value before, in the form of `/v1/structure`; null: it was not there, or not stated."""
    after: Any
    """The value after, likewise."""
    because: tuple[int, ...]
    """The positions of the entries that cause it after the change, or, if gone, before."""
    causes: tuple[CauseInFull, ...] = ()
    """The acts behind the change, in the order of their positions."""

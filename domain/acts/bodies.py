"""Acts on bodies, and on the second lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from domain.acts.act import STRICT, StructureAct, refuse_self
from domain.fields import BodyId, Code, Label, NamedBodyId, NewBodyId, PostId, Text, WithinId


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyName:
    """Another name of a body."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: Label
    """The name as written."""
    scheme: Code | None = None
    """The romanisation or spelling scheme."""
    lang: Code | None = None
    """The language, as a BCP 47 tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyEstablished(StructureAct):
    """A body (committee, department, bureau, cell, conference organ …) came into being."""

    type: Literal["body.established"]
    body: NewBodyId | None = None
    """The new id; given where absent."""
    name: Label
    """Its name."""
    other_names: tuple[BodyName, ...] = ()
    """Names in other languages, short names."""
    classification: Code
    """What sort of body, as `department` or `executive_committee`."""
    within: WithinId | None = None
    """The body that it stands in; absent: it stands at the root."""
    permanence: Literal["permanent", "temporary"] | None = None
    """Whether it is meant to last; absent: not stated."""
    formed_from: tuple[NamedBodyId, ...] = ()
    """The bodies on whose basis it was formed."""
    area: Label | None = None
    """The area it answers for."""
    purpose: Text | None = None
    """What it is for."""

    def __post_init__(self) -> None:
        refuse_self("formed_from", self.body, self.formed_from)
        refuse_self("within", self.body, [self.within])


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRenamed(StructureAct):
    """A body took another name; it stays the same body."""

    type: Literal["body.renamed"]
    body: BodyId
    """Which body."""
    name: Label
    """The name from that day on."""
    other_names: tuple[BodyName, ...] = ()
    """The other names from that day on; absent: they stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyMoved(StructureAct):
    """A body was put under another body."""

    type: Literal["body.moved"]
    body: BodyId
    """Which body."""
    within: WithinId | None = None
    """The body that it stands in from that day on; absent: it stands at the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyChanged(StructureAct):
    """A body's classification, permanence, area or purpose changed; what is absent stays."""

    type: Literal["body.changed"]
    body: BodyId
    """Which body."""
    classification: Code | None = None
    """What sort of body from that day on."""
    permanence: Literal["permanent", "temporary"] | None = None
    """Whether it is meant to last from that day on."""
    area: Label | None = None
    """The area it answers for from that day on."""
    purpose: Text | None = None
    """What it is for from that day on."""

    def __post_init__(self) -> None:
        if not (self.classification or self.permanence or self.area or self.purpose):
            raise ValueError("give at least one of classification, permanence, area, purpose")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyDissolved(StructureAct):
    """A body ended, and with it that day its posts, tenures, memberships and lines.

    Nothing passes to successors by itself. Bodies within it must be dealt with by their own acts.
    """

    type: Literal["body.dissolved"]
    body: BodyId
    """Which body."""
    manner: Literal["dissolved", "ceased", "merged", "expired"]
    """How: by a decision, by itself, into another body, or by the end of its term."""
    reason: Text | None = None
    """Why."""
    succeeded_by: tuple[NamedBodyId, ...] = ()
    """The bodies that took its place."""

    def __post_init__(self) -> None:
        refuse_self("succeeded_by", self.body, self.succeeded_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDrawn(StructureAct):
    """A second line, beside `within`, was drawn from a body or a post to a body."""

    type: Literal["line.drawn"]
    body: BodyId | None = None
    """The body that it starts from; or else `post`."""
    post: PostId | None = None
    """The post that it starts from."""
    to: NamedBodyId
    """The body that it leads to."""
    kind: Literal["reports_to", "supervised_by", "managed_by"]
    """What the line means."""

    def __post_init__(self) -> None:
        if (self.body is None) == (self.post is None):
            raise ValueError("give either body or post")
        refuse_self("to", self.body, [self.to])


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEnded(StructureAct):
    """A second line ended."""

    type: Literal["line.ended"]
    body: BodyId | None = None
    """The body that it started from; or else `post`."""
    post: PostId | None = None
    """The post that it started from."""
    to: NamedBodyId
    """The body that it led to."""
    kind: Literal["reports_to", "supervised_by", "managed_by"]
    """What the line meant."""

    def __post_init__(self) -> None:
        if (self.body is None) == (self.post is None):
            raise ValueError("give either body or post")
        refuse_self("to", self.body, [self.to])

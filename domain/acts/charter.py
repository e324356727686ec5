"""Acts on the charter: mandates (who may do what) and rules (what must hold)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from domain.acts.act import STRICT, StructureAct
from domain.fields import (
    Code,
    Count,
    MandateId,
    NamedBodyId,
    NamedBodyOrPostId,
    NamedPostId,
    NewMandateId,
    NewRuleId,
    Ordinal,
    RuleId,
    Text,
)

RuleKind = Literal[
    "size",
    "cadence",
    "quorum",
    "term",
    "composition",
    "voting",
    "head",
    "mandate",
    "cardinality",
    "duty",
    "cap",
    "appeal",
]

Power = Literal[
    "establish",
    "dissolve",
    "admit",
    "exclude",
    "assign",
    "elect",
    "appoint",
    "approve",
    "remove",
    "convene",
    "instruct",
    "discipline",
    "hear_appeals",
    "adopt_rules",
    "supervise",
    "speak",
    "other",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateGranted(StructureAct):
    """A body or a post was given a power."""

    type: Literal["mandate.granted"]
    mandate: NewMandateId | None = None
    """The new id; given where absent."""
    holder: NamedBodyOrPostId
    """The body or post that holds it."""
    power: Power
    """The power: to establish or dissolve bodies, to admit activists, to speak …"""
    over: tuple[Code, ...] = ()
    """The classifications of the bodies that it reaches; absent: not limited."""
    within: NamedBodyId | None = None
    """It reaches this body and all below it; absent: not limited."""
    text: Text | None = None
    """Its wording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateConfirmed(StructureAct):
    """A mandate was confirmed: it held before, and is no new grant."""

    type: Literal["mandate.confirmed"]
    mandate: MandateId
    """Which mandate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateRevoked(StructureAct):
    """A mandate no longer holds."""

    type: Literal["mandate.revoked"]
    mandate: MandateId
    """Which mandate."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule applies to; of what is given, all must fit. Nothing given: everything."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    classification: Code | None = None
    """Bodies of this sort."""
    permanence: Literal["permanent", "temporary"] | None = None
    """Bodies of this permanence."""
    body: NamedBodyId | None = None
    """This body."""
    within: NamedBodyId | None = None
    """This body and all below it."""
    post: NamedPostId | None = None
    """This post and its holders."""
    role: Code | None = None
    """Members in this role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a rule asks for, in figures and codes; which of them count depends on its kind."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    least: Count | None = None
    """At least so many (`size`, `cardinality`, `composition`, `quorum`)."""
    most: Count | None = None
    """At most so many (`size`, `cardinality`, `composition`, `cap`)."""
    percent: Count | None = None
    """At least so many in a hundred of those who can vote (`quorum`)."""
    times: Ordinal | None = None
    """At least so many meetings in each calendar period (`cadence`)."""
    per: Literal["month", "quarter", "year"] | None = None
    """The calendar period (`cadence`)."""
    months: Ordinal | None = None
    """The longest time, in months: between meetings (`cadence`), of a tenure (`term`)."""
    days: Ordinal | None = None
    """The longest time, in days (`cadence`, `term`)."""
    meeting: Code | None = None
    """The kind of meeting (`cadence`, `mandate`)."""
    power: Power | None = None
    """The power that needs a mandate (`mandate`)."""
    head_of: Code | None = None
    """Holders of the post head a body of this sort (`composition`)."""
    posts: tuple[Code, ...] = ()
    """The posts that the body is made of, by their labels in code (`composition`)."""
    voting: bool | None = None
    """Whether those it applies to vote (`voting`)."""
    between: Code | None = None
    """The body acts only between meetings of this kind of the body around it (`mandate`)."""
    affiliation: Code | None = None
    """The kind of affiliation of which no more than `most` holders share one (`cap`)."""
    suspends: bool | None = None
    """Whether an appeal suspends the sanction until it is decided (`appeal`)."""

    def __post_init__(self) -> None:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least: give no more than most")
        if self.percent is not None and self.percent > 100:
            raise ValueError("percent: give no more than 100")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAdopted(StructureAct):
    """A rule of the charter was adopted; its text is as quoted, its parameters are judged."""

    type: Literal["rule.adopted"]
    rule: NewRuleId | None = None
    """The new id; given where absent."""
    kind: RuleKind
    """What it is about."""
    applies_to: Scope | None = None
    """What it applies to; absent: everything."""
    exempt: tuple[NamedBodyOrPostId, ...] = ()
    """The bodies and posts that it does not apply to."""
    parameters: Parameters | None = None
    """What it asks for."""
    text: Text | None = None
    """Its wording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAmended(StructureAct):
    """A rule was given another version; what is absent stays."""

    type: Literal["rule.amended"]
    rule: RuleId
    """Which rule."""
    applies_to: Scope | None = None
    """What it applies to from that day on."""
    exempt: tuple[NamedBodyOrPostId, ...] = ()
    """The bodies and posts that it does not apply to from that day on."""
    parameters: Parameters | None = None
    """What it asks for from that day on."""
    text: Text | None = None
    """Its wording from that day on."""

    def __post_init__(self) -> None:
        if not (self.applies_to or self.exempt or self.parameters or self.text):
            raise ValueError("give at least one of applies_to, exempt, parameters, text")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRepealed(StructureAct):
    """A rule no longer holds."""

    type: Literal["rule.repealed"]
    rule: RuleId
    """Which rule."""
    reason: Text | None = None
    """Why."""

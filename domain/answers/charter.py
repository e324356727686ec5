"""The charter as it is answered: mandates, rules, resolutions, findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from domain.answers.facts import Cause, Name
from domain.timelines import Certainty


@dataclass(frozen=True, slots=True)
class Mandate:
    """A power that a body or a post holds."""

    id: str
    """The mandate's id."""
    holder: str
    """The body or post that holds it."""
    power: str
    """The power."""
    over: tuple[str, ...]
    """The classifications of the bodies that it reaches; none: not limited."""
    within: str | None
    """It reaches this body and all below it; null: not limited."""
    text: Name
    """Its wording."""
    confirmed: str | None
    """The EDTF text of its last confirmation by the day; null: none."""
    since: str | None
    """The EDTF text of the act that grants it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    certainty: Certainty | None
    """Whether it is held on the day; null: it is not."""
    began: Cause
    """The act that grants it."""
    ended: Cause | None
    """The act that ends it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the charter, in the version of the day."""

    id: str
    """The rule's id."""
    kind: str
    """What it is about."""
    applies_to: dict[str, Any] | None
    """What it applies to; null: everything."""
    exempt: tuple[str, ...]
    """The bodies and posts that it does not apply to."""
    parameters: dict[str, Any] | None
    """What it asks for."""
    judged: bool
    """Whether findings judge it: its kind is judged, and its parameters ask for something."""
    text: Name
    """Its wording."""
    since: str | None
    """The EDTF text of the act that adopts it."""
    until: str | None
    """The EDTF text of the act that repeals it, as known at the basis."""
    version: int
    """The position of the entry that states this version."""
    version_since: str | None
    """The EDTF text of the act that states this version."""
    certainty: Certainty | None
    """Whether it is in force on the day; null: it is not."""
    began: Cause
    """The act that adopts it."""
    ended: Cause | None
    """The act that repeals it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A rule in the version that was in force on a day."""

    id: str
    """The rule's id."""
    version: int
    """The position of the entry that states this version."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was resolved, or only declared."""

    id: str
    """Its id."""
    name: str | None
    """What it is called."""
    items: tuple[Name, ...]
    """What it says, item by item."""
    follows: tuple[str, ...]
    """Earlier resolutions that it carries on or refers to."""
    since: str | None
    """The EDTF text of the act that brings it about."""
    until: str | None
    """The EDTF text of the act that repeals it, as known at the basis."""
    certainty: Certainty | None
    """Whether it holds on the day; null: it does not."""
    began: Cause
    """The act that brings it about."""
    ended: Cause | None
    """The act that repeals it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about."""

    kind: Literal["person", "body", "post", "election", "decision", "rule"]
    """What it is."""
    id: str
    """Its id."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of the charter: a rule, and what does not agree with it."""

    rule: str
    """The rule's id."""
    kind: str
    """What the rule is about."""
    version: int
    """The position of the entry that states the version of the rule that is broken."""
    subject: Subject
    """What breaks it."""
    message: str
    """What is wrong, in a sentence, as it was when it began."""
    since: str
    """The first day on which it is wrong, a plain day."""
    until: str | None
    """The first day on which it no longer is; null while it lasts on the day asked about."""
    certainty: Certainty
    """Whether facts that are certain break the rule, or possible ones only."""
    because: tuple[int, ...]
    """The positions of the entries that state the rule and that break it."""

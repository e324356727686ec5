"""Acts on the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.acts.act import Act, ActOf
from domain.fields import (
    Day,
    NamedBodyId,
    NamedDecisionId,
    NamedElectionId,
    NamedMeetingId,
    NamedPersonId,
    NamedPostId,
    NamedRuleId,
    Ordinal,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRetracted(Act):
    """From this position on, an earlier entry no longer counts.

    What was answered before stays answerable at its position. To restore the entry, record it anew.
    """

    type: Literal["entry.retracted"]
    effective: Day | None = None
    """Ignored: a retraction acts on the recorded clock."""
    entry: Ordinal | ActOf
    """The entry: its position, or its decision and the number of the act in it."""
    reason: Text
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkMade(Act):
    """A remark on an entry or on a subject: sources in conflict, an inference, a doubt.

    It changes nothing; it stands in the answers about what it is on.
    """

    type: Literal["remark.made"]
    effective: Day | None = None
    """Ignored: a remark is on the record."""
    kind: Literal["conflict", "inference", "doubt", "other"] | None = None
    """What sort of remark."""
    entry: Ordinal | ActOf | None = None
    """On this entry: its position, or its decision and the number of the act in it."""
    person: NamedPersonId | None = None
    """On this person. Its text is then kept, and erased, with that person's."""
    body: NamedBodyId | None = None
    """On this body."""
    post: NamedPostId | None = None
    """On this post."""
    election: NamedElectionId | None = None
    """On this election."""
    meeting: NamedMeetingId | None = None
    """On this meeting."""
    rule: NamedRuleId | None = None
    """On this rule."""
    decision: NamedDecisionId | None = None
    """On this decision as a whole."""
    text: Text
    """The remark."""

    def __post_init__(self) -> None:
        on = (
            self.entry,
            self.person,
            self.body,
            self.post,
            self.election,
            self.meeting,
            self.rule,
            self.decision,
        )
        if all(each is None for each in on):
            raise ValueError("give what it is on: an entry, a person, a body, a post …")

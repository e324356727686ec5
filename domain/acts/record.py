"""Acts on the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.acts.act import Act, ActOf
from domain.acts.grounds import Source, Vote
from domain.fields import (
    Code,
    Day,
    DecisionId,
    Digest,
    NamedBodyId,
    NamedDecisionId,
    NamedElectionId,
    NamedMandateId,
    NamedMeetingId,
    NamedPersonId,
    NamedPostId,
    NamedRuleId,
    Ordinal,
    PersonId,
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
class DecisionAmended(Act):
    """From this position on, another decision's vote, sources, meeting or authority are others.

    What is given takes the place of what was recorded, whole; what is absent stays. What was
    answered before stays answerable at its position. An amendment can be amended in its turn.
    """

    type: Literal["decision.amended"]
    effective: Day | None = None
    """Ignored: an amendment acts on the recorded clock."""
    decision: DecisionId
    """The decision amended: one that is recorded, and not the one that holds this act."""
    taken_by: NamedBodyId | None = None
    """The body that decided."""
    meeting: NamedMeetingId | None = None
    """The meeting at which it was decided."""
    authority: NamedMandateId | None = None
    """The mandate on which it was decided."""
    vote: Vote | None = None
    """The vote."""
    sources: tuple[Source, ...] = ()
    """Where it is written: all of it."""
    reason: Text | None = None
    """Why."""

    def __post_init__(self) -> None:
        given = (self.taken_by, self.meeting, self.authority, self.vote, *self.sources)
        if all(each is None for each in given):
            raise ValueError("give what it amends: vote, sources, meeting, authority, taken_by")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectErased(Act):
    """The personal data of a person was destroyed, on a lawful ground.

    The entries stay as they are, and with them every proof: they hold digests alone. What is behind
    these digests is in no store any more, and nobody can put it back. An erasure that reaches many
    texts, or a person of several ids, is several of these acts in one decision.
    """

    type: Literal["subject.erased"]
    effective: Day | None = None
    """Ignored: an erasure acts on the record."""
    person: PersonId
    """Whose."""
    ground: Code
    """On which ground, as `gdpr-17-1-b`."""
    digests: tuple[Digest, ...] = ()
    """The digests of the texts that were destroyed."""

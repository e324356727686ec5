"""A decision: who decided, when, with what vote, on what sources, and the acts it brings about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from domain.acts import STRICT, Act, Acts, Source, Vote
from domain.fields import (
    Count,
    Day,
    DecisionId,
    NamedBodyId,
    NamedMandateId,
    NamedMeetingId,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision, with one or more acts. It is recorded whole or not at all."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    id: DecisionId | None = None
    """The new id; given where absent. Posting it again with the same content records nothing."""
    title: Text | None = None
    """What it is about."""
    text: Text | None = None
    """Its wording."""
    taken_by: NamedBodyId | None = None
    """The body that decided; absent: not known."""
    meeting: NamedMeetingId | None = None
    """The meeting at which it was decided; absent: not known, or none."""
    date: Day | None = None
    """The day on which it was decided; absent: not known, so that nothing is judged on it."""
    authority: NamedMandateId | None = None
    """The mandate on which it was decided; absent: not stated."""
    vote: Vote | None = None
    """The vote."""
    sources: tuple[Source, ...] = ()
    """Where it is written."""
    acts: Acts
    """What it brings about, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTaken:
    """The envelope of a decision as the log holds it, before its acts."""

    version: ClassVar[int] = 1

    type: Literal["decision.taken"]
    title: Text | None = None
    text: Text | None = None
    taken_by: NamedBodyId | None = None
    meeting: NamedMeetingId | None = None
    date: Day | None = None
    authority: NamedMandateId | None = None
    vote: Vote | None = None
    sources: tuple[Source, ...] = ()
    acts: Count


def envelope(decision: Decision) -> DecisionTaken:
    """Everything about a decision but its acts, of which it keeps the number."""
    return DecisionTaken(
        type="decision.taken",
        title=decision.title,
        text=decision.text,
        taken_by=decision.taken_by,
        meeting=decision.meeting,
        date=decision.date,
        authority=decision.authority,
        vote=decision.vote,
        sources=decision.sources,
        acts=len(decision.acts),
    )


Payload = Act | DecisionTaken
"""What an entry holds."""

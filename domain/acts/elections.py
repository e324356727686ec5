"""Acts on elections: the run-up, the vote, the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from domain.acts.act import STRICT, StructureAct, refuse_before
from domain.fields import (
    BodyId,
    Code,
    Count,
    Day,
    ElectionId,
    Integer,
    Label,
    NamedBodyId,
    NamedBodyOrPostId,
    NamedMeetingId,
    NamedPostId,
    NewElectionId,
    Ordinal,
    PersonId,
    PostId,
    Sha256,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many votes an option got."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    option: Label
    """The option; `for`, `against` and `abstain` are judged against the votes cast."""
    value: Integer
    """Votes, or a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One who stood in a contest."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    person: PersonId
    """Who."""
    votes: Count | None = None
    """Votes for this candidate."""
    score: Integer | None = None
    """What this candidate got where ballots score or rank; not judged."""
    rank: Ordinal | None = None
    """The place in the result, from 1; tied candidates share one."""
    affiliation: Label | None = None
    """The organisation outside the ledger that the candidate stood for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of voting."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    eligible: Count | None = None
    """How many could vote."""
    cast: Count | None = None
    """How many ballots were cast."""
    invalid: Count | None = None
    """How many of these were invalid."""
    counts: tuple[Tally, ...] = ()
    """Votes by option."""
    candidates: tuple[Candidate, ...] = ()
    """Who stood in this round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSeated:
    """One who was elected and took no seat."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    person: PersonId
    """Who."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What was filled by an election: a post, or a role in a body."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    post: PostId | None = None
    """The post; or else `body` and `role`."""
    body: BodyId | None = None
    """The body whose members in a role were elected."""
    role: Code | None = None
    """Their role, as `member` or `delegate`."""
    seats: Count | None = None
    """How many were to be elected."""
    contested: bool | None = None
    """Whether there was a choice, where it differs from the election's; absent: not stated."""
    eligible: Count | None = None
    """How many could vote, where it differs from the election's."""
    cast: Count | None = None
    """How many ballots were cast, where it differs."""
    invalid: Count | None = None
    """How many of these were invalid, where it differs."""
    candidates: tuple[Candidate, ...] = ()
    """Who stood."""
    counts: tuple[Tally, ...] = ()
    """Votes by option."""
    elected: tuple[PersonId, ...] = ()
    """Who was elected; their tenures or memberships start on the act's `effective` day."""
    not_seated: tuple[NotSeated, ...] = ()
    """Who of these took no seat."""
    outcome: Code | None = None
    """A result without a winner, as `tie` or `no_candidates`."""
    until: Day | None = None
    """The stated end of the term. It ends nothing by itself."""

    def __post_init__(self) -> None:
        if (self.post is None) != (self.body is not None and self.role is not None):
            raise ValueError("give either post, or body and role")
        if self.role == "activist":
            raise ValueError("role: activists are admitted by activist.admitted, not elected")
        stood = [each.person for each in self.candidates]
        if len(set(stood)) < len(stood):
            raise ValueError("candidates: give each person once")
        if {each.person for each in self.not_seated} - set(self.elected):
            raise ValueError("not_seated: give only persons who are among the elected")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionCalled(StructureAct):
    """An election was called, on the day of the call; it may be held later, or never."""

    type: Literal["election.called"]
    election: NewElectionId | None = None
    """The new id; given where absent."""
    body: NamedBodyId | None = None
    """The body that is to elect."""
    meeting: NamedMeetingId | None = None
    """The meeting that is to elect."""
    method: Code | None = None
    """How votes are to be cast and counted."""
    opens: Day | None = None
    """When voting is to open; absent: not known yet."""
    closes: Day | None = None
    """When voting is to close; absent: not known yet."""

    def __post_init__(self) -> None:
        refuse_before("closes", self.closes, "opens", self.opens)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionRescheduled(StructureAct):
    """Other days of voting were announced for an election."""

    type: Literal["election.rescheduled"]
    election: ElectionId
    """Which election."""
    opens: Day | None = None
    """When voting is to open now; absent: open again."""
    closes: Day | None = None
    """When voting is to close now; absent: open again."""

    def __post_init__(self) -> None:
        refuse_before("closes", self.closes, "opens", self.opens)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateNominated(StructureAct):
    """A person was nominated in an election. A nominee is not yet elected to anything.

    A person stands once in an election; what is voted on apart is an election of its own.
    """

    type: Literal["candidate.nominated"]
    election: ElectionId
    """In which election."""
    person: PersonId
    """Who."""
    post: NamedPostId | None = None
    """For which post; or else `body` and `role`, or neither: not stated."""
    body: NamedBodyId | None = None
    """For membership of which body."""
    role: Code | None = None
    """In which role there, as `delegate`."""
    by: NamedBodyOrPostId | None = None
    """The body or post that nominated; absent: not stated."""
    affiliation: Label | None = None
    """The organisation outside the ledger that the nominee stands for."""

    def __post_init__(self) -> None:
        if (self.body is None) != (self.role is None):
            raise ValueError("body: give body and role together")
        if self.post is not None and self.body is not None:
            raise ValueError("post: give either post, or body and role")
        if self.role == "activist":
            raise ValueError("role: activists are admitted by activist.admitted, not elected")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateWithdrawn(StructureAct):
    """A nominee no longer stands."""

    type: Literal["candidate.withdrawn"]
    election: ElectionId
    """In which election."""
    person: PersonId
    """Who."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionHeld(StructureAct):
    """An election was held; those elected and seated hold their posts from `effective` on.

    It ends nobody else's tenure. Tallies only, never ballots.
    """

    type: Literal["election.held"]
    election: NewElectionId | None = None
    """The id of an election called before, or else a new one; given where absent."""
    body: NamedBodyId | None = None
    """The body that elected."""
    meeting: NamedMeetingId | None = None
    """The meeting that elected, where no standing body did."""
    ballots: Sha256 | None = None
    """The SHA-256 of a file of the ballots, in lower-case hexadecimal; never the ballots."""
    method: Code | None = None
    """How votes were cast and counted, as `plurality` or `approval`."""
    contested: bool | None = None
    """Whether there was a choice; absent: not stated."""
    opened: Day | None = None
    """When voting opened."""
    closed: Day | None = None
    """The day of the vote: when voting closed."""
    eligible: Count | None = None
    """How many could vote."""
    cast: Count | None = None
    """How many ballots were cast."""
    invalid: Count | None = None
    """How many of these were invalid."""
    counts: tuple[Tally, ...] = ()
    """Votes by option, where one slate was put to the vote."""
    rounds: tuple[Round, ...] = ()
    """The rounds, where there was more than one."""
    contests: tuple[Contest, ...] = ()
    """What was filled, and by whom."""

    def __post_init__(self) -> None:
        refuse_before("closed", self.closed, "opened", self.opened)
        refuse_before("effective", self.effective, "the day of the vote", self.closed)
        for number, contest in enumerate(self.contests):
            field = f"contests/{number}/until"
            refuse_before(field, contest.until, "effective", self.effective)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionAnnulled(StructureAct):
    """An election was annulled: its tenures still running end that day.

    Dated on the election's own day, they never were. Nobody before them comes back.
    """

    type: Literal["election.annulled"]
    election: ElectionId
    """Which election."""
    reason: Text | None = None
    """Why."""

"""The acts: every fact that a decision can bring about, on one page.

An act as a client posts it is the act that is stored and the act that the projections read. Names
are stable; each act has a version. Absent and null are the same. Fields typed `Name` or `Text` are
personal or free text: the log holds a commitment in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args, get_type_hints

from domain.fields import (
    AtLeastOne,
    BodyId,
    Code,
    Count,
    Day,
    DecisionId,
    ElectionId,
    Integer,
    Label,
    Name,
    NamedBodyId,
    NamedBodyOrPostId,
    NewBodyId,
    NewElectionId,
    NewPersonId,
    NewPostId,
    Ordinal,
    PersonId,
    PostId,
    Text,
    WithinId,
)

STRICT: dict[str, Any] = {"extra": "forbid", "strict": True, "use_attribute_docstrings": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOf:
    """An act named by its decision, so that files can be prepared before positions are known."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    decision: DecisionId
    """The decision that holds the act."""
    act: Ordinal
    """The number of the act in its decision, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What every act has."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    version: ClassVar[int] = 1

    type: str
    """Which act this is."""
    note: Text | None = None
    """A free remark on this act."""
    corrects: Ordinal | ActOf | None = None
    """The entry that this act corrects; it must be retracted in the same decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureAct(Act):
    """An act on the structure: it holds from a day on, and can be retracted."""

    effective: Day
    """The day from which the act holds, as EDTF; an ending no longer holds on that day."""


# Persons


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """Another name of a person."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: Name
    """The name as written."""
    scheme: Code | None = None
    """The romanisation or spelling scheme, as `mccune-reischauer`."""
    lang: Code | None = None
    """The language, as a BCP 47 tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered(StructureAct):
    """A person became known to the ledger. Known on every day; `effective` dates the name."""

    type: Literal["person.registered"]
    person: NewPersonId | None = None
    """The new id; given where absent. It must say nothing about a real person."""
    name: Name
    """The person's name."""
    other_names: tuple[PersonName, ...] = ()
    """Other spellings and names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRenamed(StructureAct):
    """A person took another name."""

    type: Literal["person.renamed"]
    person: PersonId
    """Who."""
    name: Name
    """The name from that day on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDied(StructureAct):
    """A person died. Everything that the person holds ends that day."""

    type: Literal["person.died"]
    person: PersonId
    """Who."""


# Bodies


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRenamed(StructureAct):
    """A body took another name; it stays the same body."""

    type: Literal["body.renamed"]
    body: BodyId
    """Which body."""
    name: Label
    """The name from that day on."""


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


# Lines


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


# Posts


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCreated(StructureAct):
    """A post (a position in a body) was created."""

    type: Literal["post.created"]
    post: NewPostId | None = None
    """The new id; given where absent."""
    body: BodyId
    """The body that it is a post of."""
    label: Label
    """What the post is called."""
    seats: Count | None = None
    """How many persons may hold it at once; absent: not stated, so not judged."""
    voting: bool | None = None
    """Whether its holders vote in the body; absent: not stated."""
    powers: Text | None = None
    """What its holders may do."""
    area: Label | None = None
    """The area it answers for."""
    head: bool | None = None
    """Whether its holder heads the body; absent: not stated."""
    approval: NamedBodyId | None = None
    """The body that must approve its holders; absent: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChanged(StructureAct):
    """A post's seats, vote, powers, area, headship or approval changed; what is absent stays."""

    type: Literal["post.changed"]
    post: PostId
    """Which post."""
    seats: Count | None = None
    """How many persons may hold it at once from that day on."""
    voting: bool | None = None
    """Whether its holders vote in the body from that day on."""
    powers: Text | None = None
    """What its holders may do from that day on."""
    area: Label | None = None
    """The area it answers for from that day on."""
    head: bool | None = None
    """Whether its holder heads the body from that day on."""
    approval: NamedBodyId | None = None
    """The body that must approve its holders from that day on."""

    def __post_init__(self) -> None:
        if all(
            value is None
            for value in (
                self.seats,
                self.voting,
                self.powers,
                self.area,
                self.head,
                self.approval,
            )
        ):
            raise ValueError("give at least one of seats, voting, powers, area, head, approval")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRenamed(StructureAct):
    """A post took another label; it stays the same post."""

    type: Literal["post.renamed"]
    post: PostId
    """Which post."""
    label: Label
    """What it is called from that day on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAbolished(StructureAct):
    """A post ended, and with it that day its tenures."""

    type: Literal["post.abolished"]
    post: PostId
    """Which post."""


# Elections


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many votes an option got."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    option: Label
    """The option; `for`, `against` and `abstain` are judged against the votes cast."""
    value: Integer
    """Votes, or a score."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One who stood in a contest."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    person: PersonId
    """Who."""
    votes: Count | None = None
    """Votes for this candidate."""
    rank: Ordinal | None = None
    """The place in the result, from 1; tied candidates share one."""
    affiliation: Label | None = None
    """The organisation outside the ledger that the candidate stood for."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionHeld(StructureAct):
    """An election was held; those elected and seated hold their posts from `effective` on.

    It ends nobody else's tenure. Tallies only, never ballots.
    """

    type: Literal["election.held"]
    election: NewElectionId | None = None
    """The new id; given where absent."""
    body: NamedBodyId | None = None
    """The body that elected."""
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


# Appointments and tenures


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentMade(StructureAct):
    """A person was appointed to a post and holds it from `effective` on."""

    type: Literal["appointment.made"]
    person: PersonId
    """Who."""
    post: PostId
    """To which post."""
    by: NamedBodyOrPostId | None = None
    """The body or post that appointed."""
    until: Day | None = None
    """The stated end of the term. It ends nothing by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentApproved(StructureAct):
    """The holder of a post that asks for approval was approved."""

    type: Literal["appointment.approved"]
    person: PersonId
    """Who."""
    post: PostId
    """In which post."""
    by: NamedBodyOrPostId | None = None
    """The body or post that approved; absent: not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureStarted(StructureAct):
    """A person holds a post from `effective` on; how it came about is not stated."""

    type: Literal["tenure.started"]
    person: PersonId
    """Who."""
    post: PostId
    """Which post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureEnded(StructureAct):
    """A person no longer holds a post."""

    type: Literal["tenure.ended"]
    person: PersonId
    """Who."""
    post: PostId
    """Which post."""
    reason: Literal["resigned", "removed", "recalled", "died", "expired", "other"]
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureAttested(StructureAct):
    """A person held a post on that day: certain then, possible around it."""

    type: Literal["tenure.attested"]
    person: PersonId
    """Who."""
    post: PostId
    """Which post."""


# Activists and other members


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistAdmitted(StructureAct):
    """A person was admitted to a body as an activist."""

    type: Literal["activist.admitted"]
    person: PersonId
    """Who."""
    body: BodyId
    """Where."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistAssigned(StructureAct):
    """An activist was assigned to a further body, and stays where admitted."""

    type: Literal["activist.assigned"]
    person: PersonId
    """Who."""
    body: BodyId
    """To which body."""
    from_body: BodyId | None = None
    """The body whose activist the person is and stays."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistTransferred(StructureAct):
    """An activist left one body for another."""

    type: Literal["activist.transferred"]
    person: PersonId
    """Who."""
    body: BodyId
    """The body joined."""
    from_body: BodyId
    """The body left."""
    reason: Text | None = None
    """Why."""

    def __post_init__(self) -> None:
        if self.body == self.from_body:
            raise ValueError("from_body: give another body than the one joined")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistExcluded(StructureAct):
    """An activist was excluded from a body."""

    type: Literal["activist.excluded"]
    person: PersonId
    """Who."""
    body: BodyId
    """From which body."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivistLeft(StructureAct):
    """An activist left a body by own will."""

    type: Literal["activist.left"]
    person: PersonId
    """Who."""
    body: BodyId
    """Which body."""
    reason: Text | None = None
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipStarted(StructureAct):
    """A person is in a body in a role other than activist, from `effective` on."""

    type: Literal["membership.started"]
    person: PersonId
    """Who."""
    body: BodyId
    """Which body."""
    role: Code
    """As `member`, `candidate`, `advisor` or `delegate`."""
    voting: bool | None = None
    """Whether the person votes there; absent: not stated."""

    def __post_init__(self) -> None:
        if self.role == "activist":
            raise ValueError("role: activists are admitted by activist.admitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEnded(StructureAct):
    """A person is no longer in a body in a role."""

    type: Literal["membership.ended"]
    person: PersonId
    """Who."""
    body: BodyId
    """Which body."""
    role: Code
    """The role that ended."""

    def __post_init__(self) -> None:
        if self.role == "activist":
            raise ValueError("role: activists leave by activist.left or activist.excluded")


# The record itself


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


class _ByType:
    """Acts are told apart by `type`, which also keeps the errors of one act its own."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        return {
            "type": "tagged-union",
            "discriminator": "type",
            "choices": {name: handler(act) for name, act in ACTS.items()},
        }


def _type_of(act: type[Act]) -> str:
    (name,) = get_args(get_type_hints(act)["type"])
    return str(name)


ACTS: dict[str, type[Act]] = {
    _type_of(act): act
    for act in (
        PersonRegistered,
        PersonRenamed,
        PersonDied,
        BodyEstablished,
        BodyRenamed,
        BodyMoved,
        BodyChanged,
        BodyDissolved,
        LineDrawn,
        LineEnded,
        PostCreated,
        PostChanged,
        PostRenamed,
        PostAbolished,
        ElectionHeld,
        ElectionAnnulled,
        AppointmentMade,
        AppointmentApproved,
        TenureStarted,
        TenureEnded,
        TenureAttested,
        ActivistAdmitted,
        ActivistAssigned,
        ActivistTransferred,
        ActivistExcluded,
        ActivistLeft,
        MembershipStarted,
        MembershipEnded,
        EntryRetracted,
    )
}
"""Every act by its stored name: a closed registry."""

AnyAct = Annotated[Act, _ByType()]
Acts = Annotated[tuple[AnyAct, ...], AtLeastOne()]

"""The acts: every fact that a decision can bring about.

An act as a client posts it is the act that is stored and the act that the projections read. Names
are stable; each act has a version. Absent and null are the same. Fields typed `Name` or `Text` are
personal or free text: the log holds a commitment in their place.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_type_hints

from domain.acts.access import AccessGranted, AccessRevoked
from domain.acts.act import (
    STRICT,
    Act,
    ActOf,
    StructureAct,
)
from domain.acts.bodies import (
    BodyChanged,
    BodyDissolved,
    BodyEstablished,
    BodyMoved,
    BodyName,
    BodyRenamed,
    LineDrawn,
    LineEnded,
)
from domain.acts.charter import (
    MandateConfirmed,
    MandateGranted,
    MandateRevoked,
    Parameters,
    Power,
    RuleAdopted,
    RuleAmended,
    RuleKind,
    RuleRepealed,
    Scope,
)
from domain.acts.discipline import (
    AppealDecided,
    AppealLodged,
    SanctionImposed,
    SanctionLifted,
)
from domain.acts.elections import (
    Candidate,
    CandidateNominated,
    CandidateWithdrawn,
    Contest,
    ElectionAnnulled,
    ElectionCalled,
    ElectionHeld,
    ElectionRescheduled,
    NotSeated,
    Round,
    Tally,
)
from domain.acts.grounds import Source, Vote
from domain.acts.meetings import (
    Attendee,
    MeetingAttended,
    MeetingCancelled,
    MeetingClosed,
    MeetingConvened,
    MeetingRescheduled,
    MeetingScheduled,
)
from domain.acts.members import (
    ActivistAdmitted,
    ActivistAssigned,
    ActivistExcluded,
    ActivistLeft,
    ActivistTransferred,
    AffiliationEnded,
    AffiliationStarted,
    MembershipAttested,
    MembershipEnded,
    MembershipStarted,
)
from domain.acts.persons import (
    PersonDied,
    PersonMerged,
    PersonName,
    PersonRegistered,
    PersonRenamed,
    PersonSeparated,
)
from domain.acts.posts import (
    AppointmentApproved,
    AppointmentMade,
    PostAbolished,
    PostChanged,
    PostCreated,
    PostRenamed,
    TenureAttested,
    TenureEnded,
    TenureStarted,
)
from domain.acts.record import (
    DecisionAmended,
    EntryRetracted,
    RemarkMade,
    SubjectErased,
)
from domain.acts.resolutions import (
    DeclarationMade,
    ResolutionAdopted,
    ResolutionRepealed,
)
from domain.fields import AtLeastOne

__all__ = [
    "ACTS",
    "SERVICE_ACTS",
    "STRICT",
    "AccessGranted",
    "AccessRevoked",
    "Act",
    "ActOf",
    "ActivistAdmitted",
    "ActivistAssigned",
    "ActivistExcluded",
    "ActivistLeft",
    "ActivistTransferred",
    "Acts",
    "AffiliationEnded",
    "AffiliationStarted",
    "AnyAct",
    "AppealDecided",
    "AppealLodged",
    "AppointmentApproved",
    "AppointmentMade",
    "Attendee",
    "BodyChanged",
    "BodyDissolved",
    "BodyEstablished",
    "BodyMoved",
    "BodyName",
    "BodyRenamed",
    "Candidate",
    "CandidateNominated",
    "CandidateWithdrawn",
    "Contest",
    "DecisionAmended",
    "DeclarationMade",
    "ElectionAnnulled",
    "ElectionCalled",
    "ElectionHeld",
    "ElectionRescheduled",
    "EntryRetracted",
    "LineDrawn",
    "LineEnded",
    "MandateConfirmed",
    "MandateGranted",
    "MandateRevoked",
    "MeetingAttended",
    "MeetingCancelled",
    "MeetingClosed",
    "MeetingConvened",
    "MeetingRescheduled",
    "MeetingScheduled",
    "MembershipAttested",
    "MembershipEnded",
    "MembershipStarted",
    "NotSeated",
    "Parameters",
    "PersonDied",
    "PersonMerged",
    "PersonName",
    "PersonRegistered",
    "PersonRenamed",
    "PersonSeparated",
    "PostAbolished",
    "PostChanged",
    "PostCreated",
    "PostRenamed",
    "Power",
    "RemarkMade",
    "ResolutionAdopted",
    "ResolutionRepealed",
    "Round",
    "RuleAdopted",
    "RuleAmended",
    "RuleKind",
    "RuleRepealed",
    "SanctionImposed",
    "SanctionLifted",
    "Scope",
    "Source",
    "StructureAct",
    "SubjectErased",
    "Tally",
    "TenureAttested",
    "TenureEnded",
    "TenureStarted",
    "Vote",
]


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
        PersonMerged,
        PersonSeparated,
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
        AppointmentMade,
        AppointmentApproved,
        TenureStarted,
        TenureEnded,
        TenureAttested,
        ElectionCalled,
        ElectionRescheduled,
        CandidateNominated,
        CandidateWithdrawn,
        ElectionHeld,
        ElectionAnnulled,
        ActivistAdmitted,
        ActivistAssigned,
        ActivistTransferred,
        ActivistExcluded,
        ActivistLeft,
        MembershipStarted,
        MembershipEnded,
        MembershipAttested,
        AffiliationStarted,
        AffiliationEnded,
        MeetingScheduled,
        MeetingRescheduled,
        MeetingCancelled,
        MeetingConvened,
        MeetingAttended,
        MeetingClosed,
        ResolutionAdopted,
        ResolutionRepealed,
        DeclarationMade,
        MandateGranted,
        MandateConfirmed,
        MandateRevoked,
        RuleAdopted,
        RuleAmended,
        RuleRepealed,
        SanctionImposed,
        SanctionLifted,
        AppealLodged,
        AppealDecided,
        EntryRetracted,
        DecisionAmended,
        RemarkMade,
    )
}
"""Every act that a client may post, by its stored name: a closed registry."""

SERVICE_ACTS: dict[str, type[Act]] = {
    _type_of(act): act for act in (SubjectErased, AccessGranted, AccessRevoked)
}
"""The acts that the service alone records: no client can post them, and none can be retracted."""

AnyAct = Annotated[Act, _ByType()]
Acts = Annotated[tuple[AnyAct, ...], AtLeastOne()]

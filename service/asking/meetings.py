"""Questions about meetings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from domain import acts as a
from domain.amendments import Amendment, positions
from domain.answers import Meeting, Name, Remark
from domain.entries import Entry, read
from domain.questions.facts import envelope_of
from domain.questions.meetings import meeting
from domain.shape import to_json
from projections.amendments import amendments
from projections.basis import Basis as At
from projections.subjects import subjects
from service.asking.pages import SearchQuery, lists, paged
from service.asking.questions import Basis, BasisQuery, answer, answers, asked, texts_for
from service.asking.remarks import about, remarks
from service.asking.search import named
from service.content import plain, with_texts
from service.ledger import Ledger
from service.problems import NOT_FOUND, Problem

router = APIRouter()


class MeetingsQuery(SearchQuery):
    """Which meetings."""

    body: str | None = None
    """Only meetings of this body."""
    kind: str | None = Field(None, examples=["plenum"])
    """Only meetings of this sort."""
    within: str | None = None
    """Only parts of this meeting."""
    beside: str | None = None
    """Only meetings held on the occasion of this one."""
    status: Literal["announced", "cancelled", "in_session", "closed"] | None = None
    """Only those of this status on the day."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision taken at a meeting."""

    id: str
    """The decision's id."""
    title: Name
    """What it is about."""
    date: str | None
    """The day on which it was decided; null: not known."""
    taken_by: str | None
    """The body that decided; null: not known."""
    amended_by: tuple[int, ...]
    """The positions of the entries that amend it."""


@dataclass(frozen=True, slots=True)
class MeetingsAnswer:
    """Meetings at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    meetings: tuple[Meeting, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class MeetingAnswer(Meeting):
    """A meeting at a basis."""

    decisions: tuple[Taken, ...]
    """The documents that name it as their meeting."""
    resolutions: tuple[str, ...]
    """The resolutions that these adopt."""
    declarations: tuple[str, ...]
    """The declarations that these make; a declaration decides nothing."""
    elections: tuple[str, ...]
    """The elections held by it, or told of by these."""
    remarks: tuple[Remark, ...]
    """Remarks on it, and on the entries about it."""
    basis: Basis
    """The point on both clocks that it holds for."""


@router.get(
    "/v1/meetings",
    tags=["meetings"],
    summary="The meetings known by a day",
    responses=lists(MeetingsAnswer),
)
def ask_meetings(request: Request, query: Annotated[MeetingsQuery, Query()]) -> Response:
    """The meetings announced or held by a day, in the order of their ids."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        found = (
            each
            for identity in subjects(connection, basis.position, "meeting", query.place)
            if (each := meeting(day, identity)) is not None and _is_wanted(each, query)
        )
        return paged(request, basis, query, "meetings", found)


def _is_wanted(meeting: Meeting, query: MeetingsQuery) -> bool:
    others = (each.name for each in meeting.other_names if isinstance(each.name, str))
    return (
        meeting.status is not None
        and query.status in (None, meeting.status)
        and query.body in (None, meeting.body)
        and query.kind in (None, meeting.kind)
        and query.within in (None, meeting.within)
        and query.beside in (None, meeting.beside)
        and (query.q is None or named(query.q, (meeting.name, *others)))
    )


@router.get(
    "/v1/meetings/{meeting_id}",
    tags=["meetings"],
    summary="One meeting",
    responses=answers(MeetingAnswer),
)
def ask_meeting(
    request: Request, meeting_id: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """One meeting: when it was to be and when it was held, who attended, what was decided."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = meeting(ledger.day(connection, basis), meeting_id)
        if found is None:
            raise Problem(NOT_FOUND, f"no meeting {meeting_id} is known at that basis")
        taken = _taken_at(ledger, basis, meeting_id)
        amending = amendments(connection, basis.position, [each[0].decision for each in taken])
    entries = [entry for decision in taken for entry in decision[1:]]
    elected = [entry for entry in _electing(ledger, basis, meeting_id) if entry not in entries]
    content = {
        **plain(found),
        "decisions": plain([_taken(each[0], amending.get(each[0].decision, ())) for each in taken]),
        "resolutions": _created(entries, a.ResolutionAdopted),
        "declarations": _created(entries, a.DeclarationMade),
        "elections": sorted(
            {*_created(entries, a.ElectionHeld), *_created(elected, a.ElectionHeld)}
        ),
        "remarks": plain(remarks(ledger, basis, *about("meeting", meeting_id))),
    }
    return answer(request, basis, with_texts(content, texts_for(request)), query)


def _taken_at(ledger: Ledger, basis: At, meeting: str) -> Sequence[Sequence[Entry]]:
    """The decisions taken at a meeting, as amended, each with its entries that stand."""
    found = ledger.log.entries(
        tag=f"named:meeting:{meeting}",
        types=["decision.taken", "decision.amended"],
        until=basis.position,
    )
    named = dict.fromkeys(_told_of(read(one.entry)) for one in found)
    taken = [ledger.standing(each, basis.position) for each in named]
    at_it = (each for each in taken if envelope_of(each[0]).meeting == meeting)
    return sorted(at_it, key=lambda each: each[0].position)


def _told_of(entry: Entry) -> str:
    """The decision that an entry is the envelope of, or amends."""
    return entry.act.decision if isinstance(entry.act, a.DecisionAmended) else entry.decision


def _electing(ledger: Ledger, basis: At, meeting: str) -> Sequence[Entry]:
    found = ledger.log.entries(
        tag=f"named:meeting:{meeting}", types=["election.held"], until=basis.position
    )
    decisions = dict.fromkeys(read(one.entry).decision for one in found)
    standing = [each for name in decisions for each in ledger.standing(name, basis.position)]
    return [
        each
        for each in standing
        if isinstance(each.act, a.ElectionHeld) and each.act.meeting == meeting
    ]


def _taken(envelope: Entry, amendments: Sequence[Amendment]) -> Taken:
    act = envelope_of(envelope)
    return Taken(
        id=envelope.decision,
        title=to_json(act.title),
        date=act.date,
        taken_by=act.taken_by,
        amended_by=positions(amendments),
    )


def _created(entries: Sequence[Entry], act: type[a.Act]) -> list[str]:
    """The ids that the acts of a type in these entries establish."""
    return [
        each.id
        for entry in entries
        if isinstance(entry.act, act)
        for each in entry.mentions
        if each.creates
    ]

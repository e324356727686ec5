"""Questions about elections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from domain.answers import Election, Remark
from domain.questions.elections import election
from projections.subjects import subjects
from service.asking.pages import PageQuery, lists, paged
from service.asking.questions import Basis, BasisQuery, answers, asked
from service.asking.remarks import about, with_remarks
from service.ledger import Ledger
from service.problems import NOT_FOUND, Problem

router = APIRouter()


class ElectionsQuery(PageQuery):
    """Which elections."""

    body: str | None = None
    """Only elections by this body."""
    status: Literal["called", "held", "annulled"] | None = None
    """Only those of this status on the day."""


@dataclass(frozen=True, slots=True)
class ElectionsAnswer:
    """Elections at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    elections: tuple[Election, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class ElectionAnswer(Election):
    """An election at a basis."""

    remarks: tuple[Remark, ...]
    """Remarks on it, and on the entries about it."""
    basis: Basis
    """The point on both clocks that it holds for."""


@router.get(
    "/v1/elections",
    tags=["elections"],
    summary="The elections called or held by a day",
    responses=lists(ElectionsAnswer),
)
def ask_elections(request: Request, query: Annotated[ElectionsQuery, Query()]) -> Response:
    """The elections called or held by a day, in the order of their ids, with their results."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        found = (
            each
            for identity in subjects(connection, basis.position, "election", query.place)
            if (each := election(day, identity)) is not None
            and query.body in (None, each.body)
            and query.status in (None, each.status)
        )
        return paged(request, basis, query, "elections", found)


@router.get(
    "/v1/elections/{election_id}",
    tags=["elections"],
    summary="One election",
    responses=answers(ElectionAnswer),
)
def ask_election(
    request: Request, election_id: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """One election: who could vote, who did, how the votes fell and who was elected."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = election(ledger.day(connection, basis), election_id)
    if found is None:
        raise Problem(NOT_FOUND, f"there is no election {election_id} at that basis")
    tags = about("election", election_id)
    return with_remarks(request, ledger, basis, query, found, tags)

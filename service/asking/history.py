"""Questions about the history of a body, a post or a person, on either clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from domain.answers import Belief, Fact
from domain.questions.history import Kind, beliefs, facts, ids
from service.asking.pages import PageQuery, lists, paged
from service.asking.questions import Basis, asked
from service.ledger import Ledger
from service.problems import NOT_FOUND, Problem

router = APIRouter()


class HistoryQuery(PageQuery):
    """Which page of the history on which clock, as known at which basis."""

    clock: Literal["effective", "recorded"] = "effective"
    """`effective`: what was, is and is to be; `recorded`: what the ledger believed, and when."""


@dataclass(frozen=True, slots=True)
class FactsAnswer:
    """A history on the effective clock, as known at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    clock: Literal["effective"]
    """The clock."""
    ids: tuple[str, ...]
    """Whose history it is: of a person every id, the one shown first."""
    history: tuple[Fact, ...]
    """In the order in which they begin."""


@dataclass(frozen=True, slots=True)
class BeliefsAnswer:
    """A history on the recorded clock, up to the position of a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    clock: Literal["recorded"]
    """The clock."""
    ids: tuple[str, ...]
    """Whose history it is: of a person every id that is one at the basis, the one shown first."""
    history: tuple[Belief, ...]
    """In the order in which they were recorded."""


_ANSWERS: Final = lists(FactsAnswer | BeliefsAnswer)


@router.get(
    "/v1/bodies/{body}/history",
    tags=["structure"],
    summary="The history of a body",
    responses=_ANSWERS,
)
def ask_body_history(
    request: Request, body: str, query: Annotated[HistoryQuery, Query()]
) -> Response:
    """A body's life, names, places and sorts, its children, posts, lines and mandates."""
    return _history(request, "body", body, query)


@router.get(
    "/v1/posts/{post}/history",
    tags=["structure"],
    summary="The history of a post",
    responses=_ANSWERS,
)
def ask_post_history(
    request: Request, post: str, query: Annotated[HistoryQuery, Query()]
) -> Response:
    """A post's life, labels, seats and votes, its tenures, approvals, lines and mandates."""
    return _history(request, "post", post, query)


@router.get(
    "/v1/people/{person_id}/history",
    tags=["people"],
    summary="The history of a person",
    responses=_ANSWERS,
)
def ask_person_history(
    request: Request, person_id: str, query: Annotated[HistoryQuery, Query()]
) -> Response:
    """A person's names, tenures, memberships, affiliations, candidacies and sanctions.

    A person with several ids has one history, in which every item says the id written.
    """
    return _history(request, "person", person_id, query)


def _history(request: Request, kind: Kind, identity: str, query: HistoryQuery) -> Response:
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        found: tuple[Fact, ...] | tuple[Belief, ...] | None
        if query.clock == "effective":
            found = facts(day, kind, identity)
        else:
            found = beliefs(day, ledger.remembered(connection, basis), kind, identity)
        if found is None:
            raise Problem(NOT_FOUND, f"no {kind} {identity} is known at that basis")
        whose = {"clock": query.clock, "ids": ids(day, kind, identity)}
    return paged(request, basis, query, "history", found, key=None, beside=whose)

"""Questions about persons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field
from sqlalchemy import Connection

from domain.answers import Person, PersonInFull, Remark
from domain.questions import authority
from domain.questions.facts import Day
from domain.questions.people import expect, holders, holding, members, person, person_in_full
from projections.basis import Basis as At
from projections.subjects import names, subjects
from service.asking.pages import SearchQuery, lists, paged
from service.asking.questions import Basis, BasisQuery, answer, answers, asked, texts_for
from service.asking.remarks import about, with_remarks
from service.asking.structure import AuthorityAnswer
from service.content import plain, with_texts
from service.ledger import Ledger
from service.problems import NOT_FOUND, PARAMETER, Problem

router = APIRouter()


class PeopleQuery(SearchQuery):
    """Which persons."""

    body: str | None = None
    """Only those who are in this body, in whatever role, or hold a post of it."""
    post: str | None = None
    """Only those who hold this post."""
    role: str | None = Field(None, examples=["delegate"])
    """Only those who are somewhere (with `body`: in that body) in this role."""


class AuthorityQuery(BasisQuery):
    """What a person holds."""

    post: str | None = Field(None, examples=["a-post"])
    """The post; or else `body` and `role`."""
    body: str | None = None
    """The body of a membership."""
    role: str | None = None
    """The role in it, as `delegate`."""


@dataclass(frozen=True, slots=True)
class PeopleAnswer:
    """Persons at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    people: tuple[Person, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class PersonAnswer(PersonInFull):
    """A person at a basis."""

    remarks: tuple[Remark, ...]
    """Remarks on the person, and on the entries about the person."""
    basis: Basis
    """The point on both clocks that it holds for."""


@router.get(
    "/v1/people",
    tags=["people"],
    summary="Persons, and what they hold on a day",
    responses=lists(PeopleAnswer),
)
def ask_people(request: Request, query: Annotated[PeopleQuery, Query()]) -> Response:
    """Persons in the order of their ids; one who has several ids is listed once."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        ids = _ids(ledger, connection, basis, day, query)
        found = (each for each in _people(day, ids, query) if _is_wanted(each, query))
        return paged(request, basis, query, "people", found)


def _people(day: Day, ids: Iterable[str], query: PeopleQuery) -> Iterator[Person]:
    """The persons of these ids, after the cursor; found some at a time, as many as a page has."""
    rest = (each for each in ids if each > query.place)
    while some := list(islice(rest, query.limit + 1)):
        expect(day, some)
        yield from (each for one in some if (each := person(day, one)) is not None)


def _ids(
    ledger: Ledger, connection: Connection, basis: At, day: Day, query: PeopleQuery
) -> Iterator[str]:
    """The ids of those who may be meant, in order, each under the id that is shown."""
    wanted: set[str] | None = None
    if query.q is not None:
        meant = ledger.search.persons(query.q, names(connection, basis.position))
        wanted = {day.person(each) for each in meant}
    if query.post is not None:
        held = {each.person for each in holders(day, query.post) if each.certainty}
        wanted = held if wanted is None else wanted & held
    if query.body is not None:
        inside = {each.person for each in members(day, query.body)}
        inside |= {each.person for each in holding(day, query.body)}
        wanted = inside if wanted is None else wanted & inside
    if wanted is not None:
        return iter(sorted(wanted))
    known = subjects(connection, basis.position, "person", query.place)
    return (each for each in known if day.person(each) == each)


def _is_wanted(person: Person, query: PeopleQuery) -> bool:
    return query.role is None or any(
        each.role == query.role and query.body in (None, each.body) for each in person.memberships
    )


@router.get(
    "/v1/people/{person_id}",
    tags=["people"],
    summary="One person",
    responses=answers(PersonAnswer),
)
def ask_person(request: Request, person_id: str, query: Annotated[BasisQuery, Query()]) -> Response:
    """One person with everything that is told, what was and what is to come included.

    What does not hold on the day has a `certainty` of null. An id that was merged answers with the
    person whom it was merged into.
    """
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = person_in_full(ledger.day(connection, basis), person_id)
    if found is None:
        raise Problem(NOT_FOUND, f"no person {person_id} is known at that basis")
    tags = about("person", *found.ids)
    return with_remarks(request, ledger, basis, query, found, tags)


@router.get(
    "/v1/people/{person_id}/authority",
    tags=["people"],
    summary="On whose authority a person holds something",
    responses=answers(AuthorityAnswer),
)
def ask_person_authority(
    request: Request, person_id: str, query: Annotated[AuthorityQuery, Query()]
) -> Response:
    """The chain of decisions under which a person holds a post, or is in a body in a role."""
    in_body = (query.body is not None, query.role is not None)
    if in_body != ((query.post is None),) * 2:
        raise Problem(PARAMETER, "post: give either post, or body and role")
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        if query.post is not None:
            found = authority.of_tenure(day, person_id, query.post)
        else:
            found = authority.of_membership(day, person_id, query.body or "", query.role or "")
    if not found:
        raise Problem(NOT_FOUND, f"person {person_id} does not hold that at that basis")
    content = {"chain": plain(found)}
    return answer(request, basis, with_texts(content, texts_for(request)), query)

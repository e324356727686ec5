"""Questions about the structure: the whole, one body, one post."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from domain.answers import Body, BodyInFull, Link, Membership, Post, PostInFull, Remark, Tenure
from domain.questions import authority
from domain.questions.facts import lifetime
from domain.questions.in_full import body_in_full, post_in_full
from domain.questions.people import holding, in_role, members
from domain.questions.structure import below
from service.access.doorkeeper import needs
from service.asking.pages import PageQuery, SearchQuery, lists, paged
from service.asking.questions import Basis, BasisQuery, Text, answer, answers, asked, texts_for
from service.asking.remarks import about, with_remarks
from service.asking.search import named
from service.content import plain, with_texts
from service.ledger import Ledger
from service.problems import NOT_FOUND, Problem

router = APIRouter()


class StructureQuery(BasisQuery):
    """Which part of the structure, and at which basis."""

    root: str | None = Field(None, examples=["coordination-committee"])
    """The body to start from; default: every body."""
    depth: int | None = Field(None, ge=0)
    """How many levels below the root (or the bodies at the root); 0 is the root alone."""


class BodiesQuery(SearchQuery):
    """Which bodies."""

    classification: str | None = Field(None, examples=["executive_committee"])
    """Only bodies that are of this sort, or may be."""
    within: str | None = None
    """Only bodies that stand directly in this one, or may."""
    permanence: Literal["permanent", "temporary", "not_stated"] | None = None
    """Only bodies that are of this permanence, or may be."""


class MembersQuery(PageQuery):
    """Which members of a body."""

    role: str | None = Field(None, examples=["delegate"])
    """Only those in this role."""


class PostsQuery(SearchQuery):
    """Which posts."""

    body: str | None = None
    """Only posts of this body."""
    head: bool | None = None
    """Only posts whose holder heads the body, or only others."""
    voting: Literal["true", "false", "not_stated"] | None = None
    """Only posts whose holders vote (or may), do not (or may not), or of which it is not stated."""
    vacant: bool | None = None
    """Only posts with a vacant seat, or only those without; neither where seats are not stated."""


@dataclass(frozen=True, slots=True)
class StructureAnswer:
    """The structure at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    digest: str | None
    """The SHA-256 of the canonical JSON (RFC 8785) of `bodies`, with every personal text as its \
commitment in the log: what `curule replay` works out from the entries alone. Null with `root` or \
`depth`."""
    bodies: tuple[Body, ...]
    """A flat list: each body names the one that it stands in."""


@dataclass(frozen=True, slots=True)
class BodiesAnswer:
    """Bodies at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    bodies: tuple[Body, ...]
    """A flat list: each body names the one that it stands in."""


@dataclass(frozen=True, slots=True)
class BodyAnswer(BodyInFull):
    """A body at a basis."""

    remarks: tuple[Remark, ...]
    """Remarks on it, and on the entries about it."""
    basis: Basis
    """The point on both clocks that it holds for."""


@dataclass(frozen=True, slots=True)
class MembersAnswer:
    """Who is in a body at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    members: tuple[Membership, ...]
    """Activists, members, candidates, advisors, delegates, by role and person."""
    holders: tuple[Tenure, ...]
    """The holders of its posts, on every page; none if a role is asked for."""


@dataclass(frozen=True, slots=True)
class AuthorityAnswer:
    """The chain of decisions on which something rests, at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    chain: tuple[Link, ...]
    """Breadth first: what brought it about, then what that rests on."""


@dataclass(frozen=True, slots=True)
class PostsAnswer:
    """Posts at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    posts: tuple[Post, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class PostAnswer(PostInFull):
    """A post at a basis."""

    remarks: tuple[Remark, ...]
    """Remarks on it, and on the entries about it."""
    basis: Basis
    """The point on both clocks that it holds for."""


@router.get(
    "/v1/structure",
    tags=["structure"],
    summary="What the structure was on a day",
    responses=answers(StructureAnswer),
)
def ask_structure(request: Request, query: Annotated[StructureQuery, Query()]) -> Response:
    """Every body on a day, its posts and their holders, certain or possible."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        bodies = ledger.structure(connection, basis)
    if query.root is not None and not any(body.id == query.root for body in bodies):
        raise Problem(NOT_FOUND, f"there is no body {query.root} at that basis")
    is_whole = query.root is None and query.depth is None
    if is_whole:
        digest, written = ledger.writing.whole(bodies)
    else:
        digest, written = None, ledger.writing.part(below(bodies, query.root, query.depth))
    stated = {"digest": digest, "bodies": Text(written.opened(texts_for(request)))}
    return answer(request, basis, stated, query)


@router.get(
    "/v1/bodies",
    tags=["structure"],
    summary="The bodies there on a day",
    responses=lists(BodiesAnswer),
)
def ask_bodies(request: Request, query: Annotated[BodiesQuery, Query()]) -> Response:
    """The bodies there on a day, certainly or possibly, in the order of their ids."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        bodies = ledger.structure(connection, basis)
    found = (body for body in bodies if _is_wanted(body, query))
    return paged(request, basis, query, "bodies", found)


def _is_wanted(body: Body, query: BodiesQuery) -> bool:
    others = (each.name for each in body.other_names if isinstance(each.name, str))
    permanence = None if query.permanence == "not_stated" else query.permanence
    return (
        (query.classification is None or _may_be(body, "classification", query.classification))
        and (query.within is None or _may_be(body, "within", query.within))
        and (query.permanence is None or _may_be(body, "permanence", permanence))
        and (query.q is None or named(query.q, (body.name, *others)))
    )


def _may_be(shown: Body | Post, attribute: str, value: Any) -> bool:
    """Whether an attribute has a value on the day, certainly or possibly: doubt is no silent no."""
    others = (each.value for each in shown.alternatives if each.attribute == attribute)
    return getattr(shown, attribute) == value or value in others


@router.get(
    "/v1/bodies/{body}",
    tags=["structure"],
    summary="One body",
    responses=answers(BodyAnswer),
)
def ask_body(request: Request, body: str, query: Annotated[BasisQuery, Query()]) -> Response:
    """One body, there on the day or not, with what began and ended it and the powers it holds.

    Where it is not there on the day, `certainty` is null and the rest is as it was last, or will be
    first.
    """
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = body_in_full(ledger.day(connection, basis), body)
    if found is None:
        raise Problem(NOT_FOUND, f"no body {body} is known at that basis")
    tags = about("body", body)
    return with_remarks(request, ledger, basis, query, found, tags)


@router.get(
    "/v1/bodies/{body}/members",
    dependencies=[needs("ask")],
    tags=["structure"],
    summary="Who is in a body",
    responses=lists(MembersAnswer),
)
def ask_members(request: Request, body: str, query: Annotated[MembersQuery, Query()]) -> Response:
    """Who is in a body on a day, in which role, and who holds its posts."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        if not lifetime(day.known, "body", body):
            raise Problem(NOT_FOUND, f"no body {body} is known at that basis")
        held = {"holders": holding(day, body) if query.role is None else ()}
        found = members(day, body, role=query.role, after=query.place)
        return paged(request, basis, query, "members", found, key=in_role, beside=held)


@router.get(
    "/v1/bodies/{body}/authority",
    tags=["structure"],
    summary="On whose authority a body exists",
    responses=answers(AuthorityAnswer),
)
def ask_body_authority(
    request: Request, body: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """The chain of decisions, mandates and meetings under which a body exists."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        chain = plain(authority.of_body(ledger.day(connection, basis), body))
    if not chain:
        raise Problem(NOT_FOUND, f"no body {body} is known at that basis")
    return answer(request, basis, with_texts({"chain": chain}, texts_for(request)), query)


@router.get(
    "/v1/posts",
    tags=["structure"],
    summary="The posts there on a day",
    responses=lists(PostsAnswer),
)
def ask_posts(request: Request, query: Annotated[PostsQuery, Query()]) -> Response:
    """The posts there on a day and who holds them, in the order of their ids."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        posts = [post for body in ledger.structure(connection, basis) for post in body.posts]
    found = _wanted(sorted(posts, key=lambda post: post.id), query)
    return paged(request, basis, query, "posts", found)


def _wanted(posts: list[Post], query: PostsQuery) -> Iterator[Post]:
    for post in posts:
        voting = {"true": True, "false": False}.get(query.voting or "")
        vacant = None if post.vacant is None else post.vacant > 0
        if (
            query.body in (None, post.body)
            and (query.voting is None or _may_be(post, "voting", voting))
            and (query.head is None or _may_be(post, "head", True) or not query.head)
            and not (post.head and query.head is False)
            and (query.vacant is None or query.vacant == vacant)
            and (query.q is None or named(query.q, (post.label,)))
        ):
            yield post


@router.get(
    "/v1/posts/{post}",
    tags=["structure"],
    summary="One post",
    responses=answers(PostAnswer),
)
def ask_post(request: Request, post: str, query: Annotated[BasisQuery, Query()]) -> Response:
    """One post, there on the day or not, and whoever held, holds or is to hold it."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = post_in_full(ledger.day(connection, basis), post)
    if found is None:
        raise Problem(NOT_FOUND, f"no post {post} is known at that basis")
    tags = about("post", post)
    return with_remarks(request, ledger, basis, query, found, tags)

"""Questions about the charter: mandates, rules, resolutions and declarations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from domain.acts import Power, RuleKind
from domain.answers import Cause, Finding, Mandate, Name, Remark, Resolution, Rule
from domain.questions.charter import covers, mandate, mandates, resolution, resolutions, rule, rules
from domain.questions.facts import Day
from projections.findings import findings
from service.asking.pages import PageQuery, lists, paged
from service.asking.questions import Basis, BasisQuery, answers, asked
from service.asking.remarks import about, with_remarks
from service.content import plain
from service.ledger import Ledger
from service.problems import NOT_FOUND, Problem

router = APIRouter()


class MandatesQuery(PageQuery):
    """Which mandates."""

    holder: str | None = None
    """Only those of this body or post."""
    power: Power | None = None
    """Only this power."""
    over: str | None = Field(None, examples=["executive_committee"])
    """Only those that reach bodies of this sort."""
    covers: str | None = None
    """Only those that reach this body, by its sort and by where it stands on the day."""


class RulesQuery(PageQuery):
    """Which rules."""

    kind: RuleKind | None = Field(None, examples=["size"])
    """Only rules of this kind."""


class FindingsQuery(PageQuery):
    """Which findings."""

    kind: Literal[RuleKind, "authority"] | None = Field(None, examples=["cadence"])
    """Only breaches of rules of this kind; `authority`: mandates cited that are another's."""
    rule: str | None = None
    """Only breaches of this rule."""
    subject: str | None = None
    """Only findings about the person, body, post, election or decision of this id."""


class ResolutionsQuery(PageQuery):
    """Which resolutions."""

    taken_by: str | None = None
    """Only those that this body adopted or made."""
    meeting: str | None = None
    """Only those of this meeting."""


@dataclass(frozen=True, slots=True)
class MandatesAnswer:
    """Mandates at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    mandates: tuple[Mandate, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class MandateAnswer(Mandate):
    """A mandate at a basis."""

    remarks: tuple[Remark, ...]
    """Remarks on the entries about it."""
    basis: Basis
    """The point on both clocks that it holds for."""


@dataclass(frozen=True, slots=True)
class RulesAnswer:
    """Rules at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    rules: tuple[Rule, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class RuleAnswer(Rule):
    """A rule at a basis."""

    remarks: tuple[Remark, ...]
    """Remarks on it, and on the entries about it."""
    basis: Basis
    """The point on both clocks that it holds for."""


@dataclass(frozen=True, slots=True)
class Resolved(Resolution):
    """What was resolved or declared, and by whom."""

    decision: str
    """The decision that tells of it."""
    taken_by: str | None
    """The body that adopted or made it; null: not known."""
    meeting: str | None
    """The meeting at which it did; null: not known, or none."""
    date: str | None
    """The day on which it did; null: not known."""


@dataclass(frozen=True, slots=True)
class ResolutionsAnswer:
    """Resolutions at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    resolutions: tuple[Resolved, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class DeclarationsAnswer:
    """Declarations at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    declarations: tuple[Resolved, ...]
    """In the order of their ids."""


@dataclass(frozen=True, slots=True)
class ResolutionAnswer(Resolved):
    """A resolution or declaration at a basis."""

    remarks: tuple[Remark, ...]
    """Remarks on the entries about it."""
    basis: Basis
    """The point on both clocks that it holds for."""


@dataclass(frozen=True, slots=True)
class FindingsAnswer:
    """Breaches of the charter at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    findings: tuple[Finding, ...]
    """In the order of rules, then of days."""


@router.get(
    "/v1/findings",
    tags=["charter"],
    summary="Where the facts do not agree with the charter",
    responses=lists(FindingsAnswer),
)
def ask_findings(request: Request, query: Annotated[FindingsQuery, Query()]) -> Response:
    """Every breach of the rules that begins by a day, over or not, in the order of rules and days.

    A ledger records what happened: a finding refuses nothing. Rules of kinds `duty` and `appeal`
    are not judged, nor those whose parameters ask for nothing that their kind judges. Of kind
    `authority`, without any rule, are decisions that cite a mandate which is not theirs or was not
    in force; `rule` is then the mandate.
    """
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        every = findings(connection, basis, ledger.told)
    found = [
        each
        for each in every
        if query.kind in (None, each.kind)
        and query.rule in (None, each.rule)
        and query.subject in (None, each.subject.id)
    ]
    return paged(request, basis, query, "findings", found, key=None)


@router.get(
    "/v1/mandates",
    tags=["charter"],
    summary="Who may do what on a day",
    responses=lists(MandatesAnswer),
)
def ask_mandates(request: Request, query: Annotated[MandatesQuery, Query()]) -> Response:
    """The mandates held on a day. May a body do something? It may if one of these says so."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        found = [each for each in mandates(day, query.holder) if _reaches(day, each, query)]
    return paged(request, basis, query, "mandates", found)


def _reaches(day: Day, mandate: Mandate, query: MandatesQuery) -> bool:
    return (
        query.power in (None, mandate.power)
        and (query.over is None or not mandate.over or query.over in mandate.over)
        and (query.covers is None or _covers(day, mandate, query.covers))
    )


def _covers(day: Day, mandate: Mandate, body: str) -> bool:
    return day.life("body", body) is not None and covers(day, mandate, body)


@router.get(
    "/v1/mandates/{mandate_id}",
    tags=["charter"],
    summary="One mandate",
    responses=answers(MandateAnswer),
)
def ask_mandate(
    request: Request, mandate_id: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """One mandate, held on the day or not, with what granted and what ended it."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = mandate(ledger.day(connection, basis), mandate_id)
    if found is None:
        raise Problem(NOT_FOUND, f"no mandate {mandate_id} is known at that basis")
    tags = about("mandate", mandate_id)
    return with_remarks(request, ledger, basis, query, found, tags)


@router.get(
    "/v1/rules",
    tags=["charter"],
    summary="The rules in force on a day",
    responses=lists(RulesAnswer),
)
def ask_rules(request: Request, query: Annotated[RulesQuery, Query()]) -> Response:
    """The rules of the charter in force on a day, each in its version of that day."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        found = [each for each in rules(day) if query.kind in (None, each.kind)]
    return paged(request, basis, query, "rules", found)


@router.get(
    "/v1/rules/{rule_id}",
    tags=["charter"],
    summary="One rule",
    responses=answers(RuleAnswer),
)
def ask_rule(request: Request, rule_id: str, query: Annotated[BasisQuery, Query()]) -> Response:
    """One rule in its version of the day, in force or not."""
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = rule(ledger.day(connection, basis), rule_id)
    if found is None:
        raise Problem(NOT_FOUND, f"no rule {rule_id} is known at that basis")
    tags = about("rule", rule_id)
    return with_remarks(request, ledger, basis, query, found, tags)


@router.get(
    "/v1/resolutions",
    tags=["charter"],
    summary="The resolutions that hold on a day",
    responses=lists(ResolutionsAnswer),
)
def ask_resolutions(request: Request, query: Annotated[ResolutionsQuery, Query()]) -> Response:
    """The resolutions that hold on a day, item by item, with who adopted them."""
    return _resolved(request, query, "resolution")


@router.get(
    "/v1/declarations",
    tags=["charter"],
    summary="What was declared by a day",
    responses=lists(DeclarationsAnswer),
)
def ask_declarations(request: Request, query: Annotated[ResolutionsQuery, Query()]) -> Response:
    """What was declared, pledged or read out by a day. It binds nobody."""
    return _resolved(request, query, "declaration")


def _resolved(request: Request, query: ResolutionsQuery, kind: str) -> Response:
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        day = ledger.day(connection, basis)
        found = [
            _in_full(each)
            for each in resolutions(day, kind)
            if query.taken_by in (None, each.began.taken_by)
            and query.meeting in (None, each.began.meeting)
        ]
    return paged(request, basis, query, f"{kind}s", found, key=lambda each: str(each["id"]))


def _in_full(resolution: Resolution) -> dict[str, Any]:
    began: Cause = resolution.began
    title: dict[str, Name] = {
        "decision": began.decision,
        "taken_by": began.taken_by,
        "meeting": began.meeting,
        "date": began.date,
    }
    return {**plain(resolution), **title}


@router.get(
    "/v1/resolutions/{resolution_id}",
    tags=["charter"],
    summary="One resolution",
    responses=answers(ResolutionAnswer),
)
def ask_resolution(
    request: Request, resolution_id: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """One resolution, in force or not, with who adopted it."""
    return _one(request, query, "resolution", resolution_id)


@router.get(
    "/v1/declarations/{declaration_id}",
    tags=["charter"],
    summary="One declaration",
    responses=answers(ResolutionAnswer),
)
def ask_declaration(
    request: Request, declaration_id: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """One declaration, with who made it."""
    return _one(request, query, "declaration", declaration_id)


def _one(request: Request, query: BasisQuery, kind: str, identity: str) -> Response:
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        found = resolution(ledger.day(connection, basis), identity, kind)
    if found is None:
        raise Problem(NOT_FOUND, f"no {kind} {identity} is known at that basis")
    tags = about(kind, identity)
    return with_remarks(request, ledger, basis, query, _in_full(found), tags)

"""The question what changed between two bases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from domain.answers import Body, Change
from domain.dates import iso
from domain.entries import Entry, read
from domain.questions.changes import UNDOING, changes, explained
from domain.questions.facts import Day as FactsOfDay
from projections.basis import Basis as At
from service.asking.questions import (
    Basis,
    BasisQuery,
    Day,
    Instant,
    answers,
    asked,
    pinned,
    stated,
    texts_for,
    today,
)
from service.content import Told, plain, with_texts
from service.ledger import Ledger
from service.problems import CLOCKS, PARAMETER, Problem
from service.sentences import sentence

router = APIRouter()


class ChangesQuery(BaseModel):
    """The two bases; what is left out is today, and the newest position."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    from_effective_at: Day | None = Field(None, examples=["2025-01-20"])
    """The day of the first basis; default: today, UTC."""
    to_effective_at: Day | None = Field(None, examples=["2025-01-30"])
    """The day of the second basis, no earlier; default: today, UTC."""
    from_recorded_at: Instant | None = Field(None, examples=["2026-01-31T12:00:00Z"])
    """The first basis is as known at this instant (RFC 3339); default: as known now."""
    to_recorded_at: Instant | None = Field(None, examples=["2026-02-28T12:00:00Z"])
    """The second basis is as known at this instant, no earlier; default: as known now."""
    from_position: int | None = Field(None, ge=0)
    """The first basis is as known at this position; not together with `from_recorded_at`."""
    to_position: int | None = Field(None, ge=0)
    """The second basis is as known at this position, no smaller; not with `to_recorded_at`."""
    min_position: int | None = Field(None, ge=0)
    """Wait until the answer takes this position into account, for a few seconds."""


@dataclass(frozen=True, slots=True)
class ChangeTold(Change):
    """A change, and how a person would say it."""

    sentence: str = ""
    """The change in words: its day, and the decisions with vote, mandate and sources."""


@dataclass(frozen=True, slots=True)
class ChangesAnswer:
    """What changed between two bases."""

    from_: Annotated[Basis, Field(alias="from", description="The first basis.")]
    to: Basis
    """The second basis."""
    changes: tuple[ChangeTold, ...]
    """Body by body; one after the other, they make the second structure of the first."""


@router.get(
    "/v1/changes",
    tags=["structure"],
    summary="What changed between two bases",
    responses=answers(ChangesAnswer),
)
def ask_changes(request: Request, query: Annotated[ChangesQuery, Query()]) -> Response:
    """What differs between the structures at two bases, on either clock or both, and why.

    Between two days: what came about. Between two positions: what the ledger learnt, and what it
    changed its mind about. Changes read forwards: a first basis after the second is refused.
    """
    ledger: Ledger = request.app.state.ledger
    with _both(ledger, query) as ((earlier, first), (later, second)):
        before, after = ledger.structure(earlier, first), ledger.structure(later, second)
        bare = changes(before, after)
        undoing = _undoing(ledger, first, second)
        days = _day(ledger, earlier, first, bare), _day(ledger, later, second, bare)
        found = explained(bare, *days, undoing)
    at = {
        "from_effective_at": iso(first.effective_at),
        "to_effective_at": iso(second.effective_at),
        "from_position": first.position,
        "to_position": second.position,
    }
    content = {
        "from": plain(stated(first)),
        "to": plain(stated(second)),
        "changes": _told(texts_for(request), found, (*before, *after)),
    }
    return pinned(request, at, second.position, content)


@contextmanager
def _both(
    ledger: Ledger, query: ChangesQuery
) -> Iterator[tuple[tuple[Connection, At], tuple[Connection, At]]]:
    """The views at both bases.

    Raises:
        Problem: a basis is not there, or the first is after the second.
    """
    for end in ("from", "to"):
        clocks = [f"{end}_recorded_at", f"{end}_position"]
        if all(getattr(query, each) is not None for each in clocks):
            why = f"{' and '.join(clocks)} name the same clock: give one of them"
            raise Problem(CLOCKS, why)
    now = iso(today())
    first = BasisQuery(
        effective_at=query.from_effective_at or now,
        recorded_at=query.from_recorded_at,
        position=query.from_position,
        min_position=query.min_position,
    )
    second = BasisQuery(
        effective_at=query.to_effective_at or now,
        recorded_at=query.to_recorded_at,
        position=query.to_position,
        min_position=None,
    )
    given = (first.recorded_at, first.position, second.recorded_at, second.position)
    with asked(ledger, first) as (earlier, one):
        if given == (None,) * 4:  # the newest of both is the same, whatever is recorded meanwhile
            second.position = one.position
        with asked(ledger, second) as (later, other):
            for clock in ("effective_at", "position"):
                if getattr(one, clock) > getattr(other, clock):
                    why = "the first basis is after the second (left out: today, the newest)"
                    raise Problem(PARAMETER, f"from_{clock}: {why}")
            yield (earlier, one), (later, other)


def _day(ledger: Ledger, connection: Connection, basis: At, found: Sequence[Change]) -> FactsOfDay:
    """The facts at a basis, with those at hand on which most changes rest."""
    known = ledger.believed(connection, basis)
    parts = {change.subject for change in found}
    for kind in ("body", "post"):
        known.fetch(kind, (part.id for part in parts if part.kind == kind))
    held = [part for part in parts if part.kind == "tenure"]
    known.fetch("tenure", (part.post or "" for part in held))
    known.fetch("identity", (part.id for part in held))
    return FactsOfDay(known, basis.effective_at)


def _undoing(ledger: Ledger, first: At, second: At) -> list[Entry]:
    found = ledger.log.entries(types=UNDOING, after=first.position, until=second.position)
    return [read(one.entry) for one in found]


def _told(texts: Told, found: Sequence[Change], bodies: Sequence[Body]) -> list[dict[str, Any]]:
    """Changes with their texts opened and their sentences; names are those of the last body."""
    posts = [post for body in bodies for post in body.posts]
    names = {("body", each.id): each.name for each in bodies}
    names |= {("post", each.id): each.label for each in posts}
    changed = {each.subject.id for each in found if each.subject.kind == "tenure"}
    holders = {each.person: each.name for post in posts for each in post.holders}
    persons = [[each, plain(holders[each])] for each in sorted(changed)]
    opened, called = with_texts([[plain(each) for each in found], persons], texts)
    names |= {("person", person): name for person, name in called}
    return [{**each, "sentence": sentence(each, names)} for each in opened]

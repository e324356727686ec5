"""Questions about the record itself: decisions and entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, Field
from sqlalchemy import Connection

from domain import acts as a
from domain.amendments import Amendment, amended, amendments, positions
from domain.answers import Name, Remark
from domain.dates import day, window
from domain.decisions import DecisionTaken
from domain.entries import Entry, instant, read
from domain.fields import ID_PATTERN
from domain.questions.facts import envelope_of
from domain.shape import to_json
from projections.amendments import amendments as known_amendments
from projections.amendments import began
from projections.basis import Basis as At
from service.asking.pages import RecordQuery, linked, lists
from service.asking.questions import Basis, BasisQuery, Day, answer, answers, asked, texts_for
from service.asking.remarks import about, remarks
from service.content import plain, stored, with_texts
from service.ledger import Ledger
from service.log.appends import Sealed
from service.problems import NOT_FOUND, Problem

router = APIRouter()

BATCH: Final = 500
"""Envelopes read at a time."""


def _known(type_: str) -> str:
    if type_ not in _TYPES:
        raise ValueError(f"there is no act {type_}")
    return type_


_TYPES: Final = [*a.ACTS, *a.SERVICE_ACTS]
_Type = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": _TYPES})]


class DecisionsQuery(RecordQuery):
    """Which decisions. What is dated in doubt is listed if it may fall between the days."""

    taken_by: str | None = None
    """Only those of this body."""
    meeting: str | None = None
    """Only those taken at this meeting."""
    authority: str | None = None
    """Only those taken on this mandate."""
    type: _Type | None = Field(None, examples=["election.held"])
    """Only those with an act of this type."""
    from_: Day | None = Field(None, alias="from", examples=["2025-01-01"])
    """Only those that may have been taken on this day or later."""
    until: Day | None = Field(None, examples=["2025-01-31"])
    """Only those that may have been taken on this day or earlier."""


@dataclass(frozen=True, slots=True)
class DecisionListed:
    """A decision in a list."""

    id: str
    """The decision's id."""
    title: Name
    """What it is about."""
    date: str | None
    """The day on which it was decided; null: not known."""
    taken_by: str | None
    """The body that decided; null: not known."""
    meeting: str | None
    """The meeting at which it was decided; null: not known, or none."""
    authority: str | None
    """The mandate on which it was decided; null: not stated."""
    position: int
    """Where it stands in the log."""
    recorded_at: str
    """When it was recorded."""
    acts: tuple[str, ...]
    """The types of its acts, in order."""
    amended_by: tuple[int, ...]
    """The positions of the entries that amend it, as known at the basis."""


@dataclass(frozen=True, slots=True)
class DecisionsAnswer:
    """Decisions at a basis."""

    basis: Basis
    """The point on both clocks that it holds for."""
    decisions: tuple[DecisionListed, ...]
    """In the order of their positions."""


@dataclass(frozen=True, slots=True)
class ActRecorded:
    """An act of a decision, as an entry of the log."""

    position: int
    """Its position."""
    type: str
    """Which act it is."""
    leaf_hash: str
    """The hash of the entry's bytes as a leaf (RFC 6962), in hexadecimal."""
    id: str | None
    """The id that it establishes, if any."""
    retracted_by: int | None
    """The position of the entry that retracts it, as known at the basis."""


@dataclass(frozen=True, slots=True)
class DecisionAnswer:
    """A decision as recorded."""

    basis: Basis
    """The point on both clocks that it holds for."""
    decision: dict[str, Any]
    """The decision as it was posted, with the ids that it was given, and as amended since.

    In place of a text that was erased it holds `{"erased": true}`. Decisions of the service hold
    acts that no client can post, as `subject.erased`.
    """
    amended_by: tuple[int, ...]
    """The positions of the entries that amend it, as known at the basis."""
    position: int
    """Where it stands in the log."""
    recorded_at: str
    """When it was recorded."""
    recorded_by: str
    """Who recorded it: an id that says nothing of the person."""
    entries: tuple[ActRecorded, ...]
    """Its acts, in order."""
    remarks: tuple[Remark, ...]
    """Remarks on it, and on its entries."""


@router.get(
    "/v1/decisions",
    tags=["decisions"],
    summary="The decisions recorded",
    responses=lists(DecisionsAnswer),
)
def ask_decisions(request: Request, query: Annotated[DecisionsQuery, Query()]) -> Response:
    """The decisions recorded, in the order of their positions.

    The day of the basis does not limit them: `from` and `until` do.
    """
    ledger: Ledger = request.app.state.ledger
    with asked(ledger, query) as (connection, basis):
        envelopes = _amended(connection, basis, _envelopes(ledger, connection, basis, query))
        wanted = (each for each in envelopes if _is_wanted(each.taken, query))
        found = list(islice(_listed(ledger, wanted, query), query.limit + 1))
    page = found[: query.limit]
    following = str(page[-1].position) if len(found) > query.limit else None
    links = linked(request, query, basis, following)
    content = with_texts(plain(page), texts_for(request))
    return answer(request, basis, {"decisions": content}, query, links=links)


class _Envelope(NamedTuple):
    """The envelope of a decision as amended, and the amendments."""

    entry: Entry
    taken: DecisionTaken
    amendments: Sequence[Amendment]


def _envelopes(
    ledger: Ledger, connection: Connection, basis: At, query: DecisionsQuery
) -> Iterator[list[Entry]]:
    """The envelopes recorded up to a basis, by the narrowest tag that the question allows.

    An amendment carries the tags of what it names: of what is found by a tag, some is no longer
    wanted.
    """
    tag = None
    if query.meeting is not None:
        tag = f"named:meeting:{query.meeting}"
    elif query.authority is not None:
        tag = f"named:mandate:{query.authority}"
    elif query.taken_by is not None:
        tag = f"named:body:{query.taken_by}"
    named: set[str] = set()
    if tag is not None:
        amending = ledger.log.entries(tag=tag, types=["decision.amended"], until=basis.position)
        named = set(amendments(read(one.entry) for one in amending))
    after = query.after
    more = [each for each in began(connection, named) if each > after]
    while True:
        found = ledger.log.entries(
            tag=tag, types=["decision.taken"], after=after, until=basis.position, limit=BATCH
        )
        last = found[-1].position if len(found) == BATCH else basis.position
        here = {one.position for one in found}
        found += [
            one
            for each in more
            if after < each <= last and each not in here
            for one in ledger.log.entries(after=each - 1, limit=1)
        ]
        yield [read(one.entry) for one in sorted(found, key=lambda one: one.position)]
        if last == basis.position:
            return
        after = last


def _amended(
    connection: Connection, basis: At, batches: Iterator[list[Entry]]
) -> Iterator[_Envelope]:
    for batch in batches:
        amending = known_amendments(connection, basis.position, [one.decision for one in batch])
        for entry in batch:
            own = amending.get(entry.decision, ())
            yield _Envelope(entry, amended(envelope_of(entry), own), own)


def _is_wanted(taken: DecisionTaken, query: DecisionsQuery) -> bool:
    dated = query.from_ is None and query.until is None
    if not dated and taken.date is not None:
        earliest, latest = window(taken.date)
        dated = (query.from_ is None or latest >= day(query.from_)) and (
            query.until is None or earliest <= day(query.until)
        )
    return (
        dated
        and query.taken_by in (None, taken.taken_by)
        and query.meeting in (None, taken.meeting)
        and query.authority in (None, taken.authority)
    )


def _listed(
    ledger: Ledger, envelopes: Iterator[_Envelope], query: DecisionsQuery
) -> Iterator[DecisionListed]:
    for entry, taken, amending in envelopes:
        acts = ledger.log.entries(after=entry.position, until=entry.position + taken.acts)
        types = tuple(act.type for act in acts)
        if query.type is None or query.type in types:
            yield DecisionListed(
                id=entry.decision,
                title=to_json(taken.title),
                date=taken.date,
                taken_by=taken.taken_by,
                meeting=taken.meeting,
                authority=taken.authority,
                position=entry.position,
                recorded_at=entry.recorded_at,
                acts=types,
                amended_by=positions(amending),
            )


@router.get(
    "/v1/decisions/{decision}",
    tags=["decisions"],
    summary="One decision as recorded",
    responses=answers(DecisionAnswer),
)
def ask_decision(
    request: Request, decision: str, query: Annotated[BasisQuery, Query()]
) -> Response:
    """A decision as posted and since amended, and where its entries stand in the log."""
    ledger: Ledger = request.app.state.ledger
    is_id = re.fullmatch(ID_PATTERN, decision) is not None
    with asked(ledger, query) as (connection, basis):
        found = ledger.entries_of(decision) if is_id else ()
        amending = known_amendments(connection, basis.position, [decision]).get(decision, ())
    if not found or found[0].position > basis.position:
        raise Problem(NOT_FOUND, f"there is no decision {decision} at that basis")
    entries = [read(one.entry) for one in found]
    now = replace(entries[0], act=amended(envelope_of(entries[0]), amending))
    retracted = _retracted(ledger, decision, basis.position)
    noted = remarks(ledger, basis, *about("decision", decision))
    content = {
        "decision": with_texts(to_json(stored([now, *entries[1:]])), texts_for(request)),
        "amended_by": plain(positions(amending)),
        "position": found[0].position,
        "recorded_at": instant(found[0].recorded_at),
        "recorded_by": entries[0].recorded_by,
        "entries": [
            {
                "position": one.position,
                "type": one.type,
                "leaf_hash": one.leaf_hash.hex(),
                "id": next((each.id for each in entry.mentions if each.creates), None),
                "retracted_by": retracted.get(entry.number, retracted.get(-one.position)),
            }
            for one, entry in list(zip(found, entries, strict=True))[1:]
        ],
        "remarks": with_texts(
            plain([each for each in noted if _is_on(each, decision, found)]), texts_for(request)
        ),
    }
    return answer(request, basis, content, query)


def _is_on(remark: Remark, decision: str, entries: Sequence[Sealed]) -> bool:
    """Whether a remark is on a decision or one of its entries, not merely one of its acts."""
    entry = remark.on.get("entry")
    if isinstance(entry, int):
        return entries[0].position <= entry <= entries[-1].position
    return decision in (remark.on.get("decision"), (entry or {}).get("decision"))


def _retracted(ledger: Ledger, decision: str, position: int) -> dict[int, int]:
    """Which of a decision's acts are retracted, and where: by number, or by minus the position."""
    found = ledger.log.entries(
        tag=f"decision:{decision}", types=["entry.retracted"], until=position
    )
    where: dict[int, int] = {}
    for one in found:
        act = read(one.entry).act
        if isinstance(act, a.EntryRetracted):
            target = act.entry
            if isinstance(target, int):
                where[-target] = one.position
            elif target.decision == decision:
                where[target.act] = one.position
    return where

"""What findings need of a decision: when and by whom it was taken, its votes, the powers it used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch

from domain import acts as a
from domain.acts import Power
from domain.decisions import DecisionTaken
from domain.entries import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """The figures of an election."""

    election: str
    """Which election."""
    position: int
    """The position of its entry."""
    date: str
    """The EDTF text of the day of the vote."""
    body: str | None = None
    """The body that elected; null: none that is stated."""
    meeting: str | None = None
    """The meeting that elected, where no standing body did."""
    eligible: int | None = None
    """How many could vote."""
    cast: int | None = None
    """How many ballots were cast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A power that an act made use of, and over which body, if that can be told."""

    power: Power
    """The power."""
    position: int
    """The position of the act's entry."""
    effective: str
    """The EDTF text of the act's day."""
    by: str | None = None
    """The body or post that the act itself names as having used it."""
    body: str | None = None
    """The body acted over; or else what leads to it: `post`, `meeting` or `sanction`."""
    post: str | None = None
    """The post that was filled, approved or emptied."""
    role: str | None = None
    """The role in the body to which persons were elected."""
    meeting: str | None = None
    """The meeting that was called."""
    sanction: str | None = None
    """The sanction appealed against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A decision as rules judge it."""

    id: str
    """The decision's id."""
    position: int
    """The position of its envelope."""
    taken_by: str | None = None
    """The body that decided; null: not known."""
    date: str | None = None
    """The EDTF text of the day on which it was decided; null: not known, so not judged."""
    authority: str | None = None
    """The mandate on which it was decided."""
    meeting: str | None = None
    """The meeting at which it was decided."""
    eligible: int | None = None
    """How many could vote on it."""
    cast: int | None = None
    """How many votes were cast on it."""
    elections: tuple[Ballot, ...] = ()
    """The elections that it tells of."""
    exercised: tuple[Exercise, ...] = ()
    """The powers that its acts made use of."""


def taken(entries: Sequence[Entry]) -> Taken:
    """What findings need of one decision: its envelope first, then those of its acts that stand."""
    first, *acts = entries
    envelope = first.act
    if not isinstance(envelope, DecisionTaken):
        raise TypeError(f"entry {first.position} is no decision's envelope")
    vote = envelope.vote
    return Taken(
        id=first.decision,
        position=first.position,
        taken_by=envelope.taken_by,
        date=envelope.date,
        authority=envelope.authority,
        meeting=envelope.meeting,
        eligible=vote.eligible if vote is not None else None,
        cast=vote.cast if vote is not None else None,
        elections=tuple(_ballot(each.act, each.position) for each in acts if _elects(each)),
        exercised=tuple(used for each in acts for used in _exercised(each.act, each.position)),
    )


def _elects(entry: Entry) -> bool:
    return isinstance(entry.act, a.ElectionHeld)


def _ballot(act: object, position: int) -> Ballot:
    assert isinstance(act, a.ElectionHeld)  # noqa: S101
    return Ballot(
        election=act.election or "",
        position=position,
        date=act.closed or act.effective,
        body=act.body,
        meeting=act.meeting,
        eligible=act.eligible,
        cast=act.cast,
    )


@singledispatch
def _exercised(act: object, position: int) -> Iterator[Exercise]:
    """The powers that an act makes use of; most make use of none."""
    yield from ()


@_exercised.register
def _(act: a.BodyEstablished, position: int) -> Iterator[Exercise]:
    yield Exercise(
        power="establish", position=position, effective=act.effective, body=act.body
    )

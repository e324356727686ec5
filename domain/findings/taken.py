"""What findings need of a decision: who took it and when, its votes, the powers that it used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from domain import acts as a
from domain.acts import Power
from domain.amendments import AMENDABLE, Amendment, amendments, given, positions
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.register import without_retracted


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
    amended_by: tuple[int, ...] = ()
    """The positions of the entries that amend it."""


_POWERS: Final[dict[type[a.StructureAct], Power]] = {
    a.BodyEstablished: "establish",
    a.BodyDissolved: "dissolve",
    a.ActivistAdmitted: "admit",
    a.ActivistExcluded: "exclude",
    a.ActivistAssigned: "assign",
    a.AppointmentMade: "appoint",
    a.AppointmentApproved: "approve",
    a.TenureEnded: "remove",
    a.MeetingScheduled: "convene",
    a.MeetingConvened: "convene",
    a.SanctionImposed: "discipline",
    a.AppealDecided: "hear_appeals",
    a.RuleAdopted: "adopt_rules",
    a.RuleAmended: "adopt_rules",
    a.RuleRepealed: "adopt_rules",
}
"""The power that each act makes use of; elections make use of theirs contest by contest."""


def every(entries: Sequence[Entry]) -> Iterator[Taken]:
    """What findings need of every decision of whole decisions' entries, as of the last of them."""
    standing = without_retracted(entries)
    amending = amendments(standing)
    for decision, group in groupby(standing, key=lambda entry: entry.decision):
        yield amended(taken(list(group)), amending.get(decision, ()))


def amended(taken: Taken, amendments: Sequence[Amendment]) -> Taken:
    """A decision as rules judge it, with its envelope as amended."""
    if not amendments:
        return taken
    stated = {name: value for each in amendments for name, value in given(each.act).items()}
    return replace(taken, **_judged(stated), amended_by=positions(amendments))


def _judged(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Of what an envelope states, that on which rules judge."""
    judged = {name: value for name, value in stated.items() if name not in ("vote", "sources")}
    vote = stated.get("vote")
    if vote is not None:
        judged |= {"eligible": vote.eligible, "cast": vote.cast}
    return judged


def taken(entries: Sequence[Entry]) -> Taken:
    """What findings need of one decision: its envelope first, then those of its acts that stand."""
    first, *acts = entries
    envelope = first.act
    if not isinstance(envelope, DecisionTaken):
        raise TypeError(f"entry {first.position} is no decision's envelope")
    return Taken(
        id=first.decision,
        position=first.position,
        date=envelope.date,
        **_judged({name: getattr(envelope, name) for name in AMENDABLE}),
        elections=tuple(ballot for each in acts for ballot in _ballots(each)),
        exercised=tuple(used for each in acts for used in _exercised(each)),
    )


def _ballots(entry: Entry) -> Iterator[Ballot]:
    act = entry.act
    if isinstance(act, a.ElectionHeld) and act.election is not None:
        yield Ballot(
            election=act.election,
            position=entry.position,
            date=act.closed or act.effective,
            body=act.body,
            meeting=act.meeting,
            eligible=act.eligible,
            cast=act.cast,
        )


def _exercised(entry: Entry) -> Iterator[Exercise]:
    act = entry.act
    if isinstance(act, a.ElectionHeld):
        for contest in act.contests:
            yield Exercise(
                power="elect",
                position=entry.position,
                effective=act.effective,
                by=act.body,
                body=contest.body,
                post=contest.post,
                role=contest.role,
            )
    elif isinstance(act, a.StructureAct) and type(act) in _POWERS and not _left(act):
        yield Exercise(
            power=_POWERS[type(act)],
            position=entry.position,
            effective=act.effective,
            by=getattr(act, "by", None),
            body=_ruled(act) or getattr(act, "body", None),
            post=getattr(act, "post", None),
            meeting=getattr(act, "meeting", None),
            sanction=getattr(act, "sanction", None),
        )


def _left(act: a.StructureAct) -> bool:
    """Whether a tenure ended otherwise than by somebody's power to end it."""
    return isinstance(act, a.TenureEnded) and act.reason not in ("removed", "recalled")


def _ruled(act: a.StructureAct) -> str | None:
    """The body that a rule is made for, or all of what stands in which it is."""
    if not isinstance(act, a.RuleAdopted | a.RuleAmended) or act.applies_to is None:
        return None
    return act.applies_to.body or act.applies_to.within

"""Cadence: how long a body goes without a meeting, and how often it meets in a calendar period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain.answers import Finding
from domain.dates import NEVER, iso
from domain.findings.calendar import after, periods, span
from domain.findings.evidence import Evidence, Opening
from domain.findings.extents import Days, both
from domain.findings.norms import Norm, covered
from domain.timelines import Certainty


def cadence(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """A body lets no more time pass between two meetings, and holds as many in every period.

    Time counts from when the body is certainly there and the rule certainly in force.
    """
    for each in covered(norm, evidence):
        if each.certainty != "certain":
            continue
        openings = _openings(norm, evidence, each.body)
        since = max(norm.adopted, evidence.there_since(each.body, each.days[0]))
        if "months" in norm.parameters or "days" in norm.parameters:
            yield from _gaps(norm, evidence, each.body, openings, since, each.days)
        if "times" in norm.parameters:
            yield from _missed(norm, evidence, each.body, openings, since, each.days)


def _openings(norm: Norm, evidence: Evidence, body: str) -> list[Opening]:
    """The meetings that count: of the kind asked for, or else those that are no part of another."""
    asked = norm.parameters.get("meeting")
    return [
        each
        for each in evidence.openings.get(body, ())
        if each.kind == asked
        or (asked is None and evidence.meetings.get(each.within or "") != body)
    ]


class _Gap(NamedTuple):
    """Days on which the last meeting is too long ago, with that meeting and the day it counts."""

    days: Days
    last: Opening | None
    since: int


def _gaps(
    norm: Norm,
    evidence: Evidence,
    body: str,
    openings: Sequence[Opening],
    start: int,
    days: Days,
) -> Iterator[Finding]:
    """The days on which more time has passed since the last meeting than the rule allows."""
    months, length = norm.parameters.get("months"), norm.parameters.get("days")
    certain = list(_apart(openings, start, months, length, surely=True))
    possible = list(_apart(openings, start, months, length, surely=False))
    what = _called(norm)
    limit = span(months, length)
    surely: Certainty = "certain"
    perhaps: Certainty = "possible"
    for gaps, sure in ((certain, surely), (_less(possible, certain), perhaps)):
        for gap in gaps:
            since, until = both(gap.days, days)
            if since >= until:
                continue
            verb = "had opened" if sure == "certain" else "may have opened"
            message = f"{body} {verb} no {what} after {iso(gap.since)} by {iso(since)}, "
            message += f"and no more than {limit} may pass between two"
            because = gap.last.life.because[:1] if gap.last is not None else ()
            yield norm.finding(evidence, ("body", body), (since, until), sure, message, because)


def _apart(
    openings: Sequence[Opening], start: int, months: int | None, length: int | None, surely: bool
) -> Iterator[_Gap]:
    """The days on which the last meeting is too long ago: surely, or if uncertain days are worst.

    Surely so, each meeting opened as late as it may have; at worst, as early as it may have.
    """
    at = [(each.life.since, each) if surely else (each.life.since[::-1], each) for each in openings]
    gap: _Gap | None = None
    last: Opening | None = None
    counted = start
    ends = [(until, since, each) for (until, since), each in sorted(at, key=lambda one: one[0])]
    for until, since, each in [*ends, (NEVER, NEVER, None)]:
        overdue = after(counted, months, length) + 1
        if overdue < until and gap is not None and overdue <= gap.days[1]:
            gap = gap._replace(days=(gap.days[0], until))
        elif overdue < until:
            if gap is not None:
                yield gap
            gap = _Gap((overdue, until), last, counted)
        if since > counted:
            counted, last = since, each
    if gap is not None:
        yield gap


def _less(gaps: Sequence[_Gap], others: Sequence[_Gap]) -> Iterator[_Gap]:
    """Gaps without the days of others."""
    for gap in gaps:
        since, until = gap.days
        for other in others:
            if since < other.days[1] and other.days[0] < until:
                if since < other.days[0]:
                    yield gap._replace(days=(since, other.days[0]))
                since = other.days[1]
        if since < until:
            yield gap._replace(days=(since, until))


def _missed(
    norm: Norm,
    evidence: Evidence,
    body: str,
    openings: Sequence[Opening],
    start: int,
    days: Days,
) -> Iterator[Finding]:
    """The whole calendar periods, over by the day asked about, with fewer meetings than required.

    The version of the rule that is in force on the last day of a period judges all of it.
    """
    times, per = norm.parameters["times"], norm.parameters.get("per")
    over = start, min(days[1], evidence.end - 1)
    for name, period in periods(per, over) if per is not None else ():
        if period[1] <= days[0]:
            continue
        may = [each for each in openings if _touches(each, period)]
        did = [each for each in may if both(period, _window(each)) == _window(each)]
        if len(did) >= times:
            continue
        certain = len(may) < times
        held = len(may) if certain else len(did)
        verb = "opened" if certain else "may have opened"
        message = f"{body} {verb} {held or 'no'} {_called(norm)}{'' if held == 1 else 's'} "
        message += f"in {name}, and at least {times} a {per} "
        message += f"{'is' if times == 1 else 'are'} required"
        because = [each.life.because[0] for each in may]
        sure: Certainty = "certain" if certain else "possible"
        yield norm.finding(evidence, ("body", body), period, sure, message, because)


def _window(opening: Opening) -> Days:
    return opening.life.since.earliest, opening.life.since.latest + 1


def _touches(opening: Opening, period: Days) -> bool:
    first, end = both(_window(opening), period)
    return first < end


def _called(norm: Norm) -> str:
    return str(norm.parameters.get("meeting", "meeting")).replace("_", " ")

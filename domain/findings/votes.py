"""Quorum: how many take part in the vote on a decision, or in an election."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domain.answers import Finding
from domain.dates import Window, iso, window
from domain.findings.evidence import Evidence
from domain.findings.norms import Kind, Norm, fit
from domain.timelines import Certainty


def in_force(norm: Norm, date: str | None) -> Window | None:
    """The days on which something was decided, if the rule certainly was in force on all of them.

    It is judged by the version of the last of them, and told of on that day.
    """
    if date is None:
        return None
    when = window(date)
    held = norm.adopted <= when.earliest and norm.days[0] <= when.latest < norm.days[1]
    return when if held else None


class _Vote(NamedTuple):
    kind: Kind
    id: str
    body: str | None
    date: str | None
    eligible: int | None
    cast: int | None
    because: tuple[int, ...]


def quorum(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """Enough take part in a vote: so many, or so many in a hundred of those who can."""
    for vote in _votes(evidence):
        when = in_force(norm, vote.date)
        if when is None or vote.body is None or vote.cast is None:
            continue
        sure = fits(norm, evidence, vote.body, when.latest)
        wanted = _wanted(norm, vote.cast, vote.eligible)
        if sure is not None and wanted is not None:
            of = f" of {vote.eligible}" if vote.eligible is not None else ""
            message = f"{vote.cast}{of} voted in {vote.id} on {iso(when.latest)}, and {wanted}"
            days = (when.latest, when.latest + 1)
            about = (vote.kind, vote.id)
            yield norm.finding(evidence, about, days, sure, message, vote.because)


def _votes(evidence: Evidence) -> Iterator[_Vote]:
    """The votes by which decisions were taken, and those of elections."""
    for each in evidence.decisions:
        behind = (each.position, *each.amended_by)
        yield _Vote("decision", each.id, each.taken_by, each.date, each.eligible, each.cast, behind)
        for one in each.elections:
            body = one.body or evidence.meetings.get(one.meeting or "") or each.taken_by
            yield _Vote(
                "election", one.election, body, one.date, one.eligible, one.cast, (one.position,)
            )


def _wanted(norm: Norm, cast: int, eligible: int | None) -> str | None:
    """What was required, if it was not reached."""
    least, percent = norm.parameters.get("least"), norm.parameters.get("percent")
    if least is not None and cast < least:
        return f"at least {least} must vote"
    if percent is not None and eligible is not None and cast * 100 < percent * eligible:
        return f"at least {percent} in a hundred must vote"
    return None


def fits(norm: Norm, evidence: Evidence, body: str, day: int) -> Certainty | None:
    """How surely a body falls under a rule on a day."""
    standing = evidence.standing(body, day)
    return fit(norm, evidence, body, standing) if standing is not None else None

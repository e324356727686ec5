"""Mandates: whoever uses a power over a body holds it, and each organ acts in its turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domain.answers import Finding
from domain.dates import NEVER, Window, iso, window
from domain.findings.evidence import Evidence
from domain.findings.norms import Kind, Norm
from domain.findings.taken import Exercise, Taken
from domain.findings.votes import fits, in_force
from domain.questions.charter import covers
from domain.questions.facts import least
from domain.timelines import Certainty, Spell
from domain.tracks import LIFE


def mandate(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """Whoever uses a power over a body holds a mandate for it; each organ acts in its turn."""
    power, between = norm.parameters.get("power"), norm.parameters.get("between")
    for decision in evidence.decisions:
        when = in_force(norm, decision.date)
        if when is None:
            continue
        if between is not None:
            yield from _out_of_turn(norm, evidence, decision, when)
        elif power is not None:
            yield from _without_mandate(norm, evidence, decision, when)


def _without_mandate(
    norm: Norm, evidence: Evidence, decision: Taken, when: Window
) -> Iterator[Finding]:
    """A decision that used the power over bodies under the rule, without a mandate that reaches.

    The mandate is to be held on the day of the decision, and to reach the body as it is on the day
    from which the act holds.
    """
    lacking = [
        each
        for used in decision.exercised
        for each in _lacking(norm, evidence, decision, used, when)
    ]
    certain = [each for each in lacking if each.certainty == "certain"]
    told = certain or lacking
    if told:
        power = norm.parameters["power"].replace("_", " ")
        over = ", ".join(dict.fromkeys(each.body for each in told if each.body is not None))
        verb = "used" if certain else "may have used"
        message = f"{decision.taken_by or told[0].used.by} {verb} the power to {power}"
        message += f"{' over ' if over else ''}{over} in {decision.id} on {iso(when.latest)} "
        message += "without a mandate for it"
        days = (when.latest, when.latest + 1)
        because = [*(each.used.position for each in told), *decision.amended_by]
        about: tuple[Kind, str] = ("decision", decision.id)
        yield norm.finding(evidence, about, days, told[0].certainty, message, because)


class _Lacking(NamedTuple):
    """A power used over a body for which there was no mandate, certainly or possibly."""

    used: Exercise
    body: str | None
    certainty: Certainty


def _lacking(
    norm: Norm, evidence: Evidence, decision: Taken, used: Exercise, when: Window
) -> Iterator[_Lacking]:
    holders = {holder for holder in (decision.taken_by, used.by) if holder is not None}
    if not holders or not _meant(norm, used):
        return
    body = _acted_over(evidence, used)
    day = _day_of(evidence, body, used)
    sure = fits(norm, evidence, body, day) if body is not None else _unlimited(norm)
    reaching = _reaching(evidence, holders, decision.authority, used.power, body, day)
    held = {_holds(evidence, life, when) for life in reaching}
    if sure is not None and "certain" not in held:
        yield _Lacking(used, body, "possible" if "possible" in held else sure)


def _meant(norm: Norm, each: Exercise) -> bool:
    """Whether it is the power, the post and the role that the rule is about."""
    return (
        each.power == norm.parameters["power"]
        and norm.scope.get("post", each.post) == each.post
        and norm.scope.get("role", each.role) == each.role
        and each.post not in norm.exempt
    )


def _acted_over(evidence: Evidence, each: Exercise) -> str | None:
    """The body over which a power was used."""
    if each.body is not None:
        return each.body
    if each.post is not None:
        return evidence.body_of(each.post)
    if each.meeting is not None:
        return evidence.meetings.get(each.meeting)
    sanction = evidence.life("sanction", each.sanction) if each.sanction is not None else None
    return sanction.value.get("body") if sanction is not None else None


def _day_of(evidence: Evidence, body: str | None, each: Exercise) -> int:
    """The day of an act, or that in the life of the body which is nearest to it."""
    day = _settled(window(each.effective))
    life = evidence.life("body", body) if body is not None else None
    if life is None:
        return day
    return max(min(day, life.until.earliest - 1), _settled(life.since))


def _settled(when: Window) -> int:
    """The day by which something has happened, or else the first on which it may have."""
    return when.latest if when.latest < NEVER else when.earliest


def _unlimited(norm: Norm) -> Certainty | None:
    """Of a power used over nobody knows which body, only a rule for all of them can judge."""
    return None if norm.scope else "certain"


def _reaching(
    evidence: Evidence,
    holders: set[str],
    authority: str | None,
    power: str,
    body: str | None,
    day: int,
) -> Iterator[Spell]:
    """The mandates of some holders, whenever held, for a power that on a day reach a body.

    One that a decision rests on counts too if a post of one of these holds it. Where it is not
    known over which body the power was used, any mandate for it may reach.
    """
    about = [
        life for holder in sorted(holders) for life in evidence.known.naming("mandate", holder)
    ]
    cited = evidence.life("mandate", authority) if authority is not None else None
    if cited is not None and evidence.body_of(cited.value["holder"]) in holders:
        about.append(cited)
    at = evidence.at(day)
    for life in about:
        if life.track.attribute == LIFE and life.value["power"] == power:
            mandate = evidence.mandate(life.track.subject)
            if body is None or (mandate is not None and covers(at, mandate, body)):
                yield life


def _holds(evidence: Evidence, life: Spell, when: Window) -> Certainty | None:
    """How surely a mandate is held on a day that may be any of these."""
    days = {when.earliest, when.latest, max(when.earliest, life.since.earliest)}
    found = [_held_on(evidence, life, day) for day in days if day <= when.latest]
    if all(each == "certain" for each in found):
        return "certain"
    return "possible" if any(found) else None


def _held_on(evidence: Evidence, life: Spell, day: int) -> Certainty | None:
    holder = life.value["holder"]
    post = evidence.life("post", holder)
    there = evidence.at(day).certainty(post.value["body"] if post is not None else holder)
    return least(life.on(day), there, post.on(day) if post is not None else "certain")


def _out_of_turn(
    norm: Norm, evidence: Evidence, decision: Taken, when: Window
) -> Iterator[Finding]:
    """A decision of a body while the meeting sits whose place it takes between two of them."""
    body, between = decision.taken_by, norm.parameters["between"]
    power = norm.parameters.get("power")
    if body is None or (power is not None and not any(_meant(norm, e) for e in decision.exercised)):
        return
    sure = fits(norm, evidence, body, when.latest)
    place = evidence.at(when.latest).place(body)
    around = place.value if place is not None else None
    for each in evidence.openings.get(around, ()) if around is not None else ():
        first, last = each.life.on(when.earliest), each.life.on(when.latest)
        if each.kind != between or sure is None:
            continue
        inside = when.earliest <= each.life.since.latest <= when.latest
        if not (first or last or inside):
            continue
        certain = first == last == "certain" and sure == "certain"
        verb = "decided" if certain else "may have decided"
        what = between.replace("_", " ")
        message = f"{body} {verb} {decision.id} on {iso(when.latest)}, while {each.id} "
        message += f"was in session, and is to act only between one {what} and the next"
        days = (when.latest, when.latest + 1)
        because = [decision.position, *decision.amended_by, each.life.because[0]]
        surely: Certainty = "certain" if certain else "possible"
        yield norm.finding(evidence, ("decision", decision.id), days, surely, message, because)

"""What holds of each holder: how long, heading what, and whether with a vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from domain.answers import Finding
from domain.dates import NEVER, iso, window
from domain.findings.calendar import after, span
from domain.findings.evidence import Evidence
from domain.findings.extents import (
    Count,
    Days,
    Extent,
    Held,
    above,
    both,
    extent,
    meet,
    runs,
    tally,
)
from domain.findings.norms import Kind, Norm
from domain.findings.numbers import Group, groups
from domain.timelines import Certainty


def term(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """A tenure certainly lasts no longer than the rule allows, nor than its own stated end."""
    for group in groups(norm, evidence):
        for each in group.held:
            due, why = _due(norm, each)
            since, until = both(each.extent.certain, group.days, (due, NEVER))
            if since < until:
                where = each.spell.track.subject
                message = f"{each.who} still holds {where} on {iso(since)}, {why}"
                about: tuple[Kind, str] = ("person", each.who)
                days = since, until
                yield norm.finding(evidence, about, days, "certain", message, each.began)


def _due(norm: Norm, held: Held) -> tuple[int, str]:
    """The first day on which a tenure is too long, and how it is so."""
    months, days = norm.parameters.get("months"), norm.parameters.get("days")
    began = held.spell.since.latest
    due, why = after(began, months, days), f"held since {iso(began)}, and no longer than "
    why += f"{span(months, days)} is allowed"
    stated = held.spell.value.get("term_until")
    if stated is not None and window(stated).latest < due:
        return window(stated).latest, f"and the stated end of the term is {stated}"
    return due, why


def composition(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """Whoever holds the post heads a body of the sort that the rule names."""
    sort = norm.parameters.get("head_of")
    if sort is None:
        return
    for group in groups(norm, evidence):
        persons: dict[str, list[Held]] = defaultdict(list)
        for each in group.held:
            persons[each.who].append(each)
        for own in persons.values():
            yield from _heads(norm, evidence, group, own, sort)


def _heads(
    norm: Norm, evidence: Evidence, group: Group, own: list[Held], sort: str
) -> Iterator[Finding]:
    person = own[0].who
    heading = _heading(evidence, person, sort)
    cuts = {day for each in (*own, *heading) for days in each.extent for day in days}
    days = sorted(cuts | {*group.days})
    counts = [Count(*both((a, b), group.days), 0, 0) for a, b in pairwise(days)]

    def broken(count: Count) -> Certainty | None:
        holds = {each.extent.on(count.since) for each in own}
        heads = {each.extent.on(count.since) for each in heading}
        if "certain" in heads or not holds & {"certain", "possible"}:
            return None
        return "certain" if "certain" in holds and "possible" not in heads else "possible"

    for run in runs((each for each in counts if each.since < each.until), broken):
        since = run.first.since
        heads = "heads" if run.certainty == "certain" else "may head"
        message = f"{person}, who holds {group.id}, {heads} no {sort.replace('_', ' ')} "
        message += f"on {iso(since)}, and whoever holds it is to head one"
        because = [at for each in own if each.extent.on(since) for at in each.began]
        about: tuple[Kind, str] = ("person", person)
        yield norm.finding(evidence, about, (since, run.until), run.certainty, message, because)


def _heading(evidence: Evidence, person: str, sort: str) -> list[Held]:
    """What a person holds that heads a body of a sort, while the body is there and of that sort."""
    posts = sorted(
        {
            spell.track.subject
            for identity in evidence.ids(person)
            for spell in evidence.known.naming("tenure", identity)
        }
    )
    return [
        held.during(meet(days, there))
        for post in posts
        for days in evidence.heading(post)
        for there in _of_sort(evidence, evidence.body_of(post), sort)
        for held in evidence.holders(post)
        if held.who == person
    ]


def _of_sort(evidence: Evidence, body: str | None, sort: str) -> Iterator[Extent]:
    for each in evidence.standings(body) if body is not None else ():
        if each.values.get("classification") == sort and each.certainty == "certain":
            yield Extent(each.days, each.days)
        elif sort in (each.values.get("classification"), each.doubtful.get("classification")):
            yield Extent((0, 0), each.days)


def voting(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """Those to whom the rule applies vote, or do not, as it says. Not stated is not judged."""
    vote = norm.parameters.get("voting")
    if vote is None:
        return
    for group in groups(norm, evidence):
        for about, held in _contrary(evidence, group, vote):
            for run in runs(tally([held], group.days), above(0)):
                should = "should" if vote else "should not"
                sure = ("votes", "does not vote")[vote]
                if run.certainty == "possible":
                    sure = f"possibly {sure}"
                since = run.first.since
                message = f"{about[1]} {sure} in {group.body} on {iso(since)}, and {should}"
                days: Days = (since, run.until)
                yield norm.finding(evidence, about, days, run.certainty, message, held.began)


def _contrary(
    evidence: Evidence, group: Group, vote: bool
) -> Iterator[tuple[tuple[Kind, str], Held]]:
    """The posts, and the members, of whom the contrary is stated."""
    for post in group.posts:
        life = evidence.life("post", post)
        for spell in evidence.known.about("post", post):
            if life and spell.track.attribute == "voting" and spell.value is not vote:
                days = meet(extent(spell), extent(life))
                yield ("post", post), Held(post, days, spell.because[:1], (), spell)
    for each in group.held:
        if each.spell.track.kind == "membership" and each.spell.value.get("voting") is (not vote):
            yield ("person", each.who), each

"""How many there are: of activists, of bodies, of heads, of holders tied to one organisation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.answers import Finding
from domain.dates import iso
from domain.findings.evidence import Evidence
from domain.findings.extents import (
    NOT,
    Days,
    Extent,
    Held,
    Run,
    above,
    below,
    departures,
    excess,
    extent,
    runs,
    tally,
)
from domain.findings.norms import Kind, Norm, covered
from domain.tracks import ACTIVIST


class Group(NamedTuple):
    """Those whom a rule counts together: whose they are, what they are called, over which days."""

    kind: Kind
    id: str
    body: str | None
    noun: str
    days: Days
    held: list[Held]
    posts: tuple[str, ...] = ()


def groups(norm: Norm, evidence: Evidence, *, activists: bool = False) -> Iterator[Group]:
    """Those to whom a rule applies, body by body, while the body certainly falls under it.

    They are the holders of the post, or the members in the role, that its scope names. If it names
    neither, they are the activists where these are meant, else whoever holds a post in the body.
    """
    post, role = norm.scope.get("post"), norm.scope.get("role")
    for each in covered(norm, evidence):
        body, days = each.body, each.days
        if each.certainty != "certain" or post in norm.exempt:
            continue
        if post is not None:
            yield Group("post", post, body, "holder", days, evidence.holders(post), (post,))
        elif role is not None or activists:
            noun = "activist" if role in (None, ACTIVIST) else f"{role} member"
            held = evidence.members(body, role or ACTIVIST)
            yield Group("body", body, body, noun, days, held)
        else:
            posts = tuple(each for each in evidence.posts(body) if each not in norm.exempt)
            held = [one for each in posts for one in evidence.holders(each)]
            yield Group("body", body, body, "holder", days, held, posts)


def size(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """A body has no more and no fewer activists (or members in a role, or holders of a post)."""
    for group in groups(norm, evidence, activists=True):
        yield from _bounded(norm, evidence, group)


def cardinality(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """There are no more and no fewer bodies under the rule. It is told of the body around them."""
    around = norm.scope.get("within")
    sort = norm.scope.get("classification", "body").replace("_", " ")
    bodies = list(_bodies(norm, evidence))
    kind: Kind = "body" if around is not None else "rule"
    yield from _bounded(
        norm, evidence, Group(kind, around or norm.id, around, sort, norm.days, bodies)
    )


def _bounded(norm: Norm, evidence: Evidence, group: Group) -> Iterator[Finding]:
    """A group counts no more than `most` and no fewer than `least`."""
    counts = list(tally(group.held, group.days))
    most, least = norm.parameters.get("most"), norm.parameters.get("least")
    if most is not None:
        for run in runs(counts, above(most)):
            message = f"{group.id} {_too_many(run, group.noun)}, and at most {_are(most)} allowed"
            yield _told(norm, evidence, group, run, message, excess(group.held, run, most))
    if least is not None:
        for run in runs(counts, below(least)):
            message = f"{group.id} {_too_few(run, group.noun)}, and at least {_are(least)} required"
            yield _told(norm, evidence, group, run, message, _missing(evidence, group, run))


def head(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """A body has somebody who certainly holds a post that heads it."""
    for each in covered(norm, evidence):
        if each.certainty != "certain":
            continue
        posts = [post for post in evidence.posts(each.body) if post not in norm.exempt]
        heads = [
            held.during(days)
            for post in posts
            for days in evidence.heading(post)
            for held in evidence.holders(post)
        ]
        group = Group("body", each.body, each.body, "head", each.days, heads)
        for run in runs(tally(heads, each.days), below(1)):
            sure = "no head" if run.certainty == "certain" else "no certain head"
            message = f"{each.body} has {sure} on {iso(run.first.since)}, and one is required"
            yield _told(norm, evidence, group, run, message, _missing(evidence, group, run))


def cap(norm: Norm, evidence: Evidence) -> Iterator[Finding]:
    """No more than so many of those it applies to share one affiliation."""
    most = norm.parameters.get("most")
    if most is None:
        return
    for group in groups(norm, evidence):
        tied = _tied(evidence, group.held, norm.parameters.get("affiliation"))
        for organisation in sorted(tied):
            held = tied[organisation]
            for run in runs(tally(held, group.days), above(most)):
                message = f"{group.id} {_too_many(run, group.noun)} tied to {organisation}, "
                message += f"and at most {_are(most)} allowed"
                yield _told(norm, evidence, group, run, message, excess(held, run, most))


def _tied(evidence: Evidence, held: Iterable[Held], kind: str | None) -> dict[str, list[Held]]:
    """Those held by persons with an affiliation of a kind, while both last, by organisation."""
    found: dict[str, list[Held]] = defaultdict(list)
    for each in held:
        for identity in evidence.ids(each.who):
            for tie in evidence.known.about("affiliation", identity):
                if kind is None or tie.value.get("kind") == kind:
                    tied = each.during(extent(tie), tie.because[0])
                    found[tie.track.attribute].append(tied)
    return found


def _bodies(norm: Norm, evidence: Evidence) -> Iterator[Held]:
    """The bodies under a rule, with the days on which they are."""
    for each in covered(norm, evidence):
        life = evidence.life("body", each.body)
        if life is not None:
            certain = each.days if each.certainty == "certain" else NOT
            ended = life.because[1:] if each.days[1] in life.until else ()
            yield Held(each.body, Extent(certain, each.days), life.because[:1], ended, life)


def _missing(evidence: Evidence, group: Group, run: Run) -> tuple[int, ...]:
    """The entries by which there came to be too few: departures, or that the body came about."""
    life = evidence.life("body", group.body) if group.body is not None else None
    return departures(group.held, run) or (life.because[:1] if life is not None else ())


def _told(
    norm: Norm, evidence: Evidence, group: Group, run: Run, message: str, because: Iterable[int]
) -> Finding:
    about, days = (group.kind, group.id), (run.first.since, run.until)
    return norm.finding(evidence, about, days, run.certainty, message, because)


def _too_many(run: Run, noun: str) -> str:
    """`has 31 activists on 2024-10-08`, or `may have` so many."""
    if run.certainty == "certain":
        return f"has {_many(run.first.certain, noun)} on {iso(run.first.since)}"
    return f"may have {_many(run.first.possible, noun)} on {iso(run.first.since)}"


def _too_few(run: Run, noun: str) -> str:
    """`has 4 activists on 2024-10-08`, or `may have` so few."""
    if run.certainty == "certain":
        return f"has {_many(run.first.possible, noun)} on {iso(run.first.since)}"
    return f"may have {_many(run.first.certain, noun)} on {iso(run.first.since)}"


def _many(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("dy") else f"{noun}s"
    return f"{number or 'no'} {noun if number == 1 else plural}"


def _are(number: int) -> str:
    return f"{number} {'is' if number == 1 else 'are'}"

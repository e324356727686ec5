"""Norms: the rules of the charter, version by version, and the bodies that fall under them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from domain.answers import Finding, Subject
from domain.dates import iso
from domain.findings.evidence import SHOWN, Evidence, Standing
from domain.findings.extents import Days
from domain.questions.facts import least, start
from domain.timelines import Certainty, Spell
from domain.tracks import LIFE

Kind = Literal["person", "body", "post", "election", "decision", "rule"]
"""What a finding may be about."""


@dataclass(frozen=True, slots=True)
class Norm:
    """A rule in one version, over the days on which that version is certainly in force."""

    id: str
    kind: str
    version: int
    days: Days
    adopted: int
    """The first day on which the rule, in whatever version, is certainly in force."""
    scope: Mapping[str, Any]
    exempt: frozenset[str]
    parameters: Mapping[str, Any]

    def finding(
        self,
        evidence: Evidence,
        about: tuple[Kind, str],
        days: Days,
        certainty: Certainty,
        message: str,
        because: Iterable[int],
    ) -> Finding:
        """What these days of a breach are told as: open while they reach the day asked about."""
        return Finding(
            rule=self.id,
            kind=self.kind,
            version=self.version,
            subject=Subject(*about),
            message=message,
            since=iso(days[0]),
            until=iso(days[1]) if days[1] < evidence.end else None,
            certainty=certainty,
            because=tuple(sorted({self.version, *because})),
        )


def norms(evidence: Evidence) -> Iterator[Norm]:
    """Every version of every rule that was certainly in force by the day asked about."""
    for rule in sorted({spell.track.subject for spell in evidence.known.all("rule")}):
        about = evidence.known.about("rule", rule)
        life = evidence.life("rule", rule)
        if life is None:
            continue
        first, after = life.since.latest, min(life.until.earliest, evidence.end)
        stated = [each for each in about if each.track.attribute != LIFE]
        cuts = {each.since.latest for each in stated if first < each.since.latest < after}
        days = sorted({first, after, *cuts}) if first < after else []
        for since, until in pairwise(days):
            norm = _in_force(life, stated, since)
            yield Norm(
                id=rule,
                kind=life.value["kind"],
                version=max((life, *norm.values()), key=start).because[0],
                days=(since, until),
                adopted=first,
                scope=norm["applies_to"].value if "applies_to" in norm else {},
                exempt=frozenset(norm["exempt"].value if "exempt" in norm else ()),
                parameters=norm["parameters"].value if "parameters" in norm else {},
            )


def _in_force(life: Spell, stated: Iterable[Spell], day: int) -> dict[str, Spell]:
    """What a rule certainly says on a day: of each part, the last that is certainly stated."""
    norm: dict[str, Spell] = {}
    for each in sorted(stated, key=start):
        if each.since.latest <= day:
            norm[each.track.attribute] = each
    return norm


def fit(norm: Norm, evidence: Evidence, body: str, standing: Standing) -> Certainty | None:
    """How surely a body falls under a rule as it stands: all of what the scope gives must fit."""
    if body in norm.exempt or norm.scope.get("body", body) != body:
        return None
    if "post" in norm.scope and evidence.body_of(norm.scope["post"]) != body:
        return None
    certainty = standing.certainty
    for name in SHOWN:
        asked = norm.scope.get(name)
        if asked is not None and standing.values.get(name) != asked:
            if standing.doubtful.get(name) != asked:
                return None
            certainty = "possible"
    if "within" in norm.scope:
        return least(certainty, standing.within.get(norm.scope["within"]))
    return certainty


@dataclass(frozen=True, slots=True)
class Covered:
    """A body that falls under a rule over some days, and how surely."""

    body: str
    days: Days
    certainty: Certainty


def covered(norm: Norm, evidence: Evidence) -> Iterator[Covered]:
    """The bodies that fall under a rule, with the days on which they do."""
    for body in _candidates(norm, evidence):
        before: Covered | None = None
        for each in evidence.standings(body):
            since, until = max(each.days[0], norm.days[0]), min(each.days[1], norm.days[1])
            sure = fit(norm, evidence, body, each) if since < until else None
            if sure is None:
                continue
            if before is not None and (before.days[1], before.certainty) == (since, sure):
                before = Covered(body, (before.days[0], until), sure)
                continue
            if before is not None:
                yield before
            before = Covered(body, (since, until), sure)
        if before is not None:
            yield before


def _candidates(norm: Norm, evidence: Evidence) -> Iterable[str]:
    """The bodies that may fall under a rule."""
    if "body" in norm.scope:
        return (norm.scope["body"],)
    if "post" in norm.scope:
        body = evidence.body_of(norm.scope["post"])
        return (body,) if body is not None else ()
    if "classification" in norm.scope:
        return sorted(evidence.bodies_of_sort.get(norm.scope["classification"], ()))
    return evidence.bodies

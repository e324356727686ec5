"""The charter on a day: mandates and rules in force, resolutions and declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from domain.answers import Mandate, Resolution, Rule
from domain.questions.facts import Day, because, cause, least, soonest_end, start
from domain.timelines import Certainty, Spell
from domain.tracks import LIFE


def mandates(day: Day, holder: str | None = None) -> tuple[Mandate, ...]:
    """The mandates held on a day, of one holder or of all, in the order of their ids."""
    ids = day.subjects("mandate") if holder is None else day.known.named_by("mandate", holder)
    found = (mandate(day, each) for each in ids)
    return tuple(each for each in found if each is not None and each.certainty)


def mandate(day: Day, identity: str) -> Mandate | None:
    """One mandate, held on the day or not; None if it was never granted."""
    about = day.known.about("mandate", identity)
    life = next((each for each in about if each.track.attribute == LIFE), None)
    if life is None:
        return None
    confirmed = [
        each
        for each in about
        if each.track.attribute == "confirmed" and each.since.earliest <= day.day
    ]
    last = max(confirmed, key=start, default=None)
    around = holders_lives(day, life.value["holder"])
    until, ended = soonest_end(life, *around)
    return Mandate(
        id=identity,
        holder=life.value["holder"],
        power=life.value["power"],
        over=tuple(life.value.get("over", ())),
        within=life.value.get("within"),
        text=life.value.get("text"),
        confirmed=last.since_text if last is not None else None,
        since=life.since_text,
        until=until,
        certainty=least(life.on(day.day), holder_there(day, life.value["holder"])),
        began=cause(day.known, life.because[0]),
        ended=cause(day.known, ended[0]) if ended else None,
        because=tuple(sorted({*because(life, last), *ended})),
    )


def covers(day: Day, mandate: Mandate, body: str) -> bool:
    """Whether a mandate reaches a body on a day: by its sort, and by where it stands."""
    shown = day.shown(day.of("body", body).get("classification", ()))
    if mandate.over and (shown is None or shown.value not in mandate.over):
        return False
    return mandate.within is None or mandate.within in day.upwards(body)


def applies(day: Day, rule: Rule, body: str | None) -> bool:
    """Whether a rule applies to what is done in a body (None: not stated) on a day."""
    scope = rule.applies_to or {}
    if body is None or body in rule.exempt:
        return body is None and not scope
    stated = {"body": body} | {
        name: shown.value
        for name in ("classification", "permanence")
        if (shown := day.shown(day.of("body", body).get(name, ()))) is not None
    }
    within = scope.get("within")
    return all(
        name not in scope or scope[name] == stated.get(name)
        for name in ("body", "classification", "permanence")
    ) and (within is None or within in day.upwards(body))


def holders_lives(day: Day, holder: str) -> list[Spell]:
    """The lives of the body or post that holds a mandate, a post's body's included."""
    for kind in ("body", "post"):
        for spell in day.known.life(kind, holder):
            body = spell.value.get("body")
            return [spell, *(holders_lives(day, body) if body is not None else ())]
    return []


def holder_there(day: Day, holder: str) -> Certainty | None:
    """How surely the body or post that holds a mandate is there on the day."""
    life = day.life("post", holder)
    if life is None:
        return day.certainty(holder)
    return least(life.on(day.day), day.certainty(life.value["body"]))


def rules(day: Day) -> tuple[Rule, ...]:
    """The rules in force on a day, in the order of their ids."""
    found = (rule(day, each) for each in day.subjects("rule"))
    return tuple(each for each in found if each is not None and each.certainty)


def rule(day: Day, identity: str) -> Rule | None:
    """One rule in its version of the day, in force or not; None if it was never adopted."""
    about = day.known.about("rule", identity)
    life = next((each for each in about if each.track.attribute == LIFE), None)
    if life is None:
        return None
    facts = day.of("rule", identity)
    if life.on(day.day) is None:  # then as it was first, or last
        first, last = life.since.earliest, life.until.earliest - 1
        at = first if day.day < first else max(first, last)
        facts = Day(day.known, at).of("rule", identity)
    shown = {name: day.shown(each) for name, each in facts.items() if name != LIFE}
    norm = [spell for spell in shown.values() if spell is not None]
    latest = max((life, *norm), key=start)
    values: dict[str, Any] = {spell.track.attribute: spell.value for spell in norm}
    ended = life.because[1:]
    return Rule(
        id=identity,
        kind=life.value["kind"],
        applies_to=values.get("applies_to"),
        exempt=tuple(values.get("exempt", ())),
        parameters=values.get("parameters"),
        judged=_judged(life.value["kind"], values.get("parameters") or {}),
        text=values.get("text"),
        since=life.since_text,
        until=life.until_text,
        version=latest.because[0],
        version_since=latest.since_text,
        certainty=life.on(day.day),
        began=cause(day.known, life.because[0]),
        ended=cause(day.known, ended[0]) if ended else None,
        because=tuple(sorted({*life.because, *(spell.because[0] for spell in norm)})),
    )


_ASKED: Final[dict[str, tuple[set[str], ...]]] = {
    "size": ({"least"}, {"most"}),
    "cardinality": ({"least"}, {"most"}),
    "quorum": ({"least"}, {"percent"}),
    "cadence": ({"months"}, {"days"}, {"times", "per"}),
    "term": ({"months"}, {"days"}),
    "composition": ({"head_of"},),
    "mandate": ({"power"}, {"between"}),
    "cap": ({"most"},),
    "voting": ({"voting"},),
    "head": (set(),),
}
"""For each kind that is judged, the parameters of which one set is needed to judge it."""


def _judged(kind: str, parameters: Mapping[str, Any]) -> bool:
    return any(needed <= parameters.keys() for needed in _ASKED.get(kind, ()))


def resolutions(day: Day, kind: str = "resolution") -> tuple[Resolution, ...]:
    """The resolutions (or declarations) that hold on a day, in the order of their ids."""
    found = (resolution(day, each, kind) for each in day.subjects(kind))
    return tuple(each for each in found if each is not None and each.certainty)


def resolution(day: Day, identity: str, kind: str = "resolution") -> Resolution | None:
    """One resolution (or declaration), in force or not; None if it was never adopted."""
    life = next(iter(day.known.about(kind, identity)), None)
    if life is None:
        return None
    ended = life.because[1:]
    return Resolution(
        id=identity,
        name=life.value.get("name"),
        items=tuple(life.value["items"]),
        follows=tuple(life.value["follows"]),
        since=life.since_text,
        until=life.until_text,
        certainty=life.on(day.day),
        began=cause(day.known, life.because[0]),
        ended=cause(day.known, ended[0]) if ended else None,
        because=life.because,
    )

"""People: the posts that they hold, the bodies that they are in, and what else is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeVar

from domain.answers import (
    Affiliation,
    Appeal,
    Attended,
    Candidacy,
    Membership,
    OtherName,
    Person,
    PersonInFull,
    RuleVersion,
    Sanction,
    Tenure,
)
from domain.dates import DAWN
from domain.questions import meetings
from domain.questions.charter import applies, rules
from domain.questions.facts import Day, Known, cause, least, lifetime, soonest_end, start
from domain.questions.structure import approval_of, other_names
from domain.timelines import Certainty, Spell

Held = TypeVar("Held", Tenure, Membership)

AT_ONCE: Final = 100
"""Members of a body found in one go: there may be very many."""


def person(day: Day, identity: str) -> Person | None:
    """A person with what is held on the day, under the id that answers show; None if unknown."""
    shown = day.person(identity)
    if not day.lives(shown):
        return None
    return Person(
        **_told(day, shown),
        tenures=_each_once(_certain(_tenures(day, _on_day(day, "tenure", shown)))),
        memberships=_each_once(_certain(_memberships(day, _on_day(day, "membership", shown)))),
    )


def expect(day: Day, persons: Sequence[str]) -> None:
    """These persons will be told of: find what that takes in a few goes."""
    ids = [each for one in persons for each in day.ids(one)]
    day.expect(*(("person", each) for each in ids))
    for kind in ("tenure", "membership"):
        day.known.expect_naming(kind, ids)
    _expect_held(day, [spell for each in persons for spell in _on_day(day, "tenure", each)])
    _expect_held(day, [spell for each in persons for spell in _on_day(day, "membership", each)])


def person_in_full(day: Day, identity: str) -> PersonInFull | None:
    """A person with everything that is told, what was and what is to come included."""
    shown = day.person(identity)
    if not day.lives(shown):
        return None
    return PersonInFull(
        **_told(day, shown),
        tenures=tuple(tenures(day, shown)),
        memberships=tuple(memberships(day, shown)),
        affiliations=tuple(_affiliations(day, shown)),
        candidacies=tuple(candidacy(day, each) for each in _named(day, "candidacy", shown)),
        sanctions=tuple(_sanctions(day, shown)),
        attended=tuple(_attended(day, shown)),
    )


def _told(day: Day, person: str) -> dict[str, Any]:
    """What an answer says of every person."""
    name = day.name(person)
    died = [each.until_text for each in day.lives(person) if each.until_text is not None]
    return {
        "id": person,
        "ids": day.ids(person),
        "name": name.value if name is not None else None,
        "other_names": tuple(_other_names(day, person)),
        "died": min(died, default=None),
    }


def _other_names(day: Day, person: str) -> Iterator[OtherName]:
    """Other names as stated, and the names of ids that were merged into this one."""
    for each in day.ids(person):
        facts = day.of("person", each)
        if each != person and (name := day.name(each)) is not None:
            yield OtherName(name=name.value, scheme=None, lang=None)
        stated = day.shown(facts.get("other_names", ()))
        if stated is not None:
            yield from other_names(stated.value)


def members(
    day: Day, body: str, *, role: str | None = None, after: str = ""
) -> Iterator[Membership]:
    """Who is in a body on the day, each person once in each role, in the order of `in_role`.

    Only those in this role, if one is given, and only those who come after a key of that order.
    """
    present: dict[str, list[Spell]] = {}
    for attribute, spells in day.of("membership", body).items():
        own, _, written = attribute.partition("/")
        if role in (None, own) and (key := f"{own}/{day.person(written)}") > after:
            present.setdefault(key, []).extend(spells)
    keys = iter(sorted(present))
    while some := list(islice(keys, AT_ONCE)):
        found = [spell for key in some for spell in sorted(present[key], key=start)]
        yield from _each_once(_certain(_memberships(day, found)))


def in_role(membership: Membership) -> str:
    """What members of a body are ordered by: their role, then who they are."""
    return f"{membership.role}/{membership.person}"


def holders(day: Day, post: str) -> tuple[Tenure, ...]:
    """Whoever held, holds or is to hold a post, in the order of their tenures."""
    return tuple(_tenures(day, sorted(day.known.about("tenure", post), key=start)))


def holding(day: Day, body: str) -> tuple[Tenure, ...]:
    """Who holds posts of a body on the day, post by post, each person once in each post."""
    posts = day.known.named_by("post", body)
    day.expect(*((kind, post) for post in posts for kind in ("post", "tenure", "approval")))
    present = (
        sorted((spell for each in day.of("tenure", post).values() for spell in each), key=start)
        for post in posts
    )
    return _each_once(_certain(_tenures(day, [spell for each in present for spell in each])))


def tenures(day: Day, person: str) -> Iterator[Tenure]:
    """A person's posts, whatever the day, in the order of their beginning."""
    return _tenures(day, _named(day, "tenure", person))


def memberships(day: Day, person: str) -> Iterator[Membership]:
    """A person's memberships, whatever the day, in the order of their beginning."""
    return _memberships(day, _named(day, "membership", person))


def _tenures(day: Day, spells: Sequence[Spell]) -> Iterator[Tenure]:
    _expect_held(day, spells)
    return (_tenure(day, each) for each in spells)


def _memberships(day: Day, spells: Sequence[Spell]) -> Iterator[Membership]:
    _expect_held(day, spells)
    return (_membership(day, each) for each in spells)


def _certain(held: Iterable[Held]) -> Iterator[Held]:
    """Those that hold on the day, certainly or possibly."""
    return (each for each in held if each.certainty)


def _on_day(day: Day, kind: str, person: str) -> Sequence[Spell]:
    """The spells that name a person and may hold on the day, in the order of their beginning."""
    return [spell for spell in _named(day, kind, person) if spell.on(day.day)]


def _expect_held(day: Day, spells: Sequence[Spell]) -> None:
    """These tenures or memberships will be told of: find what that takes in a few goes."""
    written = {each.track.attribute.rpartition("/")[2] for each in spells}
    persons = {each for one in written for each in day.ids(day.person(one))}
    tenures = [spell for spell in spells if spell.track.kind == "tenure"]
    day.known.expect(
        [
            *(("person", each, day.day) for each in persons),
            *(("post", each.track.subject, _on(day, each).day) for each in tenures),
            *(("approval", each.track.subject, _at_last(day, each).day) for each in tenures),
        ]
    )
    bodies = [
        (body, _on(day, spell).day) for spell in spells for body in _bodies_of(day.known, spell)
    ]
    day.known.expect(("body", body, when) for body, when in bodies)
    day.known.expect_told({each for spell in spells for each in spell.because})


def _bodies_of(known: Known, spell: Spell) -> list[str]:
    """The body that a tenure or membership is in."""
    kind, subject, _ = spell.track
    if kind == "membership":
        return [subject]
    return [life.value["body"] for life in lifetime(known, "post", subject)]


def _named(day: Day, kind: str, person: str) -> Sequence[Spell]:
    """The spells that name a person by any id, in the order of their beginning."""
    found = [spell for each in day.ids(person) for spell in day.known.naming(kind, each)]
    return sorted(found, key=start)


def _each_once(held: Iterable[Held]) -> tuple[Held, ...]:
    """One of those that say the same of a person, the surest."""
    kept: dict[tuple[str, ...], Held] = {}
    for each in held:
        if isinstance(each, Tenure):
            key: tuple[str, ...] = (each.person, each.post)
        else:
            key = (each.person, each.body, each.role)
        if key not in kept or (kept[key].certainty, each.certainty) == ("possible", "certain"):
            kept[key] = each
    return tuple(kept.values())


def _on(day: Day, spell: Spell) -> Day:
    """The day asked for while a spell holds on it; else the first on which it may hold."""
    if spell.on(day.day):
        return day
    latest = spell.since.latest
    return Day(day.known, latest if spell.on(latest) else max(spell.since.earliest, DAWN + 1))


def _at_last(day: Day, spell: Spell) -> Day:
    """The day asked for, or the last on which a spell that is over by then may have held."""
    if day.day < spell.until.latest:
        return day
    return Day(day.known, max(spell.until.latest - 1, spell.since.earliest))


def _certainty(day: Day, spell: Spell, person: str, body: str, *around: Spell) -> Certainty | None:
    own = least(*(each.on(day.day) for each in (spell, *around)))
    return own and least(own, day.certainty(body), day.alive(person))


def _tenure(day: Day, spell: Spell) -> Tenure:
    _, post, written = spell.track
    person = day.person(written)
    life = lifetime(day.known, "post", post)
    body = life[0].value["body"] if life else ""
    at = _on(day, spell)
    facts, around = at.of("post", post), lifetime(day.known, "body", body)
    values = {
        name: shown.value
        for name in ("label", "voting", "head", "area", "approval")
        if (shown := at.shown(facts.get(name, ()))) is not None
    }
    until, ended = soonest_end(spell, *life, *around, *day.lives(person))
    name = day.name(person)
    approved, approvals = approval_of(_at_last(day, spell), spell, values.get("approval"))
    return Tenure(
        person=person,
        name=name.value if name is not None else None,
        post=post,
        label=values.get("label"),
        body=body,
        body_name=_body_name(at, body),
        voting=values.get("voting"),
        head=values.get("head"),
        area=values.get("area"),
        how=spell.value["how"],
        by=spell.value.get("by"),
        election=spell.value.get("election"),
        since=spell.since_text,
        until=until,
        term_until=spell.value.get("term_until"),
        certainty=_certainty(day, spell, person, body, *life),
        approved=approved,
        began=cause(day.known, spell.because[0]),
        ended=cause(day.known, ended[0]) if ended else None,
        because=tuple(sorted({*spell.because, *ended, *approvals})),
    )


def _membership(day: Day, spell: Spell) -> Membership:
    _, body, attribute = spell.track
    role, _, written = attribute.partition("/")
    person = day.person(written)
    until, ended = soonest_end(spell, *lifetime(day.known, "body", body), *day.lives(person))
    name = day.name(person)
    return Membership(
        person=person,
        name=name.value if name is not None else None,
        body=body,
        body_name=_body_name(_on(day, spell), body),
        role=role,
        voting=spell.value.get("voting"),
        how=spell.value["how"],
        election=spell.value.get("election"),
        since=spell.since_text,
        until=until,
        certainty=_certainty(day, spell, person, body),
        began=cause(day.known, spell.because[0]),
        ended=cause(day.known, ended[0]) if ended else None,
        because=tuple(sorted({*spell.because, *ended})),
    )


def _body_name(day: Day, body: str) -> str | None:
    name = day.shown(day.of("body", body).get("name", ()))
    return name.value if name is not None else None


def _affiliations(day: Day, person: str) -> Iterator[Affiliation]:
    found = [spell for each in day.ids(person) for spell in day.known.about("affiliation", each)]
    for spell in sorted(found, key=start):
        until, ended = soonest_end(spell, *day.lives(person))
        yield Affiliation(
            organisation=spell.track.attribute,
            kind=spell.value.get("kind"),
            since=spell.since_text,
            until=until,
            certainty=least(spell.on(day.day), day.alive(person)),
            because=tuple(sorted({*spell.because, *ended})),
        )


def candidacy(day: Day, spell: Spell) -> Candidacy:
    """A nomination as its spell tells it; it is over when the election is held."""
    person = day.person(spell.track.attribute)
    about = day.known.about("election", spell.track.subject)
    held = next((each for each in about if each.track.attribute == "held"), None)
    over = replace(spell, until=held.since, until_text=held.since_text) if held else spell
    ends = over if over.until < spell.until else spell
    name = day.name(person)
    return Candidacy(
        person=person,
        name=name.value if name is not None else None,
        election=spell.track.subject,
        post=spell.value.get("post"),
        body=spell.value.get("body"),
        role=spell.value.get("role"),
        by=spell.value.get("by"),
        affiliation=spell.value.get("affiliation"),
        since=spell.since_text,
        until=ends.until_text,
        certainty=ends.on(day.day),
        because=spell.because,
    )


def _sanctions(day: Day, person: str) -> Iterator[Sanction]:
    for spell in _named(day, "sanction", person):
        sanction = spell.track.subject
        about = day.known.about("sanction", sanction)
        lodged = sorted(
            (
                each
                for each in about
                if each.track.attribute == "appeal" and each.since.earliest <= day.day
            ),
            key=start,
        )
        outcomes = {
            each.because[0]: each.value for each in about if each.track.attribute == "outcome"
        }
        appeals = tuple(_appeal(day, each, outcomes) for each in lodged)
        pending = appeals[-1].pending if appeals else None
        suspended, rule = _suspended(day, spell, lodged[-1] if lodged else None, pending)
        certainty = least(spell.on(day.day), day.alive(person))
        until, ended = soonest_end(spell, *day.lives(person))
        causes = [each.because for each in (spell, *lodged)]
        yield Sanction(
            id=sanction,
            kind=spell.value["kind"],
            body=spell.value.get("body"),
            since=spell.since_text,
            until=until,
            stated_until=spell.value.get("until"),
            certainty=certainty,
            suspended=suspended if certainty else False,
            appeal=appeals[-1] if appeals else None,
            appeals=appeals,
            rule=rule if certainty else None,
            because=tuple(sorted({*ended, *(each for cause in causes for each in cause)})),
        )


def _appeal(day: Day, lodged: Spell, outcomes: Mapping[int, str]) -> Appeal:
    """An appeal, with its outcome once it is over."""
    pending = lodged.on(day.day)
    decided = [outcomes[each] for each in lodged.because if each in outcomes]
    return Appeal(
        to=lodged.value.get("to"),
        since=lodged.since_text,
        until=lodged.until_text,
        pending=pending,
        suspends=lodged.value.get("suspends"),
        outcome=decided[0] if decided and pending is None else None,
    )


def _suspended(
    day: Day, sanction: Spell, appeal: Spell | None, pending: Certainty | None
) -> tuple[bool | None, RuleVersion | None]:
    """Whether a pending appeal suspends a sanction: it says so itself, or the rule in force does.

    The rule is the one in force on the day on which the appeal was lodged, for the body in which
    the sanction takes effect.
    """
    if appeal is None or pending is None or not sanction.on(day.day):
        return False, None
    if "suspends" in appeal.value:
        return bool(appeal.value["suspends"]), None
    lodged = Day(day.known, appeal.since.latest)
    for rule in rules(lodged):
        suspends = (rule.parameters or {}).get("suspends")
        reaches = applies(lodged, rule, sanction.value.get("body"))
        if rule.kind == "appeal" and suspends is not None and reaches:
            return suspends, RuleVersion(rule.id, rule.version)
    return None, None


def _attended(day: Day, person: str) -> Iterator[Attended]:
    for spell in _named(day, "attendance", person):
        yield Attended(
            meeting=spell.track.subject,
            name=meetings.name(day, spell.track.subject),
            role=spell.value.get("role"),
            post=spell.value.get("post"),
            manner=spell.value.get("manner", "present"),
            date=spell.since_text,
            because=spell.because[:1],
        )

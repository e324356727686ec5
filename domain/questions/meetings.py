"""Meetings on a day: announced, in session, closed; their parts, their series, who attended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from domain.answers import (
    Attendance,
    Days,
    Meeting,
    Participant,
    Plan,
    Previous,
    Sitting,
)
from domain.dates import DAWN, NEVER
from domain.questions.facts import Day, because, cause, start
from domain.questions.structure import other_names
from domain.timelines import Certainty, Spell
from domain.tracks import LIFE

Status = Literal["announced", "cancelled", "in_session", "closed"]


def meetings(day: Day) -> tuple[Meeting, ...]:
    """Every meeting of which something is known by a day, in the order of their ids."""
    found = (meeting(day, each) for each in day.subjects("meeting"))
    return tuple(each for each in found if each is not None and each.status is not None)


def meeting(day: Day, identity: str) -> Meeting | None:
    """One meeting as it is on a day; None if the ledger does not know it."""
    about = day.known.about("meeting", identity)
    life, announced = _first(about, LIFE), _first(about, "announced")
    if life is None and announced is None:
        return None
    told = _told(life, announced)
    plans = [each for each in about if each.track.attribute == "plan"]
    plan = day.shown([each for each in plans if each.on(day.day)])
    session = life.on(day.day) if life is not None else None
    parts = sorted(_sittings(day, identity), key=lambda each: (each.opened or "", each.id))
    held = [each for each in parts if each.opened is not None]
    ended = life if life is not None else announced
    return Meeting(
        id=identity,
        name=told.get("name"),
        other_names=other_names(told.get("other_names", ())),
        kind=told.get("kind"),
        ordinal=told.get("ordinal"),
        body=told.get("body"),
        within=told.get("within"),
        beside=told.get("beside"),
        status=_status(day.day, life, announced),
        planned=Plan(plan.value.get("opens"), plan.value.get("closes")) if plan else None,
        opened=life.since_text if life is not None else None,
        closed=life.until_text if life is not None else None,
        session=session,
        sitting=_surest([each.session for each in held]) if held else session,
        sittings=tuple(parts),
        attendance=_attendance(day, identity),
        previous=_previous(day, identity, told, life),
        announced=cause(day.known, announced.because[0]) if announced is not None else None,
        convened=cause(day.known, life.because[0]) if life is not None else None,
        ended=cause(day.known, ended.because[-1]) if ended and ended.until_text else None,
        because=because(life, announced, plan),
    )


def name(day: Day, identity: str) -> str | None:
    """What a meeting is called, as far as the ledger knows it, whatever the day."""
    about = day.known.about("meeting", identity)
    return _told(_first(about, LIFE), _first(about, "announced")).get("name")


def _first(about: Sequence[Spell], attribute: str) -> Spell | None:
    return next((each for each in about if each.track.attribute == attribute), None)


def _told(life: Spell | None, announced: Spell | None) -> Mapping[str, Any]:
    """What a meeting is: as it was announced, and then as it was convened."""
    first = announced.value if announced is not None else {}
    return {**first, **(life.value if life is not None else {})}


def _status(day: int, life: Spell | None, announced: Spell | None) -> Status | None:
    if life is not None and life.since.earliest <= day:
        return "in_session" if life.on(day) else "closed"
    if announced is None or day < announced.since.earliest:
        return None
    return "announced" if announced.on(day) else "cancelled"


def _sittings(day: Day, whole: str) -> Iterator[Sitting]:
    for identity in sorted({each.track.subject for each in day.known.naming("meeting", whole)}):
        about = day.known.about("meeting", identity)
        life, announced = _first(about, LIFE), _first(about, "announced")
        told = _told(life, announced)
        if told.get("within") == whole:
            yield Sitting(
                id=identity,
                name=told.get("name"),
                opened=life.since_text if life is not None else None,
                closed=life.until_text if life is not None else None,
                session=life.on(day.day) if life is not None else None,
            )


def _surest(certainties: Sequence[Certainty | None]) -> Certainty | None:
    if "certain" in certainties:
        return "certain"
    return "possible" if "possible" in certainties else None


def _attendance(day: Day, meeting: str) -> Attendance:
    stated = _newest(day, day.known.about("meeting", meeting), "attended")
    attendees: dict[str, Participant] = {}
    for spell in sorted(day.known.about("attendance", meeting), key=start):
        if spell.since.earliest > day.day:
            continue
        person = day.person(spell.track.attribute)
        name = day.name(person)
        attendees[person] = Participant(
            person=person,
            name=name.value if name is not None else None,
            role=spell.value.get("role"),
            post=spell.value.get("post"),
            manner=spell.value.get("manner", "present"),
            because=spell.because[:1],
        )
    return Attendance(
        count=stated.value["count"] if stated is not None else None,
        eligible=stated.value.get("eligible") if stated is not None else None,
        attendees=tuple(attendees[each] for each in sorted(attendees)),
    )


def _newest(day: Day, about: Sequence[Spell], attribute: str) -> Spell | None:
    return day.shown([x for x in about if x.track.attribute == attribute and x.on(day.day)])


def _previous(
    day: Day, identity: str, told: Mapping[str, Any], life: Spell | None
) -> Previous | None:
    """The meeting of the same body, kind and whole with the next smaller number."""
    if "ordinal" not in told:
        return None
    series = ("body", "kind", "within")
    before: tuple[int, str, Spell | None] | None = None
    for other in day.subjects("meeting"):
        if other == identity:
            continue
        about = day.known.about("meeting", other)
        held = _first(about, LIFE)
        its = _told(held, _first(about, "announced"))
        number = its.get("ordinal")
        if number is None or any(its.get(name) != told.get(name) for name in series):
            continue
        if number < told["ordinal"] and (before is None or number > before[0]):
            before = (number, other, held)
    if before is None:
        return None
    number, other, held = before
    return Previous(
        id=other,
        ordinal=number,
        opened=held.since_text if held is not None else None,
        closed=held.until_text if held is not None else None,
        days=_between(held, life),
    )


def _between(one: Spell | None, other: Spell | None) -> Days:
    """The days from the opening of one meeting to that of another."""
    if one is None or other is None:
        return Days(None, None)
    least = (
        other.since.earliest - one.since.latest
        if one.since.latest < NEVER and other.since.earliest > DAWN
        else None
    )
    most = (
        other.since.latest - one.since.earliest
        if other.since.latest < NEVER and one.since.earliest > DAWN
        else None
    )
    return Days(least, most)

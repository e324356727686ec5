"""Authority: the chain of decisions, mandates and meetings on which something rests."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from domain.amendments import positions
from domain.answers import Link
from domain.dates import window
from domain.decisions import DecisionTaken
from domain.questions.charter import mandate
from domain.questions.facts import Day, lifetime, start
from domain.questions.meetings import meeting
from domain.shape import to_json
from domain.timelines import Spell

Via = Literal[
    "established",
    "held",
    "membership",
    "nomination",
    "authority",
    "meeting",
    "taken_by",
    "elected",
]


class _Step(NamedTuple):
    """An entry on the way, and how the way led there."""

    position: int
    via: Via
    of: str


def of_body(day: Day, body: str) -> tuple[Link, ...]:
    """The chain under which a body exists, from the decision that established it."""
    return tuple(_chain(day, _established(day, body, "established")))


def of_tenure(day: Day, person: str, post: str) -> tuple[Link, ...]:
    """The chain under which a person holds a post on the day; none if the person does not."""
    held = [spell for spell in _named(day, "tenure", person) if spell.track.subject == post]
    return tuple(_chain(day, _begun(day, person, held, "held")))


def of_membership(day: Day, person: str, body: str, role: str) -> tuple[Link, ...]:
    """The chain under which a person is in a body in a role on the day."""
    held = [
        spell
        for spell in _named(day, "membership", person)
        if spell.track.subject == body and spell.track.attribute.partition("/")[0] == role
    ]
    return tuple(_chain(day, _begun(day, person, held, "membership")))


def _named(day: Day, kind: str, person: str) -> Iterator[Spell]:
    for each in day.ids(day.person(person)):
        yield from (spell for spell in day.known.naming(kind, each) if spell.on(day.day))


def _begun(day: Day, person: str, held: Iterable[Spell], via: Via) -> Iterator[_Step]:
    """What began these, and the nominations in the elections on which they rest."""
    for spell in held:
        yield _Step(spell.because[0], via, spell.track.subject)
        election = spell.value.get("election")
        for each in day.ids(day.person(person)):
            for candidacy in day.known.naming("candidacy", each):
                if candidacy.track.subject == election:
                    yield _Step(candidacy.because[0], "nomination", election)


def _established(day: Day, body: str, via: Via) -> Iterator[_Step]:
    for life in lifetime(day.known, "body", body):
        yield _Step(life.because[0], via, body)


def _chain(day: Day, begin: Iterable[_Step]) -> Iterator[Link]:
    """Breadth first from some entries to what their decisions rest on, each decision once."""
    waiting, seen = deque(begin), set()
    while waiting:
        step = waiting.popleft()
        entry, taken = day.known.told(step.position)
        if entry.decision in seen:
            continue
        seen.add(entry.decision)
        yield Link(
            decision=entry.decision,
            title=to_json(taken.title),
            taken_by=taken.taken_by,
            meeting=taken.meeting,
            date=taken.date,
            authority=taken.authority,
            via=step.via,
            of=step.of,
            because=(
                entry.position - entry.number,
                entry.position,
                *positions(day.known.amendments(entry.decision)),
            ),
        )
        waiting.extend(_behind(day, taken))


def _electing(day: Day, taken: DecisionTaken) -> Iterator[_Step]:
    """The elections by which the body that decided had its members on that day."""
    if taken.date is None or taken.taken_by is None:
        return
    decided = window(taken.date).latest
    for spell in sorted(day.known.about("membership", taken.taken_by), key=start):
        if "election" in spell.value and spell.on(decided):
            yield _Step(spell.because[0], "elected", spell.value["election"])


def _behind(day: Day, taken: DecisionTaken) -> Iterator[_Step]:
    """What a decision rests on: its mandate, its meeting, the body that took it."""
    granted = mandate(day, taken.authority) if taken.authority else None
    if granted is not None:
        yield _Step(granted.began.position, "authority", granted.id)
    held = meeting(day, taken.meeting) if taken.meeting else None
    opened = (held.convened or held.announced) if held is not None else None
    if held is not None and opened is not None:
        yield _Step(opened.position, "meeting", held.id)
    if taken.taken_by is not None:
        yield from _established(day, taken.taken_by, "taken_by")
        yield from _electing(day, taken)

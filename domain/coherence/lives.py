"""Lives: nothing happens in what is not there: a body, a post, a meeting, a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from domain import acts as a
from domain.amendments import Amendment, amended, given
from domain.coherence.breach import Breach
from domain.dates import Window, window
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.fields import Kind
from domain.moments import Does, Moment
from domain.register import Register
from domain.tracks import LIFE, Track, established_by

Around = Iterator[tuple[Kind, str]]
"""Subjects that must be there when something happens."""


def in_life(
    register: Register, entry: Entry, amendments: Sequence[Amendment] = ()
) -> Iterator[Breach]:
    """Nothing that an entry tells happens before what it happens in exists, or after it is gone.

    An envelope is judged as amended.
    """
    for moment in entry.moments:
        # An appeal may lift the sanction on the very day on which it is lodged.
        appeals = moment.track.kind == "sanction" and moment.track.attribute == "appeal"
        ends = moment.does is Does.ENDS or appeals
        for kind, subject in _AROUND.get(moment.track.kind, _nothing)(register, moment):
            yield from _inside(register, moment.window, ends, kind, subject, entry.position)
    act = entry.act
    if isinstance(act, a.MeetingAttended):
        yield from _convened(register, act.meeting, entry.position, "/meeting")
    if isinstance(act, DecisionTaken):
        yield from _decided(register, entry, act, amendments)
    if isinstance(act, a.DecisionAmended):
        for each in register.standing(*established_by("decision", act.decision)):
            if isinstance(each.act, DecisionTaken) and each.decision == act.decision:
                yield from _decided(register, each, each.act, amendments)
    if isinstance(act, a.ElectionHeld):
        voted = window(act.closed or act.effective)
        yield from _there(register, voted, act.body, entry.position, "/body")
        yield from _sits(register, voted, act.meeting, entry.position)


def _decided(
    register: Register, entry: Entry, taken: DecisionTaken, amendments: Sequence[Amendment]
) -> Iterator[Breach]:
    """Who decides is there on that day, and the meeting at which it is decided sits."""
    now = amended(taken, amendments)
    if now.date is None:
        return
    told = {name: each.position for each in amendments for name in given(each.act)}
    when = window(now.date)
    by, at = told.get("taken_by", entry.position), told.get("meeting", entry.position)
    yield from _there(register, when, now.taken_by, by, "/taken_by")
    yield from _sits(register, when, now.meeting, at)


def _there(
    register: Register, when: Window, body: str | None, position: int, pointer: str
) -> Iterator[Breach]:
    """Who decides or elects is there on that day."""
    if body is not None:
        yield from _inside(register, when, False, "body", body, position, pointer)


def _sits(register: Register, when: Window, meeting: str | None, position: int) -> Iterator[Breach]:
    """The meeting at which it is done sits on that day."""
    if meeting is not None:
        yield from _convened(register, meeting, position, "/meeting")
        yield from _inside(register, when, False, "meeting", meeting, position, "/meeting")


def _convened(register: Register, meeting: str, position: int, pointer: str) -> Iterator[Breach]:
    """Nobody attends, elects or decides at what was only announced."""
    if register.life("meeting", meeting) is None:
        message = f"meeting {meeting} has not been convened"
        yield Breach("outside_life", message, (position,), pointer)


def body_of(register: Register, post: str) -> Around:
    """The body that a post is in."""
    life = register.life("post", post)
    if life is not None:
        yield "body", life.value["body"]


def _nothing(register: Register, moment: Moment) -> Around:
    yield from ()


def _around_body(register: Register, moment: Moment) -> Around:
    if moment.track.attribute != LIFE:
        yield "body", moment.track.subject
    if moment.track.attribute == "within" and moment.value is not None:
        yield "body", moment.value


def _around_person(register: Register, moment: Moment) -> Around:
    if moment.track.attribute != LIFE:
        yield "person", moment.track.subject


def _around_post(register: Register, moment: Moment) -> Around:
    if moment.track.attribute != LIFE:
        yield "post", moment.track.subject
    yield from body_of(register, moment.track.subject)


def _around_tenure(register: Register, moment: Moment) -> Around:
    yield "post", moment.track.subject
    yield from body_of(register, moment.track.subject)
    yield "person", moment.track.attribute.partition("/")[0]


def _around_membership(register: Register, moment: Moment) -> Around:
    yield "body", moment.track.subject
    yield "person", moment.track.attribute.partition("/")[2]


def _around_line(register: Register, moment: Moment) -> Around:
    yield from _body_or_post(register, moment.track.subject.partition(":")[2])
    yield "body", moment.track.attribute.partition("/")[2]


def _around_meeting(register: Register, moment: Moment) -> Around:
    """A meeting is of a body that is there, and a part of it lies within the whole."""
    if moment.track.attribute == "attended":
        yield "meeting", moment.track.subject
    if moment.track.attribute == LIFE:
        body = stated(register, moment.track.subject, "body")
        if body is not None:
            yield "body", body[0]
        whole = stated(register, moment.track.subject, "within")
        if whole is not None:
            yield "meeting", whole[0]


def stated(register: Register, meeting: str, field: str) -> tuple[str, int] | None:
    """What a meeting's opening states, or else its announcement, and the entry that does."""
    for attribute in (LIFE, "announced"):
        for spell in register.timeline(Track("meeting", meeting, attribute)).spells:
            if field in spell.value:
                return spell.value[field], spell.because[0]
    return None


def _around_attendance(register: Register, moment: Moment) -> Around:
    yield "meeting", moment.track.subject
    yield "person", moment.track.attribute


def _around_affiliation(register: Register, moment: Moment) -> Around:
    yield "person", moment.track.subject


def _around_candidacy(register: Register, moment: Moment) -> Around:
    yield "person", moment.track.attribute


def _around_sanction(register: Register, moment: Moment) -> Around:
    if moment.does is not Does.BEGINS:
        return
    if moment.track.attribute == LIFE:
        yield "person", moment.value["person"]
    else:
        yield "sanction", moment.track.subject


def _around_mandate(register: Register, moment: Moment) -> Around:
    if moment.track.attribute != LIFE:
        yield "mandate", moment.track.subject
    life = register.life("mandate", moment.track.subject)
    if life is not None:
        yield from _body_or_post(register, life.value["holder"])


def _around_rule(register: Register, moment: Moment) -> Around:
    if moment.track.attribute != LIFE:
        yield "rule", moment.track.subject


def _body_or_post(register: Register, subject: str) -> Around:
    """A body, or a post with its body: they share their ids."""
    if register.life("post", subject) is not None:
        yield "post", subject
        yield from body_of(register, subject)
    else:
        yield "body", subject


_AROUND: Final[dict[str, Callable[[Register, Moment], Around]]] = {
    "person": _around_person,
    "body": _around_body,
    "post": _around_post,
    "tenure": _around_tenure,
    "approval": _around_tenure,
    "membership": _around_membership,
    "line": _around_line,
    "meeting": _around_meeting,
    "attendance": _around_attendance,
    "affiliation": _around_affiliation,
    "candidacy": _around_candidacy,
    "sanction": _around_sanction,
    "mandate": _around_mandate,
    "rule": _around_rule,
}
"""For each kind of track, what its moments must happen within the life of."""


def _inside(
    register: Register,
    when: Window,
    ending: bool,
    kind: Kind,
    subject: str,
    position: int,
    pointer: str = "",
) -> Iterator[Breach]:
    """A window is outside a life only if all of it is; an ending may fall on the last day.

    A person who is dead under one id is dead under all that were merged.
    """
    own = register.life(kind, subject)
    if own is None or own.because[0] == position:
        return
    for each in sorted(register.ids(subject)) if kind == "person" else (subject,):
        life = own if each == subject else register.life(kind, each)
        if life is None:
            continue
        gone = life.until.latest
        if when.latest < life.since.earliest:
            how = f"before {kind} {each} exists"
        elif when.earliest > gone or (when.earliest == gone and not ending):
            how = f"after {kind} {each} is gone"
        else:
            continue
        yield Breach("outside_life", f"this happens {how}", (position, *life.because), pointer)

"""An act is a set of moments on tracks.

A track is one attribute of one subject: a body's name, a person's hold on a post. A moment sets it
to a value or ends it, somewhere in a window of days. Tags, rules, the fold and the projections'
rows all derive from these two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import singledispatch
from typing import Any, NamedTuple

from domain import acts as a
from domain.dates import ALWAYS, Window, window
from domain.shape import to_json
from domain.tracks import ACTIVIST, LIFE, Track

Json = Any


class Does(StrEnum):
    """What a moment does to its track."""

    BEGINS = "begins"
    SETS = "sets"
    ENDS = "ends"
    ATTESTS = "attests"


@dataclass(frozen=True, slots=True)
class Moment:
    """One change of one track.

    `BEGINS` starts what must be ended before it can start again, `SETS` replaces the value before,
    `ATTESTS` says that it holds on that day. What begins on the `ground` of an election ends with
    that election's annulment.
    """

    track: Track
    does: Does
    window: Window
    text: str | None
    value: Json
    position: int
    ground: str | None = None


def moments(act: object, position: int) -> Iterator[Moment]:
    """The moments that an act recorded at a position brings about.

    There are none for what is not an act on the structure.
    """
    if isinstance(act, a.StructureAct):
        when = window(act.effective)
        for change in _changes(act):
            yield Moment(
                track=change.track,
                does=change.does,
                window=change.window or when,
                text=change.text or act.effective,
                value=change.value,
                position=position,
                ground=change.ground,
            )


class _Change(NamedTuple):
    """A moment but for what its entry says; window and text where the act's day is not meant."""

    track: Track
    does: Does
    value: Json = None
    ground: str | None = None
    window: Window | None = None
    text: str | None = None


@singledispatch
def _changes(act: a.StructureAct) -> Iterable[_Change]:
    raise NotImplementedError(f"what {act.type} changes is not written")


# Persons


@_changes.register
def _(act: a.PersonRegistered) -> Iterator[_Change]:
    person = _given(act.person)
    yield _Change(Track("person", person, LIFE), Does.BEGINS, {}, window=ALWAYS)
    for change in _set("person", person, name=act.name):
        yield change._replace(window=ALWAYS)  # until a name is dated, this one will do
        yield change
    yield from _set("person", person, other_names=act.other_names or None)


@_changes.register
def _(act: a.PersonRenamed) -> Iterable[_Change]:
    return _set("person", act.person, name=act.name)


@_changes.register
def _(act: a.PersonDied) -> Iterable[_Change]:
    return [_ended(Track("person", act.person, LIFE))]


# Bodies and lines


@_changes.register
def _(act: a.BodyEstablished) -> Iterator[_Change]:
    body = _given(act.body)
    yield _begun(Track("body", body, LIFE), formed_from=to_json(act.formed_from))
    yield _placed(body, act.within)
    yield from _set(
        "body",
        body,
        name=act.name,
        other_names=act.other_names or None,
        classification=act.classification,
        permanence=act.permanence,
        area=act.area,
        purpose=act.purpose,
    )


@_changes.register
def _(act: a.BodyRenamed) -> Iterable[_Change]:
    return _set("body", act.body, name=act.name)


@_changes.register
def _(act: a.BodyMoved) -> Iterable[_Change]:
    return [_placed(act.body, act.within)]


@_changes.register
def _(act: a.BodyChanged) -> Iterable[_Change]:
    return _set(
        "body",
        act.body,
        classification=act.classification,
        permanence=act.permanence,
        area=act.area,
        purpose=act.purpose,
    )


@_changes.register
def _(act: a.BodyDissolved) -> Iterable[_Change]:
    return [_ended(Track("body", act.body, LIFE))]


@_changes.register
def _(act: a.LineDrawn) -> Iterable[_Change]:
    return [_begun(_line(act))]


@_changes.register
def _(act: a.LineEnded) -> Iterable[_Change]:
    return [_ended(_line(act))]


# Posts


@_changes.register
def _(act: a.PostCreated) -> Iterator[_Change]:
    post = _given(act.post)
    yield _begun(Track("post", post, LIFE), body=act.body)
    yield from _set("post", post, label=act.label)
    yield from _post_set(post, act)


@_changes.register
def _(act: a.PostChanged) -> Iterable[_Change]:
    return _post_set(act.post, act)


@_changes.register
def _(act: a.PostRenamed) -> Iterable[_Change]:
    return _set("post", act.post, label=act.label)


@_changes.register
def _(act: a.PostAbolished) -> Iterable[_Change]:
    return [_ended(Track("post", act.post, LIFE))]


def _post_set(post: str, act: a.PostCreated | a.PostChanged) -> Iterator[_Change]:
    return _set(
        "post",
        post,
        seats=act.seats,
        voting=act.voting,
        powers=act.powers,
        area=act.area,
        head=act.head,
        approval=act.approval,
    )


# Elections, appointments, tenures


@_changes.register
def _(act: a.ElectionHeld) -> Iterator[_Change]:
    """The election itself, and a tenure or membership for everyone elected and seated."""
    election = _given(act.election)
    voted = act.closed or act.effective
    for attribute, does in ((LIFE, Does.BEGINS), ("held", Does.SETS)):
        track = Track("election", election, attribute)
        yield _Change(track, does, {}, window=window(voted), text=voted)
    for contest in act.contests:
        absent = {each.person for each in contest.not_seated}
        for person in contest.elected:
            if person not in absent:
                change = _begun(
                    _won(contest, person),
                    how="elected",
                    election=election,
                    term_until=contest.until,
                )
                yield change._replace(ground=election)


def _won(contest: a.Contest, person: str) -> Track:
    if contest.post is not None:
        return Track("tenure", contest.post, person)
    return Track("membership", _given(contest.body), f"{contest.role}/{person}")


@_changes.register
def _(act: a.ElectionAnnulled) -> Iterator[_Change]:
    yield _ended(Track("election", act.election, LIFE))
    yield _Change(Track("election", act.election, "annulled"), Does.SETS, {})


@_changes.register
def _(act: a.AppointmentMade) -> Iterable[_Change]:
    tenure = Track("tenure", act.post, act.person)
    return [_begun(tenure, how="appointed", by=act.by, term_until=act.until)]


@_changes.register
def _(act: a.AppointmentApproved) -> Iterable[_Change]:
    track = Track("approval", act.post, f"{act.person}/{act.by or ''}")
    return [_begun(track, by=act.by)._replace(does=Does.SETS)]


@_changes.register
def _(act: a.TenureStarted) -> Iterable[_Change]:
    return [_begun(Track("tenure", act.post, act.person), how="stated")]


@_changes.register
def _(act: a.TenureEnded) -> Iterable[_Change]:
    return [_ended(Track("tenure", act.post, act.person))]


@_changes.register
def _(act: a.TenureAttested) -> Iterable[_Change]:
    tenure = Track("tenure", act.post, act.person)
    return [_begun(tenure, how="attested")._replace(does=Does.ATTESTS)]


# Activists and other members


@_changes.register
def _(act: a.ActivistAdmitted) -> Iterable[_Change]:
    return [_begun(_member(act.body, ACTIVIST, act.person), how="admitted")]


@_changes.register
def _(act: a.ActivistAssigned) -> Iterable[_Change]:
    track = _member(act.body, ACTIVIST, act.person)
    return [_begun(track, how="assigned", from_body=act.from_body)]


@_changes.register
def _(act: a.ActivistTransferred) -> Iterator[_Change]:
    track = _member(act.body, ACTIVIST, act.person)
    yield _ended(_member(act.from_body, ACTIVIST, act.person))
    yield _begun(track, how="transferred", from_body=act.from_body)


@_changes.register(a.ActivistExcluded)
@_changes.register(a.ActivistLeft)
def _(act: a.ActivistExcluded | a.ActivistLeft) -> Iterable[_Change]:
    return [_ended(_member(act.body, ACTIVIST, act.person))]


@_changes.register
def _(act: a.MembershipStarted) -> Iterable[_Change]:
    return [_begun(_member(act.body, act.role, act.person), how="stated", voting=act.voting)]


@_changes.register
def _(act: a.MembershipEnded) -> Iterable[_Change]:
    return [_ended(_member(act.body, act.role, act.person))]


def _begun(track: Track, **stated: Json) -> _Change:
    """What begins, with as much of it as is stated."""
    value = {name: member for name, member in stated.items() if member is not None}
    return _Change(track, Does.BEGINS, value)


def _ended(track: Track) -> _Change:
    return _Change(track, Does.ENDS)


def _set(kind: str, subject: str, **values: Any) -> Iterator[_Change]:
    for attribute, value in values.items():
        if value is not None:
            yield _Change(Track(kind, subject, attribute), Does.SETS, to_json(value))


def _placed(body: str, within: str | None) -> _Change:
    return _Change(Track("body", body, "within"), Does.SETS, within)


def _member(body: str, role: str, person: str) -> Track:
    return Track("membership", body, f"{role}/{person}")


def _line(act: a.LineDrawn | a.LineEnded) -> Track:
    origin = f"body:{act.body}" if act.body else f"post:{act.post}"
    return Track("line", origin, f"{act.kind}/{act.to}")


def _given(subject: str | None) -> str:
    """An id that recording has filled in where the client left it out."""
    if subject is None:
        raise ValueError("an act is without the id that recording gives it")
    return subject

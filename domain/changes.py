"""What each act changes: the moments that it brings about on tracks, act by act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any, NamedTuple

from domain import acts as a
from domain.dates import ALWAYS, DAWN, NEVER, Window, window
from domain.moments import Does, Moment
from domain.shape import to_json
from domain.tracks import ACTIVIST, LIFE, Track

Json = Any


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
    for change in _named("person", person, act):
        yield change._replace(window=ALWAYS)  # until a name is dated, this one will do
        yield change


@_changes.register
def _(act: a.PersonRenamed) -> Iterable[_Change]:
    return _named("person", act.person, act)


@_changes.register
def _(act: a.PersonDied) -> Iterable[_Change]:
    return [_ended(Track("person", act.person, LIFE))]


@_changes.register
def _(act: a.PersonMerged) -> Iterable[_Change]:
    return [_begun(Track("identity", act.person, act.into))._replace(window=ALWAYS)]


@_changes.register
def _(act: a.PersonSeparated) -> Iterable[_Change]:
    return [_ended(Track("identity", act.person, act.into))._replace(window=ALWAYS)]


# Bodies and lines


@_changes.register
def _(act: a.BodyEstablished) -> Iterator[_Change]:
    body = _given(act.body)
    yield _begun(Track("body", body, LIFE), formed_from=to_json(act.formed_from))
    yield _placed(body, act.within)
    yield from _named("body", body, act)
    yield from _set(
        "body",
        body,
        classification=act.classification,
        permanence=act.permanence,
        area=act.area,
        purpose=act.purpose,
    )


@_changes.register
def _(act: a.BodyRenamed) -> Iterable[_Change]:
    return _named("body", act.body, act)


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
def _(act: a.ElectionCalled) -> Iterable[_Change]:
    track = Track("election", _given(act.election), "called")
    called = _stated(body=act.body, meeting=act.meeting, method=act.method)
    return [_Change(track, Does.SETS, called), _planned("election", track.subject, act)]


@_changes.register
def _(act: a.ElectionRescheduled) -> Iterable[_Change]:
    return [_planned("election", act.election, act)]


@_changes.register
def _(act: a.CandidateNominated) -> Iterable[_Change]:
    track = Track("candidacy", act.election, act.person)
    return [
        _begun(
            track,
            post=act.post,
            body=act.body,
            role=act.role,
            by=act.by,
            affiliation=act.affiliation,
        )
    ]


@_changes.register
def _(act: a.CandidateWithdrawn) -> Iterable[_Change]:
    return [_ended(Track("candidacy", act.election, act.person))]


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


@_changes.register
def _(act: a.MembershipAttested) -> Iterable[_Change]:
    attested = _begun(_member(act.body, act.role, act.person), how="attested", voting=act.voting)
    return [attested._replace(does=Does.ATTESTS)]


@_changes.register
def _(act: a.AffiliationStarted) -> Iterable[_Change]:
    return [_begun(Track("affiliation", act.person, act.organisation), kind=act.kind)]


@_changes.register
def _(act: a.AffiliationEnded) -> Iterable[_Change]:
    return [_ended(Track("affiliation", act.person, act.organisation))]


# Meetings


@_changes.register
def _(act: a.MeetingScheduled) -> Iterator[_Change]:
    meeting = _given(act.meeting)
    yield _begun(Track("meeting", meeting, "announced"), **_meeting(act))
    yield _planned("meeting", meeting, act)


@_changes.register
def _(act: a.MeetingRescheduled) -> Iterable[_Change]:
    return [_planned("meeting", act.meeting, act)]


@_changes.register
def _(act: a.MeetingCancelled) -> Iterable[_Change]:
    return [_ended(Track("meeting", act.meeting, "announced"))]


@_changes.register
def _(act: a.MeetingConvened) -> Iterator[_Change]:
    meeting = _given(act.meeting)
    opens = act.opens or act.effective
    opened = _begun(Track("meeting", meeting, LIFE), **_meeting(act))
    yield opened._replace(window=window(opens), text=opens)
    if act.closes is not None:
        yield _closed(meeting, act.closes)


@_changes.register
def _(act: a.MeetingAttended) -> Iterator[_Change]:
    for each in act.attendees:
        track = Track("attendance", act.meeting, each.person)
        value = _stated(role=each.role, post=each.post, manner=each.manner)
        yield _Change(track, Does.SETS, value)
    if act.count is not None:
        track = Track("meeting", act.meeting, "attended")
        yield _Change(track, Does.SETS, _stated(count=act.count, eligible=act.eligible))


@_changes.register
def _(act: a.MeetingClosed) -> Iterable[_Change]:
    return [_closed(act.meeting, act.effective)]


def _meeting(act: a.MeetingScheduled | a.MeetingConvened) -> dict[str, Json]:
    return {
        "name": act.name,
        "other_names": to_json(act.other_names) or None,
        "body": act.body,
        "kind": act.kind,
        "ordinal": act.ordinal,
        "within": act.within,
        "beside": act.beside,
    }


def _planned(
    kind: str,
    subject: str,
    act: a.MeetingScheduled | a.MeetingRescheduled | a.ElectionCalled | a.ElectionRescheduled,
) -> _Change:
    plan = _stated(opens=act.opens, closes=act.closes)
    return _Change(Track(kind, subject, "plan"), Does.SETS, plan)


def _closed(meeting: str, last: str) -> _Change:
    """A meeting still sits on its last day, so that it has ended on the day after."""
    earliest, latest = window(last)
    after = Window(earliest + 1 if earliest > DAWN else earliest, min(latest + 1, NEVER))
    return _ended(Track("meeting", meeting, LIFE))._replace(window=after, text=last)


# Resolutions and declarations


@_changes.register
def _(act: a.ResolutionAdopted) -> Iterable[_Change]:
    return [_begun(Track("resolution", _given(act.resolution), LIFE), **_items(act))]


@_changes.register
def _(act: a.ResolutionRepealed) -> Iterable[_Change]:
    return [_ended(Track("resolution", act.resolution, LIFE))]


@_changes.register
def _(act: a.DeclarationMade) -> Iterable[_Change]:
    return [_begun(Track("declaration", _given(act.declaration), LIFE), **_items(act))]


def _items(act: a.ResolutionAdopted | a.DeclarationMade) -> dict[str, Json]:
    return {"name": act.name, "items": to_json(act.items), "follows": to_json(act.follows)}


# The charter


@_changes.register
def _(act: a.MandateGranted) -> Iterable[_Change]:
    return [
        _begun(
            Track("mandate", _given(act.mandate), LIFE),
            holder=act.holder,
            power=act.power,
            over=to_json(act.over),
            within=act.within,
            text=to_json(act.text),
        )
    ]


@_changes.register
def _(act: a.MandateConfirmed) -> Iterable[_Change]:
    return [_Change(Track("mandate", act.mandate, "confirmed"), Does.SETS, {})]


@_changes.register
def _(act: a.MandateRevoked) -> Iterable[_Change]:
    return [_ended(Track("mandate", act.mandate, LIFE))]


@_changes.register
def _(act: a.RuleAdopted) -> Iterator[_Change]:
    rule = _given(act.rule)
    yield _begun(Track("rule", rule, LIFE), kind=act.kind)
    yield from _norm(rule, act)


@_changes.register
def _(act: a.RuleAmended) -> Iterable[_Change]:
    return _norm(act.rule, act)


@_changes.register
def _(act: a.RuleRepealed) -> Iterable[_Change]:
    return [_ended(Track("rule", act.rule, LIFE))]


def _norm(rule: str, act: a.RuleAdopted | a.RuleAmended) -> Iterator[_Change]:
    return _set(
        "rule",
        rule,
        applies_to=act.applies_to,
        exempt=act.exempt or None,
        parameters=act.parameters,
        text=act.text,
    )


# Discipline


@_changes.register
def _(act: a.SanctionImposed) -> Iterable[_Change]:
    track = Track("sanction", _given(act.sanction), LIFE)
    return [_begun(track, person=act.person, kind=act.kind, body=act.body, until=act.until)]


@_changes.register
def _(act: a.SanctionLifted) -> Iterable[_Change]:
    return [_ended(Track("sanction", act.sanction, LIFE))]


@_changes.register
def _(act: a.AppealLodged) -> Iterable[_Change]:
    track = Track("sanction", act.sanction, "appeal")
    return [_begun(track, to=act.to, suspends=act.suspends)]


@_changes.register
def _(act: a.AppealDecided) -> Iterator[_Change]:
    yield _ended(Track("sanction", act.sanction, "appeal"))
    yield _Change(Track("sanction", act.sanction, "outcome"), Does.SETS, act.outcome)
    if act.outcome == "reversed":
        yield _ended(Track("sanction", act.sanction, LIFE))


def _begun(track: Track, **stated: Json) -> _Change:
    """What begins, with as much of it as is stated."""
    return _Change(track, Does.BEGINS, _stated(**stated))


def _stated(**members: Json) -> dict[str, Json]:
    return {name: member for name, member in members.items() if member is not None}


def _ended(track: Track) -> _Change:
    return _Change(track, Does.ENDS)


def _set(kind: str, subject: str, **values: Any) -> Iterator[_Change]:
    for attribute, value in values.items():
        if value is not None:
            yield _Change(Track(kind, subject, attribute), Does.SETS, to_json(value))


def _named(
    kind: str,
    subject: str,
    act: a.PersonRegistered | a.PersonRenamed | a.BodyEstablished | a.BodyRenamed,
) -> Iterator[_Change]:
    return _set(kind, subject, name=act.name, other_names=act.other_names or None)


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

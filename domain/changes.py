"""What each act changes: the moments that it brings about on tracks, act by act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any, NamedTuple

from domain import acts as a
from domain.dates import ALWAYS, DAWN, NEVER, Window, window
from domain.moments import ATTESTS, BEGINS, ENDS, SETS, Moment
from domain.shape import to_json
from domain.tracks import ACTIVIST, LIFE, Track

Json = Any


def moments(act: object, position: int) -> Iterable[Moment]:
    """The moments that an act recorded at a position brings about.

    There are none for what is not an act on the structure.
    """
    if not isinstance(act, a.StructureAct):
        return ()
    at = _At(window(act.effective), act.effective, position)
    return _changes.registry[type(act)](act, at)  # every act on the structure has one of its own


class _At(NamedTuple):
    """When something changes, in days and as written, and the entry that says so."""

    window: Window
    text: str | None
    position: int

    def on(self, day: str) -> _At:
        """The same on a day of its own."""
        return _At(window(day), day, self.position)

    def begins(self, track: Track, **stated: Json) -> Moment:
        """What begins, with as much of it as is stated."""
        value = _stated(**stated)
        return Moment(track, BEGINS, self.window, self.text, value, self.position)

    def attests(self, track: Track, value: Json) -> Moment:
        """What is known to run."""
        return Moment(track, ATTESTS, self.window, self.text, value, self.position)

    def sets(self, track: Track, value: Json) -> Moment:
        """What has another value."""
        return Moment(track, SETS, self.window, self.text, value, self.position)

    def sets_each(self, kind: str, subject: str, **values: Any) -> list[Moment]:
        """Those attributes of a subject that are given a value."""
        return [
            self.sets(Track(kind, subject, attribute), to_json(value))
            for attribute, value in values.items()
            if value is not None
        ]

    def ends(self, track: Track) -> Moment:
        """What ends."""
        return Moment(track, ENDS, self.window, self.text, None, self.position)


@singledispatch
def _changes(act: a.StructureAct, at: _At) -> Iterable[Moment]:
    raise NotImplementedError(f"what {act.type} changes is not written")


# Persons


@_changes.register
def _(act: a.PersonRegistered, at: _At) -> Iterator[Moment]:
    person = _given(act.person)
    always = at._replace(window=ALWAYS)
    yield always.begins(Track("person", person, LIFE))
    for named in _named("person", person, act, at):
        yield named._replace(window=ALWAYS)  # until a name is dated, this one will do
        yield named


@_changes.register
def _(act: a.PersonRenamed, at: _At) -> Iterable[Moment]:
    return _named("person", act.person, act, at)


@_changes.register
def _(act: a.PersonDied, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("person", act.person, LIFE))]


@_changes.register
def _(act: a.PersonMerged, at: _At) -> Iterable[Moment]:
    return [at._replace(window=ALWAYS).begins(Track("identity", act.person, act.into))]


@_changes.register
def _(act: a.PersonSeparated, at: _At) -> Iterable[Moment]:
    return [at._replace(window=ALWAYS).ends(Track("identity", act.person, act.into))]


# Bodies and lines


@_changes.register
def _(act: a.BodyEstablished, at: _At) -> Iterator[Moment]:
    body = _given(act.body)
    yield at.begins(Track("body", body, LIFE), formed_from=to_json(act.formed_from))
    yield _placed(body, act.within, at)
    yield from _named("body", body, act, at)
    yield from at.sets_each(
        "body",
        body,
        classification=act.classification,
        permanence=act.permanence,
        area=act.area,
        purpose=act.purpose,
    )


@_changes.register
def _(act: a.BodyRenamed, at: _At) -> Iterable[Moment]:
    return _named("body", act.body, act, at)


@_changes.register
def _(act: a.BodyMoved, at: _At) -> Iterable[Moment]:
    return [_placed(act.body, act.within, at)]


@_changes.register
def _(act: a.BodyChanged, at: _At) -> Iterable[Moment]:
    return at.sets_each(
        "body",
        act.body,
        classification=act.classification,
        permanence=act.permanence,
        area=act.area,
        purpose=act.purpose,
    )


@_changes.register
def _(act: a.BodyDissolved, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("body", act.body, LIFE))]


@_changes.register
def _(act: a.LineDrawn, at: _At) -> Iterable[Moment]:
    return [at.begins(_line(act))]


@_changes.register
def _(act: a.LineEnded, at: _At) -> Iterable[Moment]:
    return [at.ends(_line(act))]


# Posts


@_changes.register
def _(act: a.PostCreated, at: _At) -> Iterator[Moment]:
    post = _given(act.post)
    yield at.begins(Track("post", post, LIFE), body=act.body)
    yield from at.sets_each("post", post, label=act.label)
    yield from _post_set(post, act, at)


@_changes.register
def _(act: a.PostChanged, at: _At) -> Iterable[Moment]:
    return _post_set(act.post, act, at)


@_changes.register
def _(act: a.PostRenamed, at: _At) -> Iterable[Moment]:
    return at.sets_each("post", act.post, label=act.label)


@_changes.register
def _(act: a.PostAbolished, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("post", act.post, LIFE))]


def _post_set(post: str, act: a.PostCreated | a.PostChanged, at: _At) -> list[Moment]:
    return at.sets_each(
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
def _(act: a.ElectionCalled, at: _At) -> Iterable[Moment]:
    track = Track("election", _given(act.election), "called")
    called = _stated(body=act.body, meeting=act.meeting, method=act.method)
    return [at.sets(track, called), _planned("election", track.subject, act, at)]


@_changes.register
def _(act: a.ElectionRescheduled, at: _At) -> Iterable[Moment]:
    return [_planned("election", act.election, act, at)]


@_changes.register
def _(act: a.CandidateNominated, at: _At) -> Iterable[Moment]:
    track = Track("candidacy", act.election, act.person)
    return [
        at.begins(
            track,
            post=act.post,
            body=act.body,
            role=act.role,
            by=act.by,
            affiliation=act.affiliation,
        )
    ]


@_changes.register
def _(act: a.CandidateWithdrawn, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("candidacy", act.election, act.person))]


@_changes.register
def _(act: a.ElectionHeld, at: _At) -> Iterator[Moment]:
    """The election itself, and a tenure or membership for everyone elected and seated."""
    election = _given(act.election)
    voted = act.closed or act.effective
    on_the_vote = at.on(voted)
    yield on_the_vote.begins(Track("election", election, LIFE))
    yield on_the_vote.sets(Track("election", election, "held"), {})
    for contest in act.contests:
        absent = {each.person for each in contest.not_seated}
        for person in contest.elected:
            if person not in absent:
                won = at.begins(
                    _won(contest, person),
                    how="elected",
                    election=election,
                    term_until=contest.until,
                )
                yield won._replace(ground=election)


def _won(contest: a.Contest, person: str) -> Track:
    if contest.post is not None:
        return Track("tenure", contest.post, person)
    return Track("membership", _given(contest.body), f"{contest.role}/{person}")


@_changes.register
def _(act: a.ElectionAnnulled, at: _At) -> Iterator[Moment]:
    yield at.ends(Track("election", act.election, LIFE))
    yield at.sets(Track("election", act.election, "annulled"), {})


@_changes.register
def _(act: a.AppointmentMade, at: _At) -> Iterable[Moment]:
    tenure = Track("tenure", act.post, act.person)
    return [at.begins(tenure, how="appointed", by=act.by, term_until=act.until)]


@_changes.register
def _(act: a.AppointmentApproved, at: _At) -> Iterable[Moment]:
    track = Track("approval", act.post, f"{act.person}/{act.by or ''}")
    return [at.sets(track, _stated(by=act.by))]


@_changes.register
def _(act: a.TenureStarted, at: _At) -> Iterable[Moment]:
    return [at.begins(Track("tenure", act.post, act.person), how="stated")]


@_changes.register
def _(act: a.TenureEnded, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("tenure", act.post, act.person))]


@_changes.register
def _(act: a.TenureAttested, at: _At) -> Iterable[Moment]:
    tenure = Track("tenure", act.post, act.person)
    return [at.attests(tenure, {"how": "attested"})]


# Activists and other members


@_changes.register
def _(act: a.ActivistAdmitted, at: _At) -> Iterable[Moment]:
    return [at.begins(_member(act.body, ACTIVIST, act.person), how="admitted")]


@_changes.register
def _(act: a.ActivistAssigned, at: _At) -> Iterable[Moment]:
    track = _member(act.body, ACTIVIST, act.person)
    return [at.begins(track, how="assigned", from_body=act.from_body)]


@_changes.register
def _(act: a.ActivistTransferred, at: _At) -> Iterator[Moment]:
    track = _member(act.body, ACTIVIST, act.person)
    yield at.ends(_member(act.from_body, ACTIVIST, act.person))
    yield at.begins(track, how="transferred", from_body=act.from_body)


@_changes.register(a.ActivistExcluded)
@_changes.register(a.ActivistLeft)
def _(act: a.ActivistExcluded | a.ActivistLeft, at: _At) -> Iterable[Moment]:
    return [at.ends(_member(act.body, ACTIVIST, act.person))]


@_changes.register
def _(act: a.MembershipStarted, at: _At) -> Iterable[Moment]:
    return [at.begins(_member(act.body, act.role, act.person), how="stated", voting=act.voting)]


@_changes.register
def _(act: a.MembershipEnded, at: _At) -> Iterable[Moment]:
    return [at.ends(_member(act.body, act.role, act.person))]


@_changes.register
def _(act: a.MembershipAttested, at: _At) -> Iterable[Moment]:
    track = _member(act.body, act.role, act.person)
    return [at.attests(track, _stated(how="attested", voting=act.voting))]


@_changes.register
def _(act: a.AffiliationStarted, at: _At) -> Iterable[Moment]:
    return [at.begins(Track("affiliation", act.person, act.organisation), kind=act.kind)]


@_changes.register
def _(act: a.AffiliationEnded, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("affiliation", act.person, act.organisation))]


# Meetings


@_changes.register
def _(act: a.MeetingScheduled, at: _At) -> Iterator[Moment]:
    meeting = _given(act.meeting)
    yield at.begins(Track("meeting", meeting, "announced"), **_meeting(act))
    yield _planned("meeting", meeting, act, at)


@_changes.register
def _(act: a.MeetingRescheduled, at: _At) -> Iterable[Moment]:
    return [_planned("meeting", act.meeting, act, at)]


@_changes.register
def _(act: a.MeetingCancelled, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("meeting", act.meeting, "announced"))]


@_changes.register
def _(act: a.MeetingConvened, at: _At) -> Iterator[Moment]:
    meeting = _given(act.meeting)
    yield at.on(act.opens or act.effective).begins(Track("meeting", meeting, LIFE), **_meeting(act))
    if act.closes is not None:
        yield _closed(meeting, act.closes, at)


@_changes.register
def _(act: a.MeetingAttended, at: _At) -> Iterator[Moment]:
    for each in act.attendees:
        track = Track("attendance", act.meeting, each.person)
        value = _stated(role=each.role, post=each.post, manner=each.manner)
        yield at.sets(track, value)
    if act.count is not None:
        track = Track("meeting", act.meeting, "attended")
        yield at.sets(track, _stated(count=act.count, eligible=act.eligible))


@_changes.register
def _(act: a.MeetingClosed, at: _At) -> Iterable[Moment]:
    return [_closed(act.meeting, act.effective, at)]


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
    at: _At,
) -> Moment:
    plan = _stated(opens=act.opens, closes=act.closes)
    return at.sets(Track(kind, subject, "plan"), plan)


def _closed(meeting: str, last: str, at: _At) -> Moment:
    """A meeting still sits on its last day, so that it has ended on the day after."""
    earliest, latest = window(last)
    after = Window(earliest + 1 if earliest > DAWN else earliest, min(latest + 1, NEVER))
    return at._replace(window=after, text=last).ends(Track("meeting", meeting, LIFE))


# Resolutions and declarations


@_changes.register
def _(act: a.ResolutionAdopted, at: _At) -> Iterable[Moment]:
    return [at.begins(Track("resolution", _given(act.resolution), LIFE), **_items(act))]


@_changes.register
def _(act: a.ResolutionRepealed, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("resolution", act.resolution, LIFE))]


@_changes.register
def _(act: a.DeclarationMade, at: _At) -> Iterable[Moment]:
    return [at.begins(Track("declaration", _given(act.declaration), LIFE), **_items(act))]


def _items(act: a.ResolutionAdopted | a.DeclarationMade) -> dict[str, Json]:
    return {"name": act.name, "items": to_json(act.items), "follows": to_json(act.follows)}


# The charter


@_changes.register
def _(act: a.MandateGranted, at: _At) -> Iterable[Moment]:
    return [
        at.begins(
            Track("mandate", _given(act.mandate), LIFE),
            holder=act.holder,
            power=act.power,
            over=to_json(act.over),
            within=act.within,
            text=to_json(act.text),
        )
    ]


@_changes.register
def _(act: a.MandateConfirmed, at: _At) -> Iterable[Moment]:
    return [at.sets(Track("mandate", act.mandate, "confirmed"), {})]


@_changes.register
def _(act: a.MandateRevoked, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("mandate", act.mandate, LIFE))]


@_changes.register
def _(act: a.RuleAdopted, at: _At) -> Iterator[Moment]:
    rule = _given(act.rule)
    yield at.begins(Track("rule", rule, LIFE), kind=act.kind)
    yield from _norm(rule, act, at)


@_changes.register
def _(act: a.RuleAmended, at: _At) -> Iterable[Moment]:
    return _norm(act.rule, act, at)


@_changes.register
def _(act: a.RuleRepealed, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("rule", act.rule, LIFE))]


def _norm(rule: str, act: a.RuleAdopted | a.RuleAmended, at: _At) -> list[Moment]:
    return at.sets_each(
        "rule",
        rule,
        applies_to=act.applies_to,
        exempt=act.exempt or None,
        parameters=act.parameters,
        text=act.text,
    )


# Discipline


@_changes.register
def _(act: a.SanctionImposed, at: _At) -> Iterable[Moment]:
    track = Track("sanction", _given(act.sanction), LIFE)
    return [at.begins(track, person=act.person, kind=act.kind, body=act.body, until=act.until)]


@_changes.register
def _(act: a.SanctionLifted, at: _At) -> Iterable[Moment]:
    return [at.ends(Track("sanction", act.sanction, LIFE))]


@_changes.register
def _(act: a.AppealLodged, at: _At) -> Iterable[Moment]:
    track = Track("sanction", act.sanction, "appeal")
    return [at.begins(track, to=act.to, suspends=act.suspends)]


@_changes.register
def _(act: a.AppealDecided, at: _At) -> Iterator[Moment]:
    yield at.ends(Track("sanction", act.sanction, "appeal"))
    yield at.sets(Track("sanction", act.sanction, "outcome"), act.outcome)
    if act.outcome == "reversed":
        yield at.ends(Track("sanction", act.sanction, LIFE))


def _stated(**members: Json) -> dict[str, Json]:
    if None not in members.values():
        return members
    return {name: member for name, member in members.items() if member is not None}


def _named(
    kind: str,
    subject: str,
    act: a.PersonRegistered | a.PersonRenamed | a.BodyEstablished | a.BodyRenamed,
    at: _At,
) -> list[Moment]:
    return at.sets_each(kind, subject, name=act.name, other_names=act.other_names or None)


def _placed(body: str, within: str | None, at: _At) -> Moment:
    return at.sets(Track("body", body, "within"), within)


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

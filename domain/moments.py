"""An act is a set of moments on tracks.

A track is one attribute of one subject: a body's name, a person's hold on a post. A moment sets it
to a value or ends it, somewhere in a window of days. Tags, rules, the fold and the projections'
rows all derive from these two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from domain import acts as a
from domain.dates import ALWAYS, DAWN, Window, window
from domain.decisions import Payload
from domain.entries import Entry
from domain.shape import to_json

Json = Any


class Track(NamedTuple):
    """One attribute of one subject.

    Kinds and their subject and attribute: `person`, `body`, `post`, `election` (id, attribute);
    `tenure` (post, person); `approval` (post, person/by); `membership` (body, role/person); `line`
    (body:id or post:id, kind/target body).
    """

    kind: str
    subject: str
    attribute: str


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


LIFE: Final = "life"
ACTIVIST: Final = "activist"


def moments(entry: Entry) -> Iterator[Moment]:
    """The moments that an entry brings about, none for what is not an act on the structure."""
    act = entry.act
    if not isinstance(act, a.StructureAct):
        return
    when = window(act.effective)
    for change in _changes(act):
        yield Moment(
            track=change.track,
            does=change.does,
            window=change.window or when,
            text=act.effective,
            value=change.value,
            position=entry.position,
            ground=change.ground,
        )


class _Change(NamedTuple):
    track: Track
    does: Does
    value: Json = None
    ground: str | None = None
    window: Window | None = None


def _changes(act: a.StructureAct) -> Iterator[_Change]:  # noqa: PLR0912 - one case an act
    match act:
        case a.PersonRegistered():
            person = _given(act.person)
            known_by = Window(DAWN, window(act.effective).latest)
            yield _begins("person", person, LIFE, {}, window=ALWAYS)
            yield _Change(
                Track("person", person, "name"), Does.SETS, to_json(act.name), window=known_by
            )
            yield from _sets("person", person, other_names=act.other_names or None)
        case a.PersonRenamed():
            yield from _sets("person", act.person, name=act.name)
        case a.PersonDied():
            yield _ends("person", act.person, LIFE)
        case a.BodyEstablished():
            body = _given(act.body)
            yield _begins("body", body, LIFE, {"formed_from": to_json(act.formed_from)})
            yield _Change(Track("body", body, "within"), Does.SETS, act.within)
            yield from _sets(
                "body",
                body,
                name=act.name,
                other_names=act.other_names or None,
                classification=act.classification,
                permanence=act.permanence,
                area=act.area,
                purpose=act.purpose,
            )
        case a.BodyRenamed():
            yield from _sets("body", act.body, name=act.name)
        case a.BodyMoved():
            yield _Change(Track("body", act.body, "within"), Does.SETS, act.within)
        case a.BodyChanged():
            yield from _sets(
                "body",
                act.body,
                classification=act.classification,
                permanence=act.permanence,
                area=act.area,
                purpose=act.purpose,
            )
        case a.BodyDissolved():
            yield _ends("body", act.body, LIFE)
        case a.LineDrawn():
            yield _Change(_line(act), Does.BEGINS, {})
        case a.LineEnded():
            yield _Change(_line(act), Does.ENDS)
        case a.PostCreated():
            post = _given(act.post)
            yield _begins("post", post, LIFE, {"body": act.body})
            yield from _sets(
                "post",
                post,
                label=act.label,
                seats=act.seats,
                voting=act.voting,
                powers=act.powers,
                area=act.area,
                head=act.head,
                approval=act.approval,
            )
        case a.PostChanged():
            yield from _sets(
                "post",
                act.post,
                seats=act.seats,
                voting=act.voting,
                powers=act.powers,
                area=act.area,
                head=act.head,
                approval=act.approval,
            )
        case a.PostRenamed():
            yield from _sets("post", act.post, label=act.label)
        case a.PostAbolished():
            yield _ends("post", act.post, LIFE)
        case a.ElectionHeld():
            yield from _elected(act)
        case a.ElectionAnnulled():
            yield _ends("election", act.election, LIFE)
        case a.AppointmentMade():
            value = {"how": "appointed", "by": act.by, "term_until": act.until}
            yield _begins("tenure", act.post, act.person, _stated(value))
        case a.AppointmentApproved():
            track = Track("approval", act.post, f"{act.person}/{act.by or ''}")
            yield _Change(track, Does.SETS, _stated({"by": act.by}))
        case a.TenureStarted():
            yield _begins("tenure", act.post, act.person, {"how": "stated"})
        case a.TenureEnded():
            yield _ends("tenure", act.post, act.person)
        case a.TenureAttested():
            yield _Change(
                Track("tenure", act.post, act.person), Does.ATTESTS, {"how": "attested"}
            )
        case a.ActivistAdmitted():
            yield _begins("membership", act.body, f"{ACTIVIST}/{act.person}", {"how": "admitted"})
        case a.ActivistAssigned():
            value = _stated({"how": "assigned", "from_body": act.from_body})
            yield _begins("membership", act.body, f"{ACTIVIST}/{act.person}", value)
        case a.ActivistTransferred():
            value = {"how": "transferred", "from_body": act.from_body}
            yield _ends("membership", act.from_body, f"{ACTIVIST}/{act.person}")
            yield _begins("membership", act.body, f"{ACTIVIST}/{act.person}", value)
        case a.ActivistExcluded() | a.ActivistLeft():
            yield _ends("membership", act.body, f"{ACTIVIST}/{act.person}")
        case a.MembershipStarted():
            value = _stated({"how": "stated", "voting": act.voting})
            yield _begins("membership", act.body, f"{act.role}/{act.person}", value)
        case a.MembershipEnded():
            yield _ends("membership", act.body, f"{act.role}/{act.person}")
        case _:
            raise AssertionError(f"{act.type} brings about no moments")


def _elected(act: a.ElectionHeld) -> Iterator[_Change]:
    """The election itself, and a tenure or membership for everyone elected and seated."""
    election = _given(act.election)
    yield _begins("election", election, LIFE, {})
    for contest in act.contests:
        absent = {each.person for each in contest.not_seated}
        value = _stated({"how": "elected", "election": election, "term_until": contest.until})
        for person in contest.elected:
            if person in absent:
                continue
            if contest.post is not None:
                yield _begins("tenure", contest.post, person, value, ground=election)
            else:
                track = (_given(contest.body), f"{contest.role}/{person}")
                yield _begins("membership", *track, value, ground=election)


def _begins(
    kind: str,
    subject: str,
    attribute: str,
    value: Json,
    *,
    ground: str | None = None,
    window: Window | None = None,
) -> _Change:
    return _Change(Track(kind, subject, attribute), Does.BEGINS, value, ground, window)


def _ends(kind: str, subject: str, attribute: str) -> _Change:
    return _Change(Track(kind, subject, attribute), Does.ENDS)


def _sets(kind: str, subject: str, **values: Any) -> Iterator[_Change]:
    for attribute, value in values.items():
        if value is not None:
            yield _Change(Track(kind, subject, attribute), Does.SETS, to_json(value))


def _line(act: a.LineDrawn | a.LineEnded) -> Track:
    origin = f"body:{act.body}" if act.body else f"post:{act.post}"
    return Track("line", origin, f"{act.kind}/{act.to}")


def _stated(value: dict[str, Json]) -> dict[str, Json]:
    return {name: member for name, member in value.items() if member is not None}


def _given(subject: str | None) -> str:
    """An id that the recording has filled in where the client left it out."""
    if subject is None:
        raise ValueError("an act is without the id that recording gives it")
    return subject


# Where a track is read from: the tag that finds its entries, and the types that can change it.

_BODY_ACTS = {
    LIFE: ("body.established", "body.dissolved"),
    "name": ("body.established", "body.renamed"),
    "other_names": ("body.established",),
    "within": ("body.established", "body.moved"),
}
_POST_ACTS = {LIFE: ("post.created", "post.abolished"), "label": ("post.created", "post.renamed")}
_PERSON_ACTS = {
    LIFE: ("person.registered", "person.died"),
    "name": ("person.registered", "person.renamed"),
    "other_names": ("person.registered",),
}

ACTIVIST_ACTS: Final = frozenset(
    f"activist.{how}" for how in ("admitted", "assigned", "transferred", "excluded", "left")
)
MEMBERSHIP_ACTS: Final = frozenset(
    {"membership.started", "membership.ended", "election.held"} | ACTIVIST_ACTS
)
TENURE_ACTS: Final = frozenset(
    {
        "appointment.made",
        "tenure.started",
        "tenure.ended",
        "tenure.attested",
        "election.held",
    }
)
APPROVAL_ACTS: Final = frozenset({"appointment.approved"})
LINE_ACTS: Final = frozenset({"line.drawn", "line.ended"})
ELECTION_ACTS: Final = frozenset({"election.held", "election.annulled"})
CREATIONS: Final = {
    "person": frozenset({"person.registered"}),
    "body": frozenset({"body.established"}),
    "post": frozenset({"post.created"}),
    "election": frozenset({"election.held"}),
}


def acts_on(track: Track) -> tuple[str, frozenset[str]]:
    """The tag and the act types from which a track is read; no narrower pair would do."""
    match track.kind:
        case "person":
            return f"person:{track.subject}", frozenset(_PERSON_ACTS[track.attribute])
        case "body":
            types = _BODY_ACTS.get(track.attribute, ("body.established", "body.changed"))
            return f"body:{track.subject}", frozenset(types)
        case "post":
            types = _POST_ACTS.get(track.attribute, ("post.created", "post.changed"))
            return f"post:{track.subject}", frozenset(types)
        case "election":
            return f"election:{track.subject}", ELECTION_ACTS
        case "tenure":
            return f"person:{track.attribute}", TENURE_ACTS
        case "approval":
            return f"post:{track.subject}", APPROVAL_ACTS
        case "membership":
            role, _, person = track.attribute.partition("/")
            if role == ACTIVIST:
                return f"person:{person}", ACTIVIST_ACTS
            return f"person:{person}", MEMBERSHIP_ACTS - ACTIVIST_ACTS
        case "line":
            return track.subject, LINE_ACTS
        case _:
            raise AssertionError(f"{track.kind} is no kind of track")


def is_structure(act: Payload) -> bool:
    """Whether an act is one on the structure: these alone can be retracted."""
    return isinstance(act, a.StructureAct)

"""Tracks: the attributes of subjects that acts change, and where each is read from."""

from __future__ import annotations

from typing import Final, NamedTuple


class Track(NamedTuple):
    """One attribute of one subject.

    Kinds and their subject and attribute: `person`, `body`, `post`, `election` (id, attribute);
    `tenure` (post, person); `approval` (post, person/by); `membership` (body, role/person); `line`
    (body:id or post:id, kind/target body).
    """

    kind: str
    subject: str
    attribute: str


LIFE: Final = "life"
ACTIVIST: Final = "activist"

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

"""Tracks: the attributes of subjects that acts change, and where each is read from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple


class Track(NamedTuple):
    """One attribute of one subject.

    Kinds with their subject and attribute: `person`, `body`, `post`, `election`, `meeting`,
    `resolution`, `declaration`, `mandate`, `rule`, `sanction` (id, attribute); `identity` (person,
    person); `tenure` (post, person); `approval` (post, person/by); `membership` (body,
    role/person); `affiliation` (person, organisation); `candidacy` (election, person);
    `attendance` (meeting, person); `line` (body:id or post:id, kind/target body).
    """

    kind: str
    subject: str
    attribute: str

    @property
    def is_life(self) -> bool:
        """Whether it says when its subject is there; persons, too, may go by the id `life`."""
        return self.attribute == LIFE and self.kind in CREATIONS


LIFE: Final = "life"
ACTIVIST: Final = "activist"


def _acts(family: str, *names: str) -> frozenset[str]:
    return frozenset(f"{family}.{name}" for name in names)


ACTIVIST_ACTS: Final = _acts("activist", "admitted", "assigned", "transferred", "excluded", "left")
MEMBERSHIP_ACTS: Final = (
    _acts("membership", "started", "ended", "attested") | {"election.held"} | ACTIVIST_ACTS
)
TENURE_ACTS: Final = _acts("tenure", "started", "ended", "attested") | {
    "appointment.made",
    "election.held",
}
APPROVAL_ACTS: Final = _acts("appointment", "approved")
LINE_ACTS: Final = _acts("line", "drawn", "ended")
ELECTION_ACTS: Final = _acts("election", "called", "held", "annulled")
CANDIDACY_ACTS: Final = _acts("candidate", "nominated", "withdrawn")
IDENTITY_ACTS: Final = _acts("person", "merged", "separated")
AFFILIATION_ACTS: Final = _acts("affiliation", "started", "ended")
ATTENDANCE_ACTS: Final = _acts("meeting", "attended")

_ATTRIBUTES: Final[dict[str, dict[str, frozenset[str]]]] = {
    "person": {
        LIFE: _acts("person", "registered", "died"),
        "name": _acts("person", "registered", "renamed"),
        "other_names": _acts("person", "registered", "renamed"),
    },
    "body": {
        LIFE: _acts("body", "established", "dissolved"),
        "name": _acts("body", "established", "renamed"),
        "other_names": _acts("body", "established", "renamed"),
        "within": _acts("body", "established", "moved"),
        "": _acts("body", "established", "changed"),
    },
    "post": {
        LIFE: _acts("post", "created", "abolished"),
        "label": _acts("post", "created", "renamed"),
        "": _acts("post", "created", "changed"),
    },
    "election": {"": ELECTION_ACTS, "plan": _acts("election", "called", "rescheduled")},
    "meeting": {
        LIFE: _acts("meeting", "convened", "closed"),
        "announced": _acts("meeting", "scheduled", "cancelled"),
        "plan": _acts("meeting", "scheduled", "rescheduled"),
        "attended": ATTENDANCE_ACTS,
    },
    "resolution": {LIFE: _acts("resolution", "adopted", "repealed")},
    "declaration": {LIFE: _acts("declaration", "made")},
    "mandate": {
        LIFE: _acts("mandate", "granted", "revoked"),
        "confirmed": _acts("mandate", "confirmed"),
    },
    "rule": {
        LIFE: _acts("rule", "adopted", "repealed"),
        "": _acts("rule", "adopted", "amended"),
    },
    "sanction": {
        LIFE: _acts("sanction", "imposed", "lifted") | {"appeal.decided"},
        "": _acts("appeal", "lodged", "decided"),
    },
    "key": {LIFE: _acts("access", "granted")},  # on the recorded clock alone
}
"""For each kind of subject, by attribute (else ""), the acts that its track is read from."""

CREATIONS: Final = {
    "person": _acts("person", "registered"),
    "body": _acts("body", "established"),
    "post": _acts("post", "created"),
    "election": _acts("election", "called", "held"),
    "meeting": _acts("meeting", "scheduled", "convened"),
    "resolution": _acts("resolution", "adopted"),
    "declaration": _acts("declaration", "made"),
    "mandate": _acts("mandate", "granted"),
    "rule": _acts("rule", "adopted"),
    "sanction": _acts("sanction", "imposed"),
    "decision": _acts("decision", "taken"),
    "key": _acts("access", "granted"),
}
"""What establishes an id of each kind."""

ANNOUNCED: Final = frozenset({"election", "meeting"})
"""Kinds that are announced by one act and take place by another, each of which may come first."""


def _lives(kind: str) -> frozenset[str]:
    attributes = _ATTRIBUTES.get(kind, {})
    return attributes.get(LIFE) or attributes.get("", frozenset())


_ESTABLISHING: Final = {kind: _lives(kind) | CREATIONS[kind] for kind in CREATIONS}

ENDINGS_OF_LIVES: Final = frozenset().union(*(_lives(kind) - CREATIONS[kind] for kind in CREATIONS))
"""Acts after which something is no longer there, as `body.dissolved`."""


def established_by(kind: str, subject: str) -> tuple[str, frozenset[str]]:
    """The tag and the act types from which to read whether an id is established, and its life."""
    return f"{kind}:{subject}", _ESTABLISHING[kind]


def acts_on(track: Track) -> tuple[str, frozenset[str]]:
    """The tag and the act types from which a track is read; no narrower pair would do."""
    match track.kind:
        case "tenure":
            return f"person:{track.attribute}", TENURE_ACTS
        case "approval":
            return f"post:{track.subject}", APPROVAL_ACTS
        case "membership":
            role, _, person = track.attribute.partition("/")
            if role == ACTIVIST:
                return f"person:{person}", ACTIVIST_ACTS
            return f"person:{person}", MEMBERSHIP_ACTS - ACTIVIST_ACTS
        case "identity":
            return f"person:{track.subject}", IDENTITY_ACTS
        case "affiliation":
            return f"person:{track.subject}", AFFILIATION_ACTS
        case "candidacy":
            return f"person:{track.attribute}", CANDIDACY_ACTS
        case "attendance":
            return f"person:{track.attribute}", ATTENDANCE_ACTS
        case "line":
            return track.subject, LINE_ACTS
        case kind:
            attributes = _ATTRIBUTES[kind]
            types = attributes.get(track.attribute) or attributes[""]
            return f"{kind}:{track.subject}", types


def named_by(track: Track, value: Any) -> str | None:
    """The other subject by which a spell is found: the person who holds, the body around."""
    kind, _, attribute = track
    if kind in _NAMED_BY_ATTRIBUTE:
        return _NAMED_BY_ATTRIBUTE[kind](attribute)
    member = _NAMED_BY_MEMBER.get((kind, attribute))
    if member is not None:
        return str(value[member])
    if kind == "body" and attribute == "within":
        return None if value is None else str(value)
    if kind == "meeting" and attribute in (LIFE, "announced"):
        return value.get("within") or value.get("body")  # type: ignore[no-any-return]
    return None


_NAMED_BY_ATTRIBUTE: Final[dict[str, Callable[[str], str]]] = {
    **dict.fromkeys(("tenure", "candidacy", "attendance", "identity"), str),
    "approval": lambda attribute: attribute.partition("/")[0],
    "membership": lambda attribute: attribute.partition("/")[2],
}
_NAMED_BY_MEMBER: Final = {
    ("post", LIFE): "body",
    ("mandate", LIFE): "holder",
    ("sanction", LIFE): "person",
}

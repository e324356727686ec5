"""Answers: what a structure is made of, as it is asked for.

Their members are the answer's JSON members, and what is written under them is the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from domain.timelines import Certainty

Name = str | dict[str, str] | None
"""A personal text: opened, or still the commitment to it, or no longer there."""


@dataclass(frozen=True, slots=True)
class OtherName:
    """Another name: another spelling, language or wording."""

    name: Any
    """The name as written."""
    scheme: Any
    """The romanisation or spelling scheme; null: not stated."""
    lang: Any
    """The language, as a BCP 47 tag; null: not stated."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another value that may hold on the day."""

    attribute: str
    """Which attribute."""
    value: Any
    """Its possible value."""
    since: str | None
    """The EDTF text of the act that starts it."""
    until: str | None
    """The EDTF text of the act that ends it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A person who holds a post on the day."""

    person: str
    """The person's id."""
    name: Name
    """The name that the person has on the day; null if erased or not known."""
    since: str | None
    """The EDTF text of the act that starts the tenure; null if no act states it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis; null if none does."""
    term_until: str | None
    """The stated end of the term, which ends nothing by itself."""
    certainty: Certainty
    """Whether the person holds it on that day for certain, or possibly."""
    approved: bool | None
    """Where the post asks for approval, whether it was given; null where it asks for none."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post of a body on the day."""

    id: str
    """The post's id."""
    body: str
    """The body that it is a post of."""
    label: str | None
    """What it is called."""
    seats: int | None
    """How many may hold it; null: not stated."""
    voting: bool | None
    """Whether its holders vote; null: not stated."""
    head: bool | None
    """Whether its holder heads the body; null: not stated."""
    area: str | None
    """The area it answers for."""
    powers: Name
    """What its holders may do; null: not stated."""
    approval: str | None
    """The body that must approve its holders; null: none."""
    certainty: Certainty
    """Whether the post is there on that day for certain, or possibly."""
    since: str | None
    """The EDTF text of the act that creates it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""
    alternatives: tuple[Alternative, ...]
    """Other values that may hold."""
    holders: tuple[Holder, ...]
    """Who holds it."""
    vacant: int | None
    """Seats less certain holders; null if the seats are not stated."""


@dataclass(frozen=True, slots=True)
class Line:
    """A second line to another body."""

    kind: Literal["reports_to", "supervised_by", "managed_by"]
    """What it means."""
    to: str
    """The body that it leads to."""
    post: str | None
    """The post that it starts from; null: the body itself."""
    since: str | None
    """The EDTF text of the act that draws it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    certainty: Certainty
    """Whether it holds on that day for certain, or possibly."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body on the day."""

    id: str
    """The body's id."""
    name: str | None
    """Its name."""
    other_names: tuple[OtherName, ...]
    """Its names in other languages, its short names."""
    classification: str | None
    """What sort of body."""
    permanence: str | None
    """`permanent`, `temporary`, or null: not stated."""
    area: str | None
    """The area it answers for."""
    purpose: Name
    """What it is for; null: not stated."""
    within: str | None
    """The body that it stands in; null: it stands at the root."""
    formed_from: tuple[str, ...]
    """The bodies on whose basis it was formed."""
    certainty: Certainty
    """Whether it is there on that day for certain, or possibly."""
    since: str | None
    """The EDTF text of the act that establishes it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""
    alternatives: tuple[Alternative, ...]
    """Other values that may hold."""
    lines: tuple[Line, ...]
    """Second lines from it and its posts."""
    posts: tuple[Post, ...]
    """Its posts."""
    activists: int
    """How many are its activists for certain, directly."""
    activists_possible: int
    """How many more may be."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The act that begins or ends something, and the decision that it is a part of."""

    position: int
    """The position of its entry."""
    type: str
    """Which act it is."""
    decision: str
    """The decision."""
    taken_by: str | None
    """The body that decided; null: not known."""
    meeting: str | None
    """The meeting at which it was decided; null: not known, or none."""
    date: str | None
    """The day on which it was decided; null: not known."""
    reason: Name
    """The reason that the act states."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """A post that a person holds, held or is to hold."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""
    post: str
    """The post's id."""
    label: str | None
    """What the post is called on the day, or else when the tenure began."""
    body: str
    """The body that it is a post of."""
    body_name: str | None
    """That body's name, likewise."""
    voting: bool | None
    """Whether holders vote in the body; null: not stated."""
    head: bool | None
    """Whether the holder heads the body; null: not stated."""
    area: str | None
    """The area or portfolio of the post."""
    how: str
    """`elected`, `appointed`, `stated` by a source, or `attested` on a day."""
    by: str | None
    """The body or post that appointed; null: not stated, or not appointed."""
    election: str | None
    """The election that it rests on."""
    since: str | None
    """The EDTF text of the act that starts it; null if no act states it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis; null if none does."""
    term_until: str | None
    """The stated end of the term, which ends nothing by itself."""
    certainty: Certainty | None
    """Whether it is held on the day, certainly or possibly; null: it is not."""
    approved: bool | None
    """Where the post asks for approval, whether it was given; null where it asks for none."""
    began: Cause
    """The act that starts or attests it."""
    ended: Cause | None
    """The act that ends it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A person in a body in a role: an activist, a member, a candidate, an advisor, a delegate."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""
    body: str
    """The body."""
    body_name: str | None
    """Its name on the day, or else when the membership began."""
    role: str
    """The role."""
    voting: bool | None
    """Whether the person votes there; null: not stated."""
    how: str
    """`admitted`, `assigned`, `transferred`, `elected`, `stated` or `attested`."""
    election: str | None
    """The election that it rests on."""
    since: str | None
    """The EDTF text of the act that starts it; null if no act states it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis; null if none does."""
    certainty: Certainty | None
    """Whether it holds on the day, certainly or possibly; null: it does not."""
    began: Cause
    """The act that starts or attests it."""
    ended: Cause | None
    """The act that ends it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Affiliation:
    """A person's tie to an organisation outside the ledger."""

    organisation: str
    """Which organisation."""
    kind: str | None
    """What ties them; null: not stated."""
    since: str | None
    """The EDTF text of the act that starts it."""
    until: str | None
    """The EDTF text of the act that ends it."""
    certainty: Certainty | None
    """Whether it holds on the day; null: it does not."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Candidacy:
    """A nomination in an election. A nominee is not yet elected to anything."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""
    election: str
    """The election."""
    post: str | None
    """The post stood for; null: not stated, or no post."""
    body: str | None
    """The body stood for."""
    role: str | None
    """The role stood for in it."""
    by: str | None
    """The body or post that nominated."""
    affiliation: str | None
    """The organisation outside the ledger that the nominee stands for."""
    since: str | None
    """The EDTF text of the nomination."""
    until: str | None
    """The EDTF text of the withdrawal."""
    certainty: Certainty | None
    """Whether the nomination stands on the day; null: it does not."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A rule in the version that was in force on a day."""

    id: str
    """The rule's id."""
    version: int
    """The position of the entry that states this version."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal against a sanction."""

    to: str | None
    """The body that is to decide it."""
    since: str | None
    """The EDTF text of its lodging."""
    until: str | None
    """The EDTF text of its decision; null while it is pending."""
    pending: Certainty | None
    """Whether it is pending on the day; null: it is not."""
    suspends: bool | None
    """Whether the appeal itself suspends the sanction; null: not stated."""
    outcome: str | None
    """`upheld`, `changed` or `reversed`; null while it is not decided by the day."""


@dataclass(frozen=True, slots=True)
class Sanction:
    """A sanction on a person."""

    id: str
    """The sanction's id."""
    kind: str
    """What it is."""
    body: str | None
    """The body in which it takes effect."""
    since: str | None
    """The EDTF text of the act that imposes it."""
    until: str | None
    """The EDTF text of the act that ends it."""
    stated_until: str | None
    """Its stated end, which ends nothing by itself."""
    certainty: Certainty | None
    """Whether it stands on the day; null: it does not."""
    suspended: bool | None
    """Whether a pending appeal suspends it on the day; null: not stated by appeal nor rule."""
    appeal: Appeal | None
    """The newest appeal lodged by the day."""
    rule: RuleVersion | None
    """The rule that says whether the appeal suspends it, if the appeal itself does not say."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Attended:
    """A meeting that a person attended, sent a message to, or is said to have missed."""

    meeting: str
    """The meeting's id."""
    name: str | None
    """What it is called."""
    role: str | None
    """As what."""
    post: str | None
    """As the holder of which post."""
    manner: str
    """`present`, `message` or `absent`."""
    date: str | None
    """The EDTF text of the day."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person, and what the person holds on the day."""

    id: str
    """The id under which the person is shown."""
    ids: tuple[str, ...]
    """Every id that is this person's: others were merged into it."""
    name: Name
    """The person's name on the day; null if erased."""
    other_names: tuple[OtherName, ...]
    """Other names and spellings, those of merged ids among them."""
    died: str | None
    """The EDTF text of the person's death; null: none is known."""
    tenures: tuple[Tenure, ...]
    """Posts."""
    memberships: tuple[Membership, ...]
    """Memberships."""


@dataclass(frozen=True, slots=True)
class PersonInFull(Person):
    """A person, and everything that the ledger tells of the person, whatever the day."""

    affiliations: tuple[Affiliation, ...]
    """Ties to organisations outside the ledger."""
    candidacies: tuple[Candidacy, ...]
    """Nominations."""
    sanctions: tuple[Sanction, ...]
    """Sanctions, and the appeals against them."""
    attended: tuple[Attended, ...]
    """Meetings."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """A power that a body or a post holds."""

    id: str
    """The mandate's id."""
    holder: str
    """The body or post that holds it."""
    power: str
    """The power."""
    over: tuple[str, ...]
    """The classifications of the bodies that it reaches; none: not limited."""
    within: str | None
    """It reaches this body and all below it; null: not limited."""
    text: Name
    """Its wording."""
    confirmed: str | None
    """The EDTF text of its last confirmation by the day; null: none."""
    since: str | None
    """The EDTF text of the act that grants it."""
    until: str | None
    """The EDTF text of the act that ends it, as known at the basis."""
    certainty: Certainty | None
    """Whether it is held on the day; null: it is not."""
    began: Cause
    """The act that grants it."""
    ended: Cause | None
    """The act that ends it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the charter, in the version of the day."""

    id: str
    """The rule's id."""
    kind: str
    """What it is about."""
    applies_to: dict[str, Any] | None
    """What it applies to; null: everything."""
    exempt: tuple[str, ...]
    """The bodies and posts that it does not apply to."""
    parameters: dict[str, Any] | None
    """What it asks for."""
    text: Name
    """Its wording."""
    since: str | None
    """The EDTF text of the act that adopts it."""
    until: str | None
    """The EDTF text of the act that repeals it, as known at the basis."""
    version: int
    """The position of the entry that states this version."""
    version_since: str | None
    """The EDTF text of the act that states this version."""
    certainty: Certainty | None
    """Whether it is in force on the day; null: it is not."""
    began: Cause
    """The act that adopts it."""
    ended: Cause | None
    """The act that repeals it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was resolved, or only declared."""

    id: str
    """Its id."""
    name: str | None
    """What it is called."""
    items: tuple[Name, ...]
    """What it says, item by item."""
    follows: tuple[str, ...]
    """Earlier resolutions that it carries on or refers to."""
    since: str | None
    """The EDTF text of the act that brings it about."""
    until: str | None
    """The EDTF text of the act that repeals it, as known at the basis."""
    certainty: Certainty | None
    """Whether it holds on the day; null: it does not."""
    began: Cause
    """The act that brings it about."""
    ended: Cause | None
    """The act that repeals it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The days of a meeting as announced."""

    opens: str | None
    """Its first day; null: not announced."""
    closes: str | None
    """Its last day; null: not announced."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """A meeting that is a part of another."""

    id: str
    """The meeting's id."""
    name: str | None
    """What it is called."""
    opened: str | None
    """The EDTF text of its first day."""
    closed: str | None
    """The EDTF text of its last day; null: none is known."""
    session: Certainty | None
    """Whether it is in session on the day; null: it is not."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """One who attended a meeting, sent word to it, or is said to have missed it."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""
    role: str | None
    """As what."""
    post: str | None
    """As the holder of which post."""
    manner: str
    """`present`, `message` or `absent`."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who attended a meeting."""

    count: int | None
    """How many in all; null: not stated."""
    eligible: int | None
    """How many had the right to; null: not stated."""
    attendees: tuple[Attendee, ...]
    """Those who are named."""


@dataclass(frozen=True, slots=True)
class Days:
    """A number of days, as far as it is known."""

    least: int | None
    """At least so many; null: not known."""
    most: int | None
    """At most so many; null: not known."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The meeting before, of the same body, kind and whole, by its number."""

    id: str
    """The meeting's id."""
    ordinal: int
    """Its number."""
    opened: str | None
    """The EDTF text of its first day."""
    closed: str | None
    """The EDTF text of its last day."""
    days: Days
    """From its first day to this one's."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting: announced, in session, closed or cancelled."""

    id: str
    """The meeting's id."""
    name: str | None
    """What it is called."""
    other_names: tuple[OtherName, ...]
    """Names in other languages, other wordings."""
    kind: str | None
    """What sort of meeting."""
    ordinal: int | None
    """Its number among those of its kind."""
    body: str | None
    """The body that meets."""
    within: str | None
    """The meeting that it is a part of."""
    beside: str | None
    """The meeting on whose occasion it is held."""
    status: Literal["announced", "cancelled", "in_session", "closed"] | None
    """What it is on the day, certainly or possibly; null: nothing of it is known by then."""
    planned: Plan | None
    """Its days as announced by the day; null: none were announced."""
    opened: str | None
    """The EDTF text of its first day; null: it has not opened, as known at the basis."""
    closed: str | None
    """The EDTF text of its last day, as known at the basis; null: none is known."""
    session: Certainty | None
    """Whether the day lies between its opening and its closing; null: it does not."""
    sitting: Certainty | None
    """Whether it sits on the day: a meeting with parts sits while one of them does."""
    sittings: tuple[Sitting, ...]
    """Its parts, in order."""
    attendance: Attendance
    """Who attended."""
    previous: Previous | None
    """The meeting before in its series."""
    announced: Cause | None
    """The act that announces it."""
    convened: Cause | None
    """The act that opens it."""
    ended: Cause | None
    """The act that closes or cancels it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class BodyInFull(Body):
    """A body, there on the day or not, and what began and ended it."""

    certainty: Certainty | None  # type: ignore[assignment]
    """Whether it is there on that day, certainly or possibly; null: it is not."""
    began: Cause
    """The act that establishes it."""
    ended: Cause | None
    """The act that ends it."""
    manner: str | None
    """How it ended: `dissolved`, `ceased`, `merged` or `expired`."""
    succeeded_by: tuple[str, ...]
    """The bodies that took its place."""
    mandates: tuple[Mandate, ...]
    """The powers that it holds on the day."""


@dataclass(frozen=True, slots=True)
class PostInFull(Post):
    """A post, there on the day or not, and whoever held it."""

    certainty: Certainty | None  # type: ignore[assignment]
    """Whether it is there on that day, certainly or possibly; null: it is not."""
    began: Cause
    """The act that creates it."""
    ended: Cause | None
    """The act that ends it."""
    tenures: tuple[Tenure, ...]
    """Whoever held, holds or is to hold it, whatever the day."""
    mandates: tuple[Mandate, ...]
    """The powers that it holds on the day."""


@dataclass(frozen=True, slots=True)
class Called:
    """The call of an election."""

    since: str
    """The EDTF text of the day of the call."""
    opens: str | None
    """When voting is to open, as announced by the day; null: not announced."""
    closes: str | None
    """When voting is to close, as announced by the day; null: not announced."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One who stood."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""
    votes: int | None
    """Votes for this candidate; null: not stated."""
    score: int | None
    """What this candidate got where ballots score or rank."""
    rank: int | None
    """The place in the result; tied candidates share one."""
    affiliation: str | None
    """The organisation outside the ledger that the candidate stood for."""


@dataclass(frozen=True, slots=True)
class Elected:
    """One who was elected."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""


@dataclass(frozen=True, slots=True)
class Unseated:
    """One who was elected and took no seat."""

    person: str
    """The person's id."""
    name: Name
    """The person's name on the day."""
    reason: Name
    """Why."""


@dataclass(frozen=True, slots=True)
class Count:
    """The votes, or the score, of an option."""

    option: str
    """The option."""
    value: int
    """Votes, or a score."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One round of voting."""

    eligible: int | None
    """How many could vote; null: not stated."""
    cast: int | None
    """How many ballots were cast."""
    invalid: int | None
    """How many of these were invalid."""
    turnout: float | None
    """Ballots cast for each that could be, to five places; computed, never stored."""
    counts: tuple[Count, ...]
    """Votes by option."""
    candidates: tuple[Standing, ...]
    """Who stood."""


@dataclass(frozen=True, slots=True)
class Filled(Turn):
    """What was filled by an election: a post, or a role in a body."""

    post: str | None
    """The post."""
    body: str | None
    """The body whose members in a role were elected."""
    role: str | None
    """Their role."""
    seats: int | None
    """How many were to be elected."""
    contested: bool | None
    """Whether there was a choice; null: not stated."""
    elected: tuple[Elected, ...]
    """Who was elected."""
    not_seated: tuple[Unseated, ...]
    """Who of these took no seat."""
    outcome: str | None
    """A result without a winner."""
    until: str | None
    """The stated end of the term."""


@dataclass(frozen=True, slots=True)
class Election:
    """An election: called, held, or annulled."""

    id: str
    """The election's id."""
    status: Literal["called", "held", "annulled"]
    """What it is on the day, certainly or possibly."""
    body: str | None
    """The body that elects; null: not stated, or a meeting."""
    meeting: str | None
    """The meeting that elects."""
    method: str | None
    """How votes are cast and counted."""
    contested: bool | None
    """Whether there was a choice; null: not stated."""
    opened: str | None
    """When voting opened."""
    closed: str | None
    """The day of the vote."""
    effective: str | None
    """The day from which those elected hold what they were elected to; null: not held yet."""
    eligible: int | None
    """How many could vote; null: not stated."""
    cast: int | None
    """How many ballots were cast."""
    invalid: int | None
    """How many of these were invalid."""
    turnout: float | None
    """Ballots cast for each that could be, to five places; computed, never stored."""
    counts: tuple[Count, ...]
    """Votes by option, where one slate was put to the vote."""
    ballots: str | None
    """The SHA-256 of a file of the ballots."""
    rounds: tuple[Turn, ...]
    """The rounds, where there was more than one."""
    contests: tuple[Filled, ...]
    """What was filled, and by whom."""
    called: Called | None
    """The call; null: none is recorded."""
    nominations: tuple[Candidacy, ...]
    """Who was nominated by the day."""
    note: Name
    """A remark on the act."""
    annulled: str | None
    """The EDTF text of its annulment, as known at the basis."""
    certainty: Certainty
    """Whether it was called or held by that day for certain, or possibly."""
    decision: str
    """The decision that tells of it."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A decision in a chain of authority."""

    decision: str
    """The decision's id."""
    title: Name
    """What it is about."""
    taken_by: str | None
    """The body that decided; null: not known, and there the chain is broken."""
    meeting: str | None
    """The meeting at which it was decided; null: not known, or none."""
    date: str | None
    """The day on which it was decided; null: not known."""
    authority: str | None
    """The mandate on which it was decided; null: not stated."""
    via: str
    """How the chain led here: `established`, `created`, `held`, `membership`, `nomination`; or, \
from a decision before, its `authority`, its `meeting`, the body that it was `taken_by`, or \
how that body's members were `elected`."""
    of: str
    """What it led by: the id of that body, post, election, mandate or meeting."""
    because: tuple[int, ...]
    """The positions of the entries that cause it."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on an entry or on a subject."""

    position: int
    """The position of its entry."""
    decision: str
    """The decision that it is a part of."""
    kind: str | None
    """`conflict`, `inference`, `doubt` or `other`; null: not stated."""
    text: Name
    """The remark."""
    on: dict[str, Any]
    """What it is on."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about."""

    kind: Literal["person", "body", "post", "election", "decision", "rule"]
    """What it is."""
    id: str
    """Its id."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of the charter: a rule, and what does not agree with it."""

    rule: str
    """The rule's id."""
    kind: str
    """What the rule is about."""
    version: int
    """The position of the entry that states the version of the rule that is broken."""
    subject: Subject
    """What breaks it."""
    message: str
    """What is wrong, in a sentence, as it was when it began."""
    since: str
    """The first day on which it is wrong, a plain day."""
    until: str | None
    """The first day on which it no longer is; null while it lasts on the day asked about."""
    certainty: Certainty
    """Whether facts that are certain break the rule, or possible ones only."""
    because: tuple[int, ...]
    """The positions of the entries that state the rule and that break it."""

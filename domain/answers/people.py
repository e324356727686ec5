"""Persons as they are answered."""

from __future__ import annotations

from dataclasses import dataclass

from domain.answers.charter import RuleVersion
from domain.answers.facts import Cause, Name, OtherName
from domain.timelines import Certainty


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
    appeals: tuple[Appeal, ...]
    """Every appeal lodged by the day, in order."""
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

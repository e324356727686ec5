"""Elections as they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.answers.facts import Name
from domain.answers.people import Candidacy
from domain.timelines import Certainty


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
class Counted:
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
    counts: tuple[Counted, ...]
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
    counts: tuple[Counted, ...]
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

"""Verifying: a whole ledger, or what is new in it, against what it has signed.

Nothing that is stored is trusted, and nothing is changed. The log (`verifying.log`) is read entry
by entry, and its tree grown from their bytes alone; the texts in the vault are held against the
commitments in the entries (`verifying.texts`), and the views against others that are built anew
(`verifying.image`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.transparency.checkpoints import Checkpoint
from domain.transparency.notes import VerifierKey
from domain.verification.faults import Fault, Faults


class CannotVerify(Exception):
    """It cannot be verified, which does not say that anything is wrong."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is known of a log otherwise than from itself."""

    key: VerifierKey | None = None
    """Its verifier key; None: the one that it states."""
    since: Checkpoint | None = None
    """A checkpoint of a log that was verified: what it covers is not read again."""
    retained: Checkpoint | None = None
    """A checkpoint that was signed: the log must continue it."""


@dataclass(slots=True)
class Verdict:
    """What was verified, and what is wrong."""

    size: int
    """How many entries the log has."""
    since: int
    """How many of them were verified before, and are now proved to be the same."""
    root: str = ""
    """The root over all of them, in hexadecimal."""
    checked: dict[str, int] = field(default_factory=dict)
    """How many of what were verified."""
    left: list[str] = field(default_factory=list)
    """What was not verified, and why."""
    found: Faults = field(default_factory=Faults)
    """What is wrong."""

    @property
    def faults(self) -> list[Fault]:
        """What is wrong, by position."""
        return list(self.found)

    def count(self, what: str, number: int) -> None:
        """Note that so many of something were verified."""
        self.checked[what] = self.checked.get(what, 0) + number

"""Access: the roles, and what each of them may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Role = Literal["reader", "recorder", "auditor", "privacy", "admin"]
"""What a key is for."""

Power = Literal["ask", "record", "erase", "grant", "review"]
"""What can be allowed: to ask questions and read entries; to record decisions; to erase persons; to
make and revoke keys; to see who has which key and who has read what."""

POWERS: Final[dict[Role, frozenset[Power]]] = {
    "reader": frozenset({"ask"}),
    "recorder": frozenset({"ask", "record"}),
    "auditor": frozenset({"ask", "review"}),
    "privacy": frozenset({"ask", "erase"}),
    "admin": frozenset({"grant"}),
}
"""What each role may do. What is not here, nobody may: who makes keys does not record."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks or records."""

    id: str
    """An opaque id, which the entries carry that they record."""
    powers: frozenset[Power]
    """What they may do."""
    within: str | None = None
    """They record about this body and what is below it alone; null: about all."""

    def may(self, power: Power) -> bool:
        """Whether they may do that."""
        return power in self.powers


LOCAL: Final = Principal("local", frozenset(get_args(Power)))
"""Whoever has the stores themselves, and so can do everything anyway: the command line."""

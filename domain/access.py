"""Access: the roles, what each of them may do, and who has been given which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from domain.acts import AccessGranted, AccessRevoked
from domain.dates import day
from domain.entries import Entry

Role = Literal["reader", "recorder", "auditor", "privacy", "admin"]
"""What a key is for."""

Power = Literal["look", "ask", "record", "erase", "grant", "review"]
"""What can be allowed: to ask about the structure; to ask everything, persons, decisions and
entries too; to record decisions; to erase persons; to make and revoke keys; to see who has which
key and who has read what."""

POWERS: Final[dict[Role, frozenset[Power]]] = {
    "reader": frozenset({"look", "ask"}),
    "recorder": frozenset({"look", "ask", "record"}),
    "auditor": frozenset({"look", "ask", "review"}),
    "privacy": frozenset({"look", "ask", "erase"}),
    "admin": frozenset({"grant"}),
}
"""What each role may do. What is not here, nobody may: who makes keys does not record."""

ACCESS_ACTS: Final = frozenset({"access.granted", "access.revoked"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks or records."""

    id: str
    """An opaque id: that of a key. The entries that they record carry it."""
    powers: frozenset[Power]
    """What they may do."""
    within: str | None = None
    """They record about this body and what is below it alone; None: about all."""
    until: int | None = None
    """The day (proleptic ordinal, UTC) from which on they may do nothing; None: no such day."""
    is_key: bool = False
    """Whether it is a key that was given to somebody, who answers for it."""

    def may(self, power: Power) -> bool:
        """Whether they may do that."""
        return power in self.powers


LOCAL: Final = Principal("local", frozenset(get_args(Power)))
"""Whoever has the stores themselves, and so can do everything anyway: the command line."""

ANYBODY: Final = Principal("anybody", frozenset({"look", "ask"}))
"""Whoever reaches a service on loopback whose ledger has no keys yet."""

PUBLIC: Final = Principal("public", frozenset({"look"}))
"""Whoever reaches a service that answers the public; every personal text is withheld from them."""

NOBODY: Final = Principal("nobody", frozenset())
"""Whoever gives no key where one is needed."""


STRANGER: Final = Principal("stranger", frozenset())
"""Whoever shows a key that is none, or no longer works."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the log knows it."""

    id: str
    name: str
    """Whose it is, as committed to."""
    role: Role
    within: str | None
    expires: str | None
    """The day on which it no longer works."""
    secret_sha256: str
    granted: int
    """The position of its grant."""
    granted_at: str
    granted_by: str
    revoked: int | None = None
    """The position of its revocation; None: it was not revoked."""
    revoked_at: str | None = None

    def works(self, today: int) -> bool:
        """Whether it works on a day (proleptic ordinal)."""
        return self.revoked is None and (self.expires is None or today < day(self.expires))

    @property
    def principal(self) -> Principal:
        """Whoever has the key."""
        until = day(self.expires) if self.expires is not None else None
        return Principal(self.id, POWERS[self.role], self.within, until, is_key=True)


def given(keys: Mapping[str, Key], entries: Iterable[Entry]) -> dict[str, Key]:
    """The keys by id, with what further entries say of them."""
    now = dict(keys)
    for entry in entries:
        act = entry.act
        if isinstance(act, AccessGranted):
            now[act.key] = Key(
                id=act.key,
                name=act.name,
                role=act.role,
                within=act.within,
                expires=act.expires,
                secret_sha256=act.secret_sha256,
                granted=entry.position,
                granted_at=entry.recorded_at,
                granted_by=entry.recorded_by,
            )
        elif isinstance(act, AccessRevoked) and now[act.key].revoked is None:
            revoked = {"revoked": entry.position, "revoked_at": entry.recorded_at}
            now[act.key] = replace(now[act.key], **revoked)  # type: ignore[arg-type]
    return now

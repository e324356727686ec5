"""Keys: the log says which there are, and this memory follows it.

A key is `curule_ID_SECRET`. The log holds the SHA-256 of its secret, 256 bits at random, and so
nothing by which the key could be found.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from domain import dates
from domain.access import ACCESS_ACTS, ANYBODY, LOCAL, Key, Principal, Role, given
from domain.acts import AccessGranted, AccessRevoked
from domain.decisions import Decision
from domain.entries import Entry
from service.following.acts import ActsFollowed
from service.log.appends import Sealed
from service.log.log import Log
from service.recording.recorder import Receipt, Recorder, Sent

_KEY: Final = re.compile(r"curule_(k[a-z2-7]{16})_([A-Za-z0-9_-]{43})")

EXPIRY: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[1-9][0-9]{0,4}d)$"
"""How it is said when a key no longer works: the day, or in how many days."""


class NotGiven(Exception):
    """A key could not be given."""


class Keys(ActsFollowed):
    """The keys of one ledger: what this process records of them is known before it is answered."""

    types = ACCESS_ACTS

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self._keys: Mapping[str, Key] = {}
        log.add_listener(self._hear)

    def _hear(self, recorded: Sequence[Sealed]) -> None:
        if any(one.type in self.types for one in recorded):
            self.follow(recorded[-1].position)

    def _take(self, entries: Sequence[Entry]) -> None:
        self._keys = given(self._keys, entries)

    @property
    def are_given(self) -> bool:
        """Whether any key was ever given: from then on, one is needed."""
        return bool(self._keys)

    def all(self) -> Sequence[Key]:
        """Every key that was ever given, in order."""
        return sorted(self._keys.values(), key=lambda each: each.granted)

    def get(self, key: str) -> Key | None:
        """A key by its id."""
        return self._keys.get(key)

    def lacks(self, text: str) -> bool:
        """Whether a key that somebody shows is not known here: another process may have made it."""
        shown = _KEY.fullmatch(text)
        return shown is not None and shown[1] not in self._keys

    def principal(self, text: str) -> Principal | None:
        """Whose a key is that somebody shows; None if it is none, or no longer works."""
        shown = _KEY.fullmatch(text)
        if shown is None:
            return None
        key = self._keys.get(shown[1])
        if key is None or not compare_digest(key.secret_sha256, _hashed(shown[2])):
            return None
        return key.principal if key.works(today().toordinal()) else None

    def admits(self, principal: Principal) -> bool:
        """Whether who came in may stay: keys end, and from the first one on, one is needed."""
        if principal.is_key:
            key = self._keys.get(principal.id)
            return key is not None and key.works(today().toordinal())
        return principal is not ANYBODY or not self.are_given


def today() -> date:
    """The day on which keys work, or no longer do: that of UTC."""
    return datetime.now(UTC).date()


def give(
    recorder: Recorder,
    name: str,
    role: Role,
    within: str | None = None,
    expires: str | None = None,
) -> str:
    """A new key, given to somebody by whoever has the stores themselves.

    Raises:
        NotGiven: it cannot be recorded.
    """
    decision, _, text = grant(name, role, within, expires)
    (answer,) = recorder.record([Sent(decision, LOCAL)])
    if not isinstance(answer, Receipt):
        raise NotGiven(f"{answer}")
    return text


def grant(
    name: str, role: Role, within: str | None, expires: str | None
) -> tuple[Decision, str, str]:
    """The decision that gives somebody a new key, the key's id, and the key itself."""
    key = "k" + base64.b32encode(secrets.token_bytes(10)).decode().lower()
    secret = secrets.token_urlsafe(32)
    act = AccessGranted(
        type="access.granted",
        key=key,
        name=name,
        role=role,
        within=within,
        expires=expires,
        secret_sha256=_hashed(secret),
    )
    return Decision(acts=(act,)), key, f"curule_{key}_{secret}"


def revocation(key: str) -> Decision:
    """The decision by which a key no longer works."""
    return Decision(acts=(AccessRevoked(type="access.revoked", key=key),))


def expiry(text: str, now: date) -> str:
    """The day on which a key no longer works: as given, or so many days from now (`90d`).

    Raises:
        ValueError: it is no day to come.
    """
    days = re.fullmatch(r"([1-9][0-9]{0,4})d", text)
    if days is not None:
        return (now + timedelta(days=int(days[1]))).isoformat()
    if dates.day(text) <= now.toordinal():
        raise ValueError(f"{text} is not to come: the key would not work at all")
    return text


def _hashed(secret: str) -> str:
    return sha256(secret.encode("ascii")).hexdigest()

"""Acts on access: who may do what. The service records them; no client can post them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.acts.act import Act
from domain.fields import Day, ExactDay, KeyId, NamedBodyId, NewKeyId, Sha256, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGranted(Act):
    """A key was given to somebody, for one role."""

    type: Literal["access.granted"]
    effective: Day | None = None
    """Ignored: a grant acts on the recorded clock."""
    key: NewKeyId
    """The new key. It is the principal that the entries name which the key records."""
    name: Text
    """Whose key it is, or what for."""
    role: Literal["reader", "recorder", "auditor", "privacy", "admin"]
    """What it is for."""
    within: NamedBodyId | None = None
    """It records about this body and what is below it alone; absent: about all."""
    expires: ExactDay | None = None
    """The day on which it no longer works, UTC; absent: it works until it is revoked."""
    secret_sha256: Sha256
    """The SHA-256 of the key's secret, 256 bits at random: they cannot be found by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRevoked(Act):
    """A key no longer works, for good."""

    type: Literal["access.revoked"]
    effective: Day | None = None
    """Ignored: a revocation acts on the recorded clock."""
    key: KeyId
    """Which key."""

"""Bounds: how much of everything a request may have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import limits

from service.loopback import is_loopback
from service.settings import Settings

BODY: Final = 4 * 1024 * 1024
"""Bytes of a request's body."""
HEAD: Final = 16 * 1024
"""Bytes of a request's address and headers."""
HEADERS: Final = 100
"""Headers of a request."""
PARAMETERS: Final = 32
"""Parameters of a question."""
TAKING: Final = 60.0
"""Seconds in which a client that is sent more than it has room for has to take some of it."""
STREAMED: Final = "application/jsonl"
"""Of this, each line has the bounds of a body, and there may be as many as one likes."""
RATE: Final = "600/minute"
"""Requests of one client where others than this machine are served."""

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:]+\](:[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a service grants."""

    body: int = BODY
    """Bytes of a request's body; of each decision, where many are streamed."""
    arriving: float = 30.0
    """Seconds in which a request's head has to arrive, and then its body."""
    taking: float = TAKING
    """Seconds in which some of an answer that waits has to be taken."""
    connections: int = 500
    """Connections at once."""
    rate: limits.RateLimitItem | None = None
    """Requests of one client in a time; None: as many as it likes."""
    origins: tuple[str, ...] = ()
    """Of pages of which origins a browser may read the answers."""

    @classmethod
    def of(cls, settings: Settings, host: str) -> Bounds:
        """The bounds that settings name, for a service that listens on a host.

        Raises:
            ValueError: a setting is not as it should be.
        """
        return cls(
            body=settings.body_limit,
            arriving=settings.arrival_seconds,
            connections=settings.connections,
            rate=_rate(settings.rate_limit or ("off" if is_loopback(host) else RATE)),
            origins=tuple(_origin(each) for each in (settings.cors_origins or "").split()),
        )


USUAL: Final = Bounds()
"""What is granted unless settings say otherwise."""


def _rate(text: str) -> limits.RateLimitItem | None:
    if text.strip().lower() == "off":
        return None
    try:
        rate = limits.parse(text)
    except ValueError:
        rate = None
    if rate is None or rate.amount < 1:
        raise ValueError(f"CURULE_RATE_LIMIT is {text!r}: give it as {RATE}, or off")
    return rate


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError(
            f"CURULE_CORS_ORIGINS names {text!r}: give each origin as https://ledger.example"
        )
    return text

"""Accepting: which media types a client takes, as its Accept header says (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache


def takes(accept: str, media_type: str) -> bool:
    """Whether a client that accepts this takes a media type."""
    return _weight(accept, media_type) > 0


def preferred(accept: str, *offered: str) -> str:
    """Which of the offered types a client prefers that accepts this; the first of equals."""
    return max(offered, key=lambda media_type: _weight(accept, media_type))


def _weight(accept: str, media_type: str) -> float:
    """How much it is wanted; the most specific range tells."""
    weights = _ranges(accept)
    named = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    known = (weights[each] for each in named if each in weights)
    return next(known, 0.0 if weights else 1.0)


@lru_cache(maxsize=256)
def _ranges(accept: str) -> Mapping[str, float]:
    """The media ranges, each with its weight."""
    weights: dict[str, float] = {}
    for each in accept.split(","):
        wanted, *parameters = (part.strip().lower() for part in each.split(";"))
        if wanted:
            weights[wanted] = max(weights.get(wanted, 0.0), _quality(parameters))
    return weights


def _quality(parameters: list[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0

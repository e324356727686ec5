"""Accepting: which media types a client takes, as its Accept header says (RFC 9110, 12.5.1)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def takes(accept: str, media_type: str) -> bool:
    """Whether a client that accepts this takes a media type; the most specific range tells."""
    whole, kind = media_type, media_type.partition("/")[0]
    weights: dict[str, float] = {}
    for each in accept.split(","):
        wanted, *parameters = (part.strip().lower() for part in each.split(";"))
        if wanted:
            weights[wanted] = max(weights.get(wanted, 0.0), _weight(parameters))
    for wanted in (whole, f"{kind}/*", "*/*"):
        if wanted in weights:
            return weights[wanted] > 0
    return not weights


def _weight(parameters: list[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0

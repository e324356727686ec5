"""Accepting: which of several media types a client prefers (RFC 9110, 12.5.1)."""

from __future__ import annotations

from fastapi import Request


def preferred(request: Request, *offered: str) -> str:
    """The offered type that the request accepts most; the first of equals, or if none is named."""
    weights = dict(_ranges(request.headers.get("Accept", "*/*")))

    def weight(media_type: str) -> float:
        main = media_type.partition("/")[0]
        named = (each for each in (media_type, f"{main}/*", "*/*") if each in weights)
        return weights.get(next(named, ""), 0.0)

    return max(offered, key=weight)


def _ranges(accept: str) -> list[tuple[str, float]]:
    """The media ranges of an Accept header, each with its weight."""
    found = []
    for each in accept.split(","):
        media_range, *parameters = (part.strip().lower() for part in each.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        found.append((media_range, weight))
    return found

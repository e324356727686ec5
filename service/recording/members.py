"""Members: in a JSON document, an object names each of its members once.

JSON leaves open what a name given twice means, and most readers silently take the last.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


class _Twice(dict[str, Any]):
    """An object that names a member twice."""

    name: str
    """Which."""


def named_twice(document: str | bytes) -> str | None:
    """The JSON pointer to a member that is named twice; of what is no JSON, none."""
    has_twice = False

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal has_twice
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        has_twice, told = True, _Twice(members)
        told.name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        return told

    try:
        value = json.loads(document, object_pairs_hook=read)
    except (ValueError, RecursionError):  # who reads what it says will tell
        return None
    return _pointer(value) if has_twice else None


def _pointer(value: Any) -> str | None:
    """The pointer to a member that is named twice, in an object that itself stands once."""
    places = [("", value)]
    while places:
        place, each = places.pop()
        if isinstance(each, _Twice):
            return f"{place}/{escaped(each.name)}"
        if isinstance(each, dict):
            places += [(f"{place}/{escaped(name)}", one) for name, one in each.items()]
        elif isinstance(each, list):
            places += [(f"{place}/{number}", one) for number, one in enumerate(each)]
    return None


def escaped(part: int | str) -> str:
    """A part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")

"""Search by any name. Personal names are folded in memory: no index of them is ever stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from domain.names import forms, matches, words
from service.content import Values

Item = TypeVar("Item")


class Search:
    """Finds what bears a name, whatever its spelling."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._forms: dict[str, frozenset[str]] = {}

    def persons(self, asked: str, names: Collection[tuple[str, str]]) -> set[str]:
        """The ids of those whose names match, of pairs of an id and the digest of a name."""
        unknown = {digest for _, digest in names} - self._forms.keys()
        opened: Mapping[str, str] = self._values(sorted(unknown)) if unknown else {}
        self._forms.update((digest, forms(text)) for digest, text in opened.items())
        wanted = words(asked)
        return {person for person, digest in names if matches(wanted, self._forms.get(digest, ()))}


def named(asked: str, names: Iterable[str | None]) -> bool:
    """Whether one of these names matches."""
    wanted = words(asked)
    return any(matches(wanted, forms(name)) for name in names if name)

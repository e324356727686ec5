"""Search by any name. Personal names are folded in memory: no index of them is ever stored."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

from domain.names import forms, matches, words
from service.content import Told

Item = TypeVar("Item")

_NOTHING: Final[frozenset[str]] = frozenset()
"""By what an erased name is found, for ever."""


class Search:
    """Finds what bears a name, whatever its spelling."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._forms: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def persons(self, asked: str, names: Collection[tuple[str, str]]) -> set[str]:
        """The ids of those whose names match, of pairs of an id and the digest of a name."""
        unknown = {digest for _, digest in names} - self._forms.keys()
        opened: Mapping[str, Any] = self._told(sorted(unknown)) if unknown else {}
        with self._lock:
            self._forms.update(
                (digest, forms(text) if isinstance(text, str) else _NOTHING)
                for digest, text in opened.items()
                if self._forms.get(digest) is not _NOTHING
            )
        wanted = words(asked)
        return {person for person, digest in names if matches(wanted, self._forms.get(digest, ()))}

    def forget(self, digests: Iterable[str]) -> None:
        """Find nobody any more by names that were erased."""
        with self._lock:
            self._forms.update((digest, _NOTHING) for digest in digests)


def named(asked: str, names: Iterable[str | None]) -> bool:
    """Whether one of these names matches."""
    wanted = words(asked)
    return any(matches(wanted, forms(name)) for name in names if name)

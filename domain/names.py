"""Names as people look for them: without accents, apostrophes, hyphens and capitals."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

_APOSTROPHES: Final = "'’‘ʼʻ`´′ʹ"
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)


def words(text: str) -> tuple[str, ...]:
    """The words of a name, folded: `Ch'oe Ryŏng-hae` and `CHOE RYONG HAE` have the same."""
    plain = "".join(
        each
        for each in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(each) and each not in _APOSTROPHES
    ).translate(_LETTERS)
    return tuple("".join(each if each.isalnum() else " " for each in plain).split())


def matches(asked: Sequence[str], name: Sequence[str]) -> bool:
    """Whether every word asked for begins a word of the name."""
    return all(any(word.startswith(each) for word in name) for each in asked)

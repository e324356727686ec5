"""Names as people look for them: without accents, apostrophes, hyphens and capitals."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

_APOSTROPHES: Final = "'’‘ʼʻ`´′ʹ"
_HYPHENS: Final = "-‐‑‒–—−_"
_LETTERS: Final = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ð": "d",
}
_FOLDED: Final = str.maketrans(
    {**_LETTERS, **dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_HYPHENS, "-")}
)

Word = tuple[str, ...]
"""A word, in the parts that hyphens divide it into."""


def words(text: str) -> tuple[Word, ...]:
    """The words that are asked for, folded: `Ch'oe Ryŏng-hae` asks for `choe` and `ryong-hae`."""
    return tuple(tuple(part.replace("'", "") for part in word) for word in _words(text))


def forms(text: str) -> frozenset[str]:
    """All that the words of a name may be looked for by, with what hyphens and apostrophes join.

    `l'Été` is found by `été` and by `lété`; `Ryŏng-hae` by `hae` and by `ryonghae`.
    """
    found: set[str] = set()
    for word in _words(text):
        for number, part in enumerate(word):
            found.update(part.split("'"))
            found.add("".join(word[number:]).replace("'", ""))
    return frozenset(found)


def matches(asked: Sequence[Word], name: Collection[str]) -> bool:
    """Whether every word asked for, or each of its parts, begins one of the forms of a name.

    Where no word is asked for, nothing matches.
    """
    return bool(asked) and all(
        _begins("".join(word), name) or all(_begins(part, name) for part in word) for word in asked
    )


def speaks_of(text: str, name: str) -> bool:
    """Whether a text may speak of who bears a name: rather too often than too seldom.

    A word of the name is enough, unless it is shorter than three letters; where words are written
    without spaces, the name as a whole.
    """
    asked, found = words(name), forms(text)
    long = [word for word in asked if len("".join(word)) > 2]
    whole = "".join(part for word in asked for part in word)
    return bool(whole) and (
        any(matches((word,), found) for word in long)
        or (not long and matches(asked, found))
        or whole in "".join(part for word in words(text) for part in word)
    )


def _begins(part: str, forms: Collection[str]) -> bool:
    return any(form.startswith(part) for form in forms)


def _words(text: str) -> list[Word]:
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_FOLDED)).translate(_FOLDED)
    plain = "".join(
        each
        for each in folded
        if not unicodedata.combining(each) and unicodedata.category(each) != "Cf"
    )
    spaced = "".join(each if _is_written(each) else " " for each in plain).split()
    parts = (tuple(part.strip("'") for part in each.split("-")) for each in spaced)
    return [word for each in parts if (word := tuple(filter(None, each)))]


def _is_written(letter: str) -> bool:
    """Whether a character is a part of words: a letter, a digit, a vowel sign, a joint."""
    return letter.isalnum() or letter in "'-" or unicodedata.category(letter).startswith("M")

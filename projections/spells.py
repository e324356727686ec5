"""Spells and moments as the rows of the views, and back.

The fold does not look into values, so the views fold them as they are stored: as a text, with the
other subject that it names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from sys import intern
from typing import Any, Final

from domain.constructors import constructor
from domain.dates import Window
from domain.entries import canonical_text
from domain.moments import ENDS, Does, Moment
from domain.timelines import Spell
from domain.tracks import Track, named_by

StoredMoment = tuple[Any, ...]
"""A moment in the order of `MOMENT`."""
StoredSpell = tuple[Any, ...]
"""A spell in the order of `SPELL`."""

MOMENT: Final = (
    "kind",
    "subject",
    "attribute",
    "position",
    "does",
    "earliest",
    "latest",
    "text",
    "value",
    "named",
    "ground",
)
"""The columns that say what a moment is."""

SPELL: Final = (
    "kind",
    "subject",
    "attribute",
    "value",
    "named",
    "since_earliest",
    "since_latest",
    "until_earliest",
    "until_latest",
    "since_text",
    "until_text",
    "begun_by",
    "ended_by",
)
"""The columns that say what a spell is."""

_ENDING: Final = ("null", None)
TOLD: Final = tuple(name for name in SPELL if name != "named")
"""The columns of which answers are made."""

_DOES: Final = {each.value: each for each in Does}


def folding(moment: Moment) -> Moment:
    """A moment with its value as it is stored."""
    track, does, window, text, value, position, ground = moment
    stored = _ENDING if does is ENDS else (canonical_text(value), named_by(track, value))
    return Moment(track, does, window, text, stored, position, ground)


def moment_row(moment: Moment) -> StoredMoment:
    """The row of a moment whose value is as it is stored."""
    track, does, window, text, value, position, ground = moment
    return (*track, position, does.value, *window, text, *value, ground)


def moment_of(row: Sequence[Any]) -> Moment:
    """The moment of a row, its value as it is stored."""
    kind, subject, attribute, position, does, earliest, latest, text, value, named, ground = row
    return Moment(
        Track(kind, subject, attribute),
        _DOES[does],
        Window(earliest, latest),
        text,
        (value, named),
        position,
        ground,
    )


def spell_row(spell: Spell) -> StoredSpell:
    """The row of a spell whose value is as it is stored."""
    begun_by, *ended_by = spell.because
    return (
        *spell.track,
        *spell.value,
        *spell.since,
        *spell.until,
        spell.since_text,
        spell.until_text,
        begun_by,
        ended_by[0] if ended_by else None,
    )


def folded_of(row: StoredSpell) -> Spell:
    """The spell of a row, its value as it is stored."""
    return Spell(
        Track(row[0], row[1], row[2]),
        (row[3], row[4]),
        Window(row[5], row[6]),
        Window(row[7], row[8]),
        row[9],
        row[10],
        (row[11],) if row[12] is None else (row[11], row[12]),
    )


_value = lru_cache(maxsize=65_536)(json.loads)
"""Values as they are stored; many are alike, and none is changed by who reads it."""
_window = lru_cache(maxsize=65_536)(Window)
"""Windows of days, each once."""


_new = constructor(Spell)


def spell_of(row: Sequence[Any]) -> Spell:
    """The spell of a row, in the order of `TOLD`."""
    kind, subject, attribute, value, earliest, latest, ends, ended, since, until, by, end = row
    return _new(
        Track(intern(kind), intern(subject), intern(attribute)),
        _value(value),
        _window(earliest, latest),
        _window(ends, ended),
        since and intern(since),
        until and intern(until),
        (by,) if end is None else (by, end),
    )

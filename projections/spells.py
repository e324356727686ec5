"""Spells and moments as the rows of the views, and back."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Row

from domain.dates import Window
from domain.entries import canonical
from domain.moments import Does, Moment
from domain.timelines import Spell
from domain.tracks import Track, named_by
from projections import views as v

STATED: Final = tuple(
    column.name
    for column in v.spells.columns
    if column.name not in ("id", "recorded_from", "recorded_until")
)
"""The columns that say what a spell is, in their order."""

Stated = tuple[Any, ...]
"""What a spell is, by those columns."""


def stated(spell: Spell) -> Stated:
    """What the row of a spell says, but for when it was believed."""
    begun_by, *ended_by = spell.because
    return (
        *spell.track,
        canonical(spell.value).decode(),
        named_by(spell.track, spell.value),
        *spell.since,
        *spell.until,
        spell.since_text,
        spell.until_text,
        begun_by,
        ended_by[0] if ended_by else None,
    )


def spell_of(row: Row[Any]) -> Spell:
    """A spell as its row tells it."""
    return Spell(
        track=Track(row.kind, row.subject, row.attribute),
        value=json.loads(row.value),
        since=Window(row.since_earliest, row.since_latest),
        until=Window(row.until_earliest, row.until_latest),
        since_text=row.since_text,
        until_text=row.until_text,
        because=(row.begun_by,) if row.ended_by is None else (row.begun_by, row.ended_by),
    )


def moment_row(moment: Moment) -> dict[str, Any]:
    """The row of a moment."""
    return {
        "kind": moment.track.kind,
        "subject": moment.track.subject,
        "attribute": moment.track.attribute,
        "position": moment.position,
        "does": moment.does.value,
        "earliest": moment.window.earliest,
        "latest": moment.window.latest,
        "text": moment.text,
        "value": canonical(moment.value).decode(),
        "ground": moment.ground,
    }


def moment_of(row: Row[Any]) -> Moment:
    """A moment as its row tells it."""
    return Moment(
        track=Track(row.kind, row.subject, row.attribute),
        does=Does(row.does),
        window=Window(row.earliest, row.latest),
        text=row.text,
        value=json.loads(row.value),
        position=row.position,
        ground=row.ground,
    )

"""Amendments: the envelope of a decision, as later decisions correct it.

An amendment holds from its position on, and cannot be retracted: what it got wrong, another one
corrects. Whoever tells of a decision tells of its envelope as `amended` gives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from domain import acts as a
from domain.decisions import DecisionTaken
from domain.entries import Entry

AMENDABLE: Final = ("taken_by", "meeting", "authority", "vote", "sources")
"""The fields of an envelope that can be amended."""


class Amendment(NamedTuple):
    """An act that amends a decision, and the position of its entry."""

    position: int
    act: a.DecisionAmended


def amendments(entries: Iterable[Entry]) -> Mapping[str, Sequence[Amendment]]:
    """The amendments among some entries, by the decision that they amend."""
    found: dict[str, list[Amendment]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry.act, a.DecisionAmended):
            found[entry.act.decision].append(Amendment(entry.position, entry.act))
    return found


def given(act: a.DecisionAmended) -> dict[str, Any]:
    """What an amendment states, by the field of the envelope that it takes the place of."""
    return {name: value for name in AMENDABLE if (value := getattr(act, name))}


def amended(taken: DecisionTaken, amendments: Iterable[Amendment]) -> DecisionTaken:
    """An envelope as these amendments leave it: of each field, the last that is given."""
    stated = {name: value for each in amendments for name, value in given(each.act).items()}
    return replace(taken, **stated) if stated else taken


def positions(amendments: Iterable[Amendment]) -> tuple[int, ...]:
    """Where these amendments stand in the log."""
    return tuple(each.position for each in amendments)

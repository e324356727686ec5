"""An act is a set of moments on tracks.

A track is one attribute of one subject: a body's name, a person's hold on a post. A moment sets it
to a value or ends it, somewhere in a window of days. Tags, rules, the fold and the projections'
rows all derive from these two.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from domain.dates import Window
from domain.tracks import Track

Json = Any


class Does(StrEnum):
    """What a moment does to its track."""

    BEGINS = "begins"
    SETS = "sets"
    ENDS = "ends"
    ATTESTS = "attests"


BEGINS, SETS, ENDS, ATTESTS = Does  # at hand by name, for they are asked for most of all


class Moment(NamedTuple):
    """One change of one track.

    `BEGINS` starts what must be ended before it can start again, `SETS` replaces the value before,
    `ATTESTS` says that it holds on that day. What begins on the `ground` of an election ends with
    that election's annulment.
    """

    track: Track
    does: Does
    window: Window
    text: str | None
    value: Json
    position: int
    ground: str | None = None

"""Effective days: EDTF texts (ISO 8601-2) read as an earliest and a latest day.

The text is what a source says and is kept as it was written; what is compared is its `Window`.
Days are proleptic Gregorian ordinals (`datetime.date.toordinal`), so that comparing is integer
comparison. A day is the smallest instant and every interval is half-open, `[start, end)`.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

DAWN: Final = 0
"""Before every day: the earliest day of a window without a lower bound."""

NEVER: Final = date.max.toordinal() + 1
"""After every day: the latest day of a window without an upper bound."""

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?([~?%]?)", re.ASCII)


class Window(NamedTuple):
    """The days on which something may have happened: from `earliest` to `latest`, both included."""

    earliest: int
    latest: int

    @property
    def exact(self) -> bool:
        """Whether it is one known day."""
        return self.earliest == self.latest and DAWN < self.earliest < NEVER


ALWAYS: Final = Window(DAWN, DAWN)
"""A beginning before every day."""

OPEN: Final = Window(NEVER, NEVER)
"""An end that no act has stated."""


@lru_cache(maxsize=65_536)
def window(text: str) -> Window:
    """Read an EDTF text as its earliest and latest day.

    Forms: `2025-01-30`, `2012-04`, `2007`, each also with `~`, `%` (widened by one unit of the
    last precision on both sides) or `?` (not widened); `[..2025-01-23]` (on or before),
    `[2025-01-23..]` (on or after), `[2013-01-01..2013-01-18]` (one day among these).

    Raises:
        ValueError: the text is none of these forms, or names a day that no calendar has.

    Source: EDTF 2019, levels 0 and 1, and the bracketed sets of level 2.
    """
    if not (text.startswith("[") and text.endswith("]")):
        return _date(text)
    first, dots, last = text[1:-1].partition("..")
    if not dots or not (first or last):
        raise ValueError(f"{text!r} is not an EDTF date such as [..2025-01-23]")
    earliest = _date(first).earliest if first else DAWN
    latest = _date(last).latest if last else NEVER
    if earliest > latest:
        raise ValueError(f"{text!r} ends before it begins")
    return Window(earliest, latest)


def _date(text: str) -> Window:
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(
            f"{text!r} is not an EDTF date such as 2025-01-30, 2012-04~ or [..2025-01-23]"
        )
    year, month, day, qualifier = found.groups()
    around = 1 if qualifier in ("~", "%") else 0
    try:
        return _precise(int(year), int(month) if month else None, int(day) if day else None, around)
    except ValueError as wrong:
        raise ValueError(f"{text!r} names no day of the calendar: {wrong}") from None


def _precise(year: int, month: int | None, day: int | None, around: int) -> Window:
    """The window of one date, `around` units of its precision wider on both sides."""
    if month is None:
        date(year, 1, 1)
        return Window(_first_of(year - around, 1), _first_of(year + around + 1, 1) - 1)
    if day is None:
        date(year, month, 1)
        months = year * 12 + month - 1
        before, after = months - around, months + around + 1
        return Window(
            _first_of(before // 12, before % 12 + 1), _first_of(after // 12, after % 12 + 1) - 1
        )
    exact = date(year, month, day).toordinal()
    return Window(max(exact - around, DAWN + 1), min(exact + around, NEVER - 1))


def _first_of(year: int, month: int) -> int:
    """The first day of a month; the calendar's own ends beyond them."""
    if year < 1:
        return DAWN + 1
    return date(year, month, 1).toordinal() if year <= date.max.year else NEVER


def day(text: str) -> int:
    """Read a plain calendar day, `2025-01-30`, as its ordinal. Raises ValueError otherwise."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError(f"{text!r} is not a day such as 2025-01-30")
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError as wrong:
        raise ValueError(f"{text!r} names no day of the calendar: {wrong}") from None


def iso(ordinal: int) -> str:
    """Write a day as `2025-01-30`; the ends of time as `..`."""
    return date.fromordinal(ordinal).isoformat() if DAWN < ordinal < NEVER else ".."

"""The calendar: so many months after a day, and the whole months, quarters and years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from domain.dates import DAWN, NEVER
from domain.findings.extents import Days

MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


def after(day: int, months: int | None, days: int | None) -> int:
    """The day so many months, or so many days if that is sooner, after another."""
    in_months = months_after(day, months) if months is not None else NEVER
    return min(in_months, day + days if days is not None else NEVER, NEVER)


def span(months: int | None, days: int | None) -> str:
    """So many months, or so many days."""
    return " or ".join(
        f"{number} {noun}{'' if number == 1 else 's'}"
        for number, noun in ((months, "month"), (days, "day"))
        if number is not None
    )


def months_after(day: int, months: int) -> int:
    """The same day of a later month, or that month's last if it has no such day."""
    if not DAWN < day < NEVER:
        return NEVER
    at = date.fromordinal(day)
    first = _first(at.year, at.month - 1 + months)
    following = _first(at.year, at.month + months)
    return min(first + at.day - 1, following - 1) if following < NEVER else NEVER


def periods(per: str, days: Days) -> Iterator[tuple[str, Days]]:
    """The calendar periods, with their names, that begin and end within these days."""
    length = MONTHS[per]
    at = date.fromordinal(days[0])
    month = (at.month - 1) // length * length
    while True:
        since, until = _first(at.year, month), _first(at.year, month + length)
        if until > days[1]:
            return
        if since >= days[0]:
            yield _named(since, per), (since, until)
        month += length


def _named(since: int, per: str) -> str:
    at = date.fromordinal(since)
    if per == "quarter":
        return f"quarter {(at.month - 1) // 3 + 1} of {at.year}"
    return str(at.year) if per == "year" else f"{at.year:04}-{at.month:02}"


def _first(year: int, months: int) -> int:
    """The first day of the month that is so many after a year's January."""
    year, month = year + months // 12, months % 12 + 1
    return date(year, month, 1).toordinal() if year <= date.max.year else NEVER

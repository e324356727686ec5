"""EDTF texts are read as an earliest and a latest day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import DAWN, NEVER, day, iso, window


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2025-01-30", "2025-01-30", "2025-01-30"),
        ("2012-04", "2012-04-01", "2012-04-30"),
        ("2012-02", "2012-02-01", "2012-02-29"),
        ("2007", "2007-01-01", "2007-12-31"),
        ("2012-04~", "2012-03-01", "2012-05-31"),
        ("2012-01%", "2011-12-01", "2012-02-29"),
        ("2012-04?", "2012-04-01", "2012-04-30"),
        ("2007~", "2006-01-01", "2008-12-31"),
        ("2025-01-01~", "2024-12-31", "2025-01-02"),
        ("[2013-01-01..2013-01-18]", "2013-01-01", "2013-01-18"),
        ("[2012..2013-02]", "2012-01-01", "2013-02-28"),
        ("[..2025-01-23]", "..", "2025-01-23"),
        ("[2025-01-23..]", "2025-01-23", ".."),
        ("0001~", "0001-01-01", "0002-12-31"),
        ("9999-12-31~", "9999-12-30", "9999-12-31"),
    ],
)
def test_a_text_is_a_window_of_days(text: str, earliest: str, latest: str) -> None:
    found = window(text)
    assert (iso(found.earliest), iso(found.latest)) == (earliest, latest)


def test_unbounded_ends_lie_beyond_every_day() -> None:
    assert window("[..2025]").earliest == DAWN < date.min.toordinal()
    assert window("[2025..]").latest == NEVER > date.max.toordinal()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "2025-1-3",
        "2025-13",
        "2025-02-30",
        "0000",
        "2025-01-30T12:00:00Z",
        "[..]",
        "[2012]",
        "[2013..2012]",
        "2012~~",
        "2012-04/2012-05",
        "２０１２",
        " 2012",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"EDTF|calendar|before"):
        window(text)


@given(st.dates())
def test_a_day_is_itself(when: date) -> None:
    found = window(when.isoformat())
    assert found.exact
    assert iso(found.earliest) == when.isoformat()
    assert day(when.isoformat()) == when.toordinal()


@given(st.dates(min_value=date(3, 1, 1), max_value=date(9997, 12, 31)), st.sampled_from("~%"))
def test_about_a_date_is_one_unit_wider_on_both_sides(when: date, qualifier: str) -> None:
    for length in (4, 7, 10):
        text = when.isoformat()[:length]
        plain, wide = window(text), window(text + qualifier)
        assert wide.earliest < plain.earliest <= plain.latest < wide.latest
        assert window(iso(wide.earliest)[:length]).earliest == wide.earliest
        assert window(iso(wide.earliest)[:length]).latest + 1 == plain.earliest
        assert window(iso(wide.latest)[:length]).earliest - 1 == plain.latest

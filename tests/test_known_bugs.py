"""Faults that users of other bitemporal stores reported, stood up here.

RES is RailsEventStore. What others met as slowness is counted here in rows, and timed elsewhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.dates import day, iso
from domain.questions.structure import structure
from projections.tables import NEWEST
from projections.tables import spells as rows
from service.ledger import Ledger
from tests.ledgers import act, entries, followed, ledger_in, projected, told
from tests.test_door import Door, established, opened, registered


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path) as it:
        yield it


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as it:
        yield it


def renamed(effective: str, name: str) -> dict[str, Any]:
    return act("body.renamed", effective, body="hall", name=name)


def name_on(door: Door, effective_at: str, **known: str | int) -> str | None:
    answer = door.ask("/v1/structure", effective_at=effective_at, **known)
    return next((each["name"] for each in answer["bodies"] if each["id"] == "hall"), None)


# Batches


def pages(door: Door, of: str, limit: int) -> Iterator[Any]:
    """What every page of a list holds, one after the other."""
    response = door.client.get(f"/v1/{of}", params={"limit": limit})
    while True:
        assert response.status_code == 200, response.text
        found = response.json()[of]
        assert len(found) <= limit
        yield from (each["entry"]["position"] if of == "entries" else each["id"] for each in found)
        link = response.links.get("next")
        if link is None:
            return
        response = door.client.get(link["url"])


@pytest.mark.parametrize("of", ["entries", "decisions", "people", "elections", "meetings"])
def test_batches_hold_everything_once_though_all_is_of_one_day(door: Door, of: str) -> None:
    """RES #1037: read in valid order and in batches, events of one time came twice or never."""
    door.record(established("hall", "2020-01-01"))
    for number in range(7):
        door.record(
            registered(f"person-{number}"),
            act("election.held", "2020-01-01", election=f"vote-{6 - number}", body="hall"),
            act("meeting.convened", "2020-01-01", meeting=f"sitting-{6 - number}", body="hall"),
        )
    whole = list(pages(door, of, 100))
    assert len(whole) == len(set(whole)) >= 7
    for limit in (1, 2, 3, 7):
        assert list(pages(door, of, limit)) == whole


@pytest.mark.parametrize("batch", [1, 2, 3, 1_000])
def test_views_are_the_same_whatever_the_batches_they_follow_in(ledger: Ledger, batch: int) -> None:
    """RES #1037, of projections: what lay on the border of two batches was handled twice."""
    told(ledger, established("hall", "2020-01-01"), registered("ann"))
    for number in range(6):
        told(ledger, renamed(f"2020-02-0{6 - number}", f"N{number}"))
        told(ledger, act("activist.admitted", "2020-02-01", person="ann", body="hall"))
        last = ledger.log.head()[0]
        told(ledger, act("entry.retracted", entry=last, reason="Too early."))
    recorded, newest = entries(ledger), ledger.log.head()[0]
    for on in range(day("2020-01-31"), day("2020-02-08")):
        assert projected(ledger, on, newest) == structure(recorded, on, newest)
    assert followed(ledger, batch) == ledger.views.digest()


# No time on the axis


def test_what_has_no_first_day_comes_first_and_not_last(door: Door) -> None:
    """RES #1518: a null valid time sorted behind all others, so that it overruled them."""
    door.record(established("hall", "[..2019-06-01]", name="Ancient"))
    door.record(renamed("2020-01-01", "Newer"))
    door.record(renamed("[..2019-09-01]", "Old"))
    assert name_on(door, "2019-07-01") == "Ancient"
    assert name_on(door, "2019-09-01") == name_on(door, "2019-12-31") == "Old"
    assert name_on(door, "2020-01-01") == "Newer"
    history = door.ask("/v1/bodies/hall/history", effective_at="2020-02-01")["history"]
    names = [each["value"] for each in history if each["attribute"] == "name"]
    assert names == ["Ancient", "Old", "Newer"]


def test_what_has_no_first_day_gives_way_to_what_may_begin_on_its_last(door: Door) -> None:
    """RES #1518: the same, where nothing but the order decides."""
    door.record(established("hall", "2019-01-01", name="Ancient"))
    door.record(renamed("[2020-03-01..2020-04-01]", "Newer"), renamed("[..2020-03-01]", "Old"))
    assert name_on(door, "2020-06-01") == "Newer"


def test_what_has_no_last_day_comes_after_what_was_before_it(door: Door) -> None:
    """RES #1518, of the other end: an open end is late, not early."""
    door.record(established("hall", "2019-01-01", name="Old"))
    door.record(renamed("[2020-01-01..]", "Newest"), renamed("2019-06-01", "Newer"))
    assert name_on(door, "2019-12-31") == "Newer"
    later = door.ask("/v1/structure", effective_at="2020-01-01")["bodies"][0]
    assert later["name"] == "Newer"  # for certain; the other may be
    assert [each["value"] for each in later["alternatives"]] == ["Newest"]


def test_acts_without_a_day_order_nothing(door: Door) -> None:
    """RES #1518, of acts on the record: they have no effective day, and need none."""
    door.record(established("hall", "2020-01-01", name="Old"), renamed("2020-02-01", "New"))
    last = door.newest()
    before = door.ask("/v1/structure", effective_at="2020-03-01")["bodies"]
    door.record(
        act("remark.made", body="hall", text="Was it?"),
        renamed("2020-01-15", "Between"),
        id="remarks",
    )
    door.record(act("entry.retracted", entry={"decision": "remarks", "act": 2}, reason="No."))
    door.record(act("entry.retracted", entry=last, reason="No."), renamed("2020-02-01", "New"))
    after = door.ask("/v1/structure", effective_at="2020-03-01")["bodies"]
    assert [each["name"] for each in after] == [each["name"] for each in before] == ["New"]


# The wrong axis


def test_each_clock_filters_by_its_own_axis(door: Door) -> None:
    """RES #1521: a limit on one axis was applied to the other."""
    first = door.record(established("hall", "2010-01-01", name="Old"))
    second = door.record(renamed("2030-01-01", "Future"))
    third = door.record(renamed("2015-01-01", "Late"))
    when = [each["recorded_at"] for each in (first, second, third)]
    names = {
        (effective, number): name_on(door, effective, recorded_at=recorded)
        for effective in ("2009-12-31", "2010-01-01", "2015-01-01", "2030-01-01")
        for number, recorded in enumerate(when)
    }
    assert names == {
        **{("2009-12-31", number): None for number in range(3)},
        **{("2010-01-01", number): "Old" for number in range(3)},
        ("2015-01-01", 0): "Old",
        ("2015-01-01", 1): "Old",
        ("2015-01-01", 2): "Late",
        ("2030-01-01", 0): "Old",
        ("2030-01-01", 1): "Future",
        ("2030-01-01", 2): "Future",
    }
    just_before = datetime.fromisoformat(when[0]) - timedelta(microseconds=1)
    assert name_on(door, "2040-01-01", recorded_at=just_before.isoformat()) is None


def test_the_log_is_limited_by_what_was_recorded_whatever_the_day_asked_for(door: Door) -> None:
    """RES #1521, of the record itself: it lies on the recorded axis alone."""
    door.record(established("hall", "2030-01-01"), id="future")
    door.record(renamed("2031-01-01", "Later"), id="later")
    for effective_at in ("1990-01-01", "2050-01-01"):
        listed = door.ask("/v1/decisions", effective_at=effective_at)["decisions"]
        assert {each["id"] for each in listed} == {"future", "later"}
        then = door.ask("/v1/decisions", effective_at=effective_at, position=2)["decisions"]
        assert [each["id"] for each in then] == ["future"]


# Projections and valid time


def test_projections_go_by_the_effective_day_and_not_by_the_order_of_telling(
    ledger: Ledger,
) -> None:
    """RES #1565: projections applied events as they came, whatever their valid time."""
    told(ledger, established("hall", "2020-01-01"), registered("ann"))
    told(ledger, act("post.created", "2020-01-01", post="chair", body="hall", label="Chair"))
    told(
        ledger,
        act("tenure.ended", "2020-06-01", person="ann", post="chair", reason="resigned"),
        act("tenure.started", "2020-05-01", person="ann", post="chair"),
    )
    told(ledger, renamed("2020-09-01", "Last"))
    told(ledger, renamed("2020-03-01", "First"))
    newest = ledger.log.head()[0]
    told_of = {}
    for on in ("2020-04-01", "2020-05-15", "2020-07-01", "2020-10-01"):
        (hall,) = projected(ledger, day(on), newest)
        told_of[on] = hall.name, [each.person for each in hall.posts[0].holders]
    assert told_of == {
        "2020-04-01": ("First", []),
        "2020-05-15": ("First", ["ann"]),
        "2020-07-01": ("First", []),
        "2020-10-01": ("Last", []),
    }


# Backfill


def days(number: int) -> Sequence[str]:
    return [iso(day("2020-01-02") + each) for each in range(number)]


def believed(ledger: Ledger) -> tuple[int, int]:
    """How many rectangles the views hold of the hall's name, and how many are still believed."""
    ledger.follow()
    of_the_name = select(func.count()).where(rows.c.kind == "body", rows.c.attribute == "name")
    with ledger.views.reading() as connection:
        still = of_the_name.where(rows.c.recorded_until == NEWEST)
        return (
            connection.execute(of_the_name).scalar_one(),
            connection.execute(still).scalar_one(),
        )


@pytest.mark.parametrize("order", ["newest first", "oldest first", "shuffled"])
def test_backfilling_versions_adds_rows_in_proportion(ledger: Ledger, order: str) -> None:
    """XTDB #144 and pull request 3497: each late version wrote all that lay after it anew."""
    told(ledger, established("hall", "2020-01-01"))
    told_on = list(days(60))
    if order == "newest first":
        told_on.reverse()
    elif order == "shuffled":
        random.Random(1).shuffle(told_on)
    for each in told_on:
        told(ledger, renamed(each, f"Hall of {each}"))
    assert believed(ledger) == (1 + 2 * 60, 1 + 60)
    newest = ledger.log.head()[0]
    for each in days(60):
        (hall,) = projected(ledger, day(each), newest)
        assert hall.name == f"Hall of {each}"


def test_overwriting_a_series_adds_rows_in_proportion(ledger: Ledger) -> None:
    """XTDB #3751: to overwrite a series, version by version, cost more with every version."""
    told(ledger, established("hall", "2020-01-01"))
    told(ledger, *(renamed(each, f"Hall of {each}") for each in days(30)), id="series")
    before = believed(ledger)
    for number, each in enumerate(days(30), 1):
        entry = {"decision": "series", "act": number}
        told(
            ledger,
            act("entry.retracted", entry=entry, reason="Misread."),
            {**renamed(each, f"House of {each}"), "corrects": entry},
        )
    assert believed(ledger) == (before[0] + 2 * 30, before[1])
    newest = ledger.log.head()[0]
    for each in days(30):
        (hall,) = projected(ledger, day(each), newest)
        assert hall.name == f"House of {each}"

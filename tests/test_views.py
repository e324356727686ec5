"""The views: an image of the log, as fresh as asked for, made anew when it is another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from domain.dates import day
from projections.tables import NEWEST, spells
from service.ledger import Ledger
from service.recording.recorder import Receipt
from service.settings import Settings
from tests.ledgers import act, ledger_in, projected, record


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as opened:
        yield opened


def established(body: str, effective: str = "2020-01-01") -> dict[str, Any]:
    return act("body.established", effective, body=body, name=body, classification="organ")


def rows(ledger: Ledger) -> dict[int, Any]:
    """Every spell that the views hold, by row."""
    ledger.follow()
    with ledger.views.reading() as connection:
        return {row.id: tuple(row) for row in connection.execute(select(spells))}


def test_an_act_refolds_only_its_own_tracks(ledger: Ledger) -> None:
    record(ledger, *(established(body) for body in ("council", "bureau", "cell")))
    record(ledger, act("body.renamed", "2020-06-01", body="council", name="Assembly"))
    before = rows(ledger)
    late = record(ledger, act("body.renamed", "2020-03-01", body="council", name="Board"))
    assert isinstance(late, Receipt)
    after = rows(ledger)
    changed = {number for number in after if after[number] != before.get(number)}
    assert {after[number][1:4] for number in changed} == {("body", "council", "name")}
    assert len(changed) == 3  # the first name is cut earlier: one row closed, two opened


def test_retracting_closes_what_it_opened(ledger: Ledger) -> None:
    record(ledger, established("council"), established("bureau"))
    before = rows(ledger)
    receipt = record(ledger, act("body.renamed", "2020-06-01", body="bureau", name="Office"))
    assert isinstance(receipt, Receipt)
    record(ledger, act("entry.retracted", entry=receipt.entries[0].position, reason="a slip"))
    believed = [row[1:13] for row in rows(ledger).values() if row[-1] == NEWEST]
    assert sorted(believed, key=repr) == sorted((row[1:13] for row in before.values()), key=repr)


def test_views_of_another_ledger_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    with ledger_in(tmp_path / "one") as one:
        record(one, established("council"), established("bureau"))
        assert len(projected(one, day("2020-06-01"), 3)) == 2
    with ledger_in(tmp_path / "other") as other:
        record(other, established("guild"))
    mixed = Settings(
        ledger=f"sqlite:///{tmp_path / 'other' / 'log.db'}",
        vault=f"sqlite:///{tmp_path / 'other' / 'vault.db'}",
        views=tmp_path / "one" / "views.db",
    )
    ledger = Ledger(mixed)
    try:
        assert [body.id for body in projected(ledger, day("2020-06-01"), 2)] == ["guild"]
    finally:
        ledger.close()


def test_views_of_another_version_are_made_anew(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        record(ledger, established("council"))
        ledger.follow()
        with ledger.views.changing() as connection:
            connection.exec_driver_sql("PRAGMA user_version = 9999")
    with ledger_in(tmp_path) as ledger:
        assert [body.id for body in projected(ledger, day("2020-06-01"), 2)] == ["council"]


def test_rows_and_position_change_together_or_not_at_all(ledger: Ledger) -> None:
    record(ledger, established("council"))
    before = rows(ledger), ledger.views.position()

    def change_half() -> None:
        with ledger.views.changing() as connection:
            connection.execute(spells.delete())
            ledger.views.reached(connection, 99, "ff")
            raise RuntimeError("power is cut")

    with pytest.raises(RuntimeError, match="power"):
        change_half()
    assert (rows(ledger), ledger.views.position()) == before

"""A service begins with views that were copied from another's, and follows the log from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.ledger import Ledger
from tests.commanding import command
from tests.ledgers import act, ledger_in, told
from tests.serving import Env, settings_in
from tests.test_two_services import (
    all_entries,
    at_once,
    check_log,
    check_same,
    founding,
    record,
    running,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    (tmp_path / "home").mkdir()
    with closing(Ledger(settings_in(tmp_path / "home"))) as opened:
        found(opened, "council")
        opened.follow()
        yield opened


def found(ledger: Ledger, body: str) -> None:
    """Record one decision, of two entries."""
    fields = {"body": body, "name": body, "classification": "organ"}
    told(ledger, act("body.established", "2020-01-01", **fields))


def second(ledger: Ledger, views: Path) -> Ledger:
    """Another service on the same log, with views of its own."""
    settings = settings_in(ledger.views.path.parent)
    settings.views = views
    return Ledger(settings)


def test_a_copy_is_brought_up_to_the_log(ledger: Ledger, tmp_path: Path) -> None:
    done = command(tmp_path / "home", "views", "copy", "--to", "../copy.db")
    assert (done.returncode, done.stdout) == (0, "../copy.db holds the views as of position 2.\n")
    found(ledger, "bureau")
    ledger.follow()
    with closing(second(ledger, tmp_path / "copy.db")) as other:
        assert other.views.position()[0] == 2
        assert not other.follower.must_build(4)
        assert other.follow() == 4
        assert other.views.digest() == ledger.views.digest()
    assert not (tmp_path / "copy.db").is_symlink()  # as it would be, had it been built


def test_what_was_rebuilt_is_copied_too(ledger: Ledger, tmp_path: Path) -> None:
    assert command(tmp_path / "home", "rebuild").returncode == 0
    assert ledger.views.path.is_symlink()
    assert command(tmp_path / "home", "views", "copy", "--to", "../copy.db").returncode == 0
    with closing(second(ledger, tmp_path / "copy.db")) as other:
        assert not other.follower.must_build(2)
        assert other.views.digest() == ledger.views.digest()


def test_a_copy_from_another_log_is_built_anew(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with ledger_in(tmp_path / "elsewhere") as stranger:
        found(stranger, "assembly")
        stranger.follow()
    strange = str(tmp_path / "elsewhere/views.db")
    done = command(tmp_path, "views", "copy", "--to", "copy.db", CURULE_VIEWS=strange)
    assert done.returncode == 0
    with closing(second(ledger, tmp_path / "copy.db")) as other:
        assert other.follower.must_build(2)
        other.follow()
        assert other.views.digest() == ledger.views.digest()


def test_there_is_no_copy_where_something_is_or_of_nothing(ledger: Ledger, tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = command(home, "views", "copy", "--to", "curule.db")
    assert (done.returncode, done.stderr) == (
        3,
        "curule: there is no copy: curule.db is there already\n",
    )
    done = command(tmp_path, "views", "copy", "--to", "copy.db")
    assert (done.returncode, done.stderr) == (
        3,
        "curule: there is no copy: there are no views at curule-views.db\n",
    )
    done = command(home, "views", "copy", "--to", "copy.db", CURULE_VIEWS="curule.db")
    assert done.returncode == 2
    assert "something else than views" in done.stderr
    with ledger.views.changing() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 1")
    done = command(home, "views", "copy", "--to", "copy.db")
    assert "of another release" in done.stderr
    assert not list(home.glob("copy.db*"))


@pytest.mark.parametrize("shared", ["postgresql"], indirect=True)
def test_another_service_begins_with_a_copy_that_was_made_under_load(
    shared: Env, tmp_path: Path
) -> None:
    with running(shared, tmp_path, "one") as (one,), one.client() as asked:
        before = record(asked, founding("first")).json()

        def lean(number: int) -> list[dict[str, object]]:
            with one.client() as client:
                if number == 0:
                    views = str(tmp_path / "one-views.db")
                    done = command(
                        tmp_path, "views", "copy", "--to", "two-views.db", CURULE_VIEWS=views
                    )
                    assert done.returncode == 0, done.stderr
                decisions = [founding(f"under-load-{number}-{turn}") for turn in range(5)]
                return [record(client, decision).json() for decision in decisions]

        receipts = [before, *(receipt for client in at_once(lean) for receipt in client)]
        with running(shared, tmp_path, "two") as (two,), two.client() as other:
            entries = all_entries(asked)
            assert all_entries(other) == entries
            check_log(entries, receipts)
            check_same([asked, other], receipts)
    assert not (tmp_path / "two-views.db").is_symlink()

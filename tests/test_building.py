"""Views built anew: beside those that are asked, whole or not at all, whoever is killed when."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.organisation import store
from domain.dates import day
from projections import building, follower
from projections.building import build
from projections.follower import Follower
from projections.structure import structure
from projections.tables import VERSION
from projections.views import NoViews, Views, holds_views
from service.backup.snapshots import Snapshot
from service.builder import fetching
from service.ledger import Ledger
from service.log.log import Log
from service.settings import Settings
from tests.faults.scale import times
from tests.ledgers import act, ledger_in, projected, told
from tests.serving import serving

SIZE = 2_000
"""Entries of the organisation's log."""

KILLS = times(25, 200)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The log of an organisation of some size, with late facts and corrections."""
    address = f"sqlite:///{tmp_path_factory.mktemp('organisation') / 'log.db'}"
    store(address, SIZE)
    return address


@pytest.fixture
def log(url: str) -> Iterator[Log]:
    with closing(Log(url)) as opened:
        yield opened


@pytest.fixture(scope="module")
def digest(url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What views of it hold that have followed it without any trouble."""
    with (
        closing(Log(url)) as log,
        closing(Views(tmp_path_factory.mktemp("views") / "views.db")) as views,
    ):
        Follower(views, fetching(log), log.newest).follow(log.newest())
        return views.digest()


def digest_in(path: Path) -> str:
    with closing(Views(path)) as views:
        assert views.is_current()
        return views.digest()


def quiet(stage: str, done: int, of: int) -> None:
    """Nobody looks at the progress."""


class Interrupted(Exception):
    """Somebody wants to do something else."""


def test_views_are_built_as_they_would_have_followed(log: Log, digest: str, tmp_path: Path) -> None:
    build(tmp_path / "views.db", fetching(log), log.newest, quiet)
    assert digest_in(tmp_path / "views.db") == digest


def test_an_interrupted_build_goes_on_where_it_was(
    log: Log, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "BATCH", 250)
    path = tmp_path / "views.db"
    reached: dict[str, list[int]] = {}

    def one_more_step(stage: str, done: int, of: int) -> None:
        again = reached.setdefault(stage, [])
        if not again or done > again[-1]:
            again.append(done)
            raise Interrupted
        assert done == again[-1] or stage == "making indexes", "what was done is done again"

    interruptions = 0
    while not path.exists():
        try:
            build(path, fetching(log), log.newest, one_more_step)
        except Interrupted:
            interruptions += 1
            assert not path.exists(), "views that are not whole answer nobody"
    assert digest_in(path) == digest
    assert len(reached["reading entries"]) > 5
    assert len(reached["folding tracks"]) > 5
    assert interruptions == sum(map(len, reached.values()))


def test_what_was_begun_from_another_log_is_not_taken_up(
    log: Log, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "BATCH", 250)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    store(other, SIZE, seed=2)
    path = tmp_path / "views.db"
    steps = iter(range(100))

    def some_steps(stage: str, done: int, of: int) -> None:
        if next(steps) == 4:
            raise Interrupted

    with closing(Log(other)) as begun, pytest.raises(Interrupted):
        build(path, fetching(begun), begun.newest, some_steps)
    build(path, fetching(log), log.newest, quiet)
    assert digest_in(path) == digest


def test_who_asks_meanwhile_is_answered_rightly_all_the_time(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        told(
            ledger,
            act("body.established", "2020-01-01", body="club", name="Club", classification="club"),
        )
        names = ["Club"]
        ending = threading.Event()

        def build_again_and_again() -> None:
            while not ending.is_set():
                build(ledger.views.path, fetching(ledger.log), ledger.log.newest, quiet)

        builder = threading.Thread(target=build_again_and_again)
        builder.start()
        try:
            for number in range(40):
                names.append(f"Club {number}")
                told(
                    ledger,
                    act(
                        "body.renamed",
                        f"2020-01-{2 + number % 28:02}"
                        if number < 28
                        else f"2020-02-{number - 27:02}",
                        body="club",
                        name=names[-1],
                    ),
                )
                newest = ledger.log.newest()
                with ledger.asking(day("2021-01-01"), position=newest) as (connection, basis):
                    assert basis.position == newest
                    assert [each.name for each in structure(connection, basis)] == [names[-1]]
        finally:
            ending.set()
            builder.join()
        files = sorted(each.name for each in tmp_path.glob("views.db*"))
        assert len([each for each in files if each.split(".")[-1].isdecimal()]) == 1, files


def test_views_that_are_exchanged_while_they_are_opened_are_found(
    log: Log, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, connect = tmp_path / "views.db", sqlite3.connect
    build(path, fetching(log), log.newest, quiet)

    def exchanged(*arguments: Any, **named: Any) -> sqlite3.Connection:
        """Opened, and not yet read when others take its place."""
        monkeypatch.setattr(sqlite3, "connect", connect)
        opened: sqlite3.Connection = connect(*arguments, **named)
        build(path, fetching(log), log.newest, quiet)
        return opened

    with closing(Views(path)) as views:
        monkeypatch.setattr(sqlite3, "connect", exchanged)
        assert views.digest() == digest
    monkeypatch.setattr(sqlite3, "connect", exchanged)
    assert holds_views(path)
    monkeypatch.setattr(sqlite3, "connect", exchanged)
    with closing(Snapshot(f"sqlite:///{path}")) as seen:
        seen.copy(tmp_path / "copy.db", quiet)
    assert digest_in(tmp_path / "copy.db") == digest
    left = {each.name for each in tmp_path.glob("views.db*")}
    assert left == {"views.db", "views.db.lock", path.readlink().name}


def test_who_is_the_first_to_open_views_may_read_them_when_others_take_their_place(
    log: Log, digest: str, tmp_path: Path
) -> None:
    path = tmp_path / "views.db"
    with closing(Views(path)) as views:
        build(path, fetching(log), log.newest, quiet)
        with views.reading() as connection:
            build(path, fetching(log), log.newest, quiet)
            assert views.digest(connection) == digest
    left = {each.name for each in tmp_path.glob("views.db*")}
    assert left == {"views.db", "views.db.lock", path.readlink().name}


def test_two_who_make_views_make_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Views(tmp_path / "views.db")) as views:
        monkeypatch.setattr("projections.views.holds_views", lambda _: False)  # not yet, it was
        with closing(Views(tmp_path / "views.db")) as others:
            assert others.position() == views.position() == (0, "")


def test_two_builders_do_not_disturb_each_other(log: Log, digest: str, tmp_path: Path) -> None:
    path = tmp_path / "views.db"
    waited: list[str] = []

    def meet(stage: str, done: int, of: int) -> None:
        waited.append(stage)

    builders = [
        threading.Thread(target=build, args=(path, fetching(log), log.newest, meet))
        for _ in range(2)
    ]
    for each in builders:
        each.start()
    for each in builders:
        each.join()
    assert digest_in(path) == digest
    assert "waiting for another process that builds them" in waited


@pytest.mark.parametrize("kind", ["ledger", "vault", "text", "folder"])
def test_views_take_the_place_of_nothing_else(kind: str, log: Log, tmp_path: Path) -> None:
    with ledger_in(tmp_path):
        pass
    path = tmp_path / {"ledger": "log.db", "vault": "vault.db"}.get(kind, "mine")
    if kind == "text":
        path.write_text("what I must not forget\n" * 99)
    elif kind == "folder":
        path.mkdir()
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(NoViews, match=path.name):
        Views(path)
    with pytest.raises(NoViews, match=path.name):
        build(path, fetching(log), log.newest, quiet)
    assert not path.is_symlink()
    assert path.is_dir() or path.read_bytes() == before


def test_only_the_file_that_was_named_before_is_deleted(log: Log, tmp_path: Path) -> None:
    path, kept = tmp_path / "views.db", tmp_path / "views.db.20261125"
    kept.write_text("a backup of mine")
    for _ in range(3):
        build(path, fetching(log), log.newest, quiet)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "views.db",
        "views.db.20261125",
        path.readlink().name,
        "views.db.lock",
    ]
    assert kept.read_text() == "a backup of mine"


def test_damaged_views_are_built_anew(log: Log, digest: str, tmp_path: Path) -> None:
    path = tmp_path / "views.db"
    (tmp_path / "views.db.building").write_bytes(b"damage" * 2_000)
    build(path, fetching(log), log.newest, quiet)
    with closing(Views(path)) as views:
        assert views.digest() == digest
        path.resolve().write_bytes(b"damage" * 2_000)
    with closing(Views(path)) as views:
        assert not views.is_current()
        Follower(views, fetching(log), log.newest).follow(log.newest())
        assert views.digest() == digest


def test_an_interrupt_is_told_as_such(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "views.db"

    def interrupt(stage: str, done: int, of: int) -> None:
        if stage == "folding tracks":
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        build(path, fetching(log), log.newest, interrupt)
    with closing(Views(tmp_path / "others.db")) as views, pytest.raises(KeyboardInterrupt):
        interrupted_while_writing(views)
    build(path, fetching(log), log.newest, quiet)


def interrupted_while_writing(views: Views) -> None:
    """What SQLAlchemy does to a connection in which an interrupt arrives."""
    with views.changing() as connection:
        connection.invalidate()
        raise KeyboardInterrupt


def outdate(ledger: Ledger) -> None:
    """Make the views those of an older release."""
    with ledger.views.changing() as connection:
        connection.exec_driver_sql("DROP TABLE moments")
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION - 1}")


def test_views_of_an_older_release_are_built_anew_while_decisions_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    club = {"type": "body.established", "effective": "2020-01-01", "body": "club", "name": "Club"}
    decision = {"id": "founding", "acts": [{**club, "classification": "club"}]}
    with serving(tmp_path) as address:
        assert httpx.post(f"{address}/v1/decisions", json=decision).status_code == 201
        assert len(httpx.get(f"{address}/v1/structure").json()["bodies"]) == 1
    with ledger_in_of(tmp_path) as ledger:
        outdate(ledger)
    may_go_on = threading.Event()

    def held_up(path: Path, fetch: object, head: object, tell: building.Tell, _: object) -> None:
        while not may_go_on.wait(0.01):
            tell("reading entries", 1, 2)
        build(path, fetch, head, tell)  # type: ignore[arg-type]

    monkeypatch.setattr(follower, "build", held_up)
    monkeypatch.setattr("service.asking.questions.PATIENCE", 0.1)
    with serving(tmp_path) as address:
        time.sleep(0.5)  # until it has begun
        refused = httpx.get(f"{address}/v1/structure")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.json()["type"] == "urn:curule:problem:behind"
        assert "reading entries: 1 of 2" in refused.json()["detail"]
        another = {"acts": [{**club, "body": "guild", "classification": "club"}]}
        assert httpx.post(f"{address}/v1/decisions", json=another).status_code == 201
        may_go_on.set()
        monkeypatch.setattr("service.asking.questions.PATIENCE", 30)
        assert len(httpx.get(f"{address}/v1/structure", timeout=40).json()["bodies"]) == 2


def test_a_service_that_ends_does_not_wait_for_its_views(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger_in_of(tmp_path) as ledger:
        told(
            ledger,
            act("body.established", "2020-01-01", body="club", name="Club", classification="club"),
        )
        ledger.follow()
        outdate(ledger)
    begun = threading.Event()

    def for_ever(path: Path, fetch: object, head: object, tell: building.Tell, _: object) -> None:
        begun.set()
        while True:
            tell("reading entries", 1, 2)
            time.sleep(0.01)

    with monkeypatch.context() as patched, serving(tmp_path):
        patched.setattr(follower, "build", for_ever)
        assert begun.wait(10)
    with ledger_in_of(tmp_path) as ledger:
        assert [body.id for body in projected(ledger, day("2021-01-01"), 2)] == ["club"]


def ledger_in_of(directory: Path) -> AbstractContextManager[Ledger]:
    """The ledger that `serving` serves there."""
    return closing(
        Ledger(
            Settings(
                ledger=f"sqlite:///{directory / 'curule.db'}",
                vault=f"sqlite:///{directory / 'curule-vault.db'}",
                views=directory / "curule-views.db",
            )
        )
    )


def killed(how: str, url: str, path: Path, kills: int, *more: str) -> tuple[str, int, int]:
    """The digest of views made in spite of kills, how many, and how often they were whole."""
    command = [sys.executable, "-m", "tests.killing", how, url, str(path), str(kills), "7", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    held, number, ended = done.stdout.split()
    return held, int(number), int(ended)


@pytest.mark.parametrize("how", ["follow", "build"])
def test_whoever_is_killed_when_the_views_end_the_same(
    how: str, url: str, digest: str, tmp_path: Path
) -> None:
    held, kills, _ = killed(how, url, tmp_path / "views.db", KILLS)
    assert kills == KILLS
    assert held == digest


def test_killing_finds_rows_and_position_that_are_not_written_together(
    url: str, digest: str, tmp_path: Path
) -> None:
    """The negative control."""
    try:
        held, _, _ = killed("follow", url, tmp_path / "views.db", 20, "torn")
    except AssertionError:
        return  # it could not even go on
    assert held != digest

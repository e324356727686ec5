"""Views built by a process of their own: the service records, tells of it, and is never outlived.

Whoever holds the lock by which one process builds at a time, as these tests do, has the builder
wait for as long as they like.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from projections.tables import VERSION
from service.ledger import Ledger
from tests.commanding import environment, read_until
from tests.ledgers import act, rebuilt, told
from tests.serving import serving, settings_in

PATIENCE = 60
WAITING = "waiting for another process that builds them"


@pytest.fixture
def club(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small ledger with views of an older release, of which nobody says that it is too small."""
    with closing(Ledger(settings_in(tmp_path))) as ledger:
        fields = {"body": "club", "name": "Club", "classification": "club"}
        told(ledger, act("body.established", "2020-01-01", **fields))
        with ledger.views.changing() as connection:
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION - 1}")
    monkeypatch.setattr("service.ledger.APART", 0)
    monkeypatch.setattr("service.asking.questions.PATIENCE", 0.1)
    return tmp_path


@contextmanager
def held_up(directory: Path) -> Iterator[None]:
    """While it lasts, nobody else builds."""
    with (directory / "curule-views.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def eventually(found: Callable[[], Any]) -> Any:
    """What is found in the end."""
    deadline = time.monotonic() + PATIENCE
    while not (it := found()):
        assert time.monotonic() < deadline, "it never is"
        time.sleep(0.02)
    return it


def builders(lines: str) -> list[int]:
    """The processes that build or have built, as the service logs them."""
    return [int(number) for number in re.findall(r"process (\d+) builds the views", lines)]


def views_in(url: str) -> str | None:
    """What the service tells of its views while they are not ready."""
    checks = httpx.get(f"{url}/readyz").json()["checks"]
    detail: str | None = next(each["detail"] for each in checks if each["name"] == "views")
    return detail


def bodies(url: str) -> list[str]:
    """The bodies of a structure, once views are there to answer from."""
    while (answer := httpx.get(f"{url}/v1/structure")).status_code == 503:
        assert answer.json()["type"] == "urn:curule:problem:behind"
    return [each["id"] for each in answer.json()["bodies"]]


def test_recording_goes_on_while_they_are_built_and_then_they_take_over(
    club: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with serving(club) as url:
        with held_up(club):
            eventually(lambda: WAITING in caplog.text)
            refused = httpx.get(f"{url}/v1/structure")
            assert refused.status_code == 503
            assert f"{WAITING}: 0 of 1" in refused.json()["detail"]
            assert eventually(lambda: views_in(url)) == f"being built: {WAITING}: 0 of 1"
            guild = {"type": "body.established", "effective": "2020-01-01", "body": "guild"}
            decision = {"acts": [{**guild, "name": "Guild", "classification": "club"}]}
            assert httpx.post(f"{url}/v1/decisions", json=decision).status_code == 201
        assert bodies(url) == ["club", "guild"]
        assert (club / "curule-views.db").is_symlink()
        assert "building the views: reading entries" in caplog.text
        eventually(lambda: views_in(url) is None)
        assert len(builders(caplog.text)) == 1
    with closing(Ledger(settings_in(club))) as ledger:
        assert ledger.views.digest() == rebuilt(ledger)


def test_of_two_services_with_the_same_views_one_builds_them(
    club: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with serving(club) as one, serving(club) as other:
        with held_up(club):
            eventually(lambda: caplog.text.count(WAITING) == 2)
        assert bodies(one) == bodies(other) == ["club"]
        assert len(builders(caplog.text)) == 2
    assert (club / "curule-views.db").readlink().name == "curule-views.db.1"


def test_a_builder_that_is_killed_is_told_of_and_another_begins(
    club: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("service.api.TROUBLED", 1.0)
    with serving(club) as url:
        with held_up(club):
            (first,) = eventually(lambda: builders(caplog.text))
            os.kill(first, signal.SIGKILL)
            assert len(eventually(lambda: builders(caplog.text)[1:])) == 1
            assert "the process that builds the views ended with -9" in caplog.text
            times = [
                each.created for each in caplog.records if "builds the views" in each.getMessage()
            ]
            assert times[1] - times[0] >= 1.0, "it is not tried at once"
        assert bodies(url) == ["club"]


def test_a_builder_that_fails_says_why(
    club: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.TROUBLED", 0.2)
    in_the_way = club / "curule-views.db.building"
    in_the_way.mkdir()
    with serving(club) as url:
        eventually(lambda: "OperationalError: unable to open database file" in caplog.text)
        in_the_way.rmdir()
        assert bodies(url) == ["club"]


SERVICE = """
from service import cli, ledger
ledger.APART = 0
cli.main()
"""


@contextmanager
def waiting(directory: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A service whose builder waits, and the builder."""
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, "serve", "--port", "0"],
        cwd=directory,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert service.stderr is not None
    said = ""
    with held_up(directory):
        try:
            read_until(service, "Curule serves")
            while WAITING not in said:
                said += (line := service.stderr.readline())
                assert line, said
            (builder,) = builders(said)
            yield service, builder
        finally:
            service.kill()
            service.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT to all", "SIGKILL"])
def test_a_builder_does_not_outlive_its_service(club: Path, how: str) -> None:
    with waiting(club) as (service, _):
        if how == "SIGINT to all":
            os.killpg(service.pid, signal.SIGINT)
        else:
            service.send_signal(signal.Signals[how])
        # Both hold the other end: it is read to its end when both have ended.
        _, said = service.communicate(timeout=PATIENCE)
        assert service.returncode == (-signal.SIGKILL if how == "SIGKILL" else 0)
        assert "Traceback" not in said


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell")
def test_a_builder_knows_no_secret_and_holds_no_socket_of_the_service(club: Path) -> None:
    key = (club / "curule-vault.db.key").read_text().strip()
    with waiting(club, CURULE_MASTER_KEY=key, CURULE_KEY="shown") as (service, builder):

        def sockets(process: int) -> set[str]:
            opened = [str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()]
            return {each for each in opened if each.startswith("socket:")}

        names = {each.partition(b"=")[0] for each in environ(builder)}
        assert {each for each in names if each.startswith(b"CURULE_")} == {
            b"CURULE_LEDGER",
            b"CURULE_VIEWS",
        }
        assert key.encode() not in b"".join(environ(builder))
        assert len(sockets(builder)) == 1, "what it tells its progress by"
        assert not sockets(builder) & sockets(service.pid)


def environ(process: int) -> list[bytes]:
    """The environment that a process was given."""
    return Path(f"/proc/{process}/environ").read_bytes().split(b"\0")

"""Every wait for a database has an end, for the log as for the vault."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from service import problems
from service.backup.snapshots import Snapshot
from service.ledger import Ledger
from service.log.databases import LOG
from service.log.log import Log
from service.log.stored import Stored
from service.recording import writer
from service.recording.recorder import Answer, Receipt, Sent
from service.recording.writer import OutOfTime, Writer
from service.schemas import alone
from service.schemas.migrating import migrate, state
from service.stores import connections
from service.stores.connections import engine, unhurried
from service.stores.punctual import Punctual
from service.vault.vault import Vault
from tests.faults.network import Network, network
from tests.ledgers import act, decision, ledger_in, sent
from tests.postgres import Server


def statement(url: str, text: str) -> Any:
    """Have the server do something, and return the first thing that it says."""
    made = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:
        found = connection.exec_driver_sql(text)
        first = found.scalar() if found.returns_rows else None
    made.dispose()
    return first


def test_the_vault_syncs_each_commit_and_waits_no_longer_than_told(postgres_url: str) -> None:
    statement(postgres_url, "ALTER ROLE postgres SET synchronous_commit = off")
    try:
        with closing(Vault(postgres_url, secrets.token_bytes(32))) as vault:
            names = ("synchronous_commit", "lock_timeout", "statement_timeout")
            with vault._engine.connect() as connection:
                said = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
    finally:
        statement(postgres_url, "ALTER ROLE postgres RESET synchronous_commit")
    assert said == ["on", "4s", "4500ms"]


def test_maintenance_takes_its_time(postgres_url: str) -> None:
    made = engine(postgres_url, busy_timeout=0.1)
    slow = "SELECT pg_sleep(0.8)"
    with made.connect() as connection:
        with pytest.raises(OperationalError, match="statement timeout"):
            connection.exec_driver_sql(slow)
        connection.rollback()
        unhurried(connection)
        assert connection.exec_driver_sql(slow).all()
    with made.connect() as another, pytest.raises(OperationalError, match="statement timeout"):
        another.exec_driver_sql(slow)
    made.dispose()


@pytest.fixture
def cable(postgres_server: Server) -> Iterator[Network]:
    with network(postgres_server.root / ".s.PGSQL.5432") as made:
        yield made


def test_a_silent_server_is_given_up(cable: Network, postgres_url: str) -> None:
    name = sa.make_url(postgres_url).database
    url = f"postgresql+psycopg://postgres@127.0.0.1:{cable.port}/{name}?connect_timeout=2"
    made = engine(url, busy_timeout=0.1)
    with made.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
        cable.swallow()
        with pytest.raises(OperationalError) as lost:
            connection.exec_driver_sql("SELECT 2")
        assert lost.value.connection_invalidated
        connection.rollback()
    with pytest.raises(OperationalError, match="timeout"), made.connect():
        pass
    cable.heal()
    with made.connect() as connection:
        assert connection.exec_driver_sql("SELECT 3").scalar() == 3
    made.dispose()


def test_a_connection_that_was_lost_while_idle_fails_nobody(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE", 0.0)
    with closing(Vault(postgres_url, secrets.token_bytes(32))) as vault:
        for _ in range(2):
            assert vault.values(["unknown"]) == {}
            killed = statement(
                postgres_url,
                "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            assert killed == 1


def test_who_begins_to_write_ahead_waits_for_others(tmp_path: Path) -> None:
    """SQLite itself does not: of two who open a new file at once it tells one that it is locked."""
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, check_same_thread=False)
    other.execute("CREATE TABLE kept (id INTEGER)")
    other.execute("BEGIN EXCLUSIVE")
    ends = threading.Timer(0.2, other.rollback)
    ends.start()
    made = engine(f"sqlite:///{path}?timeout=0")
    with made.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    made.dispose()
    ends.join()
    other.close()


def test_the_start_on_a_silent_server_is_given_up(cable: Network, postgres_url: str) -> None:
    cable.swallow()
    url = f"postgresql+psycopg://postgres@127.0.0.1:{cable.port}/nowhere"
    tried: list[float] = []
    with pytest.raises(OperationalError, match="timeout expired"), telling(tried):
        Log(url)
    assert len(tried) == 1, "the time to connect is spent once"


@contextmanager
def telling(tried: list[float]) -> Iterator[None]:
    """Have it noted when it is tried to connect."""
    connect = Punctual.connect

    def noted(*arguments: Any, **named: Any) -> Any:
        tried.append(time.monotonic())
        return connect(*arguments, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Punctual, "connect", noted)
        yield


def test_maintenance_is_reached_or_given_up(
    cable: Network, postgres_url: str, tmp_path: Path
) -> None:
    """Migrations, backups and verification wait for no server that is not there."""
    name = sa.make_url(postgres_url).database
    url = f"postgresql+psycopg://postgres@127.0.0.1:{cable.port}/{name}"
    migrate(LOG, url)
    limits = {"keepalives_idle": "5", "keepalives_interval": "1", "tcp_user_timeout": "5000"}
    with closing(Snapshot(url)) as seen, closing(Stored(url)) as stored:
        assert stored.head() == (0, 0)
        driver: Any = seen.connection.connection.dbapi_connection
        given = driver.info.get_parameters()
        assert {each: given[each] for each in limits} == limits
        shown = "SHOW idle_in_transaction_session_timeout"  # while others are copied, it waits
        assert seen.connection.exec_driver_sql(shown).scalar() == "0"
    cable.swallow()
    for attempt in (
        lambda: state(LOG, url),
        lambda: Snapshot(url),
        lambda: Stored(url).head(),
    ):
        with pytest.raises(OperationalError, match="timeout expired"):
            attempt()
    cable.heal()


def test_who_migrates_waits_for_another_no_longer_than_told(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.schemas.migrating._PATIENCE", 0.1)
    made = sa.create_engine(postgres_url)
    with made.begin() as another:
        alone(another)
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate(LOG, postgres_url)
    made.dispose()
    assert migrate(LOG, postgres_url).found == 0


def test_questions_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """A thread that compares two bases looks at the views twice at a time, and there are forty."""
    with ledger_in(tmp_path) as ledger, ExitStack() as asking:
        for _ in range(80):
            asking.enter_context(ledger.asking(1))
            assert ledger.log.newest() == 0


def founded(body: str) -> Sent:
    acts = act("body.established", "2020", body=body, name=body, classification="cell")
    return sent(decision(acts, id=body))


def test_a_request_is_answered_before_its_group_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded all the same, and is told so when it is sent again."""
    monkeypatch.setattr(writer, "PATIENCE", 0.05)
    going_on = threading.Event()

    with ledger_in(tmp_path) as ledger:
        recorded = ledger.recorder.record

        def slowly(group: list[Sent]) -> list[Answer]:
            assert going_on.wait(30)
            return recorded(group)

        monkeypatch.setattr(ledger.recorder, "record", slowly)
        again = asyncio.run(twice(ledger, going_on))
        assert not again.created
        assert ledger.log.head()[0] == 2


async def twice(ledger: Ledger, going_on: threading.Event) -> Receipt:
    writing = Writer(ledger.recorder, is_local=False)
    with pytest.raises(OutOfTime):
        await writing.record(founded("cell"))
    going_on.set()
    await writing.close()
    answer = ledger.recorder.record([founded("cell")])[0]
    assert isinstance(answer, Receipt)
    return answer


@contextmanager
def disposed(made: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        made.dispose()


def crowded(folder: Path) -> None:
    made = engine(f"sqlite:///{folder / 'a.db'}", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with disposed(made), closing(made.connect()), closing(made.connect()):
        pass


def full(folder: Path) -> None:
    made = engine(f"sqlite:///{folder / 'b.db'}", isolation_level="AUTOCOMMIT")
    with disposed(made), made.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        connection.exec_driver_sql("CREATE TABLE t AS SELECT zeroblob(100000)")


def gone(folder: Path) -> None:
    engine(f"sqlite:///{folder / 'nowhere' / 'c.db'}").connect()


@pytest.mark.parametrize(
    ("trouble", "asked", "recording"),
    [
        (crowded, "unavailable", "unknown-outcome"),
        (full, "full", "full"),
        (gone, "unavailable", "unknown-outcome"),
    ],
)
def test_trouble_with_a_database_is_told_as_such(
    trouble: Callable[[Path], None], asked: str, recording: str, tmp_path: Path
) -> None:
    app = FastAPI()
    problems.install(app)

    @app.api_route("/", methods=["GET", "POST"])
    def troubled() -> None:
        trouble(tmp_path)

    for method, problem in (("GET", asked), ("POST", recording)):
        answer = asyncio.run(requested(app, method))
        assert answer.status_code == 503
        assert answer.json()["type"] == f"urn:curule:problem:{problem}"
        assert answer.headers["Retry-After"] == "1"


async def requested(app: FastAPI, method: str) -> httpx.Response:
    door = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=door, base_url="http://curule") as client:
        return await client.request(method, "/")

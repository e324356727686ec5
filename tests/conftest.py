import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import MakeDatabase
from tests.postgres import postgres_server as run_postgres_server
from tests.serving import Env, made_keys


def pytest_configure() -> None:
    """What a shell runs in the background ignores Ctrl-C, and so would what tests start and end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[MakeDatabase]:
    """A PostgreSQL server of this session; called, it makes an empty database."""
    with run_postgres_server() as make_database:
        yield make_database


@pytest.fixture(scope="session")
def emptied() -> list[str]:
    """Databases that earlier tests have left empty, since making one takes long."""
    return []


@pytest.fixture
def postgres_url(postgres_server: MakeDatabase, emptied: list[str]) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = emptied.pop() if emptied else postgres_server()
    yield url
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    emptied.append(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of either kind, for a log."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'curule.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Env:
    """Where two services find one log and one vault."""
    if request.param == "sqlite":
        return {
            "CURULE_LEDGER": f"sqlite:///{tmp_path / 'curule.db'}",
            "CURULE_VAULT": f"sqlite:///{tmp_path / 'curule-vault.db'}",
        }
    url: str = request.getfixturevalue("postgres_url")
    return {"CURULE_LEDGER": url, "CURULE_VAULT": url, **made_keys()}

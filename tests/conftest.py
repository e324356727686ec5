from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import MakeDatabase
from tests.postgres import postgres_server as run_postgres_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[MakeDatabase]:
    """A PostgreSQL server of this session; called, it makes an empty database."""
    with run_postgres_server() as make_database:
        yield make_database


@pytest.fixture
def postgres_url(postgres_server: MakeDatabase) -> str:
    """An empty PostgreSQL database."""
    return postgres_server()


@pytest.fixture(params=["sqlite", "postgresql"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of either kind, for a log."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'curule.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url

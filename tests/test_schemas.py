"""Schemas: a store is made at the newest revision, and one of an older release brought up to it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from domain.transparency.tree import Edge, leaf_hash
from service.access.reads import ACCESS, Reads
from service.ledger import Ledger
from service.log.databases import LOG
from service.log.log import Log
from service.schemas import ROOM, Schema
from service.schemas.migrating import migrate, state
from service.settings import Settings
from service.vault.vault import VAULT, Vault
from tests.commanding import command, curule, environment
from tests.postgres import dumped

SCHEMAS: Final = (LOG, VAULT, ACCESS)
FIXTURES: Final = Path(__file__).parent / "schemas"
REVISIONS: Final = (1, 2, 3)


def statement(url: str, *statements: str) -> list[Any]:
    """Run statements; the rows of the last."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for each in statements:
            done = connection.exec_driver_sql(each)
        return list(done) if done.returns_rows else []


def shape(url: str) -> Any:
    """Everything that a store is made of, as its database tells it."""
    if not url.startswith("sqlite"):
        return dumped(url)
    rows = statement(url, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
    return [(*row[:3], " ".join((row.sql or "").split())) for row in rows]


def empty(url: str) -> None:
    """Leave nothing in a database."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).unlink(missing_ok=True)
    else:
        statement(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


@pytest.fixture
def old(tmp_path: Path) -> Callable[[int], Path]:
    """Copies what a release left of which the log was at a revision."""

    def copy(revision: int) -> Path:
        folder = tmp_path / f"of-{revision}"
        shutil.copytree(FIXTURES / str(revision), folder)
        for key in folder.glob("*key"):
            key.chmod(0o600)
        return folder

    return copy


def log_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'curule.db'}"


def entries(folder: Path) -> list[bytes]:
    found = statement(log_of(folder), "SELECT entry FROM entries ORDER BY position")
    return [row.entry for row in found]


# What is made


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda each: each.name)
def test_what_is_made_at_once_is_what_all_revisions_come_to(schema: Schema, log_url: str) -> None:
    empty(log_url)
    migrate(schema, log_url)
    made = shape(log_url)
    empty(log_url)
    for revision in range(1, schema.newest + 1):
        migrate(schema, log_url, to=revision)
    assert state(schema, log_url).is_current
    assert shape(log_url) == made


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda each: each.name)
def test_revisions_follow_each_other(schema: Schema) -> None:
    found = ScriptDirectory(str(ROOM), version_locations=[str(ROOM / schema.name)])
    told = [(each.revision, each.down_revision) for each in found.walk_revisions()]
    numbers = range(schema.newest, 0, -1)
    assert told == [(str(each), str(each - 1) if each > 1 else None) for each in numbers]
    assert set(schema.came_with.values()) <= set(numbers)


def test_opening_makes_what_migrating_makes(log_url: str, tmp_path: Path) -> None:
    Log(log_url).close()
    assert state(LOG, log_url).is_current
    url = f"sqlite:///{tmp_path / 'vault.db'}"
    Vault(url, bytes(32)).close()
    assert state(VAULT, url).is_current
    with closing(Reads(log_url)) as reads:
        assert reads.read(0, 1) == []
    assert state(ACCESS, log_url).is_current


def test_stores_may_share_a_database(log_url: str) -> None:
    Log(log_url).close()
    Vault(log_url, bytes(32)).close()
    with closing(Reads(log_url)) as reads:
        reads.note("k", 1, "/v1/people", 1)
    assert [state(each, log_url).is_current for each in SCHEMAS] == [True, True, True]
    Log(log_url).close()


# What is older


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_ledger_of_an_older_release_is_brought_up(
    old: Callable[[int], Path], revision: int
) -> None:
    folder = old(revision)
    before = entries(folder)
    signed = statement(log_of(folder), "SELECT * FROM checkpoints") if revision > 1 else []
    found = state(LOG, log_of(folder))
    assert (found.found, found.is_noted) == (revision, False)
    done = command(folder, "migrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert state(LOG, log_of(folder)).is_current
    assert entries(folder) == before
    Log(f"sqlite:///{folder / 'new.db'}").close()
    assert shape(log_of(folder)) == shape(f"sqlite:///{folder / 'new.db'}")
    root = Edge(0, ()).grown([leaf_hash(each) for each in before]).root
    with closing(Ledger(settings(folder))) as ledger:
        assert ledger.log.checkpoint()[:2] == (len(before), root)
    assert statement(log_of(folder), "SELECT * FROM checkpoints")[: len(signed)] == signed
    verified = command(folder, "verify")
    assert (verified.returncode, verified.stdout[:5]) == (0, "Whole"), verified.stdout
    assert root.hex() in verified.stdout
    assert "278 entries" in verified.stdout
    assert "1 nodes" in verified.stdout


def settings(folder: Path) -> Settings:
    return Settings(
        ledger=log_of(folder),
        vault=f"sqlite:///{folder / 'curule-vault.db'}",
        views=folder / "curule-views.db",
    )


def test_a_tree_that_is_grown_anew_is_the_one_that_grew(old: Callable[[int], Path]) -> None:
    folder = old(3)
    columns = "SELECT position, type, recorded_at, tags, entry, leaf_hash FROM entries"
    rows = [tuple(row) for row in statement(log_of(folder), columns)]
    grown = statement(log_of(folder), "SELECT * FROM nodes")
    bare = f"sqlite:///{folder / 'bare.db'}"
    migrate(LOG, bare, to=1)
    engine = sa.create_engine(bare, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
    migrate(LOG, bare)
    assert statement(bare, "SELECT * FROM nodes") == grown


def test_a_service_does_not_start_on_an_older_schema(old: Callable[[int], Path]) -> None:
    folder = old(2)
    for done in (curule(folder, "serve"), command(folder, "verify")):
        assert done.returncode == 3
        assert "of an older release (schema 2, and this one needs 3): run curule migrate" in (
            done.stderr
        )
    assert command(folder, "migrate").returncode == 0
    assert command(folder, "structure").returncode == 0


@pytest.mark.parametrize(("schema", "file"), [(LOG, "curule.db"), (VAULT, "curule-vault.db")])
def test_a_newer_schema_is_refused(old: Callable[[int], Path], schema: Schema, file: str) -> None:
    folder = old(3)
    assert command(folder, "migrate").returncode == 0
    statement(f"sqlite:///{folder / file}", f"UPDATE {schema.name}_version SET version_num = '99'")
    for done in (command(folder, "migrate"), command(folder, "structure")):
        assert done.returncode == 3
        assert f"the {schema.name} is of a newer release (schema 99" in done.stderr


def test_what_there_is_to_do_is_told_and_not_done(old: Callable[[int], Path]) -> None:
    folder = old(1)
    before = shape(log_of(folder))
    done = command(folder, "migrate", "--check")
    assert (done.returncode, done.stdout) == (
        1,
        "log: to be migrated from schema 1 to 3\nvault: at schema 1, the newest (to be noted)\n",
    )
    assert shape(log_of(folder)) == before
    done = command(folder, "migrate")
    assert (done.returncode, done.stdout) == (
        0,
        "log: migrated from schema 1 to 3\nvault: at schema 1, the newest (noted now)\n",
    )
    after = shape(log_of(folder))
    for arguments in (["--check"], []):
        done = command(folder, "migrate", *arguments)
        assert (done.returncode, done.stdout) == (
            0,
            "log: at schema 3, the newest\nvault: at schema 1, the newest\n",
        )
    assert shape(log_of(folder)) == after


def test_migrating_makes_no_ledger(tmp_path: Path) -> None:
    done = command(tmp_path, "migrate")
    assert done.returncode == 1
    assert "there is no ledger" in done.stderr
    assert list(tmp_path.iterdir()) == []


# Two at once, and who is interrupted


def at_revision_1(url: str) -> None:
    """A log of the first revision with entries enough for a node."""
    migrate(LOG, url, to=1)
    mark = "?" if url.startswith("sqlite") else "%s"
    rows = [(n, "noted", n, "[]", b"%d" % n, leaf_hash(b"%d" % n)) for n in range(1, 601)]
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for row in rows:
            connection.exec_driver_sql(f"INSERT INTO entries VALUES ({', '.join([mark] * 6)})", row)
        if mark == "%s":
            connection.exec_driver_sql("UPDATE head SET position = 600, recorded_at = 600")


def test_of_several_who_migrate_one_does(log_url: str) -> None:
    at_revision_1(log_url)
    found: list[int] = []
    start = threading.Barrier(4)

    def once() -> None:
        start.wait()
        found.append(migrate(LOG, log_url).found)

    threads = [threading.Thread(target=once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [1, 3, 3, 3]
    assert len(statement(log_url, "SELECT * FROM nodes")) == 2


KILLED = """
import os, signal, sys
from service.access.reads import ACCESS, Reads
from service.log.databases import LOG
from service.schemas.migrating import migrate

def tell(stage, done, of):
    if stage.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

migrate(LOG, sys.argv[1], tell)
"""


@pytest.mark.parametrize("at", ["growing the tree", "log: The Merkle tree", "log: What witnesses"])
def test_who_is_killed_has_changed_nothing(log_url: str, at: str) -> None:
    at_revision_1(log_url)
    before = shape(log_url)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, log_url, at], env=environment(), check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert shape(log_url) == before
    assert migrate(LOG, log_url).found == 1
    assert state(LOG, log_url).is_current
    assert len(statement(log_url, "SELECT * FROM nodes")) == 2


# Roles


def test_a_service_needs_no_rights_to_make_tables(postgres_url: str, tmp_path: Path) -> None:
    clerk = postgres_url.replace("postgres@", "clerk@")
    statement(postgres_url, "DROP ROLE IF EXISTS clerk")
    statement(postgres_url, "CREATE ROLE clerk LOGIN")
    try:
        with pytest.raises(DBAPIError, match="permission denied"):
            Log(clerk)
        done = command(tmp_path, "migrate", CURULE_LEDGER=postgres_url, CURULE_VAULT=postgres_url)
        assert (
            done.stdout
            == "log: made at schema 3\nvault: made at schema 1\naccess: made at schema 1\n"
        )
        statement(postgres_url, *GRANTS)
        given = {
            "CURULE_LEDGER": clerk,
            "CURULE_VAULT": clerk,
            "CURULE_MASTER_KEY": "A" * 43 + "=",
            "CURULE_LOG_KEY": "B" * 43 + "=",
        }
        done = command(tmp_path, "record", str(FIXTURES / "decisions.json"), **given)
        assert (done.returncode, done.stderr) == (0, "")
        assert command(tmp_path, "verify", **given).returncode == 0
    finally:
        statement(postgres_url, "DROP OWNED BY clerk")
        statement(postgres_url, "DROP ROLE clerk")


GRANTS: Final = (
    "GRANT SELECT, INSERT ON entries, tags, nodes, checkpoints, cosignatures, signers TO clerk",
    "GRANT SELECT, UPDATE ON head TO clerk",
    "GRANT SELECT ON log_version, vault_version, access_version TO clerk",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON vault_master, vault_keys, vault_disclosures TO clerk",
    "GRANT SELECT, INSERT ON access_reads TO clerk",
    "GRANT SELECT, INSERT, UPDATE ON access_uses TO clerk",
    "GRANT USAGE ON SEQUENCE access_reads_number_seq TO clerk",
)

"""Backup and restore: whole or not there, verified, and never behind what was signed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Self
from zipfile import ZipFile

import httpx
import pytest
import sqlalchemy as sa

from service.backup import restoring, taking
from service.backup.manifest import MASTER_KEY, NAME
from service.backup.restoring import NotRestored, NotWhole, Rewound, restore
from service.backup.snapshots import NoTool, Snapshot, run
from service.backup.taking import NoBackup, take
from service.ledger import Ledger
from service.settings import Settings
from service.stores.secret import Locked
from service.vault.erasures import Erased
from tests.commanding import command, curule, environment
from tests.ledgers import act, told
from tests.postgres import MakeDatabase, Server, binaries, postgres_home
from tests.serving import serving
from tests.test_erasure import GONE, KEPT, ZDENKA, erase, readable, record_story

CLIENTS: Final = 8
PATIENCE: Final = 60.0


def quietly(stage: str, done: int, of: int) -> None:
    """Tell nobody how far it is."""


def place(folder: Path, log_url: str | None = None) -> Settings:
    """A place for a ledger, as `serving` has it."""
    folder.mkdir(exist_ok=True)
    return Settings(
        ledger=log_url or f"sqlite:///{folder / 'curule.db'}",
        vault=f"sqlite:///{folder / 'curule-vault.db'}",
        views=folder / "curule-views.db",
    )


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A place with a ledger that tells a story."""
    settings = place(tmp_path / "home")
    with closing(Ledger(settings)) as ledger:
        record_story(ledger)
        ledger.follow()
    return settings


@pytest.fixture
def elsewhere(tmp_path: Path, home: Settings) -> Settings:
    """An empty place with the keys, as they are kept."""
    settings = place(tmp_path / "elsewhere")
    for name in ("curule-vault.db.key", "curule.db.log-key"):
        shutil.copy(tmp_path / "home" / name, tmp_path / "elsewhere" / name)
    return settings


@pytest.fixture
def backup(tmp_path: Path, home: Settings) -> Path:
    take(home, tmp_path / "backup", quietly)
    return tmp_path / "backup"


def left(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


KEYS: Final = {"curule-vault.db.key", "curule.db.log-key"}


def state(settings: Settings) -> tuple[Any, ...]:
    with closing(Ledger(settings)) as ledger:
        return (ledger.log.entries(), ledger.log.checkpoint(), readable(ledger))


# Under load, elsewhere


def registered(person: str) -> dict[str, Any]:
    return act("person.registered", "2020", person=person, name=f"Name of {person}")


class Clients:
    """Clients that record until they are told to stop, and keep what was acknowledged."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopped = threading.Event()
        self.acknowledged: list[tuple[str, int]] = []
        self.failed: list[str] = []
        self.enough = threading.Event()
        self._threads = [threading.Thread(target=self._record, args=(n,)) for n in range(CLIENTS)]

    def _record(self, client: int) -> None:
        number = 0
        with httpx.Client(base_url=self._url, trust_env=False, timeout=PATIENCE) as service:
            while not self._stopped.is_set():
                number += 1
                decision = f"d-{client}-{number}"
                sent = {"id": decision, "acts": [registered(f"p-{client}-{number}")]}
                answer = service.post("/v1/decisions", json=sent)
                if answer.status_code != 201:
                    self.failed.append(answer.text)
                    return
                self.acknowledged.append((decision, answer.json()["position"]))
                if number == 10:
                    self.enough.set()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(PATIENCE)


def test_backup_under_load_restored_elsewhere_holds_all_that_was_acknowledged(
    log_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    home, there = tmp_path / "home", tmp_path / "there"
    home.mkdir()
    there.mkdir()
    given = {"PATH": f"{binaries()}:{os.environ['PATH']}"}
    of_home, of_there = dict(given), dict(given)
    if not log_url.startswith("sqlite"):
        make: MakeDatabase = request.getfixturevalue("postgres_server")
        of_home["CURULE_LEDGER"], of_there["CURULE_LEDGER"] = log_url, make()
    url = None if log_url.startswith("sqlite") else log_url
    with serving(home, ledger_url=url) as service, Clients(service) as clients:
        assert clients.enough.wait(PATIENCE)
        before = list(clients.acknowledged)
        done = curule(home, "backup", "--to", str(tmp_path / "backup"), **of_home)
        after = len(clients.acknowledged)
    assert not clients.failed
    assert (done.returncode, done.stdout[: len(str(tmp_path))]) == (0, str(tmp_path)), done.stderr
    assert after > len(before), "they went on recording"
    for key in home.glob("*key"):
        shutil.copy(key, there / key.name)
    done = curule(there, "restore", "--from", str(tmp_path / "backup"), **of_there)
    assert done.returncode == 0, done.stdout + done.stderr
    url = of_there.get("CURULE_LEDGER")
    with closing(Ledger(place(there, url))) as ledger:
        recorded = {
            json.loads(one.entry)["decision"]: one.position
            for one in ledger.log.entries(types=["decision.taken"])
        }
        assert all(recorded.get(decision) == position for decision, position in before)
        texts = {f"Name of {decision.replace('d', 'p', 1)}" for decision, _ in before}
        assert readable(ledger) >= texts
        told(ledger, registered("later"), id="later")  # it goes on
        ledger.follow()


def test_what_is_seen_stays_as_it_is_however_much_is_written(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE some (number)")
        rows = [(f"{number:04000}",) for number in range(4_000)]
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO some VALUES (?)", rows)
        writer.execute("COMMIT")
        seen: list[tuple[int, int]] = []

        def write(_: str, done: int, of: int) -> None:
            seen.append((done, of))
            writer.execute("INSERT INTO some VALUES ('later')")

        with closing(Snapshot(f"sqlite:///{file}")) as snapshot:
            writer.execute("UPDATE some SET number = 'other'")
            snapshot.copy(tmp_path / "copy.db", write)
    assert len(seen) >= 3
    assert seen == sorted(set(seen)), "it never begins anew"
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT number FROM some").fetchall() == rows


# Whole or not there


def test_a_backup_is_the_ledger(backup: Path, home: Settings, elsewhere: Settings) -> None:
    assert left(backup) == {"backup.json", "log.db", "vault.db"}
    assert backup.stat().st_mode & 0o777 == 0o700
    found = restore(backup, elsewhere, None, quietly)
    assert left(elsewhere.views.parent) == {*KEYS, "curule.db", "curule-vault.db"}
    assert found.log_key
    assert state(elsewhere) == state(home)


def test_a_backup_may_be_one_file(tmp_path: Path, home: Settings, elsewhere: Settings) -> None:
    take(home, tmp_path / "backup.zip", quietly)
    assert left(tmp_path) == {"home", "elsewhere", "backup.zip"}
    restore(tmp_path / "backup.zip", elsewhere, None, quietly)
    assert state(elsewhere) == state(home)


KILLED: Final = """
import os, signal, sys
from pathlib import Path
from service.backup.taking import take
from service.settings import Settings

def tell(stage, done, of):
    if stage.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

take(Settings(), Path(sys.argv[1]), tell)
"""


@pytest.mark.parametrize("at", ["copying vault", "copying log", "packing"])
def test_a_backup_that_is_killed_is_not_there(home: Settings, tmp_path: Path, at: str) -> None:
    to = tmp_path / "backup.zip"
    given = {"CURULE_LEDGER": home.ledger, "CURULE_VAULT": home.vault}
    taken = [sys.executable, "-c", KILLED, str(to), at]
    done = subprocess.run(taken, env=environment(**given), check=False)
    assert done.returncode == -signal.SIGKILL
    assert not to.exists()
    take(home, to, quietly)
    assert left(tmp_path) == {"home", "backup.zip"}


def test_a_backup_replaces_nothing_and_fails_whole(
    home: Settings, tmp_path: Path, backup: Path
) -> None:
    before = (backup / NAME).read_bytes()
    with pytest.raises(NoBackup, match="is there already"):
        take(home, backup, quietly)
    assert (backup / NAME).read_bytes() == before

    def meanwhile(stage: str, done: int, of: int) -> None:
        with pytest.raises(NoBackup, match="another backup is being taken"):
            take(home, tmp_path / "other", quietly)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        take(home, tmp_path / "other", meanwhile)
    assert left(tmp_path) == {"home", "backup"}


def test_a_backup_makes_no_ledger(tmp_path: Path) -> None:
    done = command(tmp_path, "backup", "--to", "backup")
    assert done.returncode == 1
    assert left(tmp_path) == set()


def test_the_access_log_is_in_it_once_there_is_one(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    with closing(Ledger(home)) as ledger:
        ledger.reads.note("k", 1, "/v1/people/p-1", 2)
        noted = ledger.reads.read(0, 9)
    manifest = take(home, tmp_path / "backup", quietly)
    assert set(manifest.stores) == {"log", "vault", "access"}
    restore(tmp_path / "backup", elsewhere, None, quietly)
    with closing(Ledger(elsewhere)) as ledger:
        assert ledger.reads.read(0, 9) == noted


# What is erased


def test_what_is_erased_while_it_is_seen_is_seen_as_erased(
    home: Settings, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[Erased] = []

    class Late(Snapshot):
        def __init__(self, url: str) -> None:
            if url == home.vault and not erased:
                with closing(Ledger(home)) as ledger:
                    erased.append(erase(ledger))
            super().__init__(url)

    monkeypatch.setattr(taking, "Snapshot", Late)
    manifest = take(home, tmp_path / "backup", quietly)
    assert manifest.position >= erased[0].receipt.position
    restore(tmp_path / "backup", elsewhere, None, quietly)
    assert state(elsewhere)[2] == KEPT


def test_what_the_log_says_is_erased_is_erased_before_it_is_served(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    with closing(Ledger(home)) as ledger:
        ledger.erasures._record(ZDENKA, "gdpr-17-1-b", "test", ())  # killed before the vault
    take(home, tmp_path / "backup", quietly)
    with closing(sqlite3.connect(tmp_path / "backup/vault.db")) as vault:
        assert vault.execute("SELECT count(*) FROM vault_disclosures").fetchone() == (19,)
    found = restore(tmp_path / "backup", elsewhere, None, quietly)
    assert found.erased == len(GONE)
    with closing(sqlite3.connect(tmp_path / "elsewhere/curule-vault.db")) as vault:
        assert vault.execute("SELECT count(*) FROM vault_disclosures").fetchone() == (9,)


def test_an_erasure_after_the_backup_is_made_again_on_its_vault(
    home: Settings, backup: Path, tmp_path: Path
) -> None:
    with closing(Ledger(home)) as ledger:
        assert readable(ledger) == GONE | KEPT
        erase(ledger)
    shutil.copy(backup / "vault.db", tmp_path / "home" / "curule-vault.db")
    with closing(Ledger(home)) as ledger:
        assert readable(ledger) == KEPT


# What is not whole


def flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("name", ["log.db", "vault.db"])
def test_a_file_that_was_altered_is_refused(backup: Path, elsewhere: Settings, name: str) -> None:
    flip(backup / name, -1)
    with pytest.raises(NotRestored, match=f"{name} of the backup was altered"):
        restore(backup, elsewhere, None, quietly)
    assert left(elsewhere.views.parent) == KEYS


def altered(backup: Path, **fields: Any) -> None:
    """State something else in the manifest, and the files as they are now."""
    stated = json.loads((backup / NAME).read_bytes()) | fields
    for name in stated["files"]:
        stated["files"][name] = {
            "bytes": (backup / name).stat().st_size,
            "sha256": taking._held(backup / name).sha256,
        }
    (backup / NAME).write_text(json.dumps(stated))


def test_what_was_altered_with_its_manifest_does_not_verify(
    backup: Path, elsewhere: Settings
) -> None:
    with closing(sqlite3.connect(backup / "log.db")) as log:
        log.execute("DROP TRIGGER entries_UPDATE")
        log.execute("UPDATE entries SET entry = replace(entry, 'club', 'clue') WHERE position = 2")
        log.commit()
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    altered(backup)
    with pytest.raises(NotWhole) as raised:
        restore(backup, elsewhere, None, quietly)
    assert raised.value.verdict.faults[0][0] == 2
    assert left(elsewhere.views.parent) == KEYS


def test_a_text_that_is_missing_does_not_verify(backup: Path, elsewhere: Settings) -> None:
    with closing(sqlite3.connect(backup / "vault.db")) as vault:
        vault.execute("DELETE FROM vault_disclosures WHERE rowid = 1")
        vault.commit()
    altered(backup)
    with pytest.raises(NotWhole):
        restore(backup, elsewhere, None, quietly)
    assert left(elsewhere.views.parent) == KEYS


@pytest.mark.parametrize("name", ["../log.db", "/log.db", ".hidden", "a/b", ""])
def test_a_backup_has_no_files_elsewhere(backup: Path, elsewhere: Settings, name: str) -> None:
    stated = json.loads((backup / NAME).read_bytes())
    stated["files"][name] = stated["files"]["log.db"]
    (backup / NAME).write_text(json.dumps(stated))
    with pytest.raises(NotRestored, match=r"of this kind: backup\.json, files/"):
        restore(backup, elsewhere, None, quietly)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("position", 99, "tells of another position"),
        ("position", 1, "entries were signed"),
        ("checkpoint", "nothing", "the manifest: this is no checkpoint"),
        ("format", "other", "is no backup of this kind: backup.json, format: "),
    ],
)
def test_a_manifest_that_was_altered_is_refused(
    backup: Path, elsewhere: Settings, field: str, value: Any, why: str
) -> None:
    altered(backup, **{field: value})
    with pytest.raises(NotRestored, match=why):
        restore(backup, elsewhere, None, quietly)
    assert left(elsewhere.views.parent) == KEYS


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("nothing")
    for source in (tmp_path, tmp_path / "file", tmp_path / "absent"):
        with pytest.raises(NotRestored, match="is no backup"):
            restore(source, place(tmp_path / "elsewhere"), None, quietly)


# Never behind what was signed


def go_on(settings: Settings, *decisions: str) -> str:
    """Record more, and give the newest checkpoint."""
    with closing(Ledger(settings)) as ledger:
        for each in decisions:
            told(ledger, registered(f"{each}-person"), id=each)
        return ledger.log.signer.note(*ledger.log.checkpoint())


def emptied(settings: Settings) -> None:
    for url in (settings.ledger, settings.vault):
        Path(url.removeprefix("sqlite:///")).unlink()


def test_where_more_was_signed_an_older_backup_is_refused(home: Settings, backup: Path) -> None:
    go_on(home, "one", "two")
    emptied(home)
    before = left(home.views.parent)
    with pytest.raises(Rewound, match=r"and 25 entries were signed \(so says .*curule.db.signed"):
        restore(backup, home, None, quietly)
    assert left(home.views.parent) == before


def test_the_newest_backup_goes_back_where_it_was_made(home: Settings, backup: Path) -> None:
    before = state(home)
    emptied(home)
    restore(backup, home, None, quietly)
    assert state(home) == before


def test_a_checkpoint_that_was_kept_elsewhere_tells_that_a_backup_is_older(
    home: Settings, backup: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    kept = go_on(home)
    newer = go_on(home, "one")
    with pytest.raises(Rewound, match="so says --since"):
        restore(backup, elsewhere, newer, quietly)
    restore(backup, elsewhere, kept, quietly)


def test_another_history_is_refused(
    home: Settings, backup: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    restore(backup, elsewhere, None, quietly)
    of_another = go_on(elsewhere, "other")
    go_on(home, "one", "two")
    take(home, tmp_path / "newer", quietly)
    third = place(tmp_path / "third")
    shutil.copy(tmp_path / "home/curule-vault.db.key", tmp_path / "third")
    with pytest.raises(NotRestored, match=r"does not verify|another history"):
        restore(tmp_path / "newer", third, of_another, quietly)
    emptied(elsewhere)  # its memory of what it signed stays
    with pytest.raises(NotRestored, match=r"does not verify|another history"):
        restore(tmp_path / "newer", elsewhere, None, quietly)


# Places and keys


def test_a_place_that_is_not_empty_is_left_alone(home: Settings, backup: Path) -> None:
    before = state(home)
    with pytest.raises(NotRestored, match=r"curule.db is there already"):
        restore(backup, home, None, quietly)
    assert state(home) == before


def test_without_its_master_key_nothing_is_restored(
    home: Settings, backup: Path, tmp_path: Path
) -> None:
    there = place(tmp_path / "there")
    with pytest.raises(Locked, match=r"put it into .*curule-vault.db.key"):
        restore(backup, there, None, quietly)
    (tmp_path / "there/curule-vault.db.key").write_text("A" * 43 + "=")
    (tmp_path / "there/curule-vault.db.key").chmod(0o600)
    with pytest.raises(Locked, match="another master key"):
        restore(backup, there, None, quietly)
    assert left(tmp_path / "there") == {"curule-vault.db.key"}


def test_a_backup_with_keys_and_views_is_all_it_takes(home: Settings, tmp_path: Path) -> None:
    folder, there = tmp_path / "home", tmp_path / "there"
    there.mkdir()
    done = command(folder, "backup", "--to", "../backup.zip", "--with-keys", "--views")
    assert done.returncode == 0
    assert (tmp_path / "backup.zip").stat().st_mode & 0o077 == 0
    assert "holds both secret keys" in done.stderr
    done = command(there, "restore", "--from", "../backup.zip")
    assert done.returncode == 0
    assert left(there) == {*KEYS, "curule.db", "curule-vault.db", "curule-views.db"}
    assert all((there / key).stat().st_mode & 0o077 == 0 for key in KEYS)
    with closing(sqlite3.connect(there / "curule-views.db")) as views:
        assert views.execute("SELECT position FROM progress").fetchone() == (21,)
    assert state(place(there)) == state(home)


def test_a_key_that_was_altered_is_not_taken(home: Settings, tmp_path: Path) -> None:
    take(home, tmp_path / "backup", quietly, keys=True)
    there = place(tmp_path / "there")
    (tmp_path / "backup" / MASTER_KEY).write_text("A" * 43 + "=")
    with pytest.raises(NotRestored, match=r"master\.key of the backup was altered"):
        restore(tmp_path / "backup", there, None, quietly)
    (tmp_path / "backup" / MASTER_KEY).unlink()
    with pytest.raises(NotRestored, match=r"master\.key of the backup cannot be read"):
        restore(tmp_path / "backup", there, None, quietly)
    assert left(tmp_path / "there") == set()


def test_a_file_that_is_damaged_is_told_so(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    take(home, tmp_path / "backup.zip", quietly)
    content = bytearray((tmp_path / "backup.zip").read_bytes())
    with ZipFile(tmp_path / "backup.zip") as archive:
        log = archive.getinfo("log.db")
    begun = log.header_offset + len(log.FileHeader())
    for at in range(begun + 50, begun + log.compress_size - 50, log.compress_size // 12):
        content[at] ^= 0xFF
        (tmp_path / "damaged.zip").write_bytes(content)
        with pytest.raises(NotRestored, match=r"log\.db of the backup cannot be read"):
            restore(tmp_path / "damaged.zip", elsewhere, None, quietly)
        content[at] ^= 0xFF
    assert left(elsewhere.views.parent) == KEYS


def test_what_has_come_meanwhile_is_left_and_nothing_else(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(home, tmp_path / "backup", quietly, keys=True, views=True)
    there, settle = place(tmp_path / "there"), restoring._settle

    def meanwhile(file: Path) -> None:
        if "curule.db" in file.name:  # the last to take its place
            (tmp_path / "there/curule.db").write_text("mine")
        settle(file)

    monkeypatch.setattr(restoring, "_settle", meanwhile)
    with pytest.raises(NotRestored, match=r"curule\.db has come meanwhile"):
        restore(tmp_path / "backup", there, None, quietly)
    assert left(tmp_path / "there") == {"curule.db"}
    assert (tmp_path / "there/curule.db").read_text() == "mine"


def test_without_the_key_of_the_log_it_is_told_so(
    home: Settings, backup: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    shutil.copy(tmp_path / "home/curule-vault.db.key", there)
    done = command(there, "restore", "--from", "../backup")
    assert done.returncode == 0
    assert "The key that signs the log is not here" in done.stderr
    assert "restore curule.db.log-key" in curule(there, "serve").stderr


def test_a_backup_of_an_older_release_is_migrated(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(Path(__file__).parent / "schemas/2", folder)
    for key in folder.glob("*key"):
        key.chmod(0o600)
    manifest = take(place(folder), tmp_path / "backup", quietly, keys=True)
    assert manifest.stores["log"].schema == 2
    there = place(tmp_path / "there")
    restore(tmp_path / "backup", there, None, quietly)
    with closing(Ledger(there)) as ledger:
        assert ledger.log.newest() == 278


# PostgreSQL


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{binaries()}:{os.environ['PATH']}")


def shared(folder: Path, url: str) -> Settings:
    """Log and vault in one database."""
    return place(folder, url).model_copy(
        update={"vault": url, "master_key_file": folder / "master", "log_key_file": folder / "log"}
    )


@pytest.mark.usefixtures("tools")
def test_log_and_vault_of_one_database_are_in_one_file(
    postgres_url: str, postgres_server: MakeDatabase, tmp_path: Path
) -> None:
    home, other = shared(tmp_path / "home", postgres_url), postgres_server()
    for name in ("master", "log"):
        (tmp_path / "home" / name).write_text("A" * 43 + "=")
    with closing(Ledger(home)) as ledger:
        record_story(ledger)
    manifest = take(home, tmp_path / "backup", quietly)
    assert left(tmp_path / "backup") == {NAME, "log.dump"}
    assert {each.file for each in manifest.stores.values()} == {"log.dump"}
    there = shared(tmp_path / "there", other)
    for name in ("master", "log"):
        shutil.copy(tmp_path / "home" / name, tmp_path / "there" / name)
    apart = there.model_copy(update={"vault": f"sqlite:///{tmp_path / 'vault.db'}"})
    with pytest.raises(NotRestored, match="are in one in the backup, and in two"):
        restore(tmp_path / "backup", apart, None, quietly)
    flip(tmp_path / "backup/log.dump", -1)
    with pytest.raises(NotRestored, match="was altered"):
        restore(tmp_path / "backup", there, None, quietly)
    flip(tmp_path / "backup/log.dump", -1)
    (tmp_path / "there/master").write_text("B" * 43 + "=")
    with pytest.raises(Locked):
        restore(tmp_path / "backup", there, None, quietly)
    assert tables(other) == []  # what could not be opened is gone
    shutil.copy(tmp_path / "home/master", tmp_path / "there/master")
    restore(tmp_path / "backup", there, None, quietly)
    assert state(there)[0] == state(home)[0]
    with pytest.raises(NotRestored, match="is not empty"):
        restore(tmp_path / "backup", there, None, quietly)


def tables(url: str) -> list[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return sa.inspect(connection).get_table_names()


def test_without_the_tools_of_postgresql_it_says_what_to_do(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = place(tmp_path / "home", postgres_url)
    with closing(Ledger(settings)) as ledger:
        record_story(ledger)
    done = command(
        tmp_path / "home",
        "backup",
        "--to",
        "../backup",
        CURULE_LEDGER=postgres_url,
        PATH="/nowhere",
    )
    assert done.returncode == 3
    assert "pg_dump is not on the PATH" in done.stderr
    assert left(tmp_path) == {"home"}


def test_a_password_is_in_no_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = tmp_path / "bin/pg_dump"
    shown.parent.mkdir()
    shown.write_text('#!/bin/sh\necho "$@ and $PGPASSWORD" >&2\nexit 1\n')
    shown.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shown.parent}:{os.environ['PATH']}")
    with pytest.raises(NoTool) as raised:
        run("pg_dump", url=sa.make_url("postgresql+psycopg://me:secret@db/some"))
    told, _, password = str(raised.value).partition(" and ")
    assert told.startswith("pg_dump failed: --dbname=postgresql://me@db/some?connect_timeout=3&")
    assert "&keepalives_idle=5&" in told
    assert password == "secret"


def test_a_base_backup_and_an_archive_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    with postgres_home() as server:
        server.make()
        archive, base = server.root / "archive", server.root / "base"
        for made in (archive, base):
            made.mkdir(mode=0o700)
            server.own(made)
        with (server.data / "postgresql.conf").open("a") as conf:
            conf.write(
                "wal_level = replica\narchive_mode = on\n"
                f"archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'\n"
            )
        server.start()
        settings = place(folder, server())
        with closing(Ledger(settings)) as ledger:
            record_story(ledger)
            options = ("-h", str(server.root), "-U", "postgres", "-X", "stream", "-c", "fast")
            server.run("pg_basebackup", "-D", str(base), *options)
            told(ledger, registered("later"), id="later")  # in the archive alone
            archived(server)
            before = (ledger.log.entries(), ledger.log.checkpoint())
        server.stop()
        server.run("pg_verifybackup", str(base))
        with (base / "postgresql.auto.conf").open("a") as conf:
            conf.write(f"restore_command = 'cp {archive}/%f %p'\narchive_mode = off\n")
        (base / "recovery.signal").touch()
        server.own(base / "recovery.signal")
        server.start(base)
        try:
            recovered(server)
            with closing(Ledger(settings)) as ledger:  # it continues what was signed
                assert (ledger.log.entries(), ledger.log.checkpoint()) == before
                told(ledger, registered("last"), id="last")
        finally:
            server.stop(base)


def archived(server: Server) -> None:
    """Have all that is written so far in the archive."""
    with server.connected() as connection:
        found = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert found is not None
        while not (server.root / "archive" / found[0]).exists():
            failed = connection.execute("SELECT failed_count FROM pg_stat_archiver").fetchone()
            assert failed == (0,)
            connection.execute("SELECT pg_sleep(0.05)")


def recovered(server: Server) -> None:
    """Wait until all of the archive is read, and the server takes writes."""
    with server.connected() as connection:
        while connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            connection.execute("SELECT pg_sleep(0.05)")

"""The vault gets a new master key: whoever is interrupted goes on, and nothing is ever lost."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from service.ledger import Ledger
from service.settings import Settings
from service.vault import vault as module
from service.vault.disclosures import Disclosure, disclose
from service.vault.master import VaultLocked
from service.vault.rotation import rotate
from service.vault.vault import SubjectsErased, Vault
from tests.commanding import command, environment

LATER: Final = 2**62
PEOPLE: Final = 2_500


def settings(folder: Path) -> Settings:
    return Settings(
        ledger=f"sqlite:///{folder / 'curule.db'}",
        vault=f"sqlite:///{folder / 'curule-vault.db'}",
        views=folder / "curule-views.db",
    )


@pytest.fixture
def people(tmp_path: Path) -> list[Disclosure]:
    """The texts of many subjects, in the vault of a ledger; one more is erased."""
    many = [
        disclose("name", f"Person {number}", subject=f"person:p{number}", decision="d")
        for number in range(PEOPLE)
    ]
    with closing(Ledger(settings(tmp_path))) as ledger:
        ledger.vault.put(many, deadline=LATER)
        ledger.vault.erase(["person:erased"], [])
    return many


def key(folder: Path, ending: str = "") -> bytes:
    return (folder / f"curule-vault.db.key{ending}").read_bytes()


def all_open(folder: Path, people: list[Disclosure]) -> bool:
    with closing(Ledger(settings(folder))) as ledger:
        values = ledger.vault.values([one.digest for one in people])
        return sorted(values.values()) == sorted(f"Person {n}" for n in range(len(people)))


def files(folder: Path) -> set[str]:
    return {path.name.removeprefix("curule-vault.db") for path in folder.glob("curule-vault.db.*")}


def told_nothing(done: int, of: int) -> None:
    assert done <= of


def test_every_key_is_wrapped_anew(tmp_path: Path, people: list[Disclosure]) -> None:
    before = key(tmp_path)
    heard: list[tuple[int, int]] = []
    new, old = rotate(settings(tmp_path), None, lambda *heard_of: heard.append(heard_of))
    assert (new, old) == (
        tmp_path / "curule-vault.db.key",
        tmp_path / "curule-vault.db.key.old",
    )
    assert key(tmp_path, ".old") == before != key(tmp_path)
    assert files(tmp_path) == {".key", ".key.old"}
    assert heard[-1] == (PEOPLE + 1, PEOPLE + 1)
    assert all_open(tmp_path, people)
    assert (tmp_path / "curule-vault.db.key").stat().st_mode & 0o077 == 0


def test_the_old_key_opens_nothing_any_more(tmp_path: Path, people: list[Disclosure]) -> None:
    rotate(settings(tmp_path), None, told_nothing)
    retired = base64.b64decode(key(tmp_path, ".old"))
    with pytest.raises(VaultLocked, match="another master key"):
        Vault(settings(tmp_path).vault, retired)
    with closing(Ledger(settings(tmp_path))) as ledger, ledger.vault._engine.connect() as used:
        for (wrapped,) in used.exec_driver_sql("SELECT wrapped FROM vault_keys"):
            assert not module._opens(retired, wrapped)


def test_what_is_erased_stays_so(tmp_path: Path, people: list[Disclosure]) -> None:
    rotate(settings(tmp_path), None, told_nothing)
    late = disclose("name", "Late", subject="person:erased", decision="d")
    with closing(Ledger(settings(tmp_path))) as ledger, pytest.raises(SubjectsErased):
        ledger.vault.put([late], deadline=LATER)


KILLED: Final = """
import os, signal, sys
from pathlib import Path
from service.vault import rotation
from service.vault import vault
from tests.test_rotation import settings

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

where = sys.argv[2]
if where == "as the key is made":
    rotation.Vault = killed
elif where == "as the vault knows it":
    vault.Vault.rewrap = killed
elif where == "as it is done":
    rewrap = vault.Vault.rewrap
    vault.Vault.rewrap = lambda *asked: (rewrap(*asked), killed())
elif where == "as the old key is kept":
    Path.replace = killed
tell = killed if where == "after a batch" else lambda *_: None
rotation.rotate(settings(Path(sys.argv[1])), None, tell)
"""


@pytest.mark.parametrize(
    ("where", "is_locked"),
    [
        ("as the key is made", False),
        ("as the vault knows it", True),
        ("after a batch", True),
        ("as it is done", True),
        ("as the old key is kept", True),
    ],
)
def test_killed_anywhere_it_goes_on(
    tmp_path: Path, people: list[Disclosure], where: str, is_locked: bool
) -> None:
    before = key(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), where], env=environment(), check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert key(tmp_path) == before  # until all is done
    following = key(tmp_path, ".next")
    if is_locked:
        with pytest.raises(VaultLocked, match="curule keys rotate"):
            Ledger(settings(tmp_path))
    else:
        assert all_open(tmp_path, people)
    rotate(settings(tmp_path), None, told_nothing)
    assert (key(tmp_path), key(tmp_path, ".old")) == (following, before)
    assert files(tmp_path) == {".key", ".key.old"}
    assert all_open(tmp_path, people)


def test_a_service_with_the_old_key_puts_nothing_more_under_it(
    tmp_path: Path, people: list[Disclosure]
) -> None:
    late = disclose("name", "Late", subject="person:late", decision="d")
    with closing(Ledger(settings(tmp_path))) as running:
        rotate(settings(tmp_path), None, told_nothing)
        with pytest.raises(VaultLocked, match="start again"):
            running.vault.put([late], deadline=LATER)
        with pytest.raises(VaultLocked, match="start again"):
            running.vault.values([people[0].digest])
    assert all_open(tmp_path, people)


def test_an_old_key_is_never_overwritten(tmp_path: Path, people: list[Disclosure]) -> None:
    rotate(settings(tmp_path), None, told_nothing)
    kept = key(tmp_path), key(tmp_path, ".old")
    with pytest.raises(VaultLocked, match="move or delete it first"):
        rotate(settings(tmp_path), None, told_nothing)
    assert (key(tmp_path), key(tmp_path, ".old")) == kept
    (tmp_path / "curule-vault.db.key.old").unlink()
    rotate(settings(tmp_path), None, told_nothing)
    assert key(tmp_path, ".old") == kept[0]
    assert all_open(tmp_path, people)


def test_a_key_of_the_environment_is_rotated_into_a_file(tmp_path: Path, postgres_url: str) -> None:
    given = SecretStr(base64.b64encode(bytes(range(32))).decode())
    new = Settings(
        ledger=f"sqlite:///{tmp_path / 'curule.db'}",
        vault=postgres_url,
        views=tmp_path / "views.db",
        master_key_file=tmp_path / "master.key",
    )
    old = new.model_copy(update={"master_key_file": None, "master_key": given})
    one = disclose("name", "Anna", subject="person:p", decision="d")
    with closing(Ledger(old)) as ledger:
        ledger.vault.put([one], deadline=LATER)
    with pytest.raises(VaultLocked, match="--to FILE"):
        rotate(old, None, told_nothing)
    for _ in range(2):  # done again, it is done
        assert rotate(old, tmp_path / "master.key", told_nothing) == (tmp_path / "master.key", None)
    with closing(Ledger(new)) as ledger:
        assert ledger.vault.values([one.digest]) == {one.digest: "Anna"}
    with pytest.raises(VaultLocked, match="another master key"):
        Ledger(old)


def test_a_key_that_is_none_rotates_nothing(tmp_path: Path, people: list[Disclosure]) -> None:
    wrong = settings(tmp_path).model_copy(
        update={"master_key": SecretStr(base64.b64encode(bytes(32)).decode())}
    )
    with pytest.raises(VaultLocked, match="another master key"):
        rotate(wrong, tmp_path / "new.key", told_nothing)
    with pytest.raises(VaultLocked, match="--to is for"):
        rotate(settings(tmp_path), tmp_path / "new.key", told_nothing)
    assert all_open(tmp_path, people)


def test_keys_are_rotated_at_the_command_line(tmp_path: Path, people: list[Disclosure]) -> None:
    done = command(tmp_path, "keys", "rotate")
    assert (done.returncode, done.stderr) == (0, "")
    new, old = done.stdout.splitlines()
    assert new == "The master key is in curule-vault.db.key."
    assert old.startswith("The old one is kept in curule-vault.db.key.old: delete it with the last")
    assert all_open(tmp_path, people)
    again = command(tmp_path, "keys", "rotate")
    assert (again.returncode, again.stdout) == (3, "")
    assert "move or delete it first" in again.stderr


def test_rotating_makes_no_ledger(tmp_path: Path) -> None:
    assert command(tmp_path, "keys", "rotate").returncode == 1
    assert list(tmp_path.iterdir()) == []

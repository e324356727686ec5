"""The vault keeps what the log commits to: exactly, secretly, and only as long as it is needed."""

import base64
import json
import multiprocessing
import re
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from service.vault import vault as module
from service.vault.disclosures import Disclosure, disclose, opened
from service.vault.master import VaultLocked, master_key
from service.vault.vault import Vault, VaultDamaged
from tests.strategies import examples

KEY = bytes(range(32))
LATER = 2**62


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'vault.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def vault(url: str) -> Iterator[Vault]:
    with open_vault(url) as opened_vault:
        yield opened_vault


@contextmanager
def open_vault(url: str, key: bytes = KEY) -> Iterator[Vault]:
    vault = Vault(url, key)
    try:
        yield vault
    finally:
        vault.close()


def name(value: str, person: str = "p1", decision: str = "d1") -> Disclosure:
    return disclose("name", value, subject=f"person:{person}", decision=decision)


def kept(vault: Vault) -> dict[str, int]:
    """How many rows each table has."""
    with vault._engine.connect() as connection:
        counts = {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (module._KEYS, module._DISCLOSURES)
        }
    return {name: count for name, count in counts.items() if count}


def never(decision: str, digest: str) -> bool:
    return False


# What a commitment is


def test_the_vector_of_rfc_9901() -> None:
    stated = '["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"]'
    text = base64.urlsafe_b64encode(stated.encode()).decode().rstrip("=")
    vector = Disclosure("X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0", "person:p", "d", text)
    assert opened(vector.text) == "Möbius"


@given(field=st.text(), value=st.text())
def test_a_disclosure_opens_to_what_was_disclosed(field: str, value: str) -> None:
    one = disclose(field, value, subject="person:p", decision="d")
    assert opened(one.text) == value
    padded = one.text + "=" * (-len(one.text) % 4)
    salt, *stated = json.loads(base64.urlsafe_b64decode(padded))
    assert stated == [field, value]
    assert len(base64.urlsafe_b64decode(salt + "==")) == 16
    digest = base64.urlsafe_b64encode(sha256(one.text.encode()).digest()).decode()
    assert one.digest + "=" == digest


def test_equal_values_have_unequal_commitments() -> None:
    assert name("Anna").digest != name("Anna").digest


def test_a_disclosure_is_that_of_its_digest_and_hides_its_text() -> None:
    one = name("Anna")
    assert one.text not in repr(one)
    with pytest.raises(ValueError, match="is not the digest"):
        Disclosure(name("Anna").digest, one.subject, one.decision, one.text)


@pytest.mark.parametrize("stated", ['["salt", "name", 1]', '["salt", "name"]', "{}", "[", "1"])
def test_what_discloses_no_text_does_not_open(stated: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        opened(base64.urlsafe_b64encode(stated.encode()).decode().rstrip("="))


# Keeping


def test_what_is_put_is_there_for_everyone_with_the_key(vault: Vault, url: str) -> None:
    anna, bob = name("Anna Šķēle 陳"), name("Bob", person="p2")
    long = disclose("text", "long " * 50_000, subject="decision:d1", decision="d1")
    vault.put([anna, bob, long], deadline=LATER)
    vault.put([], deadline=LATER)
    with open_vault(url) as other:
        asked = [anna.digest, long.digest, name("Eve").digest, anna.digest]
        for _ in range(2):  # read, then remembered
            assert other.values(asked) == {
                anna.digest: "Anna Šķēle 陳",
                long.digest: "long " * 50_000,
            }
    assert vault.values([]) == {}


def test_more_than_a_batch(vault: Vault) -> None:
    many = [name(f"Person {number}", person=f"p{number}") for number in range(2_500)]
    vault.put(many, deadline=LATER)
    expected = {one.digest: f"Person {number}" for number, one in enumerate(many)}
    assert vault.values(expected) == expected
    with vault._engine.connect() as connection:
        wrapped = connection.scalars(sa.select(module._KEYS.c.wrapped)).all()
    assert len(set(wrapped)) == 2_500
    assert vault.sweep(LATER + 1, never) == 2_500
    assert kept(vault) == {}


def test_only_so_much_is_remembered(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 3)
    many = [name(str(number)) for number in range(5)]
    vault.put([*many, long := name("x" * 1_001)], deadline=LATER)
    for one in [*many[:3], many[0], many[3], long]:
        vault.values([one.digest])
    assert list(vault._recent) == [many[2].digest, many[0].digest, many[3].digest]


def test_nothing_half_there(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([b"sealed"])
    monkeypatch.setattr(module, "_sealed", lambda *_: next(calls))
    with pytest.raises(StopIteration):
        vault.put([name("Anna"), name("Bob", person="p2")], deadline=LATER)
    assert kept(vault) == {}


def test_sqlite_syncs_and_overwrites(tmp_path: Path) -> None:
    with open_vault(f"sqlite:///{tmp_path / 'vault.db'}") as vault, vault._engine.connect() as used:
        pragmas = ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "busy_timeout")
        asked = [used.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas]
    assert asked == ["wal", 2, 1, 1, 4_000]


# Secrecy


def test_no_file_of_the_vault_tells_anything(tmp_path: Path) -> None:
    with open_vault(f"sqlite:///{tmp_path / 'vault.db'}") as vault:
        one = name("Anastasia Unmistakable")
        vault.put([one], deadline=LATER)
        vault.values([one.digest])
        files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert files.keys() >= {"vault.db", "vault.db-wal"}
    everything = b"".join(files.values())
    assert one.digest.encode() in everything  # the scan finds what there is to find
    for secret in (b"Unmistakable", one.text.encode(), one.text[:40].encode(), KEY):
        assert secret not in everything


def test_another_master_key_does_not_open_it(vault: Vault, url: str) -> None:
    vault.put([one := name("Anna")], deadline=LATER)
    for wrong in (secrets.token_bytes(32), KEY[:16], b""):
        with pytest.raises(VaultLocked, match="master key"):
            Vault(url, wrong)
    with open_vault(url) as other:
        assert other.values([one.digest]) == {one.digest: "Anna"}


def test_errors_and_representations_show_no_secret(vault: Vault) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught, vault._writing() as connection:
        connection.execute(module._PUT_KEY, {"subject": None, "wrapped": b"secret"})
    assert "secret" not in str(caught.value)
    assert repr(KEY) not in repr(vars(vault).keys()) + repr(vault)


DISCLOSURES = module._DISCLOSURES.name
EXCHANGES = {
    "two texts of one subject": (DISCLOSURES, "sealed", "digest", ["a", "b"]),
    "texts of two subjects": (DISCLOSURES, "sealed", "digest", ["a", "c"]),
    "subjects": (DISCLOSURES, "subject", "digest", ["a", "c"]),
    "keys": (module._KEYS.name, "wrapped", "subject", ["person:p1", "person:p2"]),
}


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_exchanged_rows_are_found(vault: Vault, exchange: str) -> None:
    people = {"a": name("Anna"), "b": name("Bob"), "c": name("Cleo", person="p2")}
    vault.put(list(people.values()), deadline=LATER)
    table_name, column, by, pair = EXCHANGES[exchange]
    table = module._SCHEMA.tables[table_name]
    rows = [people[one].digest if one in people else one for one in pair]
    with vault._writing(alone=True) as connection:
        found = [
            connection.scalar(sa.select(table.c[column]).where(table.c[by] == row)) for row in rows
        ]
        for row, value in zip(rows, reversed(found), strict=True):
            connection.execute(sa.update(table).where(table.c[by] == row).values({column: value}))
    with pytest.raises(VaultDamaged):
        vault.values([people["a"].digest])


@pytest.mark.parametrize(("table", "column"), [("disclosures", "sealed"), ("keys", "wrapped")])
def test_an_altered_byte_is_found(vault: Vault, table: str, column: str) -> None:
    vault.put([one := name("Anna")], deadline=LATER)
    altered = module._SCHEMA.tables[f"vault_{table}"]
    with vault._writing(alone=True) as connection:
        value = connection.scalar(sa.select(altered.c[column]))
        assert isinstance(value, bytes)
        changed = {column: value[:-1] + bytes([value[-1] ^ 1])}
        connection.execute(sa.update(altered).values(changed))
    with pytest.raises(VaultDamaged):
        vault.values([one.digest])


def test_a_forgery_under_the_right_key_is_found(vault: Vault) -> None:
    vault.put([one := name("Anna")], deadline=LATER)
    other = base64.urlsafe_b64encode(b'["salt", "name", "Bob"]').decode()
    with vault._writing(alone=True) as connection:
        cipher = vault._cipher(connection.execute(sa.select(module._KEYS.c.wrapped)).scalar_one())
        bound = f"{one.digest} {one.subject}".encode()
        forged = bytes(12) + cipher.encrypt(bytes(12), other.encode(), bound)
        connection.execute(sa.update(module._DISCLOSURES).values(sealed=forged))
    with pytest.raises(VaultDamaged, match=re.escape(one.digest)):
        vault.values([one.digest])


# Sweeping


def test_what_never_came_is_swept_after_its_deadline(vault: Vault) -> None:
    lost, came = name("Lost", decision="d1"), name("Came", person="p2", decision="d2")
    vault.put([lost, came], deadline=100)
    asked: list[tuple[str, str]] = []

    def recorded(decision: str, digest: str) -> bool:
        asked.append((decision, digest))
        return decision == "d2"

    assert vault.sweep(100, recorded) == 0  # an entry recorded at its deadline is in time
    assert asked == []
    assert vault.sweep(101, recorded) == 1
    assert sorted(asked) == [("d1", lost.digest), ("d2", came.digest)]
    assert kept(vault) == {"vault_keys": 1, "vault_disclosures": 1}
    assert vault.values([lost.digest, came.digest]) == {came.digest: "Came"}
    assert vault.sweep(10**9, recorded) == 0
    assert len(asked) == 2  # what is settled is not looked at again


def test_a_key_goes_with_the_last_disclosure_of_its_subject(vault: Vault) -> None:
    vault.put([name("First")], deadline=1)
    vault.put([name("Second")], deadline=2)
    assert vault.sweep(2, never) == 1
    assert kept(vault) == {"vault_keys": 1, "vault_disclosures": 1}
    assert vault.sweep(3, never) == 1
    assert kept(vault) == {}


def test_the_later_deadline_counts(vault: Vault) -> None:
    one = name("Anna")
    for deadline in (10, 20, 5):
        vault.put([one], deadline=deadline)
    assert vault.sweep(20, never) == 0
    assert vault.sweep(21, never) == 1


def test_what_is_settled_stays_when_put_again(vault: Vault) -> None:
    vault.put([one := name("Anna")], deadline=10)
    assert vault.sweep(11, lambda *_: True) == 0
    vault.put([one], deadline=20)
    assert vault.sweep(21, never) == 0
    assert vault.values([one.digest]) == {one.digest: "Anna"}


def test_what_is_put_again_during_a_sweep_stays(vault: Vault) -> None:
    vault.put([again := name("Anna"), name("Bob", person="p2")], deadline=10)

    def recorded(decision: str, digest: str) -> bool:
        if digest == again.digest:
            vault.put([again], deadline=20)
        return False

    assert vault.sweep(11, recorded) == 1
    assert vault.values([again.digest]) == {again.digest: "Anna"}


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 4), st.integers(0, 20)),
    st.tuples(st.just("record"), st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.just("sweep"), st.just(0), st.just(0)),
)


@examples(20)  # each makes a vault of its own
@given(steps=st.lists(STEPS, max_size=20))
def test_a_sweep_takes_what_cannot_come_and_nothing_else(
    steps: list[tuple[str, int, int]],
) -> None:
    people = [name(str(number), person=f"p{number % 2}") for number in range(5)]
    deadlines: dict[int, int] = {}  # of what is in the vault and not settled
    log: set[str] = set()
    present: set[int] = set()
    now = 0
    with TemporaryDirectory() as folder, open_vault(f"sqlite:///{folder}/vault.db") as vault:
        for step, which, number in steps:
            if step == "put":
                vault.put([people[which]], deadline=number)
                if which not in present or which in deadlines:
                    deadlines[which] = max(number, deadlines.get(which, 0))
                present.add(which)
            elif step == "record":  # as the log does: in time, or not at all
                now += number + 1
                if which in present and now <= deadlines.get(which, LATER):
                    log.add(people[which].digest)
            else:
                swept = vault.sweep(now, lambda _, digest: digest in log)
                over = {one for one, deadline in deadlines.items() if deadline < now}
                lost = {one for one in over if people[one].digest not in log}
                assert swept == len(lost)
                present -= lost
                deadlines = {one: dead for one, dead in deadlines.items() if one not in over}
            there = {one.digest: str(index) for index, one in enumerate(people)}
            assert vault.values(there) == {people[one].digest: str(one) for one in present}
            assert kept(vault).get("vault_keys", 0) == len({one % 2 for one in present})


# Together


def put_in_a_process(url: str, number: int) -> str:
    with open_vault(url) as vault:
        one = name(f"By {number}", person="shared", decision=f"d{number}")
        vault.put([one, name("other", person=f"p{number}")], deadline=LATER)
        return one.digest


def test_processes_make_one_vault_and_one_key(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=spawn) as pool:
        digests = list(pool.map(put_in_a_process, [url] * 8, range(8)))
    with open_vault(url) as vault:
        assert vault.values(digests) == {one: f"By {n}" for n, one in enumerate(digests)}
        assert kept(vault) == {"vault_keys": 9, "vault_disclosures": 16}


def test_a_vault_made_by_many_at_once_is_of_one_of_them(url: str) -> None:
    start = threading.Barrier(8)

    def make(number: int) -> bool:
        start.wait()
        try:
            with open_vault(url, bytes([number]) * 32):
                return True
        except VaultLocked:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(8))) == 1


def test_threads_share_a_vault(vault: Vault) -> None:
    start = threading.Barrier(9)
    done = threading.Event()

    def sweeps() -> int:
        start.wait()
        swept = 0
        while not done.is_set():
            swept += vault.sweep(100, lambda decision, _: decision == "kept")
        return swept + vault.sweep(100, lambda decision, _: decision == "kept")

    def puts(thread: int) -> dict[str, str]:
        start.wait()
        stays: dict[str, str] = {}
        for number in range(25):  # all share four keys, two of which come and go
            value = f"{thread}.{number}"
            stay = [name(value, person=f"p{one}", decision="kept") for one in range(2)]
            pass_by = [name(value, person=f"q{one}", decision="lost") for one in range(2)]
            vault.put([*stay, *pass_by], deadline=99)
            new = {one.digest: value for one in stay}
            assert vault.values(new) == new
            stays |= new
        return stays

    with ThreadPoolExecutor(9) as pool:
        sweeping = pool.submit(sweeps)
        putting = [pool.submit(puts, thread) for thread in range(8)]
        expected = {digest: value for each in putting for digest, value in each.result().items()}
        done.set()
        assert sweeping.result() == 2 * 8 * 25
    vault._recent.clear()
    assert vault.values(expected) == expected
    assert kept(vault) == {"vault_keys": 2, "vault_disclosures": 2 * 8 * 25}


# The master key


def beside(folder: Path) -> bytes:
    return master_key(f"sqlite:///{folder / 'vault.db'}", key=None, key_file=None)


def test_a_key_is_made_once_beside_the_vault(tmp_path: Path) -> None:
    first = beside(tmp_path)
    assert len(first) == 32
    file = tmp_path / "vault.db.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert base64.b64decode(file.read_text()) == first
    with open_vault(f"sqlite:///{tmp_path / 'vault.db'}", first):
        assert beside(tmp_path) == first
    assert master_key("postgresql+psycopg://x/y", key=None, key_file=file) == first


def test_a_key_made_by_many_at_once_is_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: beside(tmp_path), range(64)))
    assert len(keys) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    beside(tmp_path)
    (tmp_path / "vault.db.key").chmod(mode)
    with pytest.raises(VaultLocked, match="chmod 600"):
        beside(tmp_path)


def test_a_vault_that_lost_its_key_gets_no_new_one(tmp_path: Path) -> None:
    with open_vault(f"sqlite:///{tmp_path / 'vault.db'}", beside(tmp_path)):
        (tmp_path / "vault.db.key").unlink()
        with pytest.raises(VaultLocked, match="restore"):
            beside(tmp_path)
    assert not (tmp_path / "vault.db.key").exists()


@pytest.mark.parametrize("url", ["postgresql+psycopg://host/vault", "sqlite://"])
def test_a_vault_without_a_file_needs_a_key_that_is_given(url: str) -> None:
    with pytest.raises(VaultLocked, match="CURULE_MASTER_KEY"):
        master_key(url, key=None, key_file=None)
    assert master_key(url, key=base64.b64encode(KEY).decode() + "\n", key_file=None) == KEY


@pytest.mark.parametrize("wrong", ["", "c2VjcmV0", "not base64, but secret", "sécret", "secret="])
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "key").write_text(wrong)
    for key, key_file in ((wrong, None), (None, tmp_path / "key")):
        with pytest.raises(VaultLocked, match=re.escape("32 bytes")) as caught:
            master_key("sqlite:///vault.db", key=key, key_file=key_file)
        assert not wrong or wrong not in str(caught.value)


def test_one_key_only_and_one_that_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(VaultLocked, match="not both"):
        master_key("sqlite:///v.db", key="x", key_file=tmp_path)
    with pytest.raises(VaultLocked, match="cannot be read"):
        master_key("sqlite:///v.db", key=None, key_file=tmp_path / "none")

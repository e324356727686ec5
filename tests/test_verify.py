"""An auditor's list of attacks, each done in the database, and each found with its position."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.organisation import Organisation
from domain.entries import instant, read
from domain.fields import Commitment
from domain.shape import texts
from domain.transparency.checkpoints import Checkpoint
from domain.transparency.notes import VerifierKey, read_note
from domain.verification.commitments import commitments, erased_by
from domain.verification.faults import Fault
from service.content import plain
from service.ledger import Ledger
from service.log.signing import NotSigned, Verifier
from service.recording.recorder import Receipt
from service.settings import Settings
from service.verifying import CannotVerify, Trusted, Verdict, sharing
from service.verifying import log as verifying_log
from service.verifying.ledger import verify_ledger
from service.verifying.receipts import verify_receipt
from tests.attacks import Row, altered, column, flipped, moved, put, rewritten, row_of, rows
from tests.commanding import command
from tests.ledgers import act, ledger_in, sent, told

SIZE = 700
OTHER = Organisation(SIZE, seed=2)


@dataclass
class Kept:
    """What an auditor keeps."""

    checkpoint: str
    key: VerifierKey

    @property
    def since(self) -> Checkpoint:
        return Verifier(self.key).opened(self.checkpoint)


def settings_of(folder: Path, ledger: str | None = None) -> Settings:
    return Settings(
        ledger=ledger or f"sqlite:///{folder / 'log.db'}",
        vault=f"sqlite:///{folder / 'vault.db'}",
        views=folder / "views.db",
    )


def organise(ledger: Ledger, organisation: Organisation, until: int) -> None:
    """Record decisions, each in a commit of its own, until there are so many entries."""
    for each in organisation.decisions():
        (answer,) = ledger.recorder.record([sent(each.decision)])
        assert isinstance(answer, Receipt), answer
        if ledger.log.newest() >= until:
            break
    ledger.follow()


def kept(ledger: Ledger) -> Kept:
    return Kept(ledger.published.checkpoint(), ledger.log.signer.verifier)


def organised(folder: Path) -> Kept:
    """Make a ledger of some 700 entries, and give what an auditor kept when it had some 400."""
    with ledger_in(folder) as ledger:
        organise(ledger, Organisation(SIZE), 400)
        keeps = kept(ledger)
        for each in Organisation(SIZE).decisions():
            ledger.recorder.record([sent(each.decision)])
        ledger.follow()
        assert ledger.log.newest() > 600
    return keeps


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kept]:
    """The ledger, and what was kept."""
    folder = tmp_path_factory.mktemp("original")
    return folder, organised(folder)


@pytest.fixture
def folder(original: tuple[Path, Kept], tmp_path: Path) -> Path:
    """A copy of the ledger, to do something to."""
    return shutil.copytree(original[0], tmp_path / "an auditor's copy", symlinks=True)


@pytest.fixture
def keeps(original: tuple[Path, Kept]) -> Kept:
    return original[1]


def forget(folder: Path) -> None:
    """Delete what the machine itself remembers of the newest checkpoint."""
    (folder / "log.db.signed").unlink()


def verified(
    folder: Path,
    trusted: Trusted | None = None,
    *,
    log_only: bool = False,
    ledger: str | None = None,
) -> Verdict:
    settings = settings_of(folder, ledger)
    return verify_ledger(settings, trusted or Trusted(), lambda *_: None, log_only=log_only)


def found(folder: Path, trusted: Trusted | None = None) -> Fault:
    """The first fault of a ledger; that it is wrong is seen however the work is shared."""
    verdict = verified(folder, trusted)
    assert verdict.faults
    return verdict.faults[0]


def test_a_whole_ledger(folder: Path, keeps: Kept) -> None:
    verdict = verified(folder, Trusted(keeps.key))
    assert verdict.faults == []
    assert verdict.left == []
    newest = column(folder / "log.db", "SELECT max(position) FROM entries")
    checkpoints = column(folder / "log.db", "SELECT count(*) FROM checkpoints")
    assert verdict.size == newest
    assert verdict.checked == {
        "entries": newest,
        "nodes": newest // 256,
        "checkpoints": checkpoints - 1,  # one is of the log when it was empty
        "texts": column(folder / "vault.db", "SELECT count(*) FROM vault_disclosures"),
        "erased": 0,
        "entries in views": newest,
    }
    root = column(folder / "log.db", "SELECT root FROM checkpoints ORDER BY size DESC")
    assert verdict.root == root.hex()


def test_verifying_changes_nothing(folder: Path) -> None:
    before = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    verified(folder)
    after = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    assert {name for name in before | after if before.get(name) != after.get(name)} <= {
        f"{name}{suffix}"
        for name in ("vault.db", "views.db", "log.db")
        for suffix in ("-wal", "-shm")
    }


def test_a_ledger_that_is_recorded_in_meanwhile(tmp_path: Path) -> None:
    stop = threading.Event()

    def record(ledger: Ledger) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            person = f"p{number}"
            told(ledger, act("person.registered", "2020-01-01", person=person, name="Ada"))
            if number % 3 == 0:
                ledger.erasures.erase(person, "gdpr-17-1-b", "test")
            ledger.follow()

    with ledger_in(tmp_path) as ledger:
        told(ledger, act("person.registered", "2020-01-01", person="p0", name="Ada"))
        ledger.follow()
        recording = threading.Thread(target=record, args=(ledger,))
        recording.start()
        try:
            for _ in range(8):
                assert verified(tmp_path).faults == []
        finally:
            stop.set()
            recording.join()


def test_work_is_shared_by_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SHARED", 1)
    monkeypatch.setattr(verifying_log, "STRETCH", 97)
    assert verified(folder).faults == []
    log = folder / "log.db"
    altered(log, ("UPDATE entries SET leaf_hash = ? WHERE position = 333", [bytes(32)]))
    tag = column(log, "SELECT tag FROM tags WHERE position = 500")
    altered(log, ("DELETE FROM tags WHERE position = 500 AND tag = ?", [tag]))
    assert [fault.position for fault in verified(folder).faults] == [333, 500]


# One byte flipped


@pytest.mark.parametrize("position", [1, 255, 256, 257, 300, 512, 600])
def test_a_byte_of_an_entry(folder: Path, position: int) -> None:
    log = folder / "log.db"
    entry = column(log, "SELECT entry FROM entries WHERE position = ?", position)
    for at in (0, 10, len(entry) // 2, -20, -1):
        changed = flipped(entry, at)
        altered(log, ("UPDATE entries SET entry = ? WHERE position = ?", [changed, position]))
        assert found(folder) == (position, "its bytes do not have its leaf hash")


def test_a_byte_of_what_an_entry_says_of_its_place(folder: Path) -> None:
    log = folder / "log.db"
    entry = column(log, "SELECT entry FROM entries WHERE position = 600")
    entry = entry.replace(b'"position":600', b'"position":200')
    altered(log, ("UPDATE entries SET entry = ? WHERE position = 600", [entry]))
    assert found(folder) == (600, "its bytes do not have its leaf hash")


@pytest.mark.parametrize("position", [1, 256, 300])
def test_a_leaf_hash(folder: Path, position: int) -> None:
    log = folder / "log.db"
    leaf = column(log, "SELECT leaf_hash FROM entries WHERE position = ?", position)
    altered(log, ("UPDATE entries SET leaf_hash = ? WHERE position = ?", [flipped(leaf), position]))
    assert verified(folder).faults == [Fault(position, "its bytes do not have its leaf hash")]


def test_an_entry_with_its_leaf_hash(folder: Path) -> None:
    """The tree tells: the node over it, or the next checkpoint."""
    log = folder / "log.db"

    def other(stated: Any) -> None:
        stated["recorded_by"] = "somebody"

    before = rows(log)
    for at in (299, 599):  # below a node, and not
        put(log, [rewritten(row, other) if row[0] == at else row for row in before])
        sizes = (
            "SELECT max(size) FROM checkpoints WHERE size < ?",
            "SELECT min(size) FROM checkpoints WHERE size >= ?",
        )
        low, high = (column(log, sql, at) for sql in sizes)
        (fault,) = verified(folder).faults
        if at == 299:
            assert fault == (257, "the node over the entries 257-512 is not theirs")
        else:
            assert fault == (low + 1, f"the checkpoint of size {high} is not of these entries")
            assert low < at <= high


def test_a_node(folder: Path) -> None:
    log = folder / "log.db"
    node = column(log, "SELECT hash FROM nodes WHERE number = 1")
    altered(log, ("UPDATE nodes SET hash = ? WHERE number = 1", [flipped(node)]))
    what = "the node over the entries 257-512 is not theirs"
    assert verified(folder).faults == [Fault(257, what)]
    altered(log, "DELETE FROM nodes WHERE number = 1")
    assert verified(folder).faults == [Fault(257, what)]


@pytest.mark.parametrize("which", ["root", "signature"])
def test_a_checkpoint(folder: Path, which: str) -> None:
    log = folder / "log.db"
    size = column(log, "SELECT min(size) FROM checkpoints WHERE size > 300")
    before = column(log, "SELECT max(size) FROM checkpoints WHERE size < ?", size)
    data = column(log, f"SELECT {which} FROM checkpoints WHERE size = ?", size)
    altered(log, (f"UPDATE checkpoints SET {which} = ? WHERE size = ?", [flipped(data), size]))
    at = {"root": before + 1, "signature": size}[which]
    fault = found(folder)
    assert fault.position == at
    assert f"checkpoint of size {size}" in fault.what


def test_a_disclosure(folder: Path) -> None:
    log, vault = folder / "log.db", folder / "vault.db"
    digest, position = some_text(folder)
    sealed = column(vault, "SELECT sealed FROM vault_disclosures WHERE digest = ?", digest)
    altered(
        vault,
        ("UPDATE vault_disclosures SET sealed = ? WHERE digest = ?", [flipped(sealed), digest]),
    )
    what = f"the text behind {digest} is not the one committed to"
    assert verified(folder).faults == [Fault(position, what)]
    altered(vault, ("DELETE FROM vault_disclosures WHERE digest = ?", [digest]))
    what = f"the text behind {digest} is missing, and no erasure covers it"
    assert verified(folder).faults == [Fault(position, what)]
    assert log.exists()


def some_text(folder: Path) -> tuple[str, int]:
    """The digest of a text, and the position of its entry."""
    for row in rows(folder / "log.db")[300:]:
        name = json.loads(row[4])["act"].get("name")
        if isinstance(name, dict):
            return name["sha256"], row[0]
    raise AssertionError


def test_a_text_that_no_entry_commits_to(folder: Path) -> None:
    vault, digest = folder / "vault.db", "A" * 43
    copied = "SELECT ?, subject, decision, sealed, deadline FROM vault_disclosures LIMIT 1"
    altered(
        vault, (f"INSERT INTO vault_disclosures {copied}", [digest])
    )  # its entry may still come
    assert verified(folder).faults == []
    altered(vault, ("UPDATE vault_disclosures SET deadline = NULL WHERE digest = ?", [digest]))
    assert verified(folder).faults == [
        Fault(0, f"the vault holds {digest}, which no entry commits to")
    ]


def test_a_text_that_was_lawfully_erased(folder: Path, keeps: Kept) -> None:
    """It may be missing, since an entry says that it was erased; and then it must be."""
    log, vault, since = folder / "log.db", folder / "vault.db", Trusted(keeps.key, keeps.since)
    digest, position = some_text(folder)
    kept_row = row_of(vault, "SELECT * FROM vault_disclosures WHERE digest = ?", digest)
    person = json.loads(rows(log)[position - 1][4])["act"]["person"]
    with ledger_in(folder) as ledger:
        assert ledger.erasures.erase(person, "gdpr-17-1-b", "test")
        ledger.follow()
    whole = verified(folder)
    assert whole.faults == verified(folder, since).faults == []
    assert whole.checked["erased"] > 0
    altered(vault, ("INSERT INTO vault_disclosures VALUES (?, ?, ?, ?, ?)", kept_row))
    what = f"the text behind {digest} is here, though it was erased"
    assert verified(folder).faults == [Fault(position, what)]
    assert what in [fault.what for fault in verified(folder, since).faults]


def test_a_text_that_is_kept_though_it_was_erased(folder: Path) -> None:
    with ledger_in(folder) as ledger:
        told(ledger, act("person.registered", "2020-01-01", person="p", name="Ada"))
        ledger.follow()
    for name in ("vault.db", "vault.db.key"):
        shutil.copy2(folder / name, folder / f"{name}.old")
    with ledger_in(folder) as ledger:
        position = ledger.log.newest()
        assert ledger.erasures.erase("p", "gdpr-17-1-b", "test")
        ledger.follow()
    assert verified(folder).faults == []
    shutil.copy2(folder / "vault.db.old", folder / "vault.db")  # an older backup, restored
    (fault,) = verified(folder).faults
    assert fault.position == position
    assert fault.what.endswith("is here, though it was erased")


def test_commitments_are_those_of_the_acts() -> None:
    """Read from the JSON of an entry, they are what the act's own form says they are."""
    for line in (Path(__file__).parent / "golden/entries.jsonl").read_bytes().splitlines():
        stated, entry = json.loads(line), read(line)
        subject = f"decision:{entry.decision}"
        assert {tuple(each) for each in commitments(stated["act"], entry.decision)} == {
            (each.field, each.text, each.subject)
            for each in texts(entry.act, subject)
            if isinstance(each.text, Commitment)
        }
        erased = getattr(entry.act, "digests", ()) if entry.type == "subject.erased" else ()
        assert erased_by(stated["act"]) == set(erased)


def test_work_that_was_not_begun_is_left_when_something_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    folders = [str(tmp_path / str(number)) for number in range(5_000)]

    def fail() -> None:
        with sharing.sharing(sharing.SHARED) as each:
            work = each(os.mkdir, folders)
            next(work)
            raise CannotVerify

    with pytest.raises(CannotVerify):
        fail()
    assert len(list(tmp_path.iterdir())) < len(folders)


@pytest.mark.parametrize(
    ("table", "set_"),
    [
        ("spells", "until_latest = until_latest - 1"),
        ("spells", "value = 'other'"),
        ("moments", "latest = latest + 1"),
        ("decisions", "taken = taken || ' '"),
    ],
)
def test_a_row_of_the_views(folder: Path, table: str, set_: str) -> None:
    views = folder / "views.db"
    at = "begun_by" if table == "spells" else "position"
    position = column(views, f"SELECT min({at}) FROM {table} WHERE {at} > 350")
    some = f"SELECT rowid FROM {table} WHERE {at} = {position} LIMIT 1"
    if table == "moments":
        altered(views, f"UPDATE moments SET {set_} WHERE position = {position} AND number = 0")
    else:
        altered(views, f"UPDATE {table} SET {set_} WHERE rowid IN ({some})")
    assert verified(folder).faults == [Fault(position, f"the views have other rows of it: {table}")]


# Rows


@pytest.mark.parametrize(
    ("set_", "what"),
    [
        ("type = 'remark.made'", "its row says 'remark.made'"),
        ("recorded_at = recorded_at + 1", "its row was not recorded when its bytes say"),
        ("tags = '[]'", "its row has other tags than its bytes"),
        ("tags = 'no array'", "its row has other tags than its bytes"),
        ("entry = x''", "its bytes do not have its leaf hash"),
        ("entry = NULL", "its bytes do not have its leaf hash"),
        ("entry = 7", "its bytes do not have its leaf hash"),
        ("recorded_at = 9223372036854775807", "its bytes are not those of an entry"),
    ],
)
def test_a_row_of_an_entry(folder: Path, set_: str, what: str) -> None:
    log = folder / "log.db"
    if set_ == "entry = NULL":
        altered(
            log,
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, 'entry BLOB NOT NULL', 'entry BLOB')"
            " WHERE name = 'entries'",
        )
    altered(log, f"UPDATE entries SET {set_} WHERE position = 321")
    fault = found(folder)
    assert fault.position == 321
    assert what in fault.what


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM tags WHERE position = 321",
        "INSERT INTO tags VALUES ('body:another', 'remark.made', 321)",
        "UPDATE tags SET type = 'remark.made' WHERE position = 321",
    ],
)
def test_the_table_of_tags(folder: Path, sql: str, keeps: Kept) -> None:
    altered(folder / "log.db", sql)
    assert verified(folder).faults == [Fault(321, "the table of tags has others of it")]


# Entries


def test_two_entries_swapped(folder: Path) -> None:
    log, before = folder / "log.db", rows(folder / "log.db")
    first, second = before[309], before[449]
    swapped = {310: moved(second, 310), 450: moved(first, 450)}
    put(log, [swapped.get(row[0], row) for row in before])
    assert found(folder) == (310, "the bytes of entry 450 stand here")


def test_two_decisions_swapped_with_their_positions_and_times(folder: Path) -> None:
    """What the bytes say agrees with where they stand: the tree tells."""
    log, before = folder / "log.db", rows(folder / "log.db")
    numbers = [json.loads(row[4])["number"] for row in before]
    starts = [at for at, number in enumerate(numbers) if number == 0 and at > 520]
    one, two, three = starts[:3]

    def at(row: Row, position: int, like: Row) -> Row:
        def change(stated: Any) -> None:
            stated["position"] = position
            stated["recorded_at"] = json.loads(like[4])["recorded_at"]

        changed = rewritten(row, change)
        return (*changed[:2], like[2], *changed[3:])

    pair = [*before[two:three], *before[one:two]]
    lengths = three - two
    changed = [
        at(row, one + 1 + n, before[one] if n < lengths else before[two])
        for n, row in enumerate(pair)
    ]
    put(log, [*before[:one], *changed, *before[three:]])
    fault = found(folder)
    assert fault.position == one + 1
    assert "is not of these entries" in fault.what


def test_one_inserted_in_the_past(folder: Path) -> None:
    """With a position and an instant of its own, and all that follow it moved."""
    log, before = folder / "log.db", rows(folder / "log.db")
    starts = [row[0] for row in before if json.loads(row[4])["number"] == 0]
    at = next(each for each in starts if each > 300)
    end = next(each for each in starts if each > at)

    def change(stated: Any) -> None:
        stated["decision"] = "inserted"
        stated["recorded_at"] = instant_before(before[at - 1])

    inserted = [rewritten(row, change) for row in before[at - 1 : end - 1]]
    inserted = [(*row[:2], before[at - 1][2] - 1, *row[3:]) for row in inserted]
    later = [moved(row, row[0] + len(inserted)) for row in before[at - 1 :]]
    put(log, [*before[: at - 1], *inserted, *later])
    assert found(folder).position == at


def instant_before(row: Row) -> str:
    return instant(row[2] - 1)


def test_one_removed_from_the_midst(folder: Path) -> None:
    log, before = folder / "log.db", rows(folder / "log.db")
    put(log, [row for row in before if row[0] != 400])
    assert found(folder) == (400, "it is missing")
    put(log, [row if row[0] < 400 else moved(row, row[0] - 1) for row in before if row[0] != 400])
    assert found(folder) == (400, "the bytes of entry 401 stand here")


def numbered(folder: Path, number: int, after: int) -> int:
    """The position of the first entry after one that is so many of its decision."""
    stated = (json.loads(row[4]) for row in rows(folder / "log.db")[after:])
    return next(int(each["position"]) for each in stated if each["number"] == number)


def other_number(stated: Any) -> None:
    stated["number"] += 1


def other_decision(stated: Any) -> None:
    stated["decision"] = "another"


def other_instant(stated: Any) -> None:
    stated["recorded_at"] = "2020-01-01T00:00:00.000000Z"


def fewer_acts(stated: Any) -> None:
    stated["act"]["acts"] -= 1


def more_acts(stated: Any) -> None:
    stated["act"]["acts"] += 1


@pytest.mark.parametrize(
    ("change", "number", "further", "what"),
    [
        (other_number, 1, 0, "it is not the next act of its decision"),
        (other_decision, 1, 0, "it is of another decision than the entries around it"),
        (other_instant, 1, 0, "it was not recorded at the instant of its decision"),
        (other_instant, 0, 0, "it was not recorded after the decision before it"),
        (fewer_acts, 0, 1, "it is not the next act of its decision"),
        (more_acts, 0, 1, "an act of the decision at {} should stand here"),
    ],
)
def test_decisions_are_whole_and_follow_each_other(
    folder: Path, change: Callable[[Any], None], number: int, further: int, what: str
) -> None:
    """Whatever stretch an entry is read in, though its bytes have its leaf hash."""
    log, before = folder / "log.db", rows(folder / "log.db")
    at = numbered(folder, number, 300)
    row = rewritten(before[at - 1], change)
    if change is other_instant:
        row = (*row[:2], 1577836800_000000, *row[3:])
    put(log, [row if each[0] == at else each for each in before])
    begun = at - number
    acts = json.loads(before[begun - 1][4])["act"]["acts"]
    position = at + further * (acts if change is fewer_acts else acts + 1)
    url = f"sqlite:///{log}"
    for after in {0, begun - 1, min(begun, position - 1), position - 1}:
        faults = verifying_log.read(url, after, position + 3, 0).faults
        assert Fault(position, what.format(begun)) in faults, after


def test_the_log_ends_with_a_whole_decision(folder: Path) -> None:
    at = numbered(folder, 1, 300)
    acts = json.loads(rows(folder / "log.db")[at - 2][4])["act"]["acts"]
    url = f"sqlite:///{folder / 'log.db'}"
    for until in range(at - 1, at + acts - 1):
        (fault,) = verifying_log.read(url, 0, until, until).faults
        assert fault == (until + 1, f"it is missing: the decision at {at - 1} has {acts} acts")
    assert verifying_log.read(url, 0, at + acts - 1, at + acts - 1).faults == []


# The log cut, or written anew: it agrees with itself, and only what was kept tells


def cut(log: Path, position: int) -> None:
    altered(
        log,
        f"DELETE FROM entries WHERE position > {position}",
        f"DELETE FROM tags WHERE position > {position}",
        f"DELETE FROM checkpoints WHERE size > {position}",
        f"DELETE FROM nodes WHERE (number + 1) * 256 > {position}",
    )


def test_the_tail_cut(folder: Path, keeps: Kept) -> None:
    log = folder / "log.db"
    before = column(log, "SELECT max(size) FROM checkpoints")
    at = column(log, "SELECT max(size) FROM checkpoints WHERE size < ?", keeps.since.size)
    cut(log, at)
    what = "it is missing: {} entries were signed, and {} are here"
    assert verified(folder, log_only=True).faults == [Fault(at + 1, what.format(before, at))]
    forget(folder)
    assert verified(folder, log_only=True).faults == []
    for since in (Trusted(keeps.key, keeps.since), Trusted(keeps.key, retained=keeps.since)):
        faults = verified(folder, since, log_only=True).faults
        assert faults == [Fault(at + 1, what.format(keeps.since.size, at))]


def test_entries_cut_and_nothing_else(folder: Path) -> None:
    log = folder / "log.db"
    signed = column(log, "SELECT max(size) FROM checkpoints")
    altered(log, "DELETE FROM entries WHERE position > 500")
    fault = found(folder)
    assert fault == (501, f"it is missing: {signed} entries were signed, and 500 are here")


def test_the_whole_written_anew_and_signed_anew(
    original: tuple[Path, Kept], tmp_path: Path, keeps: Kept
) -> None:
    key = "log.db.log-key"
    shutil.copy2(original[0] / key, tmp_path / key)
    with ledger_in(tmp_path) as ledger:
        for each in OTHER.decisions():
            ledger.recorder.record([sent(each.decision)])
        ledger.follow()
        assert ledger.log.newest() > keeps.since.size
        assert ledger.log.signer.verifier == keeps.key
    assert verified(tmp_path, Trusted(keeps.key)).faults == []
    for trusted in (Trusted(keeps.key, keeps.since), Trusted(keeps.key, retained=keeps.since)):
        (fault,) = verified(tmp_path, trusted, log_only=True).faults
        assert fault.position == 1
        assert f"others than the checkpoint of size {keeps.since.size}" in fault.what
    shutil.copy2(original[0] / "log.db.signed", tmp_path / "log.db.signed")
    assert verified(tmp_path).faults  # and so does what the machine remembers


def test_signed_by_another_key(folder: Path, tmp_path: Path) -> None:
    with ledger_in(tmp_path) as another:
        stranger = another.log.signer.verifier
    faults = verified(folder, Trusted(stranger), log_only=True).faults
    sizes = column(folder / "log.db", "SELECT count(*) FROM checkpoints WHERE size > 0")
    assert len(faults) == sizes
    assert all("is not signed by the key" in fault.what for fault in faults)


# Since a checkpoint


def test_since_a_checkpoint_reads_only_what_is_new(folder: Path, keeps: Kept) -> None:
    since = Trusted(keeps.key, keeps.since)
    verdict = verified(folder, since)
    assert verdict.faults == []
    assert verdict.since == keeps.since.size
    assert verdict.checked["entries"] == verdict.size - verdict.since
    assert verdict.root == verified(folder).root
    altered(folder / "log.db", "UPDATE entries SET entry = x'00' WHERE position = 100")
    assert verified(folder, since).faults == []


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE entries SET entry = x'00' WHERE position = 555", "its bytes do not"),
        ("UPDATE entries SET leaf_hash = x'00' WHERE position = 555", "its bytes do not"),
        ("DELETE FROM tags WHERE position = 555", "the table of tags"),
        (
            "INSERT INTO tags SELECT tag, 'x', position FROM tags WHERE position = 555",
            "the table of",
        ),
        ("DELETE FROM entries WHERE position = 555", "it is missing"),
    ],
)
def test_since_a_checkpoint_what_is_new_is_verified(
    folder: Path, keeps: Kept, sql: str, what: str
) -> None:
    altered(folder / "log.db", sql)
    fault = found(folder, Trusted(keeps.key, keeps.since))
    assert fault.position == 555
    assert what in fault.what


def test_since_a_checkpoint_the_tree_before_it_must_be_the_same(folder: Path, keeps: Kept) -> None:
    since = Trusted(keeps.key, keeps.since)
    altered(folder / "log.db", "UPDATE nodes SET hash = x'00' WHERE number = 0")
    assert found(folder, since).position == 1


def test_since_the_newest_checkpoint(folder: Path) -> None:
    with ledger_in(folder) as ledger:
        now = kept(ledger)
    verdict = verified(folder, Trusted(now.key, now.since))
    assert verdict.faults == []
    assert verdict.checked["entries"] == 0


# Receipts


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Verifier]:
    with ledger_in(tmp_path_factory.mktemp("receipt")) as ledger:
        told(ledger, act("person.registered", "2020-01-01", person="p", name="Ada"))
        body = act("body.established", "2020-01-01", body="b", name="Board", classification="board")
        given = told(ledger, body, act("person.registered", "2020-01-01", person="q", name="Bea"))
        return json.loads(json.dumps(plain(given))), Verifier(ledger.log.signer.verifier)


def test_a_receipt(receipt: tuple[dict[str, Any], Verifier]) -> None:
    given, verifier = receipt
    verdict = verify_receipt(json.dumps(given), verifier)
    assert verdict.faults == []
    assert verdict.checked == {"entries": 3}


def broken(given: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> str:
    copied = json.loads(json.dumps(given))
    change(copied["entries"][0])
    return json.dumps(copied)


@pytest.mark.parametrize(
    ("field", "old", "new", "what"),
    [
        ("leaf_hash", "", "00", "its proof is none"),
        ("proof", "index 3", "index 2", "its proof is of position 3"),
        ("proof", "index", "leaf", "its proof is none"),
        ("proof", "\n5\n", "\n6\n", "no valid signature"),
        ("proof", "\u2014 localhost", "\u2014 localhosts", "no valid signature"),
        ("proof", "localhost", "otherhost", "its proof is none"),
    ],
)
def test_a_receipt_that_was_altered(
    receipt: tuple[dict[str, Any], Verifier], field: str, old: str, new: str, what: str
) -> None:
    given, verifier = receipt

    def change(item: dict[str, Any]) -> None:
        assert old in item[field]
        item[field] = item[field].replace(old, new, 1)
        if field == "leaf_hash":
            item[field] += "zz"

    (fault,) = verify_receipt(broken(given, change), verifier).faults
    assert fault.position == given["entries"][0]["position"]
    assert what in fault.what


def test_a_receipt_of_another_entry(receipt: tuple[dict[str, Any], Verifier]) -> None:
    given, verifier = receipt

    def change(item: dict[str, Any]) -> None:
        item["leaf_hash"] = given["entries"][1]["leaf_hash"]

    (fault,) = verify_receipt(broken(given, change), verifier).faults
    assert "is not in the log of the checkpoint of size 5" in fault.what


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"entries": [{}]}', "nonsense"])
def test_what_is_no_receipt(receipt: tuple[dict[str, Any], Verifier], text: str) -> None:
    with pytest.raises(CannotVerify):
        verify_receipt(text, receipt[1])


# PostgreSQL


def test_a_ledger_in_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with ledger_in(tmp_path, postgres_url) as ledger:
        organise(ledger, Organisation(SIZE), 300)
        keeps = kept(ledger)
        told(ledger, act("person.registered", "2020-01-01", person="p", name="Ada"))
        newest = ledger.log.newest()
        ledger.follow()

    def look(trusted: Trusted | None = None) -> list[Fault]:
        return verified(tmp_path, trusted, ledger=postgres_url).faults

    since = Trusted(keeps.key, keeps.since)
    assert look() == look(since) == []
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("SET session_replication_role = replica")  # no trigger runs
        connection.execute("UPDATE entries SET entry = %s WHERE position = 200", [b"{}"])
        connection.execute("DELETE FROM tags WHERE position = 201")
        connection.execute("UPDATE entries SET leaf_hash = %s WHERE position = %s", [b"", newest])
    bytes_, tags = "its bytes do not have its leaf hash", "the table of tags has others of it"
    assert look() == [Fault(200, bytes_), Fault(201, tags), Fault(newest, bytes_)]
    assert look(since) == [Fault(newest, bytes_)]


# The command


def test_the_command(folder: Path, keeps: Kept) -> None:
    where = {
        "CURULE_LEDGER": f"sqlite:///{folder / 'log.db'}",
        "CURULE_VAULT": f"sqlite:///{folder / 'vault.db'}",
        "CURULE_VIEWS": str(folder / "views.db"),
    }
    (folder / "kept").write_text(keeps.checkpoint)
    (folder / "key").write_text(f"{keeps.key}\n")
    whole = command(folder, "verify", **where)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.startswith("Whole: ")
    stated = json.loads(command(folder, "verify", "--since", "kept", "--json", **where).stdout)
    assert (stated["whole"], stated["since"], stated["faults"]) == (True, keeps.since.size, [])

    altered(folder / "log.db", "UPDATE entries SET entry = x'00' WHERE position = 555")
    wrong = command(folder, "verify", "--key", "key", **where)
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("position 555: its bytes do not have its leaf hash\n")
    wrong = command(folder, "verify", "--json", "--log-only", **where)
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["faults"][0]["position"] == 555

    (folder / "vault.db").rename(folder / "elsewhere")
    cannot = command(folder, "verify", **where)
    assert cannot.returncode == 3
    assert "--log-only" in cannot.stderr
    for usage in (
        ["--since", "nothing"],
        ["--since", "key"],
        ["--key", "a+b+c"],
        ["--receipt", "kept"],
        ["--receipt", "kept", "--since", "kept"],
    ):
        assert command(folder, "verify", *usage, **where).returncode == 2, usage


def test_a_checkpoint_that_the_key_did_not_sign_is_not_trusted(keeps: Kept) -> None:
    text, _ = read_note(keeps.checkpoint)
    forged = keeps.checkpoint.replace(text, text.replace(text.split("\n")[1], "7", 1))
    with pytest.raises(NotSigned):
        Verifier(keeps.key).opened(forged)

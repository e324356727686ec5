"""The log as it is published: others' tools, written from the specifications alone, accept it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from domain.access import LOCAL
from domain.transparency.notes import VerifierKey
from domain.transparency.proofs import Extension
from domain.transparency.tree import extends
from service import problems
from service.access.doorkeeper import Doorkeeper
from service.asking import log as routes
from service.ledger import Ledger
from service.log import signing
from service.log.appends import Append, Draft
from service.log.databases import LOG
from service.log.log import Log
from service.log.publication import Publication
from service.log.signing import LogLocked, LogRewound, Signer, kept_in
from service.recording.recorder import curule_seal
from service.schemas import SchemaDiffers
from service.schemas.migrating import migrate
from service.settings import Settings
from tests.ledgers import act, ledger_in, told
from tests.serving import serving
from tests.verifier import Auditor, check_proof, mth, opened

ORIGIN = "log.example/of/tests"
PATIENCE = 30


def signer(directory: Path, name: str = "signed") -> Signer:
    return Signer(bytes(32), ORIGIN, directory / name)


def grow(log: Log, size: int) -> None:
    """Append entries, no two alike and some empty, up to a size."""
    first = log.newest()
    drafts = [Draft("noted", (), b"%d" % n * (n % 3)) for n in range(first, size)]
    for start in range(0, len(drafts), 5_000):
        log.record(Append(tuple(drafts[start : start + 5_000])))


@contextmanager
def publishing(log: Log) -> Iterator[httpx.Client]:
    """Serve a log alone, of whatever entries."""
    app = FastAPI(routes=routes.router.routes)
    app.add_middleware(Doorkeeper, anonymous=LOCAL)
    problems.install(app)
    app.state.ledger = SimpleNamespace(published=Publication(log))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = threading.Thread(target=server.run, args=([listening],))
        running.start()
        try:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}/log/"
            with httpx.Client(base_url=address, trust_env=False, timeout=PATIENCE) as client:
                yield client
        finally:
            server.should_exit = True
            running.join(PATIENCE)


def fetching(client: httpx.Client) -> Callable[[str], bytes]:
    """As an auditor fetches: and everything is served as its kind has to be."""

    def fetch(path: str) -> bytes:
        response = client.get(path)
        assert response.status_code == 200, (path, response.text)
        kind, kept = response.headers["Content-Type"], response.headers["Cache-Control"]
        if path == "checkpoint":
            assert kind == "text/plain; charset=utf-8"
            assert int(kept.removeprefix("max-age=")) <= 5
        else:
            assert kind == "application/octet-stream"
            assert kept == "max-age=31536000, immutable"
        return response.content

    return fetch


def auditor(client: httpx.Client) -> Auditor:
    return Auditor(fetching(client), client.get("key").text.removesuffix("\n"))


# Tiles


def test_a_verifier_of_others_accepts_a_log_of_any_size(log_url: str, tmp_path: Path) -> None:
    log = Log(log_url)
    log.sign_with(signer(tmp_path))
    with publishing(log) as client:
        auditing = auditor(client)
        for size in (0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000):
            grow(log, size)
            assert auditing.audit().size == size
            newest = auditing.seen[-1]
            for older in auditing.seen:
                asked = {"old": older.size, "new": size}
                grown = client.get("proof/consistency", params=asked)
                proof = Extension.read(grown.text)
                assert opened(proof.checkpoint.encode(), auditing.vkey) == newest
                assert proof.old == older.size
                assert extends(older.size, size, older.root, newest.root, proof.proof)
            for index in {0, 254, 255, 256, size // 2, size - 2, size - 1} & set(range(size)):
                asked = {"index": index, "size": size}
                included = client.get("proof/inclusion", params=asked).text
                leaf = auditing.leaves[index]
                assert check_proof(included, leaf, auditing.vkey) == (index, newest)
        # What was served to those who keep an older checkpoint is served still.
        for older in auditing.seen[1:]:
            asked = {"index": older.size - 1, "size": older.size}
            included = client.get("proof/inclusion", params=asked).text
            leaf = auditing.leaves[older.size - 1]
            assert check_proof(included, leaf, auditing.vkey) == (older.size - 1, older)
        assert client.get("tile/0/000.p/255").content == b"".join(auditing.leaves[:255])
        assert client.get("tile/1/000.p/255").content == client.get("tile/1/000").content[:-32]
        entry = client.get("tile/entries/000.p/1").content
        assert entry == b"\0\0"
    log.close()


def test_the_verifier_of_these_tests_finds_what_is_altered(tmp_path: Path) -> None:
    """The negative control: one byte anywhere, and it is refused."""
    log = Log(f"sqlite:///{tmp_path / 'log.db'}")
    log.sign_with(signer(tmp_path))
    with publishing(log) as client:
        grow(log, 300)
        fetch = fetching(client)
        vkey = client.get("key").text.removesuffix("\n")
        fetched: set[str] = set()

        def noted(path: str) -> bytes:
            fetched.add(path)
            return fetch(path)

        Auditor(noted, vkey).audit()
        assert len(fetched) == 6
        for wrong in sorted(fetched):

            def altered(path: str, wrong: str = wrong) -> bytes:
                content = bytearray(fetch(path))
                if path == wrong:
                    content[len(content) // 3] ^= 1
                return bytes(content)

            with pytest.raises(Exception, match=r".*"):
                Auditor(altered, vkey).audit()
    log.close()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A log of 300 entries, with checkpoints of 0 and 300."""
    directory = tmp_path_factory.mktemp("published")
    log = Log(f"sqlite:///{directory / 'log.db'}")
    log.sign_with(signer(directory))
    grow(log, 300)
    with publishing(log) as client:
        yield client
    log.close()


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/0/001.p/45",
        "tile/0/002.p/1",
        "tile/1/000",
        "tile/1/000.p/2",
        "tile/2/000.p/1",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/a/000",
        "tile/0/",
        "tile/entries/001",
        "tile/entries/001.p/45",
        "tile/entries/9",
        "tile/entries/x999/x999/x999/x999/x999/x999/999",
        "tile/5/x999/x999/x999/x999/x999/x999/999",
        "proof/inclusion?index=300",
        "proof/inclusion?index=0&size=301",
        "proof/inclusion?index=0&size=299",
        "proof/inclusion?index=9999999999999999999999",
        "checkpoint?cosignatures=1",
        "proof/consistency?old=301",
        "proof/consistency?old=1&new=0",
        "proof/consistency?old=1&new=301",
        "proof/consistency?old=1&new=299",
        "proof/consistency?old=1&new=99999999999999999999999",
    ],
)
def test_what_is_not_published_is_not_found(published: httpx.Client, path: str) -> None:
    response = published.get(path)
    assert (response.status_code, response.json()["type"]) == (404, "urn:curule:problem:not-found")
    assert "Cache-Control" not in response.headers


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("proof/inclusion", "index"),
        ("proof/inclusion?index=-1", "index"),
        ("proof/inclusion?index=a", "index"),
        ("proof/inclusion?index=0&size=0", "size"),
        ("proof/inclusion?index=0&position=1", "position"),
        ("checkpoint?cosignatures=-1", "cosignatures"),
        ("proof/consistency", "old"),
        ("proof/consistency?old=-1", "old"),
        ("proof/consistency?old=0&new=x", "new"),
    ],
)
def test_a_wrong_parameter_is_a_problem(published: httpx.Client, path: str, parameter: str) -> None:
    response = published.get(path)
    assert (response.status_code, response.json()["type"]) == (422, "urn:curule:problem:parameter")
    assert [each["parameter"] for each in response.json()["errors"]] == [parameter]


def test_no_size_is_the_newest_and_the_next_checkpoint_is_named(published: httpx.Client) -> None:
    for path, whole in (("inclusion?index=7", "&size=300"), ("consistency?old=7", "&new=300")):
        newest = published.get(f"proof/{path}")
        pinned = published.get(f"proof/{path}{whole}")
        assert newest.text == pinned.text
        assert newest.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert newest.headers["Cache-Control"] == "max-age=1"
        assert pinned.headers["Cache-Control"] == "max-age=1"  # a witness may add to it
    between = published.get("proof/inclusion?index=7&size=299")
    assert "the next one is of 300" in between.json()["detail"]


# Receipts


def registered(person: str, **given: Any) -> dict[str, Any]:
    return act("person.registered", "2020", person=person, name=person.title(), **given)


def check_receipt(receipt: dict[str, Any], client: httpx.Client, vkey: str) -> None:
    """Every proof in it is that of the entry that is recorded there."""
    count = len(receipt["entries"]) + 1
    found = client.get(
        "/v1/entries", params={"tag": f"decision:{receipt['decision']}", "limit": 500}
    ).json()["entries"]
    assert len(found) == count
    sizes = set()
    for entry, proved in zip(found, [receipt, *receipt["entries"]], strict=True):
        assert entry["entry"]["position"] == proved["position"]
        data = json.dumps(entry["entry"], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        leaf = sha256(b"\0" + data.encode()).digest()
        assert proved["leaf_hash"] == leaf.hex()
        index, checkpoint = check_proof(proved["proof"], leaf, vkey)
        assert index == proved["position"] - 1
        sizes.add(checkpoint.size)
    (size,) = sizes
    assert size >= receipt["position"] + count - 1


def test_a_receipt_proves_each_entry_and_is_the_same_when_asked_again(tmp_path: Path) -> None:
    first = {
        "id": "first",
        "title": "Registration",
        "acts": [registered(f"p{number}") for number in range(300)],
    }
    with serving(tmp_path) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        vkey = client.get("/log/key").text.removesuffix("\n")
        given = client.post("/v1/decisions", json=first)
        assert given.status_code == 201
        check_receipt(given.json(), client, vkey)

        def record(number: int) -> httpx.Response:
            sent = {"id": f"d{number}", "acts": [registered(f"q{number}")]}
            return client.post("/v1/decisions", json=sent)

        with ThreadPoolExecutor(8) as threads:
            others = list(threads.map(record, range(60)))
        for other in others:
            assert other.status_code == 201
            check_receipt(other.json(), client, vkey)
        again = [record(number) for number in range(60)]
        assert [(one.status_code, one.content) for one in again] == [
            (200, one.content) for one in others
        ]
        Auditor(lambda path: client.get(f"/log/{path}").content, vkey).audit()
    with serving(tmp_path) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        assert client.get("/log/key").text == f"{vkey}\n"
        again_later = client.post("/v1/decisions", json=first)
        assert (again_later.status_code, again_later.content) == (200, given.content)


# An older ledger


def forget_the_tree(url: str) -> None:
    """Leave the database as an older release made it."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DROP VIEW commits"))
        for table in ("nodes", "checkpoints", "signers", "cosignatures", "log_version"):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    engine.dispose()


@pytest.mark.parametrize("size", [0, 200, 66_000])
def test_an_older_ledger_is_given_its_tree(log_url: str, tmp_path: Path, size: int) -> None:
    old = Log(log_url)
    grow(old, size)
    nodes = [old.hashes(level, 0, size) for level in (1, 2)]
    old.close()
    forget_the_tree(log_url)
    with pytest.raises(SchemaDiffers, match="schema 1, and this one needs 3"):
        Log(log_url)
    migrate(LOG, log_url)
    log = Log(log_url)
    log.sign_with(signer(tmp_path))
    assert [log.hashes(level, 0, size) for level in (1, 2)] == nodes
    with publishing(log) as client:
        auditing = auditor(client)
        assert auditing.audit().size == size
        grow(log, size + 100)
        assert auditing.audit().size == size + 100
    log.close()


def test_what_nobody_signed_is_signed_when_it_is_opened(log_url: str, tmp_path: Path) -> None:
    log, unsigned = Log(log_url), Log(log_url)
    log.sign_with(signer(tmp_path))
    grow(log, 10)
    grow(unsigned, 600)
    assert log.checkpoint()[0] == 10
    again = Log(log_url)
    again.sign_with(signer(tmp_path))
    assert again.checkpoint()[0] == 600
    grow(log, 700)
    with publishing(again) as client:
        assert auditor(client).audit().size == 700
    for each in (log, unsigned, again):
        each.close()


# Never two heads


@pytest.fixture
def rewound(tmp_path: Path) -> str:
    """A log that was put back by three entries from a backup, after those were signed."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    log = Log(url)
    log.sign_with(signer(tmp_path))
    grow(log, 300)
    log.close()
    shutil.copy(tmp_path / "log.db", tmp_path / "backup.db")
    log = Log(url)
    log.sign_with(signer(tmp_path))
    for size in (301, 302, 303):
        grow(log, size)
    log.close()
    for file in tmp_path.glob("log.db*"):
        file.unlink()
    shutil.copy(tmp_path / "backup.db", tmp_path / "log.db")
    return url


def test_after_an_older_backup_nothing_is_signed(rewound: str, tmp_path: Path) -> None:
    log = Log(rewound)
    with pytest.raises(LogRewound, match="300 entries, and 303 were signed: an older backup"):
        log.sign_with(signer(tmp_path))
    log.record(Append((Draft("noted", (), b"else"),) * 3))
    with pytest.raises(LogRewound, match="first 303 entries are not those"):
        log.sign_with(signer(tmp_path))
    assert log.checkpoint()[0] == 300
    log.close()


def test_the_same_entries_again_are_the_same_log(rewound: str, tmp_path: Path) -> None:
    log = Log(rewound)
    grow(log, 310)
    log.sign_with(signer(tmp_path))
    assert log.checkpoint()[0] == 310
    log.close()


def test_who_tells_what_others_have_signed_remembers_it(log_url: str, tmp_path: Path) -> None:
    asked, recording = Log(log_url), Log(log_url)
    recording.sign_with(signer(tmp_path))
    asked.sign_with(signer(tmp_path, "told"))
    for size in (3, 5, 300):
        grow(recording, size)
        asked.heed(size)
        assert asked.signed == size
        kept = kept_in((tmp_path / "told").read_bytes())
        assert opened(kept.encode(), str(asked.signer.verifier)).size == size
    for log in (asked, recording):
        log.close()


def lose_the_end(url: str, size: int) -> None:
    """Have a log end as it did earlier, as on a standby that lacked what came then."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("SET session_replication_role = replica")  # without its triggers
        connection.execute("DELETE FROM entries WHERE position > %s", (size,))
        connection.execute("DELETE FROM checkpoints WHERE size > %s", (size,))
        connection.execute("UPDATE head SET position = %s", (size,))


def test_who_has_told_what_is_lost_signs_nothing_else(postgres_url: str, tmp_path: Path) -> None:
    asked, recording = Log(postgres_url), Log(postgres_url)
    recording.sign_with(signer(tmp_path))
    asked.sign_with(signer(tmp_path, "told"))
    grow(recording, 3)
    grow(recording, 5)
    asked.heed(5)
    recording.close()
    lose_the_end(postgres_url, 3)
    asked.heed(3)  # what is there may be told
    with pytest.raises(LogRewound, match="3 entries, and 5 were signed"):
        grow(asked, 4)

    forgetful = Log(postgres_url)
    forgetful.sign_with(signer(tmp_path, "new"))
    forgetful.record(Append((Draft("noted", (), b"else"),) * 5))
    with pytest.raises(LogRewound, match="first 5 entries are not those"):
        asked.heed(8)
    with pytest.raises(LogRewound, match="first 5 entries are not those"):
        grow(asked, 9)
    for log in (asked, forgetful):
        log.close()


def test_what_is_remembered_is_the_newest_whoever_signed_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    logs = [Log(url), Log(url)]
    for log in logs:
        log.sign_with(signer(tmp_path))
    for size in range(1, 40):
        grow(logs[size % 3 % 2], size)
    remembered = (tmp_path / "signed").read_bytes()
    vkey = str(signer(tmp_path).verifier)
    assert opened(kept_in(remembered).encode(), vkey).size == 39
    logs[0].signer.remember(38, "an older one")
    assert (tmp_path / "signed").read_bytes() == remembered
    for log in logs:
        log.close()


def test_what_is_remembered_never_changes_its_length(tmp_path: Path) -> None:
    """A power failure may come between what is written to a file and its new length."""
    log = Log(f"sqlite:///{tmp_path / 'log.db'}")
    (tmp_path / "signed").write_text("")  # as earlier releases made it
    log.sign_with(signer(tmp_path))
    for size in range(1, 12):
        grow(log, size)
        assert (tmp_path / "signed").stat().st_size == 512
    log.close()


def test_an_older_checkpoint_takes_the_place_of_no_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread of a service remembers what others have signed, another what it signs itself."""
    by = signer(tmp_path)
    notes = {size: by.note(size, *stated(by, size)) for size in (5, 6)}
    read, both, newer_is_there = signing._Newest.read, threading.Barrier(2), threading.Event()

    def together(newest: signing._Newest) -> str:
        """Read when both are there, if they can be, and let the newer one be the first to write."""
        found = read(newest)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)
            if threading.current_thread().name == "5":
                newer_is_there.wait(0.2)
        return found

    def remember(size: int) -> None:
        by.remember(size, notes[size])
        if size == 6:
            newer_is_there.set()

    monkeypatch.setattr(signing._Newest, "read", together)
    threads = [threading.Thread(target=remember, args=(n,), name=str(n)) for n in notes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept_in((tmp_path / "signed").read_bytes()) == notes[6]
    by.close()


def stated(by: Signer, size: int) -> tuple[bytes, bytes]:
    """A root of some size, and the signature of its checkpoint."""
    root = bytes([size]) * 32
    return root, by.sign(size, root)


def test_what_cannot_be_synced_is_let_go_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(opened: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    opened = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(LogLocked, match="signed cannot be written: Input/output error"):
        signer(tmp_path)
    monkeypatch.undo()
    by = signer(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        by.close()
    assert len(list(Path("/dev/fd").iterdir())) == opened


def test_what_is_remembered_is_synced_soon_after_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bytes]] = []
    enough, fsync, path = threading.Event(), os.fsync, tmp_path / "signed"

    def noticed(opened: int) -> None:
        fsync(opened)
        if os.fstat(opened).st_ino == path.stat().st_ino and b"\n4\n" in path.read_bytes():
            synced.append((opened, path.read_bytes()))
            enough.set()

    monkeypatch.setattr(signing, "SYNCED", 0.01)
    log = Log(f"sqlite:///{tmp_path / 'log.db'}")
    log.sign_with(signer(tmp_path))
    grow(log, 3)
    monkeypatch.setattr(os, "fsync", noticed)
    grow(log, 4)
    assert enough.wait(PATIENCE)
    newest = path.read_bytes()
    kept = kept_in(newest).encode()
    assert opened(kept, str(signer(tmp_path, "other").verifier)).size == 4
    assert synced[-1][1] == newest
    log.close()


def test_a_remembered_checkpoint_that_is_damaged_is_not_passed_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    (tmp_path / "signed").write_text("nothing\n")
    log = Log(url)
    with pytest.raises(LogLocked, match="does not hold a checkpoint"):
        log.sign_with(signer(tmp_path))
    with pytest.raises(LookupError, match="no checkpoint"):
        log.checkpoint()
    log.close()


# The key and the name


def settings(directory: Path, **given: Any) -> Settings:
    return Settings(
        ledger=f"sqlite:///{directory / 'curule.db'}",
        vault=f"sqlite:///{directory / 'curule-vault.db'}",
        views=directory / "curule-views.db",
        **given,
    )


def verifier_key(of: Settings) -> VerifierKey:
    with closing(Ledger(of)) as ledger:
        return ledger.log.signer.verifier


def test_a_key_is_made_beside_the_ledger_and_kept(tmp_path: Path) -> None:
    first = verifier_key(settings(tmp_path))
    path = tmp_path / "curule.db.log-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.name.startswith("localhost/")
    assert verifier_key(settings(tmp_path)) == first
    assert verifier_key(settings(tmp_path, log_key=path.read_text())) == first
    assert verifier_key(settings(tmp_path, log_key_file=path, origin=first.name)) == first
    (tmp_path / "other").mkdir()
    assert verifier_key(settings(tmp_path / "other")).name != first.name


def test_the_origin_is_chosen_once(tmp_path: Path) -> None:
    assert (
        verifier_key(settings(tmp_path, origin="ledger.example/log")).name == "ledger.example/log"
    )
    assert verifier_key(settings(tmp_path)).name == "ledger.example/log"
    with pytest.raises(LogLocked, match=r"this log is ledger\.example/log for good"):
        verifier_key(settings(tmp_path, origin="ledger.example/other"))


@pytest.mark.parametrize(
    ("origin", "why"),
    [("https://ledger.example", "leave out https"), ("a b", "no spaces"), ("a+b", "no +")],
)
def test_an_origin_has_no_scheme_and_no_spaces(tmp_path: Path, origin: str, why: str) -> None:
    with pytest.raises(LogLocked, match=why.replace("+", r"\+")):
        verifier_key(settings(tmp_path, origin=origin))


def test_the_key_is_the_one_that_the_log_began_with(tmp_path: Path) -> None:
    verifier_key(settings(tmp_path))
    path = tmp_path / "curule.db.log-key"
    other = "A" * 43 + "="
    with pytest.raises(LogLocked, match="signed with another key"):
        verifier_key(settings(tmp_path, log_key=other))
    with pytest.raises(LogLocked, match="not both"):
        verifier_key(settings(tmp_path, log_key=other, log_key_file=path))
    with pytest.raises(LogLocked, match="32 bytes"):
        verifier_key(settings(tmp_path, log_key="AAAA"))
    path.chmod(0o644)
    with pytest.raises(LogLocked, match="chmod 600"):
        verifier_key(settings(tmp_path))
    path.unlink()
    with pytest.raises(LogLocked, match="the ledger is there, but its key is not: restore"):
        verifier_key(settings(tmp_path))


def test_an_older_ledger_gets_a_key(tmp_path: Path) -> None:
    log = Log(f"sqlite:///{tmp_path / 'curule.db'}", seal=curule_seal)
    log.close()
    forget_the_tree(f"sqlite:///{tmp_path / 'curule.db'}")
    migrate(LOG, f"sqlite:///{tmp_path / 'curule.db'}")
    assert verifier_key(settings(tmp_path)).name.startswith("localhost/")


def test_a_log_in_postgresql_has_its_key_beside_the_vault_or_given(
    postgres_url: str, tmp_path: Path
) -> None:
    with ledger_in(tmp_path, postgres_url) as ledger:
        told(ledger, registered("ann"))
        key = ledger.log.signer.verifier
    assert (tmp_path / "vault.db.log-key").is_file()
    assert (tmp_path / "vault.db.signed").read_text().startswith(f"{key.name}\n2\n")
    secret = SecretStr("A" * 43 + "=")
    both = Settings(
        ledger=postgres_url, vault=postgres_url, views=tmp_path / "views.db", master_key=secret
    )
    with pytest.raises(LogLocked, match="needs CURULE_LOG_KEY"):
        verifier_key(both)


def test_nothing_is_stored_of_a_tree_that_is_not_that_of_its_entries(tmp_path: Path) -> None:
    """What a commit stores of the tree is refused with it, and follows from it."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    log = Log(url)
    log.sign_with(signer(tmp_path))
    grow(log, 255)
    row = (255, "noted", 2**60, "[]", b"x", bytes(32), bytes(32), bytes(32), bytes(68))
    with (
        closing(sqlite3.connect(tmp_path / "log.db")) as database,
        pytest.raises(sqlite3.IntegrityError, match="does not follow the head"),
    ):
        database.execute("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    assert (log.newest(), log.hashes(1, 0, 9)) == (255, [])
    grow(log, 256)
    assert log.hashes(1, 0, 9) == [mth(log.hashes(0, 0, 256))]
    log.close()

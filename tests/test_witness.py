"""Witnesses: others who state that the log only grew, by a protocol that is not ours."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from domain.transparency.cosignatures import Cosignature, cosignatures, cosigner
from domain.transparency.notes import Signature, VerifierKey, note, read_note
from domain.transparency.proofs import Extension
from service.log.cosigning import (
    AHEAD,
    FAILED,
    MOST,
    REFUSED,
    Cosigned,
    Cosigning,
    Uncosigned,
    Watch,
    WitnessUnknown,
    witnesses,
)
from service.log.databases import LOG
from service.log.log import Log
from service.log.publication import Publication
from service.log.signing import Signer
from service.schemas.migrating import migrate
from tests.commanding import command, read_until, running
from tests.serving import serving, showing
from tests.test_cli import FOUNDING, LATER
from tests.test_publication import (
    ORIGIN,
    check_receipt,
    forget_the_tree,
    grow,
    publishing,
    registered,
    signer,
)
from tests.verifier import Checkpoint, check_proof, opened
from tests.witness import Answer, Witness, cosignature_times

PATIENCE = 60

# The forms

BODY = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
EXAMPLE = f"""{BODY}
— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
"""The example of the specification."""


def test_a_cosignature_states_a_time_and_a_checkpoint() -> None:
    body, (_, line) = read_note(EXAMPLE)
    witness = VerifierKey("witness.example.com/w1", bytes(32), 4)
    read = Cosignature.read(witness, line)
    assert read.time == 1679315147
    assert read.message(body) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    assert read.line.signature == line.signature


def test_the_key_of_a_witness_has_a_type_of_its_own() -> None:
    key = cosigner(Witness("w.example/1", {}).vkey)
    assert (key.name, key.type, len(key.public)) == ("w.example/1", 4, 32)
    for other in (VerifierKey("w", bytes(32)), VerifierKey("w", bytes(1312), 6)):
        with pytest.raises(ValueError, match=f"a key of type {other.type}, and a witness' is of"):
            cosigner(str(other))


@pytest.mark.parametrize(
    "stated",
    [
        bytes(8) + bytes(64),
        (2**63).to_bytes(8, "big") + bytes(64),
        (1).to_bytes(8, "big") + bytes(63),
        (1).to_bytes(8, "big") + bytes(65),
        b"\1",
    ],
)
def test_a_line_without_a_time_or_a_signature_is_no_cosignature(stated: bytes) -> None:
    witness = VerifierKey("w", bytes(32), 4)
    lines = str(Signature("w", witness.id, stated))
    assert cosignatures(EXAMPLE, lines, VerifierKey("other", bytes(32), 4)) == []
    with pytest.raises(ValueError, match="is a time and 64 bytes"):
        cosignatures(EXAMPLE, lines, witness)


def test_what_follows_a_checkpoint_cannot_become_another() -> None:
    witness = VerifierKey("w", bytes(32), 4)
    signature = Signature("w", bytes(4), bytes(72))
    assert cosignatures(EXAMPLE, "", witness) == []
    for lines in (f"\n{signature}", f"x\n\n{signature}", note("x\n", [signature]), "\n", "—\n"):
        with pytest.raises(ValueError, match=r"no signed note|signature lines|no signature line"):
            cosignatures(EXAMPLE, lines, witness)


def test_a_witness_is_told_by_its_address_and_its_key() -> None:
    one, two = Witness("w.example/1", {}), Witness("w.example/2", {}, seed=2)
    one.url, two.url = "https://w.example/1", "http://127.0.0.1:80/a/b"
    read = witnesses([one.told, f"{two.url}/#{two.vkey}"])
    assert [(each.url, str(each.key)) for each in read] == [
        (one.url, one.vkey),
        (two.url, two.vkey),
    ]
    assert witnesses([two.url, f"{one.url}/"], known=read) == read[::-1]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("w.example#KEY", "no address as https"),
        ("ftp://w.example#KEY", "no address as https"),
        ("https://#KEY", "no address as https"),
        ("https://name:secret@w.example#KEY", "no address as https"),
        ("https://w.example?a=b#KEY", "no address as https"),
        ("https://w.example:port#KEY", "no address: Invalid port"),
        ("https://w.example:65536#KEY", "no address as https"),
        ("https://w.example", "https://w.example: add the witness' verifier key"),
        ("https://w.example#", "add the witness' verifier key"),
        ("https://w.example#w.example+00000000+BAAA", "https://w.example: .* has not the hash"),
        ("https://w.example#nonsense", "https://w.example: 'nonsense' is no verifier key"),
        ("https://w.example#a+b+c", "https://w.example: "),
        (f"https://w.example#{VerifierKey('w', bytes(32))}", "of type 1, and a witness' is of"),
        ("https://w.example#KEY https://w.example/2#KEY", "w.example/1 is told twice"),
    ],
)
def test_a_witness_that_is_not_told_well_enough_is_an_error(told: str, why: str) -> None:
    vkey = Witness("w.example/1", {}).vkey
    with pytest.raises(WitnessUnknown, match=why):
        witnesses(told.replace("KEY", vkey).split())


# Pushing


def vkey_of(directory: Path) -> str:
    with closing(signer(directory, "any")) as any_:
        return str(any_.verifier)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """A witness of the logs of these tests."""
    with Witness("w.example/1", {ORIGIN: vkey_of(tmp_path)}).serving() as serving_:
        yield serving_


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Witness]:
    """Another one."""
    with Witness("w.example/2", {ORIGIN: vkey_of(tmp_path)}, seed=2).serving() as serving_:
        yield serving_


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log of 300 entries, signed when it had none and when it had them."""
    with closing(Log(f"sqlite:///{tmp_path / 'log.db'}")) as log:
        log.sign_with(signer(tmp_path))
        grow(log, 300)
        yield log


def push(log: Log, *asked: Witness, patience: float = PATIENCE) -> list[Cosigned | Uncosigned]:
    cosigning_ = Cosigning(log, Publication(log), patience)
    return asyncio.run(cosigning_.push(witnesses([each.told for each in asked])))


def cosigned(log: Log, witness: Witness) -> int:
    """The size that a witness has cosigned, when asked now."""
    (outcome,) = push(log, witness)
    assert isinstance(outcome, Cosigned), outcome
    assert witness.latest[ORIGIN].size == outcome.size
    return outcome.size


def uncosigned(log: Log, witness: Witness, patience: float = PATIENCE) -> Uncosigned:
    """Why a witness has not cosigned, when asked now; nothing is kept of it."""
    before = log.cosignatures(log.newest())
    (outcome,) = push(log, witness, patience=patience)
    assert isinstance(outcome, Uncosigned)
    assert str(outcome).startswith(f"w.example/1 ({witness.url}) ")
    assert log.cosignatures(log.newest()) == before
    return outcome


def test_what_a_witness_cosigned_is_served_with_the_checkpoint(
    log_url: str, tmp_path: Path, witness: Witness
) -> None:
    with closing(Log(log_url)) as log, publishing(log) as client:
        log.sign_with(signer(tmp_path))
        vkey = vkey_of(tmp_path)
        known = 0
        for size in (0, 1, 255, 256, 257, 300, 65_535, 65_536, 65_537):
            grow(log, size)
            checkpoint = client.get("checkpoint").text
            assert cosignature_times(checkpoint, witness.vkey) == []
            assert cosigned(log, witness) == size
            assert witness.asked[-1].startswith(b"old %d\n" % known)
            cosigned_checkpoint = client.get("checkpoint").text
            assert cosigned_checkpoint.startswith(checkpoint)
            assert len(cosignature_times(cosigned_checkpoint, witness.vkey)) == 1
            assert opened(cosigned_checkpoint.encode(), vkey) == witness.latest[ORIGIN]
            if size:
                included = client.get("proof/inclusion", params={"index": size - 1}).text
                assert included.endswith(f"\n\n{cosigned_checkpoint}")
                leaf = log.hashes(0, size - 1, size)[0]
                assert check_proof(included, leaf, vkey)[1] == witness.latest[ORIGIN]
            grown = Extension.read(client.get("proof/consistency", params={"old": known}).text)
            assert grown.checkpoint == cosigned_checkpoint
            known = size
        assert len(witness.asked) == 9  # what it knows is remembered: it never had to tell


def test_the_newest_checkpoint_that_enough_have_cosigned(
    log_url: str, tmp_path: Path, witness: Witness, second: Witness
) -> None:
    def size(cosignatures: int) -> int:
        noted = client.get("checkpoint", params={"cosignatures": cosignatures}).text
        times = [cosignature_times(noted, each.vkey) for each in (witness, second)]
        assert sum(map(bool, times)) >= cosignatures
        return opened(noted.encode(), vkey_of(tmp_path)).size

    with closing(Log(log_url)) as log, publishing(log) as client:
        log.sign_with(signer(tmp_path))
        assert client.get("checkpoint?cosignatures=1").status_code == 404
        grow(log, 10)
        push(log, witness, second)
        grow(log, 20)
        push(log, second)
        push(log, second)  # a second time: that is no second witness
        grow(log, 30)
        assert [size(count) for count in (0, 1, 2)] == [30, 20, 10]
        missing = client.get("checkpoint?cosignatures=3")
        assert (missing.status_code, missing.json()["detail"]) == (
            404,
            "no checkpoint is cosigned by 3",
        )


def test_a_witness_that_is_asked_again_states_it_anew(log: Log, witness: Witness) -> None:
    assert cosigned(log, witness) == 300
    first = log.cosignatures(300)
    later = first[0].time + 100
    witness.lie = lambda _: (200, "", witness.cosigned(body_of(log), later))
    assert isinstance(push(log, witness)[0], Cosigned)
    assert witness.asked[-1].startswith(b"old 300\n\n")
    assert [each.time for each in log.cosignatures(300)] == [later]


def test_a_witness_that_is_behind_is_given_what_it_lacks(log: Log, witness: Witness) -> None:
    grow(log, 301)
    cosigned(log, witness)
    kept = dict(witness.latest)
    grow(log, 600)
    cosigned(log, witness)
    witness.latest = kept
    grow(log, 700)
    assert cosigned(log, witness) == 700
    assert [each.split(b"\n")[0] for each in witness.asked[-2:]] == [b"old 600", b"old 301"]
    witness.latest = {}
    assert cosigned(log, witness) == 700
    assert [each.split(b"\n")[0] for each in witness.asked[-2:]] == [b"old 700", b"old 0"]


def test_a_witness_that_another_ledger_process_has_asked_is_no_surprise(
    log: Log, tmp_path: Path, witness: Witness
) -> None:
    """It knows more than was to be pushed, and so does the log by then."""
    with closing(Log(f"sqlite:///{tmp_path / 'log.db'}")) as other:
        other.sign_with(signer(tmp_path))

        def meanwhile() -> None:
            witness.before = lambda: None
            grow(other, 310)
            cosigned(other, witness)

        witness.before = meanwhile
        assert cosigned(log, witness) == 310


def test_many_may_push_at_once(log_url: str, tmp_path: Path, witness: Witness) -> None:
    def work(log: Log) -> list[Cosigned | Uncosigned]:
        return [outcome for _ in range(5) for outcome in push(log, witness)]

    with ExitStack() as opened_logs:
        logs = [opened_logs.enter_context(closing(Log(log_url))) for _ in range(3)]
        for log in logs:
            log.sign_with(signer(tmp_path))
        grow(logs[0], 100)
        with ThreadPoolExecutor(3) as threads:
            working = [threads.submit(work, log) for log in logs]
            for size in range(101, 120):
                grow(logs[0], size)
            outcomes = [outcome for each in working for outcome in each.result()]
        kinds = {each.kind for each in outcomes if isinstance(each, Uncosigned)}
        assert kinds <= {"409"}  # overtaken by the others each time: the next one succeeds
        assert cosigned(logs[1], witness) == 119
        with publishing(logs[2]) as client:
            noted = client.get("checkpoint").text
            assert cosignature_times(noted, witness.vkey) != []


# Refusals


def test_a_log_that_was_cut_is_found_out(tmp_path: Path, witness: Witness) -> None:
    for size in (303, 300):
        with closing(Log(f"sqlite:///{tmp_path / f'{size}.db'}")) as log:
            log.sign_with(signer(tmp_path, f"{size}.signed"))
            grow(log, size)
            if size == 303:
                cosigned(log, witness)
                continue
            error = uncosigned(log, witness)
            assert (error.kind, error.code) == ("ahead", REFUSED)
            assert (
                "has cosigned 303 entries of this log, which has 300: the log was cut, or"
                in str(error)
            )
    assert witness.latest[ORIGIN].size == 303


@pytest.mark.parametrize("size", [300, 301, 600])
def test_a_log_written_anew_is_not_cosigned(tmp_path: Path, witness: Witness, size: int) -> None:
    """It is signed anew too, and all that its database remembers was taken over."""
    with closing(Log(f"sqlite:///{tmp_path / 'log.db'}")) as log:
        log.sign_with(signer(tmp_path))
        grow(log, 300)
        cosigned(log, witness)
        kept, before = log.cosignatures(300), dict(witness.latest)
    with closing(Log(f"sqlite:///{tmp_path / 'new.db'}", seal=lambda *_: b"else")) as log:
        log.sign_with(signer(tmp_path, "new.signed"))
        grow(log, 300)
        for each in kept:
            log.cosign(300, each)
        grow(log, size)
        error = uncosigned(log, witness)
        assert (error.kind, error.code) == ("422", REFUSED)
        assert "does not find its 300 entries at the beginning of this log" in str(error)
    assert witness.latest == before


def test_a_log_that_a_witness_does_not_know(log: Log, tmp_path: Path, witness: Witness) -> None:
    witness.logs = {}
    error = uncosigned(log, witness)
    assert (error.kind, error.code) == ("404", REFUSED)
    assert f"does not know the log {ORIGIN}: have it given `curule keys log`" in str(error)
    with closing(Signer(b"k" * 32, ORIGIN, tmp_path / "other")) as other:
        witness.logs = {ORIGIN: str(other.verifier)}
    error = uncosigned(log, witness)
    assert (error.kind, error.code) == ("403", REFUSED)
    assert "does not accept the log's signature" in str(error)


def body_of(log: Log) -> str:
    return log.signer.note(*log.checkpoint()).partition("\n\n")[0] + "\n"


def says(status: int, body: bytes) -> Callable[[Witness, Log], Answer]:
    return lambda witness, log: (status, "text/plain", body)


def line_by(seed: int, name: str, body: str | None = None, at: int | None = None) -> bytes:
    other = Witness(name, {}, seed=seed)
    return other.cosigned(body or BODY, int(time.time()) if at is None else at)


LIES: dict[str, tuple[Callable[[Witness, Log], Answer], str, int, str]] = {
    "nothing": (says(200, b""), "another key", REFUSED, "has not cosigned with the key given"),
    "garbage": (says(200, b"\xff\0garbage"), "malformed", FAILED, "answers with what are no"),
    "a page": (says(200, b"<html>\n\n</html>\n"), "malformed", FAILED, "answers with what are no"),
    "no line feed": (
        lambda w, log: (200, "", w.cosigned(body_of(log), 1).removesuffix(b"\n")),
        "malformed",
        FAILED,
        "answers with what are no",
    ),
    "another key": (
        lambda w, log: (200, "", line_by(9, w.name, body_of(log))),
        "another key",
        REFUSED,
        "has not cosigned with the key given, w.example/1+",
    ),
    "another name": (
        lambda w, log: (200, "", line_by(1, "w.example/9", body_of(log))),
        "another key",
        REFUSED,
        "has not cosigned with the key given",
    ),
    "another checkpoint": (
        lambda w, log: (200, "", w.cosigned(BODY, 1)),
        "wrong signature",
        REFUSED,
        "answers with a wrong signature; it is not kept",
    ),
    "one right, one wrong": (
        lambda w, log: (200, "", w.cosigned(body_of(log), 1) + w.cosigned(BODY, 1)),
        "wrong signature",
        REFUSED,
        "answers with a wrong signature",
    ),
    "no time": (
        lambda w, log: (200, "", w.cosigned(body_of(log), 0)),
        "malformed",
        FAILED,
        "answers with what are no",
    ),
    "the future": (
        lambda w, log: (200, "", w.cosigned(body_of(log), int(time.time()) + AHEAD + 900)),
        "future",
        REFUSED,
        "has cosigned in the future",
    ),
    "too much": (says(200, b"x" * (MOST + 1)), "huge", FAILED, "answers with more than 65,536"),
    "too much of an error": (says(500, b"x" * 9_000_000), "huge", FAILED, "more than 65,536"),
    "no size": (says(409, b"many\n"), "malformed", FAILED, "answers 409 and no size: 'many"),
    "no line of a size": (says(409, b"12"), "malformed", FAILED, "answers 409 and no size"),
    "a size as no size is": (says(409, b"012\n"), "malformed", FAILED, "answers 409 and no size"),
    "a size again and again": (says(409, b"7\n"), "409", FAILED, "tells another size each time"),
    "a size beyond all": (
        says(409, b"9" * 18 + b"\n"),
        "ahead",
        REFUSED,
        "has cosigned 999999999999999999 entries of this log, which has 300",
    ),
    "elsewhere": (says(301, b""), "301", FAILED, "answers 301"),
    "an error": (says(503, b"later\x1b[2J"), "503", FAILED, r"answers 503: 'later\x1b[2J'"),
    "malformed, it says": (says(400, b""), "400", FAILED, "answers 400"),
    "unprocessable, it says": (says(422, b""), "422", REFUSED, "does not accept this beginning"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_a_witness_says_is_not_simply_believed(log: Log, witness: Witness, lie: str) -> None:
    told, kind, code, why = LIES[lie]
    witness.lie = lambda _: told(witness, log)
    error = uncosigned(log, witness)
    assert (error.kind, error.code) == (kind, code)
    assert why in str(error)
    assert log.cosigned(cosigner(witness.vkey)) == 0
    witness.lie = lambda answer: answer
    assert cosigned(log, witness) == 300


def test_lines_by_unknown_keys_are_left_aside(log: Log, witness: Witness) -> None:
    def more(answer: Answer) -> Answer:
        others = line_by(9, witness.name) + line_by(1, "w.example/9") + line_by(9, ORIGIN)
        others += str(Signature("w.example/9", cosigner(witness.vkey).id, bytes(72))).encode()
        return (*answer[:2], others + answer[2] + others)

    witness.lie = more
    assert cosigned(log, witness) == 300
    assert [str(each.witness) for each in log.cosignatures(300)] == [witness.vkey]


def test_a_witness_that_does_not_answer_is_not_waited_for(log: Log, witness: Witness) -> None:
    def hang(answer: Answer) -> Answer:
        witness.gone.wait()
        return answer

    witness.lie = hang
    error = uncosigned(log, witness, patience=0.5)
    assert (error.kind, error.code) == ("time-out", FAILED)
    assert "has not answered within 0.5 s" in str(error)
    witness.lie, witness.slowly = lambda answer: answer, True
    assert uncosigned(log, witness, patience=0.5).kind == "time-out"


def test_nobody_is_there(log: Log, witness: Witness) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        witness.url = f"http://127.0.0.1:{taken.getsockname()[1]}/w"
    error = uncosigned(log, witness)
    assert (error.kind, error.code) == ("unreachable", FAILED)
    assert "is not reached: " in str(error)


def test_certificates_that_are_not_there(
    log: Log, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    witness.url = "https://w.example"
    (outcome,) = push(log, witness)
    assert isinstance(outcome, Uncosigned)
    assert (outcome.kind, outcome.code) == ("environment", FAILED)
    assert str(outcome).startswith("w.example/1 cannot be asked from here: [Errno 2]")


def test_one_that_fails_does_not_keep_another_from_cosigning(
    log: Log, witness: Witness, second: Witness
) -> None:
    witness.lie = lambda _: (500, "", b"")
    failed, done = push(log, witness, second)
    assert isinstance(failed, Uncosigned)
    assert isinstance(done, Cosigned)
    assert (done.witness.key.name, done.size) == ("w.example/2", 300)
    assert [each.witness.name for each in log.cosignatures(300)] == ["w.example/2"]


# What is kept


@pytest.mark.parametrize("tree", [True, False])
def test_an_older_log_can_be_cosigned(
    log_url: str, tmp_path: Path, witness: Witness, tree: bool
) -> None:
    with closing(Log(log_url)) as log:
        log.sign_with(signer(tmp_path))
        grow(log, 300)
    engine = create_engine(log_url)
    with engine.begin() as connection:
        for table in ("cosignatures", "log_version"):
            connection.execute(text(f"DROP TABLE {table}"))
    engine.dispose()
    if not tree:
        forget_the_tree(log_url)
    migrate(LOG, log_url)
    with closing(Log(log_url)) as log:
        log.sign_with(signer(tmp_path))
        assert cosigned(log, witness) == 300
        grow(log, 301)
        assert cosigned(log, witness) == 301


def test_a_receipt_stays_as_it_was_given(tmp_path: Path) -> None:
    sent = {"id": "first", "acts": [registered("ann")]}
    with (
        serving(tmp_path) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client,
    ):
        given = client.post("/v1/decisions", json=sent)
        vkey = client.get("/log/key").text.removesuffix("\n")
        origin = vkey.partition("+")[0]
        with (
            Witness("w.example/1", {origin: vkey}).serving() as witness,
            ledger_in_service(tmp_path) as log,
        ):
            assert isinstance(push(log, witness)[0], Cosigned)
            proof = client.get("/log/proof/inclusion?index=0&size=2").text
            assert len(cosignature_times(proof.partition("\n\n")[2], witness.vkey)) == 1
            again = client.post("/v1/decisions", json=sent)
        assert (again.status_code, again.content) == (200, given.content)
        check_receipt(again.json(), client, vkey)


def ledger_in_service(directory: Path) -> closing[Log]:
    """The log of a service that runs in a directory, opened beside it as a command does."""
    from service.client import signed_log
    from service.settings import Settings

    return closing(
        signed_log(
            Settings(
                ledger=f"sqlite:///{directory / 'curule.db'}",
                vault=f"sqlite:///{directory / 'curule-vault.db'}",
                views=directory / "curule-views.db",
            )
        )
    )


# The command, and the service


@pytest.fixture
def club(tmp_path: Path) -> Path:
    """A folder with a ledger."""
    done = command(tmp_path, "record", "-", given=json.dumps([FOUNDING]))
    assert done.returncode == 0, done.stderr
    return tmp_path


def knows(witness: Witness, directory: Path) -> None:
    vkey = command(directory, "keys", "log").stdout.removesuffix("\n")
    witness.logs = {vkey.partition("+")[0]: vkey}


def test_the_command_tells_who_has_cosigned_and_who_not(
    club: Path, witness: Witness, second: Witness
) -> None:
    unknown = command(club, "witness", "push", witness.told)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith(f"curule: w.example/1 ({witness.url}) does not know the log")
    knows(witness, club)
    second.logs = witness.logs
    settings = {"CURULE_WITNESSES": f"{witness.told}\n {second.told}"}
    done = command(club, "witness", "push", **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "w.example/1 has cosigned the checkpoint of 10 entries\n"
        "w.example/2 has cosigned the checkpoint of 10 entries\n"
    )
    second.lie = lambda _: (500, "", b"")
    partly = command(club, "witness", "push", **settings)
    assert (partly.returncode, partly.stdout.count("\n")) == (3, 1)
    assert partly.stderr == f"curule: w.example/2 ({second.url}) answers 500: ''\n"
    by_address = command(club, "witness", "push", witness.url, **settings)
    assert (by_address.returncode, by_address.stdout.count("\n")) == (0, 1)
    witness.logs = {}
    assert command(club, "witness", "push", **settings).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "why"),
    [
        ([], {}, 2, "which witnesses? Name them, or set CURULE_WITNESSES"),
        (["https://w.example"], {}, 2, "https://w.example: add the witness' verifier key"),
        ([], {"CURULE_WITNESSES": "w.example"}, 2, "CURULE_WITNESSES: 'w.example' is no address"),
        (["KEY"], {"CURULE_LEDGER": "sqlite:///none.db"}, 1, "there is no ledger at none.db"),
        (["KEY"], {"CURULE_LOG_KEY": "secret"}, 3, "the log cannot be signed: a log key is"),
        ([], {"CURULE_WITNESS_INTERVAL": "soon"}, 2, "CURULE_WITNESS_INTERVAL: Input should be"),
    ],
)
def test_the_command_says_what_is_wrong(
    club: Path, arguments: list[str], settings: dict[str, str], code: int, why: str
) -> None:
    told = f"https://w.example#{Witness('w', {}).vkey}"
    given = [each.replace("KEY", told) for each in arguments]
    done = command(club, "witness", "push", *given, **settings)
    assert (done.returncode, done.stdout) == (code, "")
    assert why in done.stderr
    assert "secret" not in done.stderr


def test_the_service_pushes_by_itself_whatever_a_witness_does(
    club: Path, witness: Witness, second: Witness
) -> None:
    """One cosigns, one hangs, one is not there; decisions are recorded and asked for meanwhile."""
    knows(witness, club)

    def hang(answer: Answer) -> Answer:
        second.gone.wait()
        return answer

    second.lie, second.logs = hang, witness.logs
    dead = Witness("w.example/3", {}, seed=3)
    dead.url = "http://127.0.0.1:1"
    told = " ".join(each.told for each in (witness, second, dead))
    key = command(club, "keys", "create", "office", "--role", "recorder").stdout.strip()
    with running(
        club, "serve", "--port", "0", CURULE_WITNESSES=told, CURULE_WITNESS_INTERVAL="0.1"
    ) as process:
        at = read_until(process, "Curule serves").split(" ")[3]
        with httpx.Client(
            base_url=at, headers=showing(key), trust_env=False, timeout=PATIENCE
        ) as client:
            first = cosigned_by(client, witness, 1)
            assert client.post("/v1/decisions", json=LATER).status_code == 201
            assert client.get("/v1/structure").status_code == 200
            newest = client.get("/log/checkpoint").text.split("\n")[1]
            assert cosigned_by(client, witness, int(newest)) > first
        assert second.asked
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert errors.count("w.example/3 (http://127.0.0.1:1) is not reached") == 1
    assert "Traceback" not in errors


def cosigned_by(client: httpx.Client, witness: Witness, size: int) -> int:
    """Wait until a witness has cosigned a checkpoint of that size at least."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        noted = client.get("/log/checkpoint?cosignatures=1")
        if noted.is_success and int(noted.text.split("\n")[1]) >= size:
            assert cosignature_times(noted.text, witness.vkey)
            return int(noted.text.split("\n")[1])
        time.sleep(0.05)
    raise AssertionError("it is not cosigned")


def test_a_failure_is_logged_once_and_its_end_too(
    log: Log, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch(Cosigning(log, Publication(log)), witnesses([witness.told]), 0)

    def rounds(answer: Callable[[Answer], Answer]) -> list[str]:
        caplog.clear()
        witness.lie = answer
        for _ in range(3):
            grow(log, log.newest() + 1)
            asyncio.run(watch.round())
        return [
            each.getMessage() for each in caplog.records if each.name == "service.log.cosigning"
        ]

    with caplog.at_level(logging.INFO, "service.log.cosigning"):
        assert rounds(lambda answer: answer) == []
        assert [each.partition(") ")[2] for each in rounds(lambda _: (500, "", b"a"))] == [
            "answers 500: 'a'"
        ]
        assert rounds(lambda _: (500, "", b"b")) == []
        sizes = iter(range(1_000, 2_000))
        (ahead,) = rounds(lambda _: (409, "", b"%d\n" % next(sizes)))
        assert "has cosigned 1000 entries of this log" in ahead
        assert rounds(lambda answer: answer) == ["w.example/1 cosigns again"]


def test_what_a_witness_has_cosigned_it_is_not_asked_again(log: Log, witness: Witness) -> None:
    watch = Watch(Cosigning(log, Publication(log)), witnesses([witness.told]), 0)
    for _ in range(3):
        asyncio.run(watch.round())
    assert len(witness.asked) == 1
    grow(log, 301)
    asyncio.run(watch.round())
    assert len(witness.asked) == 2


def test_a_round_does_not_wait_for_who_has_not_answered_the_one_before(
    log: Log, witness: Witness, second: Witness
) -> None:
    def hang(answer: Answer) -> Answer:
        second.gone.wait()
        return answer

    second.lie = hang
    asked = witnesses([witness.told, second.told])
    watch = Watch(Cosigning(log, Publication(log), PATIENCE), asked, 0)

    async def rounds() -> None:
        first = asyncio.create_task(watch.round())
        while watch._answering != {asked[1]} or not second.asked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        grow(log, 301)
        await watch.round()
        assert witness.latest[ORIGIN].size == 301
        assert len(second.asked) == 1
        second.gone.set()
        await first
        await watch.round()

    asyncio.run(rounds())
    assert second.latest[ORIGIN].size == 301


# The witness of these tests


def test_the_witness_of_these_tests_refuses_what_it_must(log: Log, witness: Witness) -> None:
    """The negative control: it follows its specification."""

    def answer(request: str) -> tuple[int, bytes]:
        status, _, body = witness.add_checkpoint(request.encode())
        return status, body

    published = Publication(log)
    checkpoint = log.checkpoint()
    right = published.submission(0, checkpoint)
    assert answer(right)[0] == 200
    assert answer(right) == (409, b"300\n")
    assert answer(published.submission(7, checkpoint)) == (409, b"300\n")
    grow(log, 400)
    grown = published.submission(300, log.checkpoint())
    first, proof = grown.partition("\n\n")[0].split("\n", 1)
    assert first == "old 300"
    steps = proof.split("\n")
    for wrong in (steps[:-1], [*steps, steps[0]], steps[::-1], []):
        altered = grown.replace(f"{proof}\n", "".join(f"{each}\n" for each in wrong))
        assert answer(altered)[0] == 422
    assert answer(grown.replace("old 300", "old 401"))[0] == 400
    assert answer(grown.replace("old 300", "old 0300"))[0] == 400
    root = sha256(b"else").digest()
    other = Checkpoint(ORIGIN, 400, root)
    signature = log.signer.sign(400, root)
    forged = log.signer.note(other.size, other.root, signature)
    assert answer(f"old 300\n{proof}\n\n{forged}")[0] == 422
    assert answer(grown)[0] == 200
    assert answer(f"old 400\n\n{forged}")[0] == 422
    assert answer(grown.replace("\n400\n", "\n500\n"))[0] == 403
    assert answer(grown.replace(ORIGIN, "else.example"))[0] == 404

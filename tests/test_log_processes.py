"""Processes that share one log, and one of them killed."""

import contextlib
import random
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine, text

from service.log.appends import Append, Condition, Draft, LogMoved
from service.log.log import Log
from service.log.signing import Signer
from tests.verifier import mth

ROOT = Path(__file__).parent.parent
THREADS = 4
KEY = bytes(range(32))


def race(url: str, signed: str, name: str, keys: int) -> None:
    """Have several threads take each key once, unless it is taken, and print what they got."""
    log = Log(url, busy_timeout=30)
    log.sign_with(Signer(KEY, "log.example", Path(signed)))
    printing = threading.Lock()

    def take(thread: int) -> None:
        order = list(range(keys))
        random.Random(f"{name}{thread}").shuffle(order)
        for key in order:
            tag, data = f"key:{key}", f"{name}/{thread}/{key}"
            drafts = (Draft("taken", (tag, name), data.encode()),) * 2
            unless_taken = Condition(frozenset({(tag, frozenset({"taken"}))}), 0)
            with contextlib.suppress(LogMoved):
                for entry in log.record(Append(drafts, unless_taken)):
                    with printing:
                        sys.stdout.write(f"{entry.position} {data}\n")
                        sys.stdout.flush()

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(take, range(THREADS)))  # raises what any of them raised
    log.close()


@contextlib.contextmanager
def processes(
    url: str, signed: Path, *names: str, keys: int
) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that begin to race at the same moment."""
    with contextlib.ExitStack() as stack:
        started = []
        for name in names:
            command = [sys.executable, "-m", "tests.test_log_processes"]
            command += [url, str(signed), name, str(keys)]
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe)
            started.append(stack.enter_context(process))
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield started


def check(url: str, signed: Path, acknowledged: list[str], keys: range) -> None:
    log = Log(url)
    check_tree(url, log)
    log.sign_with(Signer(KEY, "log.example", signed))  # it continues what they remember
    entries = log.entries()
    head, by_tag = log.head()[0], {key: log.entries(tag=f"key:{key}") for key in keys}
    log.close()
    assert [entry.position for entry in entries] == list(range(1, head + 1))
    times = [entry.recorded_at for entry in entries]
    assert times == sorted(times)
    assert len(set(times)) == head / 2  # one time an append of two entries
    winners = Counter(entry.tags[0] for entry in entries)
    assert winners == {f"key:{key}": 2 for key in keys}  # one append won each
    stored = Counter(f"{entry.position} {entry.entry.decode()}" for entry in entries)
    assert all(stored[line] == 1 for line in acknowledged)
    assert len(set(acknowledged)) == len(acknowledged)
    for key, found in by_tag.items():
        assert found == [entry for entry in entries if entry.tags[0] == f"key:{key}"]


def check_tree(url: str, log: Log) -> None:
    """One tree over all entries, whole, and one checkpoint a commit, each of that tree."""
    engine = create_engine(url)
    with engine.connect() as connection:
        checkpoints = connection.execute(text("SELECT * FROM checkpoints ORDER BY size")).all()
        nodes = connection.execute(text("SELECT * FROM nodes ORDER BY level, number")).all()
    engine.dispose()
    leaves = [sha256(b"\0" + one.entry).digest() for one in log.entries()]
    vkey = log.verifier_key()
    assert vkey is not None
    key = Ed25519PrivateKey.from_private_bytes(KEY).public_key()
    assert checkpoints[-1].size == len(leaves)
    for each in checkpoints:
        assert each.root == mth(leaves[: each.size])
        assert each.signature[:4].hex() == vkey.split("+")[1]
        text_signed = f"log.example\n{each.size}\n{b64encode(each.root).decode()}\n"
        key.verify(each.signature[4:], text_signed.encode())
    full = [mth(leaves[256 * n : 256 * n + 256]) for n in range(len(leaves) // 256)]
    assert [tuple(each) for each in nodes] == [(1, n, each) for n, each in enumerate(full)]
    assert full or len(leaves) < 256


def test_of_two_processes_one_wins_each_key(log_url: str, tmp_path: Path) -> None:
    signed = tmp_path / "signed"
    with processes(log_url, signed, "one", "two", keys=250) as (one, two):
        acknowledged = "".join(process.communicate(timeout=60)[0] for process in (one, two))
    assert (one.returncode, two.returncode) == (0, 0)
    assert len(acknowledged.splitlines()) == 500
    check(log_url, signed, acknowledged.splitlines(), range(250))


def test_killing_a_process_loses_nothing_acknowledged(log_url: str, tmp_path: Path) -> None:
    signed = tmp_path / "signed"
    with processes(log_url, signed, "victim", "survivor", keys=500) as (victim, survivor):
        assert victim.stdout is not None
        acknowledged = [victim.stdout.readline() for _ in range(20)]
        victim.kill()
        acknowledged += [line for line in victim.stdout if line.endswith("\n")]
        others, _ = survivor.communicate(timeout=60)
    assert (victim.returncode, survivor.returncode) == (-signal.SIGKILL, 0)
    check(log_url, signed, ("".join(acknowledged) + others).splitlines(), range(500))


if __name__ == "__main__":
    race(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

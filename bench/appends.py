"""Conditional appends per second: our log beside its competitors, in one run on one machine.

Each append stores one event of about 300 bytes with two tags, on condition that its own tag was
never used, and returns when that is durable. Ours also seals and hashes the entry, grows the Merkle
tree, and signs a checkpoint with each commit. Tags are UUIDv7, as the service gives them, or with
--random in no order: then each changes a page of its own in an index. Contenders take turns within
each round, as machines are noisy; a ratio compares turns of the same round.

    python -m bench.appends [--seconds 6] [--rounds 10] [--clients 1,8,32] [--only sqlite,umadb]
"""

import argparse
import contextlib
import gc
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uuid_utils
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from sqlalchemy import make_url
from umadb import AppendCondition, Client, Event, Query, QueryItem

from service.log.appends import Append, Condition, Draft
from service.log.log import Log
from service.log.signing import Signer
from tests.postgres import MakeDatabase, postgres_server

HEAD, TAIL = b'{"position":', b',"act":"' + b"x" * 240 + b'"}'
TYPE, SHARED = "tenure.started", "body:politburo"

Turn = Callable[[str], object]  # appends one event, tagged with a name never used before
Contender = Callable[[Path, MakeDatabase], AbstractContextManager[Callable[[], Turn]]]


def seal(draft: Draft, position: int, recorded_at: int) -> bytes:
    """The bytes of an entry, with position and time in their midst as Curule's are."""
    return b'%b%d,"recorded_at":%d%b' % (draft.data, position, recorded_at, draft.tail)


EVENT = seal(Draft(TYPE, (), HEAD, TAIL), 1_000_000, time.time_ns() // 1_000)


@contextmanager
def our_log(url: str, folder: Path) -> Iterator[Callable[[], Turn]]:
    """Our log, one object for all clients."""
    log = Log(url, seal=seal)
    log.sign_with(Signer(bytes(32), "log.example", folder / "signed"))
    unused: frozenset[str] = frozenset()

    def append(tag: str) -> None:
        condition = Condition(frozenset({(tag, unused)}), 0)
        log.record(Append((Draft(TYPE, (tag, SHARED), HEAD, TAIL),), condition))

    try:
        yield lambda: append
    finally:
        log.close()


@contextmanager
def sqlite(folder: Path, _: MakeDatabase) -> Iterator[Callable[[], Turn]]:
    """Our log on SQLite."""
    with our_log(f"sqlite:///{folder}/curule.db", folder) as client:
        yield client


@contextmanager
def postgresql(folder: Path, make_database: MakeDatabase) -> Iterator[Callable[[], Turn]]:
    """Our log on PostgreSQL."""
    with our_log(make_database(), folder) as client:
        yield client


@contextmanager
def umadb(folder: Path, _: MakeDatabase) -> Iterator[Callable[[], Turn]]:
    """The UmaDB server with its defaults (durable), a client of its own a thread."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    start = "import sys, umadb; umadb.run_server_from_args(['umadb', *sys.argv[1:]])"
    command = [sys.executable, "-c", start, "--listen", address, "--db-path", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as server:
        try:
            for _attempt in range(100):
                with contextlib.suppress(Exception):
                    Client(f"http://{address}").head()
                    break
                time.sleep(0.1)

            def make_client() -> Turn:
                client = Client(f"http://{address}")

                def append(tag: str) -> None:
                    unused = AppendCondition(Query([QueryItem(tags=[tag])]))
                    client.append([Event(TYPE, EVENT, [tag, SHARED])], unused)

                return append

            yield make_client
        finally:
            server.terminate()


def conditional(recorder: PostgresDCBRecorderTT) -> Turn:
    """Append by the library's own interface."""

    def append(tag: str) -> None:
        unused = DCBAppendCondition(DCBQuery([DCBQueryItem(tags=[tag])]))
        recorder.append([DCBEvent(TYPE, EVENT, [tag, SHARED])], unused)

    return append


@contextmanager
def library_postgresql(_: Path, make_database: MakeDatabase) -> Iterator[Callable[[], Turn]]:
    """`PostgresDCBRecorderTT` of the eventsourcing library, on the same server."""
    url = make_url(make_database())
    assert url.database
    assert url.username
    host = str(url.query["host"])
    datastore = PostgresDatastore(url.database, host, 5432, url.username, "", pool_size=32)
    with datastore:
        recorder = PostgresDCBRecorderTT(datastore)
        recorder.create_table()
        yield lambda: conditional(recorder)


@contextmanager
def library_sqlite(folder: Path, _: MakeDatabase) -> Iterator[Callable[[], Turn]]:
    """`SQLiteApplicationRecorder` of the library; it knows aggregates, no tags, no conditions."""
    datastore = SQLiteDatastore(f"{folder}/library.db", pool_timeout=60)
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    with datastore.get_connection(commit=True) as connection:
        cursor = connection.cursor()
        for setting, expected in (("journal_mode", "wal"), ("synchronous", 2)):
            cursor.execute(f"PRAGMA {setting}")
            assert tuple(cursor.fetchone()) == (expected,)  # so each commit is synced, as ours are

    def append(_: str) -> None:
        recorder.insert_events([StoredEvent(uuid.uuid4(), 1, TYPE, EVENT)])

    yield lambda: append
    datastore.close()


@contextmanager
def library_memory(_: Path, __: MakeDatabase) -> Iterator[Callable[[], Turn]]:
    """`InMemoryDCBRecorder` of the library: not durable; without conditions, which read all."""
    recorder = InMemoryDCBRecorder()

    def make_client() -> Turn:
        recorder.events.clear()  # many objects slow the garbage collection of all contenders
        return lambda tag: recorder.append([DCBEvent(TYPE, EVENT, [tag, SHARED])])

    yield make_client


CONTENDERS: dict[str, tuple[str, Contender]] = {
    "sqlite": ("Curule, SQLite", sqlite),
    "postgresql": ("Curule, PostgreSQL", postgresql),
    "umadb": ("UmaDB server", umadb),
    "tt": ("PostgresDCBRecorderTT", library_postgresql),
    "library-sqlite": ("SQLiteApplicationRecorder, no conditions", library_sqlite),
    "library-memory": ("InMemoryDCBRecorder, no conditions, not durable", library_memory),
}
RIVALS = {"umadb": "UmaDB", "tt": "PostgresDCBRecorderTT"}


@dataclass
class Measured:
    """What a contender did with some number of clients."""

    rates: list[float] = field(default_factory=list)  # appends a second, by round
    latencies: list[float] = field(default_factory=list)  # seconds


def measure(
    make_client: Callable[[], Turn],
    clients: int,
    seconds: float,
    new_id: Callable[[], object],
    into: Measured,
) -> None:
    """Let clients append as fast as they can, each when its last append has returned."""
    start = threading.Barrier(clients + 1)
    stop = threading.Event()
    latencies: list[list[float]] = [[] for _ in range(clients)]
    errors: list[BaseException] = []

    def work(mine: list[float]) -> None:
        try:
            append = make_client()
            append(f"warm:{new_id()}")
            start.wait()
            before = time.perf_counter()
            while not stop.is_set():
                append(f"tenure:{new_id()}")
                after = time.perf_counter()
                mine.append(after - before)
                before = after
        except BaseException as error:
            errors.append(error)
            start.abort()
            raise

    threads = [threading.Thread(target=work, args=(mine,)) for mine in latencies]
    for thread in threads:
        thread.start()
    gc.collect()
    start.wait()
    began = time.perf_counter()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    assert not errors
    into.rates.append(sum(map(len, latencies)) / took)
    into.latencies += [latency for mine in latencies for latency in mine]


def report(results: dict[str, dict[int, Measured]], clients: list[int]) -> None:
    """Print the table, and how ours compare."""
    print(f"{'appends/s, median (p99 latency)':<50}", *(f"{n:>9} clients " for n in clients))
    for key, by_clients in results.items():
        print(f"{CONTENDERS[key][0]:<50}", end="")
        for measured in by_clients.values():
            p99 = statistics.quantiles(measured.latencies, n=100)[98] * 1_000
            print(f" {statistics.median(measured.rates):>8,.0f} ({p99:>4.0f}ms)", end="")
        print()
    for rival, name in RIVALS.items():
        for ours in ("sqlite", "postgresql"):
            if rival in results and ours in results:
                print(f"{CONTENDERS[ours][0] + ' / ' + name:<50}", end="")
                for n in clients:
                    pairs = zip(results[ours][n].rates, results[rival][n].rates, strict=True)
                    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
                    print(f" {ratio:>15.2f}x", end="")
                print()


def main() -> None:
    """Run the contenders in turn, round after round."""
    parser = argparse.ArgumentParser(description="Conditional appends per second.")
    parser.add_argument("--seconds", type=float, default=6, help="for each figure (default: 6)")
    parser.add_argument("--rounds", type=int, default=10, help="that take turns (default: 10)")
    parser.add_argument("--clients", default="1,8,32", help="client threads (default: 1,8,32)")
    parser.add_argument("--only", default=",".join(CONTENDERS), help="some of %(default)s")
    parser.add_argument("--random", action="store_true", help="tags in no order")
    options = parser.parse_args()
    new_id: Callable[[], object] = uuid.uuid4 if options.random else uuid_utils.uuid7
    clients = [int(number) for number in options.clients.split(",")]
    keys = [key for key in CONTENDERS if key in options.only.split(",")]
    results = {key: {n: Measured() for n in clients} for key in keys}

    with contextlib.ExitStack() as stack:
        make_database = stack.enter_context(postgres_server())
        makers = {}
        for key in keys:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
            makers[key] = stack.enter_context(CONTENDERS[key][1](folder, make_database))
        turns = [(n, key) for n in clients for key in keys]
        for turn in range(options.rounds):
            turns.reverse()  # so that none is always before or after another
            for number, (n, key) in enumerate(turns):
                done = f"round {turn + 1}/{options.rounds}, {number + 1}/{len(turns)}"
                if sys.stderr.isatty():
                    print(f"\r{done}: {key}, {n} clients ", end="\033[K", file=sys.stderr)
                measure(makers[key], n, options.seconds / options.rounds, new_id, results[key][n])
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
    report(results, clients)


if __name__ == "__main__":
    main()

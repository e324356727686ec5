import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.tests import DCBRecorderTestCase
from eventsourcing.persistence import IntegrityError, ProgrammingError
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError

import service.log.head
from domain.transparency.cosignatures import COSIGNATURE, Cosignature
from domain.transparency.notes import VerifierKey
from service.log.appends import Append, Condition, Draft, LogMoved, Sealed
from service.log.log import Log
from service.log.signing import LogRewound, Signer
from tests.strategies import examples

ANY: frozenset[str] = frozenset()
HOUR = 3_600_000_000


def draft(*tags: str, type_: str = "noted", data: bytes = b"x") -> Draft:
    return Draft(type_, tags, data)


def unless(*reads: tuple[str, frozenset[str]], after: int = 0) -> Condition:
    return Condition(frozenset(reads), after)


def signer(directory: Path) -> Signer:
    """The signer of one log, which remembers in that directory."""
    return Signer(bytes(32), "log.example", directory / "signed")


@pytest.fixture
def opened(log_url: str) -> Iterator[Callable[..., Log]]:
    """Opens logs on one database, and closes them."""
    with contextlib.ExitStack() as logs:

        def open_log(url: str = log_url, **options: Any) -> Log:
            log = Log(url, **options)
            logs.callback(log.close)
            return log

        yield open_log


@pytest.fixture
def log(opened: Callable[..., Log]) -> Log:
    return opened()


def statement(url: str, sql: str) -> list[Any]:
    """Run raw SQL as anybody with access to the database might."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.execute(text(sql))
            return list(result) if result.returns_rows else []
    finally:
        engine.dispose()


def until(happened: Callable[[], Any]) -> Any:
    """Wait for what must happen, and return it."""
    deadline = time.monotonic() + 20
    while not (result := happened()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return result


# The library's contract


class TestLibrary(DCBRecorderTestCase):
    __test__ = False


def test_appends_and_reads_as_the_library_expects(log: Log) -> None:
    TestLibrary()._test_append_read(log)


def test_subscribes_as_the_library_expects(log: Log) -> None:
    TestLibrary()._test_append_subscribe(log)


def test_no_events_are_a_programming_error(log: Log) -> None:
    with pytest.raises(ProgrammingError):
        log.append([])


# Order and time


def test_an_empty_log(log: Log) -> None:
    assert log.head() == (0, 0)
    assert log.entries() == []
    assert log.position_at(10**18) == 0
    assert log.record(Append(())) == ()
    assert log.head() == (0, 0)


def test_positions_have_no_gaps_across_refusals_objects_and_threads(
    opened: Callable[..., Log],
) -> None:
    logs = [opened(), opened()]

    def work(number: int) -> None:
        for key in range(20):
            with contextlib.suppress(LogMoved, ValueError):
                tag = f"key:{key}"
                oversize = b"x" * 70_000 if key % 7 == number else b"x"
                logs[number % 2].record(
                    Append((draft(tag), draft(tag, data=oversize)), unless((tag, ANY)))
                )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = logs[0].entries()
    assert [entry.position for entry in entries] == list(range(1, 41))
    assert sorted(entry.tags[0] for entry in entries) == sorted(
        f"key:{key}" for key in range(20) for _ in "ab"
    )
    assert logs[1].head() == (40, entries[-1].recorded_at)


def test_recorded_at_rises_strictly_though_clocks_go_back(opened: Callable[..., Log]) -> None:
    now = [10 * HOUR]
    logs = [opened(clock=lambda: now[0]), opened(clock=lambda: now[0] - HOUR)]
    appends: list[Any] = []
    for step in (0, 5, -HOUR, 0, 0, 2 * HOUR):
        now[0] += step
        for log in logs:
            appends.append(log.record(Append((draft("a"), draft("b")))))
            appends += log.record_all([Append((draft("c"),)), Append((draft("d"),))])
    times = [{entry.recorded_at for entry in append} for append in appends]
    assert all(len(one) == 1 for one in times)
    rising = [time for one in times for time in one]
    assert rising == sorted(set(rising))
    assert rising[0] == 10 * HOUR
    assert rising[-3] > 11 * HOUR - 1  # it follows the clock again


def test_an_instant_stands_for_the_last_position_recorded_by_then(
    opened: Callable[..., Log],
) -> None:
    now = iter(range(100, 10_000, 10))
    log = opened(clock=lambda: next(now))
    for number in range(9):
        log.record(Append((draft("a"),) * (number % 3 + 1)))
    entries = log.entries()
    for instant in range(90, 210):
        expected = max((e.position for e in entries if e.recorded_at <= instant), default=0)
        assert log.position_at(instant) == expected


def test_entries_are_sealed_with_their_position_and_time(opened: Callable[..., Log]) -> None:
    log = opened(seal=lambda one, at, time: one.data + f"{at},{time}".encode() + one.tail)
    made = Draft("noted", ("körper:ü", "b"), b"<", b">\0\xff")
    recorded = log.record(Append((made, made)))
    assert recorded == tuple(log.entries())
    for number, entry in enumerate(recorded, 1):
        assert entry.position == number
        assert entry.tags == ("körper:ü", "b")
        assert entry.entry == f"<{number},{entry.recorded_at}".encode() + b">\0\xff"
        assert entry.leaf_hash == hashlib.sha256(b"\0" + entry.entry).digest()


def test_entries_are_found_by_tag_type_and_position(log: Log) -> None:
    for number in range(1, 31):
        log.record(Append((draft(f"t{number % 3}", "all", type_=f"y{number % 2}"),)))

    def found(**options: Any) -> list[int]:
        return [entry.position for entry in log.entries(**options)]

    everything = range(1, 31)
    assert found() == list(everything)
    assert found(tag="t1") == [n for n in everything if n % 3 == 1]
    assert found(types={"y1"}) == [n for n in everything if n % 2]
    assert found(tag="t1", types={"y1"}) == [n for n in everything if n % 3 == 1 and n % 2]
    assert found(tag="all", types=["y0", "y1"], after=3, until=9) == [4, 5, 6, 7, 8, 9]
    assert found(tag="all", types=["y0", "y1"], after=3, limit=2) == [4, 5]
    assert found(after=3, until=9, limit=2) == [4, 5]
    assert found(tag="none") == []
    assert found(tag="t1", types={"none"}) == []
    assert found(limit=0) == []
    tagged = log.tagged({("t1", "y1"), ("all", "y0"), ("none", "y0"), ("t1", "none")})
    assert [(tag, entry.position) for tag, entry in tagged] == [
        (tag, n)
        for n in everything
        for tag in (["t1"] if n % 3 == 1 and n % 2 else []) + (["all"] if n % 2 == 0 else [])
    ]
    entries = log.entries()
    assert all(entry == entries[entry.position - 1] for _, entry in tagged)
    assert log.tagged([]) == []


# What is recorded stays


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entries SET entry = entry",
        "UPDATE entries SET tags = '[]' WHERE position = 1",
        "DELETE FROM entries",
        "DELETE FROM entries WHERE position = 2",
        "UPDATE tags SET tag = 'b'",
        "DELETE FROM tags",
        "UPDATE head SET position = 1",
        "UPDATE head SET recorded_at = 1",
        "DELETE FROM head",
        "INSERT INTO head VALUES (2, 0, 0)",
        "UPDATE nodes SET hash = hash",
        "DELETE FROM nodes",
        "UPDATE checkpoints SET size = 1",
        "DELETE FROM checkpoints",
        "UPDATE signers SET verifier_key = ''",
        "DELETE FROM signers",
        "UPDATE cosignatures SET time = 1",
        "DELETE FROM cosignatures",
    ],
)
def test_the_database_itself_refuses_changes(
    log: Log, log_url: str, sql: str, tmp_path: Path
) -> None:
    log.sign_with(signer(tmp_path))
    log.record(Append((draft("a"),) * 256))
    log.cosign(256, Cosignature(VerifierKey("w", bytes(32), COSIGNATURE), 2, bytes(64)))

    def all_of_it() -> tuple[Any, ...]:
        tree = (log.hashes(1, 0, 1), log.checkpoint(), log.verifier_key(), log.cosignatures(256))
        return (log.entries(), log.entries(tag="a"), log.head(), tree)

    before = all_of_it()
    with pytest.raises(DBAPIError, match=r"refused|head because it is a view"):
        statement(log_url, sql)
    assert all_of_it() == before


@pytest.mark.parametrize(
    "table", ["entries", "tags", "head", "nodes", "checkpoints", "signers", "cosignatures"]
)
def test_postgresql_refuses_truncation(postgres_url: str, table: str) -> None:
    log = Log(postgres_url)
    log.record(Append((draft("a"),)))
    with pytest.raises(DBAPIError, match="refused"):
        statement(postgres_url, f"TRUNCATE {table} CASCADE")
    assert len(log.entries(tag="a")) == 1
    log.close()


def test_sqlite_refuses_replacement(tmp_path: Path) -> None:
    log = Log(f"sqlite:///{tmp_path}/log.db")
    log.record(Append((draft("a"),)))
    with (
        contextlib.closing(sqlite3.connect(tmp_path / "log.db")) as connection,
        pytest.raises(sqlite3.IntegrityError, match="refused"),
    ):
        connection.execute("INSERT OR REPLACE INTO entries VALUES (1, 'x', 1, '[]', x'00', x'00')")
    assert log.entries()[0].entry == b"x"
    log.close()


def test_sqlite_syncs_each_commit(tmp_path: Path) -> None:
    log = Log(f"sqlite:///{tmp_path}/log.db")
    log.record(Append((draft("a"),)))
    assert log._head._connection is not None
    assert log._head._connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert log._head._connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    log.close()


@pytest.mark.parametrize("careless", ["off", "local"])
def test_postgresql_syncs_each_commit_and_waits_no_longer_than_told(
    careless: str, postgres_url: str
) -> None:
    statement(postgres_url, f"ALTER ROLE postgres SET synchronous_commit = {careless}")
    try:
        log = Log(postgres_url, busy_timeout=1.5)
        log.record(Append((draft("a"),)))
        assert log._head._connection is not None
        settings = {
            name: log._head._connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("fsync", "synchronous_commit", "lock_timeout", "statement_timeout")
        }
        log.close()
    finally:
        statement(postgres_url, "ALTER ROLE postgres RESET synchronous_commit")
    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "lock_timeout": "1500ms",
        "statement_timeout": "2s",
    }


def test_a_role_needs_few_rights(postgres_url: str) -> None:
    Log(postgres_url).close()
    statement(postgres_url, "DROP ROLE IF EXISTS clerk")
    statement(postgres_url, "CREATE ROLE clerk LOGIN")
    try:
        statement(
            postgres_url, "GRANT INSERT, SELECT ON entries, tags, nodes, checkpoints TO clerk"
        )
        statement(postgres_url, "GRANT SELECT ON log_version TO clerk")
        statement(postgres_url, "GRANT SELECT, UPDATE ON head TO clerk")
        clerk, other = Log(postgres_url.replace("postgres@", "clerk@")), Log(postgres_url)
        clerk.record(Append((draft("a"),)))
        other.record(Append((draft("b"),)))
        clerk.record(Append((draft("c"),), unless(("c", ANY))))  # by the locked path
        with pytest.raises(LogMoved):
            clerk.record(Append((draft("b"),), unless(("b", ANY))))
        assert clerk.wait(2, 0)
        assert clerk.head()[0] == 3
        clerk.close()
        other.close()
    finally:
        statement(postgres_url, "DROP OWNED BY clerk")
        statement(postgres_url, "DROP ROLE clerk")


def test_logs_opened_at_once_create_one_schema(log_url: str) -> None:
    logs: list[Log] = []
    start = threading.Barrier(6)

    def open_log() -> None:
        start.wait()
        logs.append(Log(log_url))

    threads = [threading.Thread(target=open_log) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(logs) == 6
    for log in logs:
        log.record(Append((draft("a"),)))
    assert logs[0].head()[0] == 6
    for log in logs:
        log.close()


# Conditions


def test_a_condition_fails_by_tag_type_and_position(log: Log) -> None:
    log.record(Append((draft("a", "b", type_="x"), draft("a", type_="y"))))
    some = Append((draft("c"),))

    def passes(*reads: tuple[str, frozenset[str]], after: int) -> bool:
        head = log.head()
        try:
            log.record(Append(some.drafts, unless(*reads, after=after)))
        except LogMoved:
            assert log.head() == head
            return False
        return True

    x, y, xy = frozenset("x"), frozenset("y"), frozenset("xy")
    assert not passes(("a", ANY), after=0)
    assert not passes(("a", ANY), after=1)
    assert passes(("a", ANY), after=2)
    assert not passes(("a", x), after=0)
    assert passes(("a", x), after=1)
    assert not passes(("a", y), after=1)
    assert not passes(("a", xy), after=1)
    assert passes(("b", y), after=0)
    assert passes(("b", ANY), after=1)
    assert not passes(("b", y), ("a", y), after=0)
    assert not passes(("", x), after=0)
    assert passes(("", x), after=1)
    assert passes(("", frozenset("z")), after=0)
    assert not passes(("", ANY), after=0)
    assert not passes(("", ANY), after=log.head()[0] - 1)
    assert passes(("", ANY), after=log.head()[0])
    assert passes(after=0)


def test_a_condition_sees_what_other_objects_recorded(opened: Callable[..., Log]) -> None:
    first, second = opened(), opened()
    first.record(Append((draft("a"),)))
    second.record(Append((draft("b"),)))
    first.record(Append((draft("c"),)))
    for tag in "abc":
        for log in (first, second):
            with pytest.raises(LogMoved):
                log.record(Append((draft(tag),), unless((tag, ANY))))
    assert first.head()[0] == 3


def test_a_condition_sees_entries_without_tags(opened: Callable[..., Log]) -> None:
    first, second = opened(), opened()
    second.record(Append((draft("a"),)))
    first.record(Append((draft(type_="bare"),)))
    with pytest.raises(LogMoved):
        second.record(Append((draft("a"),), unless(("", frozenset({"bare"})))))


def test_an_append_is_judged_against_earlier_ones_of_its_group(log: Log) -> None:
    outcomes = log.record_all(
        [
            Append((draft("a"),), unless(("a", ANY))),
            Append((draft("a"),), unless(("a", ANY))),
            Append((draft("b"), draft("c")), unless(("b", ANY))),
            Append((draft("d"),), unless(("c", frozenset({"other"})))),
            Append((draft("e"),), unless(("c", frozenset({"noted"})))),
        ]
    )
    assert [isinstance(outcome, LogMoved) for outcome in outcomes] == [
        False,
        True,
        False,
        False,
        True,
    ]
    assert [entry.tags for entry in log.entries()] == [("a",), ("b",), ("c",), ("d",)]


def test_what_fails_in_a_group_fails_alone(opened: Callable[..., Log]) -> None:
    def seal(one: Draft, position: int, recorded_at: int) -> bytes:
        if one.data == b"unsealable":
            raise KeyError(one.data)
        return one.data

    log = opened(seal=seal, clock=lambda: 1_000)
    outcomes = log.record_all(
        [
            Append((draft("a"), draft("b", data=b"x" * 65_536))),
            Append((draft("c", data=b"x" * 65_535),)),
            Append((draft("d"), draft("e", data=b"unsealable"))),
            Append((draft("f", "nul\0"),)),
            Append((draft("g", "\ud800"),)),
            Append((draft("h", "x" * 1_025),)),
            Append((draft("i", ""),)),
            Append((draft("j"),), deadline=999),
            Append((draft("k", "x" * 1_024, "k"),), deadline=1_001),
        ]
    )
    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds == [
        "ValueError",
        "tuple",
        "KeyError",
        "ValueError",
        "UnicodeEncodeError",
        "ValueError",
        "ValueError",
        "LogMoved",
        "tuple",
    ]
    assert [(e.position, e.recorded_at, e.tags[0]) for e in log.entries()] == [
        (1, 1_000, "c"),
        (2, 1_001, "k"),
    ]
    for tag in "abdefghij":
        log.record(Append((draft(tag),), unless((tag, ANY))))  # no false memory of them


def test_an_entry_has_65535_bytes_at_most(log: Log) -> None:
    with pytest.raises(ValueError, match="65535"):
        log.record(Append((draft("a", data=b"x" * 65_536),)))
    assert log.head() == (0, 0)
    assert len(log.record(Append((draft("a", data=b"x" * 65_535),)))[0].entry) == 65_535


def test_a_deadline_refuses_a_later_time(opened: Callable[..., Log]) -> None:
    now = [1_000]
    log = opened(clock=lambda: now[0])
    log.record(Append((draft("a"),), deadline=1_000))
    with pytest.raises(LogMoved):  # the head has moved on to 1,000
        log.record(Append((draft("a"),), deadline=1_000))
    log.record(Append((draft("a"),), deadline=1_001))
    now[0] = 2_000
    with pytest.raises(LogMoved):
        log.record(Append((draft("a"),), deadline=1_999))
    assert log.head() == (2, 1_001)


READS = st.frozensets(
    st.tuples(
        st.sampled_from(["", "a", "b", "c"]), st.frozensets(st.sampled_from("xyz"), max_size=2)
    ),
    max_size=3,
)
DRAFTS = st.lists(
    st.builds(
        lambda type_, tags: Draft(type_, tuple(tags), b"e"),
        st.sampled_from("xyz"),
        st.lists(st.sampled_from("abc"), max_size=2),
    ),
    max_size=2,
)
QUERY = st.lists(
    st.builds(
        DCBQueryItem,
        types=st.lists(st.sampled_from("xyz"), max_size=2),
        tags=st.lists(st.sampled_from("abc"), max_size=2),
    ),
    max_size=2,
)


def matches(one: Draft, tags: Sequence[str], types: Sequence[str] | frozenset[str]) -> bool:
    return set(tags) <= set(one.tags) and (not types or one.type in types)


@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_conditions_are_judged_as_by_reading_everything(
    data: st.DataObject, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        service.log.head, "REMEMBERED", data.draw(st.sampled_from([0, 3, 8, 1_000]))
    )
    monkeypatch.setattr(service.log.head, "CAUGHT_UP", data.draw(st.sampled_from([0, 2, 1_000])))
    logs = [Log(log_url), Log(log_url)]
    start = logs[0].head()[0]
    model: list[Draft] = []

    def after() -> int:
        return start + data.draw(st.integers(0, len(model) + 1))

    try:
        for _ in range(data.draw(st.integers(1, 10))):
            log = data.draw(st.sampled_from(logs))
            if data.draw(st.booleans()):
                appends = [
                    Append(
                        tuple(data.draw(DRAFTS)),
                        Condition(data.draw(READS), after()) if data.draw(st.booleans()) else None,
                    )
                    for _ in range(data.draw(st.integers(1, 3)))
                ]
                for append, outcome in zip(appends, log.record_all(appends), strict=True):
                    condition = append.condition
                    fails = condition is not None and any(
                        matches(one, (tag,) if tag else (), types)
                        for one in model[max(condition.after - start, 0) :]
                        for tag, types in condition.reads
                    )
                    assert isinstance(outcome, LogMoved) == fails
                    if not fails:
                        assert isinstance(outcome, tuple)
                        model += append.drafts
            else:
                query, position = DCBQuery(data.draw(QUERY)), after()
                matching = [
                    start + number
                    for number, one in enumerate(model, 1)
                    if start + number > position
                    and (
                        not query.items
                        or any(matches(one, item.tags, item.types) for item in query.items)
                    )
                ]
                assert [e.position for e in log.read(query, after=position)] == matching
                one = Draft("z", ("c",), b"e")
                try:
                    log.append(
                        [DCBEvent("z", b"e", ["c"])], DCBAppendCondition(query, after=position)
                    )
                except IntegrityError:
                    assert matching
                else:
                    assert not matching
                    model.append(one)
        stored = logs[0].entries(after=start)
        assert [(e.position - start, e.type, e.tags) for e in stored] == [
            (number, one.type, one.tags) for number, one in enumerate(model, 1)
        ]
    finally:
        for log in logs:
            log.close()


# Errors of the database


class Lost(Exception):
    """Stands for a connection that is lost."""


def lose(log: Log, when: str, begins: tuple[str, ...]) -> None:
    """Have the log's next statement of that kind fail before or after the server has run it."""

    def fail(connection: Any, cursor: Any, sql: str, *_: Any) -> None:
        if sql.strip().startswith(begins):
            event.remove(log._engine, when, fail)
            raise Lost

    event.listen(log._engine, when, fail)


COMMITTING = ("COMMIT", "INSERT INTO commits", "WITH moved")
COMMITTING_MANY = ("COMMIT", "WITH moved")


@pytest.mark.parametrize("size", [1, 250])
def test_nothing_is_stored_or_remembered_of_a_failed_commit(
    opened: Callable[..., Log], size: int
) -> None:
    log = opened()
    log.record(Append((draft("a"),)))
    lose(log, "before_cursor_execute", COMMITTING if size == 1 else COMMITTING_MANY)
    with pytest.raises(Lost):
        log.record(Append((draft("b"),) * size))
    assert log.head()[0] == 1
    assert [entry.tags for entry in opened().entries()] == [("a",)]
    assert log.record(Append((draft("b"),), unless(("b", ANY))))[0].position == 2
    with pytest.raises(LogMoved):
        log.record(Append((draft("a"),), unless(("a", ANY))))


@pytest.mark.parametrize("size", [1, 250])
def test_what_was_stored_though_the_answer_was_lost_is_known_afterwards(
    opened: Callable[..., Log], size: int
) -> None:
    log = opened()
    log.record(Append((draft("a"),)))
    lose(log, "after_cursor_execute", COMMITTING if size == 1 else COMMITTING_MANY)
    with pytest.raises(Lost):
        log.record(Append((draft("b"),) * size))
    with pytest.raises(LogMoved):
        log.record(Append((draft("b"),), unless(("b", ANY))))
    assert log.record(Append((draft("c"),), unless(("c", ANY))))[0].position == size + 2
    assert [entry.tags for entry in log.entries()] == [("a",), *[("b",)] * size, ("c",)]


def held(log: Log) -> tuple[threading.Event, threading.Event]:
    """Have those who commit wait: one event tells that somebody does, the other lets them go."""
    started, go = threading.Event(), threading.Event()

    def hold(_: Sequence[Sealed]) -> None:
        started.set()
        assert go.wait(10)

    log.add_listener(hold)
    return started, go


def test_an_error_reaches_all_who_shared_the_commit(opened: Callable[..., Log]) -> None:
    log = opened()
    started, go = held(log)
    outcomes: list[object] = []

    def record(tag: str) -> None:
        try:
            outcomes.append(log.record(Append((draft(tag),))))
        except Lost as error:
            outcomes.append(error)

    first = threading.Thread(target=record, args=("first",))
    first.start()
    assert started.wait(10)
    threads = [threading.Thread(target=record, args=(f"t{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: len(log._turns._queue) == 5)
    lose(log, "before_cursor_execute", COMMITTING)
    go.set()
    for thread in (first, *threads):
        thread.join()
    assert [type(outcome).__name__ for outcome in outcomes] == ["tuple"] + ["Lost"] * 5
    assert log.head()[0] == 1
    assert log.record(Append((draft("t0"),), unless(("t0", ANY))))[0].position == 2


def test_a_log_is_closed_though_a_commit_fails_meanwhile(opened: Callable[..., Log]) -> None:
    log = opened()
    started, go = held(log)

    def record() -> None:
        with contextlib.suppress(Lost):
            log.record(Append((draft("a"),)))

    first, second = threading.Thread(target=record), threading.Thread(target=record)
    first.start()
    assert started.wait(10)
    second.start()
    until(lambda: len(log._turns._queue) == 1)
    lose(log, "before_cursor_execute", COMMITTING)
    with ThreadPoolExecutor(1) as closer:
        closing = closer.submit(log.close)
        until(lambda: len(log._turns._queue) == 2)
        go.set()
        closing.result()
    for thread in (first, second):
        thread.join()
    assert log.closed
    with pytest.raises(RuntimeError, match="the log is closed"):
        log.record(Append((draft("b"),)))


def terminate(url: str) -> None:
    statement(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_a_connection_lost_between_appends_leaves_no_false_memory(postgres_url: str) -> None:
    log, other = Log(postgres_url), Log(postgres_url)
    log.record(Append((draft("a"),)))
    terminate(postgres_url)
    assert log.head()[0] == 1  # a read is repeated
    other.record(Append((draft("b"),)))
    with pytest.raises(DBAPIError):  # what was sent may have been received
        log.record(Append((draft("c"),)))
    with pytest.raises(LogMoved):
        log.record(Append((draft("b"),), unless(("b", ANY))))
    log.record(Append((draft("c"),), unless(("c", ANY))))
    terminate(postgres_url)
    log._head._used -= 2  # an idle connection is tried first
    log.record(Append((draft("d"),), unless(("d", ANY))))
    assert [entry.tags for entry in other.entries()] == [("a",), ("b",), ("c",), ("d",)]
    log.close()
    other.close()


def test_a_connection_lost_in_an_append_leaves_no_false_memory(postgres_url: str) -> None:
    log, other = Log(postgres_url), Log(postgres_url)
    log.record(Append((draft("a"),)))
    engine = create_engine(postgres_url)
    errors: list[Exception] = []

    def record() -> None:
        try:
            log.record(Append((draft("b"),)))
        except DBAPIError as error:
            errors.append(error)

    with engine.connect() as blocker:
        blocker.execute(text("SELECT * FROM head FOR UPDATE"))
        thread = threading.Thread(target=record)
        thread.start()
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        ((pid,),) = until(lambda: statement(postgres_url, waiting))
        statement(postgres_url, f"SELECT pg_terminate_backend({pid}, 5000)")
        thread.join()
    engine.dispose()
    assert len(errors) == 1
    other.record(Append((draft("c"),)))
    with pytest.raises(LogMoved):
        log.record(Append((draft("c"),), unless(("c", ANY))))
    log.record(Append((draft("b"),), unless(("b", ANY))))
    assert [entry.tags for entry in log.entries()] == [("a",), ("c",), ("b",)]
    log.close()
    other.close()


def test_waiting_for_another_writer_is_bounded(log_url: str) -> None:
    log = Log(log_url, busy_timeout=0.2)
    log.record(Append((draft("a"),)))
    engine = create_engine(log_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as blocker:
        sqlite = log_url.startswith("sqlite")
        blocker.execute(text("BEGIN IMMEDIATE" if sqlite else "BEGIN"))
        blocker.execute(text(log._database.locked_head))
        with pytest.raises(DBAPIError, match=r"locked|lock timeout"):
            log.record(Append((draft("b"),)))
        blocker.execute(text("ROLLBACK"))
    engine.dispose()
    assert log.record(Append((draft("b"),), unless(("b", ANY))))[0].position == 2
    log.close()


def lose_the_second_entry(url: str) -> None:
    """Leave the database as a standby that lacks it."""
    for table in ("entries", "tags", "head", "checkpoints"):
        statement(url, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    statement(url, "DELETE FROM entries WHERE position = 2")
    statement(url, "DELETE FROM tags WHERE position = 2")
    statement(url, "DELETE FROM checkpoints WHERE size = 2")
    rewind = "UPDATE head SET (position, recorded_at) = (SELECT position, recorded_at FROM entries)"
    statement(url, rewind)


def test_a_history_that_is_not_the_one_known_is_not_believed(postgres_url: str) -> None:
    """A standby that lacks the newest entries takes over, and others append to it."""
    log = Log(postgres_url)
    log.record(Append((draft("a"),)))
    log.record(Append((draft("lost"),)))
    lose_the_second_entry(postgres_url)
    other = Log(postgres_url)
    other.record(Append((draft("b"),)))
    log.record(Append((draft("c"),), unless(("b", ANY), after=2)))
    log.record(Append((draft("lost"),), unless(("lost", ANY))))
    with pytest.raises(LogMoved):
        log.record(Append((draft("b"),), unless(("b", ANY))))
    assert [entry.tags for entry in log.entries()] == [("a",), ("b",), ("c",), ("lost",)]
    log.close()
    other.close()


@pytest.mark.parametrize("appended", [0, 1, 2])
def test_a_history_that_is_not_the_one_signed_is_not_continued(
    postgres_url: str, tmp_path: Path, appended: int
) -> None:
    """As above, but the log has told the world of the entry that is lost."""
    log = Log(postgres_url)
    log.sign_with(signer(tmp_path))
    log.record(Append((draft("a"),)))
    log.record(Append((draft("lost", data=b"lost"),)))
    lose_the_second_entry(postgres_url)
    other = Log(postgres_url)
    for _ in range(appended):
        other.record(Append((draft("b"),)))
    for _ in range(2):
        with pytest.raises(LogRewound, match="older backup" if appended == 0 else "another hist"):
            log.record(Append((draft("c"),)))
    assert log.head()[0] == 1 + appended
    log.close()
    other.close()


# Following


def test_listeners_hear_what_was_committed_in_order_before_record_returns(
    opened: Callable[..., Log], caplog: pytest.LogCaptureFixture
) -> None:
    log, other = opened(), opened()
    heard: list[Sealed] = []

    def fail(_: Sequence[Sealed]) -> None:
        raise ZeroDivisionError

    log.add_listener(fail)
    log.add_listener(heard.extend)
    other.record(Append((draft("other"),)))
    late: list[int] = []

    def work(number: int) -> None:
        for turn in range(10):
            recorded = log.record(Append((draft(f"{number}-{turn}"),) * 2))
            late.extend(entry.position for entry in recorded if entry not in heard)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not late
    assert [entry.position for entry in heard] == list(range(2, 82))
    assert heard == log.entries(after=1)
    assert "ZeroDivisionError" in caplog.text


def test_wait_returns_when_the_head_is_beyond(opened: Callable[..., Log]) -> None:
    log, other = opened(), opened()
    assert not log.wait(0, 0.01)
    other.record(Append((draft("a"),)))
    assert log.wait(0, 0)
    assert not log.wait(1, 0.01)
    for recorder in (log, other):
        woken: list[bool] = []
        position = log.head()[0]
        thread = threading.Thread(
            target=lambda woken=woken, position=position: woken.append(log.wait(position, 30))
        )
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        recorder.record(Append((draft("b"),)))
        thread.join(10)
        assert woken == [True]


def test_close_ends_a_wait_and_refuses_appends(log_url: str) -> None:
    log = Log(log_url)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(log.wait(0, 60)))
    thread.start()
    thread.join(0.2)
    log.close()
    thread.join(10)
    assert ended == [False]
    with pytest.raises(RuntimeError, match="closed"):
        log.record(Append((draft("a"),)))
    log.close()


def test_the_watch_survives_the_loss_of_its_connection(postgres_url: str) -> None:
    log, other = Log(postgres_url), Log(postgres_url)
    assert not log.wait(0, 0.3)
    terminate(postgres_url)
    with contextlib.suppress(DBAPIError):
        other.record(Append((draft("a"),)))
    other.record(Append((draft("b"),)))
    assert log.wait(0, 10)
    assert not log.wait(other.head()[0], 0.3)
    other.record(Append((draft("c"),)))
    assert log.wait(other.head()[0] - 1, 10)
    log.close()
    other.close()


def test_a_subscription_follows_another_log_and_stops_promptly(
    opened: Callable[..., Log],
) -> None:
    log, other = opened(), opened()
    received: list[int] = []
    query = DCBQuery([DCBQueryItem(tags=["a"])])
    subscription = log.subscribe(query, after=1)

    def follow() -> None:
        with subscription:
            received.extend(event.position for event in subscription)

    for tag in "aab":
        other.record(Append((draft(tag),)))
    thread = threading.Thread(target=follow)
    thread.start()
    for tag in "ba":
        other.record(Append((draft(tag),)))
    other.record_all([Append((draft("a"),))] * 600)
    until(lambda: len(received) == 602)
    thread.join(0.2)
    assert thread.is_alive()
    subscription.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert received == [2, *range(5, 606)]


def test_closing_the_log_ends_its_subscriptions(log_url: str) -> None:
    log = Log(log_url)
    thread = threading.Thread(target=lambda: list(log.subscribe()))
    thread.start()
    thread.join(0.2)
    log.close()
    thread.join(10)
    assert not thread.is_alive()

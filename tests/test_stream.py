"""Following the log: every entry once and in order, over cuts, to many, and until the end."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from sqlalchemy.exc import TimeoutError as Crowded

from domain.access import LOCAL
from domain.transparency.tree import leaf_hash
from service.access import keys
from service.following import tail
from service.following.wanted import SHARED, Piece, Wanted
from service.ledger import Ledger
from service.log.appends import Sealed
from service.log.log import Log
from service.recording.recorder import Sent
from tests.ledgers import act
from tests.serving import Env, new_key, serving, settings_in, showing
from tests.test_two_services import Service, record, running, settings_of

ROOT = Path(__file__).parent.parent
PATIENCE = 30
STREAM = "/v1/entries/stream"
CUTS = 50
WRITERS = 4


@dataclass
class EventSource:
    """What a browser makes of a stream, as the HTML standard has it, byte by byte."""

    last_event_id: str = ""
    retry: int | None = None
    comments: int = 0
    events: list[tuple[str, str, str]] = field(default_factory=list)
    _rest: bytes = b""
    _id: str = ""
    _type: str = ""
    _data: str = ""

    def take(self, some: bytes) -> None:
        *lines, self._rest = (self._rest + some).split(b"\n")
        for line in lines:
            self._process(line.decode())

    def cut(self) -> None:
        """The connection is gone: what was not finished with an empty line never was."""
        self._rest, self._type, self._data, self._id = b"", "", "", self.last_event_id

    def _process(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "" if not line:
                self.last_event_id = self._id
                if self._data:
                    kind = self._type or "message"
                    self.events.append((self._id, kind, self._data.removesuffix("\n")))
                self._type = self._data = ""
            case "":
                self.comments += 1
            case "event":
                self._type = value
            case "data":
                self._data += value + "\n"
            case "id":
                self._id = value
            case "retry":
                self.retry = int(value)
            case _:
                raise AssertionError(f"an unknown field: {line}")


@contextmanager
def following(
    client: httpx.Client, source: EventSource, **parameters: Any
) -> Iterator[Iterator[None]]:
    """Follow, as from where the source is; each step takes what arrives."""
    headers = {"Last-Event-ID": source.last_event_id} if source.last_event_id else {}
    with client.stream("GET", STREAM, params=parameters, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield map(source.take, response.iter_raw())


def await_position(steps: Iterator[None], source: EventSource, position: int) -> None:
    """Take what arrives until the source has come to a position."""
    for _ in range(500):
        if source.last_event_id == str(position):
            return
        next(steps)
    raise AssertionError(f"the stream is at {source.last_event_id} for ever")


def seen(client: httpx.Client, until: int, **parameters: Any) -> EventSource:
    """What a follower was told when it has come to a position."""
    source = EventSource()
    with following(client, source, **parameters) as steps:
        for _ in steps:
            if source.last_event_id and int(source.last_event_id) >= until:
                return source
    raise AssertionError("the stream ended")


@dataclass(frozen=True)
class Served:
    """A served ledger."""

    client: httpx.Client
    directory: Path

    def found(self, body: str, **given: Any) -> int:
        """Establish a body; the position of the last entry: each takes two."""
        given = {"name": body.title(), "classification": "organ", **given}
        decision = {"acts": [act("body.established", "2020-01-01", body=body, **given)]}
        answer = self.client.post("/v1/decisions", json=decision)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["entries"][-1]["position"])

    def found_many(self, count: int, name: str, **given: Any) -> int:
        """Establish bodies by one decision; the position of its last entry."""
        acts = [
            act("body.established", "2020", body=f"{name}-{n}", name=name, classification="organ")
            for n in range(count)
        ]
        answer = self.client.post("/v1/decisions", json={"acts": [{**a, **given} for a in acts]})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["entries"][-1]["position"])

    def entries(self) -> list[bytes]:
        """The bytes of every entry, read past the service."""
        with closing(Log(f"sqlite:///{self.directory / 'curule.db'}")) as log:
            return [one.entry for one in log.entries()]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with (
        serving(tmp_path) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client,
    ):
        yield Served(client, tmp_path)


# What is told


def test_each_entry_is_told_to_the_byte(served: Served) -> None:
    served.found("guild", name="Gilde\u2028der Künste")  # the end of a line, to some
    newest = served.found("lodge")
    source = seen(served.client, newest)
    assert [data.encode() for _, _, data in source.events] == served.entries()
    assert [id_ for id_, _, _ in source.events] == ["1", "2", "3", "4"]
    assert [kind for _, kind, _ in source.events] == ["decision.taken", "body.established"] * 2
    assert source.retry is not None


def test_who_follows_is_told_of_each_entry_as_it_is_recorded(served: Served) -> None:
    source = EventSource()
    with following(served.client, source) as steps:
        for number in range(10):
            newest = served.found(f"body-{number}")
            await_position(steps, source, newest)
    assert [data.encode() for _, _, data in source.events] == served.entries()


def test_it_begins_where_it_is_told_to(served: Served) -> None:
    for number in range(3):
        served.found(f"body-{number}")

    def ids(source: EventSource) -> list[int]:
        return [int(id_) for id_, _, _ in source.events]

    assert ids(seen(served.client, 6, after=4)) == [5, 6]
    assert ids(seen(served.client, 6)) == [1, 2, 3, 4, 5, 6]
    # A browser asks with the address as it was, and with what it has seen.
    again = EventSource(last_event_id="5", _id="5")
    with following(served.client, again, after="newest") as steps:
        await_position(steps, again, 6)
    assert ids(again) == [6]


def test_who_wants_only_what_comes_loses_nothing_by_being_cut_at_once(served: Served) -> None:
    newest = served.found("guild")
    source = seen(served.client, newest, after="newest")  # nothing yet, but from where
    assert (source.last_event_id, source.events) == (str(newest), [])
    served.found("lodge")
    with following(served.client, source, after="newest") as steps:
        await_position(steps, source, newest + 2)
    assert [id_ for id_, _, _ in source.events] == ["3", "4"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"type": "body.renamed"}, [5]),
        ({"type": ["body.renamed", "body.established"]}, [2, 3, 5]),
        ({"tag": "body:guild"}, [2, 5]),
        ({"tag": "body:guild", "type": "body.established"}, [2]),
        ({"tag": "body:nobody"}, []),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_filters_and_how_far_they_have_looked(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    wanted: dict[str, Any],
    told: list[int],
    is_late: bool,
) -> None:
    """From the log, and as it is recorded; the last event id passes what is not wanted."""
    monkeypatch.setattr(tail, "SILENCE", -1.0)
    monkeypatch.setattr(tail, "TURN", 0.05)
    source = EventSource()
    with ExitStack() as stack:
        if not is_late:
            steps = stack.enter_context(following(served.client, source, **wanted))
            next(steps)
        established = [
            act("body.established", "2020", body=body, name=body, classification="organ")
            for body in ("guild", "lodge")
        ]
        renamed = act("body.renamed", "2021", body="guild", name="Great Guild")
        for acts in (established, [renamed]):
            served.client.post("/v1/decisions", json={"acts": acts}).raise_for_status()
        if is_late:
            steps = stack.enter_context(following(served.client, source, **wanted))
        await_position(steps, source, 5)
    assert [int(id_) for id_, _, _ in source.events] == told


def test_a_silent_stream_shows_that_it_lives(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "SILENCE", 0.01)
    monkeypatch.setattr(tail, "TURN", 0.05)
    source = EventSource()
    with following(served.client, source) as steps:
        while source.comments < 3:
            next(steps)
    assert source.events == []


@pytest.mark.parametrize(
    ("address", "last_event_id", "problem"),
    [
        (f"{STREAM}?after=3", None, "future"),
        (STREAM, "3", "future"),
        (STREAM, "three", "parameter"),
        (f"{STREAM}?after=-1", None, "parameter"),
        (f"{STREAM}?after=oldest", None, "parameter"),
        (f"{STREAM}?since=1", None, "parameter"),
        (f"{STREAM}?type=%00", None, "parameter"),
        (f"{STREAM}?form=xml", None, "parameter"),
    ],
)
def test_what_cannot_be_followed_is_a_problem(
    served: Served, address: str, last_event_id: str | None, problem: str
) -> None:
    served.found("guild")
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    response = served.client.get(address, headers=headers)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:curule:problem:{problem}"


def test_who_is_slow_holds_nobody_up_and_misses_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More is recorded than is kept for those who lag, and than a connection holds."""
    monkeypatch.setattr(tail, "KEPT", 20_000)
    monkeypatch.setattr(tail, "PIECE", 5_000)
    monkeypatch.setattr(tail, "SILENCE", 1_000.0)
    host, port = served.client.base_url.host, served.client.base_url.port
    with closing(socket.socket()) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.settimeout(PATIENCE)
        slow.connect((host, port))
        slow.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        quick = EventSource()
        with following(served.client, quick) as steps:
            for number in range(60):
                newest = served.found_many(100, f"body-{number}", area="x" * 500)
                await_position(steps, quick, newest)
        slowly = EventSource()
        for chunk in unchunked(slow):
            slowly.take(chunk)
            if slowly.last_event_id == str(newest):
                break
    assert [data.encode() for _, _, data in quick.events] == served.entries()
    assert slowly.events == quick.events


def unchunked(connection: socket.socket) -> Iterator[bytes]:
    """The body of a response in chunks."""
    with connection.makefile("rb") as arriving:
        assert arriving.readline() == b"HTTP/1.1 200 OK\r\n"
        while arriving.readline() != b"\r\n":
            pass
        while size := int(arriving.readline(), 16):
            yield arriving.read(size)
            assert arriving.readline() == b"\r\n"


def test_what_others_record_is_told_in_its_place(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two tellings, this process and another record by turns."""
    monkeypatch.setattr(tail, "PAUSE", 0.2)
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    log_url, source = f"sqlite:///{tmp_path / 'curule.db'}", EventSource()
    with (
        serving(elsewhere, ledger_url=log_url) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client,
        following(served.client, source) as steps,
    ):
        next(steps)
        for number in range(30):
            newest = served.found(f"body-{number}")
            newest = Served(client, elsewhere).found(f"other-{number}")
        await_position(steps, source, newest)
    assert [data.encode() for _, _, data in source.events] == served.entries()


# Cuts


def founding(number: int) -> dict[str, Any]:
    body = f"body-{number}"
    established = act("body.established", "2020", body=body, name=body, classification="organ")
    return {"id": f"founding-{number}", "acts": [established]}


@pytest.mark.usefixtures("shared")
def test_cut_and_resumed_under_load_it_sees_every_entry_once(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Two services record, and the stream is cut at any byte, and resumed from either."""
    shared: Env = request.getfixturevalue("shared")
    chance, source, cuts = random.Random(7), EventSource(), 0
    numbers, enough = itertools.count(), threading.Event()

    def write(service: Service) -> int:
        with service.client() as client:
            for written in itertools.count():
                if enough.is_set():
                    return written
                assert record(client, founding(next(numbers))).status_code == 201
        raise AssertionError

    with running(shared, tmp_path, "one", "two") as services, ExitStack() as stack:
        clients = [stack.enter_context(service.client()) for service in services]
        threads = stack.enter_context(ThreadPoolExecutor(WRITERS))
        stack.callback(enough.set)
        writing = [threads.submit(write, services[n % 2]) for n in range(WRITERS)]
        while cuts < CUTS:
            left = chance.randrange(1, 5_000)
            with following_raw(clients[chance.randrange(2)], source) as chunks:
                for chunk in chunks:
                    source.take(chunk[:left])
                    left -= len(chunk)
                    if left <= 0:
                        break
            source.cut()
            cuts += 1
        enough.set()
        written = sum(each.result() for each in writing)
        newest = 2 + 2 * written  # the services' key was first
        for client in clients:
            with following_raw(client, source) as chunks:
                while source.last_event_id != str(newest):
                    source.take(next(chunks))
            source.cut()
        entries = log_of(clients[1], newest)
    assert [int(id_) for id_, _, _ in source.events] == list(range(1, newest + 1))
    told = [(leaf_hash(data.encode()).hex(), kind) for _, kind, data in source.events]
    assert told == entries


@contextmanager
def following_raw(client: httpx.Client, source: EventSource) -> Iterator[Iterator[bytes]]:
    headers = {"Last-Event-ID": source.last_event_id} if source.last_event_id else {}
    with client.stream("GET", STREAM, headers=headers) as response:
        assert response.status_code == 200
        yield response.iter_raw()


def log_of(client: httpx.Client, newest: int) -> list[tuple[str, str]]:
    """The leaf hash and type of every entry, page by page."""
    found: list[tuple[str, str]] = []
    address = f"/v1/entries?limit=500&min_position={newest}"
    while address:
        page = client.get(address)
        assert page.status_code == 200, page.text
        entries = page.json()["entries"]
        found += [(each["leaf_hash"], each["entry"]["act"]["type"]) for each in entries]
        address = page.links.get("next", {}).get("url", "")
    return found


# The end


def test_streams_end_whole_when_the_service_stops(tmp_path: Path) -> None:
    """By Ctrl-C, with fifty of them open."""
    shared = {
        "CURULE_LEDGER": f"sqlite:///{tmp_path / 'curule.db'}",
        "CURULE_VAULT": f"sqlite:///{tmp_path / 'curule-vault.db'}",
    }
    with running(shared, tmp_path, "one") as (service,), ExitStack() as stack:
        host, port = httpx.URL(service.url).host, httpx.URL(service.url).port
        with service.client() as client:
            assert record(client, founding(1)).status_code == 201
        streams, sources = [], []
        for _ in range(50):
            connection = socket.create_connection((host, port or 0), PATIENCE)
            stack.callback(connection.close)
            ask = f"GET {STREAM} HTTP/1.1\r\nHost: {host}\r\n"
            ask += f"Authorization: Bearer {service.key}\r\n\r\n"
            connection.sendall(ask.encode())
            stream, source = unchunked(connection), EventSource()
            while source.last_event_id != "4":
                source.take(next(stream))
            streams.append(stream)
            sources.append(source)
        service.process.send_signal(signal.SIGINT)
        for stream, source in zip(streams, sources, strict=True):
            for chunk in stream:  # to the last chunk: a cut connection has none
                source.take(chunk)
            assert len(source.events) == 4
        assert service.process.wait(PATIENCE) == 0
    assert (tmp_path / "one.log").read_text().strip() == ""


def test_a_key_revoked_ends_its_stream(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SILENCE", 1_000.0)  # a stream that goes on is noticed as silent
    asked = {"name": "who follows", "role": "reader"}
    made = served.client.post("/v1/keys", json=asked).json()
    key, source = showing(made["key"]), EventSource()
    with served.client.stream("GET", STREAM, headers=key) as response:
        steps = map(source.take, response.iter_raw())
        await_position(steps, source, 2)
        revocation = served.client.post(f"/v1/keys/{made['id']}/revocation")
        assert revocation.status_code in (200, 201), revocation.text
        for _ in steps:
            pass
    assert served.client.get(STREAM, headers=key).status_code == 401


def test_a_key_that_expires_ends_its_stream(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no other stream; at the next turn, though nothing is recorded."""
    monkeypatch.setattr(tail, "TURN", 0.2)
    monkeypatch.setattr(tail, "SILENCE", 0.1)
    asked = [{"name": "who", "role": "reader", "expires": expires} for expires in ("1d", "2d")]
    short, long = (served.client.post("/v1/keys", json=each).json() for each in asked)
    ended, goes_on = EventSource(), EventSource()
    with (
        served.client.stream("GET", STREAM, headers=showing(short["key"])) as one,
        served.client.stream("GET", STREAM, headers=showing(long["key"])) as other,
    ):
        steps, others = map(ended.take, one.iter_raw()), map(goes_on.take, other.iter_raw())
        await_position(steps, ended, 4)
        await_position(others, goes_on, 4)
        tomorrow = keys.today() + timedelta(days=1)
        monkeypatch.setattr(keys, "today", lambda: tomorrow)
        for _ in steps:
            pass
        comments = goes_on.comments
        while goes_on.comments < comments + 10:
            next(others)
    assert served.client.get(STREAM, headers=showing(short["key"])).status_code == 401


def test_a_key_revoked_elsewhere_just_before_follows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes in because this service has not heard of it is sent away once it has."""
    monkeypatch.setattr(tail, "SILENCE", 1_000.0)
    monkeypatch.setattr(Ledger, "attend", lambda _: None)  # it would be heard of a little later
    with (
        serving(tmp_path) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client,
    ):
        made = client.post("/v1/keys", json={"name": "who", "role": "reader"}).json()
        with closing(Ledger(settings_in(tmp_path))) as other:
            other.recorder.record([Sent(keys.revocation(made["id"]), LOCAL)])
        with client.stream("GET", STREAM, headers=showing(made["key"])) as response:
            assert response.status_code == 200
            for _ in response.iter_raw():
                pass
        assert client.get(STREAM, headers=showing(made["key"])).status_code == 401


def test_a_stream_without_a_key_ends_with_the_first_key(tmp_path: Path) -> None:
    with (
        serving(tmp_path, anonymous=None) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client,
        client.stream("GET", STREAM) as response,
    ):
        chunks = response.iter_raw()
        assert next(chunks)
        new_key(settings_in(tmp_path), "reader")
        for _ in chunks:
            pass
        assert client.get(STREAM).status_code == 401


def test_a_stream_ends_whole_where_the_log_has_no_connection_left(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest, entries = served.found("guild"), Log.entries

    def crowded(log: Log, **asked: Any) -> Any:
        if asked.get("limit") == tail.PAGE:
            raise Crowded("all connections are in use")
        return entries(log, **asked)

    monkeypatch.setattr(Log, "entries", crowded)
    source = EventSource()
    with following(served.client, source) as steps:
        for _ in steps:
            pass
    assert source.last_event_id == "0"
    monkeypatch.undo()
    assert len(seen(served.client, newest).events) == 2


def test_what_is_wanted_in_many_ways_is_not_all_kept() -> None:
    entry = Sealed(1, 0, "body.renamed", ("body:guild",), b"{}", b"")
    piece = Piece([entry])
    wishes = [Wanted(types=frozenset({"body.renamed", f"other-{n}"})) for n in range(100)]
    told = {piece.told(each) for each in wishes}
    assert told == {wishes[0].told([entry])}
    assert len(piece._told) == SHARED


# CloudEvents, read by another implementation


def read(content: str) -> CloudEvent:
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, content.encode())
    event = from_structured_event(message, JSONFormat())
    assert isinstance(event, CloudEvent)
    return event


def test_entries_are_cloud_events_if_asked_for(served: Served) -> None:
    newest = served.found("guild", name="Gilde der Künste")
    key = served.client.get("/log/key").text
    taken, established = (json.loads(entry) for entry in served.entries())
    accept = {"Accept": "application/cloudevents+json"}
    one = served.client.get(f"/v1/entries/{newest}", headers=accept)
    assert one.headers["Content-Type"] == "application/cloudevents+json"
    assert one.headers["Ledger-Position"] == "2"
    event = read(one.text)
    assert event.get_id() == "2"
    assert event.get_source() == key.partition("+")[0]
    assert event.get_type() == "curule.body.established.v1"
    assert event.get_subject() == "body:guild"
    time = event.get_time()
    assert time is not None
    assert time.isoformat() == established["recorded_at"].replace("Z", "+00:00")
    assert event.get_extension("sequence") == "0000000000000000002"
    assert event.get_data() == established
    assert served.entries()[1].decode() in one.text

    accept = {"Accept": "application/cloudevents-batch+json, application/json;q=0.5"}
    some = served.client.get("/v1/entries", headers=accept)
    assert some.headers["Content-Type"] == "application/cloudevents-batch+json"
    batch = [read(json.dumps(each)) for each in some.json()]
    assert [each.get_data() for each in batch] == [taken, established]
    assert batch[0].get_subject() == f"decision:{taken['decision']}"

    source = seen(served.client, newest, form="cloudevent")
    assert [read(data).get_data() for _, _, data in source.events] == [taken, established]
    assert source.events[1][2] == one.text


def test_one_entry_is_what_the_list_has(served: Served) -> None:
    served.found("guild")
    listed = served.client.get("/v1/entries").json()["entries"]
    for position, each in enumerate(listed, 1):
        one = served.client.get(f"/v1/entries/{position}")
        answer = one.json()
        assert {name: answer[name] for name in each} == each
        assert answer["basis"]["position"] == 2
        assert served.client.get(answer["proof"]).status_code == 200
        tag = {"If-None-Match": one.headers["ETag"]}
        assert served.client.get(f"/v1/entries/{position}", headers=tag).status_code == 304
        other = {**tag, "Accept": "application/cloudevents+json"}
        assert served.client.get(f"/v1/entries/{position}", headers=other).status_code == 200
    assert served.client.get("/v1/entries/3").status_code == 404
    assert served.client.get("/v1/entries/1?position=0").status_code == 404
    assert served.client.get("/v1/entries/0").status_code == 422


@pytest.mark.parametrize(
    ("accept", "is_event"),
    [
        ("application/cloudevents+json", True),
        ("application/json;q=0.9, application/cloudevents+json", True),
        ("application/cloudevents+json;q=0.5, application/json", False),
        ("application/json, application/cloudevents+json", False),
        ("application/*", False),
        ("text/html, */*;q=0.1", False),
    ],
)
def test_a_client_says_which_form_it_prefers(served: Served, accept: str, is_event: bool) -> None:
    served.found("guild")
    answer = served.client.get("/v1/entries/1", headers={"Accept": accept})
    assert ("specversion" in answer.json()) == is_event
    assert answer.headers["Vary"] == "Authorization, Accept"


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/cloudevents+json;q=0", "application/cloudevents+json; q=many"],
)
def test_a_client_that_takes_no_form_gets_none(served: Served, accept: str) -> None:
    served.found("guild")
    answer = served.client.get("/v1/entries/1", headers={"Accept": accept})
    assert answer.status_code == 406


# The command


@contextmanager
def started(env: Env, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A command of `curule`, ended by Ctrl-C, as it is meant to be."""
    inherited = {name: value for name, value in os.environ.items() if "CURULE" not in name}
    with subprocess.Popen(
        [sys.executable, "-m", "service", *command],
        cwd=ROOT,
        env={**inherited, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().removesuffix("\n") for _ in range(count)]


def test_curule_follow_prints_each_entry_once_whatever_becomes_of_the_service(
    tmp_path: Path,
) -> None:
    env = {
        "CURULE_LEDGER": f"sqlite:///{tmp_path / 'curule.db'}",
        "CURULE_VAULT": f"sqlite:///{tmp_path / 'curule-vault.db'}",
        "CURULE_VIEWS": str(tmp_path / "curule-views.db"),
    }
    key = new_key(settings_of({k: env[k] for k in ("CURULE_LEDGER", "CURULE_VAULT")}, tmp_path))
    env["CURULE_KEY"] = key
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = str(one.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    printed: list[str] = []
    with (
        ExitStack() as stack,
        httpx.Client(base_url=url, headers=showing(key), trust_env=False) as client,
    ):
        for number in range(3):
            with started(env, "serve", "--port", port) as service:
                assert url in lines(service, 1)[0]
                if number == 0:
                    follower = stack.enter_context(started(env, "follow", "--url", url))
                assert record(client, founding(number)).status_code == 201
                printed += lines(follower, 2 if number else 4)
    with closing(Log(env["CURULE_LEDGER"])) as log:
        assert printed == [one.entry.decode() for one in log.entries()]
    # From the ledger itself, and what comes meanwhile.
    chosen = ["--after", "3", "--type", "body.established"]
    with started(env, "follow", *chosen) as here:
        assert lines(here, 3) == printed[3::2]
        with started(env, "serve", "--port", port) as service:
            assert url in lines(service, 1)[0]
            with httpx.Client(base_url=url, headers=showing(key), trust_env=False) as client:
                assert record(client, founding(9)).status_code == 201
        assert '"body-9"' in lines(here, 1)[0]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--after", "first"], 2),
        (["--url", "http://127.0.0.1:1"], 3),
        ([], 1),
    ],
)
def test_curule_follow_says_why_it_cannot(tmp_path: Path, options: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "follow", *options],
        check=False,
        cwd=ROOT,
        env={**os.environ, "CURULE_LEDGER": f"sqlite:///{tmp_path / 'curule.db'}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code
    assert done.stderr.startswith("curule: ")

"""Manners: what every answer has, how much a client may ask for, and the page that explains it."""

from __future__ import annotations

import gzip
import html.parser
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import httpx
import limits
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from domain.access import ANYBODY, Principal
from domain.acts import ACTS
from projections.views import TookTooLong, Views
from service import problems
from service.manners.answers import Answers
from service.manners.bounds import Bounds
from service.manners.connection import Connection
from service.manners.rates import Rates
from service.settings import Settings
from tests.serving import running, serving
from tests.test_problems import answer

ROOT: Final = Path(__file__).resolve().parent.parent
ORIGIN: Final = "https://page.example"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service with some fifty bodies."""
    acts = [
        {
            "type": "body.established",
            "effective": "2025-01-30",
            "body": f"branch-{number:02}",
            "name": f"Branch {number}",
            "classification": "branch",
        }
        for number in range(50)
    ]
    bounds = Bounds(origins=(ORIGIN,))
    with (
        serving(tmp_path_factory.mktemp("manners"), bounds=bounds) as url,
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
    ):
        client.post("/v1/decisions", json={"id": "branches", "acts": acts}).raise_for_status()
        yield client


# Headers


@pytest.mark.parametrize(
    "path", ["/v1/structure", "/nothing", "/livez", "/log/checkpoint", "/docs", "/v1/structure?x=1"]
)
def test_every_answer_has_its_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers.get_list("Server") == ["Curule"]
    assert "Strict-Transport-Security" not in headers, "it was not served by TLS"
    assert headers["Cache-Control"]
    assert len(headers.get_list("Cache-Control")) == 1


def test_what_is_served_by_tls_is_asked_for_by_tls_from_then_on() -> None:
    transport = httpx.ASGITransport(Answers(PlainTextResponse("here")))

    async def ask(url: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(url)

    secure = anyio.run(ask, "https://curule.example")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in anyio.run(ask, "http://curule.example").headers


def test_nothing_is_kept_unless_it_is_said(client: httpx.Client) -> None:
    kept = {
        "/livez": "no-store",
        "/nothing": "no-store",
        "/v1/structure": "private, no-cache",
        "/log/tile/0/000.p/51": "max-age=31536000, immutable",
        "/docs": "max-age=300",
    }
    told = {path: client.get(path).headers["Cache-Control"] for path in kept}
    assert told == kept
    assert client.post("/v1/decisions", json={}).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/v1/structure", "/livez", "/docs", "/log/key", "/nothing"])
def test_head_is_get_without_what_follows(client: httpx.Client, path: str) -> None:
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    for header in ("Content-Type", "ETag", "Content-Location", "Cache-Control"):
        assert head.headers.get(header) == whole.headers.get(header)


# Long answers


def test_long_answers_are_compressed_for_who_takes_it(client: httpx.Client) -> None:
    path = "/v1/structure?position=51"
    small = client.get(path, headers={"Accept-Encoding": "gzip"})
    large = client.get(path, headers={"Accept-Encoding": "identity"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in large.headers
    assert int(small.headers["Content-Length"]) < int(large.headers["Content-Length"]) / 4
    assert small.json() == large.json()
    assert (
        small.headers["Vary"] == large.headers["Vary"] == "Authorization, Accept-Encoding, Origin"
    )


def test_an_answer_is_known_in_either_form(client: httpx.Client) -> None:
    path = "/v1/structure?position=51"
    tags = set()
    for encoding in ("gzip", "identity"):
        tags.add(client.get(path, headers={"Accept-Encoding": encoding}).headers["ETag"])
    (tag,) = tags
    assert tag.startswith('W/"'), "bytes differ, so that it is weak"
    for encoding in ("gzip", "identity"):
        headers = {"Accept-Encoding": encoding, "If-None-Match": tag}
        assert client.get(path, headers=headers).status_code == 304


def test_what_is_short_or_exact_is_sent_as_it_is(client: httpx.Client) -> None:
    for path in ("/livez", "/log/key", "/log/tile/entries/000.p/51", "/log/tile/0/000.p/51"):
        response = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert response.status_code == 200, path
        assert "Content-Encoding" not in response.headers, path
    bundle = client.get("/log/tile/entries/000.p/51", headers={"Accept-Encoding": "identity"})
    assert len(gzip.compress(bundle.content)) < len(bundle.content) / 2, "it would have paid"


# Pages


def test_every_page_but_the_first_leads_back_to_it(client: httpx.Client) -> None:
    first = client.get("/v1/bodies", params={"limit": 20, "classification": "branch"})
    assert set(first.links) == {"next"}
    second = client.get(first.links["next"]["url"])
    third = client.get(second.links["next"]["url"])
    assert (set(second.links), set(third.links)) == ({"first", "next"}, {"first"})
    ids = [each["id"] for page in (first, second, third) for each in page.json()["bodies"]]
    assert ids == [f"branch-{number:02}" for number in range(50)]
    for page in (second, third):
        again = client.get(page.links["first"]["url"])
        assert again.json() == first.json()
        assert again.headers["ETag"] == first.headers["ETag"], "the very same question"


# Origins


def test_a_browser_lets_no_page_read_unless_its_origin_is_named(client: httpx.Client) -> None:
    named = client.get("/livez", headers={"Origin": ORIGIN})
    assert named.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Ledger-Position" in named.headers["Access-Control-Expose-Headers"]
    other = client.get("/livez", headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]
    failed = client.get("/nothing", headers={"Origin": ORIGIN})
    assert failed.headers["Access-Control-Allow-Origin"] == ORIGIN, "problems can be read, too"


def test_origins_are_named_by_settings_alone(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
        plain = httpx.get(f"{url}/livez", headers=asked, trust_env=False)
        preflight = httpx.options(f"{url}/livez", headers=asked, trust_env=False)
    assert preflight.status_code == 405
    for response in (plain, preflight):
        assert not [each for each in response.headers if each.startswith("access-control")]


# Settings


def test_requests_are_counted_where_others_than_this_machine_are_served() -> None:
    settings = Settings()
    assert Bounds.of(settings, "127.0.0.1").rate is None
    assert Bounds.of(settings, "::1").rate is None
    everywhere = Bounds.of(settings, "0.0.0.0").rate  # noqa: S104
    assert everywhere == limits.parse("600/minute")
    assert Bounds.of(Settings(rate_limit="off"), "192.0.2.1").rate is None
    assert Bounds.of(Settings(rate_limit="5/second"), "127.0.0.1").rate == limits.parse("5/second")


@pytest.mark.parametrize(
    ("named", "variable"),
    [
        ({"rate_limit": "many"}, "CURULE_RATE_LIMIT"),
        ({"rate_limit": "0/minute"}, "CURULE_RATE_LIMIT"),
        ({"cors_origins": "https://page.example *"}, "CURULE_CORS_ORIGINS"),
        ({"cors_origins": "https://page.example/path"}, "CURULE_CORS_ORIGINS"),
        ({"cors_origins": "page.example"}, "CURULE_CORS_ORIGINS"),
    ],
)
def test_a_setting_that_is_wrong_is_named(named: dict[str, Any], variable: str) -> None:
    with pytest.raises(ValueError, match=variable):
        Bounds.of(Settings(**named), "127.0.0.1")


def test_serve_says_which_setting_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURULE_RATE_LIMIT", "many")
    command = [sys.executable, "-m", "service", "serve", "--port", "0"]
    done = subprocess.run(
        command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "CURULE_RATE_LIMIT is 'many': give it as 600/minute, or off" in done.stderr
    assert not list(tmp_path.iterdir())


# Who sends how much


async def here(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=204)(scope, receive, send)


def asks(rates: Rates, **more: Any) -> int:
    """The status that somebody gets who asks."""
    scope = {"type": "http", "method": "GET", "path": "/v1/bodies", "headers": [], "state": {}}
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def ask() -> None:
        await rates({**scope, **more}, receive_nothing, send)

    anyio.run(ask)
    return int(told[0]["status"])


async def receive_nothing() -> Any:
    raise AssertionError("nobody reads a body here")


def test_each_address_is_counted_for_itself() -> None:
    rates = Rates(here, limits.parse("1/hour"))
    assert asks(rates, client=("192.0.2.1", 1000)) == 204
    assert asks(rates, client=("192.0.2.1", 2000)) == 429
    assert asks(rates, client=("192.0.2.2", 1000)) == 204


def test_a_network_of_ipv6_is_one_client() -> None:
    rates = Rates(here, limits.parse("1/hour"))
    assert asks(rates, client=("2001:db8::1", 1000)) == 204
    assert asks(rates, client=("2001:db8::ffff:2", 1000)) == 429
    assert asks(rates, client=("2001:db8:0:1::1", 1000)) == 204


def test_who_has_a_key_is_counted_by_it_wherever_they_are() -> None:
    rates = Rates(here, limits.parse("1/hour"))

    def of(name: str, address: str) -> dict[str, Any]:
        principal = Principal(name, frozenset(), None, is_key=True)
        return {"state": {"principal": principal}, "client": (address, 1000)}

    assert asks(rates, **of("ada", "192.0.2.1")) == 204
    assert asks(rates, **of("ada", "192.0.2.2")) == 429
    assert asks(rates, **of("bob", "192.0.2.1")) == 204
    everybody = {"principal": ANYBODY}
    assert asks(rates, state=everybody, client=("192.0.2.1", 1)) == 204, "without a key: by address"
    assert asks(rates, state=everybody, client=("192.0.2.3", 1)) == 204


@pytest.mark.parametrize("path", ["/livez", "/log/tile/0/000", "/log/tile/entries/000"])
def test_tiles_and_signs_of_life_are_not_counted(path: str) -> None:
    rates = Rates(here, limits.parse("1/hour"))
    assert [asks(rates, path=path, client=("192.0.2.1", 1)) for _ in range(3)] == [204] * 3


# Time


async def length(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of what it was sent."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@pytest.mark.parametrize(
    ("media_type", "status"), [("application/json", 408), ("application/jsonl", 200)]
)
def test_a_stream_may_take_its_time_if_only_it_goes_on(media_type: str, status: int) -> None:
    with running(Answers(length), Bounds(arriving=1.0)) as url:
        port = urlsplit(url).port
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            head = f"POST / HTTP/1.1\r\nContent-Type: {media_type}\r\nContent-Length: 12\r\n\r\n"
            connection.sendall(head.encode())
            for _ in range(6):
                time.sleep(0.3)
                try:
                    connection.sendall(b"{}")
                except OSError:  # it was answered, and closed
                    break
            assert answer(connection).status_code == status


def test_who_begins_no_request_is_not_waited_for() -> None:
    with (
        running(Answers(length), Bounds(arriving=0.2)) as url,
        socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=30) as connection,
    ):
        assert connection.recv(1) == b""


class Endless:
    """An answer without an end, and whether it was given up."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65_536
                await anyio.lowlevel.checkpoint()

        try:
            await StreamingResponse(chunks())(scope, receive, send)
        finally:
            if scope["type"] == "http":
                self.ended.set()


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as a server has lost a connection, or given it up."""
    lost, losing = threading.Event(), Connection.connection_lost

    def noted(connection: Connection, error: Exception | None) -> None:
        losing(connection, error)
        lost.set()

    monkeypatch.setattr(Connection, "connection_lost", noted)
    return lost


def test_who_takes_nothing_of_an_answer_is_not_waited_for(lost: threading.Event) -> None:
    endless = Endless()
    with (
        running(Answers(endless), Bounds(taking=0.3)) as url,
        socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=30) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert endless.ended.wait(30)
        assert lost.wait(30)


def test_who_takes_an_answer_slowly_is_waited_for() -> None:
    endless = Endless()
    with (
        running(Answers(endless), Bounds(taking=1.0)) as url,
        socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=30) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            time.sleep(0.1)
            assert connection.recv(1_000_000)
        assert not endless.ended.is_set()


def test_who_does_not_take_the_last_of_an_answer_is_not_waited_for(
    lost: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left after the last byte was sent keeps no connection either."""
    length = 64 * 1024 * 1024

    making = Connection.connection_made

    def made(connection: Connection, transport: Any) -> None:
        making(connection, transport)
        transport.set_write_buffer_limits(high=2 * length)  # as if it were but the last little

    monkeypatch.setattr(Connection, "connection_made", made)

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"x" * length, headers={"Connection": "close"})(scope, receive, send)

    with (
        running(Answers(large), Bounds(taking=0.3)) as url,
        socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=30) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lost.wait(30)


def test_what_takes_too_long_is_interrupted_in_the_middle(tmp_path: Path) -> None:
    views = Views(tmp_path / "views.db")
    counting = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
        " SELECT count(*) FROM n"
    )
    with pytest.raises(TookTooLong), views.reading(0.05) as connection:
        connection.exec_driver_sql(counting.format(10**8))
    with views.reading(0.05) as connection:
        time.sleep(0.1)
        with pytest.raises(TookTooLong):
            connection.exec_driver_sql("SELECT 1")
    with views.reading() as connection:  # the connection is as good as before
        assert connection.exec_driver_sql(counting.format(10**6)).scalar() == 10**6
    views.close()


# The page


class Page(html.parser.HTMLParser):
    """The elements of a page: its anchors, what it links to, and what it would run or load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag not in ("meta", "link"):
            self.open.append(tag)
        assert not [name for name in given if name.startswith("on") or name == "style"], given
        if "id" in given:
            self.anchors.append(given["id"])
        if "href" in given:
            (self.links if tag == "a" else self.loaded).add(given["href"])
        self.loaded |= {given["src"]} if "src" in given else set()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(client: httpx.Client) -> Page:
    response = client.get("/docs")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return Page(response.text)


def test_the_page_needs_no_script_and_nobody_else(client: httpx.Client, page: Page) -> None:
    assert page.open == []
    assert page.tags.isdisjoint({"script", "style", "iframe", "object", "img", "form"})
    assert page.loaded == {"/docs/style.css", "data:,"}
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src data:;")
    style = client.get("/docs/style.css")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert not re.search(r"url\(|@import|//(?!\*)", style.text)
    assert "prefers-color-scheme: dark" in style.text


def test_every_link_of_the_page_leads_somewhere(client: httpx.Client, page: Page) -> None:
    assert len(set(page.anchors)) == len(page.anchors)
    inside = {each.removeprefix("#") for each in page.links if each.startswith("#")}
    assert inside <= set(page.anchors)
    for each in page.links:
        if not each.startswith("#"):
            assert client.get(each).status_code == 200, each


def test_the_page_tells_every_path_act_object_and_problem(client: httpx.Client, page: Page) -> None:
    document = client.get("/openapi.json").json()
    text = client.get("/docs").text
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"{method.upper()}</b> <code>{path}</code>" in text
    assert set(ACTS) <= set(page.anchors)
    told = {f"problem-{each.name}" for each in problems.KINDS}
    assert told <= set(page.anchors)
    acts = document["components"]["schemas"]["Decision"]["properties"]["acts"]["items"]
    schemas = {each.rpartition("/")[2] for each in acts["discriminator"]["mapping"].values()}
    assert set(document["components"]["schemas"]) - schemas <= set(page.anchors)


def test_there_is_no_other_page(client: httpx.Client) -> None:
    assert client.get("/redoc").status_code == 404

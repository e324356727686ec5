"""Problems: whatever goes wrong is told by a document of a type that is documented."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import limits
import pytest

from service import problems
from service.client import Unanswered, decisions
from service.manners.bounds import HEAD, Bounds
from service.manners.requests import REPEATABLE
from service.recording.members import named_twice
from tests.ledgers import act
from tests.serving import serving
from tests.test_door import established, registered

BOUNDS: Final = Bounds(body=10_000, arriving=0.3, connections=30, origins=("https://page.example",))
DECISION: Final = {
    "id": "founding",
    "title": "Founded",
    "acts": [
        {
            "type": "body.established",
            "effective": "2025-01-30",
            "body": "club",
            "name": "Club",
            "classification": "association",
        }
    ],
}


@dataclass(frozen=True)
class Service:
    """A service and a client of it."""

    client: httpx.Client
    port: int

    def raw(self, *pieces: bytes) -> httpx.Response:
        """Send bytes as they are, and read the first answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return answer(connection)

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        told: dict[str, Any] = self.client.get("/openapi.json").json()
        return told


def answer(connection: socket.socket) -> httpx.Response:
    """The answer that comes on a connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65_536)
        assert more, f"the connection ends after {received!r}"
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = httpx.Headers(
        [(name, value) for name, _, value in (x.partition(": ") for x in lines)]
    )
    length = int(headers["content-length"])
    while len(body) < length:
        body += connection.recv(65_536)
    return httpx.Response(int(status.split()[1]), headers=headers, content=body)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("service")
    with (
        serving(directory, bounds=BOUNDS) as url,
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
    ):
        client.post("/v1/decisions", json=DECISION).raise_for_status()
        yield Service(client, urlsplit(url).port or 0)


def assert_problem(response: httpx.Response, name: str) -> dict[str, Any]:
    """A problem document as it is documented, with the headers of every answer."""
    (kind,) = (each for each in problems.KINDS if each.name == name)
    assert response.status_code == kind.status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in response.headers) == (kind.status in (408, 429, 503))
    assert ("Allow" in response.headers) == (kind.status == 405)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    told: dict[str, Any] = response.json()
    assert told["type"] == f"urn:curule:problem:{name}"
    assert (told["title"], told["status"]) == (kind.title, kind.status)
    assert told["detail"]
    return told


# The types


def test_every_type_is_named_once_and_says_when_and_what_to_do() -> None:
    names = [each.name for each in problems.KINDS]
    assert len(set(names)) == len(names)
    constants = {each for each in vars(problems).values() if isinstance(each, problems.Kind)}
    assert constants == set(problems.KINDS)
    for each in problems.KINDS:
        assert each.when.endswith("."), each
        assert each.remedy.endswith("."), each


# What no application sees


HEADERS: Final = b"Host: curule\r\nContent-Type: application/json\r\n"
POST: Final = b"POST /v1/decisions HTTP/1.1\r\n" + HEADERS

UNREADABLE: Final = {
    "no HTTP": (b"good morning\r\n\r\n", "not-http"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not-http"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not-http"),
    "an address that is not ASCII": ("GET /é HTTP/1.1\r\n\r\n".encode(), "not-http"),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "not-http"),
    "a length and chunks": (
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "not-http",
    ),
    "a chunk that is none": (POST + b"Transfer-Encoding: chunked\r\n\r\nnone\r\n", "not-http"),
    "a long header": (POST + b"X-Long: " + b"x" * HEAD + b"\r\n\r\n", "head-too-large"),
    "a header without end": (POST + b"X-Long: " + b"x" * HEAD, "head-too-large"),
    "many headers": (POST + b"X-Many: 1\r\n" * 101 + b"\r\n", "head-too-large"),
    "a long address": (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", "head-too-large"),
    "a head that does not end": (b"GET /livez HTTP/1.1\r\nHo", "late"),
    "a body that does not come": (POST + b"Content-Length: 2\r\n\r\n", "late"),
    "a body that does not end": (POST + b"Content-Length: 20\r\n\r\n{", "late"),
    "chunks that do not end": (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "late"),
    "a body too long, as it says": (POST + b"Content-Length: 10001\r\n\r\n", "too-large"),
    "one that would wait to be asked for": (
        POST + b"Expect: 100-continue\r\nContent-Length: 10001\r\n\r\n",
        "too-large",
    ),
    "chunks too long": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n2711\r\n" + b" " * 10_001 + b"\r\n",
        "too-large",
    ),
    "a path that is not UTF-8": (b"GET /v1/bodies/%ff HTTP/1.1\r\n\r\n", "not-found"),
    "a query that is not UTF-8": (b"GET /v1/bodies?q=%ff HTTP/1.1\r\n\r\n", "parameter"),
    "no path": (b"OPTIONS * HTTP/1.1\r\n\r\n", "not-found"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_told_as_a_problem(service: Service, case: str) -> None:
    sent, name = UNREADABLE[case]
    assert_problem(service.raw(sent), name)
    assert service.client.get("/livez").json() == {"status": "alive"}


def test_what_is_wrong_after_a_request_does_not_disturb_its_answer(service: Service) -> None:
    response = service.raw(b"GET /v1/structure HTTP/1.1\r\n\r\n", b"good morning\r\n\r\n")
    assert response.status_code == 200
    assert [each["id"] for each in response.json()["bodies"]] == ["club"]


def test_one_client_too_many_is_told_to_come_back(service: Service) -> None:
    service.client.get("/livez")
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as first:
        first.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        assert answer(first).status_code == 200
        others = [
            socket.create_connection(("127.0.0.1", service.port), timeout=30)
            for _ in range(BOUNDS.connections)
        ]
        try:
            others[-1].sendall(b"GET /livez HTTP/1.1\r\n\r\n")
            assert_problem(answer(others[-1]), "busy")
        finally:
            for each in others:
                each.close()
    assert service.raw(b"GET /livez HTTP/1.1\r\n\r\n").status_code == 200


# Every path


def paths(service: Service) -> Iterator[tuple[str, set[str]]]:
    """Every path, with something in place of what it names, and its methods."""
    for path, methods in service.document()["paths"].items():
        yield path.replace("{", "").replace("}", ""), {each.upper() for each in methods}


def test_no_path_takes_parameters_that_it_does_not_know(service: Service) -> None:
    hidden = [(path, {"GET"}) for path in ("/docs", "/docs/style.css", "/openapi.json")]
    for path, methods in [*paths(service), *hidden]:
        for method in methods:
            response = service.client.request(method, f"{path}?nonsense=1", json={})
            told = assert_problem(response, "parameter")
            assert "nonsense" in {each["parameter"] for each in told["errors"]}, (method, path)


def test_no_path_takes_a_parameter_twice(service: Service) -> None:
    for path, operations in service.document()["paths"].items():
        for method, operation in operations.items():
            for each in operation.get("parameters", ()):
                if each["in"] == "query" and (path, each["name"]) not in REPEATABLE:
                    name = each["name"]
                    twice = f"{path.replace('{', '').replace('}', '')}?{name}=1&{name}=1"
                    told = assert_problem(service.client.request(method, twice), "parameter")
                    assert told["errors"] == [{"parameter": name, "message": "it is given 2 times"}]


def test_a_question_has_so_many_parameters_at_most(service: Service) -> None:
    many = "&".join(f"p{number}=1" for number in range(33))
    told = assert_problem(service.client.get(f"/v1/structure?{many}"), "parameter")
    assert told["detail"] == "a request has at most 32 parameters"


def test_every_path_tells_which_methods_it_has(service: Service) -> None:
    for path, methods in paths(service):
        allowed = methods | ({"HEAD"} if "GET" in methods else set())
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - allowed:
            response = service.client.request(method, path)
            assert_problem(response, "method-not-allowed")
            told = set(response.headers["Allow"].split(", "))
            assert told == allowed, (method, path)


def test_a_page_is_as_long_as_it_may_be(service: Service) -> None:
    lists = [
        path
        for path, operations in service.document()["paths"].items()
        if any(each["name"] == "limit" for each in operations.get("get", {}).get("parameters", ()))
    ]
    assert len(lists) >= 12
    for path in lists:
        found = service.client.get(path, params={"limit": 500})
        assert found.status_code == (404 if "{" in path else 200)  # nothing has such a name
        told = assert_problem(service.client.get(path, params={"limit": 501}), "parameter")
        assert [each["parameter"] for each in told["errors"]] == ["limit"]
        assert "500" in told["detail"]


# JSON


MEMBERS: Final = {
    '{"a": 1, "a": 1}': "/a",
    '{"a": {"b": [0, {"c": 1, "d": 2, "c": 3}]}}': "/a/b/1/c",
    '{"a/b": {"~": 1, "~": 2}}': "/a~1b/~0",
    '{"a": 1, "\\u0061": 2}': "/a",
    '{"a": {"x": 1, "x": 2}, "a": 3}': "/a",
    '{"a": {"x": 1}, "b": {"x": 1}}': None,
    "[1, 2": None,
    "[" * 100_000: None,
}


@pytest.mark.parametrize("document", MEMBERS)
def test_a_member_named_twice_is_found(document: str) -> None:
    assert named_twice(document) == MEMBERS[document]


@pytest.mark.parametrize(
    ("path", "document", "pointer"),
    [
        ("/v1/decisions", '{"acts": [], "title": "One", "title": "Two"}', "/title"),
        ("/v1/decisions", '{"acts": [{"type": "x", "note": "a", "note": "b"}]}', "/acts/0/note"),
        ("/v1/decisions?dry_run=true", '{"id": "a", "id": "b", "acts": []}', "/id"),
        ("/v1/people/p/erasure", '{"ground": "a", "ground": "b"}', "/ground"),
        ("/v1/decisions", '{"id": "a", "acts": [NaN]}', "/acts/0"),
        (
            "/v1/decisions",
            '{"id": "a", "acts": [{"type": "entry.retracted", "entry": Infinity}]}',
            "",
        ),
        ("/v1/decisions", '{"id": "a", "acts": ' + "[" * 400 + "]" * 400 + "}", ""),
        ("/v1/decisions", '{"title": "\\ud800", "acts": []}', ""),
        ("/v1/decisions", '"', ""),
    ],
)
def test_json_that_means_nothing_certain_is_malformed(
    service: Service, path: str, document: str, pointer: str
) -> None:
    headers = {"Content-Type": "application/json"}
    response = service.client.post(path, content=document, headers=headers)
    told = assert_problem(response, "malformed")
    assert any(each["pointer"].startswith(pointer) for each in told["errors"]), told


def test_a_file_names_each_member_once(tmp_path: Path) -> None:
    lines = '{"id": "one", "acts": []}\n{"id": "two", "acts": [{"note": "a", "note": "b"}]}\n'
    found = decisions(lines, "history.jsonl")
    assert next(found)[1]["id"] == "one"
    with pytest.raises(Unanswered, match=r"history.jsonl, line 2: /acts/0/note is named twice"):
        next(found)


# What else goes wrong


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, None),
        ({"Content-Type": 'application/json; charset="UTF-8"'}, None),
        ({"Content-Type": "application/json; charset=latin-1"}, "media-type"),
        ({"Content-Type": "application/json", "Content-Encoding": "identity"}, None),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "media-type"),
        ({"Content-Type": "text/plain"}, "media-type"),
        ({}, "media-type"),
    ],
)
def test_only_json_in_utf8_is_taken(
    service: Service, headers: dict[str, str], name: str | None
) -> None:
    body = json.dumps(DECISION).encode()
    response = service.client.post("/v1/decisions", content=body, headers=headers)
    if name is None:
        assert response.status_code == 200, response.text
    else:
        assert_problem(response, name)


@pytest.mark.parametrize(
    ("accept", "is_taken"),
    [
        ("application/json", True),
        ("*/*", True),
        ("application/*", True),
        ("text/html, application/xhtml+xml, */*;q=0.8", True),
        ("text/html, application/json;q=0.1", True),
        ("", True),
        ("text/html", False),
        ("application/problem+json", False),
        ("application/json;q=0, */*", False),
        ("*/*;q=0", False),
    ],
)
def test_who_accepts_no_json_gets_none(service: Service, accept: str, is_taken: bool) -> None:
    headers = {"Accept": accept}
    asked = service.client.get("/v1/structure", headers=headers)
    newest = int(service.client.get("/v1/structure").headers["Ledger-Position"])
    sent = service.client.post(
        "/v1/decisions",
        json={"acts": [{"type": "person.registered", "effective": "2025", "name": "A"}]},
        headers=headers,
    )
    if is_taken:
        assert (asked.status_code, sent.status_code) == (200, 201)
    else:
        assert_problem(asked, "not-acceptable")
        assert_problem(sent, "not-acceptable")
        after = service.client.get("/v1/structure").headers["Ledger-Position"]
        assert int(after) == newest, "nothing was recorded"


@pytest.mark.parametrize("path", ["/log/checkpoint", "/docs"])
def test_other_forms_are_accepted_where_they_are_given(service: Service, path: str) -> None:
    given = service.client.get(path).headers["Content-Type"].partition(";")[0]
    assert service.client.get(path, headers={"Accept": given}).status_code == 200
    refused = service.client.get(path, headers={"Accept": "application/json"})
    assert given in assert_problem(refused, "not-acceptable")["detail"]


def test_a_problem_is_told_whatever_is_accepted(service: Service) -> None:
    assert_problem(service.client.get("/nothing", headers={"Accept": "text/html"}), "not-found")


def test_a_question_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    with (
        serving(tmp_path, answer_seconds=1e-6) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        assert client.post("/v1/decisions", json=DECISION).status_code == 201
        for path in ("/v1/structure", "/v1/bodies/club", "/v1/bodies/club/history"):
            assert_problem(client.get(path), "took-too-long")


def test_who_sends_too_much_is_told_to_wait(tmp_path: Path) -> None:
    bounds = Bounds(rate=limits.parse("2/hour"))
    with (
        serving(tmp_path, bounds=bounds) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        answers = [client.get("/v1/structure"), client.head("/nothing"), client.get("/docs")]
        assert [each.status_code for each in answers] == [200, 404, 429]
        assert_problem(answers[2], "rate-limit")
        assert {each.headers["RateLimit-Policy"] for each in answers} == {'"default";q=2;w=3600'}
        left = [each.headers["RateLimit"].rpartition(";t=")[0] for each in answers]
        assert left == ['"default";r=1', '"default";r=0', '"default";r=0']
        seconds = answers[2].headers["RateLimit"].rpartition(";t=")[2]
        assert seconds == answers[2].headers["Retry-After"]
        assert client.get("/livez").status_code == 200


def test_a_page_of_another_origin_is_told_that_it_may_not(service: Service) -> None:
    def preflight(origin: str, method: str, header: str = "content-type") -> httpx.Response:
        asks = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": header}
        return service.client.options("/v1/decisions", headers={"Origin": origin, **asks})

    assert preflight("https://page.example", "POST").status_code == 204
    assert_problem(preflight("https://other.example", "POST"), "origin")
    assert_problem(preflight("https://page.example", "DELETE"), "origin")
    assert_problem(preflight("https://page.example", "POST", "x-other"), "origin")


def test_a_defect_is_told_and_logged(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("service.ledger.Ledger.structure", fail)
    told = assert_problem(service.client.get("/v1/structure"), "defect")
    assert "nobody thought of this" not in json.dumps(told)
    assert "nobody thought of this" in caplog.text


def test_what_breaks_very_many_rules_is_told_a_hundred_of_them(tmp_path: Path) -> None:
    """Who dissolves a body is told of those who are still to leave, and not of all at once."""
    people = [f"person-{number}" for number in range(150)]
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        founding = [
            established("club"),
            *(registered(each) for each in people),
            *(act("activist.admitted", "2021-01-01", person=each, body="club") for each in people),
        ]
        assert client.post("/v1/decisions", json={"acts": founding}).status_code == 201
        too_early = act("body.dissolved", "2020-06-01", body="club", manner="dissolved")
        refused = client.post("/v1/decisions", json={"acts": [too_early]})
        tried = client.post("/v1/decisions?dry_run=true", json={"acts": [too_early]})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "150 rules are broken; the first 100 are listed"
    assert len(refused.json()["violations"]) == len(tried.json()["violations"]) == 100

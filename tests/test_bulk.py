"""Many decisions in one request: a line each, a line in answer to each, as if posted one by one."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import LOCAL
from domain.entries import read
from service.api import application
from service.content import Values, opened, stored
from service.ledger import Ledger
from service.manners.bounds import BODY as BODY_LIMIT
from service.recording import bulk
from service.recording.bulk import Lines, Passage
from service.recording.recorder import Answer, Receipt, Refusal, Sent
from service.recording.writer import IN_ORDER
from service.settings import Settings
from tests.ledgers import act, decision, entries, ledger_in, told
from tests.serving import serving
from tests.strategies import examples

JSONL = {"Content-Type": "application/jsonl"}
PATIENCE = 60


def established(body: str, **envelope: Any) -> dict[str, Any]:
    acts = [act("body.established", "2020", body=body, name=body, classification="club")]
    return {**envelope, "acts": acts}


def admitted(person: str, body: str = "club", **envelope: Any) -> dict[str, Any]:
    acts = [
        act("person.registered", "2020", person=person, name=person.title()),
        act("activist.admitted", "2021", person=person, body=body),
    ]
    return {**envelope, "acts": acts}


def lines(*decisions: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in decisions)


@contextmanager
def client(directory: Path, log_url: str | None = None) -> Iterator[httpx.Client]:
    with (
        serving(directory, ledger_url=log_url) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as opened,
    ):
        yield opened


@pytest.fixture
def door(tmp_path: Path, log_url: str) -> Iterator[httpx.Client]:
    with client(tmp_path, log_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One ledger for all that does not mind what else is in it."""
    with client(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


def post(door: httpx.Client, content: Any, path: str = "", **headers: str) -> list[dict[str, Any]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = door.post(f"/v1/decisions{path}", content=content, headers=JSONL | named)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/jsonl"
    return [json.loads(line) for line in response.text.splitlines()]


def newest(door: httpx.Client) -> int:
    position: int = door.get("/v1/entries?limit=1").json()["basis"]["position"]
    return position


# Answers


def test_each_line_is_answered_in_order(door: httpx.Client) -> None:
    sent = lines(established("club", id="d1"), admitted("ann"), admitted("bo", id="d3"))
    first, second, third = answers = post(door, sent)
    assert [each["line"] for each in answers] == [1, 2, 3]
    assert [each["created"] for each in answers] == [True] * 3
    assert [each["position"] for each in answers] == [1, 3, 6]
    assert (first["decision"], third["decision"]) == ("d1", "d3")
    assert [each["type"] for each in second["entries"]] == [
        "person.registered",
        "activist.admitted",
    ]
    again = door.post("/v1/decisions", json=admitted("bo", id="d3"))
    assert again.status_code == 200
    assert {**again.json(), "line": 3, "created": True} == third
    assert [each["created"] for each in post(door, lines(established("club", id="d1")))] == [False]


def test_the_proofs_of_a_group_are_those_of_its_commit(door: httpx.Client) -> None:
    answers = post(door, lines(established("club"), *(admitted(f"p{n}") for n in range(20))))
    for each in answers:
        for one in (each, *each["entries"]):
            index = one["position"] - 1
            size = one["proof"].split("\n\n")[1].splitlines()[1]
            proof = door.get(f"/log/proof/inclusion?index={index}&size={size}")
            assert proof.text == one["proof"]


def test_a_later_line_builds_on_an_earlier_one(door: httpx.Client) -> None:
    retracted = [act("entry.retracted", entry={"decision": "d2", "act": 2}, reason="A mistake.")]
    answers = post(
        door,
        lines(
            established("club", id="d1"),
            admitted("ann", id="d2"),
            {"acts": [act("activist.admitted", "2022", person="ann", body="club")]},
            {"acts": [*retracted, act("activist.admitted", "2022", person="ann", body="club")]},
            {"acts": [act("remark.made", entry=2, text="Founded by acclamation.")]},
            {"acts": [act("decision.amended", decision="d1", vote={"eligible": 3})]},
            admitted("ann", id="d2"),
            established("other", id="d1"),
        ),
    )
    statuses = [each.get("status", each.get("created")) for each in answers]
    assert statuses == [True, True, 409, True, True, True, False, 409]
    assert answers[2]["violations"][0]["because"] == [5]
    assert answers[6]["position"] == answers[1]["position"] == 3
    assert answers[7]["violations"][0]["rule"] == "id_taken"


def test_a_wrong_line_is_a_problem_with_its_number(door: httpx.Client) -> None:
    content = b"\r\n".join(
        [
            json.dumps(established("club")).encode(),
            b"",
            b"{",
            b" \t",
            json.dumps({"acts": [{"type": "nonsense"}]}).encode(),
            b"\xff",
            json.dumps(established("other")).encode(),  # without an end of line
        ]
    )
    answers = post(door, content)
    assert [(each["line"], each.get("status")) for each in answers] == [
        (1, None), (3, 422), (5, 422), (6, 422), (7, None),
    ]  # fmt: skip
    assert answers[2]["errors"][0]["pointer"] == "/acts/0/type"
    assert newest(door) == 4


def test_a_line_has_the_limit_of_a_decision(shared: httpx.Client) -> None:
    long = b'{"title": "' + b"x" * BODY_LIMIT + b'"}\n'
    answers = post(shared, long + lines(established("after-a-long-line")))
    assert [each.get("status") for each in answers] == [413, None]
    assert answers[0]["line"] == 1


def test_with_stop_nothing_is_recorded_after_the_first_problem(door: httpx.Client) -> None:
    wrong: list[tuple[dict[str, Any], int]] = [(established("first"), 409), ({"acts": []}, 422)]
    for name, (each, status) in zip(("first", "second"), wrong, strict=True):
        at = newest(door)
        answers = post(door, lines(established(name), each, established("never")), "?stop=true")
        assert [answer.get("status") for answer in answers] == [None, status]
        assert newest(door) == at + 2
    answers = post(door, lines(established("first"), established("ever")))
    assert [each.get("status") for each in answers] == [409, None]


def test_nothing_sent_is_nothing_answered(shared: httpx.Client) -> None:
    assert post(shared, b"") == []
    assert post(shared, b"\n\n") == []


@pytest.mark.parametrize(
    ("path", "headers", "status", "kind", "what"),
    [
        ("?dry_run=true", {}, 422, "parameter", "dry_run"),
        ("?nonsense=1", {}, 422, "parameter", "nonsense"),
        ("?stop=perhaps", {}, 422, "parameter", "stop"),
        ("", {"If-Match": '"0"'}, 400, "header", "If-Match"),
        ("", {"If-Match": "*"}, 400, "header", "If-Match"),
        ("", {"Idempotency-Key": '"'}, 400, "header", "Idempotency-Key"),
    ],
)
def test_what_lines_cannot_have_is_refused(
    shared: httpx.Client, path: str, headers: dict[str, str], status: int, kind: str, what: str
) -> None:
    response = shared.post(
        f"/v1/decisions{path}", content=lines(established("refused")), headers=JSONL | headers
    )
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert problem["type"] == f"urn:curule:problem:{kind}"
    assert what in problem["detail"]
    assert what in problem["errors"][0].values()


def test_stop_is_for_lines(shared: httpx.Client) -> None:
    response = shared.post("/v1/decisions?stop=true", json=established("stopped"))
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "stop"


def test_each_line_has_the_key_of_its_place(door: httpx.Client) -> None:
    def unnamed(name: str) -> dict[str, Any]:
        return {"acts": [act("body.established", "2020", name=name, classification="club")]}

    sent = [unnamed("One"), unnamed("Two"), unnamed("Three")]
    first = post(door, lines(*sent[:2]), Idempotency_Key="k")
    again = post(door, lines(*sent), Idempotency_Key='"k"')
    assert [each["created"] for each in again] == [False, False, True]
    assert [each["decision"] for each in first] == [each["decision"] for each in again[:2]]
    (other,) = post(door, lines(unnamed("Other")), Idempotency_Key="k")
    assert (other["line"], other["type"]) == (1, "urn:curule:problem:key-reused")
    alone = door.post("/v1/decisions", json=sent[1], headers={"Idempotency-Key": "k/2"})
    assert (alone.status_code, alone.json()["decision"]) == (200, first[1]["decision"])


# Streaming


def send_slowly(url: str, chunks: Sequence[bytes]) -> Iterator[bytes]:
    """What is answered to each chunk, which is sent once the one before is answered."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(
            b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Type: application/jsonl\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        stream = connection.makefile("rb")
        for chunk in chunks:
            connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            while (line := stream.readline()) != b"\r\n" and not line.strip().isalnum():
                pass  # the head
            if line == b"\r\n":
                line = stream.readline()
            yield stream.read(int(line, 16) + 2)[:-2]


def test_lines_are_answered_while_others_are_sent(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        chunks = [lines(established(name)) for name in ("a", "b", "c")]
        answers = [json.loads(each) for each in send_slowly(url, chunks)]
    assert [(each["line"], each["position"]) for each in answers] == [(1, 1), (2, 3), (3, 5)]


async def answered_to(directory: Path, chunks: list[bytes], *, takes: bool) -> bytes:
    """What the application answers to a client who takes it once all is sent, or never.

    No socket is between them that could have room for some of it.
    """
    settings = Settings(
        ledger=f"sqlite:///{directory / 'log.db'}",
        vault=f"sqlite:///{directory / 'vault.db'}",
        views=directory / "views.db",
    )
    app = application(lambda: Ledger(settings), anonymous=LOCAL)
    is_taking, answer = asyncio.Event(), bytearray()

    async def receive() -> dict[str, Any]:
        body = chunks.pop(0)
        if takes and not chunks:
            is_taking.set()
        return {"type": "http.request", "body": body, "more_body": bool(chunks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        await is_taking.wait()
        answer.extend(message.get("body", b""))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/decisions",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/jsonl"),
            (b"transfer-encoding", b"chunked"),
        ],
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(app(scope, receive, send), PATIENCE)
    return bytes(answer)


def test_a_client_that_reads_after_it_has_sent_is_answered(tmp_path: Path) -> None:
    chunks = [lines(established("club"))]
    chunks += [lines(*(admitted(f"p{n}-{m}") for m in range(50))) for n in range(10)]
    answer = asyncio.run(answered_to(tmp_path, chunks, takes=True))
    assert [json.loads(each)["created"] for each in answer.splitlines()] == [True] * 501


def test_who_takes_no_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bulk, "WAITING", 1_000)
    monkeypatch.setattr(bulk, "AHEAD", 1_000)
    monkeypatch.setattr(bulk, "PATIENCE", 0.5)
    chunks = [lines(established(f"club-{n}")) for n in range(100)]
    with caplog.at_level(logging.WARNING, "service.recording.bulk"):
        assert asyncio.run(answered_to(tmp_path, chunks, takes=False)) == b""
    assert "is given up" in caplog.text
    assert len(chunks) > 50  # nothing more was read, either


def test_single_posts_take_turns_with_a_long_stream(tmp_path: Path) -> None:
    """They are recorded between its groups, and not after it."""
    many = 1_500
    content = lines(established("club"), *(admitted(f"p{n}") for n in range(many)))
    with client(tmp_path) as door, ThreadPoolExecutor(1) as threads:
        streamed = threads.submit(post, door, content)
        singles: list[int] = []
        while not streamed.done():
            response = door.post("/v1/decisions", json=established(f"single-{len(singles)}"))
            singles.append(response.json()["position"])
        positions = [each["position"] for each in streamed.result()]
        assert len(positions) == many + 1
        between = [each for each in singles if positions[0] < each < positions[-1]]
        assert len(between) >= 3
        assert newest(door) == 3 * many + 2 + 2 * len(singles)


def test_what_was_not_answered_may_be_sent_again(tmp_path: Path) -> None:
    content = lines(
        established("club", id="club"), *(admitted(f"p{n}", id=f"d{n}") for n in range(499))
    )
    with serving(tmp_path) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            head = b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Type: application/jsonl\r\n"
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(content) + content[:-999])
            answered = connection.recv(2**16)  # and it is gone
        with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as door:
            again = post(door, content)
            assert [each["line"] for each in again] == list(range(1, 501))
            assert {each["created"] for each in again} == {True, False}
            assert newest(door) == 2 + 3 * 499
            for line in answered.splitlines():
                if line.startswith(b'{"line"') and line.endswith(b"}"):
                    before = json.loads(line)
                    assert {**again[before["line"] - 1], "created": True} == before


def test_what_goes_wrong_ends_the_answer_with_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client(tmp_path) as door:
        told_first = post(door, lines(established("club")))
        with monkeypatch.context() as broken:
            broken.setattr("service.recording.recorder.Recorder.record_in_order", _fail)
            (told_last,) = post(door, lines(admitted("ann"), admitted("bo")))
        assert told_first[0]["created"]
        assert (told_last["line"], told_last["status"]) == (1, 500)
        assert post(door, lines(admitted("ann")))[0]["created"]


def _fail(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


@given(content=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60)), limit=st.integers(1, 12))
def test_lines_are_the_same_however_they_arrive(
    content: bytes, cuts: list[int], limit: int
) -> None:
    whole = [
        (number, line.strip() if len(line) <= limit else None)
        for number, line in enumerate(content.split(b"\n"), 1)
        if line.strip() or len(line) > limit
    ]
    lines_ = Lines(limit)
    ends = [0, *sorted(cuts), len(content)]
    found = [each for start, end in pairwise(ends) for each in lines_.take_in(content[start:end])]
    assert [*found, *lines_.end()] == whole


# As if one by one

PEOPLE = st.sampled_from(["ann", "bo", "cho"])
BODIES = st.sampled_from(["club", "board"])
DAYS = st.sampled_from(["2020-01-01", "2021-01-01", "2022-01-01"])
IDS = st.one_of(st.none(), st.sampled_from(["d1", "d2", "d3"]))


@st.composite
def decisions(draw: st.DrawFn) -> dict[str, Any]:
    """Decisions of which many build on each other, many are refused, and some come twice."""
    person, body, day = draw(PEOPLE), draw(BODIES), draw(DAYS)
    acts = {
        "established": act(
            "body.established", day, body=body, name=body, classification="club",
            purpose=draw(st.sampled_from(["Chess", "Tea"])),
        ),
        "registered": act("person.registered", day, person=person, name=person),
        "admitted": act("activist.admitted", day, person=person, body=body),
        "left": act("activist.left", day, person=person, body=body),
        "retracted": act("entry.retracted", entry=draw(st.integers(1, 12)), reason="Wrong."),
        "undone": act("entry.retracted", entry={"decision": "d1", "act": 1}, reason="Wrong."),
        "remarked": act("remark.made", entry=draw(st.integers(1, 12)), text="Doubtful."),
        "amended": act("decision.amended", decision="d2", vote={"eligible": 9}),
        "merged": act("person.merged", day, person="ann", into="bo"),
    }  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(sorted(acts)), min_size=1, max_size=3, unique=True))
    title = draw(st.sampled_from([None, "Decided"]))
    return {"id": draw(IDS), "title": title, "acts": [acts[each] for each in chosen]}


def content(ledger: Ledger) -> list[Any]:
    """What the log holds, but for time and salts."""
    found: dict[str, list[Any]] = {}
    for entry in entries(ledger):
        found.setdefault(entry.decision, []).append(entry)
    values: Values = ledger.vault.values
    ids = {name: f"…{number}" for number, name in enumerate(found) if len(name) >= 30}
    return [
        (
            [(one.position, one.type, one.number, one.recorded_by) for one in each],
            [sorted(named(tag, ids) for tag in one.tags) for one in each],
            opened(stored(each), values)
            if name.startswith("d")
            else opened(stored(each), values).acts,
        )
        for name, each in found.items()
    ]


def named(tag: str, ids: Mapping[str, str]) -> str:
    """A tag without the ids that the ledger gave, or its secret."""
    if tag.startswith("idempotency:"):
        return "idempotency"
    prefix, _, identity = tag.rpartition(":")
    return f"{prefix}:{ids.get(identity, identity)}"


def comparable(answer: Answer) -> Any:
    match answer:
        case Receipt():
            given = [(each.position, each.type, each.id) for each in answer.entries]
            return answer.position, answer.created, given
        case Refusal():
            return answer.violations
    return type(answer)


def in_order(ledger: Ledger, sent: Sequence[Sent]) -> list[Answer]:
    answers: list[Answer] = []
    while len(answers) < len(sent):
        answers += ledger.recorder.record_in_order(sent[len(answers) :])
    return answers


@examples(10)
@given(st.lists(decisions(), max_size=12), st.booleans())
def test_the_log_is_as_if_posted_one_by_one(given_: list[dict[str, Any]], keyed: bool) -> None:
    sent = [
        Sent(
            decision(*each["acts"], id=each["id"], title=each["title"]),
            LOCAL,
            f"k/{number // 2}" if keyed else None,  # so that some are reused
        )
        for number, each in enumerate(given_)
    ]
    with (
        tempfile.TemporaryDirectory() as here,
        tempfile.TemporaryDirectory() as there,
        ledger_in(Path(here)) as one,
        ledger_in(Path(there)) as other,
    ):
        singly = [answer for each in sent for answer in one.recorder.record([each])]
        together = in_order(other, sent)
        assert list(map(comparable, together)) == list(map(comparable, singly))
        assert content(other) == content(one)


def test_a_log_that_moves_is_judged_anew(tmp_path: Path, log_url: str) -> None:
    """Two processes send lines at once: what was answered stands there, and no seat twice."""
    with ledger_in(tmp_path, log_url) as one, ledger_in(tmp_path, log_url) as other:
        told(one, *established("club")["acts"])
        seats = [act("post.created", "2020", post=f"s{n}", body="club", label="S", seats=1)
                 for n in range(40)]  # fmt: skip
        told(one, *seats)
        told(one, *(act("person.registered", "2020", person=p, name=p) for p in ("ann", "bo")))
        start = threading.Barrier(2)

        def fill(ledger: Ledger, person: str) -> list[Answer]:
            start.wait(PATIENCE)
            sent = [
                Sent(decision(act("tenure.started", "2021", person=person, post=f"s{n}")), LOCAL)
                for n in range(40)
            ]
            answers: list[Answer] = []
            while len(answers) < len(sent):
                answers += ledger.recorder.record_in_order(sent[len(answers) :][:5])
            return answers

        with ThreadPoolExecutor(2) as threads:
            both = list(threads.map(fill, (one, other), ("ann", "bo")))
        for mine, theirs in zip(*both, strict=True):
            assert sorted([type(mine).__name__, type(theirs).__name__]) == ["Receipt", "Refusal"]
        for answer in (*both[0], *both[1]):
            if isinstance(answer, Receipt):
                (stored_,) = one.log.at([answer.position])
                assert read(stored_.entry).decision == answer.decision


def test_nothing_is_refused_on_what_may_be_stale(tmp_path: Path, log_url: str) -> None:
    with ledger_in(tmp_path, log_url) as one, ledger_in(tmp_path, log_url) as other:
        sent = [Sent(decision(*admitted(person)["acts"]), LOCAL) for person in ("ann", "bo")]
        assert [type(each) for each in in_order(other, sent)] == [Refusal, Refusal]
        told(one, *established("club")["acts"])
        assert [type(each) for each in in_order(other, sent)] == [Receipt, Receipt]


def test_a_group_has_a_largest_size(tmp_path: Path) -> None:
    """However many lines arrive at once, a commit takes no more of them."""
    with client(tmp_path) as door:
        answers = post(door, lines(*(established(f"b{n}") for n in range(IN_ORDER + 1))))
        times = [each["recorded_at"] for each in answers]
        assert times == sorted(times)
        sizes = {each["proof"].split("\n\n")[1].splitlines()[1] for each in answers}
        assert len(sizes) >= 2


def test_what_passes_is_bounded_and_in_order() -> None:
    async def play() -> list[list[int]]:
        passage = Passage[int](10)
        await passage.put([(1, 6), (2, 6)])
        waiting = asyncio.create_task(passage.put([(3, 1)]))
        await asyncio.sleep(0)
        assert not waiting.done()
        taken = [await passage.take(1)]
        await waiting
        await passage.close()
        return [*taken, await passage.take(5), await passage.take(5)]

    assert asyncio.run(play()) == [[1], [2, 3], []]

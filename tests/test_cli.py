"""The command line as people use it: real commands, real terminals, real folders."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from rich.console import Console

from service import client
from service.cli import main
from service.terminal.tree import drawn, printable
from tests.commanding import PATIENCE, command, curule, in_terminal, read_until, running
from tests.ledgers import act
from tests.serving import serving

EXAMPLE = Path(__file__).parents[1] / "examples/isg.json"


def write(directory: Path, *decisions: Mapping[str, Any]) -> str:
    """A file of decisions, as JSON Lines."""
    (directory / "decisions.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in decisions))
    return "decisions.jsonl"


FOUNDING = {
    "id": "founding",
    "title": "The society is founded",
    "acts": [
        act("person.registered", "1990", person="ann", name="Ann Öst"),
        act("person.registered", "1990", person="bo", name="Bo \U0001f9ed"),
        act("body.established", "2020-01-01", body="club", name="The Club", classification="club"),
        act(
            "body.established",
            "[2020-03-01..2020-05-01]",
            body="bees",
            name="Bees",
            classification="working_group",
            within="club",
            permanence="temporary",
        ),
        act("post.created", "2020-01-01", post="seat", body="club", label="Seat", seats=3),
        act(
            "post.created",
            "2020-01-01",
            post="chair",
            body="club",
            label="Chair",
            seats=1,
            head=True,
            voting=True,
            approval="club",
        ),
        act("appointment.made", "2020-02-01", person="ann", post="chair", until="2024-01-01"),
        act("tenure.started", "2020-02-01", person="bo", post="seat"),
        act("tenure.attested", "2020-04-01", person="ann", post="seat"),
    ],
}
LATER = {
    "id": "later",
    "acts": [
        act("line.drawn", "2020-06-01", body="bees", to="club", kind="reports_to"),
        act("activist.admitted", "2020-06-01", person="bo", body="bees"),
        act("body.renamed", "[2020-07-01..2020-09-01]", body="club", name="The Circle"),
    ],
}
CHAIR_TAKEN = {
    "id": "another-chair",
    "acts": [act("appointment.made", "2020-06-01", person="bo", post="chair")],
}
TREE = """\
As of 2020-08-01, as known at position 14

The Club  club, since 2020-01-01
├── Chair (head, voting, 1 seat): Ann Öst (pending approval), since 2020-02-01,
│   term until 2024-01-01
├── Seat (3 seats, 2 vacant)
│   ├── Ann Öst (possible)
│   └── Bo \U0001f9ed, since 2020-02-01
├── possibly called The Circle, since [2020-07-01..2020-09-01]
└── Bees  working group, temporary, since [2020-03-01..2020-05-01]
    ├── 1 activist
    └── reports to The Club, since 2020-06-01
"""


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small ledger."""
    directory = tmp_path_factory.mktemp("club")
    done = curule(directory, "record", write(directory, FOUNDING, LATER))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "recorded founding at position 1, 9 acts",
        "recorded later at position 11, 3 acts",
    ]
    return directory


def without_time(text: str) -> str:
    return re.sub(r" \(2\d{3}-\d\d-\d\dT[\d:.]+Z\)", "", text)


def stripped(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


# The tree


def test_the_tree_of_a_small_ledger(club: Path) -> None:
    done = curule(club, "structure", "--effective-at", "2020-08-01")
    assert done.stderr == ""
    assert stripped(without_time(done.stdout)) == TREE


def test_a_terminal_gets_colours_that_say_nothing_of_their_own(club: Path) -> None:
    sent = in_terminal(club, "structure", "--effective-at", "2020-08-01")
    assert "\x1b[1mThe Club\x1b[0m" in sent
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", sent).replace("\r\n", "\n")
    _, _, tree = plain.partition("As of")  # before it stands that we are asking
    assert stripped(without_time(f"As of{tree}")) == TREE


def test_the_tree_at_every_corner(club: Path) -> None:
    before = command(club, "structure", "--effective-at", "2020-08-01", "--position", "10", "--ids")
    assert "Bees [bees] (possible)" not in before.stdout
    assert "The Club [club]  club" in before.stdout
    assert "Bo \U0001f9ed [bo], since" in before.stdout
    assert "reports to" not in before.stdout
    nothing = command(club, "structure", "--effective-at", "2020-08-01", "--position", "0")
    assert nothing.stdout == (
        "As of 2020-08-01, as known at position 0 (nothing recorded)\n\nThere was no body.\n"
    )
    below = command(club, "structure", "--effective-at", "2020-04-01", "--root", "bees")
    assert without_time(below.stdout).splitlines()[2:] == [
        "Bees (possible)  working group, temporary, since [2020-03-01..2020-05-01]"
    ]


def body(**facts: Any) -> dict[str, Any]:
    return {
        "id": "b",
        "name": "B",
        "classification": "cell",
        "permanence": None,
        "area": None,
        "within": None,
        "formed_from": [],
        "certainty": "certain",
        "since": None,
        "until": None,
        "because": [],
        "alternatives": [],
        "lines": [],
        "posts": [],
        "activists": 0,
        "activists_possible": 0,
        **facts,
    }


def post(**facts: Any) -> dict[str, Any]:
    optional = ("seats", "vacant", "voting", "head", "area", "approval", "since", "until")
    return {
        "id": "p",
        "label": "P",
        "certainty": "certain",
        "because": [],
        "alternatives": [],
        "holders": [],
        **dict.fromkeys(optional),
        **facts,
    }


def holder(**facts: Any) -> dict[str, Any]:
    optional = ("since", "until", "term_until", "approved")
    return {"person": "h", "name": "H", "certainty": "certain", **dict.fromkeys(optional), **facts}


def possible(attribute: str, value: Any) -> dict[str, Any]:
    return {"attribute": attribute, "value": value, "since": "2001", "until": None, "because": []}


def lines_of(*bodies: Mapping[str, Any], width: int = 80, ids: bool = False) -> list[str]:
    console = Console(width=width, no_color=True, force_terminal=False, highlight=False)
    basis = {"effective_at": "2001-01-01", "recorded_at": None, "position": 0}
    with console.capture() as captured:
        console.print(drawn({"basis": basis, "bodies": bodies}, ids=ids))
    return [line.rstrip() for line in captured.get().splitlines()[2:]]


def test_a_tree_calls_what_is_vacant_unknown_or_possible_so() -> None:
    posts = [
        post(label="One", seats=1, vacant=1),
        post(label="Many", seats=9, vacant=9),
        post(label="Open"),
        post(label="Erased", holders=[holder(name=None)]),
        post(label="Doubt", certainty="possible", since="2001", seats=1, vacant=1, until="2002",
             holders=[holder(certainty="possible", until="2002")]),
        post(label="Mute", voting=False, area="North"),
    ]  # fmt: skip
    line = {"kind": "supervised_by", "to": "far", "post": "p", "certainty": "possible",
            "since": None, "until": "2003"}  # fmt: skip
    assert lines_of(body(posts=posts[:5], activists=1, activists_possible=2), width=100) == [
        "B  cell",
        "├── One (1 seat, vacant)",
        "├── Many (9 seats, 9 vacant)",
        "├── Open (no holder known)",
        "├── Erased: h (name not known)",
        "├── Doubt (possible, since 2001, until 2002, 1 seat, vacant): H (possible), until 2002",
        "└── 1 activist (2 more possible)",
    ]
    assert lines_of(body(posts=posts[5:], lines=[line], activists_possible=3)) == [
        "B  cell",
        "├── Mute (not voting, North, no holder known)",
        "│   └── supervised by far (possible), until 2003",
        "└── 3 activists (possible)",
    ]


def test_a_tree_names_what_else_may_hold() -> None:
    others = [
        possible("within", "a"),
        possible("within", None),
        possible("classification", "bureau"),
        possible("purpose", {"sha256": "0"}),  # what the tree does not show, it leaves out
    ]
    of_post = [possible("seats", 2), possible("voting", False), possible("head", True),
               possible("label", "Q"), possible("approval", "a")]  # fmt: skip
    assert lines_of(
        body(id="z", name="Leaf"),
        body(id="a", name="A", area="North", permanence="permanent", formed_from=["z", "gone"]),
        body(within="a", alternatives=others, posts=[post(alternatives=of_post)]),
    ) == [
        "A  cell, permanent, North, formed from Leaf, gone",
        "└── B  cell",
        "    ├── P (no holder known)",
        "    │   ├── possibly 2 seats, since 2001",
        "    │   ├── possibly not voting, since 2001",
        "    │   ├── possibly head, since 2001",
        "    │   ├── possibly called Q, since 2001",
        "    │   └── possibly to be approved by A, since 2001",
        "    ├── possibly within A, since 2001",
        "    ├── possibly within no body, since 2001",
        "    └── possibly classification bureau, since 2001",
        "Leaf  cell",
    ]


def test_data_cannot_speak_to_the_terminal() -> None:
    hostile = "[red]\x1b]0;x\x07\x9b31m\u202e\r\nA :warning: \\[b]\ud800"
    shown = "[red]\\x1b]0;x\\x07\\x9b31m\\u202e  A :warning: \\[b]\\ud800"
    assert printable(hostile) == shown
    line = {"kind": hostile, "to": hostile, "post": None, "certainty": "certain",
            "since": hostile, "until": None}  # fmt: skip
    drawn_lines = lines_of(
        body(
            id=hostile,
            name=hostile,
            classification=hostile,
            permanence=hostile,
            area=hostile,
            formed_from=[hostile],
            since=hostile,
            until=hostile,
            lines=[line],
            alternatives=[possible("area", hostile), possible("within", hostile)],
            posts=[
                post(label=hostile, area=hostile, until=hostile, seats=1, id=hostile,
                     holders=[holder(name=hostile, person=hostile, since=hostile)]),
            ],
        ),
        width=2000,
        ids=True,
    )  # fmt: skip
    assert len(drawn_lines) == 5
    assert all(line.isprintable() for line in drawn_lines)
    assert sum(line.count(shown) for line in drawn_lines) == 20
    assert printable("नमस्‍ते می‌خواهم 主席 👩‍🚀") == "नमस्‍ते می‌خواهم 主席 👩‍🚀"


# What changed

CHANGES = """\
From: As of 2020-02-15, as known at position 10
  To: As of 2020-08-01, as known at position 14

Between 2020-03-01 and 2020-05-01
└── Bees was established, by decision founding.
On 2020-06-01
└── a line was drawn: Bees reports to The Club, by decision later.
Decisions
├── founding: The society is founded
└── later
1 change in detail not shown (--details)
"""


def test_changes_are_told_day_by_day_with_their_decisions(club: Path) -> None:
    days = ("--from-effective-at", "2020-02-15", "--to-effective-at", "2020-08-01")
    done = command(club, "changes", *days, "--from-position", "10", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert without_time(done.stdout) == CHANGES
    detailed = command(club, "changes", *days, "--details", COLUMNS="100")
    assert "what else may hold of The Club" in " ".join(detailed.stdout.split())
    nothing = command(club, "changes").stdout.splitlines()
    assert nothing[2:] == ["", "Nothing changed."]


# Recording


def test_what_is_recorded_once_stays_recorded_once(club: Path) -> None:
    again = command(club, "record", "-", given=json.dumps([FOUNDING, LATER], indent=2))
    assert again.stdout.splitlines() == [
        "already recorded founding at position 1, 9 acts",
        "already recorded later at position 11, 3 acts",
    ]
    receipts = command(club, "record", "--json", "decisions.jsonl").stdout.splitlines()
    assert [json.loads(each)["decision"] for each in receipts] == ["founding", "later"]


def test_a_refusal_says_which_rule_where_and_why(tmp_path: Path) -> None:
    wrong = {"acts": [act("body.renamed", "2020", body="club", name=5), {"type": "nonsense"}]}
    fine = {"acts": [act("body.established", "2020", name="X", classification="cell")]}
    file = write(tmp_path, FOUNDING, CHAIR_TAKEN, wrong, fine)
    stopped = command(tmp_path, "record", file)
    assert stopped.returncode == 1
    assert stopped.stdout == "recorded founding at position 1, 9 acts\n"
    first, *rules = stopped.stderr.splitlines()
    assert first == (
        "decisions.jsonl, line 2 (another-chair): "
        "The decision breaks rules, and nothing was recorded"
    )
    assert len(rules) == 1
    assert re.fullmatch(r"  /acts/0\S*: \w+: .*chair.* \(see position [\d, ]+\)", rules[0])

    tried = command(tmp_path, "record", "--dry-run", "--keep-going", file)
    assert tried.returncode == 2
    assert tried.stdout.splitlines() == [
        "decisions.jsonl, line 1 (founding): would be accepted",  # as it was already
        "decisions.jsonl, line 4: would be accepted",
    ]
    assert "line 2 (another-chair): would be refused" in tried.stderr
    assert "line 3: The request is malformed" in tried.stderr
    assert "  /acts/0/name: " in tried.stderr
    assert "  /acts/1/type: 'nonsense' is no type of act" in tried.stderr

    went_on = command(tmp_path, "record", "--keep-going", "--json", file)
    assert went_on.returncode == 2
    answers = [json.loads(line) for line in went_on.stdout.splitlines()]
    assert [answer.get("status", 200) for answer in answers] == [200, 409, 422, 200]
    assert answers[3]["position"] == 11  # the dry run stored nothing


def test_a_progress_bar_is_for_people(tmp_path: Path) -> None:
    bodies = [
        {"id": f"d{n}", "acts": [act("body.established", "2020", name="X", classification="cell")]}
        for n in range(20)
    ]
    sent = in_terminal(tmp_path, "record", write(tmp_path, *bodies))
    assert "recording" in sent
    assert "0/20" in sent
    for number in range(20):
        assert f"recorded d{number} at position {1 + 2 * number}, 1 act\r\n" in sent
    assert "recording" not in command(tmp_path, "record", "decisions.jsonl").stderr


@pytest.mark.parametrize(
    ("text", "decisions"),
    [
        ('{"a": 1}', [("f, line 1", {"a": 1})]),
        ('\n{"a":\n 1}\n\n{"b": 2}\n', [("f, line 2", {"a": 1}), ("f, line 5", {"b": 2})]),
        ('[{"a": 1},\n 2]', [("f, item 1", {"a": 1}), ("f, item 2", 2)]),
        ("7", [("f, line 1", 7)]),
    ],
)
def test_a_file_is_a_decision_an_array_or_lines(text: str, decisions: Sequence[Any]) -> None:
    assert list(client.decisions(text, "f")) == decisions


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "f holds no decision"),
        ('{"a": 1}\n{"a": }', "f, line 2, column 7: this is not JSON"),
        ("[" * 100_000, "f, line 1: this cannot be read"),
        ('{"a": %s}' % ("9" * 5000), "f, line 1: this cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(text: str, why: str) -> None:
    with pytest.raises(client.Unanswered) as refused:
        list(client.decisions(text, "f"))
    assert str(refused.value).startswith(why)
    assert refused.value.code == 2


# One door


def test_json_is_the_answer_of_the_api(club: Path) -> None:
    question = {"effective_at": "2020-08-01", "position": "14", "root": "club", "depth": "0"}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in question.items()]
    here = curule(club, "structure", "--json", *options)
    with serving(club) as url:
        answer = httpx.get(f"{url}/v1/structure", params=question, trust_env=False)
        there = command(club, "structure", "--json", *options, CURULE_URL=url)
        receipt = command(club, "record", "--url", url, "decisions.jsonl")
    assert here.stdout == there.stdout == f"{answer.text}\n"
    assert [each["id"] for each in answer.json()["bodies"]] == ["club"]
    assert receipt.stdout.startswith("already recorded founding")


def test_asking_here_does_not_disturb_a_service_of_the_same_folder(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        for decision in (FOUNDING, LATER):
            file = write(tmp_path, decision)
            assert command(tmp_path, "record", file, "--url", url).returncode == 0
            here = command(tmp_path, "structure", "--json")
            there = command(tmp_path, "structure", "--json", "--url", url)
            assert (there.returncode, there.stdout) == (0, here.stdout), there.stderr


class NotCurule(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>hello</h1>")

    def log_message(self, *arguments: Any) -> None:
        pass


def test_another_service_is_not_taken_for_curule(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), NotCurule) as other:
        Thread(target=other.serve_forever).start()
        done = command(tmp_path, "structure", "--url", f"http://127.0.0.1:{other.server_port}")
        other.shutdown()
    assert done.returncode == 3
    assert "does not answer as Curule does (200 OK)" in done.stderr


# Errors


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["structure", "--root", "nobody"], 1, "there is no body nobody at that basis"),
        (["structure", "--effective-at", "2020-13-01"], 2, "effective_at"),
        (["structure", "--position", "99"], 2, "position 99 is not recorded yet"),
        (["structure", "--position", "1", "--recorded-at", "2026-01-01T00:00:00Z"], 2, "one of"),
        (["changes", "--from-effective-at", "9999-01-01"], 2, "from_effective_at: the first basis"),
        (["changes", "--to-position", "99"], 2, "position 99 is not recorded yet"),
        (["structure", "--url", "http://127.0.0.1:1"], 3, "http://127.0.0.1:1 does not answer"),
        (["structure", "--url", "nonsense"], 2, "nonsense is no address of a service"),
        (["record", "nothing.json"], 2, "nothing.json cannot be read: No such file"),
        (["record", "curule.db"], 2, "curule.db is not UTF-8"),
        (["structure", "--nonsense"], 2, "No such option"),
        (["nonsense"], 2, "No such command"),
        (["serve", "--host", "256.0.0.1", "--behind-proxy"], 3, "256.0.0.1"),
        (["demo", "--directory", "."], 2, "is not empty and is no demo's"),
        (["demo", "--examples", "nothing.json"], 2, "there is no nothing.json"),
        (["demo", "nobody"], 2, "there is no example nobody (cell-chairpersons-2017, "),
    ],
)
def test_errors_are_a_sentence_and_an_exit_code(
    arguments: list[str],
    code: int,
    why: str,
    club: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(club)
    monkeypatch.setattr(sys, "argv", ["curule", *arguments])
    for name in [each for each in os.environ if each.startswith("CURULE_")]:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as ended:
        main()
    output, errors = capsys.readouterr()
    assert (ended.value.code, output) == (code, "")
    assert why in errors


@pytest.mark.parametrize(
    ("settings", "code", "why"),
    [
        ({"CURULE_LEDGER": "nonsense"}, 2, "sqlite:///FILE or postgresql+psycopg://"),
        ({"CURULE_LEDGER": "mysql://u:secret@h/x"}, 2, "sqlite:///FILE or postgresql+psycopg://"),
        ({"CURULE_LEDGER": "postgresql+psycopg://u:secret@127.0.0.1:1/x"}, 3, "does not open"),
        ({"CURULE_LEDGER": "sqlite:////nowhere/x.db"}, 3, "unable to open database file"),
        ({"CURULE_VIEWS": "/nowhere/x.db"}, 3, "unable to open database file"),
        ({"CURULE_MASTER_KEY": "secret"}, 3, "a master key is 32 bytes in base64"),
        ({"CURULE_MASTER_KEY": "c2VjcmV0" * 5 + "c2U="}, 3, "another master key"),
        ({"CURULE_LOG_KEY": "secret"}, 3, "a log key is 32 bytes in base64"),
        ({"CURULE_LOG_KEY": "c2VjcmV0" * 5 + "c2U="}, 3, "signed with another key"),
        ({"CURULE_ORIGIN": "other.example"}, 3, "this log is localhost/"),
    ],
)
def test_a_ledger_that_does_not_open_says_why_and_no_secret(
    club: Path, settings: dict[str, str], code: int, why: str
) -> None:
    done = command(club, "record", "decisions.jsonl", **settings)
    assert (done.returncode, done.stdout) == (code, "")
    assert why in done.stderr
    assert "secret" not in done.stderr
    assert "c2Vj" not in done.stderr


def test_a_question_makes_no_ledger(tmp_path: Path) -> None:
    done = command(tmp_path, "structure")
    assert done.returncode == 1
    assert "there is no ledger at curule.db" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_explains_every_command(tmp_path: Path) -> None:
    overview = command(tmp_path, "--help").stdout
    assert "curule demo" in overview
    assert "curule keys log" in command(tmp_path, "keys", "log", "--help").stdout
    assert "curule witness push" in command(tmp_path, "witness", "push", "--help").stdout
    names = ("record", "structure", "changes", "serve", "demo", "verify", "export", "import")
    for name in names:
        assert f"\n  {name} " in overview
        assert "Examples:\n    curule" in command(tmp_path, name, "--help").stdout
    assert command(tmp_path, "--version").stdout.startswith("curule ")


# Trust


def test_the_key_of_the_log_is_printed_alone(club: Path) -> None:
    done = command(club, "keys", "log")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"localhost/[0-9a-f]{16}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n", done.stdout)
    with serving(club) as url:
        assert command(club, "keys", "log", "--url", url).stdout == done.stdout
        elsewhere = command(club, "keys", "log", "--url", f"{url}/v1")
        assert (elsewhere.returncode, elsewhere.stdout) == (1, "")


def test_an_older_backup_is_not_served(tmp_path: Path) -> None:
    write(tmp_path, FOUNDING, LATER)
    assert command(tmp_path, "record", "-", given=json.dumps(FOUNDING)).returncode == 0
    backup = (tmp_path / "curule.db").read_bytes()
    assert not (tmp_path / "curule.db-wal").exists()
    assert command(tmp_path, "record", "decisions.jsonl").returncode == 0
    (tmp_path / "curule.db").write_bytes(backup)
    for done in (
        command(tmp_path, "structure"),
        curule(tmp_path, "serve", "--port", "0"),
        command(tmp_path, "record", "decisions.jsonl"),
    ):
        assert (done.returncode, done.stdout) == (3, "")
        assert "the log has 10 entries, and 14 were signed: an older backup" in done.stderr


# Serving


def test_serve_says_where_and_ends_in_good_order(club: Path) -> None:
    with running(club, "serve", "--port", "0", "--access-log") as process:
        line = read_until(process, "Curule serves")
        at = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert at is not None
        assert f"{at[0]}/docs" in line
        assert httpx.get(f"{at[0]}/livez", trust_env=False).status_code == 200
        taken = curule(club, "serve", "--port", at[0].rpartition(":")[2])
        assert (taken.returncode, taken.stdout) == (3, "")
        assert "Address already in use" in taken.stderr
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert rest == ""
    keys, asked = errors.splitlines()
    assert "There are no keys yet" in keys
    assert "Make the first key: curule keys create" in keys
    assert "path=/livez" in asked


ELSEWHERE = ("serve", "--port", "0", "--host", "0.0.0.0")  # noqa: S104


def test_elsewhere_than_on_loopback_it_takes_keys_and_no_key_in_clear(club: Path) -> None:
    bare = command(club, *ELSEWHERE)
    assert (bare.returncode, bare.stdout) == (2, "")
    assert "give --tls-cert and --tls-key, or --behind-proxy" in bare.stderr
    keyless = command(club, *ELSEWHERE, "--behind-proxy")
    assert (keyless.returncode, keyless.stdout) == (2, "")
    assert "curule keys create NAME --role recorder" in keyless.stderr
    proxied = command(club, "serve", "--port", "0", "--behind-proxy")
    assert (proxied.returncode, proxied.stdout) == (2, "")
    assert "there are no keys, and others come by the proxy" in proxied.stderr
    half = command(club, *ELSEWHERE, "--tls-cert", "cert.pem")
    assert (half.returncode, half.stdout) == (2, "")
    assert command(club, "keys", "create", "office", "--role", "reader").returncode == 0
    with running(club, *ELSEWHERE, "--behind-proxy") as process:
        read_until(process, "Curule serves")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert errors == ""


# The demo


def test_the_demo_from_beginning_to_end(tmp_path: Path) -> None:
    elsewhere = dict.fromkeys(("CURULE_LEDGER", "CURULE_VAULT"), "sqlite:///other.db")
    count = len(json.loads(EXAMPLE.read_bytes()))
    first = curule(
        tmp_path, "demo", "--once", **elsewhere, CURULE_MASTER_KEY="x", CURULE_VIEWS="other.db"
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert f"{count} of {count} decisions recorded\n" in first.stdout
    assert "As of 2025-01-20" in first.stdout
    assert "As of 2025-01-30" in first.stdout
    assert "what their sources claim" in first.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["curule-demo"]

    again = curule(tmp_path, "demo", "--once")
    assert again.returncode == 0
    assert f"0 of {count} decisions recorded; the others were there already\n" in again.stdout

    # What it says to try next works.
    settings = dict(re.findall(r"  export (\w+)=(\S+)", again.stdout))
    shown = curule(tmp_path, "structure", "--effective-at", "2025-01-30", **settings)
    assert shown.returncode == 0
    assert shown.stdout in again.stdout


def test_the_demo_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    with running(tmp_path, "demo") as process:
        said = read_until(process, "Ctrl-C")
        (kept,) = re.findall(r"export CURULE_KEY=\$\(cat (\S+)\)", said)
        shown = {"Authorization": f"Bearer {(tmp_path / kept).read_text().strip()}"}
        questions = re.findall(r"curl -H \"[^\"]+\" '?(http://127\.0\.0\.1:\d+/[^'\s]+)", said)
        answers = [httpx.get(each, headers=shown, trust_env=False).json() for each in questions]
        structure, people, meetings = answers
        assert len(structure["bodies"]) > 5
        assert [person["name"] for person in people["people"]] == ["Alexander Mostov"]
        assert len(meetings["meetings"]) > 3
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert errors.strip() == ""


def test_the_demo_can_be_interrupted_at_any_time(tmp_path: Path) -> None:
    with running(tmp_path, "demo") as process:
        read_until(process, "Curule serves")
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert errors.strip() == ""


def test_the_demo_tells_of_decisions_that_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, FOUNDING, CHAIR_TAKEN)
    done = curule(tmp_path, "demo", "--once", "--examples", file, "--directory", "its own")
    assert done.returncode == 1
    assert "decisions.jsonl, line 2: The decision breaks rules" in done.stderr
    assert "If its own is from another version, delete it." in done.stderr

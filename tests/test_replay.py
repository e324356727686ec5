"""Replay: the structure anew from the entries alone, as the views answer it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from domain.dates import day
from domain.decisions import Decision
from domain.entries import Entry, EntryUnreadable
from domain.questions.structure import spells
from domain.register import without_retracted
from service.log.log import Log
from service.recording.recorder import Receipt
from service.replay import BATCH, brief, exported, logged, replay
from tests.commanding import command, in_terminal
from tests.ledgers import DECISION, act, entries, ledger_in, sent, told
from tests.test_cli import FOUNDING, LATER, write

DAY = "2020-08-01"


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small ledger."""
    directory = tmp_path_factory.mktemp("club")
    assert command(directory, "record", write(directory, FOUNDING, LATER)).returncode == 0
    return directory


@pytest.fixture
def log_alone(club: Path, tmp_path: Path) -> Path:
    """A folder with nothing but the log of that ledger."""
    shutil.copy(club / "curule.db", tmp_path)
    return tmp_path


def structure(directory: Path, *arguments: str) -> Any:
    done = command(directory, "structure", "--json", "--effective-at", DAY, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def replayed(directory: Path, *arguments: str, given: str = "") -> Any:
    done = command(directory, "replay", "--json", "--effective-at", DAY, *arguments, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def lines_of(directory: Path) -> list[str]:
    """The entries of a log, one a line."""
    with closing(Log(f"sqlite:///{directory / 'curule.db'}")) as log:
        return [f"{one.entry.decode()}\n" for one in log.entries()]


def test_it_needs_the_log_alone_and_states_the_digest_of_the_service(
    club: Path, log_alone: Path
) -> None:
    answer, again = structure(club), replayed(log_alone)
    assert sorted(each.name for each in log_alone.iterdir()) == ["curule.db"]
    assert again["basis"] == answer["basis"]
    assert again["digest"] == answer["digest"]
    assert hashlib.sha256(rfc8785.dumps(again["bodies"])).hexdigest() == again["digest"]
    chair = next(post for body in again["bodies"] for post in body["posts"] if post["head"])
    (holder,) = chair["holders"]
    assert holder["name"].keys() == {"sha256"}
    assert "Ann" not in json.dumps(again)


@pytest.mark.parametrize("position", [0, 9, 10, 12, 13, 14])
def test_at_every_position_the_digest_is_the_same(
    club: Path, log_alone: Path, position: int
) -> None:
    asked = "--position", str(position)
    answer, again = structure(club, *asked), replayed(log_alone, *asked)
    assert (again["basis"], again["digest"]) == (answer["basis"], answer["digest"])
    (log_alone / "entries.jsonl").write_text("".join(lines_of(log_alone)))
    assert replayed(log_alone, *asked, "--from", "entries.jsonl") == again


def test_a_part_of_the_structure_has_no_digest(club: Path) -> None:
    assert structure(club, "--depth", "0")["digest"] is None
    assert structure(club, "--root", "club")["digest"] is None


def test_the_tree_shows_commitments_and_the_digest(log_alone: Path) -> None:
    done = command(log_alone, "replay", "--effective-at", DAY)
    assert (done.returncode, done.stderr) == (0, "")
    again = replayed(log_alone)
    assert done.stdout.splitlines()[-1] == f"Digest {again['digest']}"
    assert "The Club  club, since 2020-01-01" in done.stdout
    assert "Chair (head, voting, 1 seat): sha256:" in done.stdout


def test_entries_come_from_a_file_or_standard_input(log_alone: Path) -> None:
    again, lines = replayed(log_alone), lines_of(log_alone)
    pretty = "\n".join(json.dumps(json.loads(line)) for line in lines)
    assert replayed(log_alone, "--from", "-", given=pretty) == again
    cut = replayed(log_alone, "--from", "-", given="".join(lines[:-1]))
    assert cut == replayed(log_alone, "--position", "13")
    assert cut["basis"]["position"] == 10


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines[1:], "line 1: entry 2 stands where 1 should"),
        (lambda lines: [*lines[:4], *lines[5:]], "line 5: entry 6 stands where 5 should"),
        (lambda lines: [*lines, "nonsense"], "line 15: entry b'nonsense'"),
        (lambda lines: [lines[0].replace('"version":1', '"version":2')], "version 2"),
        (lambda lines: [lines[1].replace('"position":2', '"position":1')], "begins no decision"),
    ],
)
def test_a_file_that_is_no_log_is_refused(
    log_alone: Path, change: Any, told: str, club: Path
) -> None:
    (log_alone / "bad.jsonl").write_text("".join(change(lines_of(log_alone))))
    done = command(log_alone, "replay", "--from", "bad.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_what_is_asked_wrongly_is_told(log_alone: Path, tmp_path: Path) -> None:
    for arguments, code, told_so in (
        (("--position", "15"), 2, "position 15 is not recorded yet: the newest is 14"),
        (("--position", "-1"), 2, "--position"),
        (("--effective-at", "yesterday"), 2, "yesterday"),
        (("--from", "nowhere.jsonl"), 2, "nowhere.jsonl cannot be read"),
    ):
        done = command(log_alone, "replay", *arguments)
        assert (done.returncode, done.stdout) == (code, "")
        assert told_so in done.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = command(elsewhere, "replay")
    assert done.returncode == 1
    assert "there is no ledger at curule.db" in done.stderr
    assert not list(elsewhere.iterdir())


def test_progress_is_shown_to_people(log_alone: Path) -> None:
    sent = in_terminal(log_alone, "replay", "--effective-at", DAY)
    assert "reading" in sent
    assert "14/14" in sent
    assert "Digest" in sent


def test_a_log_is_read_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BATCH > 3
    monkeypatch.setattr("service.replay.BATCH", 3)
    with ledger_in(tmp_path) as ledger:
        for number in range(4):
            body = act("body.established", "2020", body=f"b{number}", name="B", classification="b")
            told(ledger, body)
        assert list(logged(ledger.log, 7)) == entries(ledger)[:7]


def parsed(posted: Any) -> Decision:
    return DECISION.validate_json(json.dumps(posted))


def test_the_fold_keeps_no_entries(tmp_path: Path) -> None:
    """A stream is folded as the list of what stands is, whatever was retracted, however."""
    with ledger_in(tmp_path) as ledger:
        for decision in (FOUNDING, LATER):
            assert isinstance(ledger.recorder.record([sent(parsed(decision))])[0], Receipt)
        told(ledger, act("person.registered", "1990", person="cy", name="Cy"))
        vote = act(
            "election.held",
            "2020-03-01",
            election="vote",
            contests=[{"post": "seat", "elected": ["cy"]}],
        )
        annulled = act("election.annulled", "2020-04-01", election="vote")
        told(ledger, vote)
        first = told(ledger, annulled).entries[0].position
        told(ledger, act("entry.retracted", entry=first, reason="no"))
        told(ledger, {**annulled, "effective": "2020-04-02"})
        number = {"decision": "founding", "act": 8}
        told(ledger, act("entry.retracted", entry=number, reason="no"))
        recorded = entries(ledger)

    def stream() -> Iterator[Entry]:
        yield from recorded

    assert spells(stream()) == spells(without_retracted(recorded))
    tenures = [each.until_text for each in spells(stream()) if each.track.kind == "tenure"]
    assert "2020-04-02" in tenures
    assert "2020-04-01" not in tenures


def test_a_decision_begins_with_its_envelope() -> None:
    with pytest.raises(EntryUnreadable, match="line 1"):
        list(exported([b"{}"]))
    assert replay([], day(DAY))["bodies"] == []


def test_commitments_are_shortened_for_people() -> None:
    told_so = brief({"name": {"sha256": "0123456789abcdef"}, "of": [{"seats": 1}]})
    assert told_so == {"name": "sha256:01234567…", "of": [{"seats": 1}]}

"""Recording: whole or not at all, once, and never on stale knowledge."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from service.content import digests
from service.ledger import Ledger
from service.recording.recorder import Answer, Receipt, Refusal, Sent
from service.recording.writer import Writer
from service.vault.disclosures import disclose
from tests.ledgers import act, decision, entries, ledger_in, record, sent


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as opened:
        assert isinstance(record(opened, *FOUNDING), Receipt)
        yield opened


FOUNDING = (
    act("body.established", "2020-01-01", body="council", name="Council", classification="organ"),
    act("post.created", "2020-01-01", post="chair", body="council", label="Chair", seats=1),
    act("person.registered", "2020", person="ann", name="Ann"),
)


def started(person: str) -> dict[str, Any]:
    return act("tenure.started", "2020-03-01", person=person, post="chair")


def test_a_decision_sent_again_is_recorded_once(ledger: Ledger) -> None:
    first = record(ledger, started("ann"), id="inauguration", title="Inauguration")
    again = record(ledger, started("ann"), id="inauguration", title="Inauguration")
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (first.created, again.created) == (True, False)
    assert first.entries == again.entries
    assert (first.position, first.recorded_at) == (again.position, again.recorded_at)


def test_the_same_decision_twice_in_one_group_is_recorded_once(ledger: Ledger) -> None:
    before = ledger.log.head()[0]
    twice = [decision(started("ann"), id="inauguration")] * 2
    one, other = ledger.recorder.record([sent(each) for each in twice])
    assert isinstance(one, Receipt)
    assert isinstance(other, Receipt)
    assert [one.created, other.created] == [True, False]
    assert ledger.log.head()[0] == before + 2


def test_ids_that_the_ledger_gave_do_not_make_it_another_decision(ledger: Ledger) -> None:
    unnamed = act("person.registered", "2020", name="Bo", other_names=[{"name": "Robert"}])
    first = record(ledger, unnamed, id="registration")
    again = record(ledger, {**unnamed, "note": None}, id="registration")
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert first.entries[0].id == again.entries[0].id
    other = record(ledger, {**unnamed, "name": "Rob"}, id="registration")
    assert isinstance(other, Refusal)
    (violation,) = other.violations
    assert (violation.rule, violation.pointer) == ("id_taken", "/id")


def test_decisions_in_one_group_are_judged_one_after_another(ledger: Ledger) -> None:
    bo = act("person.registered", "2020", person="bo", name="Bo")
    answers = ledger.recorder.record(
        [sent(decision(each)) for each in (started("ann"), bo, started("bo"))]
    )
    assert [type(answer) for answer in answers] == [Receipt, Receipt, Refusal]


def test_what_another_process_recorded_is_neither_missed_nor_overwritten(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as one, ledger_in(tmp_path) as other:
        assert isinstance(record(one, *FOUNDING), Receipt)
        assert isinstance(record(other, started("ann")), Receipt)
        bo = act("person.registered", "2020", person="bo", name="Bo")
        assert isinstance(record(one, bo, started("bo")), Refusal)
        assert isinstance(record(other, bo), Receipt)
        ended = act("tenure.ended", "2020-04-01", person="ann", post="chair", reason="resigned")
        late = act("tenure.started", "2020-04-01", person="bo", post="chair")
        assert isinstance(record(one, ended, late), Receipt)
        assert [each.position for each in entries(other)] == list(range(1, one.log.head()[0] + 1))


def test_of_those_who_race_for_one_seat_one_wins(tmp_path: Path) -> None:
    racers = 12
    with ledger_in(tmp_path) as one, ledger_in(tmp_path) as other:
        persons = [f"racer-{number}" for number in range(racers)]
        registered = [act("person.registered", "2020", person=each, name=each) for each in persons]
        record(one, *FOUNDING, *registered)
        answers: list[Answer] = []
        start = threading.Barrier(racers)

        def race(number: int) -> None:
            start.wait()
            answers.append(record((one, other)[number % 2], started(persons[number])))

        threads = [threading.Thread(target=race, args=(number,)) for number in range(racers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(isinstance(answer, Receipt) for answer in answers) == 1
        assert sum(isinstance(answer, Refusal) for answer in answers) == racers - 1
        holds = [each for each in entries(one) if each.type == "tenure.started"]
        assert len(holds) == 1


def test_a_clock_that_goes_back_stops_nobody(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        record(ledger, *FOUNDING)
        newest = ledger.log.head()[1]
        ledger.recorder._clock = ledger.log._head._clock = lambda: newest - 3_600_000_000
        assert isinstance(record(ledger, started("ann"), title="Inauguration"), Receipt)
        assert ledger.log.head()[1] == newest + 1


def test_texts_of_what_was_never_recorded_are_swept_and_no_others(ledger: Ledger) -> None:
    recorded_until = ledger.log.head()[1]
    orphan = disclose("title", "never recorded", subject="decision:gone", decision="gone")
    ledger.vault.put([orphan], deadline=recorded_until + 1)
    assert ledger.sweep() == 0, "its entry may still come"
    assert isinstance(record(ledger, started("ann"), title="Inauguration"), Receipt)
    assert ledger.sweep() == 1
    assert ledger.vault.values([orphan.digest]) == {}
    held = [digest for entry in entries(ledger) for digest in digests(entry.act)]
    assert sorted(ledger.vault.values(held).values()) == ["Ann", "Inauguration"]


# What takes long


def statements(ledger: Ledger) -> list[str]:
    """The statements sent to the log from now on."""
    sent_: list[str] = []

    def note(*said: Any) -> None:
        sent_.append(said[2])

    event.listen(ledger.log._engine, "before_cursor_execute", note)
    return sent_


def test_an_ending_is_judged_without_counting_who_else_held_the_post(tmp_path: Path) -> None:
    """What ends makes room. And whatever is asked of many is asked in one go."""
    people = [f"person-{number}" for number in range(40)]
    with ledger_in(tmp_path) as ledger:
        record(ledger, *FOUNDING)
        record(
            ledger, *(act("person.registered", "2020", person=each, name="P") for each in people)
        )
        for year, each in enumerate(people, 2021):
            held = {"person": each, "post": "chair"}
            begins = act("tenure.started", f"{year}-01-01", **held)
            ends = act("tenure.ended", f"{year}-12-31", reason="expired", **held)
            assert isinstance(record(ledger, begins, ends), Receipt)
    for judged, most in [
        (act("person.died", "2100-01-01", person="person-0"), 20),
        (act("person.registered", "2020", person="person-0", name="Again"), 10),
        (started("ann"), 20),
        (act("body.dissolved", "2100-01-01", body="council", manner="dissolved"), 30),
    ]:
        with ledger_in(tmp_path) as ledger:  # which remembers nothing
            asked = statements(ledger)
            ledger.recorder.check(sent(decision(judged)))
            assert len(asked) < most, judged


@pytest.mark.parametrize(
    ("acts", "where"),
    [
        ([started("ann")], "MainThread"),
        ([act("body.dissolved", "2021", body="council", manner="dissolved")], "curule-writer_0"),
        ([act("person.died", "2021", person="ann"), started("ann")], "curule-writer_0"),
        ([act("entry.retracted", entry=3, reason="Misread.")], "curule-writer_0"),
        ([act("person.registered", "2020", name="P")] * 501, "curule-writer_0"),
    ],
)
def test_what_takes_long_is_recorded_while_others_are_served(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, acts: list[dict[str, Any]], where: str
) -> None:
    recorded, judged_in = ledger.recorder.record, list[str]()

    def noting(group: list[Sent]) -> list[Answer]:
        judged_in.append(threading.current_thread().name)
        return recorded(group)

    async def write() -> Answer:
        writing = Writer(ledger.recorder, is_local=True)
        answer = await writing.record(sent(decision(*acts)))
        await writing.close()
        return answer

    monkeypatch.setattr(ledger.recorder, "record", noting)
    asyncio.run(write())
    assert judged_in == [where]

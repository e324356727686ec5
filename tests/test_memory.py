"""What is remembered of answers: on which days it holds, until when, and how much of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from domain.dates import day
from domain.questions.facts import Day
from domain.questions.in_full import body_in_full
from domain.questions.structure import body, structure
from domain.timelines import Spell
from projections.basis import basis_at
from projections.facts import Believed
from projections.memory import FAR, Memory, Piece, Read
from service.ledger import Ledger
from tests.ledgers import act, entries, ledger_in, projected, told

ON_BODY: Read = ("about", "body", "council")
ON_POST: Read = ("about", "post", "chair")
DAYS = [day(f"2020-{month:02}-15") for month in range(1, 13)]


def nothing_changes(after: int, until: int) -> set[Read]:
    return set()


def piece(since: int, until: int, position: int, value: object, *reads: Read) -> Piece:
    return Piece(since, until, position, value, reads, 1)


def test_what_is_remembered_holds_on_its_days() -> None:
    memory = Memory()
    memory.reach(1, nothing_changes)
    memory.keep(("name",), piece(20, 30, 1, "new", ON_BODY))
    memory.keep(("name",), piece(10, 20, 1, "old", ON_BODY))
    found = [memory.find(("name",), each, 1) for each in (9, 10, 19, 20, 29, 30)]
    assert [each and each.value for each in found] == [None, "old", "old", "new", "new", None]


def test_what_rests_on_a_change_is_forgotten_and_nothing_else() -> None:
    memory = Memory()
    memory.reach(1, nothing_changes)
    memory.keep(("one",), piece(0, 9, 1, "one", ON_BODY, ON_POST))
    memory.keep(("other",), piece(0, 9, 1, "other", ON_BODY))
    assert memory.reach(2, lambda after, until: {ON_POST})
    assert memory.find(("one",), 5, 2) is None
    assert memory.find(("other",), 5, 2) is not None
    memory.reach(3 + FAR, nothing_changes)
    assert memory.find(("other",), 5, 3 + FAR) is None


def test_it_never_goes_back_and_keeps_nothing_of_before_or_for_before() -> None:
    memory = Memory()
    memory.reach(5, nothing_changes)
    assert not memory.reach(4, nothing_changes)
    assert not memory.keep(("one",), piece(0, 9, 4, "past", ON_BODY))
    assert memory.keep(("one",), piece(0, 9, 5, "now", ON_BODY))
    assert memory.find(("one",), 5, 4) is None
    assert memory.find(("one",), 5, 5) is not None


def test_it_keeps_so_much_and_forgets_what_came_first() -> None:
    memory = Memory(kept=10)
    memory.reach(1, nothing_changes)
    for number in range(100):
        assert memory.keep(
            (number,), piece(number % 3, 9, 1, number, ("about", "body", str(number)))
        )
    kept = [number for number in range(100) if memory.find((number,), 5, 1) is not None]
    assert kept == list(range(90, 100))
    assert len(memory._pieces) == len(memory._readers) == memory._weight == 10


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A council with a bureau in it and a chair, held from spring on; and two persons."""
    with ledger_in(tmp_path) as opened:
        told(
            opened,
            act("person.registered", "2020", person="ann", name="Ann"),
            act("person.registered", "2020", person="bo", name="Bo"),
            established("council"),
            established("bureau", within="council"),
            established("union"),
            act("post.created", "2020-01-01", post="chair", body="bureau", label="Chair", seats=2),
            act("tenure.started", "2020-03-01", person="ann", post="chair"),
            act("activist.admitted", "2020-04", person="bo", body="bureau"),
        )
        yield opened


def established(body: str, **more: object) -> dict[str, object]:
    more |= {"body": body, "name": body.title(), "classification": "committee"}
    return act("body.established", "2020-01-01", **more)


CHANGES = [
    act("body.renamed", "2020-06-01", body="bureau", name="Office"),
    act("body.moved", "2020-05-01", body="bureau", within="union"),
    act("post.changed", "2020-06-01", post="chair", seats=1, approval="council"),
    act("post.created", "2020-02-01", post="clerk", body="bureau", label="Clerk", seats=1),
    act("tenure.started", "2020-04-01", person="bo", post="clerk"),
    act("appointment.approved", "2020-07-01", person="ann", post="chair", by="council"),
    act("line.drawn", "2020-03-01", post="chair", to="council", kind="reports_to"),
    act("person.renamed", "2020-08-01", person="ann", name="Anna"),
    act("activist.admitted", "2020-09-01", person="ann", body="bureau"),
    act("person.merged", "2020-04-01", person="bo", into="ann"),
    act("tenure.ended", "2020-09-01", person="ann", post="chair", reason="resigned"),
    act("mandate.granted", "2020-02-01", mandate="may", holder="bureau", power="establish"),
    act("person.died", "2020-10", person="ann"),
    act("body.dissolved", "2020-11", body="council", manner="dissolved"),
]
"""Each says something else of the bureau, on some day."""


def test_every_day_is_answered_anew_once_something_is_believed_otherwise(ledger: Ledger) -> None:
    before = None
    for change in [None, *CHANGES, None]:
        if change is not None:
            told(ledger, change)
        newest = ledger.follow()
        recorded = entries(ledger)
        now = []
        for each in DAYS:
            bodies = projected(ledger, each, newest)
            assert bodies == structure(recorded, each, newest)
            with ledger.views.reading() as connection:
                basis = basis_at(connection, each, newest)
                remembered = body_in_full(ledger.day(connection, basis), "bureau")
                known = Believed(connection, newest, ledger.told)
                assert remembered == body_in_full(Day(known, each), "bureau")
            now.append((bodies, remembered))
        assert (now == before) is (change is None and before is not None), change
        before = now


def test_a_question_ends_at_the_position_that_it_began_with(ledger: Ledger) -> None:
    """Whatever others record and ask meanwhile, and remember for those who come later."""
    when = day("2020-08-15")
    for change in CHANGES:
        before = ledger.follow()
        recorded = entries(ledger)
        with ledger.views.reading() as connection:
            asking = ledger.day(connection, basis_at(connection, when, before))
            first = body(asking, "council")
            told(ledger, change)
            after = ledger.follow()
            later = projected(ledger, when, after)
            asking = Day(asking.known, when)  # which has nothing at hand but what is remembered
            found = (first, body(asking, "bureau"), body(asking, "union"))
        told_of = {each.id: each for each in structure(recorded, when, before)}
        assert found == tuple(told_of.get(each) for each in ("council", "bureau", "union"))
        assert later == structure(entries(ledger), when, after)
        assert projected(ledger, when, after) == later


def test_what_was_looked_up_whatever_the_day_is_made_of_for_that_day_alone(ledger: Ledger) -> None:
    """For who has a whole history may compare the day with all of it."""

    def about(on: Day, body: str) -> list[object]:
        return named(on, on.known.about("body", body))

    def naming(on: Day, body: str) -> list[object]:
        return named(on, on.known.naming("body", body))

    def every(on: Day, body: str) -> list[object]:
        return named(on, on.known.all("body"))

    def named(on: Day, spells: Iterable[Spell]) -> list[object]:
        return [spell.value for spell in spells if spell.on(on.day)]

    told(ledger, act("body.renamed", "2020-06-01", body="bureau", name="Office"))
    told(ledger, act("body.moved", "2020-06-01", body="bureau", within="union"))
    newest = ledger.follow()
    with ledger.views.reading() as connection:
        for make, subject in ((about, "bureau"), (naming, "union"), (every, "")):
            found = []
            for when in (DAYS[0], DAYS[11]):
                asking = ledger.day(connection, basis_at(connection, when, newest))
                found.append(asking.kept(make, subject))
                assert found[-1] == make(asking, subject)
            assert found[0] != found[1]

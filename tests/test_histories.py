"""Random histories: the pure fold and the projections answer alike, whatever is recorded when.

The histories hold late, uncertain, overlapping, retracted and incoherent acts. What the rules
refuse leaves no trace; what was answered at a position never changes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.answers import Body
from domain.dates import day, window
from domain.findings import findings
from domain.findings.taken import Taken, every
from domain.moments import Does
from domain.questions.authority import of_body
from domain.questions.charter import mandates, resolutions, rules
from domain.questions.elections import elections as held
from domain.questions.facts import Day, Facts, Known
from domain.questions.in_full import body_in_full, post_in_full
from domain.questions.meetings import meetings as known_meetings
from domain.questions.people import members, person, person_in_full
from domain.questions.structure import spells, structure, whole
from domain.tracks import Track
from projections.basis import basis_at
from projections.facts import Believed
from projections.findings import decisions_taken
from service.content import digest, plain, with_texts
from service.ledger import Ledger
from service.recording.recorder import Receipt, Refusal
from service.replay import replay
from tests.ledgers import act, entries, followed, ledger_in, projected, rebuilt, record
from tests.postgres import MakeDatabase
from tests.strategies import ACTS, AMENDED, ENVELOPES, GROUND, any_act, examples

QUICK = [phase for phase in Phase if phase.name not in ("shrink", "explain")]
FIRST = day("2019-12-30")
LAST = day("2020-01-16")


def everything(known: Known, on: int, decisions: Iterable[Taken]) -> dict[str, Any]:
    """Every answer but the structure that can be given on a day."""
    day = Day(known, on)
    return {
        "people": [person_in_full(day, each) for each in ("ann", "bo", "cy", "di")],
        "on the day": [person(day, each) for each in ("ann", "bo", "cy", "di")],
        "bodies": [body_in_full(day, each) for each in ("council", "bureau", "cell", "club")],
        "members": [tuple(members(day, each)) for each in ("council", "bureau", "cell", "club")],
        "authority": [of_body(day, each) for each in ("council", "bureau", "cell", "club")],
        "posts": [post_in_full(day, each) for each in ("chair", "clerk", "guard")],
        "elections": held(day),
        "meetings": known_meetings(day),
        "mandates": mandates(day),
        "rules": rules(day),
        "findings": findings(day, decisions),
        "resolutions": (*resolutions(day), *resolutions(day, "declaration")),
    }


class Histories(RuleBasedStateMachine):
    """A ledger to which anything may happen."""

    log_url: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.directory = Path(tempfile.mkdtemp(prefix="curule-"))
        self.stack.callback(shutil.rmtree, self.directory)
        self.ledger = self.stack.enter_context(ledger_in(self.directory, self.log_url_now()))
        self.answered: dict[tuple[int, int], tuple[tuple[Body, ...], Any]] = {}

    def log_url_now(self) -> str | None:
        return None

    def teardown(self) -> None:
        self.rebuilt_alike()  # first, so that what follows is asked of rows in another order
        recorded = entries(self.ledger)
        for (on, position), (answer, more) in self.answered.items():
            assert structure(recorded, on, position) == answer, "a past answer changed"
            assert projected(self.ledger, on, position) == answer
            assert self.everything_projected(on, position) == more
        self.stack.close()

    def rebuilt_alike(self) -> None:
        """Views that follow in batches of any size, or are built at once, are the same."""
        self.ledger.follow()
        before = self.ledger.views.digest()
        assert followed(self.ledger, 3) == before
        assert rebuilt(self.ledger) == before

    @initialize()
    def begin(self) -> None:
        assert isinstance(record(self.ledger, *GROUND), Receipt)

    @rule(acts=st.lists(any_act(), min_size=1, max_size=3), around=st.just({}) | ENVELOPES)
    def decide(self, acts: list[dict[str, Any]], around: dict[str, Any]) -> None:
        self.recorded_or_not(acts, **around)

    @rule(data=st.data(), given=AMENDED, more=st.just([]) | st.lists(any_act(), max_size=1))
    def amend(self, data: st.DataObject, given: dict[str, Any], more: list[dict[str, Any]]) -> None:
        decisions = list(dict.fromkeys(entry.decision for entry in entries(self.ledger)))
        decision = data.draw(st.sampled_from(decisions))
        self.recorded_or_not([act("decision.amended", decision=decision, **given), *more])

    @precondition(lambda self: self.ledger.log.head()[0] > len(GROUND) + 1)
    @rule(data=st.data(), more=st.lists(any_act(), max_size=1))
    def retract(self, data: st.DataObject, more: list[dict[str, Any]]) -> None:
        position = data.draw(st.integers(1, self.ledger.log.head()[0] + 1))
        self.recorded_or_not([act("entry.retracted", entry=position, reason="wrong"), *more])

    @rule(on=st.integers(FIRST, LAST), data=st.data())
    def ask(self, on: int, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, self.ledger.log.head()[0]))
        expected = structure(entries(self.ledger), on, position)
        assert projected(self.ledger, on, position) == expected
        recorded = whole(entries(self.ledger), position)
        more = everything(Facts(spells(recorded), recorded), on, every(recorded))
        assert self.everything_projected(on, position) == more
        self.answered[on, position] = expected, more
        again = replay(entries(self.ledger), on, position)
        assert again["digest"] == digest(plain(projected(self.ledger, on, position)))

    def everything_projected(self, on: int, position: int) -> Any:
        self.ledger.follow()
        with self.ledger.views.reading() as connection:
            basis = basis_at(connection, on, position)
            known = Believed(connection, basis.position, self.ledger.told)
            told = everything(known, on, decisions_taken(connection, basis.position))
            known = self.ledger.believed(connection, basis)
            assert everything(known, on, decisions_taken(connection, basis.position)) == told
            return told

    def recorded_or_not(self, acts: list[dict[str, Any]], **envelope: Any) -> None:
        before = self.ledger.log.head()
        answer = record(self.ledger, *acts, **envelope)
        after = self.ledger.log.head()
        match answer:
            case Receipt():
                assert after[0] == before[0] + 1 + len(acts)
                assert after[1] > before[1]
                self.agree_at_boundaries(acts, after[0])
            case Refusal():
                assert after == before
                for violation in answer.violations:
                    note(f"{violation.rule}: {violation.message} {violation.pointer}")
            case _:
                raise AssertionError(answer)

    def agree_at_boundaries(self, acts: list[dict[str, Any]], position: int) -> None:
        """Fold and projection agree on the days around those of the acts."""
        recorded = entries(self.ledger)
        for each in acts:
            for bound in window(each["effective"]) if "effective" in each else ():
                for on in (bound - 1, bound, bound + 1):
                    if FIRST <= on <= LAST:
                        expected = structure(recorded, on, position)
                        assert projected(self.ledger, on, position) == expected


class OnSqlite(Histories):
    """The log in a SQLite file."""


TestOnSqlite = OnSqlite.TestCase
TestOnSqlite.settings = examples(
    20,
    stateful_step_count=25,
    phases=QUICK,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_histories_on_postgresql(postgres_server: MakeDatabase) -> None:
    class OnPostgresql(Histories):
        def log_url_now(self) -> str:
            return postgres_server()

    run_state_machine_as_test(
        OnPostgresql,
        settings=examples(
            5,
            stateful_step_count=15,
            phases=QUICK,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def without_positions(bodies: tuple[Body, ...]) -> Any:
    """A structure but for the positions that cause it, which depend on the order of recording."""

    def stripped(value: Any) -> Any:
        if hasattr(value, "__dataclass_fields__"):
            value = replace(value, because=()) if hasattr(value, "because") else value
            return type(value)(
                **{name: stripped(getattr(value, name)) for name in value.__dataclass_fields__}
            )
        return tuple(stripped(item) for item in value) if isinstance(value, tuple) else value

    return stripped(bodies)


def same_window_twice(ledger: Ledger) -> bool:
    """Whether two acts set an attribute in the same uncertain window: then the later one counts."""
    seen: set[tuple[Track, Any]] = set()
    for entry in entries(ledger):
        for moment in entry.moments:
            key = (moment.track, moment.window)
            if moment.does is Does.SETS and not moment.window.exact and key in seen:
                return True
            seen.add(key)
    return False


@examples(20, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, min_size=2, max_size=12), data=st.data())
def test_facts_in_any_order_give_the_same_structure(
    acts: list[dict[str, Any]], data: st.DataObject
) -> None:
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
        ledger_in(Path(one)) as first,
        ledger_in(Path(other)) as second,
    ):
        record(first, *GROUND)
        accepted = [each for each in acts if isinstance(record(first, each), Receipt)]
        assume(len(accepted) > 1 and not same_window_twice(first))
        record(second, *GROUND)
        waiting = data.draw(st.permutations(accepted))
        while waiting:
            refused = [each for each in waiting if isinstance(record(second, each), Refusal)]
            assume(len(refused) < len(waiting))
            waiting = refused
        for on in range(FIRST, LAST):
            assert opened(first, on) == opened(second, on)


def opened(ledger: Ledger, on: int) -> Any:
    """The structure at the newest basis, names opened, positions left out."""
    bodies = projected(ledger, on, ledger.log.head()[0])
    return with_texts(plain(without_positions(tuple(bodies))), ledger.names)

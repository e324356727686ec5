"""Timelines: what days alone put in order is folded as the rules fold it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.dates import ALWAYS, window
from domain.moments import Does, Moment
from domain.timelines import Ending, Timeline, _by_the_rules, _succession, fold
from domain.tracks import LIFE, Track
from tests.strategies import days, exact

tracks = st.sampled_from([Track("body", "hall", LIFE), Track("tenure", "chair", "ann")])
windows = st.one_of(exact, exact, days).map(window) | st.just(ALWAYS)
grounds = st.none() | st.none() | st.sampled_from(["vote", "recount"])
ANNULLED = {"vote": Ending(window("2020-01-06"), "2020-01-06", 90)}


@st.composite
def histories(draw: st.DrawFn) -> list[Moment]:
    """The moments of one track, in the order in which they were recorded."""
    track = draw(tracks)
    told = draw(
        st.lists(st.tuples(st.sampled_from(Does), windows, st.integers(0, 9), grounds), max_size=6)
    )
    return [
        Moment(track, does, when, str(when), value, position // 2, ground)
        for position, (does, when, value, ground) in enumerate(told)
    ]


@given(histories())
def test_a_track_is_folded_as_by_the_rules(moments: list[Moment]) -> None:
    before = list(moments)
    assert fold(moments, ANNULLED.get) == _by_the_rules(moments, ANNULLED.get)
    assert moments == before, "what is folded stays"


def moment(does: Does, day: str, position: int, value: str = "ann") -> Moment:
    return Moment(Track("tenure", "chair", "ann"), does, window(day), day, value, position)


def folded(*moments: Moment) -> Timeline:
    found = _succession(list(moments), ANNULLED.get)
    assert found is not None
    assert found == _by_the_rules(moments, ANNULLED.get)
    return found


def test_a_late_beginning_comes_first_and_an_open_spell_last() -> None:
    later = moment(Does.BEGINS, "2020-03", 3)
    found = folded(moment(Does.ENDS, "2020-02-01", 1), moment(Does.BEGINS, "2020-01", 2), later)
    assert [(each.since_text, each.until_text, each.because) for each in found.spells] == [
        ("2020-01", "2020-02-01", (2, 1)),
        ("2020-03", None, (3,)),
    ]
    assert not found.faults


def test_what_begins_while_it_runs_is_a_fault() -> None:
    found = folded(moment(Does.BEGINS, "2020", 1), moment(Does.BEGINS, "2021", 2))
    assert [(each.rule, each.because) for each in found.faults] == [("already_running", (1, 2))]
    again = folded(moment(Does.SETS, "2020", 1), moment(Does.SETS, "2021", 2))
    assert not again.faults


def test_days_that_leave_an_order_open_are_left_to_the_rules() -> None:
    for others in (
        [moment(Does.SETS, "2020-01", 1), moment(Does.SETS, "2020-01-31", 2)],
        [moment(Does.ENDS, "2020", 1)],
        [moment(Does.ATTESTS, "2020", 1)],
        [moment(Does.BEGINS, "2020", 1)._replace(ground="vote")],
    ):
        assert _succession(others, ANNULLED.get) is None

"""Beliefs: whatever is learnt in whatever order, a track's spells are those of the whole fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain import beliefs
from domain.beliefs import Belief
from domain.dates import window
from domain.moments import Does, Moment
from domain.timelines import Ending, Spell, fold
from domain.tracks import Track
from tests.strategies import examples, uncertain

NAME = Track("body", "council", "name")
LONG = st.integers(1, 28).map(lambda number: f"2020-01-{number:02}")
LONGER = st.integers(1, 28).map(lambda number: f"2020-03-{number:02}")
TEXTS = st.one_of(LONG, LONG, LONGER, LONGER, uncertain)


def moment(position: int, does: str, text: str, ground: str | None = None) -> Moment:
    return Moment(NAME, Does(does), window(text), text, str(position), position, ground)


def shown(spells: Sequence[Spell]) -> list[str]:
    """Spells in one order, as texts."""
    return sorted(map(repr, spells))


def stands(election: str) -> Ending | None:
    return None


CHANGES = st.lists(
    st.tuples(
        st.lists(st.integers(0, 30), max_size=2),  # which of the standing moments go
        st.lists(st.tuples(st.sampled_from(["begins", "sets", "ends", "attests"]), TEXTS)),
    ),
    max_size=8,
)


def whole_fold_after_each(changes: Any) -> None:
    """Change a belief again and again, and hold it to the fold of all that stands."""
    belief = Belief()
    position = 0
    standing: list[Moment] = []
    before: Sequence[Spell] = ()
    for which, learnt in changes:
        gone = [standing[number] for number in {n % len(standing) for n in which if standing}]
        new = [moment(position + number, *each) for number, each in enumerate(learnt, 1)]
        position += len(new)
        standing = [each for each in standing if each not in gone] + new
        change = belief.change(gone, new, stands)
        after = fold(standing, stands).spells
        assert shown(belief.spells) == shown(after)
        assert sorted(map(repr, belief.moments)) == sorted(map(repr, standing))
        kept = [each for each in before if each not in change.gone]
        assert shown([*kept, *change.come]) == shown(after)
        assert not [each for each in change.come if each in before]
        again = Belief(standing, after)  # as it is read from the views
        assert shown(again.spells) == shown(belief.spells)
        belief = again if position % 2 else belief
        before = after


@pytest.mark.parametrize("short", [0, beliefs.SHORT])
def test_a_belief_is_what_all_standing_moments_fold_to(
    short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beliefs, "SHORT", short)
    examples(150)(given(changes=CHANGES)(whole_fold_after_each))()


def test_that_property_sees_a_stretch_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: with any moment taken for one that parts, the property fails."""
    monkeypatch.setattr(beliefs, "SHORT", 0)
    monkeypatch.setattr(beliefs.Belief, "_parts", lambda self, index, touched: True)
    with pytest.raises((AssertionError, ExceptionGroup)):
        settings(database=None, max_examples=400, deadline=None, phases=[Phase.generate])(
            given(changes=CHANGES)(whole_fold_after_each)
        )()


def test_a_late_fact_folds_what_is_around_it_only(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [moment(year, "sets", f"{year}-01-01") for year in range(1001, 2001)]
    belief = Belief(names, fold(names, stands).spells)
    folded: list[int] = []

    def counted(moments: Sequence[Moment], ground: Any) -> Any:
        folded.append(len(moments))
        return fold(moments, ground)

    monkeypatch.setattr(beliefs, "fold", counted)
    late = moment(3000, "sets", "1500-06-15")
    gone, come = belief.change([], [late], stands)
    assert [each.because for each in gone] == [(1500, 1501)]
    assert len(come) == 2
    belief.change([], [moment(3001, "sets", "2001-01-01")], stands)
    belief.change([late], [], stands)
    assert max(folded) <= 4


def test_an_annulment_ends_what_rests_on_its_election() -> None:
    elected = moment(1, "begins", "2020-01-01", "vote")
    belief = Belief()
    belief.change([], [elected, moment(2, "ends", "2020-06-01")], stands)
    annulled = Ending(window("2020-03-01"), "2020-03-01", 3)
    gone, come = belief.change([], [], lambda election: annulled)
    assert [each.because for each in gone] == [(1, 2)]
    assert [each.because for each in come] == [(1, 3)]

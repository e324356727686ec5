"""What is known, found by subject without asking for one subject after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from domain.amendments import Amendment
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.questions.facts import Day, Facts, Known, Made
from domain.timelines import Spell
from domain.tracks import Track


class Indexed:
    """What is known, each kind of it read once: whoever judges every rule asks for nearly all."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._kinds: dict[str, Facts] = {}

    def all(self, kind: str) -> Sequence[Spell]:
        """Every spell of a kind of track."""
        return self._known.all(kind)

    def about(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells of one subject."""
        return self._of(kind).about(kind, subject)

    def naming(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells that name another subject."""
        return self._of(kind).naming(kind, subject)

    def tracks(self, kind: str) -> Sequence[Track]:
        """The tracks of a kind, whatever the day."""
        return self._of(kind).tracks(kind)

    def named_by(self, kind: str, subject: str) -> Sequence[str]:
        """The subjects of a kind that ever name another, in the order of their ids."""
        return self._of(kind).named_by(kind, subject)

    def on(
        self, kind: str, subject: str, day: int, attribute: str | None = None
    ) -> Sequence[Spell]:
        """The spells of one subject, of one attribute or of all, that may hold on a day."""
        return self._of(kind).on(kind, subject, day, attribute)

    def kept(self, make: Callable[..., Made], day: Day, *about: str) -> Made:
        """What a rule makes of these on a day."""
        return make(day, *about)

    def life(self, kind: str, subject: str) -> Sequence[Spell]:
        """When one subject is there, whatever the day."""
        return self._of(kind).life(kind, subject)

    def there(self, kind: str, day: int) -> Sequence[str]:
        """The subjects of a kind that may be there on a day, in the order of their ids."""
        return self._of(kind).there(kind, day)

    def expect(self, wanted: Iterable[tuple[str, str, int]]) -> None:
        """Each kind is read once and whole."""

    def expect_naming(self, kind: str, subjects: Iterable[str]) -> None:
        """Each kind is read once and whole."""

    def expect_named(self, kind: str, subjects: Iterable[str]) -> None:
        """Each kind is read once and whole."""

    def expect_told(self, positions: Iterable[int]) -> None:
        """Read what is told at these positions in one go."""
        self._known.expect_told(positions)

    def told(self, position: int) -> tuple[Entry, DecisionTaken]:
        """The entry at a position, and the envelope of its decision, as amended."""
        return self._known.told(position)

    def amendments(self, decision: str) -> Sequence[Amendment]:
        """The amendments to a decision, in order."""
        return self._known.amendments(decision)

    def _of(self, kind: str) -> Facts:
        if kind not in self._kinds:
            self._kinds[kind] = Facts(self._known.all(kind))
        return self._kinds[kind]

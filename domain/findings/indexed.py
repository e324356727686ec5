"""What is known, found by subject without asking for one subject after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.amendments import Amendment
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.questions.facts import Known
from domain.timelines import Spell
from domain.tracks import named_by


class Indexed:
    """What is known, each kind of it read once: whoever judges every rule asks for nearly all."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._about: dict[str, Mapping[str, Sequence[Spell]]] = {}
        self._naming: dict[str, Mapping[str, Sequence[Spell]]] = {}

    def all(self, kind: str) -> Sequence[Spell]:
        """Every spell of a kind of track."""
        return self._known.all(kind)

    def about(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells of one subject."""
        self._read(kind)
        return self._about[kind].get(subject, ())

    def naming(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells that name another subject."""
        self._read(kind)
        return self._naming[kind].get(subject, ())

    def told(self, position: int) -> tuple[Entry, DecisionTaken]:
        """The entry at a position, and the envelope of its decision, as amended."""
        return self._known.told(position)

    def amendments(self, decision: str) -> Sequence[Amendment]:
        """The amendments to a decision, in order."""
        return self._known.amendments(decision)

    def _read(self, kind: str) -> None:
        if kind not in self._about:
            about: dict[str, list[Spell]] = defaultdict(list)
            naming: dict[str, list[Spell]] = defaultdict(list)
            for spell in self._known.all(kind):
                about[spell.track.subject].append(spell)
                other = named_by(spell.track, spell.value)
                if other is not None:
                    naming[other].append(spell)
            self._about[kind], self._naming[kind] = about, naming

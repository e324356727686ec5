"""The facts as the views have them at a position: found by index, cached for one question.

A history may be deep where a day is not: so what is asked of a day is cut by the day in the index,
and what is asked of many subjects takes one statement. These statements have fixed texts, which the
driver prepares once, and go to it directly.

What was believed at a position is what is still believed and was by then, and what was given up
only later. At the newest position there is nothing of the second.
"""

# ruff: noqa: S608 (statements are put together from this file's own constants alone)

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, select

from domain.amendments import Amendment, amended
from domain.dates import Window
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.timelines import Spell
from domain.tracks import CREATIONS, LIFE, Track
from projections.amendments import amendments
from projections.views import NEWEST, chunks, spells

Told = Callable[[int], tuple[Entry, DecisionTaken]]
"""Reads the entry at a position from the log, with the envelope of its decision as recorded."""

Recalled = Callable[[Collection[int]], object]
"""Reads the entries at some positions in one go, so that telling each costs little."""

Read = tuple[str, str, str]
"""A look-up: what is about a subject or names it, by kind; or a whole kind, and no subject."""

Wanted = tuple[str, str, int]
"""A kind, a subject and a day."""

Missed = dict[tuple[str, str], dict[tuple[str, str], None]]
"""What questions asked for one by one, by what they asked for first: a question that begins alike
will ask for most of it again, on whatever day, and may find it in one go. Wrong, it costs time."""

_REMEMBERED: Final = 5_000
"""Of how many questions it is remembered what they missed."""

_MOST: Final = 256
"""How many subjects a statement asks for at most."""

_COLUMNS: Final = """spells.kind, spells.subject, spells.attribute, spells.value,
    spells.since_earliest, spells.since_latest, spells.until_earliest, spells.until_latest,
    spells.since_text, spells.until_text, spells.begun_by, spells.ended_by"""
_NOW: Final = f"spells.recorded_until = {NEWEST} AND spells.recorded_from <= ?"
_THEN: Final = f"""spells.recorded_until > ? AND spells.recorded_until < {NEWEST}
    AND spells.recorded_from <= ?"""
_EVER: Final = "spells.recorded_until > ? AND spells.recorded_from <= ?"


class Believed:
    """What the views believed at a position, whatever the day: `domain.questions.facts.Known`."""

    def __init__(
        self,
        connection: Connection,
        position: int,
        told: Told,
        recalled: Recalled = lambda positions: None,
        missed: Missed | None = None,
    ) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.dbapi_connection
        self._position = position
        self._found: dict[tuple[str, ...], Sequence[Spell]] = {}
        self._on: dict[Wanted, list[Spell]] = {}
        self._lives: dict[tuple[str, str], Sequence[Spell]] = {}
        self._recorded = told
        self._recalled = recalled
        self._missed: Missed = {} if missed is None else missed
        self._first: tuple[str, str] | None = None
        self._amendments: dict[str, Sequence[Amendment]] = {}
        self.read: set[Read] = set()
        """What was looked up since this set was put here: an answer holds until that changes."""

    def all(self, kind: str) -> Sequence[Spell]:
        """Every spell of a kind of track."""
        self.read.add(("all", kind, ""))
        key = ("all", kind)
        if key not in self._found:
            self._found[key] = list(self._spells(_ALL, kind, *self._ever))
        return self._found[key]

    def about(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells of one subject."""
        key = ("about", kind, subject)
        self.read.add(key)
        if key not in self._found:
            self._found[key] = list(self._spells(_ABOUT, kind, subject, *self._ever))
        return self._found[key]

    def naming(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells that name another subject."""
        key = ("naming", kind, subject)
        self.read.add(key)
        if key not in self._found:
            self._found[key] = list(self._spells(_NAMING, kind, subject, *self._ever))
        return self._found[key]

    def on(self, kind: str, subject: str, day: int) -> Sequence[Spell]:
        """The spells of one subject that may hold on a day."""
        self.read.add(("about", kind, subject))
        wanted = (kind, subject, day)
        if wanted not in self._on:
            whole = self._found.get(("about", kind, subject))
            if whole is not None:
                self._on[wanted] = [spell for spell in whole if spell.on(day)]
            else:
                self._miss(kind, subject)
                self.expect([wanted])
        return self._on[wanted]

    def _miss(self, kind: str, subject: str) -> None:
        """Next time that the question begins alike, this will be expected."""
        if self._first is not None:
            if len(self._missed) >= _REMEMBERED:
                self._missed.clear()
            self._missed.setdefault(self._first, {})[kind, subject] = None

    def life(self, kind: str, subject: str) -> Sequence[Spell]:
        """When one subject is there, whatever the day."""
        self.read.add(("about", kind, subject))
        key = (kind, subject)
        if key not in self._lives:
            self._lives[key] = list(self._spells(_LIFE, kind, subject, *self._ever))
        return self._lives[key]

    def there(self, kind: str, day: int) -> Sequence[str]:
        """The subjects of a kind that may be there on a day, in the order of their ids."""
        now = (kind, self._position, day, day)
        then = (kind, self._position, self._position, day, day)
        return sorted({subject for (subject,) in self._rows(_THERE, *now, *then)})

    def expect(self, wanted: Iterable[Wanted]) -> None:
        """Find what is on days, of these kinds and subjects, in one go."""
        asked = dict.fromkeys(wanted)
        if self._first is None and asked:
            kind, subject, day = next(iter(asked))
            self._first = (kind, subject)
            asked |= dict.fromkeys((*each, day) for each in self._missed.get(self._first, ()))
        missing = [each for each in asked if each not in self._on]
        for some in chunks(missing, _MOST):
            first: dict[tuple[str, str], int] = {}
            for kind, subject, day in some:
                self._on[kind, subject, day] = []
                if kind in CREATIONS and (kind, subject) not in self._lives:
                    first.setdefault((kind, subject), day)
            lives: dict[tuple[str, str], list[Spell]] = {each: [] for each in first}
            at = self._position
            for row in self._rows(_on_days(_size(some)), *_padded(some), at, at, at, at, at):
                spell, day = _spell(row[:-1]), row[-1]
                kind, subject, attribute = spell.track
                if spell.since.earliest <= day < spell.until.latest:
                    self._on[kind, subject, day].append(spell)
                if attribute == LIFE and first.get((kind, subject)) == day:
                    lives[kind, subject].append(spell)
            self._lives.update(lives)

    def expect_naming(self, kind: str, subjects: Iterable[str]) -> None:
        """Find what names these subjects in one go."""
        asked = dict.fromkeys(subjects)
        missing = [each for each in asked if ("naming", kind, each) not in self._found]
        for some in chunks(missing, _MOST):
            found: dict[str, list[Spell]] = {each: [] for each in some}
            padded = [*some, *[""] * (_size(some) - len(some))]
            for row in self._rows(_naming(_size(some)), *padded, kind, *self._ever):
                found[row[-1]].append(_spell(row[:-1]))
            self._found.update({("naming", kind, each): spells for each, spells in found.items()})

    def expect_told(self, positions: Iterable[int]) -> None:
        """Read what is told at these positions in one go."""
        self._recalled(set(positions))

    def told(self, position: int) -> tuple[Entry, DecisionTaken]:
        """The entry at a position, and the envelope of its decision, as amended."""
        entry, taken = self._recorded(position)
        return entry, amended(taken, self.amendments(entry.decision))

    def amendments(self, decision: str) -> Sequence[Amendment]:
        """The amendments to a decision, in order."""
        if decision not in self._amendments:
            at = (decision, self._position)
            found = (
                amendments(self._connection, self._position, [decision])
                if any(self._rows(_AMENDED, *at))
                else {}
            )
            self._amendments[decision] = found.get(decision, ())
        return self._amendments[decision]

    def fetch(self, kind: str, subjects: Iterable[str]) -> None:
        """Find what is about many subjects at once, so that asking for each costs little."""
        for some in chunks(sorted(set(subjects)), _MOST):
            about: dict[str, list[Spell]] = {subject: [] for subject in some}
            asked = [*some, *[""] * (_size(some) - len(some))]
            for row in self._rows(_about(_size(some)), *asked, kind, *self._ever):
                about[row[1]].append(_spell(row))
            self._found.update({("about", kind, each): about[each] for each in some})

    @property
    def _ever(self) -> tuple[int, int]:
        return self._position, self._position

    def _spells(self, statement: str, *parameters: Any) -> Iterator[Spell]:
        return map(_spell, self._rows(statement, *parameters))

    def _rows(self, statement: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        rows: Iterator[tuple[Any, ...]] = self._driver.execute(statement, parameters)
        return rows


_ALL: Final = f"SELECT {_COLUMNS} FROM spells WHERE kind = ? AND {_EVER} ORDER BY id"
_ABOUT: Final = f"""SELECT {_COLUMNS} FROM spells
    WHERE kind = ? AND subject = ? AND {_EVER} ORDER BY id"""
_NAMING: Final = f"""SELECT {_COLUMNS} FROM spells
    WHERE kind = ? AND named = ? AND {_EVER} ORDER BY id"""
_LIFE: Final = f"""SELECT {_COLUMNS} FROM spells
    WHERE kind = ? AND subject = ? AND attribute = '{LIFE}' AND {_EVER} ORDER BY id"""
_THERE: Final = f"""
    SELECT subject FROM spells INDEXED BY spells_lives WHERE kind = ? AND attribute = '{LIFE}'
    AND {_NOW} AND until_latest > ? AND since_earliest <= ?
    UNION ALL
    SELECT subject FROM spells INDEXED BY spells_lives WHERE kind = ? AND attribute = '{LIFE}'
    AND {_THEN} AND until_latest > ? AND since_earliest <= ?"""
_AMENDED: Final = "SELECT 1 FROM amendments WHERE decision = ? AND last <= ? LIMIT 1"


@cache
def _on_days(size: int) -> str:
    """What so many subjects are on a day each, with their lives whatever the day.

    First what is still believed of the day, then what is still believed of a life on other days,
    then of both what has been given up since.
    """
    on_day = "spells.until_latest > wanted.day AND spells.since_earliest <= wanted.day"
    life = f"spells.attribute = '{LIFE}'"
    living = ", ".join(f"'{kind}'" for kind in sorted(CREATIONS))
    of = "spells.kind = wanted.kind AND spells.subject = wanted.subject"
    return f"""
        WITH wanted(kind, subject, day) AS (VALUES {", ".join(["(?, ?, ?)"] * size)}),
        later(any) AS (SELECT 1 WHERE EXISTS (SELECT 1 FROM spells INDEXED BY spells_given_up
            WHERE recorded_until > ? AND recorded_until < {NEWEST}))
        SELECT {_COLUMNS}, wanted.day FROM wanted CROSS JOIN spells INDEXED BY spells_standing
        ON {of} AND {on_day} AND {_NOW}
        UNION ALL
        SELECT {_COLUMNS}, wanted.day FROM wanted CROSS JOIN spells INDEXED BY spells_believed
        ON wanted.kind IN ({living}) AND {of} AND {life} AND NOT ({on_day}) AND {_NOW}
        UNION ALL
        SELECT {_COLUMNS}, wanted.day FROM later CROSS JOIN wanted CROSS JOIN spells
        INDEXED BY spells_recorded ON {of} AND {_THEN} AND ({on_day} OR {life})"""


@cache
def _naming(size: int) -> str:
    return f"""
        WITH wanted(subject) AS (VALUES {", ".join(["(?)"] * size)})
        SELECT {_COLUMNS}, wanted.subject FROM wanted CROSS JOIN spells
        ON spells.kind = ? AND spells.named = wanted.subject AND {_EVER} ORDER BY spells.id"""


@cache
def _about(size: int) -> str:
    return f"""
        WITH wanted(subject) AS (VALUES {", ".join(["(?)"] * size)})
        SELECT {_COLUMNS} FROM wanted CROSS JOIN spells
        ON spells.kind = ? AND spells.subject = wanted.subject AND {_EVER} ORDER BY spells.id"""


def _size(some: Sequence[object]) -> int:
    """How many a statement asks for: few sizes, so that few texts are prepared."""
    return 1 << (len(some) - 1).bit_length()


def _padded(some: Sequence[Wanted]) -> list[Any]:
    nothing: Wanted = ("", "", 0)
    return [each for one in (*some, *[nothing] * (_size(some) - len(some))) for each in one]


_value = lru_cache(maxsize=65_536)(json.loads)
"""Values as they are stored; many are alike, and none is changed by who reads it."""


_window = lru_cache(maxsize=65_536)(Window)
"""Windows of days, each once."""


def _spell(row: Sequence[Any]) -> Spell:
    kind, subject, attribute, value, earliest, latest, ends, ended, since, until, by, end = row
    return Spell(
        Track(kind, subject, attribute),
        _value(value),
        _window(earliest, latest),
        _window(ends, ended),
        since,
        until,
        (by,) if end is None else (by, end),
    )


def changed(connection: Connection, after: int, until: int) -> set[Read]:
    """The look-ups that may find something else at a position than at one before it."""
    driver: Any = connection.connection.dbapi_connection
    found: set[Read] = set()
    for kind, subject, named in driver.execute(_CHANGED, (after, until, after, until)):
        found |= {("all", kind, ""), ("about", kind, subject)}
        if named is not None:
            found.add(("naming", kind, named))
    return found


_CHANGED: Final = f"""
    SELECT kind, subject, named FROM spells INDEXED BY spells_from
    WHERE recorded_from > ? AND recorded_from <= ?
    UNION
    SELECT kind, subject, named FROM spells INDEXED BY spells_given_up
    WHERE recorded_until < {NEWEST} AND recorded_until > ? AND recorded_until <= ?"""


def believed(position: int) -> Select[Any]:
    """Spells believed at a position."""
    return select(spells).where(believed_at(position))


def believed_at(position: int, table: FromClause = spells) -> ColumnElement[bool]:
    """The condition that a spell was believed at a position."""
    return and_(table.c.recorded_from <= position, table.c.recorded_until > position)

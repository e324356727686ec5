"""The facts as the views have them at a position: found by index, and remembered.

A history may be deep where a day is not: so what is asked of a day is cut by days in the index, and
what is asked of many subjects takes one statement (`projections.statements`).

At the newest position, what is found and what rules put together of it is remembered for other
questions (`projections.memory`). So all days are read of what seldom changes, the day alone of what
often does. At other positions the day alone is read, and remembered for one question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, select

from domain.amendments import Amendment, amended
from domain.dates import DAWN, NEVER
from domain.decisions import DecisionTaken
from domain.entries import Entry
from domain.questions.facts import Day
from domain.timelines import Spell
from domain.tracks import CREATIONS, LIFE, Track
from projections import statements
from projections.amendments import amendments
from projections.memory import Key, Memory, Piece, Read
from projections.spells import spell_of
from projections.tables import chunks, spells

Told = Callable[[int], tuple[Entry, DecisionTaken]]
"""Reads the entry at a position from the log, with the envelope of its decision as recorded."""

Recalled = Callable[[Collection[int]], object]
"""Reads the entries at some positions in one go, so that telling each costs little."""

Wanted = tuple[str, str, int]
"""A kind, a subject and a day."""

Asked = TypeVar("Asked")
Made = TypeVar("Made")

_DEEP: Final = frozenset({"tenure"})
"""The kinds of which a subject has many spells one after the other: those of a day are few."""

_MOST: Final = 256
"""How many subjects a statement asks for at most."""


class History:
    """What tracks of one subject say on some days, by attribute."""

    __slots__ = ("_attributes", "_bounds")

    def __init__(self, attributes: dict[str, list[Spell]] | None = None) -> None:
        self._attributes = {} if attributes is None else attributes
        self._bounds: dict[str | None, list[int]] = {}

    def add(self, spell: Spell) -> None:
        """Take in a spell that was found."""
        self._attributes.setdefault(spell.track.attribute, []).append(spell)

    @property
    def size(self) -> int:
        """How many spells these are."""
        return sum(map(len, self._attributes.values()))

    def of(self, attribute: str | None) -> Sequence[Spell]:
        """The spells of one attribute, or of all."""
        if attribute is not None:
            return self._attributes.get(attribute, ())
        return [each for told in self._attributes.values() for each in told]

    def on(self, day: int, attribute: str | None) -> Sequence[Spell]:
        """The spells, of one attribute or of all, that may hold on a day."""
        return [each for each in self.of(attribute) if each.since[0] <= day < each.until[1]]

    def around(self, day: int, attribute: str | None) -> tuple[int, int]:
        """From and until when, around a day, nothing of this begins or ends, nor may."""
        bounds = self._bounds.get(attribute)
        if bounds is None:
            found = {each for one in self.of(attribute) for each in (*one.since, *one.until)}
            bounds = self._bounds[attribute] = [DAWN - 1, *sorted(found), NEVER + 1]
        at = bisect_right(bounds, day)
        return bounds[at - 1], bounds[at]


class Trace:
    """What a piece of an answer rests on, as it is put together."""

    __slots__ = ("day", "rests", "since", "until")

    def __init__(self, day: int) -> None:
        self.day = day
        self.since = DAWN - 1
        self.until = NEVER + 1
        self.rests: list[Collection[Read]] = []

    def rest(self, since: int, until: int, reads: Collection[Read]) -> None:
        """It rests on these look-ups, and holds on these days at most."""
        if since > self.since:
            self.since = since
        if until < self.until:
            self.until = until
        if reads:
            self.rests.append(reads)


class Believed:
    """What the views believed at a position, whatever the day: `domain.questions.facts.Known`."""

    def __init__(
        self,
        connection: Connection,
        position: int,
        told: Told,
        recalled: Recalled = lambda positions: None,
        memory: Memory | None = None,
    ) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.dbapi_connection
        self._position = position
        self._found: dict[tuple[str, ...], Sequence[Spell]] = {}
        self._recorded = told
        self._recalled = recalled
        self._amendments: dict[str, Sequence[Amendment]] = {}
        self._memory = memory if memory and memory.reach(position, self._changed) else None
        self._own: dict[Key, Piece] = {}  # what is not remembered, but for this question
        self._days: dict[tuple[str, int], dict[str, list[Spell]]] = {}
        self._trace: Trace | None = None

    def _changed(self, after: int, until: int) -> Iterable[Read]:
        return changed(self._connection, after, until)

    @property
    def is_remembered(self) -> bool:
        """Whether what is found is remembered for other questions."""
        return self._memory is not None

    def kept(self, make: Callable[..., Made], day: Day, *about: str) -> Made:
        """What a rule makes of these on a day: put together now, or before and remembered.

        What is to be remembered is put together on a day of its own: all that it reads is seen.
        """
        if self._memory is None:
            return make(day, *about)
        key = (make, *about)
        piece = self._memory.find(key, day.day, self._position) or self._made(key, day.day)
        if self._trace is not None:
            self._trace.rest(piece.since, piece.until, piece.reads)
        return piece.value  # type: ignore[no-any-return]

    def _made(self, key: Key, day: int) -> Piece:
        own = self._own.get(key)
        if own is not None and own.since <= day < own.until:
            return own
        make: Any = key[0]
        made, trace = self.traced(lambda: make(Day(self, day), *key[1:]), day)
        reads = frozenset(each for some in trace.rests for each in some)
        piece = Piece(trace.since, trace.until, self._position, made, reads, 1)
        self._keep(key, piece)
        return piece

    def traced(self, make: Callable[[], Made], day: int) -> tuple[Made, Trace]:
        """What is made, with what was looked up for it."""
        outer, self._trace = self._trace, Trace(day)
        try:
            return make(), self._trace
        finally:
            self._trace = outer

    def _find(self, key: Key, day: int) -> Piece | None:
        piece = self._own.get(key)
        if piece is not None:
            return piece if piece.since <= day < piece.until else None
        return self._memory.find(key, day, self._position) if self._memory is not None else None

    def _keep(self, key: Key, piece: Piece) -> None:
        if self._memory is None or not self._memory.keep(key, piece):
            self._own[key] = piece

    def _always(self, key: Key, value: object, read: Read, weight: int) -> Piece:
        piece = Piece(DAWN - 1, NEVER + 1, self._position, value, (read,), weight)
        self._keep(key, piece)
        return piece

    def _rest_on(self, piece: Piece) -> None:
        if self._trace is not None:
            self._trace.rest(piece.since, piece.until, piece.reads)

    def all(self, kind: str) -> Sequence[Spell]:
        """Every spell of a kind of track."""
        key = ("all", kind)
        self._rest_on_day("all", kind, "")
        if key not in self._found:
            self._found[key] = list(self._spells(statements.ALL, kind, *self._ever))
        return self._found[key]

    def about(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells of one subject."""
        key = ("about", kind, subject)
        self._rest_on_day(*key)
        if self._memory is not None and kind not in _DEEP and key not in self._found:
            return self._history(kind, subject, DAWN).value.of(None)  # type: ignore[no-any-return]
        if key not in self._found:
            self._found[key] = list(self._spells(statements.ABOUT, kind, subject, *self._ever))
        return self._found[key]

    def naming(self, kind: str, subject: str) -> Sequence[Spell]:
        """The spells that name another subject."""
        key = ("naming", kind, subject)
        self._rest_on_day(*key)
        if key not in self._found:
            self._found[key] = list(self._spells(statements.NAMING, kind, subject, *self._ever))
        return self._found[key]

    def _rest_on_day(self, *read: str) -> None:
        """What is made of this may be otherwise on any other day."""
        if self._trace is not None:
            day = self._trace.day
            self._trace.rest(day, day + 1, (read,))  # type: ignore[arg-type]

    def tracks(self, kind: str) -> Sequence[Track]:
        """The tracks of a kind, whatever the day."""
        key = ("tracks", kind)
        piece = self._find(key, DAWN)
        if piece is None:
            found = [Track(*row) for row in self._rows(statements.TRACKS, kind, *self._ever)]
            piece = self._always(key, found, ("all", kind, ""), 1 + len(found))
        self._rest_on(piece)
        return piece.value  # type: ignore[no-any-return]

    def named_by(self, kind: str, subject: str) -> Sequence[str]:
        """The subjects of a kind that ever name another, in the order of their ids."""
        piece = self._find(("named by", kind, subject), DAWN) or self._read_named(kind, [subject])
        self._rest_on(piece)
        return piece.value  # type: ignore[no-any-return]

    def expect_named(self, kind: str, subjects: Iterable[str]) -> None:
        """Find which subjects of a kind ever name these in one go."""
        missing = [each for each in subjects if self._find(("named by", kind, each), DAWN) is None]
        for some in chunks(missing, _MOST):
            self._read_named(kind, some)

    def _read_named(self, kind: str, subjects: Sequence[str]) -> Piece:
        found: dict[str, set[str]] = {each: set() for each in subjects}
        each = statements.padded(subjects, "")
        rows = self._rows(statements.named(len(each)), *each, kind, *self._ever)
        for subject, other in rows:
            found[other].add(subject)
        for other, ids in found.items():
            read = ("naming", kind, other)
            piece = self._always(("named by", kind, other), sorted(ids), read, 1 + len(ids))
        return piece

    def on(
        self, kind: str, subject: str, day: int, attribute: str | None = None
    ) -> Sequence[Spell]:
        """The spells of one subject, of one attribute or of all, that may hold on a day."""
        read = self._days.get((kind, day))
        if read is not None and attribute is None:
            if self._trace is not None:
                self._trace.rest(day, day + 1, (("about", kind, subject),))
            return read.get(subject, ())
        piece = self._history(kind, subject, day)
        history: History = piece.value
        if self._trace is not None:
            self._trace.rest(piece.since, piece.until, piece.reads)
            since, until = history.around(day, attribute)
            self._trace.rest(since, until, ())
        return history.on(day, attribute)

    def life(self, kind: str, subject: str) -> Sequence[Spell]:
        """When one subject is there, whatever the day."""
        if self._memory is not None:
            piece = self._history(kind, subject, DAWN)
        else:
            key = ("life", kind, subject)
            piece = self._find(key, DAWN) or self._read_life(key)
        if self._trace is not None:
            since, until = piece.value.around(self._trace.day, LIFE)
            self._trace.rest(since, until, piece.reads)
        return piece.value.of(LIFE)  # type: ignore[no-any-return]

    def _read_life(self, key: tuple[str, str, str]) -> Piece:
        _, kind, subject = key
        lives = list(self._spells(statements.LIFE_OF, kind, subject, *self._ever))
        return self._always(key, History({LIFE: lives}), ("about", kind, subject), 1)

    def there(self, kind: str, day: int) -> Sequence[str]:
        """The subjects of a kind that may be there on a day, in the order of their ids."""
        now = (kind, self._position, day, day)
        then = (kind, self._position, self._position, day, day)
        return sorted({subject for (subject,) in self._rows(statements.THERE, *now, *then)})

    def _history(self, kind: str, subject: str, day: int) -> Piece:
        """What one subject is on a day, and on what others were read with it."""
        first, _ = self._span(kind, day)
        return self._find(("on", kind, subject, first), day) or self._read([(kind, subject, day)])

    def _span(self, kind: str, day: int) -> tuple[int, int]:
        """The days of which everything is read at once: the first and the last."""
        return (day, day) if self._memory is None or kind in _DEEP else (DAWN, NEVER)

    def knows(self, kind: str, subject: str, day: int) -> bool:
        """Whether what one subject is on a day is at hand."""
        key = ("on", kind, subject, self._span(kind, day)[0])
        return (kind, day) in self._days or self._find(key, day) is not None

    def expect(self, wanted: Iterable[Wanted]) -> None:
        """Find what is on days, of these kinds and subjects, in one go."""
        missing = [each for each in dict.fromkeys(wanted) if not self.knows(*each)]
        for some in chunks(missing, _MOST):
            self._read(some)

    def _read(self, wanted: Sequence[Wanted]) -> Piece:
        asked = {
            (kind, subject, *self._span(kind, day)): History() for kind, subject, day in wanted
        }
        lives: dict[tuple[str, str], History] = {}
        told_with: dict[tuple[str, str], int] = {}  # with the first day asked for of each
        for kind, subject, first, _ in asked:
            if kind in CREATIONS and (kind, subject) not in lives:
                lives[kind, subject], told_with[kind, subject] = History(), first
        at = self._position
        each = statements.padded(asked, ("", "", 0, 0))
        flat = chain.from_iterable(each)
        for row in self._rows(statements.on_days(len(each)), *flat, at, at, at, at, at):
            spell, first, last = spell_of(row[:-2]), row[-2], row[-1]
            of = spell.track[:2]
            if spell.since.earliest <= last and spell.until.latest > first:
                asked[*of, first, last].add(spell)
            if spell.track.attribute == LIFE and told_with.get(of) == first:
                lives[of].add(spell)
        if self._memory is None:
            for (kind, subject), life in lives.items():
                self._always(("life", kind, subject), life, ("about", kind, subject), 1)
        for (kind, subject, first, last), history in asked.items():
            reads = (("about", kind, subject),)
            piece = Piece(first, last + 1, self._position, history, reads, 1 + history.size)
            if kind in _DEEP:
                self._own["on", kind, subject, first] = piece
            else:
                self._keep(("on", kind, subject, first), piece)
        return piece

    def expect_day(self, kind: str, day: int) -> Iterator[Spell]:
        """Find what is on a day, of a kind, in one go; it is told, too."""
        found: defaultdict[str, list[Spell]] = defaultdict(list)
        at = self._position
        for row in self._rows(statements.ON_DAY, kind, at, day, day, at, kind, at, day, day):
            spell = spell_of(row)
            found[spell.track.subject].append(spell)
        self._days[kind, day] = found
        return (spell for spells in found.values() for spell in spells)

    def expect_naming(self, kind: str, subjects: Iterable[str]) -> None:
        """Find what names these subjects in one go."""
        asked = dict.fromkeys(subjects)
        missing = [each for each in asked if ("naming", kind, each) not in self._found]
        for some in chunks(missing, _MOST):
            found: dict[str, list[Spell]] = {each: [] for each in some}
            each = statements.padded(some, "")
            for row in self._rows(statements.naming(len(each)), *each, kind, *self._ever):
                found[row[-1]].append(spell_of(row[:-1]))
            self._found.update({("naming", kind, one): spells for one, spells in found.items()})

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
                if any(self._rows(statements.AMENDED, *at))
                else {}
            )
            self._amendments[decision] = found.get(decision, ())
        return self._amendments[decision]

    def fetch(self, kind: str, subjects: Iterable[str]) -> None:
        """Find what is about many subjects at once, so that asking for each costs little."""
        for some in chunks(sorted(set(subjects)), _MOST):
            about: dict[str, list[Spell]] = {subject: [] for subject in some}
            each = statements.padded(some, "")
            for row in self._rows(statements.about(len(each)), *each, kind, *self._ever):
                about[row[1]].append(spell_of(row))
            self._found.update({("about", kind, one): about[one] for one in some})

    @property
    def _ever(self) -> tuple[int, int]:
        return self._position, self._position

    def _spells(self, statement: str, *parameters: Any) -> Iterator[Spell]:
        return map(spell_of, self._rows(statement, *parameters))

    def _rows(self, statement: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        rows: Iterator[tuple[Any, ...]] = self._driver.execute(statement, parameters)
        return rows


def changed(connection: Connection, after: int, until: int) -> set[Read]:
    """The look-ups that may find something else at a position than at one before it."""
    driver: Any = connection.connection.dbapi_connection
    found: set[Read] = set()
    for kind, subject, named in driver.execute(statements.CHANGED, (after, until, after, until)):
        found |= {("all", kind, ""), ("about", kind, subject)}
        if named is not None:
            found.add(("naming", kind, named))
    return found


def believed(position: int) -> Select[Any]:
    """Spells believed at a position."""
    return select(spells).where(believed_at(position))


def believed_at(position: int, table: FromClause = spells) -> ColumnElement[bool]:
    """The condition that a spell was believed at a position."""
    return and_(table.c.recorded_from <= position, table.c.recorded_until > position)

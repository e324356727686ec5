"""Beliefs: how decisions change the spells that the views hold.

Each decision puts its moments into their tracks and folds what is around them again, no more;
spells that are no longer believed are closed at its position, new ones opened. So a late, a
retracted or an out-of-order entry costs what its own days cost.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from domain import acts as a
from domain.beliefs import Belief
from domain.entries import Entry
from domain.moments import Does, Moment
from domain.timelines import Ending
from domain.tracks import LIFE, Track
from projections import tables as t
from projections.record import Record
from projections.spells import (
    MOMENT,
    SPELL,
    StoredSpell,
    folded_of,
    folding,
    moment_of,
    moment_row,
    spell_row,
)

_STANDING = f"""
    SELECT {", ".join(f"moments.{name}" for name in MOMENT)}
    FROM json_each(?) AS track CROSS JOIN moments INDEXED BY moments_by_track
    ON moments.kind = json_extract(track.value, '$[0]')
    AND moments.subject = json_extract(track.value, '$[1]')
    AND moments.attribute = json_extract(track.value, '$[2]')
    WHERE moments.recorded_until = {t.NEWEST}"""  # noqa: S608 - column names

_BELIEVED = f"""
    SELECT spells.id, spells.recorded_from, {", ".join(f"spells.{name}" for name in SPELL)}
    FROM json_each(?) AS track CROSS JOIN spells INDEXED BY spells_believed
    ON spells.kind = json_extract(track.value, '$[0]')
    AND spells.subject = json_extract(track.value, '$[1]')
    AND spells.attribute = json_extract(track.value, '$[2]')
    WHERE spells.recorded_until = {t.NEWEST}"""  # noqa: S608 - column names

INSERT_MOMENT = t.insertion(t.moments, (*MOMENT, "number", "recorded_from", "recorded_until"))
INSERT_SPELL = t.insertion(t.spells, (*SPELL, "recorded_from", "recorded_until"))
_CLOSE = "UPDATE spells SET recorded_until = ? WHERE id = ?"
RETRACT = "UPDATE moments SET recorded_until = ? WHERE position = ?"


class Beliefs:
    """The tracks that some decisions change, worked on in memory and then stored."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._record = Record(connection)
        self._tracks: dict[Track, Belief] = {}
        self._stored: dict[StoredSpell, tuple[int, int]] = {}  # its row, and believed from where
        self._new: dict[StoredSpell, int] = {}  # believed from where
        self._passed: list[tuple[Any, ...]] = []  # believed for a while within these decisions
        self._closed: list[tuple[int, int]] = []
        self._moments: dict[int, tuple[int, Sequence[Moment]]] = {}  # by position, and from where
        self._gone: dict[int, int] = {}

    def expect(self, entries: Iterable[Entry]) -> None:
        """Load the tracks that these entries will change, in a few statements."""
        moments = [moment for entry in entries for moment in entry.moments]
        self._load(moment.track for moment in moments)
        self._load(_life(each.ground) for each in moments if each.ground is not None)

    def take_in(self, decision: Sequence[Entry]) -> None:
        """Change what is believed by one decision, from its envelope to its last act."""
        last = decision[-1].position
        self._record.take_in(decision)
        gone: defaultdict[Track, list[Moment]] = defaultdict(list)
        new: defaultdict[Track, list[Moment]] = defaultdict(list)
        elections: dict[str, None] = {}
        for entry in decision[1:]:
            if isinstance(entry.act, a.EntryRetracted):
                own, changed = (
                    self._retracted(self._record.position_of(entry.act.entry), last),
                    gone,
                )
            else:
                own, changed = [folding(moment) for moment in entry.moments], new
                self._moments[entry.position] = last, own
            for moment in own:
                changed[moment.track].append(moment)
                if moment.track.kind == "election" and moment.does is Does.ENDS:
                    elections[moment.track.subject] = None
        tracks = dict.fromkeys((*gone, *new))
        self._load(tracks)
        # How an election ended comes first, for what rests on it is folded with it.
        for track in sorted(tracks, key=lambda each: each.kind != "election"):
            self._change(track, gone.get(track, ()), new.get(track, ()), last)
        for election in elections:
            resting = dict.fromkeys(self._resting_on(election))
            self._load(resting)
            for track in resting:
                self._change(track, (), (), last)

    def store(self) -> None:
        """Write everything that changed."""
        execute = self._connection.exec_driver_sql
        self._record.store()
        if self._gone:
            execute(RETRACT, [(until, position) for position, until in self._gone.items()])
        moments = [
            (*moment_row(moment), number, since, self._gone.get(position, t.NEWEST))
            for position, (since, own) in self._moments.items()
            for number, moment in enumerate(own)
        ]
        if moments:
            execute(INSERT_MOMENT, moments)
        if self._closed:
            execute(_CLOSE, self._closed)
        spells = [(*stated, since, t.NEWEST) for stated, since in self._new.items()]
        if spells or self._passed:
            execute(INSERT_SPELL, [*self._passed, *spells])

    def _retracted(self, position: int, last: int) -> Sequence[Moment]:
        if position in self._moments:
            gone = self._moments[position][1]
        else:
            found = select(*(t.moments.c[name] for name in MOMENT))
            rows = self._connection.execute(found.where(t.moments.c.position == position))
            gone = [moment_of(row) for row in rows]
            self._load(moment.track for moment in gone)
        self._gone[position] = last
        return gone

    def _change(
        self, track: Track, gone: Sequence[Moment], new: Sequence[Moment], last: int
    ) -> None:
        change = self._tracks[track].change(gone, new, self._annulment)
        for stated in dict.fromkeys(map(spell_row, change.gone)):
            if stated in self._stored:
                self._closed.append((last, self._stored.pop(stated)[0]))
            elif (since := self._new.pop(stated)) < last:
                self._passed.append((*stated, since, last))
        for spell in change.come:
            self._new[spell_row(spell)] = last

    def _resting_on(self, election: str) -> Iterator[Track]:
        """The tracks of an election's tenures and memberships."""
        grounded = select(t.moments.c.kind, t.moments.c.subject, t.moments.c.attribute).where(
            t.moments.c.ground == election, t.moments.c.recorded_until == t.NEWEST
        )
        for row in self._connection.execute(grounded):
            yield Track(*row)
        for _, own in self._moments.values():
            for moment in own:
                if moment.ground == election:
                    yield moment.track

    def _annulment(self, election: str) -> Ending | None:
        life = _life(election)
        self._load([life])
        return annulment(self._tracks[life].moments)

    def _load(self, tracks: Iterable[Track]) -> None:
        """Bring tracks into memory as the views have them."""
        missing = [track for track in dict.fromkeys(tracks) if track not in self._tracks]
        if not missing:
            return
        asked = (json.dumps(missing),)
        execute = self._connection.exec_driver_sql
        moments: dict[Track, list[Moment]] = {track: [] for track in missing}
        for row in execute(_STANDING, asked):
            moment = moment_of(row)
            moments[moment.track].append(moment)
        spells = defaultdict(list)
        for number, since, *columns in execute(_BELIEVED, asked):
            stated = tuple(columns)
            self._stored[stated] = number, since
            spells[Track(*stated[:3])].append(folded_of(stated))
        for track in missing:
            self._tracks[track] = Belief(moments[track], spells[track])


def annulment(moments: Iterable[Moment]) -> Ending | None:
    """How an election was annulled, from the moments of its life; None while it stands."""
    ends = (moment for moment in moments if moment.does is Does.ENDS)
    first = min(ends, key=lambda moment: moment.position, default=None)
    return Ending(first.window, first.text, first.position) if first is not None else None


def _life(election: str) -> Track:
    return Track("election", election, LIFE)

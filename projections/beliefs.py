"""Beliefs: how an entry changes the spells that the views hold.

Each decision inserts its moments into their tracks and folds those tracks again, no others; spells
that are no longer believed are closed at its position, new ones opened. So a late, a retracted or
an out-of-order entry costs what its own subjects cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, tuple_, update

from domain import acts as a
from domain.entries import Entry, canonical
from domain.entries import microseconds as recorded_microseconds
from domain.findings.taken import taken
from domain.moments import Does, Moment
from domain.shape import to_json
from domain.timelines import Ending, fold
from domain.tracks import LIFE, Track
from projections import views as v
from projections.spells import STATED, moment_of, moment_row, stated


class _Belief(NamedTuple):
    """A spell in the form of its row, and which row that is (none: it is still to be inserted)."""

    columns: tuple[Any, ...]
    recorded_from: int
    row: int | None


class Beliefs:
    """The spells of the tracks that some decisions change, worked on in memory and then stored."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tracks: dict[Track, list[Moment]] = {}
        self._believed: dict[Track, dict[tuple[Any, ...], _Belief]] = {}
        self._new_moments: dict[int, list[Moment]] = {}
        self._retracted: set[int] = set()
        self._opened: list[dict[str, Any]] = []
        self._closed: list[dict[str, Any]] = []
        self._decisions: dict[str, dict[str, Any]] = {}
        self._gone: dict[int, int] = {}
        self._amendments: list[dict[str, Any]] = []

    def expect(self, entries: Iterable[Entry]) -> None:
        """Load the tracks that these entries will change, in a few statements."""
        self._load({moment.track for entry in entries for moment in entry.moments})

    def take_in(self, decision: Sequence[Entry]) -> None:
        """Change what is believed by one decision, from its envelope to its last act."""
        first, last = decision[0], decision[-1].position
        self._decisions[first.decision] = {
            "id": first.decision,
            "position": first.position,
            "last": last,
            "recorded_at": recorded_microseconds(first.recorded_at),
            "taken": canonical(to_json(taken(decision))).decode(),
        }
        changed: dict[Track, None] = {}
        for entry in decision[1:]:
            if isinstance(entry.act, a.EntryRetracted):
                gone = self._position_of(entry.act.entry)
                self._gone[gone] = last
                changed |= dict.fromkeys(self._retract(gone))
            elif isinstance(entry.act, a.DecisionAmended):
                self._amendments.append(
                    {
                        "position": entry.position,
                        "last": last,
                        "decision": entry.act.decision,
                        "act": canonical(to_json(entry.act)).decode(),
                    }
                )
            else:
                changed |= dict.fromkeys(self._insert(entry))
        self._load(changed)
        for track in changed:
            self._fold(track, last)

    def store(self) -> None:
        """Write everything that changed."""
        execute = self._connection.execute
        new = [moment for each in self._new_moments.values() for moment in each]
        if self._decisions:
            execute(insert(v.decisions), list(self._decisions.values()))
        if self._gone:
            rows = [{"target": target, "position": at} for target, at in self._gone.items()]
            execute(insert(v.retractions), rows)
        if self._amendments:
            execute(insert(v.amendments), self._amendments)
        for some in v.chunks(sorted(self._retracted)):
            execute(delete(v.moments).where(v.moments.c.position.in_(some)))
        if new:
            execute(insert(v.moments), [moment_row(moment) for moment in new])
        if self._closed:
            stale = v.spells.c.recorded_until
            for until in sorted({each["until"] for each in self._closed}):
                rows_closed = [each["row"] for each in self._closed if each["until"] == until]
                for some in v.chunks(rows_closed):
                    execute(update(v.spells).where(v.spells.c.id.in_(some)).values({stale: until}))
        if self._opened:
            execute(insert(v.spells), self._opened)
        still = [
            (belief, v.NEWEST)
            for each in self._believed.values()
            for belief in each.values()
            if belief.row is None
        ]
        if still:
            execute(insert(v.spells), [_row(*each) for each in still])

    def _insert(self, entry: Entry) -> Iterator[Track]:
        own = list(entry.moments)
        self._new_moments[entry.position] = own
        self._load(moment.track for moment in own)
        for moment in own:
            self._tracks[moment.track].append(moment)
            yield moment.track
            yield from self._resting_on(moment)

    def _retract(self, position: int) -> Iterator[Track]:
        gone = self._new_moments.pop(position, None)
        if gone is None:
            rows = self._connection.execute(
                select(v.moments).where(v.moments.c.position == position)
            )
            gone = [moment_of(row) for row in rows]
        self._load(moment.track for moment in gone)
        self._retracted.add(position)
        for moment in gone:
            self._tracks[moment.track].remove(moment)
            yield moment.track
            yield from self._resting_on(moment)

    def _resting_on(self, moment: Moment) -> Iterator[Track]:
        """The tracks of an election's tenures, when the election's own end changes."""
        if moment.track.kind != "election" or moment.does is not Does.ENDS:
            return
        election = moment.track.subject
        grounded = v.moments.c.ground == election
        for row in self._connection.execute(select(v.moments).where(grounded)):
            yield Track(row.kind, row.subject, row.attribute)
        for each in self._new_moments.values():
            for other in each:
                if other.ground == election:
                    yield other.track

    def _position_of(self, target: int | a.ActOf) -> int:
        if isinstance(target, int):
            return target
        if target.decision in self._decisions:
            return int(self._decisions[target.decision]["position"]) + target.act
        found = select(v.decisions.c.position).where(v.decisions.c.id == target.decision)
        return int(self._connection.execute(found).scalar_one()) + target.act

    def _fold(self, track: Track, last: int) -> None:
        timeline = fold(self._tracks[track], self._annulment)
        new = {stated(spell): None for spell in timeline.spells}
        believed = self._believed[track]
        for columns in [columns for columns in believed if columns not in new]:
            belief = believed.pop(columns)
            if belief.row is not None:
                self._closed.append({"row": belief.row, "until": last})
            elif belief.recorded_from < last:
                self._opened.append(_row(belief, last))
        for columns in new:
            believed.setdefault(columns, _Belief(columns, last, None))

    def _annulment(self, election: str) -> Ending | None:
        life = Track("election", election, LIFE)
        self._load([life])
        ends = (moment for moment in self._tracks[life] if moment.does is Does.ENDS)
        first = min(ends, key=lambda moment: moment.position, default=None)
        return Ending(first.window, first.text, first.position) if first is not None else None

    def _load(self, tracks: Iterable[Track]) -> None:
        """Bring tracks into memory as the views have them."""
        missing = [track for track in dict.fromkeys(tracks) if track not in self._tracks]
        for track in missing:
            self._tracks[track] = []
            self._believed[track] = {}
        for some in v.chunks(missing):
            for row in self._connection.execute(select(v.moments).where(_among(v.moments, some))):
                moment = moment_of(row)
                if moment.position not in self._retracted:
                    self._tracks[moment.track].append(moment)
            believed = _among(v.spells, some) & (v.spells.c.recorded_until == v.NEWEST)
            for row in self._connection.execute(select(v.spells).where(believed)):
                track = Track(row.kind, row.subject, row.attribute)
                columns = tuple(getattr(row, name) for name in STATED)
                self._believed[track][columns] = _Belief(columns, row.recorded_from, row.id)


def _among(table: Any, tracks: Sequence[Track]) -> Any:
    return tuple_(table.c.kind, table.c.subject, table.c.attribute).in_(tracks)


def _row(belief: _Belief, recorded_until: int) -> dict[str, Any]:
    row = dict(zip(STATED, belief.columns, strict=True))
    return {**row, "recorded_from": belief.recorded_from, "recorded_until": recorded_until}

"""Memory: entries of the log by tag and type, for deciding without reading them again.

It follows what this process commits, and catches up with what other processes did. Being behind is
harmless: an append is conditional on all that was read, and nothing is refused on stale memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from domain.entries import Entry, placed, read
from domain.register import Read
from service.log.appends import Sealed
from service.log.log import Log
from service.log.signing import LogRewound

REMEMBERED = 300_000
"""Entries and empty places kept; beyond, the tags not asked for longest are forgotten."""
CAUGHT_UP = 5_000
"""Entries of other processes taken in one by one; beyond, memory starts anew."""

MANY = 200
"""Tags asked for at once from which on it is asked first which of them there are at all."""


class _Types(dict[str, list[Entry | Sealed]]):
    """What is known of a tag, by type; if `is_whole`, of every type: those not here have none."""

    is_whole = False

    def lacks(self, types: frozenset[str]) -> bool:
        """Whether something of these types may be recorded that is not known."""
        return not (self.is_whole or types <= self.keys())


_NOTHING = _Types()


class Memory:
    """What deciding reads, as of one position or a little after."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.RLock()
        self._tags: OrderedDict[str, _Types] = OrderedDict()
        self._size = 0
        self._position, self._recorded_at = log.head()
        log.add_listener(self.take_in)

    @property
    def position(self) -> int:
        """The position that everything remembered is complete up to."""
        return self._position

    @property
    def recorded_at(self) -> int:
        """When the newest entry known here was recorded, in µs since 1970."""
        return self._recorded_at

    def entries(self, tag: str, types: frozenset[str]) -> Sequence[Entry]:
        """Every recorded entry with a tag and one of the types (none given: any), in order."""
        if not types:
            return [read(one.entry) for one in self._log.entries(tag=tag)]
        with self._lock:
            known = self._tags.get(tag)
            if known is None or known.lacks(types):
                self.expect([(tag, types)])
                known = self._tags[tag]
            self._tags.move_to_end(tag)
            if not known:
                return ()
            found: list[Entry] = []
            for type_ in types:
                if some := known.get(type_):
                    found += _read(some)
        if len(found) > 1:
            found.sort(key=_position)
        return found

    def expect(self, reads: Iterable[Read]) -> None:
        """Read, in one go, what will be asked for."""
        with self._lock:
            asked: dict[str, set[str]] = {}
            for tag, types in reads:
                asked.setdefault(tag, set()).update(types)
            unknown = [tag for tag in asked if tag not in self._tags]
            unused = self._log.unused(unknown) if len(unknown) > MANY else frozenset[str]()
            missing = [
                (tag, type_)
                for tag, types in asked.items()
                if tag not in unused and not (known := self._tags.get(tag, _NOTHING)).is_whole
                for type_ in types.difference(known)
            ]
            found = self._log.tagged(missing) if missing else ()  # else nothing is remembered
            for tag in unused:
                self._tags[tag] = known = _Types()
                known.is_whole = True
            for tag, type_ in missing:
                if (types_ := self._tags.get(tag)) is None:
                    self._tags[tag] = types_ = _Types()
                types_[type_] = []
            for tag, one in found:
                self._tags[tag][one.type].append(one)
                self._size += 1
            self._size += len(missing) + len(unused)
            if missing or unused:
                self._forget({*unused, *(tag for tag, _ in missing)})

    def at(self, position: int) -> Entry | None:
        """The entry at a position, None beyond the newest."""
        found = self._log.entries(after=position - 1, until=position)
        return read(found[0].entry) if found else None

    def take_in(self, sealed: Sequence[Sealed]) -> None:
        """Follow what was committed; a gap before it is filled from the log."""
        with self._lock:
            if sealed[0].position > self._position + 1:
                self._fill(sealed[0].position - 1)
            for one in sealed:
                if one.position > self._position:
                    self._remember(one)

    def catch_up(self) -> bool:
        """Follow the log to its newest entry; whether there was anything new.

        Raises:
            LogRewound: it has lost entries that are known here.
        """
        newest, recorded_at = self._log.head()
        with self._lock:
            if newest < self._position:
                raise LogRewound(f"the log has {newest} entries, and {self._position} were known")
            self._recorded_at = max(self._recorded_at, recorded_at)
            behind = newest > self._position
            if behind:
                self._fill(newest)
        return behind

    def _fill(self, until: int) -> None:
        if until - self._position > CAUGHT_UP:
            self._tags.clear()
            self._size = 0
        else:
            for one in self._log.entries(after=self._position, until=until):
                self._remember(one)
        self._position = max(self._position, until)

    def _remember(self, one: Sealed) -> None:
        for tag in one.tags:
            known = self._tags.get(tag, _NOTHING)
            of_type = known.setdefault(one.type, []) if known.is_whole else known.get(one.type)
            if of_type is not None and (not of_type or of_type[-1].position < one.position):
                of_type.append(one)
                self._size += 1
        self._position, self._recorded_at = one.position, one.recorded_at

    def _forget(self, needed: set[str]) -> None:
        """Make room, but for what was just asked for."""
        while self._size > REMEMBERED and next(iter(self._tags)) not in needed:
            _, types = self._tags.popitem(last=False)
            self._size -= sum(map(len, types.values())) + (1 if types.is_whole else len(types))


class Ahead:
    """Memory as it will be once some drafts are recorded behind its newest position.

    So they have the positions that they will have then.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._begin = memory.position
        self._entries: list[Entry] = []
        self._tags: dict[str, dict[str, list[Entry]]] = {}

    def __contains__(self, tag: str) -> bool:
        """Whether a draft has this tag."""
        return tag in self._tags

    @property
    def position(self) -> int:
        """The newest position, with the drafts."""
        return self._begin + len(self._entries)

    def entries(self, tag: str, types: frozenset[str]) -> Sequence[Entry]:
        """Every entry with a tag and one of the types (none given: any), in order."""
        recorded = self._memory.entries(tag, types)
        ahead = self._tags.get(tag)
        if ahead is None:
            return recorded
        of_types = [ahead[type_] for type_ in types or ahead if type_ in ahead]
        newer = [entry for entries in of_types for entry in entries]
        if len(of_types) > 1:
            newer.sort(key=_position)
        return [*recorded, *newer] if newer else recorded

    def at(self, position: int) -> Entry | None:
        """The entry at a position, None beyond the newest."""
        if position <= self._begin:
            return self._memory.at(position)
        return self._entries[position - self._begin - 1] if position <= self.position else None

    def expect(self, reads: Iterable[Read]) -> None:
        """Read, in one go, what will be asked for."""
        self._memory.expect(reads)

    def add(self, drafts: Sequence[Entry]) -> None:
        """Take in the drafts of a decision, as they will be recorded."""
        for draft in drafts:
            entry = placed(draft, self.position + 1)
            self._entries.append(entry)
            type_ = entry.act.type
            for tag in entry.tags:
                if (types := self._tags.get(tag)) is None:
                    self._tags[tag] = {type_: [entry]}
                else:
                    types.setdefault(type_, []).append(entry)


def _read(known: list[Entry | Sealed]) -> list[Entry]:
    """The entries of a list, decoded when they are first asked for."""
    for number, one in enumerate(known):
        if isinstance(one, Sealed):
            known[number] = read(one.entry)
    return known  # type: ignore[return-value]


def _position(entry: Entry) -> int:
    return entry.position

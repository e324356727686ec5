"""Entries: acts as the log records them, in bytes that anybody can hash again.

An entry is canonical JSON (RFC 8785): members sorted, no white space, integers only. Position and
time stand in the middle of it and are filled in when the log knows them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from json.encoder import encode_basestring
from typing import Any, Final

from domain.acts import ACTS, SERVICE_ACTS
from domain.changes import moments
from domain.constructors import constructor
from domain.decisions import DecisionTaken, Payload
from domain.moments import Moment
from domain.shape import Mentioned, from_json, mentions, to_json
from domain.upcasts import upcast

MAX_ENTRY_BYTES: Final = 65_535
"""The longest entry that the published form of the log can hold (C2SP tlog-tiles)."""

_decoded = json.JSONDecoder().raw_decode
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAYLOADS: Final[dict[str, type[Payload]]] = {
    **ACTS,
    **SERVICE_ACTS,
    "decision.taken": DecisionTaken,
}
"""What entries hold, by its stored name: a closed registry. Nothing is looked up elsewhere."""


class EntryUnreadable(Exception):
    """An entry of the log has no form that this release knows. Stop: do not guess."""


@dataclass(frozen=True)
class Entry:
    """An act as recorded: `number` 0 is the decision's envelope, its acts follow from 1."""

    position: int
    recorded_at: str
    recorded_by: str
    decision: str
    number: int
    act: Payload
    tags: tuple[str, ...]

    @property
    def type(self) -> str:
        """The stored name of the act."""
        return self.act.type

    @cached_property
    def mentions(self) -> tuple[Mentioned, ...]:
        """The ids that the entry mentions."""
        return tuple(mentions(self.act))

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """What the entry brings about."""
        return tuple(moments(self.act, self.position))


_entry = constructor(Entry)

DRAFTED: Final = 2**62
"""Drafts are numbered from here until the log gives them their positions: after every entry."""


def unplaced(
    act: Payload, decision: str, number: int, recorded_by: str, more: Iterable[str] = ()
) -> Entry:
    """An act as an entry that has no place yet, with its tags and more of them."""
    tags = tuple(dict.fromkeys((*tags_of(act, decision), *more)))
    return _entry(DRAFTED + number, "", recorded_by, decision, number, act, tags)


def placed(entry: Entry, position: int) -> Entry:
    """The same entry at a position."""
    return _with(entry, position, entry.act)


def committed_to(entry: Entry, act: Payload) -> Entry:
    """The same entry with its texts replaced by commitments."""
    return _with(entry, entry.position, act) if act is not entry.act else entry


def _with(entry: Entry, position: int, act: Payload) -> Entry:
    made = _entry(
        position,
        entry.recorded_at,
        entry.recorded_by,
        entry.decision,
        entry.number,
        act,
        entry.tags,
    )
    made.__dict__["mentions"] = entry.mentions  # ids are no texts
    return made


def canonical(value: Any) -> bytes:
    """Write JSON values as RFC 8785 does, for values that have no floats and ASCII member names."""
    return _encoded(value).encode("utf-8")


def canonical_text(value: Any) -> str:
    """The same before it is encoded."""
    return _encoded(value)


def tags_of(act: Payload, decision: str) -> tuple[str, ...]:
    """The tags by which an entry is found: its decision and every subject that it mentions."""
    subjects = {tag for each in mentions(act) for tag in each.mark.tags(each.id)}
    return (f"decision:{decision}", *sorted(subjects - {f"decision:{decision}"}))


def halves(entry: Entry) -> tuple[bytes, bytes]:
    """The bytes of an entry before and after its position and time."""
    act, decision = _encoded(to_json(entry.act)), encode_basestring(entry.decision)
    by, tags = encode_basestring(entry.recorded_by), ",".join(map(encode_basestring, entry.tags))
    head = f'{{"act":{act},"decision":{decision},"number":{entry.number},"position":'
    tail = f',"recorded_by":{by},"tags":[{tags}],"version":{entry.act.version}}}'
    return head.encode("utf-8"), tail.encode("utf-8")


def seal(head: bytes, tail: bytes, position: int, recorded_at: int) -> bytes:
    """The exact bytes of an entry, once its position and time (µs since 1970) are known."""
    return b'%s%d,"recorded_at":"%s"%s' % (head, position, instant(recorded_at).encode(), tail)


def read(stored: bytes) -> Entry:
    """Read an entry from its bytes, its act in the form of this release (`domain.upcasts`).

    Raises:
        EntryUnreadable: it is of a type or version that this release does not know.
    """
    try:
        text = stored.decode().strip()
        data, end = _decoded(text)
        if end < len(text):
            raise ValueError(f"more than one value: {text[end:]!r}")
        act = data["act"]
        payload = PAYLOADS[act["type"]]
        if data["version"] != payload.version:
            act = upcast(act, data["version"], payload.version)
        return _entry(  # in the order of its fields
            data["position"],
            data["recorded_at"],
            data["recorded_by"],
            data["decision"],
            data["number"],
            from_json(payload, act),
            tuple(data["tags"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise EntryUnreadable(f"entry {stored[:200]!r}: {wrong!r}") from wrong


@lru_cache(maxsize=256)
def instant(microseconds: int) -> str:
    """Write µs since 1970 as an RFC 3339 instant in UTC."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def microseconds(text: str) -> int:
    """Read an RFC 3339 instant as µs since 1970. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no instant such as 2026-01-31T12:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2026-01-31T12:00:00Z")
    return (moment - _EPOCH) // timedelta(microseconds=1)

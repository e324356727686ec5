"""Content: what is recorded, put together again from entries and the vault, as JSON values."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import sha256
from typing import Any, Final

from domain.acts import Act
from domain.answers import Body
from domain.decisions import Decision, DecisionTaken
from domain.entries import Entry, canonical
from domain.fields import DIGEST, Commitment
from domain.shape import shape

Values = Callable[[Collection[str]], Mapping[str, str]]
"""Opens digests as far as the vault has them."""

ERASED: Final = {"erased": True}
"""What answers tell in place of a text that was erased."""

WITHHELD: Final = {"withheld": True}
"""What answers tell in place of a text to whoever may not know it."""

Told = Callable[[Collection[str]], Mapping[str, Any]]
"""Gives the text behind each digest, or what is told instead; of what is missing, nothing."""


def stored(entries: Sequence[Entry]) -> Decision:
    """The decision that these entries hold, envelope first, its texts as commitments."""
    taken = entries[0].act
    acts = [entry.act for entry in entries[1:] if isinstance(entry.act, Act)]
    if not isinstance(taken, DecisionTaken) or len(acts) != taken.acts:
        raise ValueError(f"the entries of decision {entries[0].decision} are not whole")
    return Decision(
        id=entries[0].decision,
        title=taken.title,
        text=taken.text,
        taken_by=taken.taken_by,
        meeting=taken.meeting,
        date=taken.date,
        authority=taken.authority,
        vote=taken.vote,
        sources=taken.sources,
        acts=tuple(acts),
    )


def opened(decision: Decision, values: Values) -> Decision:
    """A decision with its texts opened; one that the vault no longer has stays a commitment."""
    known = values(list(digests(decision)))
    return _opened(decision, known)  # type: ignore[no-any-return]


def digests(value: Any) -> Iterator[str]:
    """The digests of every commitment in a value."""
    if isinstance(value, Commitment):
        yield str(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from digests(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from digests(getattr(value, field.name))


def _opened(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, Commitment):
        return known.get(value, value)
    if isinstance(value, tuple):
        return tuple(_opened(item, known) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(value, **{name: _opened(each, known) for name, each in members.items()})
    return value


def with_texts(content: Any, told: Told) -> Any:
    """JSON values with every commitment opened.

    Where a text was erased or is withheld, they say so; where it is missing, there is null.
    """
    known = told(list(_committed(content)))

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            if _is_commitment(value):
                text = known.get(value["sha256"])
                return dict(text) if isinstance(text, dict) else text
            return {name: shown(member) for name, member in value.items()}
        return [shown(item) for item in value] if isinstance(value, list) else value

    return shown(content)


def _is_commitment(value: Mapping[str, Any]) -> bool:
    """Whether it is one in JSON, and not a source of which nothing but its hash is stated."""
    return value.keys() == {"sha256"} and len(value["sha256"]) == DIGEST


def _committed(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if _is_commitment(value):
            yield value["sha256"]
        else:
            for member in value.values():
                yield from _committed(member)
    elif isinstance(value, list):
        for item in value:
            yield from _committed(item)


@dataclass(frozen=True, slots=True)
class Written:
    """JSON text of an answer in which every commitment still stands.

    `pieces` is the text cut at its commitments: text, digest, text, digest, … text.
    """

    pieces: tuple[str, ...]

    def opened(self, told: Told) -> str:
        """The text with every commitment opened, as `with_texts` does."""
        known = told(set(self.pieces[1::2]))
        whole = list(self.pieces)
        whole[1::2] = [_json(known.get(each)) for each in self.pieces[1::2]]
        return "".join(whole)


@dataclass(frozen=True, slots=True)
class _WrittenBody:
    """A body in the forms that answers are made of: as a client reads it, and canonical."""

    body: Body
    text: str
    canonical: bytes


WHOLES: Final = 4
"""How many whole structures are remembered as they are written."""


class Writing:
    """Writes structures as JSON: each body once, for as long as it stays what it is."""

    def __init__(self) -> None:
        self._bodies: dict[str, _WrittenBody] = {}
        self._wholes: OrderedDict[int, tuple[Sequence[Body], tuple[str, Written]]] = OrderedDict()

    def whole(self, bodies: Sequence[Body]) -> tuple[str, Written]:
        """The digest and the text of a whole structure; the last few are remembered."""
        remembered = self._wholes.get(id(bodies))
        if remembered is None:
            canonical_texts = b",".join([self._body(each).canonical for each in bodies])
            digest = sha256(b"[" + canonical_texts + b"]").hexdigest()
            remembered = bodies, (digest, self.part(bodies))
            self._wholes[id(bodies)] = remembered  # which keeps the structure, and so its identity
            if len(self._wholes) > WHOLES:
                self._wholes.popitem(last=False)
        return remembered[1]

    def part(self, bodies: Sequence[Body]) -> Written:
        """The text of some bodies."""
        text = ", ".join([self._body(each).text for each in bodies])
        return Written(tuple(_COMMITTED.split(f"[{text}]")))

    def _body(self, body: Body) -> _WrittenBody:
        written = self._bodies.get(body.id)
        if written is None or written.body is not body:
            content = plain(body)
            written = _WrittenBody(body, _json(content), canonical(content))
            self._bodies[body.id] = written
        return written


_COMMITTED = re.compile(r'\{"sha256": "([A-Za-z0-9_-]{43})"\}')
"""A commitment in a text. No value of an answer looks like it: in a string, quotes are escaped."""

_json = json.JSONEncoder(ensure_ascii=False).encode


def digest(content: Any) -> str:
    """The SHA-256 of JSON values in canonical form (RFC 8785), in hexadecimal.

    Taken before texts are opened, it can be worked out again from the log alone.
    """
    return sha256(canonical(content)).hexdigest()


def with_stored_ids(sent: Decision, recorded: Decision) -> Decision:
    """A decision sent again, with the ids that the ledger gave it the first time.

    What the vault no longer has cannot be compared, and stands as it was recorded.
    """
    if len(sent.acts) != len(recorded.acts):
        return sent
    acts = []
    for act, before in zip(sent.acts, recorded.acts, strict=True):
        if type(act) is not type(before):
            return sent
        given = {
            field.name: getattr(before, field.name)
            for field in shape(type(act))
            if field.mention is not None
            and field.mention.creates
            and getattr(act, field.name) is None
        }
        acts.append(replace(act, **given))
    return _unopened(replace(sent, id=recorded.id, acts=tuple(acts)), recorded)  # type: ignore[no-any-return]


def _unopened(sent: Any, recorded: Any) -> Any:
    """`sent`, with `recorded`'s commitments where its text is no longer known."""
    if isinstance(recorded, Commitment) and isinstance(sent, str):
        return recorded
    if isinstance(sent, tuple) and isinstance(recorded, tuple) and len(sent) == len(recorded):
        return tuple(_unopened(*pair) for pair in zip(sent, recorded, strict=True))
    if is_dataclass(sent) and not isinstance(sent, type) and type(sent) is type(recorded):
        names = [field.name for field in fields(sent)]
        return replace(
            sent,
            **{name: _unopened(getattr(sent, name), getattr(recorded, name)) for name in names},
        )
    return sent


def plain(value: Any) -> Any:
    """JSON values of an answer, with every member, given or not."""
    if value is None or isinstance(value, str | int):
        return value
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return value

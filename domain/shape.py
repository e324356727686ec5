"""What the fields of acts and decisions say: their JSON form, the ids they mention, their texts.

Everything here follows from the field types in `domain.acts`; no act is known by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.constructors import constructor
from domain.fields import Commitment, Kind, Mention, Personal

Json = Any
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: whether it is a list, and what its items are."""

    name: str
    many: bool
    nested: type | None
    mention: Mention | None
    personal: bool

    @property
    def plain(self) -> bool:
        """Whether it holds neither objects nor lists."""
        return not (self.many or self.nested or self.personal)


class Mentioned(NamedTuple):
    """An id that an act mentions, and where in the act it stands."""

    mark: Mention
    id: str
    pointer: str

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of subject that the id may be of."""
        return self.mark.kinds

    @property
    def creates(self) -> bool:
        """Whether the act establishes it."""
        return self.mark.creates


class _Shape(NamedTuple):
    """The fields of a dataclass: all, those that mention ids, those that hold texts."""

    fields: dict[str, Field]
    mentioning: tuple[Field, ...]
    speaking: tuple[Field, ...]


class _Shapes(dict[Any, _Shape]):
    """The shape of each dataclass, worked out once."""

    def __missing__(self, cls: Any) -> _Shape:
        hints = get_type_hints(cls, include_extras=True)
        own = {each.name: _field(each.name, hints[each.name]) for each in fields(cls)}
        self[cls] = _Shape(
            fields=own,
            mentioning=tuple(each for each in own.values() if each.mention or each.nested),
            speaking=tuple(each for each in own.values() if each.personal or each.nested),
        )
        return self[cls]


_SHAPES = _Shapes()


def shape(cls: Any) -> Collection[Field]:
    """The fields of a dataclass, as their types describe them."""
    return _SHAPES[cls].fields.values()


def _field(name: str, hint: Any) -> Field:
    choices = [each for each in _choices(hint) if each is not type(None)]
    many = any(get_origin(each) is tuple for each in choices)
    if many:
        choices = _choices(get_args(choices[0])[0])
    marks = [mark for each in choices for mark in getattr(each, "__metadata__", ())]
    nested = [each for each in choices if isinstance(each, type) and hasattr(each, "__slots__")]
    return Field(
        name=name,
        many=many,
        nested=nested[0] if nested else None,
        mention=next((mark for mark in marks if isinstance(mark, Mention)), None),
        personal=any(isinstance(mark, Personal) for mark in marks),
    )


def _choices(hint: Any) -> list[Any]:
    return list(get_args(hint)) if get_origin(hint) in (Union, UnionType) else [hint]


_SCALAR = frozenset({str, int, bool, type(None)})


def to_json(value: Any) -> Json:
    """Write an act, or anything in one, as JSON values; what is absent is left out."""
    kind = value.__class__
    if kind in _SCALAR:
        return value
    if kind is tuple:
        return [to_json(item) for item in value]
    if kind is Commitment:
        return {"sha256": str(value)}
    return {
        name: member if member.__class__ in _SCALAR else to_json(member)
        for name in _SHAPES[kind].fields
        if (member := getattr(value, name)) is not None and member != ()
    }


def from_json(cls: type[T], data: Json) -> T:
    """Read what `to_json` wrote.

    Raises:
        TypeError, ValueError, KeyError, AttributeError: the values do not have the form of `cls`.
    """
    return _READERS[cls, tuple(data)](data)  # type: ignore[no-any-return]


Reader = Callable[[Json], Any]


class _Readers(dict[tuple[Any, tuple[str, ...]], Reader]):
    """What reads the objects that have certain members as a dataclass, made once for all alike."""

    def __missing__(self, key: tuple[Any, tuple[str, ...]]) -> Reader:
        cls, names = key
        construct, known = constructor(cls, names), _SHAPES[cls].fields
        within = [
            (number, _reader(known[name]))
            for number, name in enumerate(names)
            if not known[name].plain
        ]

        def read(data: Json) -> Any:
            members = list(data.values())
            for number, inner in within:
                members[number] = inner(members[number])
            return construct(*members)

        self[key] = read
        return read


_READERS = _Readers()


def _reader(field: Field) -> Reader:
    """What reads the objects that a field holds, alone or in a list; all else stands as it is."""
    nested = field.nested

    def read(value: Json) -> Any:
        return _READERS[nested, tuple(value)](value) if value.__class__ is dict else value

    one = read if nested else _text if field.personal else _plain
    return (lambda items: tuple([one(item) for item in items])) if field.many else one


def _text(value: Json) -> Any:
    return Commitment(value["sha256"]) if value.__class__ is dict else value


def _plain(value: Json) -> Any:
    if value.__class__ is dict:
        raise TypeError(f"{value!r} stands where no object may")
    return value


def mentions(value: Any, pointer: str = "") -> Iterator[Mentioned]:
    """Yield every id that an act mentions or creates, with the JSON pointer to it."""
    for field, item, where in _items(value, pointer, _SHAPES[type(value)].mentioning):
        if field.mention is not None:
            yield Mentioned(field.mention, item, where)
        elif field.nested is not None and not isinstance(item, int):
            yield from mentions(item, where)


def _items(value: Any, pointer: str, given: Iterable[Field]) -> Iterator[tuple[Field, Any, str]]:
    """What is given in some fields of a value, lists item by item, with its pointer."""
    for field in given:
        member = getattr(value, field.name)
        if field.many:
            for number, item in enumerate(member):
                yield field, item, f"{pointer}/{field.name}/{number}"
        elif member is not None:
            yield field, member, f"{pointer}/{field.name}"


class Told(NamedTuple):
    """A text in an act, or the commitment to it: of which field and whose it is, and where."""

    field: str
    text: str
    subject: str
    pointer: str


def texts(value: Any, subject: str, pointer: str = "") -> Iterator[Told]:
    """Yield every personal text of an act.

    The subject of a text is the person that the object around it names, or else `subject`.
    """
    subject = _subject(value, subject)
    for field, item, where in _items(value, pointer, _SHAPES[type(value)].speaking):
        if field.personal:
            yield Told(field.name, item, subject, where)
        elif field.nested is not None and not isinstance(item, int):
            yield from texts(item, subject, where)


def _subject(value: Any, otherwise: str) -> str:
    person = getattr(value, "person", None)
    return f"person:{person}" if person else otherwise


def commit(value: T, subject: str, seal: Callable[[str, str, str], Commitment]) -> T:
    """Replace every personal text by a commitment, made by `seal(field, text, subject)`.

    The subject of a text is as `texts` gives it.
    """
    speaking = [each for each in _SHAPES[type(value)].speaking if getattr(value, each.name)]
    if not speaking:
        return value
    subject = _subject(value, subject)

    def committed(field: Field, item: Any) -> Any:
        if item is None or isinstance(item, Commitment):
            return item
        if field.personal:
            return seal(field.name, item, subject)
        if field.nested is not None and not isinstance(item, int):
            return commit(item, subject, seal)
        return item

    changed: dict[str, Any] = {}
    for field in speaking:
        old = getattr(value, field.name)
        new = tuple(committed(field, i) for i in old) if field.many else committed(field, old)
        if new != old or isinstance(new, Commitment):
            changed[field.name] = new
    return replace(value, **changed) if changed else value  # type: ignore[type-var]

"""The question what the structure was on a day, as known at a position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Integer, Select, and_, cast, func, select

from domain.answers import Body
from domain.structure import assemble
from domain.timelines import Spell
from domain.tracks import ACTIVIST, LIFE
from projections.basis import Basis
from projections.beliefs import spell
from projections.views import NEWEST, chunks, spells

_SHOWN = ("body", "post", "tenure", "approval", "line")


def structure(connection: Connection, basis: Basis) -> tuple[Body, ...]:
    """Every body, post and holder present at a basis, certain or possible."""
    shown = list(_present(connection, known(basis).where(spells.c.kind.in_(_SHOWN))))
    holders = {each.track.attribute for each in shown if each.track.kind == "tenure"}
    persons = _persons(connection, basis, holders)
    return assemble((*shown, *persons), basis.effective_at, _activists(connection, basis))


def known(basis: Basis) -> Select[Any]:
    """Spells believed at the basis's position that may hold on its day."""
    return select(spells).where(
        believed_at(basis.position),
        spells.c.since_earliest <= basis.effective_at,
        spells.c.until_latest > basis.effective_at,
    )


def believed_at(position: int) -> Any:
    """The condition that a spell was believed at a position."""
    return and_(spells.c.recorded_from <= position, spells.c.recorded_until > position)


def _present(connection: Connection, question: Select[Any]) -> Iterator[Spell]:
    return (spell(row) for row in connection.execute(question))


def _persons(connection: Connection, basis: Basis, persons: Iterable[str]) -> Iterator[Spell]:
    for some in chunks(sorted(persons)):
        about = known(basis).where(spells.c.kind == "person", spells.c.subject.in_(some))
        yield from _present(connection, about)


def _activists(connection: Connection, basis: Basis) -> dict[str, tuple[int, int]]:
    """Each body's certain activists, and those who may be, the dead left out."""
    day = basis.effective_at
    dead = select(spells.c.subject, spells.c.until_latest).where(
        believed_at(basis.position),
        spells.c.kind == "person",
        spells.c.attribute == LIFE,
        spells.c.until_earliest <= day,
    )
    dead_by = {f"{ACTIVIST}/{row.subject}": row.until_latest for row in connection.execute(dead)}
    certain = cast(and_(spells.c.since_latest <= day, spells.c.until_earliest > day), Integer)
    admitted = (
        known(basis)
        .with_only_columns(spells.c.subject, spells.c.attribute, func.max(certain).label("sure"))
        .where(spells.c.kind == "membership", spells.c.attribute.startswith(f"{ACTIVIST}/"))
        .group_by(spells.c.subject, spells.c.attribute)
    )
    counts: dict[str, tuple[int, int]] = {}
    if not dead_by:
        each = admitted.subquery()
        question = select(
            each.c.subject, func.sum(each.c.sure).label("sure"), func.count().label("all")
        ).group_by(each.c.subject)
        return {row.subject: (row.sure, row.all - row.sure) for row in connection.execute(question)}
    for row in connection.execute(admitted):
        if dead_by.get(row.attribute, NEWEST) <= day:
            continue
        sure = bool(row.sure) and row.attribute not in dead_by
        before = counts.get(row.subject, (0, 0))
        counts[row.subject] = (before[0] + sure, before[1] + (not sure))
    return counts

"""The question what the whole structure was on a day, as known at a position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    cast,
    func,
    not_,
    or_,
    select,
)

from domain.answers import Body
from domain.questions.facts import Day, Facts
from domain.questions.structure import bodies, count
from domain.timelines import Spell
from domain.tracks import ACTIVIST, LIFE
from projections.basis import Basis
from projections.facts import believed, believed_at
from projections.spells import spell_of
from projections.views import chunks, spells

_SHOWN = ("body", "post", "tenure", "approval", "line", "identity")


def structure(connection: Connection, basis: Basis) -> tuple[Body, ...]:
    """Every body, post and holder present at a basis, certain or possible."""
    shown = list(_present(connection, known(basis).where(spells.c.kind.in_(_SHOWN))))
    apart = list(_counted_apart(connection, basis))
    persons = {each.track.attribute for each in shown if each.track.kind in ("tenure", "identity")}
    persons |= {each.track.subject for each in shown if each.track.kind == "identity"}
    persons |= {each.track.attribute.partition("/")[2] for each in apart}
    day = Day(Facts((*shown, *apart, *_persons(connection, basis, persons))), basis.effective_at)
    return bodies(day, _counting(_ordinary(connection, basis), day))


def known(basis: Basis) -> Select[Any]:
    """Spells believed at the basis's position that may hold on its day."""
    return believed(basis.position).where(
        spells.c.since_earliest <= basis.effective_at,
        spells.c.until_latest > basis.effective_at,
    )


def _present(connection: Connection, question: Select[Any]) -> Iterator[Spell]:
    return (spell_of(row) for row in connection.execute(question))


def _persons(connection: Connection, basis: Basis, persons: Iterable[str]) -> Iterator[Spell]:
    for some in chunks(sorted(persons)):
        about = believed(basis.position).where(
            spells.c.kind == "person", spells.c.subject.in_(some)
        )
        yield from _present(connection, about)


def _counting(ordinary: dict[str, tuple[int, int]], day: Day) -> Callable[[str], tuple[int, int]]:
    """A body's activists: those whom the database counted, and the others, one by one."""

    def counted(body: str) -> tuple[int, int]:
        certain, possible = ordinary.get(body, (0, 0))
        others = count(day, body)
        return certain + others[0], possible + others[1]

    return counted


def _ordinary(connection: Connection, basis: Basis) -> dict[str, tuple[int, int]]:
    """Each body's certain activists, and those who may be, of those who need no closer look."""
    day = basis.effective_at
    certain = cast(and_(spells.c.since_latest <= day, spells.c.until_earliest > day), Integer)
    admitted = (
        _admitted(basis)
        .with_only_columns(spells.c.subject, spells.c.attribute, func.max(certain).label("sure"))
        .where(not_(_needs_a_closer_look(basis)))
        .group_by(spells.c.subject, spells.c.attribute)
        .subquery()
    )
    question = select(
        admitted.c.subject, func.sum(admitted.c.sure).label("sure"), func.count().label("all")
    ).group_by(admitted.c.subject)
    return {row.subject: (row.sure, row.all - row.sure) for row in connection.execute(question)}


def _counted_apart(connection: Connection, basis: Basis) -> Iterator[Spell]:
    return _present(connection, _admitted(basis).where(_needs_a_closer_look(basis)))


def _admitted(basis: Basis) -> Select[Any]:
    return known(basis).where(
        spells.c.kind == "membership", spells.c.attribute.startswith(f"{ACTIVIST}/")
    )


def _needs_a_closer_look(basis: Basis) -> ColumnElement[bool]:
    """The condition that an activist may be dead by the day, or has more than one id."""
    each = spells.alias()
    about = select(each.c.subject).where(believed_at(basis.position, each))
    dead = about.where(
        each.c.kind == "person",
        each.c.attribute == LIFE,
        each.c.until_earliest <= basis.effective_at,
    )
    merged = about.where(each.c.kind == "identity")
    into = merged.with_only_columns(each.c.attribute)
    return or_(*(spells.c.named.in_(persons) for persons in (dead, merged, into)))

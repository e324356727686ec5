"""The basis of an answer: the point on both clocks at which a question is answered."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from projections.views import decisions


@dataclass(frozen=True, slots=True)
class Basis:
    """The effective day and the position that an answer holds for."""

    effective_at: int
    """The day, as an ordinal."""
    position: int
    """The newest position taken into account: the end of a decision, or 0."""
    recorded_at: int | None
    """When that was recorded, in µs since 1970; None for the empty ledger."""


def basis_at(connection: Connection, day: int, position: int) -> Basis:
    """The basis at a position; inside a decision it is the end of the decision before."""
    return _basis(connection, day, decisions.c.last <= position)


def basis_recorded(connection: Connection, day: int, recorded_at: int) -> Basis:
    """The basis at an instant: everything recorded up to then."""
    return _basis(connection, day, decisions.c.recorded_at <= recorded_at)


def _basis(connection: Connection, day: int, known: ColumnElement[bool]) -> Basis:
    last = select(func.max(decisions.c.last)).where(known).scalar_subquery()
    row = connection.execute(
        select(decisions.c.last, decisions.c.recorded_at).where(decisions.c.last == last)
    ).one_or_none()
    return Basis(day, row.last, row.recorded_at) if row else Basis(day, 0, None)

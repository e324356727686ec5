"""The basis of an answer: the point on both clocks at which a question is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection


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
    return _basis(connection, day, _AT, position)


def basis_recorded(connection: Connection, day: int, recorded_at: int) -> Basis:
    """The basis at an instant: everything recorded up to then."""
    return _basis(connection, day, _RECORDED, recorded_at)


def _basis(connection: Connection, day: int, statement: str, known: int) -> Basis:
    driver: Any = connection.connection.dbapi_connection
    last, recorded_at = driver.execute(statement, (known,)).fetchone() or (0, None)
    return Basis(day, last, recorded_at)


_AT: Final = "SELECT last, recorded_at FROM decisions WHERE last <= ? ORDER BY last DESC LIMIT 1"
_RECORDED: Final = """SELECT last, recorded_at FROM decisions WHERE last = (
    SELECT max(last) FROM decisions WHERE recorded_at <= ?)"""

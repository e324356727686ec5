"""The schemas of the stores: which revision one is at, and which this release needs.

Each store has revisions of its own, numbered 1, 2, 3 …, in a folder of its own, and notes in
a table of its own at which it is. Who opens a store that is empty makes its newest revision at
once; who finds an older one leaves it to `curule migrate` (`service.schemas.migrating`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import sqlalchemy as sa

ROOM: Final = Path(__file__).parent
"""What holds a folder of revisions for each store."""
_ADVISORY: Final = int.from_bytes(b"cschemas")
"""The lock of whoever makes or migrates a store, on PostgreSQL."""


class SchemaDiffers(Exception):
    """A store is not at the revision that this release needs; nothing was changed."""


def _nothing(_: str) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Schema:
    """What one kind of store is made of."""

    name: str
    """Of the store: of its folder of revisions, too."""
    metadata: sa.MetaData
    """Its tables, as the newest revision leaves them."""
    besides: Callable[[str], Sequence[str]] = _nothing
    """The statements that make what is no table (views, triggers), for a kind of database."""
    came_with: Mapping[str, int] = field(default_factory=dict)
    """Tables by which the revision is known of stores that note none: releases before."""

    @property
    def newest(self) -> int:
        """The revision that this release needs."""
        return _newest(self.name)

    @property
    def noted(self) -> sa.Table:
        """The table that notes the revision, as alembic keeps it."""
        return _noted(f"{self.name}_version")

    def revision(self, connection: sa.Connection) -> int:
        """The revision that a store is at; 0: it is empty."""
        there = set(sa.inspect(connection).get_table_names())
        if self.noted.name not in there:
            return max((at for table, at in self.came_with.items() if table in there), default=0)
        return int(connection.execute(sa.select(self.noted)).scalar_one())

    def is_noted(self, connection: sa.Connection) -> bool:
        """Whether a store itself says at which revision it is."""
        return sa.inspect(connection).has_table(self.noted.name)

    def is_there(self, connection: sa.Connection) -> bool:
        """Whether a store is there, at the revision that this release needs; False: it is empty.

        Raises:
            SchemaDiffers: it is at another.
        """
        found = self.revision(connection)
        if 0 < found < self.newest:
            raise SchemaDiffers(
                f"the {self.name} is of an older release (schema {found}, and this one needs"
                f" {self.newest}): run curule migrate"
            )
        self.refuse_newer(found)
        return found > 0

    def refuse_newer(self, found: int) -> None:
        """Refuse a revision that this release does not know.

        Raises:
            SchemaDiffers: it is one.
        """
        if found > self.newest:
            raise SchemaDiffers(
                f"the {self.name} is of a newer release (schema {found}, and this one knows"
                f" {self.newest}): use that release"
            )

    def make(self, connection: sa.Connection) -> None:
        """Make the newest revision in a store that is empty."""
        self.metadata.create_all(connection)
        for statement in self.besides(connection.dialect.name):
            connection.exec_driver_sql(statement)
        self.note(connection, self.newest)

    def note(self, connection: sa.Connection, revision: int) -> None:
        """Have a store that notes none say at which revision it is."""
        self.noted.create(connection)
        connection.execute(sa.insert(self.noted).values(version_num=str(revision)))


def alone(connection: sa.Connection) -> None:
    """Until its transaction ends, have nobody else make or migrate a store there."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))


@cache
def _noted(table: str) -> sa.Table:
    return sa.Table(
        table,
        sa.MetaData(),
        sa.Column("version_num", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("version_num", name=f"{table}_pkc"),
    )


@cache
def _newest(name: str) -> int:
    numbers = (re.match(r"r(\d+)_", each.name) for each in (ROOM / name).glob("r*_*.py"))
    return max(int(found[1]) for found in numbers if found)

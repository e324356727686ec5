"""Migrating: a store of an older release is brought to the newest revision, or left as it was.

All of it is one transaction, under a lock: whoever is interrupted has changed nothing, and of two
who migrate the second finds it done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from projections.building import Tell
from service.schemas import ROOM, Schema, alone
from service.stores.connections import maintaining, unhurried

_PATIENCE: Final = 600
"""Seconds to wait for another who migrates the same store."""
_HELD: Final = "10s"
"""How long PostgreSQL waits for a table that a service is using, which makes others wait."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which revision a store came, and which are to follow."""

    found: int
    """0: it was empty."""
    newest: int
    is_noted: bool
    """Whether it said itself at which revision it was."""

    @property
    def is_current(self) -> bool:
        """Whether there was nothing to do."""
        return self.found == self.newest and self.is_noted


def state(schema: Schema, url: str) -> Migrated:
    """What there is to do about a store.

    Raises:
        SchemaDiffers: it is of a newer release.
    """
    with _connected(url) as connection:
        return _state(schema, connection)


def migrate(
    schema: Schema, url: str, tell: Tell = lambda *_: None, to: int | None = None
) -> Migrated:
    """Bring a store to the newest revision, or to another; one that is empty is made.

    Raises:
        SchemaDiffers: it is of a newer release.
    """
    with _alone(url) as connection:
        before = _state(schema, connection)
        if before.found == 0 and to is None:
            schema.make(connection)
        elif not before.is_current or to is not None:
            if before.found and not before.is_noted:
                schema.note(connection, before.found)
            _upgrade(schema, connection, tell, to or schema.newest)
    return before


def _state(schema: Schema, connection: sa.Connection) -> Migrated:
    found = schema.revision(connection)
    schema.refuse_newer(found)
    return Migrated(found, schema.newest, schema.is_noted(connection))


def _upgrade(schema: Schema, connection: sa.Connection, tell: Tell, to: int) -> None:
    def applied(*, step: Any, **_: Any) -> None:
        tell(f"{schema.name}: {step.up_revision.doc}", int(step.up_revision_id), to)

    config = Config()
    for option, value in {
        "script_location": str(ROOM),
        "version_locations": str(ROOM / schema.name),
        "path_separator": "newline",
    }.items():
        config.set_main_option(option, value.replace("%", "%%"))
    config.attributes.update(
        connection=connection, version_table=schema.noted.name, applied=applied, tell=tell
    )
    command.upgrade(config, str(to))


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = maintaining(url, patience=_PATIENCE, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


@contextmanager
def _alone(url: str) -> Iterator[sa.Connection]:
    """A transaction with nobody else who migrates; the connection ends with it."""
    with _connected(url) as connection:
        if connection.dialect.name == "sqlite":
            alone(connection)
        else:
            unhurried(connection)
            connection.exec_driver_sql("BEGIN")
            alone(connection)
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_HELD}'")
        yield connection
        connection.exec_driver_sql("COMMIT")

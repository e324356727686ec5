"""A service that acknowledges before it commits: the negative control of the kills."""

from __future__ import annotations

import random

from sqlalchemy import Connection

from service import cli
from service.log.batches import Batch
from service.log.databases import Sqlite

store = Sqlite.store


def hastily(database: Sqlite, connection: Connection, batch: Batch) -> bool:
    """Store, and commit some time later: never what was acknowledged last."""
    driver = connection.connection.dbapi_connection
    assert driver is not None
    if driver.in_transaction and random.random() < 0.1:
        connection.exec_driver_sql("COMMIT")
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    stored = store(database, connection, batch)
    if not stored:
        connection.exec_driver_sql("COMMIT")
    return stored


if __name__ == "__main__":
    Sqlite.store = hastily  # type: ignore[assignment, method-assign]
    cli.main()

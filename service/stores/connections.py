"""Connections to the databases of log and vault: durable, and bounded in all their waiting.

Whoever asks the service is answered within ten seconds, whatever became of the database: a call
that a lost connection has failed is repeated once at most, and what can be waited for adds up to
less.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError

from projections.views import is_locked

if TYPE_CHECKING:
    from service.stores.punctual import Punctual

PATIENCE: Final = 4.0
"""Seconds that a statement waits for the locks of others."""
GRACE: Final = 0.5
"""Seconds more that it may take, and once more until the connection is given up for lost."""
CONNECTING: Final = 3
"""Seconds until a connection is there."""
CROWDED: Final = 1.0
"""Seconds to wait for a connection while all are in use."""
IDLE: Final = 1.0
"""Seconds after which a connection may have been lost, and is tried before it is used."""
MAINTAINING: Final = 30.0
"""Seconds that maintenance waits for the locks of others."""
TAKEN: Final = "10s"
"""How long a transaction of the service may do nothing, while it may hold locks."""

TCP: Final = {
    "connect_timeout": CONNECTING,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 5,
}
"""How soon a client of PostgreSQL notices that it is not reached, or that the network is gone."""
# The server, too, is to notice when who holds a lock is gone: its own defaults are hours.
_SESSION: Final = """
    SELECT set_config('lock_timeout', %(locks)s, false),
        set_config('statement_timeout', %(statement)s, false),
        set_config('idle_in_transaction_session_timeout', %(idle)s, false),
        set_config('tcp_keepalives_idle', '5', false),
        set_config('tcp_keepalives_interval', '1', false),
        set_config('tcp_keepalives_count', '5', false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit')
            IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, false)"""


def engine(url: str, *, busy_timeout: float = PATIENCE, **options: Any) -> Engine:
    """An engine whose connections sync each commit and wait for others no longer than told."""
    address = make_url(url)
    options.setdefault("hide_parameters", True)  # they may be personal, and errors are logged
    if address.get_backend_name() == "sqlite":
        given = _not_in(address, {"timeout": busy_timeout})
        if address.database not in (None, "", ":memory:"):
            options.setdefault("max_overflow", -1)  # a file is opened in no time: nobody waits
        made = create_engine(address, connect_args=given, **options)
        event.listen(made, "connect", _write_ahead)
        event.listen(made, "connect", _sync)
        return made
    given = _not_in(address, TCP)
    made = create_engine(address, connect_args=given, pool_timeout=CROWDED, **options)
    _be_punctual(made, busy_timeout, TAKEN)
    return made


def maintaining(url: str, *, patience: float = MAINTAINING, **options: Any) -> Engine:
    """An engine for maintenance, which has more patience, and takes each connection for one use.

    A database is left in the mode in which it is. A transaction may wait for other work as long as
    that takes.
    """
    address = make_url(url)
    options = {"hide_parameters": True, "poolclass": NullPool, **options}
    if address.get_backend_name() == "sqlite":
        given = _not_in(address, {"timeout": patience})
        made = create_engine(address, connect_args=given, **options)
        event.listen(made, "connect", _sync)
        return made
    made = create_engine(address, connect_args=_not_in(address, TCP), **options)
    _be_punctual(made, patience, "0")
    return made


def unhurried(connection: Connection) -> None:
    """Let a connection take its time until it is closed: maintenance, which takes long."""
    connection.detach()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {MAINTAINING * 1_000:.0f}")
        return
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.exec_driver_sql(f"SET {limit} = 0")
    punctual: Any = connection.connection.dbapi_connection
    punctual.patience = None


def _not_in(address: URL, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What an address does not say otherwise."""
    return {name: each for name, each in defaults.items() if name not in address.query}


def _write_ahead(connection: Any, _: Any) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Of two who are the first to do so, one is told at once that it is locked.
            if not is_locked(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _sync(connection: Any, _: Any) -> None:
    for pragma in (
        "synchronous = FULL",
        "fullfsync = ON",  # macOS: past the disk's own cache, too
        "checkpoint_fullfsync = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _be_punctual(made: Engine, busy_timeout: float, idle: str) -> None:
    from psycopg import OperationalError

    from service.stores.punctual import Punctual

    @event.listens_for(made, "do_connect")
    def connect(dialect: Any, record: Any, arguments: Any, named: Any) -> Punctual:
        return Punctual.connect(*arguments, **named)

    @event.listens_for(made, "connect")
    def prepare(connection: Punctual, record: Any) -> None:
        connection.patience = busy_timeout + 2 * GRACE
        waits = {
            "locks": f"{busy_timeout * 1_000:.0f}ms",
            "statement": f"{(busy_timeout + GRACE) * 1_000:.0f}ms",
            "idle": idle,
        }
        connection.execute(_SESSION, waits)
        connection.commit()  # else it is undone with the first transaction that is

    @event.listens_for(made, "checkin")
    def put_by(connection: Punctual | None, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(made, "checkout")
    def is_there(connection: Punctual, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("used", time.monotonic()) < IDLE:
            return
        patience, connection.patience = connection.patience, IDLE
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except OperationalError as lost:
            raise DisconnectionError(str(lost)) from lost
        finally:
            connection.patience = patience

"""Connections to PostgreSQL that wait for an answer so long and no longer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

_Given = TypeVar("_Given")


class Punctual(psycopg.Connection[Any]):
    """A connection that is given up when the server does not answer within its patience.

    The server bounds what it does by itself, and TCP notices a network that is gone. This is for
    the rest: what stands between and swallows every byte, or a server that has stopped.
    """

    patience: float | None = None
    """Seconds for each call; None: for ever."""

    def wait(
        self,
        gen: Generator[Any, Any, _Given],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> _Given:
        """Have a call carried out; all of them come by here."""
        if timeout is not None or self.patience is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # what comes of the call will not be known
            raise

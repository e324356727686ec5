"""The log: one ordered, gapless, append-only sequence of entries, on SQLite or PostgreSQL.

An append is judged against the newest position, the head, and stored only if that is still the head
when its entries follow. So positions are 1, 2, 3 … in the order of commits, whoever sees one sees
all before it, and nothing is stored if what it depends on was recorded meanwhile.

The entries are the leaves of a Merkle tree, which is stored with them in the same commit, as is the
checkpoint that a signer signs for each.

It is made of those who take turns to append (`log.turns`), the head that their appends move
(`log.head`), the checkpoints that are signed (`log.checkpoints`), what is read (`log.reader`), and
what those who follow are told (`log.news`). `log.dcb` makes it a recorder of the `eventsourcing`
library.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from domain.transparency.cosignatures import Cosignature
from service.log.appends import (
    Append,
    Committed,
    Outcome,
    Seal,
    Sealed,
    identity_seal,
    now_in_microseconds,
)
from service.log.checkpoints import Checkpoints
from service.log.databases import LOG, Postgresql, Sqlite
from service.log.dcb import DcbLog
from service.log.head import Head
from service.log.news import News
from service.log.reader import Reader
from service.log.signing import Signer
from service.log.tables import COSIGN
from service.log.turns import Turns
from service.schemas import alone
from service.stores.connections import PATIENCE, engine, unhurried

logger = logging.getLogger(__name__)


class Log(Reader, DcbLog):
    """A log on `sqlite:///path` or `postgresql+psycopg://…`; one that is empty is given its tables.

    Durability: what was returned or seen is on disk. Ordering: positions follow commits, without
    gaps; `recorded_at` rises strictly from append to append, whatever the clocks do. Concurrency:
    any number of threads, objects and processes. Errors: a database error reaches all whose appends
    shared the commit, as it is; if the commit itself failed, or the connection, it is not known
    whether they were stored: look before appending again.
    """

    def __init__(
        self,
        url: str,
        *,
        seal: Seal = identity_seal,
        clock: Callable[[], int] = now_in_microseconds,
        busy_timeout: float = PATIENCE,
    ) -> None:
        made = engine(
            url,
            busy_timeout=busy_timeout,
            isolation_level="AUTOCOMMIT",  # a read is one round trip; transactions are explicit
            skip_autocommit_rollback=True,
        )
        database = Sqlite() if made.dialect.name == "sqlite" else Postgresql()
        super().__init__(made, database)
        self._listeners: list[Callable[[Sequence[Sealed]], None]] = []
        self._checkpoints = Checkpoints(self, made, database)
        self._head = Head(
            made, database, self._checkpoints, seal=seal, clock=clock, tell=self._tell
        )
        self._turns = Turns(self._head.commit)
        self._news = News(made, database, self.newest)
        try:
            self._make()
        except BaseException:
            made.dispose()
            raise

    def _make(self) -> None:
        """Make the tables, unless they are there."""
        with self._engine.connect() as connection:
            if LOG.is_there(connection):
                return
            unhurried(connection)  # closing it undoes what is not committed
            connection.exec_driver_sql(self._database.begin)
            if connection.dialect.name != "sqlite":
                alone(connection)
            if not LOG.is_there(connection):  # else another process was first
                LOG.make(connection)
            connection.exec_driver_sql("COMMIT")

    # Signing

    def sign_with(self, signer: Signer) -> None:
        """Have all that is recorded signed, and from now on every commit.

        The signer is closed with the log, or at once if it may not sign.

        Raises:
            LogLocked: another key, or another name, has begun to sign it.
            LogRewound: more was signed than there is, or something else.
        """
        self._checkpoints.begin(signer)

    def heed(self, position: int) -> None:
        """Remember what others have signed up to a position, before anything is told by it.

        So that no other history is signed here either, should the log lose its end.

        Raises:
            LogRewound: it does not continue what was signed before.
        """
        self._checkpoints.heed(position)

    @property
    def signer(self) -> Signer:
        """Who signs the log; RuntimeError if nobody does."""
        return self._checkpoints.signer

    @property
    def signed(self) -> int:
        """How many entries are known here to be signed, by whomever."""
        return self._checkpoints.size

    def cosign(self, size: int, cosignature: Cosignature) -> None:
        """Keep a verified cosignature under the checkpoint of a size."""
        row = {
            "verifier_key": str(cosignature.witness),
            "size": size,
            "time": cosignature.time,
            "signature": cosignature.signature,
        }
        with self._engine.connect() as connection:
            connection.execute(COSIGN, row)

    # Writing

    def record(self, append: Append) -> tuple[Sealed, ...]:
        """Store an append and return its entries.

        Raises LogMoved, or ValueError if a draft cannot be stored (or what its seal raises): then
        nothing of it was stored.
        """
        (outcome,) = self.record_all((append,))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def record_all(self, appends: Sequence[Append]) -> list[Outcome]:
        """Store appends in one commit, in this order, each judged against the earlier ones too.

        An outcome is what `record` would return or raise. Threads that call at the same time share
        a commit.
        """
        return self.commit(appends).outcomes

    def commit(self, appends: Sequence[Append]) -> Committed:
        """As `record_all`, and give what proves the entries against the commit's checkpoint."""
        return self._turns.take(appends)

    # Following

    def add_listener(self, listener: Callable[[Sequence[Sealed]], None]) -> None:
        """Have a function called with what this process commits, in order of positions.

        That is before `record` returns, and other appends wait for it: it must be quick, and must
        not append. What it raises is logged.
        """
        self._listeners.append(listener)

    def _tell(self, sealed: Sequence[Sealed]) -> None:
        for listener in self._listeners:
            try:
                listener(sealed)
            except Exception:
                logger.exception("a listener failed; the entries are recorded all the same")
        self._news.see(sealed[-1].position)

    def wait(
        self, after: int, timeout: float, *, stopped: Callable[[], bool] = lambda: False
    ) -> bool:
        """True as soon as the head is beyond `after`; False after the timeout (in seconds).

        False too if the log is closed, or `stopped()` when `wake` is called. What this process
        records is seen at once; what others do within 50 ms on SQLite, and on PostgreSQL by
        notification or else within a second.
        """
        return self._news.wait(after, timeout, stopped)

    def wake(self) -> None:
        """Have every `wait` look whether it is stopped."""
        self._news.wake()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._news.ended

    def close(self) -> None:
        """Refuse further appends, finish those under way, end every `wait`, and disconnect."""
        self._turns.end()
        self._head.forget()
        self._news.end()
        self._engine.dispose()
        self._checkpoints.close()

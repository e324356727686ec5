"""Checkpoints: each commit of a log is signed, and what anybody has signed is remembered.

So no two histories of a log are ever signed, whatever becomes of its database.
"""

from __future__ import annotations

import logging

from sqlalchemy import Engine, insert

from domain.transparency.proofs import Proofs
from service.log.batches import Batch
from service.log.databases import Postgresql, Sqlite
from service.log.reader import Reader
from service.log.signing import LogLocked, Signed, Signer
from service.log.tables import VERIFIER_KEY, checkpoint, checkpoints_table, edge, signers_table

logger = logging.getLogger(__name__)


class Checkpoints:
    """Signs the checkpoints of one log, once it has been given a signer."""

    def __init__(self, reader: Reader, engine: Engine, database: Sqlite | Postgresql) -> None:
        self._reader = reader
        self._engine = engine
        self._database = database
        self._signer: Signer | None = None
        self._newest = (0, b"")  # size and root of the newest that is remembered

    @property
    def signer(self) -> Signer:
        """Who signs; RuntimeError if nobody does."""
        if self._signer is None:
            raise RuntimeError("this log is not signed")
        return self._signer

    @property
    def size(self) -> int:
        """How many entries are known here to be signed, by whomever."""
        return self._newest[0]

    def begin(self, signer: Signer) -> None:
        """Sign all that is recorded, and from now on every commit."""
        reader = self._reader
        try:
            signer.check(reader.newest, reader.root)
            is_begun = reader.verifier_key() == str(signer.verifier)
            signed = reader.checkpoint() if is_begun else None
            if signed is None or signed.size < reader.newest():
                signed = self._sign_all(signer)
            self._remember(signer, signed)
        except BaseException:
            signer.close()
            raise
        self._signer = signer

    def _sign_all(self, signer: Signer) -> Signed:
        """Sign what is there, under the lock of the head."""
        with self._engine.connect() as connection:
            connection.detach()  # so that closing it undoes what is not committed
            connection.exec_driver_sql(self._database.begin)
            size, _ = connection.exec_driver_sql(self._database.locked_head).one()
            begun_with = connection.execute(VERIFIER_KEY).scalar()
            if begun_with is None:
                first = {"id": 1, "verifier_key": str(signer.verifier)}
                connection.execute(insert(signers_table), first)
            elif begun_with != str(signer.verifier):
                raise LogLocked(f"this log is signed with another key, that of {begun_with}")
            newest = connection.execute(checkpoint(None)).first()
            signed = None if newest is None else Signed(*newest)
            if signed is None or signed.size < size:
                root = edge(connection, size).root
                signed = Signed(size, root, signer.sign(size, root))
                connection.execute(insert(checkpoints_table).values(signed))
            connection.exec_driver_sql("COMMIT")
        return signed

    def heed(self, position: int) -> None:
        """Remember what others have signed up to a position."""
        known = self._newest
        if self._signer is None or position <= known[0]:
            return
        if not self._is_kept(*known):
            self._signer.check(lambda: position, self._reader.root)  # it may be another history
        self._remember(self._signer, self._reader.checkpoint())

    def _is_kept(self, size: int, root: bytes) -> bool:
        """Whether the log still has the checkpoint that is remembered."""
        try:
            return self._reader.checkpoint(size)[:2] == (size, root)
        except LookupError:
            return False

    def check(self, position: int) -> None:
        """See that the log up to a position continues what was signed. Raises LogRewound."""
        if self._signer is not None:
            self._signer.check(lambda: position, self._reader.root)

    def sign(self, size: int, root: bytes) -> bytes | None:
        """The signature of a commit's checkpoint; None if nobody signs."""
        return None if self._signer is None else self._signer.sign(size, root)

    def publish(self, batch: Batch) -> Proofs | None:
        """Remember the checkpoint of what was committed, and prove by it."""
        if self._signer is None or batch.signature is None:
            return None
        signed = Signed(batch.position, batch.edge.root, batch.signature)
        try:
            noted = self._remember(self._signer, signed)
        except OSError:
            logger.exception("what was signed cannot be remembered; it is recorded all the same")
            noted = self._signer.note(*signed)
        return Proofs(noted, batch.position, batch.edge.node)

    def _remember(self, signer: Signer, signed: Signed) -> str:
        noted = signer.note(*signed)
        signer.remember(signed.size, noted)
        self._newest = max(self._newest, (signed.size, signed.root))  # others remember, too
        return noted

    def close(self) -> None:
        """Make durable what is remembered."""
        if self._signer is not None:
            self._signer.close()

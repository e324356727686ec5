"""Publication: the log as others verify it, read from what is stored and signed."""

from __future__ import annotations

from functools import lru_cache

from domain.transparency.proofs import Proofs
from domain.transparency.tiles import WIDTH, Tiles, hashes_at, width
from service.log.log import Log
from service.log.signing import Signed


class NotPublished(Exception):
    """There is no such part of the log, or not yet; the text tells which there is."""


class Publication:
    """The checkpoints, tiles and proofs of a signed log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._tile = lru_cache(maxsize=512)(log.tile)  # 8 KiB each, and what is above

    def verifier_key(self) -> str:
        """What verifies the signatures."""
        return str(self._log.signer.verifier)

    def checkpoint(self, cosignatures: int = 0) -> str:
        """The newest checkpoint, or the newest that so many witnesses have cosigned."""
        if cosignatures == 0:
            return self._cosigned(self._log.checkpoint())
        try:
            return self._cosigned(self._log.checkpoint_cosigned(cosignatures))
        except LookupError as error:
            raise NotPublished(str(error)) from None

    def tile(self, level: int, number: int, wide: int) -> bytes:
        """So many hashes of a tile, one after another."""
        self._expect(level, number, wide)
        start = number * WIDTH
        return b"".join(self._log.hashes(level, start, start + wide))

    def entries(self, number: int, wide: int) -> bytes:
        """So many entries of a tile, each after its length in two bytes."""
        self._expect(0, number, wide)
        stored = self._log.stored(number * WIDTH, wide)
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry, _ in stored)

    def inclusion(self, leaf: int, size: int | None) -> str:
        """The tlog-proof of a leaf, against the checkpoint of a size or else the newest."""
        proofs = self._proofs(size)
        if leaf >= proofs.size:
            raise NotPublished(f"index {leaf}: the checkpoint is of {proofs.size} entries")
        return proofs.inclusion(leaf)

    def extension(self, old: int, new: int | None) -> str:
        """That the log only grew from a size to the checkpoint of another, or else the newest."""
        proofs = self._proofs(new)
        if old > proofs.size:
            raise NotPublished(f"old {old}: the checkpoint is of {proofs.size} entries")
        return proofs.extension(old)

    def covering(self, position: int) -> Proofs:
        """Proofs against the first checkpoint that covers a position, as those of its commit were.

        So no cosignatures are in them.
        """
        return self._signed(self._log.checkpoint(position))

    def submission(self, old: int, checkpoint: Signed) -> str:
        """What a witness is asked that has cosigned the checkpoint of an old size, or of 0."""
        return self._signed(checkpoint).extension(old)

    def _proofs(self, size: int | None) -> Proofs:
        if size is None:
            return self._against(self._log.checkpoint())
        newest = self._log.checkpoint()[0]
        if size > newest:
            raise NotPublished(f"the newest checkpoint is of {newest} entries")
        found = self._log.checkpoint(size)
        if found[0] != size:
            raise NotPublished(f"no checkpoint is of {size} entries; the next one is of {found[0]}")
        return self._against(found)

    def _against(self, checkpoint: Signed) -> Proofs:
        return self._proving(checkpoint[0], self._cosigned(checkpoint))

    def _signed(self, checkpoint: Signed) -> Proofs:
        return self._proving(checkpoint[0], self._log.signer.note(*checkpoint))

    def _cosigned(self, checkpoint: Signed) -> str:
        return self._log.signer.note(*checkpoint, self._log.cosignatures(checkpoint[0]))

    def _proving(self, size: int, noted: str) -> Proofs:
        return Proofs(noted, size, Tiles(size, self._tile).node)

    def _expect(self, level: int, number: int, wide: int) -> None:
        size = self._log.checkpoint()[0]
        if wide > width(level, number, size):
            raise NotPublished(f"level {level} has {hashes_at(level, size)} hashes")

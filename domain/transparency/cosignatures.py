"""Cosignatures: what a witness states of a checkpoint (C2SP tlog-cosignature, with Ed25519).

The witness states that, as of a time, it knows of no larger tree of that log, and that this tree
begins with every one that it has stated so before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.transparency.notes import Signature, VerifierKey, read_note

COSIGNATURE: Final = 4
"""The type of an Ed25519 key that cosigns checkpoints."""

_LATEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness' signature line under a checkpoint."""

    witness: VerifierKey
    """Who cosigned it."""
    time: int
    """When, in seconds since the epoch."""
    signature: bytes
    """The Ed25519 signature of `message`."""

    @property
    def line(self) -> Signature:
        """The line under the checkpoint."""
        stated = self.time.to_bytes(8, "big") + self.signature
        return Signature(self.witness.name, self.witness.id, stated)

    def message(self, checkpoint: str) -> bytes:
        """What the signature is of, given the text of the checkpoint."""
        return f"cosignature/v1\ntime {self.time}\n{checkpoint}".encode()

    @classmethod
    def read(cls, witness: VerifierKey, line: Signature) -> Cosignature:
        """What a line of the witness' key states, not verified; ValueError if it states nothing."""
        time = int.from_bytes(line.signature[:8], "big")
        if len(line.signature) != 72 or not 0 < time <= _LATEST:
            raise ValueError(f"{witness.name}: a cosignature is a time and 64 bytes")
        return cls(witness, time, line.signature[8:])


def cosigner(text: str) -> VerifierKey:
    """The verifier key of a witness that a text states; ValueError if it states none."""
    found = VerifierKey.read(text)
    if found.type != COSIGNATURE or len(found.public) != 32:
        raise ValueError(
            f"{found.name}: a key of type {found.type}, and a witness' is of type {COSIGNATURE}"
            " (Ed25519 cosignatures)"
        )
    return found


def cosignatures(noted: str, lines: str, witness: VerifierKey) -> list[Cosignature]:
    """Those of a witness among signature lines for a note; nothing is verified.

    Lines of other keys are left aside. ValueError if one is no signature line, or of the witness
    and no cosignature.
    """
    text, before = read_note(noted)
    same, after = read_note(noted + lines)
    if same != text:
        raise ValueError("these are not signature lines alone")
    mine = [
        each
        for each in after[len(before) :]
        if (each.name, each.key_id) == (witness.name, witness.id)
    ]
    return [Cosignature.read(witness, each) for each in mine]

"""A verifier of transparency logs, written from the specifications and nothing of this project.

C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof; RFC 6962, section 2.1. It reads a log
through a function that fetches what is at a path below the log's prefix. It fails by an exception.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Fetch = Callable[[str], bytes]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, literally, on hashes of leaves."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1, literally."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2, literally: PROOF, and SUBPROOF if not whole."""
    n = len(leaves)
    if m == n:
        return [] if whole else [mth(leaves)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*proof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*proof(m - k, leaves[k:], False), mth(leaves[:k])]


def root_of_path(m: int, n: int, leaf: bytes, steps: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to, by the recursion that defines PATH."""
    if n == 1:
        assert not steps, "too long"
        return leaf
    assert steps, "too short"
    k = 1
    while k * 2 < n:
        k *= 2
    *lower, last = steps
    if m < k:
        return sha256(b"\x01" + root_of_path(m, k, leaf, lower) + last)
    return sha256(b"\x01" + last + root_of_path(m - k, n - k, leaf, lower))


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


def opened(note: bytes, vkey: str) -> Checkpoint:
    """The checkpoint in a note, whose signature by the key is verified."""
    name, key_hash, key = vkey.split("+", 2)
    decoded = base64.b64decode(key, validate=True)
    assert decoded[0] == 1, "an Ed25519 key"
    assert sha256(name.encode() + b"\n" + decoded)[:4].hex() == key_hash
    text, blank, signatures = note.decode().rpartition("\n\n")
    assert blank
    assert signatures.endswith("\n")
    body = text + "\n"
    verified = False
    for line in signatures.removesuffix("\n").split("\n"):
        dash, signer, signature = line.split(" ")
        assert dash == "\u2014"
        signed = base64.b64decode(signature, validate=True)
        if (signer, signed[:4].hex()) == (name, key_hash):
            Ed25519PublicKey.from_public_bytes(decoded[1:]).verify(signed[4:], body.encode())
            verified = True
    assert verified, "no signature by that key"
    origin, size, root, last = body.split("\n")
    assert origin == name
    assert last == ""
    assert str(int(size)) == size
    return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))


def tile_path(kind: str, number: int, width: int) -> str:
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return f"tile/{kind}/" + "/".join(groups) + (f".p/{width}" if width < 256 else "")


@dataclass
class Auditor:
    """Reads a log again and again, and each time only what is new."""

    fetch: Fetch
    vkey: str
    seen: list[Checkpoint] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)

    def audit(self) -> Checkpoint:
        """Read up to the newest checkpoint; every entry, every tile, every older checkpoint."""
        checkpoint = opened(self.fetch("checkpoint"), self.vkey)
        size = checkpoint.size
        assert not self.seen or size >= self.seen[-1].size
        known = len(self.entries)
        for number in range(known // 256, -(-size // 256)):
            width = min(256, size - number * 256)
            bundle = read_bundle(self.fetch(tile_path("entries", number, width)))
            assert len(bundle) == width
            del self.entries[number * 256 :]
            self.entries += bundle
        del self.leaves[known // 256 * 256 :]
        new = self.entries[len(self.leaves) :]
        self.leaves += [sha256(b"\x00" + entry) for entry in new]
        assert len(self.leaves) == size
        self.check_tiles(known, size)
        assert mth(self.leaves) == checkpoint.root
        for older in self.seen:
            assert mth(self.leaves[: older.size]) == older.root, "an older head was another's"
        self.seen.append(checkpoint)
        return checkpoint

    def check_tiles(self, known: int, size: int) -> None:
        level, hashes = 0, self.leaves
        while hashes:
            for number in range(known // 256 ** (level + 1), -(-len(hashes) // 256)):
                expected = hashes[number * 256 : number * 256 + 256]
                tile = self.fetch(tile_path(str(level), number, len(expected)))
                assert tile == b"".join(expected), (level, number)
            full = len(hashes) // 256
            hashes = [mth(hashes[n * 256 : n * 256 + 256]) for n in range(full)]
            level += 1


def read_bundle(data: bytes) -> list[bytes]:
    entries = []
    while data:
        length = int.from_bytes(data[:2], "big")
        assert len(data) >= 2 + length
        entries.append(data[2 : 2 + length])
        data = data[2 + length :]
    return entries


def check_proof(text: str, leaf: bytes, vkey: str) -> tuple[int, Checkpoint]:
    """The index and the checkpoint of a tlog-proof that shows a leaf to be in the log."""
    header, blank, note = text.partition("\n\n")
    first, second, *hashes = header.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    word, index = second.split(" ")
    assert (word, str(int(index))) == ("index", index)
    assert blank
    checkpoint = opened(note.encode(), vkey)
    steps = [base64.b64decode(each, validate=True) for each in hashes]
    assert all(len(each) == 32 for each in steps)
    assert 0 <= int(index) < checkpoint.size
    assert root_of_path(int(index), checkpoint.size, leaf, steps) == checkpoint.root
    return int(index), checkpoint

"""Signed notes (C2SP signed-note) and their verifier keys.

A note is a text, an empty line, and signature lines: a dash, the name of a key, and in base64 the
first four bytes of the key's hash and the signature over the text with its last line feed.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

ED25519: Final = 1
"""The type of an Ed25519 key that signs notes."""
LINES: Final = 64
"""Signature lines that a note may have."""

_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_LINE: Final = re.compile(r"— (\S+) (\S+)")


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line."""

    name: str
    """The name of the key."""
    key_id: bytes
    """The first four bytes of the key's hash."""
    signature: bytes
    """What it signs with."""

    def __str__(self) -> str:
        return f"— {self.name} {base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """What verifies the signatures of a key: its name, its type and its public half."""

    name: str
    """Whose key it is: the origin of a log."""
    public: bytes
    """The public key."""
    type: int = ED25519
    """Which kind of key."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a key: no spaces, no +, at least a sign")

    @property
    def id(self) -> bytes:
        """What tells it from other keys, of the same name too."""
        named = self.name.encode() + b"\n" + bytes([self.type])
        return sha256(named + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64(bytes([self.type]) + self.public)}"

    @classmethod
    def read(cls, text: str) -> VerifierKey:
        """The key that a text states; ValueError if it states none."""
        name, hash_, key = text.split("+", 2) if text.count("+") >= 2 else ("", "", "")
        decoded = unbase64(key)
        if not decoded or not _NAME.fullmatch(name):
            raise ValueError(f"{text!r:.200} is no verifier key")
        found = cls(name, decoded[1:], decoded[0])
        if found.id.hex() != hash_:
            raise ValueError(f"{text!r:.200} has not the hash of its key")
        return found


def note(text: str, signatures: Iterable[Signature]) -> str:
    """A text with signatures."""
    return "".join((text, "\n", *map(str, signatures)))


def read_note(note_: str) -> tuple[str, Sequence[Signature]]:
    """The text and the signatures of a note, none of them verified; ValueError if it is none."""
    text, blank, signed = note_.rpartition("\n\n")
    *lines, rest = signed.split("\n")
    if not blank or rest or _CONTROL.search(note_) or not 0 < len(lines) <= LINES:
        raise ValueError("this is no signed note")
    return text + "\n", tuple(map(_signature, lines))


def _signature(line: str) -> Signature:
    if found := _LINE.fullmatch(line):
        decoded = unbase64(found[2])
        if len(decoded) > 4 and _NAME.fullmatch(found[1]):
            return Signature(found[1], decoded[:4], decoded[4:])
    raise ValueError(f"{line!r:.200} is no signature line")


def base64(data: bytes) -> str:
    """Bytes in base64, with padding."""
    return b64encode(data).decode("ascii")


def unbase64(text: str) -> bytes:
    """The bytes that a text in base64 states in its one form; ValueError if it is none."""
    decoded = b64decode(text.encode(), validate=True)
    if base64(decoded) != text:
        raise ValueError(f"{text!r:.200} is not base64 as it should be")
    return decoded

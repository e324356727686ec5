"""Disclosures: personal texts, and the salted digests that stand for them in the log (SD-JWT)."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One committed field, opened: `digest` is for the log, `text` for the vault alone."""

    digest: str
    subject: str  # whose key encrypts it: "person:ID" or "decision:ID"
    decision: str  # the decision that states it
    text: str = field(repr=False)  # the SD-JWT disclosure string, verbatim

    def __post_init__(self) -> None:
        if self.digest != _digest(self.text):
            raise ValueError(f"{self.digest} is not the digest of this disclosure")


_encoded = json.JSONEncoder(ensure_ascii=False).encode


def disclose(field: str, value: str, *, subject: str, decision: str) -> Disclosure:
    """Commit to a field's value under a fresh 128-bit salt."""
    stated = _encoded([secrets.token_urlsafe(16), field, value])
    text = _base64url(stated.encode())
    return Disclosure(_digest(text), subject, decision, text)


def opened(disclosure_text: str) -> str:
    """Return the value in a disclosure string; ValueError if that holds no text."""
    padded = disclosure_text + "=" * (-len(disclosure_text) % 4)
    match json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)):
        case [str(), str(), str(value)]:
            return value
    raise ValueError("not the disclosure of a text")


def _digest(text: str) -> str:
    return _base64url(sha256(text.encode("ascii")).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")

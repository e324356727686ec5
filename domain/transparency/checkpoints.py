"""Checkpoints: what a log states of itself, and signs (C2SP tlog-checkpoint)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from domain.transparency.notes import base64, unbase64

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and root of a log's tree."""

    origin: str
    """Which log."""
    size: int
    """How many entries it has."""
    root: bytes
    """The root over all of them."""

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64(self.root)}\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """The checkpoint that a text states, any more lines left aside; ValueError if none."""
        origin, size, root, *_ = text.split("\n") if text.count("\n") >= 3 else ("", "", "")
        decoded = unbase64(root)
        if not origin or len(decoded) != 32 or not text.endswith("\n"):
            raise ValueError(f"{text!r:.200} is no checkpoint")
        return cls(origin, number(size), decoded)


def number(text: str) -> int:
    """A number in its one decimal form; ValueError if it is none."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r:.50} is no number as it should be")
    return int(text)

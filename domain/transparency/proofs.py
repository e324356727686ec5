"""Proofs as texts: that an entry is in the log (C2SP tlog-proof), and that the log only grew.

The latter has the form in which witnesses take it (C2SP tlog-witness, `add-checkpoint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.transparency.checkpoints import number
from domain.transparency.notes import base64, unbase64
from domain.transparency.tree import Node, extension, root, sibling

_HEADER: Final = "c2sp.org/tlog-proof@v1\n"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A tlog-proof: that a leaf is in the tree of a checkpoint."""

    leaf: int
    """The leaf's number, from 0."""
    path: Sequence[bytes]
    """The hashes from its sibling up to the root."""
    checkpoint: str
    """The checkpoint, signed."""

    @classmethod
    def read(cls, text: str) -> Inclusion:
        """The proof that a text states, nothing of it verified; ValueError if it states none."""
        proof, blank, checkpoint = text.partition("\n\n")
        header, *lines = proof.split("\n")
        if lines and lines[0].startswith("extra "):
            unbase64(lines.pop(0).removeprefix("extra "))
        if header + "\n" != _HEADER or not blank or not lines:
            raise ValueError("this is no tlog-proof")
        word, _, leaf = lines.pop(0).partition(" ")
        if word != "index":
            raise ValueError("a tlog-proof without an index")
        return cls(number(leaf), _hashes(lines), checkpoint)


@dataclass(frozen=True, slots=True)
class Extension:
    """An add-checkpoint request: that the tree of a checkpoint begins with the tree of a size."""

    old: int
    """The size of the older tree."""
    proof: Sequence[bytes]
    """The hashes that show it."""
    checkpoint: str
    """The checkpoint of the newer tree, signed."""

    def __str__(self) -> str:
        lines = "".join(base64(each) + "\n" for each in self.proof)
        return f"old {self.old}\n{lines}\n{self.checkpoint}"

    @classmethod
    def read(cls, text: str) -> Extension:
        """The proof that a text states, nothing of it verified; ValueError if it states none."""
        proof, blank, checkpoint = text.partition("\n\n")
        first, *lines = proof.split("\n")
        word, _, old = first.partition(" ")
        if word != "old" or not blank:
            raise ValueError("this proves no extension")
        return cls(number(old), _hashes(lines), checkpoint)


class Proofs:
    """Proofs against one signed checkpoint. Those of neighbours share most of their lines."""

    def __init__(self, checkpoint: str, size: int, node: Node) -> None:
        self.checkpoint = checkpoint
        self.size = size
        self._node = node
        self._lines: dict[tuple[int, int], str] = {}

    def inclusion(self, leaf: int) -> str:
        """The tlog-proof of a leaf; ValueError if the tree has no such leaf."""
        if not 0 <= leaf < self.size:
            raise ValueError(f"there is no leaf {leaf} in a tree of {self.size}")
        return f"{_HEADER}index {leaf}\n{self._path(0, leaf)}\n{self.checkpoint}"

    def extension(self, old: int) -> str:
        """That the tree of an older size begins this one; ValueError if it is not older."""
        hashes = [root(each, self._node) for each in extension(old, self.size)]
        return str(Extension(old, hashes, self.checkpoint))

    def _path(self, level: int, number: int) -> str:
        """The lines that lead from a node to the root."""
        if (self.size - 1) >> level == 0:
            return ""
        beside = sibling(level, number, self.size)
        line = base64(root(beside, self._node)) + "\n" if beside is not None else ""
        above = (level + 1, number >> 1)
        rest = self._lines.get(above)
        if rest is None:
            rest = self._lines[above] = self._path(*above)
        return line + rest


def _hashes(lines: Sequence[str]) -> Sequence[bytes]:
    hashes = [unbase64(line) for line in lines]
    if len(hashes) > 63 or any(len(each) != 32 for each in hashes):
        raise ValueError("a proof has at most 63 hashes of 32 bytes")
    return hashes

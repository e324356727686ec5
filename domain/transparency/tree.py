"""The Merkle tree of the log (RFC 6962, section 2.1): the entry at position p is leaf p - 1.

A node (level, number) is the root of the 2**level leaves from number * 2**level on. It is complete
once they are all there, and never changes after. Every root of a range of leaves that a proof
names is folded from complete nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256().digest()
"""The root of the tree without leaves."""

Range = tuple[int, int]
"""The leaves from a first to before a last."""
Node = Callable[[int, int], bytes]
"""Gives a complete node by level and number."""


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry."""
    return sha256(b"\0" + entry).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """The node above two."""
    return sha256(b"\1" + left + right).digest()


def above(row: Sequence[bytes]) -> list[bytes]:
    """The complete nodes above neighbours that begin at an even number."""
    pairs = zip(row[::2], row[1::2], strict=False)
    return [sha256(b"\1" + left + right).digest() for left, right in pairs]


def root(leaves: Range, node: Node) -> bytes:
    """MTH: the root over a range, which begins where a complete node of its size could."""
    start, end = leaves
    found = None
    while start < end:
        level = ((end - start) & (start - end)).bit_length() - 1  # of the smallest part
        last = node(level, (end >> level) - 1)
        found = last if found is None else parent(last, found)
        end -= 1 << level
    return EMPTY if found is None else found


class Edge:
    """The right edge of a tree: all it takes to add leaves, and to prove those added last."""

    __slots__ = ("_rows", "root", "size")

    def __init__(self, size: int, rows: Sequence[Sequence[bytes]]) -> None:
        self.size = size
        self._rows = rows  # by level: the last complete nodes, from an even number on
        self.root = root((0, size), self.node)

    def grown(self, leaves: Sequence[bytes]) -> Edge:
        """The edge when leaves have been added; it proves any of them."""
        rows: list[Sequence[bytes]] = []
        added: Sequence[bytes] = leaves
        while added or self.size >> len(rows):
            level = len(rows)
            row = [self.node(level, (self.size >> level) - 1)] if self.size >> level & 1 else []
            row += added
            rows.append(row)
            added = above(row)
        return Edge(self.size + len(leaves), rows)

    def node(self, level: int, number: int) -> bytes:
        """A complete node, as far to the left as the proofs of the leaves added last need it."""
        row = self._rows[level]
        first = (self.size >> level) - len(row)
        if number < first:
            raise IndexError(f"node {number} of level {level} is not at the edge")
        return row[number - first]


def path(leaf: int, size: int) -> list[Range]:
    """PATH: the ranges whose roots prove a leaf to be in a tree, its sibling first."""
    if not 0 <= leaf < size:
        raise ValueError(f"there is no leaf {leaf} in a tree of {size}")
    levels = range((size - 1).bit_length())
    siblings = (sibling(level, leaf >> level, size) for level in levels)
    return [each for each in siblings if each is not None]


def sibling(level: int, number: int, size: int) -> Range | None:
    """The leaves below the other node with the same parent; None if the tree has none there."""
    start = (number ^ 1) << level
    return (start, min(start + (1 << level), size)) if start < size else None


def extension(old: int, new: int) -> list[Range]:
    """PROOF: the ranges whose roots prove one tree to be the beginning of another."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves does not begin one of {new}")
    if old in (0, new):
        return []
    start, end, whole = 0, new, True  # whole: what is old here is the whole old tree
    found = []
    while old != end:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, whole = middle, False
    if not whole:
        found.append((start, end))
    return found[::-1]


def includes(leaf: int, size: int, hash_: bytes, proof: Sequence[bytes], root_: bytes) -> bool:
    """Whether a proof shows a leaf in the tree of that size and root (RFC 9162, 2.1.3.2)."""
    if not 0 <= leaf < size:
        return False
    number, last = leaf, size - 1
    for each in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            hash_ = parent(each, hash_)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            hash_ = parent(hash_, each)
        number, last = number >> 1, last >> 1
    return last == 0 and hash_ == root_


def extends(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows one tree to be the beginning of another (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof:
        return False
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    was = is_ = steps[0]
    for each in steps[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            was, is_ = parent(each, was), parent(each, is_)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            is_ = parent(is_, each)
        number, last = number >> 1, last >> 1
    return last == 0 and was == old_root and is_ == new_root

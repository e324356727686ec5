"""Tiles: the tree in pieces of 256 hashes, as it is stored and published (C2SP tlog-tiles).

Hash i of tile N at level L is the node (8 * L, 256 * N + i) of the tree. The tile at the right edge
may have fewer; what it has never changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from domain.transparency.tree import Edge, Range, above

HEIGHT: Final = 8
WIDTH: Final = 256

_PATH: Final = re.compile(r"((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)

Hashes = Callable[[int, int, int], Sequence[bytes]]
"""Gives the hashes of a level from a first to before a last."""


def hashes_at(level: int, size: int) -> int:
    """How many hashes a tree of that size has at a level of tiles."""
    return size >> HEIGHT * level


def width(level: int, number: int, size: int) -> int:
    """How many hashes a tile has in a tree of that size; 0: it is not there."""
    return max(0, min(WIDTH, hashes_at(level, size) - number * WIDTH))


def tile_path(number: int, wide: int = WIDTH) -> str:
    """The end of a tile's address: its number in groups of three digits, and its width if partial.

    1234067 is `x001/x234/067`.
    """
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups)) + (f".p/{wide}" if wide < WIDTH else "")


def read_tile_path(text: str) -> tuple[int, int]:
    """The number and width in the end of a tile's address; ValueError if it is not one."""
    if found := _PATH.fullmatch(text):
        number = int(found[1].replace("x", "").replace("/", "") + found[2])
        wide = int(found[3] or WIDTH)
        if tile_path(number, wide) == text:
            return number, wide
    raise ValueError(f"{text!r} is no tile")


def completed(edge: Edge, before: int) -> Iterator[tuple[int, int, bytes]]:
    """The hashes above the leaves (level, number, hash) that adding the last leaves completed."""
    level = 1
    while end := hashes_at(level, edge.size):
        for number in range(hashes_at(level, before), end):
            yield level, number, edge.node(HEIGHT * level, number)
        level += 1


def edge(size: int, hashes: Hashes) -> Edge:
    """The right edge of a tree, from its last tiles."""
    rows: list[Sequence[bytes]] = []
    level = 0
    while end := hashes_at(level, size):
        row: Sequence[bytes] = hashes(level, end - end % WIDTH, end)
        for _ in range(HEIGHT):
            rows.append(row)
            row = above(row)
        level += 1
    return Edge(size, rows)


class Pyramid:
    """A tile, and the nodes that it determines."""

    __slots__ = ("_rows",)

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self._rows: list[Sequence[bytes]] = [hashes]
        for _ in range(HEIGHT - 1):
            self._rows.append(above(self._rows[-1]))

    def node(self, height: int, number: int) -> bytes:
        """A node so high above the tile's own hashes."""
        return self._rows[height][number]


class Tiles:
    """The nodes of a tree of some size, from tiles that are read when first asked for."""

    def __init__(self, size: int, tile: Callable[[int, int, int], Pyramid]) -> None:
        self._size = size
        self._tile = tile  # by level, number and width
        self._read: dict[Range, Pyramid] = {}

    def node(self, level: int, number: int) -> bytes:
        """A complete node."""
        tile_level, height = divmod(level, HEIGHT)
        tile, within = divmod(number << height, WIDTH)
        read = self._read.get((tile_level, tile))
        if read is None:
            wide = width(tile_level, tile, self._size)
            read = self._read[tile_level, tile] = self._tile(tile_level, tile, wide)
        return read.node(height, within >> height)

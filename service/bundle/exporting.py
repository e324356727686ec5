"""Exporting: the log up to a position, as a bundle that anybody can verify."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from domain.entries import read
from domain.transparency.tiles import WIDTH, hashes_at, tile_path, width
from domain.verification.commitments import MARK, commitments
from projections.building import Tell
from service.ledger import Ledger
from service.stores.secret import sync

_BATCH: Final = 5_000
_OURS: Final = ("README.md", "verify.py")
"""What is in every bundle alike."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What a bundle holds."""

    entries: int
    size: int
    root: str
    disclosures: int


def export(
    ledger: Ledger, to: Path, position: int | None, *, disclosures: bool, tell: Tell
) -> Exported:
    """Write a bundle of the whole decisions up to a position, or else of all.

    The same log gives the same bytes. A file that is there is replaced once the new one is whole.
    With disclosures it is its owner's alone.

    Raises:
        ValueError: the position is not recorded yet.
    """
    newest = ledger.log.newest()
    if position is not None and position > newest:
        raise ValueError(f"position {position} is not recorded yet: the newest is {newest}")
    until = newest if position is None else _whole(ledger, position, newest)
    draft = to.with_name(f"{to.name}.part")
    draft.unlink(missing_ok=True)
    try:
        draft.touch(mode=0o600 if disclosures else 0o666)
        with ZipFile(draft, "w", ZIP_DEFLATED, compresslevel=6) as bundle:
            exported = _Export(ledger, bundle, until, tell).run(disclosures=disclosures)
        sync(draft)
        draft.replace(to)
        sync(to.parent)
    finally:
        draft.unlink(missing_ok=True)
    return exported


def _whole(ledger: Ledger, position: int, newest: int) -> int:
    """The position at which the last decision ends that is whole at a position."""
    if position in (0, newest):
        return position
    (after,) = ledger.log.entries(after=position, limit=1)
    return position - read(after.entry).number


class _Export:
    def __init__(self, ledger: Ledger, bundle: ZipFile, until: int, tell: Tell) -> None:
        self._ledger = ledger
        self._bundle = bundle
        self._until = until
        self._tell = tell

    def run(self, *, disclosures: bool) -> Exported:
        size, root, signature = self._ledger.log.checkpoint(self._until)
        for name in _OURS:
            self._write(name, files("service.bundle").joinpath(name).read_bytes())
        self._write("checkpoint", self._ledger.log.signer.note(size, root, signature).encode())
        self._write("key", f"{self._ledger.published.verifier_key()}\n".encode())
        self._write("position", f"{self._until}\n".encode())
        with self._file("entries.jsonl") as file:
            committed = self._entries(file, disclosures=disclosures)
        self._tiles(size)
        opened = 0
        if disclosures:
            with self._file("disclosures.jsonl") as file:
                opened = self._disclosures(file, committed)
        return Exported(self._until, size, root.hex(), opened)

    def _entries(self, file: IO[bytes], *, disclosures: bool) -> list[str]:
        committed: list[str] = []
        for after in range(0, self._until, _BATCH):
            until = min(after + _BATCH, self._until)
            for entry, _ in self._ledger.log.stored(after, until - after):
                file.write(entry + b"\n")
                if disclosures and MARK in entry:
                    committed += (one.digest for one in commitments(json.loads(entry)["act"], ""))
            self._tell("writing entries", until, self._until)
        return committed

    def _tiles(self, size: int) -> None:
        level = 0
        while count := hashes_at(level, size):
            tiles = -(-count // WIDTH)
            for number in range(tiles):
                wide = width(level, number, size)
                tile = self._ledger.published.tile(level, number, wide)
                self._write(f"tile/{level}/{tile_path(number, wide)}", tile)
                self._tell(f"writing tiles of level {level}", number + 1, tiles)
            level += 1

    def _disclosures(self, file: IO[bytes], committed: list[str]) -> int:
        number = 0
        for one in self._ledger.vault.examined(committed):
            number += 1
            if one.text is None:
                raise ValueError(
                    f"the text behind {one.digest} is altered: curule verify tells more"
                )
            file.write(json.dumps({"digest": one.digest, "disclosure": one.text}).encode() + b"\n")
        return number

    def _write(self, name: str, data: bytes) -> None:
        with self._file(name) as file:
            file.write(data)

    def _file(self, name: str) -> IO[bytes]:
        info = ZipInfo(name)  # of no time: the same log gives the same bytes
        info.compress_type = ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        return self._bundle.open(info, "w", force_zip64=True)

"""Verify a bundle of a Curule ledger, with nothing but Python 3.9 or newer and this file.

    python3 verify.py [--key VERIFIER_KEY] [--since CHECKPOINT_FILE] [FOLDER or ZIP]

It is written from the specifications (C2SP signed-note, tlog-checkpoint and tlog-tiles; RFC 6962;
RFC 8032; RFC 9901) and shares nothing with the service that made the bundle. It prints what is
wrong, the first bad entry first, and exits with 0 (whole), 1 (something is wrong), 2 (wrong usage)
or 3 (it is no bundle, or cannot be read).

Give --key with a verifier key that you have from elsewhere: the one in the bundle shows only that
the bundle agrees with itself. Give --since with a checkpoint that you kept, which the log must
continue.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Union

WIDTH = 256
MISSING = b"\0" * 32
MOST = 1000  # faults that are kept

DAMAGED = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)  # what reading raises

Source = Union[Path, zipfile.ZipFile]  # noqa: UP007 (this runs on older Pythons, too)
Told = Callable[[int, int], Any]  # is told how many entries of how many are read


class NoBundle(Exception):
    """It is no bundle, or cannot be read."""


class Checkpoint(NamedTuple):
    """What the log states of itself."""

    origin: str
    size: int
    root: bytes


class Found(NamedTuple):
    """What was verified, and what is wrong: (position, what), position 0 if of no entry."""

    checkpoint: Checkpoint
    entries: int
    disclosures: int
    faults: list[tuple[int, str]]


# Ed25519 (RFC 8032, section 5.1), for verifying alone: nothing here is secret, or constant in time.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)

Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    c, d = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _add(found, point)
        point, number = _add(point, point), number >> 1
    return found


def _same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % _P == 0 == (a[1] * b[2] - b[1] * a[2]) % _P


def _point(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def signed_by(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is that of a key over a message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or _BASE is None or s >= _L:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    h = int.from_bytes(hashed, "little") % _L
    return _same(_times(s, _BASE), _add(r, _times(h, key)))


# The checkpoint: a signed note


def opened(note: str, vkey: str) -> Checkpoint:
    """The checkpoint in a note; ValueError unless the verifier key has signed it."""
    name, hash_, key = vkey.strip().split("+", 2)
    decoded = base64.b64decode(key, validate=True)
    key_id = hashlib.sha256(name.encode() + b"\n" + decoded).digest()[:4]
    if key_id.hex() != hash_ or decoded[:1] != b"\1":
        raise ValueError("the verifier key is none")
    text, blank, lines = note.rpartition("\n\n")
    body = text + "\n"
    signed = False
    for line in lines.splitlines():
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        signature = base64.b64decode(encoded, validate=True)
        if (dash, signer, signature[:4]) == ("\u2014", name, key_id):
            if not signed_by(decoded[1:], signature[4:], body.encode()):
                raise ValueError("the signature of the checkpoint is not that of the key")
            signed = True
    if not blank or not signed:
        raise ValueError("the checkpoint is not signed by the key")
    origin, size, root = body.split("\n")[:3]
    if origin != name or not size.isdigit() or str(int(size)) != size:
        raise ValueError("the checkpoint is not that of the key's log")
    return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))


# The tree (RFC 6962, section 2.1)


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def mth(hashes: list[bytes]) -> bytes:
    """The root over the hashes of neighbours, the first of which begin a complete tree."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2])
        above = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
        hashes = above + hashes[len(hashes) & ~1 :]
    return hashes[0]


def tile_name(level: int, number: int, width: int) -> str:
    """The name of a tile in the bundle, as in C2SP tlog-tiles."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{level}/{'/'.join(groups)}{partial}"


# The bundle


class Bundle:
    """The files of a bundle, in a folder or in a zip file."""

    def __init__(self, path: str) -> None:
        try:
            self.files: Source = Path(path) if Path(path).is_dir() else zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise NoBundle(f"{path} cannot be read: {error}") from None

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None if it is not there, or damaged."""
        try:
            if isinstance(self.files, Path):
                return (self.files / name).read_bytes()
            return self.files.read(name)
        except (KeyError, *DAMAGED):
            return None

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file; none if it is not there. NoBundle if it is damaged."""
        try:
            with (
                (self.files / name).open("rb")
                if isinstance(self.files, Path)
                else self.files.open(name)
            ) as file:
                for line in file:
                    yield line[:-1] if line.endswith(b"\n") else line
        except (KeyError, FileNotFoundError):
            return
        except DAMAGED as error:
            raise NoBundle(f"{name} cannot be read: {error}") from None

    def text(self, name: str) -> str:
        """The text of a file that must be there."""
        data = self.read(name)
        if data is None:
            raise NoBundle(f"there is no {name} in it")
        return data.decode("utf-8", "replace")


class Verification:
    """One verification of a bundle."""

    def __init__(self, bundle: Bundle, vkey: str | None, since: str | None, tell: Told) -> None:
        self.bundle = bundle
        self.tell = tell
        self.faults: dict[int, str] = {}
        self.others: list[str] = []
        self.committed: dict[str, int] = {}
        self.erased: set[str] = set()
        self.decision: tuple[int, str, str, int] | None = None  # position, id, instant, acts
        self.retained: Checkpoint | None = None
        note, vkey = bundle.text("checkpoint"), vkey or bundle.text("key")
        try:
            self.retained = opened(since, vkey) if since else None
        except (ValueError, IndexError) as error:
            raise NoBundle(f"the retained checkpoint: {error}") from None
        try:
            self.checkpoint = opened(note, vkey)
        except (ValueError, IndexError) as error:
            self.others.append(f"the checkpoint: {error}")
            self.checkpoint = self._unsigned(note)

    def run(self) -> Found:
        """Verify entries, tree, and disclosures."""
        leaves = self.entries()
        entries = len(leaves)
        self.tree(leaves)
        disclosures = self.disclosures()
        faults = sorted(self.faults.items()) + [(0, each) for each in self.others]
        return Found(self.checkpoint, entries, disclosures, faults)

    def _unsigned(self, note: str) -> Checkpoint:
        """What a checkpoint states, though nobody has signed it."""
        try:
            origin, size, root = note.split("\n")[:3]
            return Checkpoint(origin, int(size), base64.b64decode(root))
        except ValueError:
            raise NoBundle("its checkpoint is none") from None

    def add(self, position: int, what: str) -> None:
        """Note what is wrong with an entry, the first of it alone."""
        if len(self.faults) < MOST:
            self.faults.setdefault(position, what)

    def entries(self) -> list[bytes]:
        """Read the entries, each against the one before it, and give their leaf hashes."""
        leaves, tile = [], b""
        for position, entry in enumerate(self.bundle.lines("entries.jsonl"), 1):
            number, within = divmod(position - 1, WIDTH)
            if within == 0:
                width = min(WIDTH, self.checkpoint.size - number * WIDTH)
                tile = self.bundle.read(tile_name(0, number, width)) or b""
            leaves.append(leaf_hash(entry))
            is_leaf = tile[within * 32 : within * 32 + 32] == leaves[-1]
            if not is_leaf:
                self.add(position, "its bytes do not have its leaf hash")
                self.decision = None
            try:
                self.entry(position, json.loads(entry.decode()), is_leaf)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                self.add(position, "its bytes are not those of an entry")
                self.decision = None
            if position % 1000 == 0:
                self.tell(position, self.checkpoint.size)
        if self.decision and self.decision[0] + self.decision[3] > len(leaves):
            what = f"it is missing: the decision at {self.decision[0]} has {self.decision[3]} acts"
            self.add(len(leaves) + 1, what)
        if len(leaves) > self.checkpoint.size:
            self.add(self.checkpoint.size + 1, "no checkpoint covers it")
        stated = self.bundle.text("position").strip()
        if stated != str(len(leaves)):
            first = len(leaves) + 1
            self.add(first, f"the bundle was made up to position {stated}, and this is not in it")
        return leaves

    def entry(self, position: int, entry: Any, is_leaf: bool) -> None:
        """Take in an entry; what it says of its place counts if it is the one of the tree."""
        act = entry["act"]
        if is_leaf:
            self.place(position, entry["position"])
            self.follow(position, entry)
        for digest in commitments(act):
            self.committed.setdefault(digest, position)
        if act["type"] == "subject.erased":
            self.erased.update(act.get("digests", ()))

    def place(self, position: int, stated: int) -> None:
        """Hold the position of an entry against the one that it states."""
        if stated > position:
            self.add(position, f"the bytes of entry {stated} stand here")
        elif stated < position:
            self.add(stated, f"its bytes stand at position {position}")

    def follow(self, position: int, entry: Any) -> None:
        """See that decisions follow each other, each whole and at an instant of its own."""
        before, number, recorded_at = self.decision, entry["number"], entry["recorded_at"]
        if number == 0:
            self.decision = (position, entry["decision"], recorded_at, entry["act"]["acts"])
            if before and before[0] + before[3] >= position:
                self.add(position, f"an act of the decision at {before[0]} should stand here")
            if before and before[2] >= recorded_at:
                self.add(position, "it was not recorded after the decision before it")
        elif before or position == 1:
            begun, id_, instant, acts = before or (0, "", "", 0)
            same = (entry["decision"], recorded_at) == (id_, instant)
            if number != position - begun or number > acts or not same:
                self.add(position, "it is not the next act of its decision")

    def tree(self, leaves: list[bytes]) -> None:
        """Hold the tiles and the checkpoint against the entries.

        Of entries that the checkpoint covers and the bundle leaves out, the tiles have the hashes.
        """
        size = self.checkpoint.size
        level, hashes, whole = 0, leaves[:size], leaves[:size]
        while size >> 8 * level:
            hashes = self.level(level, hashes, size >> 8 * level)
            if level == 0:
                whole = hashes
            full = len(hashes) // WIDTH
            hashes = [mth(hashes[n * WIDTH : n * WIDTH + WIDTH]) for n in range(full)]
            level += 1
        if mth(whole) != self.checkpoint.root and not self.faults:
            self.add(1, f"the entries 1-{size} are not those of the checkpoint")
        if self.retained is not None:
            self.continues(self.retained, whole)

    def continues(self, retained: Checkpoint, leaves: list[bytes]) -> None:
        """Hold the log against a checkpoint that was retained."""
        size = retained.size
        if size > len(leaves):
            self.add(
                len(leaves) + 1,
                f"it is missing: {size} entries were signed, {len(leaves)} are here",
            )
        elif mth(leaves[:size]) != retained.root and not self.faults:
            self.add(1, f"among the entries 1-{size} are others than the retained checkpoint has")

    def level(self, level: int, hashes: list[bytes], count: int) -> list[bytes]:
        """Hold a level of tiles against hashes, and give all its hashes."""
        found = list(hashes)
        for number in range(-(-count // WIDTH)):
            width = min(WIDTH, count - number * WIDTH)
            tile = self.bundle.read(tile_name(level, number, width))
            stated = [tile[at : at + 32] for at in range(0, len(tile), 32)] if tile else []
            stated = (stated + [MISSING] * width)[:width]
            mine = hashes[number * WIDTH : number * WIDTH + width]
            for at, (is_, should) in enumerate(zip(stated, mine), number * WIDTH):
                first, last = (at << 8 * level) + 1, (at + 1) << 8 * level
                if is_ != should and not any(first <= each <= last for each in self.faults):
                    what = "its bytes do not have its leaf hash"
                    if level:
                        what = f"the node over the entries {first}-{last} is not theirs"
                    self.add(first, what)
            found += stated[len(mine) :]
        return found

    def disclosures(self) -> int:
        """Hold each text against the entry that commits to it."""
        number = 0
        for number, line in enumerate(self.bundle.lines("disclosures.jsonl"), 1):
            try:
                stated = json.loads(line.decode())
                digest, text = stated["digest"], stated["disclosure"]
                hashed = hashlib.sha256(text.encode("ascii")).digest()
            except (ValueError, KeyError, TypeError, AttributeError):
                self.others.append(f"line {number} of disclosures.jsonl is no disclosure")
                continue
            position = self.committed.get(digest, 0)
            if not position:
                self.others.append(f"no entry commits to {digest}")
            elif base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != digest:
                self.add(position, f"the text behind {digest} is not the one committed to")
            elif digest in self.erased:
                self.add(position, f"the text behind {digest} is here, though it was erased")
        return number


def commitments(value: Any) -> Iterator[str]:
    """The digests of the texts that an act commits to."""
    if isinstance(value, dict):
        digest = value.get("sha256")
        if len(value) == 1 and isinstance(digest, str) and len(digest) == 43:
            yield digest
        else:
            for member in value.values():
                yield from commitments(member)
    elif isinstance(value, list):
        for item in value:
            yield from commitments(item)


def verify(
    path: str,
    vkey: str | None = None,
    since: str | None = None,
    tell: Told = lambda done, of: None,
) -> Found:
    """Verify a bundle; NoBundle if it is none."""
    return Verification(Bundle(path), vkey, since, tell).run()


def options(arguments: list[str]) -> dict[str, str] | None:
    """What the command line says; None if that is wrong."""
    given: dict[str, str] = {}
    rest = iter(arguments)
    for each in rest:
        name = each if each in ("--key", "--since") else "path"
        value = next(rest, "") if name != "path" else each
        if name in given or not value or value.startswith("-"):
            return None
        given[name] = value
    return given


def _vkey(text: str) -> str:
    """A verifier key as it is given, or in a file; ValueError if it is none."""
    if "+" not in text and Path(text).is_file():
        text = Path(text).read_text("utf-8")
    name, _, rest = text.strip().partition("+")
    key = rest.partition("+")[2]
    if not name or len(base64.b64decode(key, validate=True)) != 33:
        raise ValueError(f"{text.strip()!r:.100} is no verifier key, nor a file with one")
    return text.strip()


def main(arguments: list[str]) -> int:
    """Verify the bundle that is named, or the one in whose folder this file is."""
    given = options(arguments)
    if given is None:
        print(__doc__)
        return 2
    try:
        if "--key" in given:
            given["--key"] = _vkey(given["--key"])
    except (OSError, ValueError) as error:
        print(f"--key: {error}", file=sys.stderr)
        return 2
    try:
        since = Path(given["--since"]).read_text("utf-8") if "--since" in given else None
        path = given.get("path", str(Path(__file__).parent))
        found = verify(path, given.get("--key"), since)
    except (NoBundle, OSError, ValueError) as error:
        print(f"This cannot be verified: {error}", file=sys.stderr)
        return 3
    report(found)
    if "--key" not in given:
        print("The key is the bundle's own: give --key with one that you have from elsewhere.")
    print("SOMETHING IS WRONG." if found.faults else "It is whole.")
    return 1 if found.faults else 0


def report(found: Found) -> None:
    """Print what was found."""
    for position, what in found.faults[:20]:
        print(f"position {position}: {what}" if position else what)
    if len(found.faults) > 20:
        print(f"and {len(found.faults) - 20} more")
    origin, size, root = found.checkpoint
    print(f"Log {origin}, checkpoint of size {size}, root {root.hex()}")
    print(f"{found.entries} entries, {found.disclosures} disclosures")
    if found.entries < size:
        print(f"The entries {found.entries + 1}-{size} are not in it, only their hashes.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

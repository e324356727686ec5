"""The Merkle tree and its texts, against the specifications' own words and vectors."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Sequence
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.transparency import notes, tiles, tree
from domain.transparency.checkpoints import Checkpoint
from domain.transparency.notes import Signature, VerifierKey, note, read_note
from domain.transparency.proofs import Extension, Inclusion, Proofs
from domain.transparency.tree import (
    Edge,
    above,
    extends,
    extension,
    includes,
    leaf_hash,
    parent,
    path,
    root,
)
from tests import verifier

CLASSIC = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
"""The leaves with which Certificate Transparency has always been tested."""
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
PATH_5_8 = (
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)
PROOF_6_8 = (
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    *PATH_5_8[1:],
)
VKEY = "ledger.example/golden+3108bca7+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
SIGNED = (
    "MQi8p1qpEa6pCmtGnXGdgvfX5wH94qr+HptKCAXQfTpQJL1NQ2/Me39s4sH71xr+e1RMnxC2wr1tLxhrViE1f6khDg0="
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]
EDGES = [Edge(0, ()).grown(LEAVES[:size]) for size in range(301)]


def proved(ranges: Sequence[tree.Range], edge: Edge) -> list[bytes]:
    return [root(each, edge.node) for each in ranges]


def golden(size: int) -> Edge:
    return Edge(0, ()).grown([leaf_hash(bytes.fromhex(each)) for each in CLASSIC[:size]])


# Golden vectors


@pytest.mark.parametrize("size", ROOTS)
def test_the_roots_of_the_classic_leaves(size: int) -> None:
    assert golden(size).root.hex() == ROOTS[size]


def test_the_proofs_of_the_classic_leaves() -> None:
    assert [each.hex() for each in proved(path(5, 8), golden(8))] == list(PATH_5_8)
    assert [each.hex() for each in proved(extension(6, 8), golden(8))] == list(PROOF_6_8)


def test_a_signed_checkpoint_and_its_verifier_key() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    verifier_key = VerifierKey("ledger.example/golden", key.public_key().public_bytes_raw())
    assert str(verifier_key) == VKEY
    assert VerifierKey.read(VKEY) == verifier_key
    checkpoint = Checkpoint("ledger.example/golden", 8, golden(8).root)
    signature = key.sign(checkpoint.text.encode())
    assert b64encode(verifier_key.id + signature).decode() == SIGNED
    text = note(checkpoint.text, [Signature(verifier_key.name, verifier_key.id, signature)])
    assert text == (
        "ledger.example/golden\n8\nXcnaeacGWamtVZy3Ad7Zoqudgjqt"
        f"L0lgz+Nw7/RgQyg=\n\n— ledger.example/golden {SIGNED}\n"
    )
    assert verifier.opened(text.encode(), VKEY) == verifier.Checkpoint(
        checkpoint.origin, checkpoint.size, checkpoint.root
    )


# Proofs


def corrupted(proof: Sequence[bytes], chance: random.Random) -> list[list[bytes]]:
    """Proofs that are nearly that one: a bit flipped, one left out, one added, two exchanged."""
    wrong = [[*proof, LEAVES[0]], [LEAVES[0], *proof]]
    if proof:
        at = chance.randrange(len(proof))
        flipped = bytes([proof[at][0] ^ 1 << chance.randrange(8)]) + proof[at][1:]
        wrong += [[*proof[:at], flipped, *proof[at + 1 :]], [*proof[:at], *proof[at + 1 :]]]
    if len(proof) > 1:
        wrong.append([proof[1], proof[0], *proof[2:]])
    return wrong


def test_every_leaf_of_every_small_tree_is_proved_and_nothing_else_is() -> None:
    chance = random.Random(1)
    for size in range(1, 301):
        edge = EDGES[size]
        for leaf in range(size):
            proof = proved(path(leaf, size), edge)
            assert includes(leaf, size, LEAVES[leaf], proof, edge.root)
            assert not includes(leaf, size, LEAVES[leaf - 1], proof, edge.root) or size == 1
            assert not includes(leaf, size, LEAVES[leaf], proof, EDGES[size - 1].root)
            assert not includes(leaf, size * 2, LEAVES[leaf], proof, edge.root)
            for wrong in corrupted(proof, chance):
                assert not includes(leaf, size, LEAVES[leaf], wrong, edge.root)
        assert not includes(size, size, LEAVES[0], [], edge.root)
        assert not includes(-1, size, LEAVES[0], [], edge.root)


def test_every_growth_of_every_small_tree_is_proved_and_nothing_else_is() -> None:
    chance = random.Random(2)
    for new in range(301):
        is_ = EDGES[new].root
        for old in range(new + 1):
            was = EDGES[old].root
            proof = proved(extension(old, new), EDGES[new])
            assert extends(old, new, was, is_, proof)
            for wrong in corrupted(proof, chance):
                assert not extends(old, new, was, is_, wrong)
            if old:
                assert not extends(old, new, EDGES[old - 1].root, is_, proof)
            if new > old > 0:
                assert not extends(old, new, was, EDGES[new - 1].root, proof)
                assert not extends(old, new * 2, was, is_, proof)
                assert not extends(old, new, was, is_, [])
                assert not extends(new, old, is_, was, proof)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, 127, 128, 129, 257])
def test_proofs_are_those_that_the_rfc_defines(size: int) -> None:
    leaves, edge = LEAVES[:size], EDGES[size]
    assert edge.root == verifier.mth(leaves)
    for number in range(size):
        assert proved(path(number, size), edge) == verifier.path(number, leaves)
        assert proved(extension(number + 1, size), edge) == verifier.proof(number + 1, leaves)


@pytest.mark.parametrize(("leaf", "size"), [(0, 0), (1, 1), (-1, 5), (5, 5)])
def test_there_is_no_path_of_a_leaf_that_is_not_there(leaf: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        path(leaf, size)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 5)])
def test_no_tree_begins_a_smaller_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not begin"):
        extension(old, new)


# Growing, and tiles


@given(st.lists(st.integers(0, 2**63 - 1), min_size=2, max_size=2).map(sorted))
def test_the_ranges_of_proofs_of_any_size_are_whole(sizes: list[int]) -> None:
    """They are apart, and together with what they prove all of the tree."""
    leaf, size = sizes
    if leaf < size:
        around = sorted([*path(leaf, size), (leaf, leaf + 1)])
        assert around[0][0] == 0
        assert around[-1][1] == size
        assert all(left[1] == right[0] for left, right in pairwise(around))
        assert len(path(leaf, size)) <= 63
    if 0 < leaf < size:
        parts = sorted(extension(leaf, size))
        assert len(parts) <= 64
        assert parts[-1][1] == size
        assert all(left[1] == right[0] for left, right in pairwise(parts))


@given(st.lists(st.integers(0, 40), max_size=12))
def test_a_tree_grows_to_the_same_in_any_steps_and_proves_what_was_added(steps: list[int]) -> None:
    edge = Edge(0, ())
    for step in steps:
        before = edge
        edge = edge.grown(LEAVES[edge.size : min(300, edge.size + step)])
        assert edge.root == EDGES[edge.size].root
        for leaf in range(before.size, edge.size):
            proof = proved(path(leaf, edge.size), edge)
            assert includes(leaf, edge.size, LEAVES[leaf], proof, edge.root)


MANY = [leaf_hash(b"%d" % number) for number in range(66_000)]
LEVELS = [MANY]
while len(LEVELS[-1]) >= tiles.WIDTH:
    row: Sequence[bytes] = LEVELS[-1][: len(LEVELS[-1]) // 256 * 256]
    for _ in range(tiles.HEIGHT):
        row = above(row)
    LEVELS.append(list(row))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000])
def test_tiles_are_all_that_a_tree_needs(size: int) -> None:
    def hashes(level: int, start: int, end: int) -> Sequence[bytes]:
        assert end <= tiles.hashes_at(level, size)
        return LEVELS[level][start:end]

    whole = Edge(0, ()).grown(MANY[:size])
    for level, number, each in tiles.completed(whole, 0):
        assert LEVELS[level][number] == each
    edge = tiles.edge(size, hashes)
    assert edge.root == whole.root == verifier.mth(MANY[:size])
    more = edge.grown(MANY[size : size + 300])
    assert more.root == Edge(0, ()).grown(MANY[: more.size]).root
    added = list(tiles.completed(more, size))
    expected = [
        (level, number)
        for level in range(1, 3)
        for number in range(size >> 8 * level, more.size >> 8 * level)
    ]
    assert [(level, number) for level, number, _ in added] == expected
    assert all(LEVELS[level][number] == each for level, number, each in added)

    def tile(level: int, number: int, wide: int) -> tiles.Pyramid:
        return tiles.Pyramid(hashes(level, number * 256, number * 256 + wide))

    node = tiles.Tiles(size, tile).node
    for leaf in {0, 1, 254, 255, 256, size // 2, size - 2, size - 1} & set(range(size)):
        found = [root(each, node) for each in path(leaf, size)]
        assert includes(leaf, size, MANY[leaf], found, whole.root)
        grown = [root(each, node) for each in extension(leaf, size)]
        assert extends(leaf, size, root((0, leaf), node), whole.root, grown)
        assert root((0, leaf), node) == verifier.mth(MANY[:leaf])


@given(st.integers(0, 2**55), st.integers(1, 256))
def test_the_address_of_a_tile_is_read_as_it_is_written(number: int, wide: int) -> None:
    text = tiles.tile_path(number, wide)
    assert tiles.read_tile_path(text) == (number, wide)
    assert verifier.tile_path("0", number, wide) == f"tile/0/{text}"


def test_a_tile_s_address_is_in_groups_of_three() -> None:
    assert tiles.tile_path(1234067) == "x001/x234/067"
    assert tiles.tile_path(5, 7) == "005.p/7"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "0005",
        "x001",
        "001/002",
        "x000/005",
        "005.p/0",
        "005.p/256",
        "005.p/07",
        "-01",
        "005.p",
        "005.p/",
        "x1/005",
        "005/",
        " 005",
        "٠٠٥",
        "005\n",
    ],
)
def test_there_is_one_address_of_each_tile(text: str) -> None:
    with pytest.raises(ValueError, match="no tile"):
        tiles.read_tile_path(text)


# Texts

CHECKPOINT = Checkpoint("ledger.example/log", 20, EDGES[20].root)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
VERIFIER = VerifierKey(CHECKPOINT.origin, KEY.public_key().public_bytes_raw())
NOTE = note(
    CHECKPOINT.text,
    [Signature(VERIFIER.name, VERIFIER.id, KEY.sign(CHECKPOINT.text.encode()))],
)


def test_what_is_written_is_read_again() -> None:
    text, (signature,) = read_note(NOTE)
    assert Checkpoint.read(text) == CHECKPOINT
    assert (signature.name, signature.key_id) == (VERIFIER.name, VERIFIER.id)
    proofs = Proofs(NOTE, 20, EDGES[20].node)
    for leaf in range(20):
        proof = Inclusion.read(proofs.inclusion(leaf))
        assert (proof.leaf, proof.checkpoint) == (leaf, NOTE)
        assert includes(leaf, 20, LEAVES[leaf], proof.path, CHECKPOINT.root)
        assert verifier.check_proof(proofs.inclusion(leaf), LEAVES[leaf], str(VERIFIER))[0] == leaf
    for old in range(21):
        grown = Extension.read(proofs.extension(old))
        assert (grown.old, grown.checkpoint) == (old, NOTE)
        assert extends(old, 20, EDGES[old].root, CHECKPOINT.root, grown.proof)
        assert str(grown) == proofs.extension(old)


def test_a_proof_may_carry_what_nothing_vouches_for() -> None:
    plain = Proofs(NOTE, 20, EDGES[20].node).inclusion(3)
    extra = plain.replace("\nindex", "\nextra aGVsbG8=\nindex", 1)
    assert Inclusion.read(extra) == Inclusion.read(plain)


def test_a_note_may_have_signatures_of_others() -> None:
    other = Signature("witness.example", b"\1\2\3\4", bytes(72))
    text, signatures = read_note(NOTE + str(other))
    assert text == CHECKPOINT.text
    assert signatures[1] == other
    assert verifier.opened((NOTE + str(other)).encode(), str(VERIFIER)).size == 20


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n\n",
        CHECKPOINT.text,
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE.replace("— ", "- "),
        NOTE.replace("—", "\t—"),
        NOTE.replace("=\n", "\n"),
        NOTE.replace(" ledger.example/log ", " ledger+example "),
        NOTE.replace("\n20\n", "\r\n20\n"),
        NOTE[: NOTE.rindex(" ") + 1] + "AAAA\n",
    ],
)
def test_what_is_no_signed_note_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_note(text)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("\n20\n", "\n020\n"),
        ("\n20\n", "\n-1\n"),
        ("\n20\n", "\n2²\n"),
        ("=\n", "\n"),
        ("ledg", ""),
        ("\n20\n", "\n"),
        ("\n20\n", "\n" + "9" * 20 + "\n"),
    ],
)
def test_what_is_no_checkpoint_is_refused(now: str, then: str) -> None:
    text = CHECKPOINT.text.replace(now, then)
    assert text != CHECKPOINT.text
    if now == "ledg":
        text = text[text.index("\n") :]
    with pytest.raises(ValueError, match=r".+"):
        Checkpoint.read(text)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("@v1", "@v2"),
        ("index 3", "index 03"),
        ("index 3", "index"),
        ("index 3\n", ""),
        ("\n\nledger", "\nledger"),
        ("=\n", "\n"),
    ],
)
def test_what_is_no_proof_is_refused(now: str, then: str) -> None:
    text = Proofs(NOTE, 20, EDGES[20].node).inclusion(3)
    assert now in text
    with pytest.raises(ValueError, match=r".+"):
        Inclusion.read(text.replace(now, then, 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        VKEY[:-1],
        VKEY.replace("3108", "3109"),
        VKEY.replace("ledger.e", "ledger e"),
        VKEY.replace("+AQ", "+AA"),
        "+3108bca7+AQ==",
        VKEY + "\n",
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        VerifierKey.read(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\n", "a\x7f"])
def test_the_name_of_a_key_has_no_spaces(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        VerifierKey(name, bytes(32))


def test_the_parts_of_the_tree_are_hashed_apart() -> None:
    """A node is no leaf, whatever is in it."""
    assert parent(LEAVES[0], LEAVES[1]) != leaf_hash(LEAVES[0] + LEAVES[1])
    assert notes.unbase64(notes.base64(LEAVES[0])) == LEAVES[0]

"""Receipts: what a client was answered when it recorded, verified without the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from domain.transparency.proofs import Inclusion
from domain.transparency.tree import includes
from domain.verification.faults import Faults
from service.log.signing import NotSigned, Verifier
from service.verifying import CannotVerify, Verdict


def verify_receipt(text: str, verifier: Verifier) -> Verdict:
    """See that every entry that a receipt names is in the log of a key, where it says it is.

    Raises:
        CannotVerify: the text is no receipt.
    """
    items = list(_items(text))
    faults = Faults()
    verdict = Verdict(0, 0, found=faults)
    for at, leaf_hash, proof in items:
        try:
            inclusion = Inclusion.read(proof)
            checkpoint = verifier.opened(inclusion.checkpoint)
            leaf = bytes.fromhex(leaf_hash)
        except (ValueError, NotSigned) as error:
            faults.add(at, f"its proof is none: {error}")
            continue
        if inclusion.leaf != at - 1:
            faults.add(at, f"its proof is of position {inclusion.leaf + 1}")
        elif not includes(at - 1, checkpoint.size, leaf, inclusion.path, checkpoint.root):
            faults.add(at, f"it is not in the log of the checkpoint of size {checkpoint.size}")
        if checkpoint.size > verdict.size:
            verdict.size, verdict.root = checkpoint.size, checkpoint.root.hex()
    verdict.count("entries", len(items))
    return verdict


def _items(text: str) -> Iterator[tuple[int, str, str]]:
    """Position, leaf hash and proof of the decision and of each of its acts."""
    try:
        receipt = json.loads(text)
        for item in (receipt, *receipt["entries"]):
            yield _item(item)
    except (ValueError, KeyError, TypeError):
        raise CannotVerify("this is no receipt, as POST /v1/decisions answers") from None


def _item(item: Any) -> tuple[int, str, str]:
    match item:
        case {"position": int(position), "leaf_hash": str(leaf_hash), "proof": str(proof)}:
            if position > 0:
                return position, leaf_hash, proof
    raise ValueError("no position, leaf hash and proof")

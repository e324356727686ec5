"""Remarks: read from the log by what they are on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from domain import acts as a
from domain.answers import Remark
from domain.entries import Entry, read
from domain.shape import to_json
from projections.basis import Basis
from service.asking.questions import BasisQuery, answer, texts_for
from service.content import plain, with_texts
from service.ledger import Ledger

_SUBJECTS = ("entry", "person", "body", "post", "election", "meeting", "rule", "decision")


def remarks(ledger: Ledger, basis: Basis, *tags: str) -> tuple[Remark, ...]:
    """The remarks recorded up to a position on what these tags stand for, or on its entries."""
    found: dict[int, Entry] = {}
    for tag in tags:
        for one in ledger.log.entries(tag=tag, types=["remark.made"], until=basis.position):
            found[one.position] = read(one.entry)
    return tuple(_remark(found[position]) for position in sorted(found))


def with_remarks(
    request: Request,
    ledger: Ledger,
    basis: Basis,
    query: BasisQuery,
    told: Any,
    tags: Sequence[str],
) -> Response:
    """The answer about one subject, with the remarks on what these tags stand for."""
    content = {**plain(told), "remarks": plain(remarks(ledger, basis, *tags))}
    return answer(request, basis, with_texts(content, texts_for(request)), query)


def about(kind: str, *subjects: str) -> list[str]:
    """The tags under which remarks on subjects, and on entries about them, are found."""
    return [tag for each in subjects for tag in (f"{kind}:{each}", f"named:{kind}:{each}")]


def _remark(entry: Entry) -> Remark:
    act = entry.act
    if not isinstance(act, a.RemarkMade):
        raise TypeError(f"entry {entry.position} holds no remark")
    return Remark(
        position=entry.position,
        decision=entry.decision,
        kind=act.kind,
        text=to_json(act.text),
        on={
            name: to_json(getattr(act, name))
            for name in _SUBJECTS
            if getattr(act, name) is not None
        },
    )

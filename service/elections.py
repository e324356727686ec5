"""Elections as they are asked for: what their acts say, with names and turnout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from domain import acts as a
from domain.entries import Entry, read
from domain.shape import to_json
from projections.basis import Basis
from projections.elections import ElectionKnown
from projections.people import names
from service.content import with_texts
from service.ledger import Ledger


def told(
    ledger: Ledger, connection: Connection, basis: Basis, found: Sequence[ElectionKnown]
) -> list[dict[str, Any]]:
    """The elections found, each from its entry, with the names of those who stood."""
    entries = [read(ledger.log.entries(after=e.position - 1, limit=1)[0].entry) for e in found]
    persons = {each.id for entry in entries for each in entry.mentions if each.kinds == ("person",)}
    called = names(connection, basis, persons)
    content = [_election(*pair, called) for pair in zip(found, entries, strict=True)]
    opened: list[dict[str, Any]] = with_texts(content, ledger.names)
    return opened


def _election(known: ElectionKnown, entry: Entry, called: dict[str, Any]) -> dict[str, Any]:
    act = entry.act
    if not isinstance(act, a.ElectionHeld):
        raise TypeError(f"entry {entry.position} holds no election")
    said = to_json(act)

    def counted(votes: dict[str, Any], outer: dict[str, Any]) -> dict[str, Any]:
        eligible = votes.get("eligible", outer.get("eligible"))
        cast = votes.get("cast", outer.get("cast"))
        turnout = round(cast / eligible, 5) if cast is not None and eligible else None
        return {
            "eligible": eligible,
            "cast": cast,
            "invalid": votes.get("invalid", outer.get("invalid")),
            "turnout": turnout,
            "counts": votes.get("counts", []),
        }

    def person(each: str) -> dict[str, Any]:
        return {"person": each, "name": called.get(each)}

    contests = [
        {
            "post": contest.get("post"),
            "body": contest.get("body"),
            "role": contest.get("role"),
            "seats": contest.get("seats"),
            "contested": contest.get("contested", said.get("contested")),
            **counted(contest, said),
            "candidates": [
                {**person(each["person"]), **each} for each in contest.get("candidates", [])
            ],
            "elected": [person(each) for each in contest.get("elected", [])],
            "not_seated": [
                {**person(each["person"]), **each} for each in contest.get("not_seated", [])
            ],
            "outcome": contest.get("outcome"),
            "until": contest.get("until"),
        }
        for contest in said.get("contests", [])
    ]
    return {
        "id": known.id,
        "body": act.body,
        "method": act.method,
        "contested": act.contested,
        "opened": act.opened,
        "closed": act.closed,
        "effective": act.effective,
        **counted(said, {}),
        "rounds": [counted(each, {}) for each in said.get("rounds", [])],
        "contests": contests,
        "note": said.get("note"),
        "annulled": known.annulled,
        "certainty": known.certainty,
        "decision": entry.decision,
        "because": [each for each in (known.position, known.annulled_at) if each is not None],
    }

"""Ids: what an act names is established, and nothing is established twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.amendments import Amendment, given
from domain.coherence.breach import Breach
from domain.entries import Entry
from domain.fields import Kind
from domain.register import Register
from domain.tracks import ANNOUNCED, CREATIONS, established_by


def ids_known(
    register: Register, entry: Entry, amendments: Sequence[Amendment] = ()
) -> Iterator[Breach]:
    """Every id that an act names is established by an entry that stands.

    But for what is named in a field of an envelope that was amended later.
    """
    later = (each.act for each in amendments if each.position > entry.position)
    replaced = {f"/{name}" for act in later for name in given(act)}
    for each in entry.mentions:
        if each.pointer in replaced:
            continue
        if not each.creates and not any(_created(register, kind, each.id) for kind in each.kinds):
            what = " or ".join(each.kinds)
            yield Breach(
                "id_unknown", f"no {what} {each.id} is known", (entry.position,), each.pointer
            )


def ids_free(register: Register, entry: Entry) -> Iterator[Breach]:
    """An id is established once. Bodies and posts share their ids: some acts name either."""
    for each in entry.mentions:
        if each.creates:
            kinds: tuple[Kind, ...] = each.kinds
            if set(kinds) <= {"body", "post"}:
                kinds = ("body", "post")
            created = {
                made.position
                for kind in kinds
                for made in _created(register, kind, each.id)
                if kind not in ANNOUNCED or made.type == entry.type
            }
            if min(created, default=entry.position) < entry.position:  # the later takes it again
                yield Breach(
                    "id_taken",
                    f"the id {each.id} is already taken",
                    (entry.position, *sorted(created - {entry.position})),
                    each.pointer,
                )


def _created(register: Register, kind: Kind, subject: str) -> list[Entry]:
    standing = register.standing(*established_by(kind, subject))
    return [each for each in standing if each.type in CREATIONS[kind]]

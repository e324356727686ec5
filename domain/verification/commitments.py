"""The commitments in an entry, read from its JSON alone: of any version, known here or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from domain.fields import DIGEST
from domain.recording import ERASURES

MARK: Final = b'{"sha256":"'
"""What the bytes of an entry with commitments have in them."""


class Committed(NamedTuple):
    """A text that an entry commits to."""

    field: str
    """The member that holds the commitment."""
    digest: str
    """The digest of its disclosure."""
    subject: str
    """Whose it is: the person that the object around it names, or else the decision."""


def commitments(act: Any, decision: str) -> Iterator[Committed]:
    """Every text that the act of an entry commits to."""
    yield from _within("", act, f"decision:{decision}")


def _within(field: str, value: Any, subject: str) -> Iterator[Committed]:
    match value:
        case {"sha256": str(digest)} if len(value) == 1 and len(digest) == DIGEST:
            yield Committed(field, digest, subject)
        case dict():
            person = value.get("person")
            subject = f"person:{person}" if person else subject
            for name, member in value.items():
                yield from _within(name, member, subject)
        case list():
            for item in value:
                yield from _within(field, item, subject)


def erased_by(act: Any) -> frozenset[str]:
    """The digests of texts that the act of an entry says were lawfully erased."""
    return frozenset(act.get("digests", ()) if act["type"] in ERASURES else ())

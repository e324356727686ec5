"""The manifest of a backup: which files it has, and which ledger they hold up to where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

NAME: Final = "backup.json"
"""Its file."""
MASTER_KEY: Final = "master.key"
LOG_KEY: Final = "log.key"
VIEWS: Final = "views.db"


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""The name of a file in the backup itself, and nowhere else."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file of a backup."""

    bytes: int
    sha256: str
    """In hexadecimal."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A store in a backup."""

    file: Name
    """Two stores of one database are in one file."""
    kind: Literal["sqlite", "postgresql"]
    schema: int
    """The revision that it is at."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. The stores are as they were when the newest entry was `position`."""

    format: Literal["curule-backup-1"]
    release: str
    made: str
    """When it was begun (RFC 3339, UTC)."""
    position: int
    """The newest entry in it."""
    verifier_key: str
    """The key that its log is signed with."""
    checkpoint: str
    """The newest checkpoint in it, a signed note."""
    stores: Mapping[str, Kept]
    """The stores in it, by name."""
    files: Mapping[Name, Held]
    """Every file in it but this one."""


MANIFEST: Final = TypeAdapter(Manifest)
"""Reads and writes it."""

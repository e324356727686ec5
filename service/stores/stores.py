"""The stores of a ledger: what is migrated, backed up and restored. The views are none of them.

A store that is new has a `Schema`, a folder of revisions in `service/schemas`, and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from service.access.reads import ACCESS, reads_url
from service.log.databases import LOG
from service.schemas import Schema
from service.settings import Settings
from service.stores.secret import in_file
from service.vault.vault import VAULT


@dataclass(frozen=True, slots=True)
class Store:
    """One store: what it is made of, and where it is."""

    schema: Schema
    setting: str
    """Which setting says where."""
    url: str
    is_late: bool = False
    """Whether it is made only when it is first needed."""

    @property
    def name(self) -> str:
        """Of what it keeps."""
        return self.schema.name

    @property
    def file(self) -> Path | None:
        """The file that it is in, on SQLite."""
        return in_file(make_url(self.url))

    @property
    def is_missing(self) -> bool:
        """Whether it is a file that is not there."""
        return self.file is not None and not self.file.exists()


def stores(settings: Settings) -> Mapping[str, Store]:
    """Every store of the settings, by name, the log first."""
    found = (
        Store(LOG, "ledger", settings.ledger),
        Store(VAULT, "vault", settings.vault),
        Store(ACCESS, "access_log", reads_url(settings), is_late=True),
    )
    return {each.name: each for each in found}

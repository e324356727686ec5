"""The master key of the vault: given by a setting, in a file, or beside a SQLite vault."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from service.settings import Settings
from service.stores.secret import Locked, in_file, kept_beside, secret


class VaultLocked(Locked):
    """There is no master key, or not the one the vault was made with; nothing was changed."""


def master_key(vault_url: str, *, key: str | None, key_file: Path | None) -> bytes:
    """Return the master key: the one given, the one in the file, or that beside a SQLite vault.

    The last, `<vault>.key`, is made (mode 0600) where there is neither it nor a vault yet. Whoever
    loses a master key loses the vault. VaultLocked tells what is missing or wrong.
    """
    return secret(
        "master key",
        "CURULE_MASTER_KEY",
        key=key,
        key_file=key_file,
        beside=lambda: key_beside(vault_url),
        locked=VaultLocked,
    )


def master_key_of(settings: Settings) -> bytes:
    """The master key of the settings. Raises VaultLocked."""
    key = settings.master_key.get_secret_value() if settings.master_key else None
    return master_key(settings.vault, key=key, key_file=settings.master_key_file)


def key_beside(vault_url: str) -> Path:
    """The file beside a SQLite vault that holds its master key, made if both are not there yet."""
    database = in_file(make_url(vault_url))

    def used() -> bool:
        return database is not None and database.exists()

    named = {"what": "vault", "variable": "CURULE_MASTER_KEY"}
    return kept_beside(database, ".key", used, **named, locked=VaultLocked)

"""Settings: from the environment, each named `CURULE_…`."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the three stores are, and what opens the vault."""

    model_config = SettingsConfigDict(env_prefix="CURULE_", use_attribute_docstrings=True)

    ledger: str = "sqlite:///curule.db"
    """The log: `sqlite:///FILE` or `postgresql+psycopg://…`. With the vault, what to back up."""
    vault: str = "sqlite:///curule-vault.db"
    """Personal data and its keys: `sqlite:///FILE` or `postgresql+psycopg://…`."""
    views: Path = Path("curule-views.db")
    """The projections: a local file, disposable."""
    master_key: SecretStr | None = None
    """The vault's master key: 32 bytes in base64. Else CURULE_MASTER_KEY_FILE, else a file beside
    a SQLite vault, which is made with it."""
    master_key_file: Path | None = None
    """A file with the vault's master key."""

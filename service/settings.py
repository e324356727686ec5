"""Settings: from the environment, each named `CURULE_…`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the three stores are, what opens the vault, what signs the log and who cosigns it."""

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
    access_log: str | None = None
    """Who has read personal data: `sqlite:///FILE` or `postgresql+psycopg://…`. Else a file beside
    a SQLite vault, or else in the vault's database."""
    log_key: SecretStr | None = None
    """The key that signs the log (Ed25519): 32 bytes in base64. Else CURULE_LOG_KEY_FILE, else a
    file beside a SQLite ledger, or else vault, which is made when the log is first signed."""
    log_key_file: Path | None = None
    """A file with the key that signs the log."""
    log_signed: Path | None = None
    """The file that remembers the newest checkpoint ever signed, so that no other is signed after
    an older backup was restored: keep it out of the backups. Else beside a SQLite ledger, or else
    vault, or else beside the views."""
    origin: str | None = None
    """The name of the log, by which all know it for good: an address without its scheme, as
    `ledger.example/log`. Else one that is made of its key."""
    key: SecretStr | None = None
    """The key that the commands show to a service, as `curule keys create` printed it."""
    witnesses: str | None = None
    """Who cosigns the checkpoints of the log: `URL#VERIFIERKEY`, separated by spaces. `serve` asks
    them by itself."""
    witness_interval: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60
    """Seconds from one time that `curule serve` asks them to the next; 0: it never does."""
    rate_limit: str | None = None
    """Requests that a client may send: as `600/minute` or `10/second`, or `off`. Else off where
    `curule serve` listens on loopback, 600/minute elsewhere."""
    body_limit: Annotated[int, Field(ge=1)] = 4 * 1024 * 1024
    """Bytes of a request's body at most."""
    arrival_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    """Seconds in which a request's head has to arrive, and then its body."""
    answer_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    """Seconds after which a question is interrupted."""
    connections: Annotated[int, Field(ge=1)] = 500
    """Connections at once."""
    cors_origins: str | None = None
    """Origins whose pages browsers let read the answers: `https://…`, separated by spaces."""

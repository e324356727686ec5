"""A ledger from its settings, verified: its log, its vault and its views."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

from sqlalchemy import make_url

from domain.entries import read
from domain.recording import ERASURES
from domain.transparency.checkpoints import Checkpoint
from domain.transparency.notes import read_note
from domain.verification.commitments import erased_by
from projections.building import Tell
from projections.decisions import Recorded
from service.log.signing import kept_in, remembered
from service.log.stored import Stored
from service.settings import Settings
from service.stores.secret import in_file
from service.vault.master import VaultLocked, master_key_of
from service.vault.vault import Vault
from service.verifying import CannotVerify, Trusted, Verdict
from service.verifying.image import verify_views
from service.verifying.log import LogVerification
from service.verifying.texts import verify_texts


def verify_ledger(settings: Settings, trusted: Trusted, tell: Tell, *, log_only: bool) -> Verdict:
    """Verify the ledger of the settings: all of it, or only its log.

    With a checkpoint of a log that was verified (`trusted.since`), only what was recorded after it.

    Raises:
        CannotVerify: something that it takes is not there.
    """
    trusted = replace(trusted, retained=trusted.retained or _remembered(settings))
    verification = LogVerification(settings.ledger, trusted, tell)
    texts, verdict = verification.run(), verification.verdict
    if log_only:
        verdict.left.append("texts and views: only the log was asked for")
        return verdict
    with closing(Stored(settings.ledger)) as stored:

        def newer() -> set[str]:
            """The digests that erasures cover which were recorded since the log was read."""
            rows = stored.rows(verdict.size, stored.head()[0])
            acts = (json.loads(row.entry)["act"] for row in rows if row.type in ERASURES)
            return {digest for act in acts for digest in erased_by(act)}

        def fetch(after: int, limit: int) -> list[Recorded]:
            return [(read(row.entry), row.leaf_hash) for row in stored.rows(after, after + limit)]

        with closing(_vault(settings)) as vault:
            verify_texts(vault, texts, verdict, tell, newer)
        if verdict.since:
            verdict.left.append("views: they are verified with the whole ledger")
        elif verdict.faults:
            verdict.left.append("views: what is wrong before must be put right first")
        else:
            verify_views(settings.views, fetch, verdict, tell)
    return verdict


def _remembered(settings: Settings) -> Checkpoint | None:
    """The newest checkpoint that was ever signed, as this machine remembers it, if it does."""
    try:
        return Checkpoint.read(read_note(kept_in(remembered(settings).read_bytes()))[0])
    except (OSError, ValueError):
        return None


def _vault(settings: Settings) -> Vault:
    file = in_file(make_url(settings.vault))
    if file is not None and not file.exists():
        raise CannotVerify(f"there is no vault at {file}; --log-only verifies the log alone")
    try:
        return Vault(settings.vault, master_key_of(settings))
    except VaultLocked as error:
        raise CannotVerify(f"the vault is locked: {error}; --log-only needs no vault") from None

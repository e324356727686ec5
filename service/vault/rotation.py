"""Rotation: the vault gets a new master key, and whoever is interrupted goes on where it was.

The new key is on disk before the vault knows it, and the old one until no key is wrapped by it any
more. In between the vault opens to neither alone: it is locked until the rotation is finished.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from service.settings import Settings
from service.stores.secret import make_secret, sync
from service.vault.master import VaultLocked, key_beside, master_key
from service.vault.vault import Vault


def rotate(
    settings: Settings, to: Path | None, tell: Callable[[int, int], None]
) -> tuple[Path, Path | None]:
    """Rotate the master key; return the files of the new and, if it was in one, of the old.

    Raises:
        VaultLocked: it cannot be done, and why.
    """
    if settings.master_key is not None:
        if to is None:
            raise VaultLocked("give --to FILE, for CURULE_MASTER_KEY is in no file")
        given = settings.master_key.get_secret_value()
        _rewrap(settings, master_key(settings.vault, key=given, key_file=None), to, tell)
        return to, None
    if to is not None:
        raise VaultLocked("--to is for CURULE_MASTER_KEY: a key in a file is changed where it is")
    path = settings.master_key_file or key_beside(settings.vault)
    following, old = (path.with_name(f"{path.name}.{each}") for each in ("next", "old"))
    retired = _read(settings, path)
    if old.exists() and _read(settings, old) != retired:
        raise VaultLocked(f"{old} holds a key from before: move or delete it first")
    _rewrap(settings, retired, following, tell)
    with suppress(FileExistsError):
        os.link(path, old)
    sync(path.parent)
    following.replace(path)
    sync(path.parent)
    return path, old


def _rewrap(settings: Settings, retired: bytes, to: Path, tell: Callable[[int, int], None]) -> None:
    if not to.exists():
        make_secret(to)
    with closing(Vault(settings.vault, _read(settings, to), retires=retired)) as vault:
        vault.rewrap(retired, tell)


def _read(settings: Settings, path: Path) -> bytes:
    return master_key(settings.vault, key=None, key_file=path)

"""Taking a backup, while services go on recording.

All stores are seen as of moments that fit together. Texts go to the vault before their entries to
the log, so the log is seen first, and the vault has the texts of all its entries. Texts leave the
vault after the log has said so: if it says so of more when all are seen, all are seen again. The
views are seen before the log, so that they follow no entry that it lacks.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

import sqlalchemy as sa

from domain.recording import ERASURES
from domain.transparency.notes import VerifierKey
from projections.building import Tell
from projections.views import holds_views
from service.backup.manifest import (
    LOG_KEY,
    MANIFEST,
    MASTER_KEY,
    NAME,
    VIEWS,
    Held,
    Kept,
    Manifest,
)
from service.backup.snapshots import Snapshot, database_of
from service.log.signing import Signed, log_key_of
from service.log.tables import NEWEST, VERIFIER_KEY, checkpoint, entries_table, signers_table
from service.release import release
from service.settings import Settings
from service.stores.secret import sync
from service.stores.stores import Store, stores
from service.vault.master import master_key_of

ZIPPED: Final = ".zip"
"""The end of a backup's name that makes it one file."""


class NoBackup(Exception):
    """A backup cannot be taken, and why; there is none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The stores of a ledger, and its views, as of moments that fit together."""

    stores: Mapping[str, Snapshot]
    views: Snapshot | None


def take(
    settings: Settings, to: Path, tell: Tell, *, keys: bool = False, views: bool = False
) -> Manifest:
    """Take a backup into a folder, or a file that ends in `.zip`, which is not there yet.

    Raises:
        NoBackup: it cannot be taken.
        NoTool: a program of PostgreSQL is missing.
        SchemaDiffers: a store is of a newer release.
    """
    if to.exists():
        raise NoBackup(f"{to} is there already")
    if not to.parent.is_dir():
        raise NoBackup(f"there is no folder {to.parent}")
    made = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    found = stores(settings)
    with _draft(to) as draft:
        with _seen(found, settings.views if views else None) as seen:
            told = _told(seen.stores["log"])
            kept = _copied(found, seen, draft, tell)
            if seen.views is not None:
                seen.views.copy(draft / VIEWS, tell)
        if keys:
            _write(draft / MASTER_KEY, master_key_of(settings))
            _write(draft / LOG_KEY, log_key_of(settings, is_used=True))
        files = {file.name: _held(file) for file in sorted(draft.iterdir())}
        manifest = Manifest("curule-backup-1", release(), made, *told, kept, files)
        (draft / NAME).write_bytes(MANIFEST.dump_json(manifest, indent=2) + b"\n")
        for file in (draft / NAME, draft):
            sync(file)
        if to.suffix == ZIPPED:
            _zip(draft, to, tell)
        else:
            draft.rename(to)
        sync(to.parent)
    return manifest


@contextmanager
def _draft(to: Path) -> Iterator[Path]:
    """A folder of its owner's alone, which is gone at the end unless it became the backup."""
    draft = to.with_name(f"{to.name}.part")
    draft.mkdir(mode=0o700, exist_ok=True)
    opened = os.open(draft, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in draft.iterdir():  # by one that was killed
            left.unlink()
        yield draft
        if draft.exists():
            shutil.rmtree(draft)
    except BlockingIOError:
        raise NoBackup(f"another backup is being taken into {draft}") from None
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    finally:
        os.close(opened)


@contextmanager
def _seen(found: Mapping[str, Store], views: Path | None) -> Iterator[Seen]:
    for one in found.values():
        if one.is_missing and not one.is_late:
            raise NoBackup(f"there is no {one.name} at {one.file}")
    if views is not None and not holds_views(views):
        raise NoBackup(f"there are no views at {views}")
    while True:
        with ExitStack() as opened:

            def see(url: str, opened: ExitStack = opened) -> Snapshot:
                return opened.enter_context(closing(Snapshot(url)))

            seen_views = None if views is None else see(f"sqlite:///{views}")
            databases: dict[object, Snapshot] = {}
            seen: dict[str, Snapshot] = {}
            for name, store in found.items():  # the log is the first
                if store.is_missing:
                    continue
                database = database_of(store.url)
                if database not in databases:
                    databases[database] = see(store.url)
                seen[name] = databases[database]
            if not _erased_since(found["log"], seen["log"]):
                yield Seen(seen, seen_views)
                return


def _erased_since(log: Store, seen: Snapshot) -> bool:
    """Whether something was erased since the log was seen: the vault may lack more than it says."""
    column = entries_table.c
    newest = seen.connection.execute(NEWEST).one().position
    erased = sa.select(sa.exists().where(column.position > newest, column.type.in_(ERASURES)))
    with closing(Snapshot(log.url)) as now:
        return bool(now.connection.scalar(erased))


def _told(log: Snapshot) -> tuple[int, str, str]:
    """The newest position, the verifier key, and the newest checkpoint."""
    connection = log.connection
    is_signed = sa.inspect(connection).has_table(signers_table.name)
    key = connection.scalar(VERIFIER_KEY) if is_signed else None
    if key is None:
        raise NoBackup("nobody has signed this log yet: have it opened first, by curule serve")
    signed = Signed(*connection.execute(checkpoint(None)).one())
    noted = signed.noted(VerifierKey.read(key).name)
    return connection.execute(NEWEST).one().position, key, noted


def _copied(found: Mapping[str, Store], seen: Seen, draft: Path, tell: Tell) -> Mapping[str, Kept]:
    kept: dict[str, Kept] = {}
    files: dict[str, Snapshot] = {}
    for name, snapshot in seen.stores.items():
        schema = found[name].schema
        revision = schema.revision(snapshot.connection)
        schema.refuse_newer(revision)
        if revision == 0:
            if found[name].is_late:
                continue
            raise NoBackup(f"the {name} is empty")
        file = next((each for each, of in files.items() if of is snapshot), None)
        file = file or f"{name}{snapshot.suffix}"
        files[file] = snapshot
        kept[name] = Kept(file, snapshot.kind, revision)
    for file, snapshot in reversed(files.items()):  # the vault before the log: who erases waits
        snapshot.copy(draft / file, tell)
        snapshot.close()
    return kept


def _write(file: Path, key: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(base64.b64encode(key) + b"\n")


def _held(file: Path) -> Held:
    with file.open("rb") as opened:
        digest = file_digest(opened, "sha256").hexdigest()
        os.fsync(opened.fileno())
        return Held(opened.tell(), digest)


def _zip(draft: Path, to: Path, tell: Tell) -> None:
    packed = draft / to.name
    files = sorted(draft.iterdir())
    packed.touch(mode=0o600)  # it may hold keys, and leaves the folder that is its owner's alone
    with ZipFile(packed, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for number, file in enumerate(files):
            tell("packing", number, len(files))
            archive.write(file, file.name)
    sync(packed)
    packed.rename(to)

"""Restoring a backup into an empty place, if it verifies and nothing newer was signed there.

On SQLite it is put beside where it will be, and takes its place when it is found to be whole. On
PostgreSQL it is put where it will be, and out again if it is not.
"""

from __future__ import annotations

import base64
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final
from zipfile import BadZipFile, ZipFile

import sqlalchemy as sa
from pydantic import SecretStr, ValidationError

from domain.transparency.checkpoints import Checkpoint
from domain.transparency.notes import VerifierKey, read_note
from projections.building import Tell
from service.backup.manifest import LOG_KEY, MANIFEST, MASTER_KEY, NAME, VIEWS, Kept, Manifest
from service.backup.snapshots import database_of, kind_of, run
from service.log.log import Log
from service.log.signing import KEY, NotSigned, Verifier, home, kept_in, remembered
from service.schemas.migrating import migrate
from service.settings import Settings
from service.stores.connections import maintaining
from service.stores.secret import Locked, sync
from service.stores.stores import Store, stores
from service.vault.erasures import Erasures
from service.vault.master import master_key_of
from service.vault.vault import Vault
from service.verifying import Trusted, Verdict
from service.verifying.ledger import verify_ledger

_CHUNK: Final = 1 << 20
_STAGED: Final = ".restoring"
"""The end of the name of a file that is not yet found to be whole."""
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY
_UNREADABLE: Final = (OSError, KeyError, EOFError, NotImplementedError, BadZipFile, zlib.error)
"""What is raised of a file that is not there, or of an archive that is damaged."""


class NotRestored(Exception):
    """A backup is not restored, and why; nothing is left of it."""


class Rewound(NotRestored):
    """More was signed than the backup holds, or something else."""


class NotWhole(NotRestored):
    """Something is wrong with what the backup holds."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("what the backup holds does not verify")
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    manifest: Manifest
    verdict: Verdict
    erased: int
    """How many texts its log says were erased; they were, again."""
    log_key: bool
    """Whether the key that signs the log is here."""


class Backup:
    """A backup to read: a folder, or a file that ends in `.zip`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive = None
        with ExitStack() as opened:
            try:
                if not path.is_dir():
                    self._archive = opened.enter_context(ZipFile(path))
                with self._open(NAME) as file:
                    self.manifest = MANIFEST.validate_json(file.read())
            except _UNREADABLE:
                raise NotRestored(f"{path} is no backup: it has no {NAME}") from None
            except ValidationError as error:
                first = error.errors()[0]
                where = "/".join(map(str, first["loc"])) or "the whole"
                why = f"{path} is no backup of this kind: {NAME}, {where}: {first['msg']}"
                raise NotRestored(why) from None
            opened.pop_all()

    def _open(self, name: str) -> IO[bytes]:
        if self._archive is not None:
            return self._archive.open(name)
        return (self._path / name).open("rb")

    def copy(self, name: str, to: Path, tell: Tell) -> None:
        """Copy a file of it to where there is none.

        Raises:
            NotRestored: it is not the file that the manifest tells of. There is no copy.
        """
        done, size = 0, self.manifest.files[name].bytes if name in self.manifest.files else 0
        with ExitStack() as undone:
            try:
                with os.fdopen(os.open(to, _NEW, 0o600), "wb") as copy:
                    undone.callback(to.unlink)
                    for some in self._chunks(name):
                        copy.write(some)
                        done += len(some)
                        tell(f"copying {name}", done, size)
                    copy.flush()
                    os.fsync(copy.fileno())
            except OSError as error:
                raise NotRestored(f"{name} of the backup cannot be copied: {error}") from None
            undone.pop_all()

    def key(self, name: str) -> SecretStr | None:
        """A secret key that is in it.

        Raises:
            NotRestored: it is not the one that the manifest tells of.
        """
        if name not in self.manifest.files:
            return None
        return SecretStr(b"".join(self._chunks(name)).decode("ascii").strip())

    def _chunks(self, name: str) -> Iterator[bytes]:
        """What a file of it holds, piece by piece. NotRestored at its end: it was altered."""
        digest, held = sha256(), self.manifest.files.get(name)
        try:
            with self._open(name) as file:
                while some := file.read(_CHUNK):
                    digest.update(some)
                    yield some
        except _UNREADABLE as error:
            raise NotRestored(f"{name} of the backup cannot be read: {error}") from None
        if held is None or digest.hexdigest() != held.sha256:
            raise NotRestored(f"{name} of the backup was altered: it has another SHA-256")

    def close(self) -> None:
        """Close its file."""
        if self._archive is not None:
            self._archive.close()


def restore(source: Path, settings: Settings, since: str | None, tell: Tell) -> Restored:
    """Restore a backup to where the settings say.

    `since` is a signed checkpoint that was kept: the backup must hold what it covers.

    Raises:
        NotRestored: it cannot be, or must not be. Nothing is left of it.
        Locked: a key is missing or wrong.
        NoTool: a program of PostgreSQL is missing.
        SchemaDiffers: the backup is of a newer release.
    """
    with closing(Backup(source)) as backup:
        return _Restoring(backup, settings, tell).run(since)


class _Restoring:
    def __init__(self, backup: Backup, settings: Settings, tell: Tell) -> None:
        self._backup = backup
        self._manifest = backup.manifest
        self._settings = settings
        self._tell = tell
        self._verifier = Verifier(VerifierKey.read(self._manifest.verifier_key))
        self._stores = {
            name: (store, self._manifest.stores[name])
            for name, store in stores(settings).items()
            if name in self._manifest.stores
        }

    def run(self, since: str | None) -> Restored:
        for name, kept in self._manifest.stores.items():
            if name not in self._stores:
                raise NotRestored(f"this release knows no {name}, of which the backup has one")
            self._stores[name][0].schema.refuse_newer(kept.schema)
        signed = self._signed(since)
        for store, kept in self._stores.values():
            self._expect_empty(store, kept)
        keys = self._keys()
        with self._staged() as places:
            staged = self._settings.model_copy(update={**places, **keys})
            verdict, erased = self._verified(staged, signed)
            self._place(staged)
        file, place = self._settings.log_key_file, home(self._settings)
        given = self._settings.log_key is not None or (file is not None and file.exists())
        beside = place is not None and Path(f"{place}{KEY}").exists()
        return Restored(self._manifest, verdict, erased, given or beside)

    # Whether it may

    def _signed(self, since: str | None) -> Sequence[Checkpoint]:
        """The checkpoints that are known to have been signed, and which it must continue."""
        found = {"the manifest": self._opened(self._manifest.checkpoint, "the manifest")}
        if since is not None:
            found["--since"] = self._opened(since, "--since")
        path = remembered(self._settings)
        if path.exists() and (text := kept_in(path.read_bytes())):
            try:
                found[str(path)] = Checkpoint.read(read_note(text)[0])
            except ValueError:
                raise NotRestored(f"{path} does not hold a checkpoint") from None
        for where, one in found.items():
            if one.origin != self._verifier.key.name:
                raise Rewound(f"{where} is about another log, {one.origin}")
            if one.size > self._manifest.position:
                raise Rewound(
                    f"the backup ends at position {self._manifest.position}, and {one.size} entries"
                    f" were signed (so says {where}). Restored, the log would sign others in their"
                    " place, and whoever keeps what was signed could prove that there are two"
                    " histories. Restore a newer backup"
                )
        return tuple(found.values())

    def _opened(self, text: str, what: str) -> Checkpoint:
        try:
            return self._verifier.opened(text)
        except NotSigned as error:
            raise NotRestored(f"{what}: {error}") from None

    def _expect_empty(self, store: Store, kept: Kept) -> None:
        if kept.kind != kind_of(store.url):
            raise NotRestored(
                f"the {store.name} of this backup is of {kept.kind}, and the settings name"
                f" {kind_of(store.url)} (from one to the other: curule export, curule import)"
            )
        if store.file is not None:
            if not store.file.parent.is_dir():
                raise NotRestored(f"there is no folder {store.file.parent}")
            if store.file.exists():
                raise NotRestored(f"{store.file} is there already: restore into an empty place")
        elif _tables(store.url):
            raise NotRestored(f"the database of the {store.name} is not empty")
        for other, at in self._stores.values():
            shared = database_of(other.url) == database_of(store.url)
            if shared != (at.file == kept.file):
                raise NotRestored(
                    f"{other.name} and {store.name} are in {'one' if not shared else 'two'} in the"
                    f" backup, and in {'one' if shared else 'two'} in the settings"
                )

    # Where it is while it is not known to be whole

    @contextmanager
    def _staged(self) -> Iterator[Mapping[str, Any]]:
        """Settings of the stores, in their files or databases; undone unless all goes well."""
        given: dict[str, Any] = {"log_signed": remembered(self._settings)}
        with ExitStack() as undone:
            done: set[str] = set()
            for store, kept in self._stores.values():
                if store.file is not None:
                    staged = store.file.with_name(f"{store.file.name}{_STAGED}")
                    given[store.setting] = f"sqlite:///{staged}"
                    undone.callback(_remove, staged)
                    if kept.file not in done:
                        _remove(staged)
                        self._backup.copy(kept.file, staged, self._tell)
                elif kept.file not in done:
                    self._fill(store, kept)  # all or nothing
                    undone.callback(_drop, store.url)
                done.add(kept.file)
            views = self._settings.views
            given["views"] = views.with_name(f"{views.name}{_STAGED}")
            undone.callback(_remove, given["views"])
            _remove(given["views"])
            if VIEWS in self._manifest.files:
                self._backup.copy(VIEWS, given["views"], self._tell)
            yield given
            undone.pop_all()

    def _fill(self, store: Store, kept: Kept) -> None:
        folder = self._settings.views.parent  # a local one, of the service's
        dump = folder / f"{kept.file}{_STAGED}"
        _remove(dump)
        try:
            self._backup.copy(kept.file, dump, self._tell)
            self._tell(f"restoring {kept.file}", 0, 1)
            run(
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--single-transaction",
                "--exit-on-error",
                str(dump),
                url=sa.make_url(store.url),
            )
            self._tell(f"restoring {kept.file}", 1, 1)
        finally:
            _remove(dump)

    def _keys(self) -> Mapping[str, Any]:
        """The master key, from where it is: the settings, beside the vault to be, the backup."""
        settings = self._settings
        vault = self._stores["vault"][0].file
        beside = None if vault is None else Path(f"{vault}.key")
        if settings.master_key is not None or settings.master_key_file is not None:
            key = master_key_of(settings)
        elif beside is not None and beside.exists():
            key = master_key_of(settings.model_copy(update={"master_key_file": beside}))
        elif (held := self._backup.key(MASTER_KEY)) is not None:
            return {"master_key": held, "master_key_file": None}
        else:
            where = f"put it into {beside}" if beside else "set CURULE_MASTER_KEY_FILE"
            raise Locked(f"the vault's master key is not here, and not in the backup: {where}")
        text = base64.b64encode(key).decode()
        return {"master_key": SecretStr(text), "master_key_file": None}

    # Whether it is whole

    def _verified(self, staged: Settings, signed: Sequence[Checkpoint]) -> tuple[Verdict, int]:
        for store in stores(staged).values():
            if store.name in self._stores:
                migrate(store.schema, store.url, self._tell)
        newest = max(signed, key=lambda each: each.size)
        trusted = Trusted(self._verifier.key, retained=newest)
        with closing(Log(staged.ledger)) as log:
            with closing(Vault(staged.vault, master_key_of(staged))) as vault:
                erased = len(Erasures(log, vault).covered())  # and are erased again
            verdict = verify_ledger(staged, trusted, self._tell, log_only=False)
            if verdict.faults:
                raise NotWhole(verdict)
            if verdict.size != self._manifest.position:
                raise NotRestored("the manifest was altered: it tells of another position")
            for one in signed:
                if log.root(one.size) != one.root:
                    raise Rewound(
                        f"the first {one.size} entries are not those that were signed: this is"
                        " another history"
                    )
        return verdict, erased

    # Where it will be

    def _place(self, staged: Settings) -> None:
        """Have all take its place, the log last."""
        places: dict[Path, Path] = {}
        if VIEWS in self._manifest.files and not self._settings.views.exists():
            places[staged.views] = self._settings.views
        else:
            _remove(staged.views)
        before = stores(staged)
        for name, (store, _) in reversed(self._stores.items()):
            if store.file is not None and (file := before[name].file) is not None:
                places[file] = store.file
        with ExitStack() as undone:
            for name, beside in self._key_places():
                if name in self._manifest.files and not beside.exists():
                    self._backup.copy(name, beside, self._tell)
                    undone.callback(beside.unlink)
                    sync(beside.parent)
            for file, place in places.items():
                _settle(file)
                try:
                    os.link(file, place)
                except FileExistsError:
                    raise NotRestored(f"{place} has come meanwhile, and is left there") from None
                undone.callback(place.unlink)
                file.unlink()
                sync(place.parent)
            undone.pop_all()

    def _key_places(self) -> Iterator[tuple[str, Path]]:
        """Where keys that the backup holds are put, beside what they belong to."""
        settings, vault = self._settings, self._stores["vault"][0].file
        log, given = home(settings), (settings.master_key, settings.master_key_file)
        if vault is not None and given == (None, None):
            yield MASTER_KEY, Path(f"{vault}.key")
        if log is not None and (settings.log_key, settings.log_key_file) == (None, None):
            yield LOG_KEY, Path(f"{log}{KEY}")


def _tables(url: str) -> Sequence[str]:
    with maintaining(url).connect() as connection:
        return sa.inspect(connection).get_table_names()


def _drop(url: str) -> None:
    """Empty a database again that was empty before."""
    with maintaining(url).begin() as connection:
        for table in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS refuse_to_change()")


def _settle(file: Path) -> None:
    """Have all of a SQLite database in its one file."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = file.with_name(f"{file.name}-wal")
    if left.exists():
        raise NotRestored(f"{left} is still in use")
    sync(file)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", ".lock", ".building"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)

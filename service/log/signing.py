"""Signing: the log's key, its name, and the newest checkpoint that was ever signed.

Whoever holds a checkpoint can show any later one to be inconsistent with it. So nothing is signed
that does not continue the newest that was: that one is kept in a file which is no part of the
ledger, and which restoring a backup of the ledger does not take back.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import make_url

from domain.transparency.checkpoints import Checkpoint
from domain.transparency.cosignatures import Cosignature
from domain.transparency.notes import ED25519, Signature, VerifierKey, note, read_note
from service.settings import Settings
from service.stores.secret import Locked, in_file, kept_beside, secret, sync

logger = logging.getLogger(__name__)
SYNCED = 1.0
"""Seconds after which what is remembered is on disk."""
KEY: Final = ".log-key"
"""How the name of the file beside a ledger ends in which the key is."""
_MOST: Final = 65_536  # bytes that are read of a remembered checkpoint
_SECTOR: Final = 512  # bytes that a disk writes whole or not at all


class LogLocked(Locked):
    """There is no key to sign the log with, or not the one, or not the name, that it began with."""


class LogRewound(Exception):
    """The log is not the one whose newest checkpoint was signed: an older backup, or another."""


class Signed(NamedTuple):
    """A checkpoint as it is stored: its text and its note are made of it."""

    size: int
    root: bytes
    signature: bytes
    """After the id of the key."""

    def noted(self, name: str, cosignatures: Iterable[Cosignature] = ()) -> str:
        """The note of the log of a name, with the signatures of witnesses, too."""
        own = Signature(name, self.signature[:4], self.signature[4:])
        text = Checkpoint(name, self.size, self.root).text
        return note(text, [own, *(each.line for each in cosignatures)])


class Signer:
    """Signs the checkpoints of one log."""

    def __init__(self, key: bytes, origin: str, newest: Path) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self.verifier = VerifierKey(origin, self._key.public_key().public_bytes_raw())
        self._newest = _Newest(newest)

    def sign(self, size: int, root: bytes) -> bytes:
        """The signature of a tree's checkpoint, after the id of the key."""
        checkpoint = Checkpoint(self.verifier.name, size, root)
        return self.verifier.id + self._key.sign(checkpoint.text.encode())

    def note(
        self,
        size: int,
        root: bytes,
        signature: bytes,
        cosignatures: Iterable[Cosignature] = (),
    ) -> str:
        """A checkpoint with its signature, and those of witnesses."""
        return Signed(size, root, signature).noted(self.verifier.name, cosignatures)

    def check(self, newest_position: Callable[[], int], root_at: Callable[[int], bytes]) -> None:
        """See that a log continues the newest checkpoint, by its size and its roots.

        Its size is asked for last, so that it has what others sign meanwhile.

        Raises:
            LogRewound: it does not. Nothing may be signed.
        """
        text = self._newest.read()
        if not text:
            return
        try:
            newest = Checkpoint.read(read_note(text)[0])
        except ValueError:
            raise LogLocked(f"{self._newest.path} does not hold a checkpoint: restore it") from None
        if newest.origin != self.verifier.name:
            why = f"{self._newest.path} is about the log {newest.origin}: set CURULE_LOG_SIGNED"
            raise LogLocked(why)
        size = newest_position()
        if newest.size > size:
            raise LogRewound(
                f"the log has {size} entries, and {newest.size} were signed: an older backup was"
                f" restored. Restore a newer one (what was signed is in {self._newest.path})"
            )
        if root_at(newest.size) != newest.root:
            raise LogRewound(
                f"the first {newest.size} entries are not those that were signed: this is another"
                f" history (what was signed is in {self._newest.path})"
            )

    def remember(self, size: int, checkpoint: str) -> None:
        """Keep a checkpoint that was committed, unless a newer one is kept."""
        self._newest.write(size, checkpoint)

    def close(self) -> None:
        """Make durable what is remembered."""
        self._newest.close()


class _Newest:
    """The newest checkpoint, in a file that several processes share.

    It is written with each commit, and synced within a second, aside, so that no commit waits for
    it. A power failure may take back the last second of it, but not from the ledger, with which it
    is compared when that is opened. What it leaves is a checkpoint: line feeds fill the file up to
    whole sectors, of which a checkpoint takes one unless the log has a very long name, so that the
    file never changes its length.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()  # among the threads of this process
        self._syncing = threading.Lock()  # guards the timer, and whether the file is open
        self._sync: threading.Timer | None = None
        is_new = not path.exists()
        with ExitStack() as opened:
            try:
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                opened.callback(os.close, self._file)
                if is_new:
                    sync(path.parent)
                self._fill()
            except OSError as error:
                raise LogLocked(f"{path} cannot be written: {error.strerror}") from None
            opened.pop_all()

    def _fill(self) -> None:
        """Give a file that is new, or of an earlier release, its length, before it is relied on."""
        with self._alone():
            if not (size := os.fstat(self._file).st_size) or size % _SECTOR:
                os.pwrite(self._file, _filled(self.read()), 0)
                os.fsync(self._file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While it lasts, no other thread and no other process writes."""
        with self._writing:
            fcntl.flock(self._file, fcntl.LOCK_EX)  # which all threads that share the file have
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def read(self) -> str:
        """The checkpoint; nothing if there was none yet."""
        return kept_in(os.pread(self._file, _MOST, 0))

    def write(self, size: int, checkpoint: str) -> None:
        """Put a newer checkpoint in its place; those of one log only become longer."""
        with self._alone():
            lines = self.read().split("\n", 2)
            if len(lines) < 3 or int(lines[1]) < size:
                os.pwrite(self._file, _filled(checkpoint), 0)
        with self._syncing:
            if self._sync is None:
                self._sync = threading.Timer(SYNCED, self._synced)
                self._sync.daemon = True
                self._sync.start()

    def _synced(self) -> None:
        with self._syncing:
            self._sync = None
            if self._file < 0:
                return
            file = os.dup(self._file)
        try:
            os.fsync(file)  # nobody who writes waits for it
        except OSError:
            logger.exception("what was signed cannot be synced; it is remembered all the same")
        finally:
            os.close(file)

    def close(self) -> None:
        """Sync what was written, and close the file."""
        with self._syncing:
            if self._sync is not None:
                self._sync.cancel()
                self._sync = None
            if self._file >= 0:
                try:
                    os.fsync(self._file)
                finally:
                    os.close(self._file)
                    self._file = -1


def _filled(checkpoint: str) -> bytes:
    """A checkpoint, or nothing, and line feeds up to the end of a sector."""
    content = checkpoint.encode()
    return content.ljust(-(-max(1, len(content)) // _SECTOR) * _SECTOR, b"\n")


def kept_in(content: bytes) -> str:
    """The checkpoint in the file that remembers the newest; nothing if it has none."""
    text = content.decode(errors="replace").strip("\n\0")
    return text and f"{text}\n"


class NotSigned(Exception):
    """This is no checkpoint, or not one that the key has signed."""


class Verifier:
    """Tells what the key of a log has signed."""

    def __init__(self, key: VerifierKey) -> None:
        if key.type != ED25519:
            raise NotSigned(f"{key} is no Ed25519 key: a log is signed with one")
        self.key = key
        self._public = Ed25519PublicKey.from_public_bytes(key.public)

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Whether a signature, after the id of the key, is the key's over a text."""
        try:
            self._public.verify(signature[4:], text.encode())
        except (InvalidSignature, TypeError):
            return False
        return signature[:4] == self.key.id

    def opened(self, note_: str) -> Checkpoint:
        """The checkpoint in a signed note.

        Raises:
            NotSigned: it is none, or of another log, or the key has not signed it.
        """
        try:
            text, signatures = read_note(note_)
            checkpoint = Checkpoint.read(text)
        except ValueError as error:
            raise NotSigned(f"this is no checkpoint: {error}") from None
        if checkpoint.origin != self.key.name:
            raise NotSigned(f"the checkpoint is of {checkpoint.origin}, the key of {self.key.name}")
        mine = [one for one in signatures if (one.name, one.key_id) == (self.key.name, self.key.id)]
        if not mine or not all(self.has_signed(text, one.key_id + one.signature) for one in mine):
            raise NotSigned(f"the checkpoint of size {checkpoint.size} has no valid signature")
        return checkpoint


def remembered(settings: Settings) -> Path:
    """The file that remembers the newest checkpoint that was ever signed."""
    return settings.log_signed or Path(f"{home(settings) or settings.views}.signed")


def signer(settings: Settings, begun_with: str | None) -> Signer:
    """The signer of the log of the settings, which has begun with a verifier key, or has none yet.

    Raises:
        LogLocked: the key is missing, or it or the origin is not that with which the log began.
    """
    key = log_key_of(settings, is_used=begun_with is not None)
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    begun = VerifierKey.read(begun_with) if begun_with is not None else None
    origin = settings.origin or (begun.name if begun else f"localhost/{public.hex()[:16]}")
    if "://" in origin:
        raise LogLocked(f"CURULE_ORIGIN has no scheme: leave out {origin.partition('://')[0]}://")
    try:
        verifier = VerifierKey(origin, public)
    except ValueError as error:
        raise LogLocked(f"CURULE_ORIGIN: {error}") from None
    if begun is not None and begun.name != origin:
        raise LogLocked(f"CURULE_ORIGIN is {origin}, and this log is {begun.name} for good")
    if begun is not None and begun != verifier:
        raise LogLocked(f"this log is signed with another key, that of {begun}")
    return Signer(key, origin, remembered(settings))


def log_key_of(settings: Settings, *, is_used: bool) -> bytes:
    """The key of the settings that signs the log. Raises LogLocked.

    That beside a ledger is made where there is none, unless the log is signed already.
    """
    variable = "CURULE_LOG_KEY"

    def beside() -> Path:
        named = {"what": "ledger", "variable": variable}
        return kept_beside(home(settings), KEY, lambda: is_used, **named, locked=LogLocked)

    return secret(
        "log key",
        variable,
        key=settings.log_key.get_secret_value() if settings.log_key else None,
        key_file=settings.log_key_file,
        beside=beside,
        locked=LogLocked,
    )


def home(settings: Settings) -> Path | None:
    """The file beside which the key is kept: of the ledger, or of the vault, which it shares."""
    return in_file(make_url(settings.ledger)) or in_file(make_url(settings.vault))

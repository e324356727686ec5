"""Secrets of 32 bytes: given by a setting, in a file, or beside what they belong to."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL


class Locked(Exception):
    """There is no key, or not the right one; nothing was changed."""


def secret(
    name: str,
    variable: str,
    *,
    key: str | None,
    key_file: Path | None,
    beside: Callable[[], Path],
    locked: type[Locked],
) -> bytes:
    """The secret that is given, or in the file, or in the one beside; `locked` if there is none."""
    if key is not None and key_file is not None:
        raise locked(f"set {variable} or {variable}_FILE, not both")
    try:
        if key is None:
            key = (key_file or beside()).read_text("ascii")
        decoded = base64.b64decode(key.strip(), validate=True)
    except OSError as error:
        raise locked(f"the {name} cannot be read: {error}") from None
    except ValueError:
        decoded = b""
    if len(decoded) != 32:
        raise locked(f"a {name} is 32 bytes in base64, and this is not")
    return decoded


def in_file(url: URL) -> Path | None:
    """The file of a database in SQLite."""
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    return Path(str(url.database))


def kept_beside(
    database: Path | None,
    suffix: str,
    used: Callable[[], bool],
    *,
    what: str,
    variable: str,
    locked: type[Locked],
) -> Path:
    """The file of the secret beside a database, its owner's alone.

    It is made where there is none, unless what it belongs to has been used with one.
    """
    if database is None:
        raise locked(f"this {what} needs {variable} or {variable}_FILE")
    path = Path(f"{database}{suffix}")
    is_used = used()  # asked first: whoever makes both makes the key first
    if not path.parent.is_dir():
        raise locked(f"there is no folder {path.parent} for the {what}")
    if not path.exists():
        if is_used:
            raise locked(f"the {what} is there, but its key is not: restore {path}")
        make_secret(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise locked(f"{path} is open to others than its owner: chmod 600 it")
    return path


def make_secret(path: Path) -> None:
    """Make a file with a new secret, durably, unless there is one."""
    made, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # its owner's alone
    try:
        with os.fdopen(made, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
            file.flush()
            os.fsync(made)
        with suppress(FileExistsError):  # another process was first
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    sync(path.parent)  # the key is lost no sooner than what it opens


def sync(path: Path) -> None:
    """Have a file, or the names of the files in a folder, on disk."""
    if os.name == "posix":
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

"""The disk under SQLite: what is written to it and what is synced, seen through SQLite's own VFS.

SQLite reaches its files through a table of functions, its VFS. `recorded` puts functions of ours in
the place of those that open, write, truncate, sync and delete; each calls the one that was there.
So nothing has to be compiled or preloaded, the code under test is what users run, and it makes no
difference whether Python's SQLite is a library of its own or a part of Python: the table is found
by way of a connection.

`after_power_cut` is what a disk may hold when the power fails at some moment: of every file what
was last synced, and of what was done to it since any part, in sectors. The `-shm` files are mapped
into memory, not written, and so gone.
"""

from __future__ import annotations

import ctypes
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR = 512

Event = tuple[Any, ...]
"""("open", path), ("write", path, offset, data), ("truncate", path, size), ("sync", path),
("delete", path, whether the folder is synced); and what others add: ("ack", …)."""

_Pointer = ctypes.c_void_p
_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, _Pointer, _Pointer, _Pointer, ctypes.c_int, ctypes.POINTER(ctypes.c_int)
)
_DELETE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_char_p, ctypes.c_int)
_WRITE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, ctypes.c_int, ctypes.c_int64)
_TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int)


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, as far as it is needed."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _Pointer),
        ("name", ctypes.c_char_p),
        ("data", _Pointer),
        ("open", _Pointer),
        ("delete", _Pointer),
    )


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`: how a file is used once it is open."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("close", _Pointer),
        ("read", _Pointer),
        ("write", _Pointer),
        ("truncate", _Pointer),
        ("sync", _Pointer),
        ("others", _Pointer * 13),
    )


_MEMBERS = {1: 12, 2: 16, 3: 18}
"""Functions in each version of `sqlite3_io_methods`."""


def _vfs() -> _Vfs:
    """SQLite's default VFS: a connection begins with its database, and that with its VFS."""
    connection = sqlite3.connect(":memory:")
    try:
        database = _Pointer.from_address(id(connection) + object.__basicsize__).value
        assert database
        table = _Pointer.from_address(database).value
        assert table
        vfs = _Vfs.from_address(table)
        assert vfs.version in (1, 2, 3), "this is no table of functions"
        assert vfs.name.startswith(b"unix"), f"the VFS is {vfs.name!r}"
        return vfs
    finally:
        connection.close()


Fails = Callable[[str, int, int], int]
"""What a write of so many bytes at an offset of a path comes to: 0, or an error code of SQLite."""


def _never(path: str, offset: int, size: int) -> int:
    return 0


class _Watched:
    """Functions of ours in SQLite's table, and what they saw."""

    def __init__(self, saw: Callable[..., None], fails: Fails) -> None:
        self._saw = saw
        self._fails = fails
        self._paths: dict[int, str] = {}  # by the address of the open file
        self._tables: dict[int, _Methods] = {}
        self._kept: list[Any] = []  # what C calls must not be collected
        self._vfs = _vfs()
        self._before = (self._vfs.open, self._vfs.delete)
        open_, delete = _OPEN(self._before[0]), _DELETE(self._before[1])

        def opened(vfs: int, name: int, file: int, flags: int, out: Any) -> int:
            result: int = open_(vfs, name, file, flags, out)
            methods = _Pointer.from_address(file)
            if result == 0 and name and methods.value:
                self._paths[file] = os.fsdecode(ctypes.string_at(name))
                saw("open", self._paths[file])
                methods.value = ctypes.addressof(self._methods(methods.value))
            return result

        def deleted(vfs: int, name: bytes, sync: int) -> int:
            result: int = delete(vfs, name, sync)
            if result == 0:
                saw("delete", os.fsdecode(name), bool(sync))
            return result

        self._vfs.open = self._address(_OPEN(opened))
        self._vfs.delete = self._address(_DELETE(deleted))

    def end(self) -> None:
        """Put back what was there. Files that are open stay watched."""
        self._vfs.open, self._vfs.delete = self._before

    def _address(self, function: Any) -> int:
        self._kept.append(function)
        address = ctypes.cast(function, _Pointer).value
        assert address
        return address

    def _methods(self, address: int) -> _Methods:
        """The table of a file's functions with ours in it."""
        if address not in self._tables:
            version = ctypes.c_int.from_address(address).value
            size = _Methods.close.offset + _MEMBERS[version] * ctypes.sizeof(_Pointer)
            made = _Methods()
            ctypes.memmove(ctypes.byref(made), address, size)
            self._watch(made)
            self._tables[address] = made
        return self._tables[address]

    def _watch(self, methods: _Methods) -> None:
        saw, paths, fails = self._saw, self._paths, self._fails
        write, truncate = _WRITE(methods.write), _TRUNCATE(methods.truncate)
        sync = _SYNC(methods.sync)

        def written(file: int, data: int, size: int, offset: int) -> int:
            if error := fails(paths[file], offset, size):
                return error
            result: int = write(file, data, size, offset)
            if result == 0:
                saw("write", paths[file], offset, ctypes.string_at(data, size))
            return result

        def truncated(file: int, size: int) -> int:
            result: int = truncate(file, size)
            if result == 0:
                saw("truncate", paths[file], size)
            return result

        def synced(file: int, flags: int) -> int:
            result: int = sync(file, flags)
            if result == 0:
                saw("sync", paths[file])
            return result

        methods.write = self._address(_WRITE(written))
        methods.truncate = self._address(_TRUNCATE(truncated))
        methods.sync = self._address(_SYNC(synced))


class _WatchedOs:
    """The module `os` for one module of ours that writes a file itself."""

    def __init__(self, saw: Callable[..., None]) -> None:
        self._saw = saw
        self._paths: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Path, *arguments: Any) -> int:
        opened = os.open(path, *arguments)
        self._paths[opened] = str(path)
        self._saw("open", str(path))
        return opened

    def pwrite(self, file: int, data: bytes, offset: int) -> int:
        written = os.pwrite(file, data, offset)
        self._saw("write", self._paths[file], offset, data[:written])
        return written

    def ftruncate(self, file: int, size: int) -> None:
        os.ftruncate(file, size)
        self._saw("truncate", self._paths[file], size)

    def fsync(self, file: int) -> None:
        os.fsync(file)
        self._saw("sync", self._paths[file])


@contextmanager
def watched(saw: Callable[..., None], *modules: Any, fails: Fails = _never) -> Iterator[None]:
    """While it lasts, tell of all that SQLite and some modules do to files opened in it.

    `fails` has writes of SQLite fail.
    """
    watching = _Watched(saw, fails)
    for module in modules:
        module.os = _WatchedOs(saw)
    try:
        yield
    finally:
        watching.end()
        for module in modules:
            module.os = os


@dataclass(eq=False)
class _File:
    """A file: what is on the disk for sure, and what was done since."""

    durable: bytearray = field(default_factory=bytearray)
    since: list[Event] = field(default_factory=list)

    def sync(self) -> None:
        for event in self.since:
            _do(self.durable, event)
        self.since.clear()


class _Folder:
    """The names of files: which are on the disk for sure, and what was done to them since."""

    def __init__(self) -> None:
        self.now: dict[str, _File] = {}
        self.durable: dict[str, _File] = {}
        self.since: list[tuple[str, _File | None]] = []

    def take(self, event: Event) -> None:
        """Let something happen."""
        kind, path = event[:2]
        if kind == "open":
            if path not in self.now:
                self.now[path] = _File()
                self.since.append((path, self.now[path]))
        elif kind == "delete":
            del self.now[path]
            self.since.append((path, None))
            if event[2]:
                self.sync()
        elif kind == "sync":
            # A journal is synced with the folder when it is new; of others their own name is.
            if path.endswith(("-wal", "-journal")):
                self.sync()
            else:
                self.durable[path] = self.now[path]
                self.since = [each for each in self.since if each[0] != path]
            self.now[path].sync()
        elif kind in ("write", "truncate"):
            self.now[path].since.append(event)

    def sync(self) -> None:
        """Have the names on the disk."""
        for path, file in self.since:
            _name(self.durable, path, file)
        self.since.clear()


def _name(names: dict[str, _File], path: str, file: _File | None) -> None:
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file


def _do(content: bytearray, event: Event) -> None:
    if event[0] == "truncate":
        del content[event[2] :]
        return
    _, _, offset, data = event
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


def written(events: list[Event]) -> dict[str, bytes]:
    """What the files hold after all of it, when nothing goes wrong."""
    folder = _Folder()
    for event in events:
        folder.take(event)
    for file in folder.now.values():
        file.sync()
    return {path: bytes(file.durable) for path, file in folder.now.items()}


def after_power_cut(events: list[Event], chance: random.Random) -> dict[str, bytes]:
    """What the disk may hold when the power fails after these events."""
    folder = _Folder()
    for event in events:
        folder.take(event)
    happens = _mood(chance)
    for path, file in folder.since:
        if happens():
            _name(folder.durable, path, file)
    return {path: _left(file, chance, happens) for path, file in folder.durable.items()}


def _mood(chance: random.Random) -> Callable[[], bool]:
    """Nothing that was not synced is there, or all of it, or some."""
    likely = chance.choice((0.0, 0.0, 1.0, 0.5, 0.9))
    return lambda: chance.random() < likely


def _left(file: _File, chance: random.Random, happens: Callable[[], bool]) -> bytes:
    content = bytearray(file.durable)
    for event in file.since:
        is_torn = event[0] == "write" and chance.random() < 0.3
        for part in _sectors(event) if is_torn else [event]:
            if happens():
                _do(content, part)
    if len(content) > len(file.durable) and not happens():  # its new length was not noted
        del content[chance.randint(len(file.durable), len(content)) :]
    return bytes(content)


def _sectors(event: Event) -> Iterator[Event]:
    kind, path, offset, data = event
    start = 0
    while start < len(data):
        end = min(len(data), ((offset + start) // SECTOR + 1) * SECTOR - offset)
        yield kind, path, offset + start, data[start:end]
        start = end

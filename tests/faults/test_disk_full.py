"""The disk is full: who records is told so, who asks is answered; when there is room, it goes on.

A disk of some 3 MB holds log, vault and views: a real one (tmpfs) where the test may mount it, and
one that SQLite is told of.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.faults.load import address, client, load_of, serving, verify
from tests.serving import Env
from tests.test_two_services import PATIENCE, founding

SMALL, LARGE = 3_000_000, 300_000_000
FULL = "urn:curule:problem:full"

Disk = tuple[Env, str, Callable[[], None]]
"""What a process needs to know of the disk, the program that uses it, and how to enlarge it."""


@contextmanager
def mounted(folder: Path) -> Iterator[Disk]:
    """A file system of its own."""
    small, large = f"size={SMALL}", f"remount,size={LARGE}"
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", small, "tmpfs", folder], check=False)
    if mount.returncode:
        pytest.skip("it may not be mounted here")

    def enlarge() -> None:
        subprocess.run(["mount", "-o", large, str(folder)], check=True)

    try:
        yield {}, "service", enlarge
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def told(folder: Path) -> Iterator[Disk]:
    """SQLite is told that it is full."""
    room = folder.parent / "room"
    room.write_text(str(SMALL))

    def enlarge() -> None:
        room.write_text(str(LARGE))

    yield {"ROOM": str(room)}, "tests.faults.small_disk", enlarge


def may_mount() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0


@pytest.mark.parametrize(
    "disk",
    [
        told,
        pytest.param(
            mounted, marks=pytest.mark.skipif(not may_mount(), reason="it takes root on Linux")
        ),
    ],
)
def test_a_full_disk(disk: Callable[[Path], AbstractContextManager[Disk]], tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    stores = {
        "CURULE_LEDGER": f"sqlite:///{folder / 'curule.db'}",
        "CURULE_VAULT": f"sqlite:///{folder / 'curule-vault.db'}",
    }
    with disk(folder) as (told_of, program, enlarge):
        load = load_of(stores, folder)
        with serving(stores | told_of, folder, program=program) as process, load.running():
            load.url = address(process)
            while load.answers[FULL] < 20:
                assert process.poll() is None
                time.sleep(0.01)
            before = len(load.acknowledged)
            with client(load.key, load.url) as asked:
                refused = asked.post("/v1/decisions", json=founding("too-late"))
                assert (refused.status_code, refused.json()["type"]) == (503, FULL)
                assert int(refused.headers["Retry-After"]) > 0
                for path in ("/v1/bodies?classification=party", "/v1/entries", "/log/checkpoint"):
                    answer = asked.get(path)
                    assert answer.status_code == 200, answer.text
            assert len(load.acknowledged) <= before + PATIENCE
            enlarge()
            load.reach(50)
            load.settle()
            load.check(load.url)
        verify(stores, folder)
    assert load.answers.keys() <= {"200", "201", FULL, "asked: 200", "asked: 503", "ConnectError"}

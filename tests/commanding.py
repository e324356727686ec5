"""The command line: as people use it, in processes and terminals, and in this process.

`command` says what `curule` says, a second sooner: a process must import everything first.
"""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from service.cli import main

ROOT = Path(__file__).parent.parent
CURULE = [sys.executable, "-W", "error", "-m", "service"]
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said."""

    returncode: int
    stdout: str
    stderr: str


def command(folder: Path, *arguments: str, given: str = "", **settings: str) -> Done:
    """Run a command in a folder, in this process."""
    stdin, stdout, stderr = (_stream(each) for each in (given, "", ""))
    code = 0
    with (
        chdir(folder),
        mock.patch.dict(os.environ, environment(**settings), clear=True),
        mock.patch.object(sys, "argv", ["curule", *arguments]),
        mock.patch.object(sys, "stdin", stdin),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
    return Done(code, _written(stdout), _written(stderr))


def _stream(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def environment(**settings: str) -> dict[str, str]:
    """Nothing of whoever runs the tests leads to another ledger, or to another width."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CURULE_")}
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        kept.pop(name, None)
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "TERM": "xterm-256color", **settings}


def curule(
    directory: Path, *arguments: str, given: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory, in a process of its own; it never ends in a traceback."""
    done = subprocess.run(
        [*CURULE, *arguments],
        cwd=directory,
        env=environment(**settings),
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@contextmanager
def running(directory: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on until it is told to stop."""
    process = subprocess.Popen(
        [*CURULE, *arguments],
        cwd=directory,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} did not come: {lines}")


def in_terminal(directory: Path, *arguments: str, width: int = 80) -> str:
    """What a terminal is sent by a command."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*CURULE, *arguments],
        cwd=directory,
        env=environment(COLUMNS=str(width)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    sent = b""
    try:
        while select.select([ours], [], [], PATIENCE)[0]:
            try:
                some = os.read(ours, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not some:
                break
            sent += some
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return sent.decode()

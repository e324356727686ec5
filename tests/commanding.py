"""The command line in this process: what a process of its own would say, without its start."""

from __future__ import annotations

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from service.cli import main
from tests.test_cli import environment


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said."""

    returncode: int
    stdout: str
    stderr: str


def command(folder: Path, *arguments: str, **settings: str) -> Done:
    """Run a command in a folder."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        chdir(folder),
        mock.patch.dict(os.environ, environment(**settings), clear=True),
        mock.patch.object(sys, "argv", ["curule", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
    return Done(code, out.getvalue(), err.getvalue())

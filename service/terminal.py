"""The terminal: where answers, errors and progress go. Nothing in them is markup."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.tree import printable

MANY = 5
"""Decisions from which on a progress bar is shown."""


def output() -> Console:
    """Where answers go. Nothing in them is markup."""
    return Console(markup=False, emoji=False, highlight=False)


def errors() -> Console:
    """Where errors and progress go."""
    return Console(stderr=True, markup=False, emoji=False, highlight=False)


def say(console: Console, line: str = "") -> None:
    """Print one line, whatever is in it."""
    console.print(printable(line), soft_wrap=True)


def progress(total: int, *, quiet: bool = False) -> Progress:
    """A progress bar, where there is somebody to see it and something to wait for."""
    console = errors()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=quiet or total < MANY or not console.is_terminal,
    )

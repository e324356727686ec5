"""The terminal: where answers, errors and progress go. Nothing in them is markup."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from service.terminal.tree import printable

if TYPE_CHECKING:
    from projections.building import Tell

MANY = 5
"""Decisions from which on a progress bar is shown."""


def by_example(*lines: str) -> str:
    """The end of a command's help."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def output() -> Console:
    """Where answers go. Nothing in them is markup."""
    return Console(markup=False, emoji=False, highlight=False)


def errors() -> Console:
    """Where errors and progress go."""
    return Console(stderr=True, markup=False, emoji=False, highlight=False)


def say(console: Console, line: str = "") -> None:
    """Print one line, whatever is in it."""
    console.print(printable(line), soft_wrap=True)


def write(content: bytes) -> None:
    """Print an answer of the service as it is, in one line."""
    sys.stdout.buffer.write(content + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def building() -> Iterator[Tell]:
    """A progress bar for each stage of building the views."""
    with progress(MANY) as bar:
        stages: dict[str, TaskID] = {}

        def tell(stage: str, done: int, of: int) -> None:
            if stage not in stages:
                stages[stage] = bar.add_task(stage, total=of)
            bar.update(stages[stage], completed=done, total=of)

        yield tell


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


def uncut(*columns: str, pad_edge: bool = True) -> Table:
    """A table in which nothing is cut, however narrow: ids and questions are needed whole."""
    table = Table(box=SIMPLE_HEAD, pad_edge=pad_edge)
    for each in columns:
        table.add_column(each, overflow="fold")
    return table

"""Options that several commands take, and what they mean."""

import sys
from collections.abc import Iterable
from json import dumps
from typing import Annotated, Any

import typer

from service.client import Unanswered
from service.terminal.terminal import errors

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="CURULE_URL",
        help="A running service; else the ledger of the settings is opened here.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")]
Json = Annotated[bool, typer.Option("--json", help="Print the answers of the API as they are.")]


def agreed(asked: str) -> bool:
    """Whether somebody says, when asked, that what cannot be undone is meant.

    Raises:
        Unanswered: nobody is there to be asked, so it takes --yes.
    """
    if not sys.stdin.isatty():
        raise Unanswered("give --yes: nobody is there to be asked", 2)
    try:
        answer = errors().input(f"{asked} [y/N] ", markup=False, emoji=False)
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def print_each(items: Iterable[Any]) -> None:
    """Print what the API answered as it is, an item a line."""
    for each in items:
        sys.stdout.write(dumps(each, ensure_ascii=False) + "\n")

"""The command line. Whatever asks or records does so over HTTP, so there is one door.

Exit codes: 0 done; 1 refused by the rules, or not found; 2 wrong usage, or malformed; 3 the service
is not reachable, or cannot for now.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from service.client import Unanswered
from service.commands import (
    access,
    asking,
    auditing,
    erasing,
    following,
    keys,
    operating,
    recording,
    replaying,
    serving,
    witness,
)
from service.release import release
from service.terminal.terminal import by_example, errors, output, say

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=by_example(
        "curule demo                                    see it work",
        "curule serve                                   serve the ledger of this folder",
        "curule record decisions.jsonl                  record decisions",
        "curule structure --effective-at 2025-01-30     what the structure was that day",
        "curule changes --from-effective-at 2025-01-01  what has changed since",
    ),
)


def main() -> None:
    """Run the command line; expected errors end in one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="curule")
    except Unanswered as error:
        for line in f"curule: {error}".splitlines():
            say(errors(), line)
        sys.exit(error.code)
    except ValueError as error:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError) or error.title != "Settings":
            raise
        for wrong in error.errors():
            say(errors(), f"curule: CURULE_{str(wrong['loc'][0]).upper()}: {wrong['msg']}")
        sys.exit(2)


def _print_version(asked: bool) -> None:
    if asked:
        say(output(), f"curule {release()}")
        raise typer.Exit


@app.callback()
def _curule(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version, and stop.",
        ),
    ] = False,
) -> None:
    """Curule: a governance ledger.

    Who decided what, on whose authority, and what the structure was on any day.

    The ledger is found by CURULE_LEDGER, CURULE_VAULT and CURULE_VIEWS; without them it is in the
    working directory. Exit codes: 0 done, 1 refused by the rules or not found, 2 wrong usage or
    malformed, 3 the service is not reachable or unable for now.
    """


_GROUPS = (
    recording,
    asking,
    following,
    replaying,
    auditing,
    erasing,
    operating,
    serving,
)
for group in _GROUPS:
    app.add_typer(group.app)
app.add_typer(access.app, name="access-log")
app.add_typer(keys.app, name="keys")
app.add_typer(replaying.views, name="views")
app.add_typer(witness.app, name="witness")

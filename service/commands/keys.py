"""The commands `curule keys`: the master key of the vault, the key of the log."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service import client
from service.commands.options import Url
from service.terminal import building, by_example, errors, output, say

if TYPE_CHECKING:
    import httpx


app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The keys of the ledger.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(
    epilog=by_example(
        "curule keys rotate",
        "CURULE_MASTER_KEY=… curule keys rotate --to master.key",
    )
)
def rotate(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Where the new key is made, if the old one is CURULE_MASTER_KEY.",
        ),
    ] = None,
) -> None:
    """Give the vault a new master key.

    No service may use the vault meanwhile: one that does can record no more, and is to be started
    again. Interrupted, it goes on where it was when it is run again; until then the vault stays
    locked. The old key is kept in a file beside the new one: backups made before still need it.
    """
    from service.rotation import rotate as rotated
    from service.settings import Settings

    settings = Settings()
    with client.vault(settings), building() as tell:
        new, old = rotated(settings, to, lambda done, of: tell("wrapping keys anew", done, of))
    say(output(), f"The master key is in {new}.")
    if old is None:
        say(output(), f"Start the services with CURULE_MASTER_KEY_FILE={new} instead of the old.")
    else:
        say(
            output(), f"The old one is kept in {old}: delete it with the last backup that needs it."
        )


@app.command(
    "log",
    epilog=by_example(
        "curule keys log > log.vkey                     what auditors and witnesses are given",
        "curule keys log --url http://127.0.0.1:8000",
    ),
)
def keys_log(url: Url = None) -> None:
    """Print the verifier key of the log, with which its checkpoints and receipts are verified.

    Nothing else is printed. Whoever is to trust the log is given this key once, by another way than
    the log itself, and keeps it.
    """
    response = asyncio.run(_get(url, "/log/key"))
    code, lines = (0, ()) if response.is_success else client.told(response, "curule")
    for line in lines:
        say(errors(), line)
    if not code:
        sys.stdout.write(response.text)
    raise typer.Exit(code)


async def _get(url: str | None, path: str) -> httpx.Response:
    async with client.door(url, existing=True) as service:
        return await service.get(path)

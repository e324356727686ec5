"""The command `curule access-log`."""

from __future__ import annotations

import asyncio
import sys
from json import dumps
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from service import client
from service.commands.options import Json, Url
from service.terminal.terminal import by_example, output
from service.terminal.tree import printable

app = typer.Typer()


@app.command(
    "access-log",
    epilog=by_example(
        "curule access-log",
        "curule access-log --key kfoo2barbaz3qux4a --json > reads.jsonl",
    ),
)
def access_log(
    key: Annotated[
        str | None, typer.Option("--key", metavar="ID", help="Only what was read with this key.")
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show who has read personal data: when, with which key, and what was asked.

    Each question names the position, so that it can be asked again exactly.
    """
    asked = {"limit": 500, **({"key": key} if key else {})}
    reads = asyncio.run(client.listed(url, "/v1/access-log", "reads", **asked))
    if json:
        for each in reads:
            sys.stdout.write(dumps(each, ensure_ascii=False) + "\n")
        return
    table = Table("When", "Key", "Texts", "Question", box=SIMPLE_HEAD)
    for each in reads:
        told = (
            each["at"][:19].replace("T", " "),
            each["key"],
            str(each["texts"]),
            each["question"],
        )
        table.add_row(*(Text(printable(cell)) for cell in told))
    output().print(table if reads else "Nobody has read personal data with a key.")

"""Options that several commands take."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="CURULE_URL",
        help="A running service; else the ledger of the settings is opened here.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answers of the API as they are.")]

"""The command `curule erase`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from service import client
from service.client import Unanswered
from service.commands.options import Json, Url, Yes, agreed
from service.terminal.terminal import by_example, errors, output, say, write
from service.terminal.tree import printable

if TYPE_CHECKING:
    import httpx


app = typer.Typer()


@app.command(
    epilog=by_example(
        "curule erase 0194b5f2-7c00-7a3e-9d41-5b8f0c6e2a17 --ground gdpr-17-1-b",
        "curule erase p-7 --ground consent_withdrawn --also 42 --also 57",
        "curule erase p-7 --ground court_order --yes --url http://127.0.0.1:8000",
    )
)
def erase(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.")],
    ground: Annotated[
        str,
        typer.Option("--ground", metavar="CODE", help="On which ground, as gdpr-17-1-b."),
    ],
    also: Annotated[
        list[int] | None,
        typer.Option(
            "--also",
            metavar="N",
            min=1,
            help="With the texts of the entry at this position, which names the person elsewhere.",
        ),
    ] = None,
    yes: Yes = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Destroy the personal data of a person, for good.

    Names, and every text about the person under any of their ids, leave the vault, the answers and
    the search; an entry records the ground and the digests. The log stays as it is, and so do its
    proofs. Backups of the vault still hold the texts: one that is restored loses them when it is
    opened.
    """
    asked = f"Destroy all personal data of {printable(person)}? Nothing brings it back."
    if not (yes or agreed(asked)):
        raise Unanswered("nothing was erased", 1)
    response = asyncio.run(_erase(url, person, {"ground": ground, "also": also or []}))
    code, lines = client.told(response, person)
    if json:
        write(response.content)
    for line in lines if code or not json else ():
        say(errors() if code else output(), line)
    raise typer.Exit(code)


async def _erase(url: str | None, person: str, asked: dict[str, Any]) -> httpx.Response:
    async with client.door(url, existing=True) as service:
        path = f"/v1/people/{quote(person, safe='')}/erasure"
        with errors().status("erasing"):
            return await service.post(path, json=asked)

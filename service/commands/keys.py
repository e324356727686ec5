"""The commands `curule keys`: whose keys open the door, and the keys of vault and log."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from domain.access import Role
from service import client
from service.commands.options import Json, Url, print_each
from service.sentences import legible
from service.terminal.terminal import building, by_example, errors, output, say, uncut
from service.terminal.tree import printable

if TYPE_CHECKING:
    import httpx


app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Who may do what; and the keys of vault and log.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(
    epilog=by_example(
        "curule keys create office --role recorder > office.key",
        "curule keys create audit-2027 --role auditor --expires 90d",
        "curule keys create berlin --role recorder --within cell-berlin --expires 2027-01-31",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is, or what for.")],
    role: Annotated[
        Role,
        typer.Option(
            "--role",
            help="reader: asks. recorder: asks and records. auditor: asks, and sees who has read"
            " what. privacy: asks and erases. admin: makes keys, and nothing else.",
        ),
    ],
    within: Annotated[
        str | None,
        typer.Option(
            "--within", metavar="BODY", help="It records about this body and what is below."
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires", metavar="DAY", help="The day on which it stops working, or in days: 90d."
        ),
    ] = None,
    url: Url = None,
) -> None:
    """Make a key, and print it this once, alone on standard output.

    Show it to a service as `Authorization: Bearer KEY`, or set CURULE_KEY for these commands. The
    log keeps the grant, and a hash of the key alone.
    """
    asked = {"name": name, "role": role, "within": within, "expires": expires}
    answer = _answered(asyncio.run(_post(url, "/v1/keys", asked, existing=False)), name)
    until = f", until {answer['expires']}" if answer["expires"] else ""
    about = f" about {answer['within']} and below" if answer["within"] else ""
    say(errors(), f"{answer['role']} key {answer['id']}{about}{until}. It is not shown again:")
    sys.stdout.write(f"{answer['key']}\n")


@app.command(
    "list",
    epilog=by_example("curule keys list", "curule keys list --json"),
)
def list_(url: Url = None, json: Json = False) -> None:
    """Show the keys that were given, to whom and what for."""
    listed = asyncio.run(client.listed(url, "/v1/keys", "keys"))
    if json:
        print_each(listed)
        return
    table = uncut("Key", "Name", "Role", "Ends", "Last used", pad_edge=False)
    for each in listed:
        ends = f"revoked {each['revoked_at'][:10]}" if each["revoked_at"] else each["expires"]
        told = (
            each["id"],
            legible(each["name"]),
            f"{each['role']} in {each['within']}" if each["within"] else each["role"],
            ends or "",
            (each["last_used"] or "never")[:10],
        )
        table.add_row(*(Text(printable(cell)) for cell in told))
    output().print(table if listed else "There are no keys yet.")


@app.command(epilog=by_example("curule keys revoke kfoo2barbaz3qux4a"))
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `curule keys list` has it.")],
    url: Url = None,
) -> None:
    """Have a key work no longer, for good."""
    answer = _answered(asyncio.run(_post(url, f"/v1/keys/{quote(key, safe='')}/revocation")), key)
    say(output(), f"revoked {key} at position {answer['position']}")


def _answered(response: httpx.Response, asked: str) -> dict[str, Any]:
    """What was done; else what is wrong is told, and the command ends."""
    if response.is_success:
        return client.answered(response)
    code, lines = client.told(response, asked)
    for line in lines:
        say(errors(), line)
    raise typer.Exit(code)


async def _post(
    url: str | None, path: str, asked: Any = None, *, existing: bool = True
) -> httpx.Response:
    async with client.door(url, existing=existing) as service:
        return await service.post(path, json=asked)


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
    from service.settings import Settings
    from service.vault.rotation import rotate as rotated

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

"""The commands that ask: `curule structure`, `curule changes`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service import client
from service.commands.options import Json, Url
from service.terminal.terminal import building, by_example, errors, output, say, write
from service.terminal.tree import chronicle, drawn

if TYPE_CHECKING:
    import httpx
    from rich.console import RenderableType


app = typer.Typer()


@app.command(
    epilog=by_example(
        "curule structure",
        "curule structure --effective-at 2025-01-30 --root coordination-committee",
        "curule structure --effective-at 2025-01-30 --position 42    as known then",
        "curule structure --url http://127.0.0.1:8000 --json",
    )
)
def structure(
    effective_at: Annotated[
        str | None,
        typer.Option("--effective-at", metavar="DAY", help="As of this day; default: today, UTC."),
    ] = None,
    recorded_at: Annotated[
        str | None,
        typer.Option(
            "--recorded-at", metavar="INSTANT", help="As known then, as 2026-01-31T12:00:00Z."
        ),
    ] = None,
    position: Annotated[
        int | None,
        typer.Option("--position", metavar="N", help="As known at this position of the log."),
    ] = None,
    root: Annotated[
        str | None, typer.Option("--root", metavar="ID", help="This body and what is within it.")
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", metavar="N", help="So many levels below; 0 is the root alone."),
    ] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Show the ids of what has a name.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show the structure on a day: bodies, posts, and who holds them."""
    asked = {
        "effective_at": effective_at,
        "recorded_at": recorded_at,
        "position": position,
        "root": root,
        "depth": depth,
    }
    _show(url, "/v1/structure", asked, json, lambda answer: drawn(answer, ids=ids))


@app.command(
    epilog=by_example(
        "curule changes --from-effective-at 2025-01-20 --to-effective-at 2025-01-30",
        "curule changes --from-position 42              what the ledger has learnt since",
        "curule changes --from-position 42 --json",
    )
)
def changes(
    from_effective_at: Annotated[
        str | None,
        typer.Option("--from-effective-at", metavar="DAY", help="From this day; default: today."),
    ] = None,
    to_effective_at: Annotated[
        str | None,
        typer.Option("--to-effective-at", metavar="DAY", help="To this day; default: today, UTC."),
    ] = None,
    from_recorded_at: Annotated[
        str | None,
        typer.Option("--from-recorded-at", metavar="INSTANT", help="From what was known then."),
    ] = None,
    to_recorded_at: Annotated[
        str | None,
        typer.Option("--to-recorded-at", metavar="INSTANT", help="To what was known then."),
    ] = None,
    from_position: Annotated[
        int | None,
        typer.Option("--from-position", metavar="N", help="From what was known at this position."),
    ] = None,
    to_position: Annotated[
        int | None,
        typer.Option("--to-position", metavar="N", help="To what was known at this position."),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Show also what else may hold, and other entries.")
    ] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show what changed between two days, between two states of knowledge, or both.

    What is left out is today, and the newest position. The first may not be after the second.
    """
    asked = {
        "from_effective_at": from_effective_at,
        "to_effective_at": to_effective_at,
        "from_recorded_at": from_recorded_at,
        "to_recorded_at": to_recorded_at,
        "from_position": from_position,
        "to_position": to_position,
    }
    _show(url, "/v1/changes", asked, json, lambda answer: chronicle(answer, details=details))


def _show(
    url: str | None,
    path: str,
    asked: Mapping[str, str | int | None],
    json: bool,
    drawing: Callable[[dict[str, Any]], RenderableType],
) -> None:
    """Ask a question, print its answer, and exit."""
    params = {name: value for name, value in asked.items() if value is not None}
    response = asyncio.run(_ask(url, path, params))
    code, lines = client.told(response, "curule")
    if code:
        for line in lines:
            say(errors(), line)
    elif json:
        write(response.content)
    else:
        output().print(drawing(client.answered(response)))
    raise typer.Exit(code)


async def _ask(url: str | None, path: str, params: Mapping[str, str | int]) -> httpx.Response:
    async with client.door(url, existing=True, building=building) as service:
        with errors().status("asking"):
            return await service.get(path, params=params)

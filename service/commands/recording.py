"""The command `curule record`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service import client
from service.commands.options import Json, Url
from service.terminal import building, by_example, output, progress, say, write

if TYPE_CHECKING:
    pass


app = typer.Typer()


@app.command(
    epilog=by_example(
        "curule record decision.json",
        "curule record --dry-run decision.json          would it be accepted?",
        "curule record --url http://127.0.0.1:8000 history.jsonl",
        "generate | curule record --json - > receipts.jsonl",
    )
)
def record(
    file: Annotated[
        str,
        typer.Argument(
            help="One decision, a JSON array of decisions, or JSON Lines; - is standard input.",
        ),
    ],
    url: Url = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only say whether each would be accepted by the ledger as it is."
        ),
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on after a decision that is refused.")
    ] = False,
    json: Json = False,
) -> None:
    """Record decisions, in their order.

    Each is recorded whole or not at all; the first that is refused ends it. One with an id is
    recorded once, however often it is sent, so that a file can simply be sent again. With --json,
    the answer to each decision is one line.
    """
    decisions = list(client.decisions(client.text(file), "standard input" if file == "-" else file))
    raise typer.Exit(asyncio.run(_record(decisions, url, dry_run, keep_going, json)))


async def _record(
    decisions: list[tuple[str, Any]], url: str | None, dry_run: bool, keep_going: bool, json: bool
) -> int:
    worst = 0
    with progress(len(decisions), quiet=json and sys.stdout.isatty()) as bar:
        # A terminal has one cursor: what draws the bar prints the lines above it.
        out = bar.console if sys.stdout.isatty() and not bar.disable else output()
        async with client.door(url, building=building if dry_run else None) as service:
            for place, decision in bar.track(decisions, description="recording"):
                response = await client.post(service, decision, dry_run=dry_run)
                code, lines = client.told(response, _called(place, decision))
                if json:
                    write(response)
                for line in lines if code or not json else ():
                    say(bar.console if code else out, line)
                worst = max(worst, code)
                if code and not keep_going:
                    break
    return worst


def _called(place: str, decision: Any) -> str:
    name = decision.get("id") if isinstance(decision, dict) else None
    return f"{place} ({name})" if name else place

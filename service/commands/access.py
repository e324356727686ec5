"""The commands `curule access-log`: who has read personal data, and for how long that is kept."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, date, datetime, time
from typing import Annotated

import typer
from rich.text import Text

from domain import dates
from service import client
from service.client import Unanswered
from service.commands.options import Json, Url, Yes, agreed, print_each
from service.terminal.terminal import by_example, output, say, uncut
from service.terminal.tree import printable

app = typer.Typer(rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback(
    invoke_without_command=True,
    epilog=by_example(
        "curule access-log",
        "curule access-log --key kfoo2barbaz3qux4a --json > reads.jsonl",
        "curule access-log forget --before 2026-01-01",
    ),
)
def show(
    context: typer.Context,
    key: Annotated[
        str | None, typer.Option("--key", metavar="ID", help="Only what was read with this key.")
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show who has read personal data: when, with which key, and what was asked.

    Each question names the position, so that it can be asked again exactly.
    """
    if context.invoked_subcommand is not None:
        return
    asked = {"limit": 500, **({"key": key} if key else {})}
    reads = asyncio.run(client.listed(url, "/v1/access-log", "reads", **asked))
    if json:
        print_each(reads)
        return
    table = uncut("When", "Key", "Texts", "Question")
    for each in reads:
        told = (
            each["at"][:19].replace("T", " "),
            each["key"],
            str(each["texts"]),
            each["question"],
        )
        table.add_row(*(Text(printable(cell)) for cell in told))
    nobody = f"Nothing was read with {key}." if key else "Nobody has read personal data with a key."
    output().print(table if reads else nobody)


@app.command(
    epilog=by_example(
        "curule access-log forget --before 2026-01-01",
        "curule access-log forget --before 2026-01-01 --yes",
    )
)
def forget(
    before: Annotated[
        str,
        typer.Option("--before", metavar="DAY", help="What was read before this day (UTC)."),
    ],
    yes: Yes = False,
) -> None:
    """Delete for good what the access log says of the time before a day.

    It takes the access log itself, as the settings name it: no key can do it. It may be served
    meanwhile. Numbers go on, so that they tell how much is gone; backups keep what they hold.
    """
    from service.access.reads import Reads, reads_url
    from service.settings import Settings

    day = _past(before)
    settings = Settings()
    client.expect(settings)
    if not (yes or agreed(f"Delete what was read before {day}? Nothing brings it back.")):
        raise Unanswered("nothing was deleted", 1)
    midnight = datetime.combine(day, time(), UTC)
    with client.opening(), closing(Reads(reads_url(settings))) as reads:
        deleted = reads.forget(int(midnight.timestamp()) * 1_000_000)
    number = "1 read" if deleted == 1 else f"{deleted:,} reads"
    say(output(), f"{number} before {day} deleted")


def _past(text: str) -> date:
    try:
        day = date.fromordinal(dates.day(text))
    except ValueError:
        raise Unanswered(f"--before is a day, as 2026-01-01, not {text!r}", 2) from None
    if day > datetime.now(UTC).date():
        raise Unanswered(f"--before {day} is still to come: that would be everything", 2)
    return day

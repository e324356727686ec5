"""The command `curule record`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from service import client
from service.commands.options import Json, Url
from service.terminal.terminal import building, by_example, output, progress, say, write

if TYPE_CHECKING:
    import httpx

app = typer.Typer()

AT_ONCE: Final = 100
"""Decisions in a request: the client that is used here reads no answer before all are sent."""

Asked = tuple[str, Any]
"""A decision after its place in its file."""
Answered = tuple[int, dict[str, Any]]
"""The status and the content of an answer."""


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
    as_json: Json = False,
) -> None:
    """Record decisions, in their order.

    Each is recorded whole or not at all; the first that is refused ends it. One with an id is
    recorded once, however often it is sent, so that a file can simply be sent again. With --json,
    the answer to each decision is one line.
    """
    decisions = list(client.decisions(client.text(file), "standard input" if file == "-" else file))
    raise typer.Exit(asyncio.run(_record(decisions, url, dry_run, keep_going, as_json)))


async def _record(
    decisions: Sequence[Asked], url: str | None, dry_run: bool, keep_going: bool, as_json: bool
) -> int:
    worst = 0
    with progress(len(decisions), quiet=as_json and sys.stdout.isatty()) as bar:
        # A terminal has one cursor: what draws the bar prints the lines above it.
        out = bar.console if sys.stdout.isatty() and not bar.disable else output()
        recording = bar.add_task("recording", total=len(decisions))
        async with client.door(url, building=building if dry_run else None) as service:
            answering = _rehearsed if dry_run else _recorded
            async for asked, (status, answer) in answering(service, decisions, stop=not keep_going):
                told = client.told_of(status, answer, _called(*asked))
                if told is None:
                    raise client.Unanswered(
                        f"Curule does not answer so: {answer!r:.200} ({status})"
                    )
                code, lines = told
                if as_json:
                    write(json.dumps(answer, ensure_ascii=False).encode())
                for line in lines if code or not as_json else ():
                    say(bar.console if code else out, line)
                bar.advance(recording)
                worst = max(worst, code)
                if code and not keep_going:
                    break
    return worst


async def _rehearsed(
    service: httpx.AsyncClient, decisions: Sequence[Asked], *, stop: bool
) -> AsyncIterator[tuple[Asked, Answered]]:
    """What would come of each decision, one by one."""
    for asked in decisions:
        response = await client.post(service, asked[1], dry_run=True)
        yield asked, (response.status_code, client.answered(response))


async def _recorded(
    service: httpx.AsyncClient, decisions: Sequence[Asked], *, stop: bool
) -> AsyncIterator[tuple[Asked, Answered]]:
    """What comes of each decision, some at a time."""
    while decisions:
        some = [each for _, each in decisions[:AT_ONCE]]
        answers = await client.post_in_bulk(service, some, stop=stop)
        answered, decisions = decisions[: len(answers)], decisions[len(answers) :]
        for pair in zip(answered, answers, strict=True):
            yield pair


def _called(place: str, decision: Any) -> str:
    name = decision.get("id") if isinstance(decision, dict) else None
    return f"{place} ({name})" if name else place

"""The command that follows the log: `curule follow`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Final

import typer

from service import client
from service.client import Unanswered
from service.commands.options import Url
from service.following.events import events
from service.terminal.terminal import by_example, errors, say

if TYPE_CHECKING:
    import httpx


app = typer.Typer()

RETURN: Final = 1.0
"""Seconds after which a lost stream is asked for again."""
PAGE: Final = 500
"""Entries read at a time from a log opened here."""


@app.command(
    epilog=by_example(
        "curule follow",
        "curule follow --after newest --type election.held --type appointment.made",
        "curule follow --url https://ledger.example --after 1042 | jq .act.type",
    )
)
def follow(
    after: Annotated[
        str,
        typer.Option(
            "--after", metavar="N", help="Begin after this position; or `newest`: with what comes."
        ),
    ] = "0",
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only entries of this type; may be repeated."),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option("--tag", metavar="TAG", help="Only entries with this tag, as body:council."),
    ] = None,
    url: Url = None,
) -> None:
    """Print the entries of the log, and then each as it is recorded, until Ctrl-C.

    One a line, in the bytes that were hashed. A service that is lost is asked again, and nothing
    is printed twice or left out.
    """
    if after != "newest" and not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise Unanswered(f"--after is a position or `newest`, not {after!r}", 2)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            if url is None:
                _follow_here(after, types or [], tag)
            else:
                asyncio.run(_follow(url, after, types or [], tag))
    except BrokenPipeError:  # whoever read has enough; there is nobody to flush to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _follow_here(after: str, types: Sequence[str], tag: str | None) -> None:
    """Follow the log of the settings."""
    from service.settings import Settings

    with closing(client.log(Settings())) as log:
        newest = log.newest()
        position = newest if after == "newest" else int(after)
        while True:
            found = log.entries(tag=tag, types=types, after=position, until=newest, limit=PAGE)
            for one in found:
                _print(one.entry)
            if len(found) == PAGE:
                position = found[-1].position
                continue
            position = max(position, newest)
            log.wait(position, 60)
            newest = log.newest()


async def _follow(url: str, after: str, types: Sequence[str], tag: str | None) -> None:
    """Follow the log of a service, and again from where it was lost."""
    import httpx

    asked: dict[str, str | list[str]] = {"after": after, "type": list(types)}
    if tag is not None:
        asked["tag"] = tag
    headers: dict[str, str] = {}
    is_lost = False
    async with client.door(url) as service:
        while True:
            stream = service.stream("GET", "/v1/entries/stream", params=asked, headers=headers)
            try:
                async with stream as answer:
                    await _expect_stream(answer, is_patient=bool(headers))
                    is_lost = False
                    async for event in events(answer.aiter_bytes()):
                        if event.data:
                            _print(event.data)
                        headers["Last-Event-ID"] = event.id
            except httpx.TransportError as error:
                if not headers:
                    raise
                if not is_lost:
                    say(errors(), f"curule: {url} is lost ({error!r}); trying again")
                is_lost = True
            await asyncio.sleep(RETURN)


async def _expect_stream(answer: httpx.Response, *, is_patient: bool) -> None:
    """Unanswered, if there is no stream; who is patient has it asked for again for a while."""
    import httpx

    if answer.status_code == 200:
        return
    if is_patient and answer.status_code >= 500:
        raise httpx.ReadError(f"it answers {answer.status_code}")
    await answer.aread()
    code, lines = client.told(answer, "curule")
    raise Unanswered("\n".join(lines).removeprefix("curule: "), code)


def _print(entry: bytes) -> None:
    sys.stdout.buffer.write(entry + b"\n")
    sys.stdout.buffer.flush()

"""The demo: a real organisation's history, recorded through the door and shown.

It has a folder of its own, which a marker tells from everybody else's, and no setting of the
environment leads it to another ledger.
"""

from __future__ import annotations

import asyncio
import shlex
import shutil
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from sqlalchemy import URL

from service import client
from service.client import Unanswered
from service.serving import address
from service.settings import Settings
from service.terminal import output, progress, say
from service.tree import drawn

EXAMPLE: Final = Path(__file__).resolve().parent.parent / "examples" / "isg.json"
"""The decisions that are recorded."""
DAYS: Final = ("2025-01-20", "2025-01-30")
"""The days that are shown: between them, the conference changes the structure."""
MARKER: Final = ".curule-demo"
"""The file that makes a folder the demo's own."""


def settle(directory: Path) -> Settings:
    """The settings of a ledger in the demo's own folder, which is made where absent.

    Raises:
        Unanswered: the folder is somebody else's, or cannot be made.
    """
    marker = directory / MARKER
    try:
        if not marker.is_file():
            directory.mkdir(parents=True, exist_ok=True)
            if any(directory.iterdir()):
                why = f"{directory} is not empty and is no demo's: choose another --directory"
                raise Unanswered(why, 2)
            marker.write_text("This folder belongs to `curule demo` and can be deleted.\n")
    except OSError as error:
        raise Unanswered(f"{directory} cannot be the demo's: {error.strerror}", 2) from None
    return Settings(
        ledger=_sqlite(directory / "curule.db"),
        vault=_sqlite(directory / "curule-vault.db"),
        views=directory / "curule-views.db",
        master_key=None,
        master_key_file=None,
    )


def _sqlite(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


async def play(
    server: uvicorn.Server,
    listening: socket.socket,
    decisions: Sequence[tuple[str, Any]],
    settings: Settings,
    *,
    once: bool,
) -> None:
    """Serve, record and show; then serve on, unless `once`. Whoever interrupts ends the server."""
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn has but a flag
            await asyncio.sleep(0.01)
        showing = asyncio.create_task(_show_it_all(listening, decisions, settings, once=once))
        await asyncio.wait((serving, showing), return_when=asyncio.FIRST_COMPLETED)
        if server.should_exit or serving.done():  # interrupted: what is shown no longer matters
            showing.cancel()
            with suppress(asyncio.CancelledError, Unanswered):
                await showing
        else:
            await showing
            if not once:
                await serving
    finally:
        server.should_exit = True
        await serving


async def _show_it_all(
    listening: socket.socket,
    decisions: Sequence[tuple[str, Any]],
    settings: Settings,
    *,
    once: bool,
) -> None:
    at = address(listening)
    say(output(), f"Curule serves at {at}, from {settings.views.parent}")
    async with client.door(at) as service:
        await _record(service, decisions, settings)
        for day in DAYS:
            await _show(service, day)
    for line in _next_steps(at, settings, once=once):
        say(output(), line)


async def _record(
    service: httpx.AsyncClient, decisions: Sequence[tuple[str, Any]], settings: Settings
) -> None:
    new = 0
    with progress(len(decisions)) as bar:
        for place, decision in bar.track(decisions, description="recording"):
            response = await client.post(service, decision)
            code, lines = client.told(response, place)
            if code:
                hint = f"If {settings.views.parent} is from another version, delete it."
                raise Unanswered("\n".join((*lines, hint)), code)
            new += response.status_code == 201
    before = "" if new == len(decisions) else "; the others were there already"
    say(output(), f"{new} of {len(decisions)} decisions recorded{before}")
    say(output(), "They repeat what their sources claim; Curule vouches for none of it.")


async def _show(service: httpx.AsyncClient, day: str) -> None:
    response = await service.get("/v1/structure", params={"effective_at": day})
    code, lines = client.told(response, day)
    if code:
        raise Unanswered("\n".join(lines), code)
    say(output())
    output().print(drawn(client.answered(response)))


def _next_steps(at: str, settings: Settings, *, once: bool) -> list[str]:
    """What to copy and paste."""
    curule = _this_command()
    day = f"--effective-at {DAYS[-1]}"
    stores = {"LEDGER": settings.ledger, "VAULT": settings.vault, "VIEWS": str(settings.views)}
    running = [
        "",
        "Try next, in another terminal:",
        "",
        f"  curl '{at}/v1/structure?effective_at={DAYS[-1]}'",
        f"  curl {at}/v1/elections",
        f"  {curule} structure --url {at} {day} --ids",
        "",
        f"Every path is explained at {at}/docs. Ctrl-C stops it.",
    ]
    stopped = [
        "",
        "The ledger stays. With the demo stopped, ask it or serve it with",
        "",
        *(f"  export CURULE_{name}={shlex.quote(value)}" for name, value in stores.items()),
        f"  {curule} structure {day}",
        f"  {curule} serve",
    ]
    return stopped if once else running + stopped


def _this_command() -> str:
    """How the command line was called, so that it can be called so again."""
    if shutil.which("curule"):
        return "curule"
    if Path(sys.argv[0]).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m service"
    return shlex.quote(sys.argv[0])

"""The demo: a real organisation's history, recorded through the door and shown.

It has a folder of its own, which a marker tells from everybody else's, and no setting of the
environment leads it to another ledger.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import uvicorn
from pydantic import SecretStr
from rich import box
from rich.table import Table
from rich.text import Text
from sqlalchemy import URL

from service import client, examples
from service.access import keys
from service.client import Unanswered
from service.examples import Question
from service.ledger import Ledger
from service.serving import address
from service.settings import Settings
from service.terminal.terminal import output, progress, say
from service.terminal.tree import drawn, printable

EXAMPLE: Final = "isg"
"""The example that is played unless another is asked for."""
KEY: Final = "demo.key"
"""The file in that folder with the demo's key."""
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
        log_key=None,
        log_key_file=None,
        log_signed=None,
        origin=None,
        access_log=None,
        key=None,
    )


def key(ledger: Ledger, directory: Path) -> SecretStr:
    """The key with which the demo records: the one kept in its folder, or a new one."""
    kept = directory / KEY
    if not (kept.is_file() and ledger.keys.principal(kept.read_text().strip())):
        try:
            text = keys.give(ledger.recorder, "the demo", "recorder")
        except keys.NotGiven as error:
            raise Unanswered(f"the demo gets no key: {error}") from None
        kept.unlink(missing_ok=True)
        kept.touch(0o600)
        kept.write_text(f"{text}\n")
    return SecretStr(kept.read_text().strip())


def _sqlite(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


@dataclass(frozen=True, slots=True)
class Play:
    """What is recorded, and what is shown of it."""

    decisions: Sequence[tuple[str, Any]]
    """The decisions, each with its place in its file."""
    days: Sequence[str]
    """The days whose structure is shown."""
    questions: Sequence[Question]
    """The questions that are asked."""
    key: SecretStr
    """The key with which all this is done."""


async def play(
    server: uvicorn.Server,
    listening: socket.socket,
    playing: Play,
    settings: Settings,
    *,
    once: bool,
) -> None:
    """Serve, record and show; then serve on, unless `once`. Whoever interrupts ends the server."""
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn has but a flag
            await asyncio.sleep(0.01)
        showing = asyncio.create_task(_show_it_all(listening, playing, settings, once=once))
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
    playing: Play,
    settings: Settings,
    *,
    once: bool,
) -> None:
    at = address(listening)
    say(output(), f"Curule serves at {at}, from {settings.views.parent}")
    async with client.door(at, key=playing.key) as service:
        ends = await _record(service, playing.decisions, settings)
        for day in playing.days:
            await _show(service, day)
        await _ask(service, playing.questions, ends)
    for line in _next_steps(at, settings, playing, once=once):
        say(output(), line)


async def _record(
    service: httpx.AsyncClient, decisions: Sequence[tuple[str, Any]], settings: Settings
) -> dict[str, int]:
    """Record decisions, and give the last position of each."""
    new, ends = 0, {}
    with progress(len(decisions)) as bar:
        for place, decision in bar.track(decisions, description="recording"):
            response = await client.post(service, decision)
            code, lines = client.told(response, place)
            if code:
                hint = f"If {settings.views.parent} is from another version, delete it."
                raise Unanswered("\n".join((*lines, hint)), code)
            new += response.status_code == 201
            receipt = client.answered(response)
            ends[receipt["decision"]] = receipt["position"] + len(receipt["entries"])
    before = "" if new == len(decisions) else "; the others were there already"
    say(output(), f"{new} of {len(decisions)} decisions recorded{before}")
    say(output(), "They repeat what their sources claim; Curule vouches for none of it.")
    return ends


async def _show(service: httpx.AsyncClient, day: str) -> None:
    response = await service.get("/v1/structure", params={"effective_at": day})
    code, lines = client.told(response, day)
    if code:
        raise Unanswered("\n".join(lines), code)
    say(output())
    output().print(drawn(client.answered(response)))


async def _ask(
    service: httpx.AsyncClient, questions: Sequence[Question], ends: Mapping[str, int]
) -> None:
    """What an auditor would ask, and what the ledger answers."""
    table = Table("An auditor asks", "The ledger answers", box=box.SIMPLE_HEAD, pad_edge=False)
    wrong = 0
    for question in questions:
        path, parameters = examples.request(question, ends)
        answer = examples.selected(question, await service.get(path, params=parameters))
        is_right = answer == question.answer
        wrong += not is_right
        told = question.says if is_right else f"otherwise than expected: {json.dumps(answer)}"
        table.add_row(*(Text(printable(each)) for each in (question.question, told)))
    if questions:
        say(output())
        output().print(table)
    if wrong:
        raise Unanswered(f"{wrong} of {len(questions)} answers are not the expected ones", 1)


def _next_steps(at: str, settings: Settings, playing: Play, *, once: bool) -> list[str]:
    """What to copy and paste."""
    curule = _this_command()
    last = playing.days[-1] if playing.days else datetime.now(UTC).date().isoformat()
    day = f"--effective-at {last}"
    stores = {"LEDGER": settings.ledger, "VAULT": settings.vault, "VIEWS": str(settings.views)}
    shown = '-H "Authorization: Bearer $CURULE_KEY"'
    running = [
        "",
        "Try next, in another terminal:",
        "",
        f"  export CURULE_KEY=$(cat {shlex.quote(str(settings.views.parent / KEY))})",
        f"  curl {shown} '{at}/v1/structure?effective_at={last}'",
        *(f"  curl {shown} '{at}/v1/people?q={name}'" for name in _names(playing.decisions)),
        f"  curl {shown} {at}/v1/meetings",
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


def _names(decisions: Sequence[tuple[str, Any]]) -> list[str]:
    """What somebody of these decisions may be looked for by."""
    acts = (act for _, decision in decisions for act in decision.get("acts", ()))
    names = (act["name"] for act in acts if act.get("type") == "person.registered")
    return [quote(name.split()[-1].lower()) for name in islice(names, 1)]


def _this_command() -> str:
    """How the command line was called, so that it can be called so again."""
    if shutil.which("curule"):
        return "curule"
    if Path(sys.argv[0]).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m service"
    return shlex.quote(sys.argv[0])

"""The commands that serve: `curule serve`, `curule demo`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service import client
from service.client import Unanswered
from service.commands import witness
from service.loopback import is_loopback
from service.terminal import by_example, errors, output, say

if TYPE_CHECKING:
    pass


app = typer.Typer()


@app.command(
    epilog=by_example(
        "curule serve",
        "curule serve --port 8080 --access-log",
        "CURULE_LEDGER=postgresql+psycopg://curule@db/curule curule serve",
    )
)
def serve(
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="HOST", envvar="CURULE_HOST", help="The address to listen on."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port",
            metavar="PORT",
            envvar="CURULE_PORT",
            min=0,
            max=65535,
            help="The port; 0 is any that is free.",
        ),
    ] = 8000,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log every request.")] = False,
) -> None:
    """Serve the ledger over HTTP, until Ctrl-C or SIGTERM.

    With CURULE_WITNESSES it has them cosign the log's newest checkpoint, each
    CURULE_WITNESS_INTERVAL seconds that there is a new one (60; 0: never).
    """
    from service.serving import address, listen, server
    from service.settings import Settings

    settings = Settings()
    asked = witness.of(settings) if settings.witness_interval else []
    with listen(host, port) as listening:
        serving = server(
            client.opened(settings),
            access_log=access_log,
            witnesses=asked,
            interval=settings.witness_interval,
        )
        at = address(listening)
        if not is_loopback(host):
            say(errors(), f"warning: there are no keys yet; who reaches {at} can read and record")
        say(output(), f"Curule serves at {at} and explains itself at {at}/docs")
        with _until_interrupted():
            serving.run(sockets=[listening])


@app.command(
    epilog=by_example(
        "curule demo",
        "curule demo --once                             record, show, stop",
        "curule demo steering-council --all-questions   another example, asked everything",
        "curule demo --directory /tmp/demo --port 8080",
    )
)
def demo(
    example: Annotated[
        str | None, typer.Argument(metavar="[EXAMPLE]", help="Which example; default: isg.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after showing, and do not keep serving.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=0,
            max=65535,
            help="The port; default: 8000, or any that is free.",
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--directory",
            metavar="DIR",
            help="A folder of the demo's own; default: curule-demo, and the example's name.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--examples", metavar="FILE", help="Decisions of your own to record."),
    ] = None,
    all_questions: Annotated[
        bool, typer.Option("--all-questions", help="Ask every question, not one about each fact.")
    ] = False,
) -> None:
    """Record a real organisation's history in a ledger of its own, show it, ask it and serve it.

    It touches no other ledger. Run again in the same folder, it records nothing twice.
    """
    from service import demo as playing
    from service import examples
    from service.serving import listen, server

    name = example or playing.EXAMPLE
    if file is None and name not in examples.names():
        known = ", ".join(examples.names()) or "none here: run it from a checkout, or"
        raise Unanswered(f"there is no example {name} ({known} --examples FILE)", 2)
    source = file or examples.EXAMPLES / f"{name}.json"
    if not source.is_file():
        raise Unanswered(f"there is no {source}", 2)
    asked = [] if file else examples.questions(name)
    played = playing.Play(
        decisions=list(client.decisions(client.text(str(source)), source.name)),
        days=() if file else examples.DAYS[name],
        questions=asked if all_questions else examples.first_of_each_row(asked),
    )
    directory = directory or Path("curule-demo" if example is None else f"curule-demo-{name}")
    with listen("127.0.0.1", *((8000, 0) if port is None else (port,))) as listening:
        settings = playing.settle(directory)
        serving = server(client.opened(settings))
        with _until_interrupted():
            asyncio.run(playing.play(serving, listening, played, settings, once=once))


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """Ctrl-C is how it is meant to end; the server has shut down in good order by then."""
    try:
        yield
    except KeyboardInterrupt:
        say(errors())

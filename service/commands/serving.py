"""The commands that serve: `curule serve`, `curule demo`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from service import client
from service.client import Unanswered
from service.commands import witness
from service.commands.stating import WithSettings, stated, unknown
from service.loopback import is_loopback
from service.operating.forms import Format, Level
from service.terminal.terminal import by_example, errors, output, say

app = typer.Typer()
logger = logging.getLogger(__name__)


@app.command(
    cls=WithSettings,
    epilog=by_example(
        "curule serve",
        "curule serve --port 8080 --access-log",
        "CURULE_LEDGER=postgresql+psycopg://curule@db/curule curule serve",
    ),
)
def serve(
    context: typer.Context,
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
    log_requests: Annotated[
        bool,
        typer.Option(
            "--access-log",
            "--log-requests",
            envvar="CURULE_LOG_REQUESTS",
            help="Log every request in a line, without its parameters.",
        ),
    ] = False,
    log_format: Annotated[
        Format,
        typer.Option(
            "--log-format", envvar="CURULE_LOG_FORMAT", help="The form of what is logged."
        ),
    ] = Format.TEXT,
    log_level: Annotated[
        Level,
        typer.Option("--log-level", envvar="CURULE_LOG_LEVEL", help="The least that is logged."),
    ] = Level.INFO,
    public: Annotated[
        bool,
        typer.Option(
            "--public",
            envvar="CURULE_PUBLIC",
            help="Answer about the structure without a key, all personal data withheld.",
        ),
    ] = False,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            "--tls-cert", metavar="FILE", envvar="CURULE_TLS_CERT", help="The certificate, in PEM."
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option("--tls-key", metavar="FILE", envvar="CURULE_TLS_KEY", help="Its private key."),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            envvar="CURULE_BEHIND_PROXY",
            help="A proxy in front ends TLS and tells who the client is (X-Forwarded-For).",
        ),
    ] = False,
    open_metrics: Annotated[
        bool,
        typer.Option(
            "--open-metrics",
            envvar="CURULE_OPEN_METRICS",
            help="Answer /metrics without a key, to whoever asks.",
        ),
    ] = False,
    grace: Annotated[
        int,
        typer.Option(
            "--grace",
            metavar="SECONDS",
            envvar="CURULE_GRACE",
            min=2,
            help="Time to finish what is under way when told to end.",
        ),
    ] = 8,
    linger: Annotated[
        float,
        typer.Option(
            "--linger",
            metavar="SECONDS",
            envvar="CURULE_LINGER",
            min=0,
            help="Time before that in which requests are still taken, while it is not ready.",
        ),
    ] = 0,
) -> None:
    """Serve the ledger over HTTP, until Ctrl-C or SIGTERM; a second one ends it at once.

    While there are no keys, whoever is on this machine can ask and nobody can record. To be reached
    from elsewhere it takes keys, and TLS, by files or a proxy.

    With CURULE_WITNESSES it has them cosign the log's newest checkpoint, each
    CURULE_WITNESS_INTERVAL seconds that there is a new one (60; 0: never).
    """
    from service.manners.bounds import Bounds
    from service.operating.logs import configure
    from service.serving import address, listen, server

    settings = stated(context)
    configure(log_format, log_level, requests=log_requests)
    for warning in unknown(context.find_root().command, os.environ):
        logger.warning("%s", warning)
    if (tls_cert is None) != (tls_key is None):
        raise Unanswered("give --tls-cert and --tls-key together", 2)
    if not (is_loopback(host) or tls_cert or behind_proxy):
        why = "keys would be sent in clear: give --tls-cert and --tls-key, or --behind-proxy"
        raise Unanswered(f"{host} is not loopback, and {why}", 2)
    try:
        bounds = Bounds.of(settings, host)
    except ValueError as error:
        raise Unanswered(str(error), 2) from None
    asked = witness.of(settings) if settings.witness_interval else []
    with listen(host, port) as listening, closing(client.opened(settings)) as ledger:
        if not ledger.keys.are_given and (behind_proxy or not is_loopback(host)):
            where = "others come by the proxy" if behind_proxy else f"{host} is not loopback"
            how = "make one first: curule keys create NAME --role recorder"
            raise Unanswered(f"there are no keys, and {where}: {how}", 2)
        at = address(listening, "https" if tls_cert else "http")
        serving = server(
            ledger,
            begun=lambda: say(output(), f"Curule serves at {at} and explains itself at {at}/docs"),
            grace=grace,
            linger=linger,
            open_metrics=open_metrics,
            is_public=public,
            tls=(tls_cert, tls_key) if tls_cert and tls_key else None,
            behind_proxy=behind_proxy,
            witnesses=asked,
            interval=settings.witness_interval,
            bounds=bounds,
        )
        if not ledger.keys.are_given:
            logger.warning(
                "There are no keys yet: who is on this machine can ask, nobody can record. "
                "Make the first key: curule keys create NAME --role recorder"
            )
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
    decisions = list(client.decisions(client.text(str(source)), source.name))
    directory = directory or Path("curule-demo" if example is None else f"curule-demo-{name}")
    with listen("127.0.0.1", *((8000, 0) if port is None else (port,))) as listening:
        settings = playing.settle(directory)
        ledger = client.opened(settings)
        played = playing.Play(
            decisions=decisions,
            days=() if file else examples.DAYS[name],
            questions=asked if all_questions else examples.first_of_each_row(asked),
            key=playing.key(ledger, directory),
        )
        serving = server(ledger)
        with _until_interrupted():
            asyncio.run(playing.play(serving, listening, played, settings, once=once))


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """Ctrl-C is how it is meant to end; the server has shut down in good order by then."""
    try:
        yield
    except KeyboardInterrupt:
        say(errors())

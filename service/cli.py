"""The command line. Whatever asks or records does so over HTTP, so there is one door.

Exit codes: 0 done; 1 refused by the rules, or not found; 2 wrong usage, or malformed; 3 the service
is not reachable, or cannot for now.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO
from urllib.parse import quote

import typer

from service import auditing, client, witness
from service.client import Unanswered
from service.terminal import building, by_example, errors, output, progress, say
from service.tree import chronicle, drawn, printable

if TYPE_CHECKING:
    import httpx
    from rich.console import RenderableType

    from domain.entries import Entry


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=by_example(
        "curule demo                                    see it work",
        "curule serve                                   serve the ledger of this folder",
        "curule record decisions.jsonl                  record decisions",
        "curule structure --effective-at 2025-01-30     what the structure was that day",
        "curule changes --from-effective-at 2025-01-01  what has changed since",
    ),
)

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="CURULE_URL",
        help="A running service; else the ledger of the settings is opened here.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answers of the API as they are.")]


def main() -> None:
    """Run the command line; expected errors end in one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="curule")
    except Unanswered as error:
        for line in f"curule: {error}".splitlines():
            say(errors(), line)
        sys.exit(error.code)
    except ValueError as error:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError) or error.title != "Settings":
            raise
        for wrong in error.errors():
            say(errors(), f"curule: CURULE_{str(wrong['loc'][0]).upper()}: {wrong['msg']}")
        sys.exit(2)


def _print_version(asked: bool) -> None:
    if asked:
        try:
            number = version("curule")
        except PackageNotFoundError:
            number = "(not installed)"
        say(output(), f"curule {number}")
        raise typer.Exit


@app.callback()
def _curule(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version, and stop.",
        ),
    ] = False,
) -> None:
    """Curule: a governance ledger.

    Who decided what, on whose authority, and what the structure was on any day.

    The ledger is found by CURULE_LEDGER, CURULE_VAULT and CURULE_VIEWS; without them it is in the
    working directory. Exit codes: 0 done, 1 refused by the rules or not found, 2 wrong usage or
    malformed, 3 the service is not reachable or unable for now.
    """


# Recording and asking


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
    decisions = list(client.decisions(_read(file), "standard input" if file == "-" else file))
    raise typer.Exit(asyncio.run(_record(decisions, url, dry_run, keep_going, json)))


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise Unanswered(f"{file} cannot be read: {error.strerror}", 2) from None
    except UnicodeDecodeError as error:
        raise Unanswered(f"{file} is not UTF-8, at byte {error.start}", 2) from None


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
                    _write(response)
                for line in lines if code or not json else ():
                    say(bar.console if code else out, line)
                worst = max(worst, code)
                if code and not keep_going:
                    break
    return worst


def _called(place: str, decision: Any) -> str:
    name = decision.get("id") if isinstance(decision, dict) else None
    return f"{place} ({name})" if name else place


def _write(response: httpx.Response) -> None:
    sys.stdout.buffer.write(response.content + b"\n")
    sys.stdout.buffer.flush()


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
        _write(response)
    else:
        output().print(drawing(client.answered(response)))
    raise typer.Exit(code)


async def _ask(url: str | None, path: str, params: Mapping[str, str | int]) -> httpx.Response:
    async with client.door(url, existing=True, building=building) as service:
        with errors().status("asking"):
            return await service.get(path, params=params)


@app.command(
    epilog=by_example(
        "curule replay",
        "curule replay --effective-at 2025-01-30 --position 42",
        "curule replay --from entries.jsonl             one entry a line, as GET /v1/entries",
        "curule replay --json | jq -r .digest           as curule structure --json states it",
    )
)
def replay(
    file: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Entries, one a line, from the first on; - is standard input. Else the ledger's.",
        ),
    ] = None,
    effective_at: Annotated[
        str | None,
        typer.Option("--effective-at", metavar="DAY", help="As of this day; default: today, UTC."),
    ] = None,
    position: Annotated[
        int | None,
        typer.Option(
            "--position", metavar="N", min=0, help="As known at this position of the log."
        ),
    ] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Show the ids of what has a name.")] = False,
    json: Json = False,
) -> None:
    """Work the structure out anew from the first entry on, and print it with its digest.

    Only the log is read, or a file of its entries: no views, no vault. So the names of persons are
    the commitments that the log holds. For the same basis, a service states the same digest. With
    --json, what is printed is the answer of GET /v1/structure with its texts unopened.
    """
    from service.replay import brief

    with _entries(file, position) as entries:
        answer = _replayed(entries, _day(effective_at), position, quiet=json)
    if json:
        sys.stdout.buffer.write(dumps(answer, ensure_ascii=False).encode() + b"\n")
        sys.stdout.buffer.flush()
    else:
        output().print(drawn(brief(answer), ids=ids))
        say(output())
        say(output(), f"Digest {answer['digest']}")


def _day(text: str | None) -> int:
    from domain.dates import day

    if text is None:
        return datetime.now(UTC).date().toordinal()
    try:
        return day(text)
    except ValueError as error:
        raise Unanswered(f"--effective-at: {error}", 2) from None


@contextmanager
def _entries(file: str | None, position: int | None) -> Iterator[tuple[int, Iterator[Entry]]]:
    """The entries of a file or of the log, and how many there are; 0: not known.

    Raises:
        Unanswered: there is no such file or log, or an entry of it cannot be read.
    """
    from domain.entries import EntryUnreadable
    from service.replay import END, exported, lines_in, logged

    with ExitStack() as opened:
        try:
            if file is None:
                from service.settings import Settings

                log = opened.enter_context(closing(client.log(Settings())))
                until = min(log.head()[0], END if position is None else position)
                yield until, logged(log, until)
            elif file == "-":
                yield 0, exported(sys.stdin.buffer)
            else:
                lines = opened.enter_context(_open(file))
                yield lines_in(lines), exported(lines)
        except EntryUnreadable as error:
            raise Unanswered(str(error), 3 if file is None else 2) from None


def _open(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise Unanswered(f"{file} cannot be read: {error.strerror}", 2) from None


def _replayed(
    source: tuple[int, Iterator[Entry]], day: int, position: int | None, *, quiet: bool
) -> dict[str, Any]:
    from service.replay import END
    from service.replay import replay as replayed

    total, entries = source
    with progress(total, quiet=quiet and sys.stdout.isatty()) as bar:

        def reading() -> Iterator[Entry]:
            yield from bar.track(entries, total=total, description="reading")
            bar.add_task("folding", total=None)

        try:
            return replayed(reading(), day, END if position is None else position)
        except ValueError as error:
            raise Unanswered(str(error), 2) from None


# Personal data


@app.command(
    epilog=by_example(
        "curule erase 0194b5f2-7c00-7a3e-9d41-5b8f0c6e2a17 --ground gdpr-17-1-b",
        "curule erase p-7 --ground consent_withdrawn --also 42 --also 57",
        "curule erase p-7 --ground court_order --yes --url http://127.0.0.1:8000",
    )
)
def erase(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.")],
    ground: Annotated[
        str,
        typer.Option("--ground", metavar="CODE", help="On which ground, as gdpr-17-1-b."),
    ],
    also: Annotated[
        list[int] | None,
        typer.Option(
            "--also",
            metavar="N",
            min=1,
            help="With the texts of the entry at this position, which names the person elsewhere.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Destroy the personal data of a person, for good.

    Names, and every text about the person under any of their ids, leave the vault, the answers and
    the search; an entry records the ground and the digests. The log stays as it is, and so do its
    proofs. Backups of the vault still hold the texts: one that is restored loses them when it is
    opened.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise Unanswered("give --yes: nobody is there to be asked", 2)
        asked = f"Destroy all personal data of {printable(person)}? Nothing brings it back."
        if not _agreed(asked):
            raise Unanswered("nothing was erased", 1)
    response = asyncio.run(_erase(url, person, {"ground": ground, "also": also or []}))
    code, lines = client.told(response, person)
    if json:
        _write(response)
    for line in lines if code or not json else ():
        say(errors() if code else output(), line)
    raise typer.Exit(code)


def _agreed(asked: str) -> bool:
    try:
        answer = errors().input(f"{asked} [y/N] ", markup=False, emoji=False)
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


async def _erase(url: str | None, person: str, asked: dict[str, Any]) -> httpx.Response:
    async with client.door(url, existing=True) as service:
        path = f"/v1/people/{quote(person, safe='')}/erasure"
        with errors().status("erasing"):
            return await service.post(path, json=asked)


@app.command(
    epilog=by_example(
        "curule rebuild",
        "CURULE_VIEWS=/var/lib/curule/views.db curule rebuild",
    )
)
def rebuild() -> None:
    """Build the views anew from the log, beside those that are asked meanwhile.

    A service that uses these views goes on answering from the old ones, and answers from the new as
    soon as they are whole. Interrupted, it goes on where it was when it is run again.
    """
    from projections.building import build
    from service.garbage import uncollected
    from service.ledger import fetching
    from service.settings import Settings

    settings = Settings()
    with closing(client.log(settings)) as log, building() as tell, uncollected():
        build(settings.views, fetching(log), log.newest, tell)
        newest = log.newest()
    say(output(), f"The views in {settings.views} are built anew, from {newest:,} entries.")


keys = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The keys of the ledger.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(keys, name="keys")


@keys.command(
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
    from service.rotation import rotate as rotated
    from service.settings import Settings

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


@keys.command(
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


app.add_typer(witness.app, name="witness")


# Verifying

auditing.add_to(app)


# Serving


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
        if not client.is_loopback(host):
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
        decisions=list(client.decisions(_read(str(source)), source.name)),
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

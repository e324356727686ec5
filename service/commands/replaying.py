"""The commands that work through the log: `curule replay`, `curule rebuild`, `curule views`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from service import client
from service.client import Unanswered
from service.commands.options import Json
from service.terminal.terminal import building, by_example, output, progress, say
from service.terminal.tree import drawn

if TYPE_CHECKING:
    from domain.entries import Entry


app = typer.Typer()


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
                until = min(log.newest(), END if position is None else position)
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
    from service.builder import fetching
    from service.garbage import uncollected
    from service.settings import Settings

    settings = Settings()
    with closing(client.log(settings)) as log, client.opening():
        with building() as tell, uncollected():
            build(settings.views, fetching(log), log.newest, tell)
        newest = log.newest()
    say(output(), f"The views in {settings.views} are built anew, from {newest:,} entries.")


views = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The views: the image of the log that questions are answered from.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@views.command(
    "copy",
    epilog=by_example(
        "curule views copy --to /var/lib/curule/second-views.db",
        "CURULE_VIEWS=/var/lib/curule/second-views.db curule serve --port 8001",
    ),
)
def copy(
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="Where to: a file that is not there yet.")
    ],
) -> None:
    """Copy the views of the settings, while they are served, for another service on the same log.

    It begins with them, and follows the log from there, in place of building its own. Views of
    another log or release are built anew by whoever opens them.
    """
    from service.backup.copying import copy_views
    from service.backup.taking import NoBackup
    from service.settings import Settings

    try:
        with client.opening(), building() as tell:
            position = copy_views(Settings().views, to, tell)
    except NoBackup as error:
        raise Unanswered(f"there is no copy: {error}") from None
    except OSError as error:
        raise Unanswered(f"there is no copy: {error.strerror} ({error.filename})") from None
    say(output(), f"{to} holds the views as of position {position:,}.")

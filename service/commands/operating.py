"""The commands of who runs a ledger: `curule migrate`, `curule backup`, `curule restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from service import client
from service.client import Unanswered
from service.terminal.terminal import building, by_example, errors, output, say

if TYPE_CHECKING:
    from service.schemas.migrating import Migrated
    from service.stores.stores import Store

app = typer.Typer()
SHOWN: Final = 10
"""Faults that are shown."""


@app.command(
    epilog=by_example(
        "curule migrate --check                         what it would do; exit code 1: something",
        "curule migrate",
        "CURULE_LEDGER=postgresql+psycopg://owner@db/curule curule migrate",
    )
)
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what there is to do: 0 nothing, 1 something.")
    ] = False,
) -> None:
    """Bring the stores of an older release to the schema of this one.

    Each store is migrated whole or not at all, and by one who does it at a time; what is done is
    not done again. Entries stay as they are. On PostgreSQL it needs the role that owns the tables,
    and makes them in a database that is empty. Take a backup first.
    """
    from service.schemas.migrating import migrate as migrated
    from service.schemas.migrating import state
    from service.settings import Settings
    from service.stores.stores import stores

    settings = Settings()
    client.expect(settings)
    to_do = False
    for store in stores(settings).values():
        if store.is_missing:  # it is made when it is first opened
            continue
        with client.opening(), building() as tell:
            before = (
                state(store.schema, store.url) if check else migrated(store.schema, store.url, tell)
            )
        say(output(), _told(store, before, check=check))
        to_do = to_do or not before.is_current
    if check and to_do:
        raise typer.Exit(1)


@app.command(
    epilog=by_example(
        "curule backup --to /backups/2025-01-30",
        "curule backup --to /backups/2025-01-30.zip --views",
    )
)
def backup(
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FOLDER|FILE.zip",
            help="Where to: a new folder, or one file if the name ends in .zip.",
        ),
    ],
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys",
            help="Both secret keys, too: whoever has such a backup can open every text and sign.",
        ),
    ] = False,
    views: Annotated[
        bool,
        typer.Option("--views", help="The views, too: what is restored need not build them."),
    ] = False,
) -> None:
    """Back up the ledger of the settings, while it is served.

    The log, the vault and what says what they are: all as of one moment, whole or not there. The
    keys are left out unless asked for; keep them in another place. The file that remembers what
    was signed is never in it. On PostgreSQL it needs pg_dump.
    """
    from service.backup.snapshots import NoTool
    from service.backup.taking import NoBackup, take
    from service.settings import Settings

    settings = Settings()
    client.expect(settings)
    try:
        with client.opening(), building() as tell:
            manifest = take(settings, to, tell, keys=with_keys, views=views)
    except (NoBackup, NoTool) as error:
        raise Unanswered(f"there is no backup: {error}") from None
    except OSError as error:
        raise Unanswered(f"there is no backup: {error.strerror} ({error.filename})") from None
    size = sum(file.bytes for file in manifest.files.values())
    names = ", ".join(manifest.files)
    say(output(), f"{to} holds {manifest.position:,} entries: {names} ({size:,} bytes)")
    if with_keys:
        say(
            errors(),
            "It holds both secret keys: whoever has it can open every text and sign for the log."
            " Keep it where nobody else comes, and keep other backups without them.",
        )
    else:
        say(
            errors(),
            "It holds no keys. Without the vault's master key its texts are lost, without the"
            " log's key the log cannot go on: keep both, in another place.",
        )


@app.command(
    epilog=by_example(
        "curule restore --from /backups/2025-01-30.zip",
        "curule restore --from /backups/2025-01-30 --since kept.checkpoint",
    )
)
def restore(
    source: Annotated[Path, typer.Option("--from", metavar="FOLDER|FILE.zip", help="The backup.")],
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="CHECKPOINT",
            help="A checkpoint that was kept elsewhere: the backup must hold all that it covers.",
        ),
    ] = None,
) -> None:
    """Restore a backup into the empty place that the settings name, if it is whole.

    Nothing is in its place before all of it is verified as by curule verify. Persons who were
    erased are erased again. A backup that is older than what was signed here, or than --since, is
    refused. The master key must be there: in the settings, beside the vault to be, or in the
    backup. The place that the backup was made of must not be served any more.
    """
    from service.backup.restoring import NotRestored, NotWhole
    from service.backup.restoring import restore as restored
    from service.backup.snapshots import NoTool
    from service.settings import Settings
    from service.stores.secret import Locked

    text = client.text(str(since)) if since else None
    try:
        with client.opening(), building() as tell:
            found = restored(source, Settings(), text, tell)
    except NotWhole as error:
        for at, what in error.verdict.faults[:SHOWN]:
            say(output(), f"position {at}: {what}" if at else what)
        raise Unanswered(f"nothing is restored: {error}", 1) from None
    except NotRestored as error:
        raise Unanswered(f"nothing is restored: {error}", 1) from None
    except (NoTool, Locked) as error:
        raise Unanswered(f"nothing is restored: {error}") from None
    verdict = found.verdict
    say(output(), f"{verdict.size:,} entries restored; root {verdict.root}")
    say(output(), f"Verified: {', '.join(f'{n:,} {what}' for what, n in verdict.checked.items())}")
    if not found.log_key:
        say(errors(), "The key that signs the log is not here: it is needed to serve it.")
    say(errors(), "Where the backup was made, the ledger must not be served any more.")


def _told(store: Store, before: Migrated, *, check: bool) -> str:
    if before.is_current:
        return f"{store.name}: at schema {before.newest}, the newest"
    if before.found == 0:
        return f"{store.name}: {'to be made' if check else 'made'} at schema {before.newest}"
    if before.found == before.newest:
        noted = "to be noted" if check else "noted now"
        return f"{store.name}: at schema {before.newest}, the newest ({noted})"
    to = "to be migrated" if check else "migrated"
    return f"{store.name}: {to} from schema {before.found} to {before.newest}"

"""The commands of who runs a ledger: `curule migrate`, `curule backup`, `curule restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service import client
from service.terminal import building, by_example, output, say

if TYPE_CHECKING:
    from service.schemas.migrating import Migrated
    from service.stores import Store

app = typer.Typer()


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
    not done again. Entries stay as they are. On PostgreSQL it needs the role that owns the tables;
    one database that is empty is given them. Take a backup first.
    """
    from service.schemas.migrating import migrate as migrated
    from service.schemas.migrating import state
    from service.settings import Settings
    from service.stores import stores

    settings = Settings()
    client.expect(settings)
    to_do = False
    for store in stores(settings).values():
        if store.is_missing:
            say(output(), f"{store.name}: not there yet; it is made when it is first opened")
            continue
        with client.opening(), building() as tell:
            before = (
                state(store.schema, store.url) if check else migrated(store.schema, store.url, tell)
            )
        say(output(), _told(store, before, check=check))
        to_do = to_do or not before.is_current
    if check and to_do:
        raise typer.Exit(1)


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

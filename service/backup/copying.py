"""Copying the views, so that another service on the same log begins with them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from projections import tables
from projections.building import Tell
from projections.views import holds_views, version
from service.backup.snapshots import Snapshot
from service.backup.taking import NoBackup
from service.stores.secret import sync


def copy_views(views: Path, to: Path, tell: Tell) -> int:
    """Copy views, while they are asked and followed; up to which position they follow the log.

    The copy is whole or not there. Whose log it is of is seen by who opens it.

    Raises:
        NoBackup: it cannot be made.
        NoViews: there is something else.
    """
    if to.exists():
        raise NoBackup(f"{to} is there already")
    if not to.parent.is_dir():
        raise NoBackup(f"there is no folder {to.parent}")
    if not holds_views(views):
        raise NoBackup(f"there are no views at {views}")
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    try:
        with closing(Snapshot(f"sqlite:///{views}")) as seen:
            if version(seen.connection) != tables.VERSION:
                raise NoBackup(f"the views at {views} are of another release")
            position = int(seen.connection.execute(tables.progress.select()).one().position)
            seen.copy(part, tell)
        sync(part)
        part.rename(to)
        sync(to.parent)
    finally:
        part.unlink(missing_ok=True)
    return position

"""The views, against others that are built anew from the log."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from domain.entries import EntryUnreadable
from projections import tables as t
from projections import views as v
from projections.building import Tell, build
from projections.decisions import Fetch, Recorded
from projections.views import Views
from service.garbage import uncollected
from service.verifying import Verdict

_POSITIONS: Final = ("position", "begun_by", "recorded_from", "last")
"""The columns that name the entry behind a row, the first one first."""


def verify_views(path: Path, fetch: Fetch, verdict: Verdict, tell: Tell) -> None:
    """See that the views are those of the entries up to which they follow the log."""
    if not path.exists():
        verdict.left.append(f"views: there are none at {path}")
        return
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".verifying") as folder:
        copy, fresh = Path(folder) / "copy.db", Path(folder) / "fresh.db"
        with closing(Views(path)) as live, live.reading() as connection:
            if v.version(connection) != t.VERSION:
                verdict.left.append("views: they are of another release, and will be built anew")
                return
            # All of it as of one moment, while a service goes on following the log.
            connection.exec_driver_sql("VACUUM INTO ?", (str(copy),))
        with closing(Views(copy)) as views, views.reading() as connection:
            position, _ = views.position(connection)

            def until(after: int, limit: int) -> Sequence[Recorded]:
                return fetch(after, min(limit, position - after))

            try:
                with uncollected():
                    build(fresh, until, lambda: position, tell)
            except EntryUnreadable as error:
                verdict.found.add(0, f"views cannot be built: {error}")
                return
            with closing(Views(fresh)) as built:
                if built.digest() != views.digest(connection):
                    connection.exec_driver_sql("ATTACH ? AS fresh", (str(fresh.resolve()),))
                    verdict.found.add(*_first_difference(connection))
                    connection.exec_driver_sql("DETACH fresh")
    verdict.count("entries in views", position)


def _first_difference(connection: Connection) -> tuple[int, str]:
    """The first entry of which the views have other rows than fresh ones, and in which table."""
    found = min(_differences(connection), default=(0, "nothing that an entry is behind"))
    return found[0], f"the views have other rows of it: {found[1]}"


def _differences(connection: Connection) -> Iterator[tuple[int, str]]:
    for table in t.metadata.sorted_tables:
        names = [column.name for column in table.columns if column.name != "id"]
        at = next(name for name in _POSITIONS if name in names)
        for one, other in (("main", "fresh"), ("fresh", "main")):
            some = ", ".join(names)
            least = connection.exec_driver_sql(
                f"SELECT min({at}) FROM (SELECT {some} FROM {one}.{table.name}"  # noqa: S608
                f" EXCEPT SELECT {some} FROM {other}.{table.name})"
            ).scalar_one()
            if least is not None:
                yield least if isinstance(least, int) else 0, table.name

"""What somebody may do to a ledger who has its database, and an auditor must find."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

Row = tuple[int, str, int, str, bytes, bytes]


def altered(file: Path, *statements: tuple[str, Iterable[Any]] | str) -> None:
    """Run SQL in a file, whatever its triggers refuse."""
    with closing(sqlite3.connect(file)) as connection:
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master"):
            if kind == "trigger" and "INSTEAD OF" not in sql:
                connection.execute(f"DROP TRIGGER {name}")
        for each in statements:
            sql, values = (each, ()) if isinstance(each, str) else each
            assert connection.execute(sql, tuple(values)).rowcount != 0, sql
        connection.commit()


def row_of(file: Path, sql: str, *values: Any) -> tuple[Any, ...]:
    """One row of a file."""
    with closing(sqlite3.connect(file)) as connection:
        found: tuple[Any, ...] = connection.execute(sql, values).fetchone()
        return found


def column(file: Path, sql: str, *values: Any) -> Any:
    """One value of a file."""
    return row_of(file, sql, *values)[0]


def flipped(data: bytes, at: int = -20) -> bytes:
    """The same bytes but for one bit of one."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def rows(log: Path) -> list[Row]:
    """Every row of the entries."""
    with closing(sqlite3.connect(log)) as connection:
        return list(connection.execute("SELECT * FROM entries ORDER BY position"))


def put(log: Path, entries: Iterable[Row]) -> None:
    """Put others in the place of all entries, and their tags in the table of tags."""
    kept = list(entries)
    tagged = [(tag, row[1], row[0]) for row in kept for tag in set(json.loads(row[3]))]
    altered(
        log,
        "DELETE FROM entries",
        "DELETE FROM tags",
        *(("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", row) for row in kept),
        *(("INSERT INTO tags VALUES (?, ?, ?)", each) for each in tagged),
    )


def moved(row: Row, position: int) -> Row:
    """A row at another position, its bytes as they were."""
    return (position, *row[1:])


def rewritten(row: Row, change: Callable[[Any], None]) -> Row:
    """A row with other content, in canonical JSON and with the leaf hash of its bytes."""
    stated = json.loads(row[4])
    change(stated)
    text = json.dumps(stated, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    entry = text.encode()
    return (stated["position"], *row[1:4], entry, sha256(b"\0" + entry).digest())

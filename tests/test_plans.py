"""Plans: how SQLite finds what views are asked does not depend on chance, and is never all of it.

Where several indexes would do, SQLite takes the one that was made last; and tables make theirs in
any order.
"""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from projections import views
from tests.test_door import opened
from tests.test_pinned import FILLED, FOUNDED, late, questions

LARGE = r"SCAN (spells|moments|decisions)\b"


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    return [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


def kind(statement: str) -> str:
    """A statement without what is asked for."""
    return re.sub(r"('(?:[^']|'')*'|\b[0-9]+\b|[()?, ])+", " ", statement)


def test_every_statement_has_one_plan_whatever_the_order_of_the_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried_out: dict[str, str] = {}
    connected = views.connected

    def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connected(*arguments, **named)
        connection.set_trace_callback(lambda one: carried_out.setdefault(kind(one), one) and None)
        return connection

    monkeypatch.setattr(views, "connected", traced)
    with opened(tmp_path) as door:
        door.record(*FOUNDED, id="founded")
        door.record(*FILLED, id="filled", taken_by="council", date="2020-02-01", meeting="spring")
        for acts in late():
            door.record(*acts)
            for path, query in questions(door):
                door.client.get(path, params=query)
                if path != "/v1/changes":
                    door.client.get(path, params={**query, "position": 20})
    changing = ("SELECT", "WITH", "UPDATE", "DELETE")
    statements = [one for one in carried_out.values() if one.lstrip().startswith(changing)]
    assert len(statements) > 25

    with closing(sqlite3.connect(tmp_path / "curule-views.db")) as connection:
        made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        indexes = connection.execute(made).fetchall()
        plans = []
        for seed in range(6):
            random.Random(seed).shuffle(indexes)
            for name, _ in indexes:
                connection.execute(f"DROP INDEX {name}")
            for _, sql in indexes:
                connection.execute(sql)
            plans.append({one: plan(connection, one) for one in statements})
    assert all(each == plans[0] for each in plans)
    searching = {one: steps for one, steps in plans[0].items() if re.search(LARGE, str(steps))}
    assert not searching

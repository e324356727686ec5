"""The Merkle tree over the entries, and the checkpoints that are signed of it.

Entries that are there already are given the nodes that they complete. A service of the release
before stores none: it must not run any more.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa
from alembic import context, op

from domain.transparency.tiles import WIDTH, completed
from domain.transparency.tree import Edge

revision = "2"
down_revision = "1"

TABLES: Final = ("nodes", "checkpoints", "signers")
SQLITE: Final = (
    """CREATE VIEW commits AS SELECT entries.*, x'' AS nodes, root, signature
        FROM entries LEFT JOIN checkpoints ON size = position""",
    """CREATE TRIGGER commits_stored INSTEAD OF INSERT ON commits BEGIN
        INSERT INTO entries VALUES (NEW.position, NEW.type, NEW.recorded_at, NEW.tags, NEW.entry,
            NEW.leaf_hash);
        INSERT INTO nodes
            SELECT column1, (NEW.position >> 8 * column1) - 1, substr(NEW.nodes, column2, 32)
            FROM (VALUES (1, 1), (2, 33), (3, 65), (4, 97), (5, 129), (6, 161), (7, 193))
            WHERE column2 < length(NEW.nodes);
        INSERT INTO checkpoints SELECT NEW.position, NEW.root, NEW.signature
            WHERE NEW.signature IS NOT NULL;
        END""",
    *(
        f"CREATE TRIGGER {table}_{action} BEFORE {action} ON {table} BEGIN"
        f" SELECT RAISE(ABORT, '{action} refused: what is recorded in {table} stays'); END"
        for table in TABLES
        for action in ("UPDATE", "DELETE")
    ),
)
POSTGRESQL: Final = tuple(
    f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
    " EXECUTE FUNCTION refuse_to_change()"
    for table in TABLES
)
_AT_ONCE: Final = 20 * WIDTH


def upgrade() -> None:
    """Make them, and the nodes over the entries that are there."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:  # nobody may record while the tree is grown
        connection.exec_driver_sql("SELECT 1 FROM head FOR UPDATE")
    nodes = op.create_table(
        "nodes",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", number, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "signers",
        sa.Column(
            "id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False
        ),
        sa.Column("verifier_key", sa.Text, nullable=False),
    )
    for statement in SQLITE if is_sqlite else POSTGRESQL:
        connection.exec_driver_sql(statement)
    for rows in _nodes(connection):
        connection.execute(sa.insert(nodes), rows)


def _nodes(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    tell = context.config.attributes["tell"]
    size = connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one()
    position = sa.column("position", sa.BigInteger)
    leaf_hash = sa.column("leaf_hash", sa.LargeBinary)
    some = sa.select(leaf_hash).select_from(sa.table("entries", position, leaf_hash))
    grown = Edge(0, ())
    while grown.size < size:
        before = grown.size
        found = some.where(position > before).order_by(position).limit(_AT_ONCE)
        grown = grown.grown(connection.execute(found).scalars().all())
        new = completed(grown, before)
        while rows := [
            {"level": level, "number": at, "hash": node} for level, at, node in islice(new, WIDTH)
        ]:
            yield rows
        tell("growing the tree", grown.size, size)

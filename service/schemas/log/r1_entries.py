"""The entries, the tags by which they are found, and the head that they follow."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

SQLITE: Final = (
    """CREATE VIEW head AS SELECT 1 AS id, coalesce(max(position), 0) AS position,
        coalesce(recorded_at, 0) AS recorded_at FROM entries""",
    """CREATE TRIGGER entries_follow BEFORE INSERT ON entries
        WHEN NEW.position <> (SELECT position + 1 FROM head)
        OR NEW.recorded_at < (SELECT recorded_at FROM head)
        BEGIN SELECT RAISE(ABORT, 'INSERT refused: it does not follow the head'); END""",
    """CREATE TRIGGER entries_tagged AFTER INSERT ON entries BEGIN
        INSERT OR IGNORE INTO tags SELECT value, NEW.type, NEW.position FROM json_each(NEW.tags);
        END""",
    *(
        f"CREATE TRIGGER {table}_{action} BEFORE {action} ON {table} BEGIN"
        f" SELECT RAISE(ABORT, '{action} refused: what is recorded in {table} stays'); END"
        for table in ("entries", "tags")
        for action in ("UPDATE", "DELETE")
    ),
)
POSTGRESQL: Final = (
    """CREATE TABLE head (id integer PRIMARY KEY CHECK (id = 1),
        position bigint NOT NULL, recorded_at bigint NOT NULL)""",
    "INSERT INTO head VALUES (1, 0, 0)",
    """CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING MESSAGE = TG_OP || ' refused: what is recorded in '
        || TG_TABLE_NAME || ' stays'; END $$""",
    *(
        f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " EXECUTE FUNCTION refuse_to_change()"
        for table in ("entries", "tags")
    ),
    """CREATE TRIGGER head_stays BEFORE INSERT OR DELETE OR TRUNCATE ON head
        EXECUTE FUNCTION refuse_to_change()""",
    """CREATE TRIGGER head_rises BEFORE UPDATE ON head FOR EACH ROW
        WHEN (NEW.position < OLD.position OR NEW.recorded_at < OLD.recorded_at)
        EXECUTE FUNCTION refuse_to_change()""",
)


def upgrade() -> None:
    """Make them."""
    word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "entries",
        sa.Column("position", number, primary_key=True, autoincrement=False),
        sa.Column("type", word, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
    )
    op.create_index("entries_by_type", "entries", ["type", "position"])
    op.create_table(
        "tags",
        sa.Column("tag", word, primary_key=True),
        sa.Column("type", word, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)

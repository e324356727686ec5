"""Who has read personal data, and when each key was last used."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make them."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "access_reads",
        sa.Column("number", number, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("texts", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("access_reads_by_key", "access_reads", ["key", "number"])
    op.create_table(
        "access_uses",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )

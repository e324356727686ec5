"""What witnesses have stated of checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Make its table."""
    word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "cosignatures",
        sa.Column("verifier_key", word, primary_key=True),
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("cosignatures_by_size", "cosignatures", ["size", "verifier_key", "time"])
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER cosignatures_{action} BEFORE {action} ON cosignatures BEGIN"
                f" SELECT RAISE(ABORT, '{action} refused: what is recorded in cosignatures stays');"
                " END"
            )
    else:
        connection.exec_driver_sql(
            "CREATE TRIGGER cosignatures_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignatures"
            " EXECUTE FUNCTION refuse_to_change()"
        )

"""The disclosures, the keys of their subjects, and what tells the master key from others."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table("vault_master", sa.Column("key_check", sa.LargeBinary))
    op.create_table(
        "vault_keys",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "vault_disclosures",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, sa.ForeignKey("vault_keys.subject"), nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("deadline", sa.BigInteger),
    )
    for column in ("subject", "deadline"):
        op.create_index(f"ix_vault_disclosures_{column}", "vault_disclosures", [column])

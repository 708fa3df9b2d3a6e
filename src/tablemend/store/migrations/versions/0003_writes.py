"""What was written back to databases, noted before it begins."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, LargeBinary, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "writes",
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("id", String, nullable=False),
        Column("change_set", String, ForeignKey("change_sets.id"), nullable=False),
        Column("target", String, nullable=False),
        Column("status", String, nullable=False),
        Column("host", String, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("pid_started", Float, nullable=False),
        Column("started", String, nullable=False),
        Column("finished", String),
        Column("body", LargeBinary, nullable=False),
        sa.UniqueConstraint("id"),
    )
    op.create_index("writes_status", "writes", ["status"])

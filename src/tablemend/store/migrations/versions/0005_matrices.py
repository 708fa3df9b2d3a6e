"""Matrices of measurements, a row a version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table."""
    number = BigInteger().with_variant(Integer, "sqlite")
    op.create_table(
        "matrices",
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("name", String, nullable=False),
        Column("version", Integer, nullable=False),
        Column("run", String, nullable=False),
        Column("created", String, nullable=False),
        Column("body", LargeBinary, nullable=False),
        sa.UniqueConstraint("name", "version"),
    )

"""What a server keeps: users with their sessions and tokens, jobs, schedules, alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, String

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables."""
    number = BigInteger().with_variant(Integer, "sqlite")
    _people(number)
    _jobs(number)
    _watching(number)


def _people(number: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "users",
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("name", String, nullable=False),
        Column("role", String, nullable=False),
        Column("password", String, nullable=False),
        Column("disabled", Boolean, nullable=False),
        Column("created", String, nullable=False),
        Column("changed", String, nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "sessions",
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("digest", String, nullable=False),
        Column("user", String, nullable=False),
        Column("role", String, nullable=False),
        Column("created", String, nullable=False),
        Column("seen", String, nullable=False),
        Column("expires", String, nullable=False),
        Column("address", String, nullable=False),
        Column("agent", String, nullable=False),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("sessions_user", "sessions", ["user"])
    op.create_table(
        "tokens",
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False),
        Column("digest", String, nullable=False),
        Column("name", String, nullable=False),
        Column("user", String, nullable=False),
        Column("role", String, nullable=False),
        Column("created", String, nullable=False),
        Column("expires", String),
        Column("used", String),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("digest"),
    )


def _jobs(number: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "jobs",
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False),
        Column("verb", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("by", String, nullable=False),
        Column("status", String, nullable=False),
        Column("run", String, nullable=False),
        Column("stage", String, nullable=False),
        Column("fraction", Float, nullable=False),
        Column("cancel", Boolean, nullable=False),
        Column("created", String, nullable=False),
        Column("started", String),
        Column("finished", String),
        Column("heartbeat", String),
        Column("host", String, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("pid_started", Float, nullable=False),
        Column("changed", number, nullable=False),
        Column("arguments", LargeBinary, nullable=False),
        Column("result", LargeBinary, nullable=False),
        Column("error", LargeBinary, nullable=False),
        sa.UniqueConstraint("id"),
    )
    op.create_index("jobs_status", "jobs", ["status"])
    op.create_index("jobs_changed", "jobs", ["changed"])


def _watching(number: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "schedules",
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False),
        Column("name", String, nullable=False),
        Column("source", LargeBinary, nullable=False),
        Column("interval", Integer, nullable=False),
        Column("enabled", Boolean, nullable=False),
        Column("threshold", Float),
        Column("by", String, nullable=False),
        Column("created", String, nullable=False),
        Column("next", String, nullable=False),
        Column("last", String),
        Column("job", String, nullable=False),
        Column("failures", Integer, nullable=False),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "alerts",
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("schedule", String, nullable=False),
        Column("dataset", String, nullable=False),
        Column("run", String, nullable=False),
        Column("state", String, nullable=False),
        Column("message", String, nullable=False),
        Column("created", String, nullable=False),
        Column("resolved", String),
        Column("pending", Integer, nullable=False),
        Column("deliveries", LargeBinary, nullable=False),
        sa.UniqueConstraint("id"),
    )
    op.create_index("alerts_created", "alerts", ["created"])

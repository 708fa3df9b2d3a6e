"""The first schema."""

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

revision = "0001"
down_revision = None

metadata = MetaData()

Table(
    "datasets",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("location", String, nullable=False),
    Column("head", Integer, nullable=False),
    Column("created", String, nullable=False),
)

Table(
    "snapshots",
    metadata,
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("score", LargeBinary),
    Column("created", String, nullable=False),
    PrimaryKeyConstraint("dataset", "version"),
)

Table(
    "settings_snapshots",
    metadata,
    Column("hash", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

Table(
    "runs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("dataset", ForeignKey("datasets.id")),
    Column("version", Integer),
    Column("started", String, nullable=False),
    Column("finished", String),
    Column("heartbeat", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_started", Float, nullable=False),
    Column("settings_hash", ForeignKey("settings_snapshots.hash")),
    Column("notes", LargeBinary, nullable=False),
    Column("counts", LargeBinary, nullable=False),
    Index("runs_status", "status"),
)

Table(
    "artifacts",
    metadata,
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("run", "name"),
)

Table(
    "items",
    metadata,
    Column("id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("dataset", String, nullable=False),
    Column("type", String, nullable=False),
    Column("check_name", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("columns", String, nullable=False),
    Column("dimension", String, nullable=False),
    Column("flags", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("cells", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("decision", String, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("content", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
    Column("updated", String, nullable=False),
    Index("items_type_decision", "type", "decision"),
    Index("items_created", "created"),
)

Table(
    "item_versions",
    metadata,
    Column("item", ForeignKey("items.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("content", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
    PrimaryKeyConstraint("item", "version"),
)

Table(
    "item_runs",
    metadata,
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("item", ForeignKey("items.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("applied", String, nullable=False),
    PrimaryKeyConstraint("run", "item"),
    Index("item_runs_position", "run", "position"),
)

Table(
    "decisions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("item", ForeignKey("items.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("decision", String, nullable=False),
    Column("by", String, nullable=False),
    Column("gate", Boolean, nullable=False),
    Column("reason", String, nullable=False),
    Column("note", String, nullable=False),
    Column("rating", Integer),
    Column("explanation", LargeBinary, nullable=False),
    Column("when", String, nullable=False),
    Index("decisions_item", "item"),
)

Table(
    "change_sets",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("run", String, nullable=False),
    Column("parent", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
    Index("change_sets_dataset", "dataset", "version"),
)

Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("when", String, nullable=False),
    Column("by", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", String, nullable=False),
)


def upgrade() -> None:
    """Make the tables."""
    metadata.create_all(op.get_bind())

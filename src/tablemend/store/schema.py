"""The tables of this tool's own state, on SQLAlchemy Core; `migrations` lead older states here."""

from sqlalchemy import (
    BigInteger,
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
    UniqueConstraint,
)

VERSION = "0005"
"""Of the schema: the newest revision of the migrations."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""Of a row; SQLite numbers its rows only by a column of type INTEGER."""

WRITES = "writes"
"""Name of the counter that every write moves on, so that a cached read knows its age."""

metadata = MetaData()

version_table = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))

datasets = Table(
    "datasets",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("location", String, nullable=False),
    Column("head", Integer, nullable=False),
    Column("created", String, nullable=False),
)

snapshots = Table(
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

settings_snapshots = Table(
    "settings_snapshots",
    metadata,
    Column("hash", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
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

artifacts = Table(
    "artifacts",
    metadata,
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("run", "name"),
)

items = Table(
    "items",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("id", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("run", ForeignKey("runs.seq"), nullable=False),  # the newest that saw it
    Column("dataset", String, nullable=False),
    Column("type", String, nullable=False),
    Column("check_name", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("columns", String, nullable=False),
    Column("dimension", String, nullable=False),
    Column("flags", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("score", Float),
    Column("cells", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("decision", String, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("content", String, nullable=False),
    Column("words", String, nullable=False),  # what a search looks through, casefolded
    Column("created", String, nullable=False),
    Column("updated", String, nullable=False),
    Index("items_run", "run"),
    Index("items_type_decision", "type", "decision"),
    Index("items_created", "created"),
)

item_versions = Table(
    "item_versions",
    metadata,
    Column("item", ForeignKey("items.seq"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("run", ForeignKey("runs.seq"), nullable=False),
    Column("content", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
    PrimaryKeyConstraint("item", "version"),
)

item_runs = Table(
    "item_runs",
    metadata,
    Column("run", ForeignKey("runs.seq"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("item", ForeignKey("items.seq"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("applied", String, nullable=False),
    PrimaryKeyConstraint("run", "position"),
    UniqueConstraint("item", "run", name="item_runs_item"),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("item", ForeignKey("items.seq"), nullable=False),
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

change_sets = Table(
    "change_sets",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
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

writes = Table(
    "writes",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("change_set", ForeignKey("change_sets.id"), nullable=False),
    Column("target", String, nullable=False),  # without password
    Column("status", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_started", Float, nullable=False),
    Column("started", String, nullable=False),
    Column("finished", String),
    Column("body", LargeBinary, nullable=False),
    Index("writes_status", "status"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("when", String, nullable=False),
    Column("by", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", String, nullable=False),
)

metrics = Table(
    "metrics",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("at", String, nullable=False),
    Index("metrics_run", "run", "name"),
)

learning_resets = Table(
    "learning_resets",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("check_name", String, nullable=False),  # empty: every one
    Column("operation", String, nullable=False),
    Column("semantic", String, nullable=False),
    Column("when", String, nullable=False),
    Column("by", String, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Number, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("password", String, nullable=False),  # argon2 hash; empty: cannot sign in by password
    Column("disabled", Boolean, nullable=False),
    Column("created", String, nullable=False),
    Column("changed", String, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("digest", String, nullable=False, unique=True),  # SHA-256 of the cookie
    Column("user", String, nullable=False),
    Column("role", String, nullable=False),  # by a one-time link; empty: that of the user
    Column("created", String, nullable=False),
    Column("seen", String, nullable=False),
    Column("expires", String, nullable=False),
    Column("address", String, nullable=False),
    Column("agent", String, nullable=False),
    Index("sessions_user", "user"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("digest", String, nullable=False, unique=True),  # SHA-256 of the token
    Column("name", String, nullable=False),
    Column("user", String, nullable=False),
    Column("role", String, nullable=False),
    Column("created", String, nullable=False),
    Column("expires", String),
    Column("used", String),
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("verb", String, nullable=False),
    Column("subject", String, nullable=False),  # dataset, or the source as it may be shown
    Column("by", String, nullable=False),
    Column("status", String, nullable=False),
    Column("run", String, nullable=False),  # the newest run that it began; empty before
    Column("stage", String, nullable=False),
    Column("fraction", Float, nullable=False),
    Column("cancel", Boolean, nullable=False),  # somebody asked for its end
    Column("created", String, nullable=False),
    Column("started", String),
    Column("finished", String),
    Column("heartbeat", String),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_started", Float, nullable=False),
    Column("changed", Number, nullable=False),  # rises with every change of any job: what is new since
    Column("arguments", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    Column("error", LargeBinary, nullable=False),
    Index("jobs_status", "status"),
    Index("jobs_changed", "changed"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("source", LargeBinary, nullable=False),  # as it was named, with its options; no secret
    Column("interval", Integer, nullable=False),  # seconds
    Column("enabled", Boolean, nullable=False),
    Column("threshold", Float),  # of the score, below which an alert is raised
    Column("by", String, nullable=False),
    Column("created", String, nullable=False),
    Column("next", String, nullable=False),
    Column("last", String),
    Column("job", String, nullable=False),  # the newest; empty before
    Column("failures", Integer, nullable=False),  # one after the other
)

alerts = Table(
    "alerts",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("schedule", String, nullable=False),  # empty: of none
    Column("dataset", String, nullable=False),
    Column("run", String, nullable=False),
    Column("state", String, nullable=False),  # while it stays the same, nobody is told again
    Column("message", String, nullable=False),
    Column("created", String, nullable=False),
    Column("resolved", String),  # when it was no longer so
    Column("pending", Integer, nullable=False),  # deliveries that are still to be made
    Column("deliveries", LargeBinary, nullable=False),  # to whom, when, with what end
    Index("alerts_created", "created"),
)

matrices = Table(
    "matrices",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("run", String, nullable=False),  # that has read it
    Column("created", String, nullable=False),
    Column("body", LargeBinary, nullable=False),  # how large it is, its files, and what was found when it was read
    UniqueConstraint("name", "version"),
)

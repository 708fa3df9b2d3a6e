"""Items by number instead of name, words to search, scores, metrics, resets of learning, and a counter of writes."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, LargeBinary, String

revision = "0002"
down_revision = "0001"

NUMBER = BigInteger().with_variant(Integer, "sqlite")
OLD = ("decisions", "item_runs", "item_versions", "items")
INDEXES = (
    ("decisions_item", "decisions"),
    ("item_runs_position", "item_runs"),
    ("items_type_decision", "items"),
    ("items_created", "items"),
)
BATCH = 1000


def upgrade() -> None:
    """Make the new tables beside the old ones, carry everything over, and drop the old ones."""
    for index, table in INDEXES:
        op.drop_index(index, table)
    for table in OLD:
        op.rename_table(table, f"old_{table}")
    if op.get_bind().dialect.name == "postgresql":
        _prepare_postgresql()
    _make()
    _carry_over()
    for table in OLD:
        op.drop_table(f"old_{table}")


def _prepare_postgresql() -> None:
    """On PostgreSQL keys and sequences keep their names when their table is renamed, and stand in the way."""
    for table in OLD:
        op.execute(f"ALTER TABLE old_{table} RENAME CONSTRAINT {table}_pkey TO old_{table}_pkey")
    op.execute("ALTER SEQUENCE decisions_seq_seq RENAME TO old_decisions_seq_seq")
    for table in ("runs", "change_sets", "audit"):
        op.alter_column(table, "seq", type_=BigInteger)


def _make() -> None:
    op.create_table(
        "items",
        Column("seq", NUMBER, primary_key=True, autoincrement=False),
        Column("id", String, nullable=False, unique=True),
        Column("version", Integer, nullable=False),
        Column("run", NUMBER, ForeignKey("runs.seq"), nullable=False),
        *(Column(name, String, nullable=False) for name in ("dataset", "type", "check_name", "operation", "columns")),
        *(Column(name, String, nullable=False) for name in ("dimension", "flags")),
        Column("confidence", Float, nullable=False),
        Column("score", Float),
        Column("cells", Integer, nullable=False),
        Column("rows", Integer, nullable=False),
        *(Column(name, String, nullable=False) for name in ("decision", "decided_by", "reason", "content", "words")),
        *(Column(name, String, nullable=False) for name in ("created", "updated")),
    )
    op.create_index("items_run", "items", ["run"])
    op.create_index("items_type_decision", "items", ["type", "decision"])
    op.create_index("items_created", "items", ["created"])
    op.create_table(
        "item_versions",
        Column("item", NUMBER, ForeignKey("items.seq"), nullable=False),
        Column("version", Integer, nullable=False),
        Column("run", NUMBER, ForeignKey("runs.seq"), nullable=False),
        Column("content", String, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created", String, nullable=False),
        sa.PrimaryKeyConstraint("item", "version"),
    )
    op.create_table(
        "item_runs",
        Column("run", NUMBER, ForeignKey("runs.seq"), nullable=False),
        Column("position", Integer, nullable=False),
        Column("item", NUMBER, ForeignKey("items.seq"), nullable=False),
        Column("version", Integer, nullable=False),
        Column("applied", String, nullable=False),
        sa.PrimaryKeyConstraint("run", "position"),
        sa.UniqueConstraint("item", "run", name="item_runs_item"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decisions",
        Column("seq", NUMBER, primary_key=True, autoincrement=True),
        Column("item", NUMBER, ForeignKey("items.seq"), nullable=False),
        Column("version", Integer, nullable=False),
        Column("decision", String, nullable=False),
        Column("by", String, nullable=False),
        Column("gate", Boolean, nullable=False),
        Column("reason", String, nullable=False),
        Column("note", String, nullable=False),
        Column("rating", Integer),
        Column("explanation", LargeBinary, nullable=False),
        Column("when", String, nullable=False),
    )
    op.create_index("decisions_item", "decisions", ["item"])
    op.create_table(
        "metrics",
        Column("seq", NUMBER, primary_key=True, autoincrement=True),
        Column("run", String, ForeignKey("runs.id"), nullable=False),
        Column("name", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("value", Float, nullable=False),
        Column("at", String, nullable=False),
    )
    op.create_index("metrics_run", "metrics", ["run", "name"])
    op.create_table(
        "learning_resets",
        Column("seq", NUMBER, primary_key=True, autoincrement=True),
        *(Column(name, String, nullable=False) for name in ("check_name", "operation", "semantic", "when", "by")),
    )
    op.create_table("counters", Column("name", String, primary_key=True), Column("value", NUMBER, nullable=False))


def _carry_over() -> None:
    connection = op.get_bind()
    copied = (
        "dataset, type, check_name, operation, columns, dimension, flags, confidence, cells, rows, decision, "
        "decided_by, reason, content, created, updated"
    )
    fields = ", ".join(f"i.{name}" for name in copied.split(", "))
    for statement in (
        f"INSERT INTO items (seq, id, version, run, words, {copied}) "
        f"SELECT row_number() OVER (ORDER BY i.created, i.id), i.id, i.version, r.seq, '', {fields} "
        "FROM old_items AS i JOIN runs AS r ON r.id = i.run",
        "INSERT INTO item_versions (item, version, run, content, body, created) "
        "SELECT i.seq, v.version, r.seq, v.content, v.body, v.created "
        "FROM old_item_versions AS v JOIN items AS i ON i.id = v.item JOIN runs AS r ON r.id = v.run",
        "INSERT INTO item_runs (run, position, item, version, applied) "
        "SELECT r.seq, row_number() OVER (PARTITION BY r.seq ORDER BY l.position, l.item) - 1, i.seq, l.version, "
        "l.applied FROM old_item_runs AS l JOIN items AS i ON i.id = l.item JOIN runs AS r ON r.id = l.run",
        'INSERT INTO decisions (seq, item, version, decision, "by", gate, reason, note, rating, explanation, "when") '
        'SELECT d.seq, i.seq, d.version, d.decision, d."by", d.gate, d.reason, d.note, d.rating, d.explanation, '
        'd."when" FROM old_decisions AS d JOIN items AS i ON i.id = d.item',
        "INSERT INTO counters (name, value) VALUES ('writes', 0)",
    ):
        connection.execute(sa.text(statement))
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT setval('decisions_seq_seq', coalesce(max(seq), 0) + 1, false) FROM decisions")
        )
    for batch in _bodies(connection):
        connection.execute(
            sa.text("UPDATE items SET words = :words, score = :score WHERE seq = :seq"), [_told(*row) for row in batch]
        )


def _bodies(connection: sa.Connection) -> Iterator[list[Any]]:
    query = sa.text(
        "SELECT i.seq, v.body FROM items AS i JOIN item_versions AS v ON v.item = i.seq AND v.version = i.version "
        "WHERE i.seq > :after ORDER BY i.seq LIMIT :batch"
    )
    after = 0
    while rows := list(connection.execute(query, {"after": after, "batch": BATCH})):
        yield rows
        after = rows[-1][0]


def _told(seq: int, body: bytes) -> dict[str, Any]:
    item = msgspec.json.decode(body)
    texts = [item.get("title", ""), item.get("summary", "")]
    texts += [each.get("text", "") for each in item.get("claims", [])]
    for each in item.get("evidence", []):
        texts += [each.get("text", ""), each.get("source", "")]
    words = "\n".join(filter(None, texts)).casefold()
    return {"seq": seq, "words": words, "score": item.get("scores", {}).get("total")}

"""What a database holds, as its catalogue says."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
import sqlalchemy as sa

from tablemend.databases import introspection
from tablemend.databases.database import Database
from tablemend.errors import MissingObject
from tablemend.records import ForeignKey

NUMBERED = {
    "postgresql": "id serial PRIMARY KEY",
    "mysql": "id integer AUTO_INCREMENT PRIMARY KEY",
    "sqlite": "id integer PRIMARY KEY AUTOINCREMENT",
    "duckdb": "id integer PRIMARY KEY DEFAULT nextval('numbers')",
}
TRIGGERS = {
    "postgresql": (
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER watch BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION nothing()",
    ),
    "mysql": ("CREATE TRIGGER watch BEFORE UPDATE ON child FOR EACH ROW SET NEW.code = NEW.code",),
    "sqlite": ("CREATE TRIGGER watch BEFORE UPDATE ON child BEGIN SELECT 1; END",),
    "duckdb": (),
}
GENERATED = {"duckdb": "doubled integer", "mysql": "doubled integer AS (amount * 2) STORED"}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Two tables and a view with everything that is told."""
    with Database(database_url) as opened:
        kind = opened.kind
        doubled = GENERATED.get(kind, "doubled integer GENERATED ALWAYS AS (amount * 2) STORED")
        with opened.transaction() as connection:
            if kind == "duckdb":
                connection.exec_driver_sql("CREATE SEQUENCE numbers")
            for statement in (
                "CREATE TABLE parent (a integer, b integer, PRIMARY KEY (a, b))",
                f"CREATE TABLE child ({NUMBERED[kind]}, a integer NOT NULL, b integer, amount integer DEFAULT 5, "
                f"code varchar(10) NOT NULL UNIQUE, {doubled}, FOREIGN KEY (a, b) REFERENCES parent (a, b))",
                "CREATE INDEX by_amount ON child (amount, b)",
                "CREATE VIEW seen AS SELECT id, code FROM child",
                *TRIGGERS[kind],
                "INSERT INTO parent VALUES (1, 2)",
                "INSERT INTO child (id, a, b, code) VALUES (41, 1, 2, 'x')",
            ):
                connection.execute(sa.text(statement))
        yield opened


def test_tables_and_views_are_listed(database: Database) -> None:
    found = introspection.tables(database)
    assert [(each.name, each.kind) for each in found] == [("child", "table"), ("parent", "table"), ("seen", "view")]


def test_a_table_is_described(database: Database) -> None:
    found = introspection.describe(database, "child")
    columns = {column.name: column for column in found.columns}
    assert list(columns) == ["id", "a", "b", "amount", "code", "doubled"]
    assert [name for name, column in columns.items() if not column.nullable] == ["id", "a", "code"]
    assert {name for name, column in columns.items() if column.numbered} == {"id"}
    assert columns["amount"].default == "5"
    assert {name for name, column in columns.items() if column.generated} == (
        set() if database.kind == "duckdb" else {"doubled"}
    )
    assert found.primary_key == ("id",)
    assert found.unique == (("code",),)
    assert found.foreign_keys == (ForeignKey(columns=("a", "b"), table="parent", parents=("a", "b"), declared=True),)
    assert {index.name: index.columns for index in found.indexes}["by_amount"] == ("amount", "b")
    assert found.triggers == (() if database.kind == "duckdb" else ("watch",))


def test_a_view_is_described(database: Database) -> None:
    found = introspection.describe(database, "seen")
    assert (found.kind, found.primary_key, found.indexes) == ("view", (), ())
    assert [column.name for column in found.columns] == ["id", "code"]


def test_what_is_missing_is_an_error_that_says_what_there_is(database: Database) -> None:
    with pytest.raises(MissingObject, match="has no table 'chlid'") as caught:
        introspection.describe(database, "chlid")
    assert "'child'" in str(caught.value.hint)
    with pytest.raises(MissingObject, match="nowhere"):
        introspection.describe(database, "child", "nowhere")


def test_a_table_in_another_schema_is_described(database: Database) -> None:
    if database.kind == "sqlite":
        pytest.skip("SQLite has no schemas but attached files")
    other = f"{introspection.describe(database, 'child').schema}_other"
    with database.transaction() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {other}")
        connection.exec_driver_sql(f"CREATE TABLE {other}.child (lonely integer)")
    try:
        found = introspection.describe(database, "child", other)
        assert (found.schema, [column.name for column in found.columns]) == (other, ["lonely"])
    finally:
        with database.transaction() as connection:
            connection.exec_driver_sql(f"DROP TABLE {other}.child")
            connection.exec_driver_sql(f"DROP SCHEMA {other}")


def test_a_sequence_behind_its_column_is_seen(database: Database) -> None:
    (found,) = introspection.sequences(database)
    assert (found.table, found.column, found.maximum) == ("child", "id", 41)
    counts_itself = database.kind in ("mysql", "sqlite")  # whose counters follow what is inserted
    assert found.behind == (not counts_itself)
    assert found.last == (41 if counts_itself else None)


def test_names_with_every_mark_are_described(database: Database) -> None:
    name = 'a "b" `c` %(d)s :e 100%'
    quote = database.dialect.identifier_preparer.quote
    table = sa.Table(name, sa.MetaData(), sa.Column(name, sa.Integer, primary_key=True, autoincrement=False))
    with database.transaction() as connection:
        if database.kind == "duckdb":
            connection.exec_driver_sql(f"CREATE TABLE {quote(name)} ({quote(name)} integer PRIMARY KEY)")
        else:
            table.create(connection)
    found = introspection.describe(database, name)
    assert (found.columns[0].name, found.primary_key) == (name, (name,))


def test_the_schema_of_arrow_follows_the_catalogue(database: Database) -> None:
    from tablemend.databases.types import arrow_schema

    found = arrow_schema(introspection.describe(database, "child"))
    whole = pa.int64() if database.kind == "sqlite" else pa.int32()
    assert found.field("a") == pa.field("a", whole, nullable=False)
    assert found.field("code") == pa.field("code", pa.string(), nullable=False)

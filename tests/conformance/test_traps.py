"""Where one database surprises: its own types, sessions and numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

import servers
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import CountMismatch, DataRefused


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Database]:
    with servers.database("postgresql", tmp_path) as url, Database(url) as opened:
        yield opened


@pytest.fixture
def mysql(tmp_path: Path) -> Iterator[Database]:
    with servers.database("mysql", tmp_path) as url, Database(url) as opened:
        yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with servers.database("sqlite", tmp_path) as url, Database(url) as opened:
        yield opened


def run(database: Database, *statements: str) -> None:
    with database.transaction() as connection:
        for each in statements:
            connection.exec_driver_sql(each)


def one(database: Database, expression: str) -> object:
    (value,) = bulk.read_table(database, f"SELECT {expression} AS x")["x"].to_pylist()
    return value


def test_postgresql_reads_what_arrow_has_no_type_for_as_its_text(postgresql: Database) -> None:
    assert one(postgresql, "inet '1.1.1.1/8'") == "1.1.1.1/8"
    assert one(postgresql, "12.5::money::numeric::money").endswith("12.50")
    assert one(postgresql, "interval '1 month 2 days 3 hours'") == "1 mon 2 days 03:00:00"
    assert one(postgresql, "'c0ffee00-0000-0000-0000-000000000000'::uuid") == "c0ffee00-0000-0000-0000-000000000000"
    assert one(postgresql, "'{\"a\":  1}'::json") == '{"a":  1}'
    assert one(postgresql, "int4range(1, 5)") == "[1,5)"
    assert one(postgresql, "B'101'") == "101"
    assert one(postgresql, "4294967295::oid") == "4294967295"
    assert one(postgresql, "timetz '10:00+02'") == "10:00:00+02"


def test_postgresql_reads_numbers_exactly(postgresql: Database) -> None:
    found = bulk.read_table(postgresql, "SELECT 1.10::numeric(12, 2) AS a, 1e-30::numeric AS b, ARRAY[1.5] AS c")
    assert found.schema.types == [pa.decimal128(12, 2), pa.string(), pa.list_(pa.string())]
    assert found.to_pylist() == [{"a": Decimal("1.10"), "b": "0." + "0" * 29 + "1", "c": ["1.5"]}]
    with pytest.raises(DataRefused, match="no decimal"):
        bulk.read_table(postgresql, "SELECT 'NaN'::numeric(5, 2) AS a")


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_postgresql_refuses_infinite_dates(postgresql: Database, kind: str, sign: str) -> None:
    with pytest.raises(DataRefused, match="holds infinity"):
        bulk.read_table(postgresql, f"SELECT '{sign}infinity'::{kind} AS x")


def test_postgresql_refuses_arrays_of_arrays_instead_of_flattening_them(postgresql: Database) -> None:
    assert one(postgresql, "ARRAY[1, NULL]") == [1, None]
    assert one(postgresql, "ARRAY['a', NULL]") == ["a", None]
    with pytest.raises(Exception, match="holds an array of 2 dimensions"):
        bulk.read_table(postgresql, "SELECT ARRAY[[1, 2], [3, 4]] AS x")


def test_postgresql_keeps_moments_whatever_the_zone_of_the_session(postgresql: Database) -> None:
    run(postgresql, "CREATE TABLE moment (id int, at timestamptz)")
    moment = dt.datetime(2020, 7, 1, 12, tzinfo=dt.UTC)
    table = pa.table({"id": pa.array([1], pa.int32()), "at": pa.array([moment], pa.timestamp("us", "Asia/Tokyo"))})
    with postgresql.transaction() as connection:
        connection.exec_driver_sql("SET LOCAL TIME ZONE 'America/New_York'")
        bulk.insert(connection, (None, "moment"), table)
    assert bulk.read_table(postgresql, (None, "moment"))["at"].to_pylist() == [moment]
    with pytest.raises(DataRefused, match="do not say in which zone"):
        bulk.insert(postgresql, (None, "moment"), table.set_column(1, "at", pa.array([0], pa.timestamp("us"))))


def test_postgresql_takes_the_numbers_of_identity_columns(postgresql: Database) -> None:
    run(postgresql, "CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)")
    assert bulk.insert(postgresql, (None, "numbered"), pa.table({"id": [7], "v": ["a"]})) == 1
    assert bulk.insert(postgresql, (None, "numbered"), pa.table({"v": ["b"]})) == 1
    outcome = bulk.upsert(postgresql, (None, "numbered"), ["id"], pa.table({"id": [7, 9], "v": ["c", "d"]}))
    assert (outcome.updated, outcome.inserted) == (1, 1)
    assert sorted(bulk.read_table(postgresql, (None, "numbered"))["id"].to_pylist()) == [1, 7, 9]


def test_postgresql_holds_a_trigger_that_drops_rows_to_account(postgresql: Database) -> None:
    run(
        postgresql,
        "CREATE TABLE dropped (id int PRIMARY KEY, v text)",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    )
    bulk.insert(postgresql, (None, "dropped"), pa.table({"id": [1], "v": ["a"]}))
    run(postgresql, "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON dropped FOR EACH ROW EXECUTE FUNCTION refuse()")
    with pytest.raises(Exception, match="1 rows were handed over"):
        bulk.insert(postgresql, (None, "dropped"), pa.table({"id": [2], "v": ["b"]}))
    with pytest.raises(CountMismatch, match="1 rows were to be changed"):
        bulk.update(postgresql, (None, "dropped"), ["id"], pa.table({"id": [1], "v": ["b"]}))


def test_postgresql_looks_into_the_schema_that_is_named(postgresql: Database) -> None:
    (schema,) = bulk.read_table(postgresql, "SELECT current_schema()::text AS s")["s"].to_pylist()
    run(postgresql, 'CREATE TABLE "Named" (id int)')
    assert bulk.insert(postgresql, (schema, "Named"), pa.table({"id": [1]})) == 1
    assert bulk.read_table(postgresql, (schema, "Named")).num_rows == 1


def test_mysql_keeps_zero_in_a_column_that_numbers_itself(mysql: Database) -> None:
    run(mysql, "CREATE TABLE numbered (id int AUTO_INCREMENT PRIMARY KEY, v text)")
    bulk.insert(mysql, (None, "numbered"), pa.table({"id": [0, 5], "v": ["a", "b"]}))
    assert bulk.read_table(mysql, (None, "numbered"))["id"].to_pylist() == [0, 5]


def test_mysql_bits_come_back_as_the_number_that_was_written(mysql: Database) -> None:
    run(mysql, "CREATE TABLE bits (v bit(3), w bit(64))")
    table = pa.table({"v": pa.array([5, None], pa.uint64()), "w": pa.array([2**64 - 1, 0], pa.uint64())})
    bulk.insert(mysql, (None, "bits"), table)
    assert bulk.read_table(mysql, (None, "bits")).equals(table)


def test_mysql_leaves_the_session_as_it_was(mysql: Database) -> None:
    run(mysql, "CREATE TABLE plain (id int PRIMARY KEY)")
    with mysql.transaction() as connection:
        before = connection.exec_driver_sql("SELECT @@sql_mode, @@time_zone").one()
        bulk.insert(connection, (None, "plain"), pa.table({"id": [1]}))
        with pytest.raises(Exception, match="Duplicate"):
            bulk.insert(connection, (None, "plain"), pa.table({"id": [1]}))
        assert connection.exec_driver_sql("SELECT @@sql_mode, @@time_zone").one() == before


def test_mysql_writes_backslashes_in_either_mode(mysql: Database) -> None:
    run(mysql, "CREATE TABLE slashes (v text)")
    with mysql.transaction() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")
        bulk.insert(connection, (None, "slashes"), pa.table({"v": ["\\'", "\\"]}))
        connection.exec_driver_sql("SET SESSION sql_mode = replace(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')")
    bulk.insert(mysql, (None, "slashes"), pa.table({"v": ["\\'", "\\"]}))
    assert bulk.read_table(mysql, (None, "slashes"))["v"].to_pylist() == ["\\'", "\\"] * 2


def test_mysql_tells_keys_apart_that_its_collation_calls_equal(mysql: Database) -> None:
    run(mysql, "CREATE TABLE named (name varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v int)")
    bulk.insert(mysql, (None, "named"), pa.table({"name": ["Ann"], "v": [1]}))
    outcome = bulk.update(mysql, (None, "named"), ["name"], pa.table({"name": ["ann"], "v": [2]}))
    assert (outcome.updated, outcome.missing) == (0, 1)


def test_sqlite_refuses_decimals_for_a_column_that_would_round_them(sqlite: Database) -> None:
    run(sqlite, "CREATE TABLE price (id INTEGER PRIMARY KEY, p DECIMAL(30, 10), q TEXT)")
    exact = pa.array([Decimal("12345678901234567890.1234567891")], pa.decimal128(38, 10))
    with pytest.raises(DataRefused, match="binary floating point"):
        bulk.insert(sqlite, (None, "price"), pa.table({"id": [1], "p": exact}))
    assert bulk.insert(sqlite, (None, "price"), pa.table({"id": [1], "q": exact})) == 1
    assert bulk.read_table(sqlite, (None, "price"))["q"].to_pylist() == ["12345678901234567890.1234567891"]


def test_sqlite_refuses_what_is_larger_than_its_integers(sqlite: Database) -> None:
    run(sqlite, "CREATE TABLE big (n INTEGER)")
    with pytest.raises(DataRefused, match="above 9,223,372,036,854,775,807"):
        bulk.insert(sqlite, (None, "big"), pa.table({"n": pa.array([2**63], pa.uint64())}))


def test_sqlite_columns_of_mixed_values_are_refused_or_exact(sqlite: Database) -> None:
    run(sqlite, "CREATE TABLE mixed (n)", "INSERT INTO mixed VALUES (1), (1.5), (NULL)")
    assert bulk.read_table(sqlite, (None, "mixed"))["n"].to_pylist() == [1.0, 1.5, None]
    run(sqlite, "INSERT INTO mixed VALUES (9007199254740993)")
    with pytest.raises(DataRefused, match="several types, from integer to real"):
        bulk.read_table(sqlite, (None, "mixed"))
    run(sqlite, "DELETE FROM mixed", "INSERT INTO mixed VALUES (1), ('a')")
    with pytest.raises(DataRefused, match="several types, from integer to text"):
        bulk.read_table(sqlite, (None, "mixed"))

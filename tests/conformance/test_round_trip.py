"""What is written is what is read, in every database."""

from __future__ import annotations

import secrets

import pyarrow as pa
import pytest
from arrow_values import same, tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablemend.databases import bulk
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.databases.database import Database
from tablemend.errors import ConstraintBroken, DatabaseError, DataRefused, MissingObject

ODD = ['a "b"', "SELECT", "Größe", "x`y", "br[a]ce{d}", "100%", "semi;--", "$1 :a ?"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_table_of_the_supported_types_comes_back(database: Database, data: st.DataObject) -> None:
    table = data.draw(tables(DIALECTS[database.kind]))
    name = (None, f"t{secrets.token_hex(6)}")
    bulk.create(database, name, table.schema)
    assert bulk.insert(database, name, table) == table.num_rows
    assert same(bulk.read_table(database, name), table)
    with database.transaction() as connection:
        connection.exec_driver_sql(f"DROP TABLE {name[1]}")


def test_odd_names_of_tables_and_columns_are_only_names(database: Database) -> None:
    table = pa.table({name: [1, None] for name in ODD} | {"row": [0, 1]})
    for odd in ODD:
        bulk.create(database, (None, odd), table.schema)
        assert bulk.insert(database, (None, odd), table) == 2
        assert same(bulk.read_table(database, (None, odd)), table)
        key = pa.table({"row": [1], ODD[0]: [7]})
        assert bulk.update(database, (None, odd), ["row"], key).updated == 1
        assert bulk.delete(database, (None, odd), ["row"], key).deleted == 1


def test_no_rows_are_no_error(database: Database) -> None:
    table = pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())})
    bulk.create(database, (None, "empty"), table.schema, key=["a"])
    assert bulk.insert(database, (None, "empty"), table) == 0
    assert bulk.update(database, (None, "empty"), ["a"], table).total == 0
    assert bulk.upsert(database, (None, "empty"), ["a"], table).total == 0
    assert bulk.delete(database, (None, "empty"), ["a"], table).total == 0
    assert bulk.read_table(database, (None, "empty")).num_rows == 0


def test_null_the_empty_text_and_odd_text_stay_apart(database: Database) -> None:
    texts = [
        None,
        "",
        "NULL",
        "\\N",
        "\\.",
        "a\n\\.\nb",
        "\\",
        "'",
        '"',
        "''",
        "\t\r\n",
        " x ",
        "%s",
        "🙂",
        "\u200b",
        "a,b",
    ]
    for name, kept in (("many", texts), ("one", ["\\."]), ("none", [None])):
        table = pa.table({"row": range(len(kept)), "text": pa.array(kept, pa.string())})
        bulk.create(database, (None, name), table.schema)
        bulk.insert(database, (None, name), table)
        assert same(bulk.read_table(database, (None, name)), table)


def test_a_table_of_one_text_column_keeps_its_nulls(database: Database) -> None:
    table = pa.table({"text": pa.array([None, "", None, "x"])})
    bulk.create(database, (None, "single"), table.schema)
    assert bulk.insert(database, (None, "single"), table) == 4
    back = bulk.read_table(database, (None, "single"))["text"].to_pylist()
    assert sorted(back, key=repr) == sorted(["", None, None, "x"], key=repr)


def test_a_value_of_five_megabytes_passes(database: Database) -> None:
    table = pa.table(
        {"row": [0, 1], "text": ["é" * 2_500_000, "x"], "bytes": pa.array([bytes(range(256)) * 20_000, b""])}
    )
    bulk.create(database, (None, "huge"), table.schema)
    assert bulk.insert(database, (None, "huge"), table) == 2
    assert same(bulk.read_table(database, (None, "huge")), table)


def test_more_rows_than_a_batch_stream_in_and_out(database: Database) -> None:
    table = pa.table({"row": pa.array(range(150_000), pa.int64()), "text": [f"n{n}" for n in range(150_000)]})
    bulk.create(database, (None, "long"), table.schema)
    assert bulk.insert(database, (None, "long"), table.to_reader(max_chunksize=40_000)) == 150_000
    with bulk.read(database, (None, "long"), batch_rows=10_000) as reader:
        batches = list(reader)
    assert max(each.num_rows for each in batches) <= 10_000
    assert same(pa.Table.from_batches(batches), table)


def test_of_a_table_or_query_only_the_first_rows_are_read(database: Database) -> None:
    table = pa.table({"row": range(100), "text %s": [f"{n}" for n in range(100)]})
    bulk.create(database, (None, "long :one"), table.schema, key=["row"])
    bulk.insert(database, (None, "long :one"), table)
    found = bulk.read(database, (None, "long :one"), order=["row"], first=7).read_all()
    assert same(found, table.slice(0, 7))
    query = f"SELECT * FROM {DIALECTS[database.kind].quoted('long :one')} -- all of it"
    assert bulk.read(database, query, first=3).read_all().num_rows == 3
    assert bulk.read(database, query, first=1_000).read_all().num_rows == 100


def test_a_reader_that_is_left_gives_its_connection_back(database: Database) -> None:
    table = pa.table({"row": pa.array(range(20_000), pa.int64())})
    bulk.create(database, (None, "left"), table.schema)
    bulk.insert(database, (None, "left"), table)
    reader = bulk.read(database, (None, "left"), batch_rows=100)
    reader.read_next_batch()
    assert _in_use(database) == 1
    del reader
    assert _in_use(database) == 0
    assert bulk.read_table(database, (None, "left")).num_rows == 20_000


def _in_use(database: Database) -> int:
    adbc = database.adbc_statistics()
    return database.statistics().in_use + (adbc.in_use if adbc else 0)


def test_parameters_are_values(database: Database) -> None:
    table = pa.table({"row": [1, 2, 3], "text": ["x", "O'Brien :b", "100%"]})
    bulk.create(database, (None, "asked"), table.schema)
    bulk.insert(database, (None, "asked"), table)
    query = "SELECT text FROM asked WHERE (row = :a OR text = :b) AND text NOT LIKE 'q%' ORDER BY row"
    if database.kind == "mysql":
        query = query.replace("row", "`row`")
    found = bulk.read_table(database, query, params={"a": 1, "b": "O'Brien :b"})
    assert found["text"].to_pylist() == ["x", "O'Brien :b"]


def test_text_that_is_no_text_is_refused(database: Database) -> None:
    surrogate = pa.Array.from_buffers(pa.string(), 1, pa.array([b"a\xed\xa0\x80b"]).buffers())
    table = pa.table({"text": surrogate})
    bulk.create(database, (None, "broken"), table.schema)
    with pytest.raises(DataRefused, match="no UTF-8 text"):
        bulk.insert(database, (None, "broken"), table)
    assert bulk.read_table(database, (None, "broken")).num_rows == 0


@pytest.mark.parametrize(("what", "value"), [("nul", "a\0b"), ("nan", float("nan")), ("infinity", float("inf"))])
def test_what_a_database_cannot_hold_is_refused_and_the_rest_is_held(
    database: Database, what: str, value: object
) -> None:
    table = pa.table({"row": [0, 1], "value": [None, value]})
    bulk.create(database, (None, "special"), table.schema)
    if what in DIALECTS[database.kind].refused:
        with pytest.raises(DataRefused, match=r"cannot hold .* in column 'value' \(row 1"):
            bulk.insert(database, (None, "special"), table)
    else:
        bulk.insert(database, (None, "special"), table)
        assert same(bulk.read_table(database, (None, "special")), table)


def test_times_finer_than_a_microsecond_are_refused(database: Database) -> None:
    table = pa.table({"at": pa.array([1_000_000_001], pa.timestamp("ns"))})
    bulk.create(database, (None, "fine"), table.schema)
    with pytest.raises(DataRefused, match="finer than a microsecond"):
        bulk.insert(database, (None, "fine"), table)


def test_an_unknown_table_or_column_is_named(database: Database) -> None:
    table = pa.table({"a": [1], "b": [2]})
    with pytest.raises(MissingObject, match="no table nowhere"):
        bulk.insert(database, (None, "nowhere"), table)
    with pytest.raises(MissingObject, match="no table nowhere"):
        bulk.read(database, (None, "nowhere"))
    bulk.create(database, (None, "known"), table.select(["a"]).schema)
    with pytest.raises(DataRefused, match="no column 'b'; it has a"):
        bulk.insert(database, (None, "known"), table)


def test_a_row_that_breaks_a_constraint_takes_all_rows_back(database: Database) -> None:
    table = pa.table({"a": pa.array([1, 2, 1], pa.int64())})
    bulk.create(database, (None, "strict"), table.schema, key=["a"])
    with pytest.raises(ConstraintBroken):
        bulk.insert(database, (None, "strict"), table)
    assert bulk.read_table(database, (None, "strict")).num_rows == 0


def test_rows_go_with_the_open_transaction(database: Database) -> None:
    table = pa.table({"a": [1]})
    bulk.create(database, (None, "whole"), table.schema)
    with pytest.raises(RuntimeError), database.transaction() as connection:  # noqa: PT012
        assert bulk.insert(connection, (None, "whole"), table) == 1
        raise RuntimeError
    assert bulk.read_table(database, (None, "whole")).num_rows == 0


def test_a_connection_without_a_transaction_is_refused(database: Database) -> None:
    with database.connect() as connection, pytest.raises(DatabaseError, match="need an open transaction"):
        bulk.insert(connection, (None, "any"), pa.table({"a": [1]}))


def test_columns_that_the_database_computes_are_left_out(database: Database) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE computed (a bigint PRIMARY KEY, b bigint, c bigint GENERATED ALWAYS AS (b + 1) "
            + ("VIRTUAL)" if database.kind == "duckdb" else "STORED)")
        )
    table = pa.table({"a": [1, 2], "b": [10, 20], "c": [0, 0]})
    assert bulk.insert(database, (None, "computed"), table) == 2
    assert bulk.update(database, (None, "computed"), ["a"], table.set_column(1, "b", pa.array([30, 40]))).updated == 2
    assert sorted(bulk.read_table(database, (None, "computed"))["c"].to_pylist()) == [31, 41]


@pytest.mark.lacks("list")
def test_lists_are_held(database: Database) -> None:
    table = pa.table({"row": [0, 1, 2], "list": pa.array([[1, None], [], None], pa.list_(pa.int64()))})
    bulk.create(database, (None, "lists"), table.schema)
    bulk.insert(database, (None, "lists"), table)
    assert same(bulk.read_table(database, (None, "lists")), table)


@pytest.mark.lacks("structure")
def test_structures_are_held(database: Database) -> None:
    table = pa.table({"row": [0], "structure": [{"a": 1}]})
    bulk.create(database, (None, "structures"), table.schema)
    bulk.insert(database, (None, "structures"), table)
    assert same(bulk.read_table(database, (None, "structures")), table)

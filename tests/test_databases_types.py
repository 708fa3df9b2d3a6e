"""The Arrow type of every type of a database."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import servers
from tablemend.databases.database import Database
from tablemend.databases.introspection import describe
from tablemend.databases.types import TYPES, arrow_schema, arrow_type
from tablemend.errors import DatabaseError

POSTGRESQL = {
    "smallint": pa.int16(),
    "numeric(10,2)": pa.decimal128(10, 2),
    "numeric(50,4)": pa.decimal256(50, 4),
    "numeric": pa.string(),
    "timestamp(3) with time zone": pa.timestamp("us", "UTC"),
    "timestamp without time zone": pa.timestamp("us"),
    "time with time zone": pa.string(),
    "interval day to second": pa.string(),
    "interval": pa.string(),
    "uuid": pa.string(),
    "jsonb": pa.string(),
    "bytea": pa.binary(),
    "integer[]": pa.list_(pa.int32()),
    "numeric(4,1)[]": pa.list_(pa.decimal128(4, 1)),
    "bit(3)": pa.string(),
    "oid": pa.uint32(),
    "tsvector": pa.string(),
    "int4range": pa.string(),
    "point": pa.string(),
    '"char"': pa.string(),
}
MYSQL = {
    "tinyint(1)": pa.int8(),
    "int(10) unsigned": pa.uint32(),
    "bigint(20) unsigned zerofill": pa.uint64(),
    "decimal(65,30)": pa.decimal256(65, 30),
    "datetime(6)": pa.timestamp("us"),
    "timestamp": pa.timestamp("us", "UTC"),
    "time(3)": pa.duration("us"),
    "year(4)": pa.int16(),
    "bit(64)": pa.uint64(),
    "enum('a','it''s ) unsigned')": pa.string(),
    "set('a','b')": pa.string(),
    "varbinary(16)": pa.binary(),
    "double": pa.float64(),
    "json": pa.string(),
}
DUCKDB = {
    "DECIMAL(18,3)": pa.decimal128(18, 3),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    "TIMESTAMP_NS": pa.timestamp("ns"),
    "HUGEINT": pa.decimal256(39, 0),
    "INTEGER[][]": pa.list_(pa.list_(pa.int32())),
    "DOUBLE[3]": pa.list_(pa.float64(), 3),
    'STRUCT(a INTEGER, "b, c" DECIMAL(4,1)[])': pa.struct({"a": pa.int32(), "b, c": pa.list_(pa.decimal128(4, 1))}),
    "MAP(VARCHAR, STRUCT(x BIGINT))": pa.map_(pa.string(), pa.struct({"x": pa.int64()})),
    "ENUM('a[]', 'b)')": pa.string(),
    "UNION(a INTEGER, b VARCHAR)": pa.string(),
}
SQLITE = {
    "BIGINT": pa.int64(),
    "varchar(10)": pa.string(),
    "": pa.string(),
    "DOUBLE": pa.float64(),
    "BLOB": pa.binary(),
}
MSSQL = {"datetime2(7)": pa.string(), "datetime2(3)": pa.timestamp("us"), "decimal(38,10)": pa.decimal128(38, 10)}
SNOWFLAKE = {"NUMBER(38,0)": pa.decimal128(38, 0), "TIMESTAMP_LTZ": pa.timestamp("ns", "UTC"), "VARIANT": pa.string()}
ALL = {
    "postgresql": POSTGRESQL,
    "mysql": MYSQL,
    "duckdb": DUCKDB,
    "sqlite": SQLITE,
    "mssql": MSSQL,
    "snowflake": SNOWFLAKE,
}


@pytest.mark.parametrize(("kind", "declared"), [(kind, each) for kind, types in ALL.items() for each in types])
def test_a_declared_type_has_its_arrow_type(kind: str, declared: str) -> None:
    assert arrow_type(kind, declared) == ALL[kind][declared]


@pytest.mark.parametrize("kind", ["mysql", "duckdb"])
def test_a_type_that_is_not_known_is_an_error(kind: str) -> None:
    with pytest.raises(DatabaseError, match="hologram"):
        arrow_type(kind, "hologram(3)")


@given(st.integers(1, 38), st.data())
def test_the_digits_of_a_decimal_are_kept_everywhere(precision: int, data: st.DataObject) -> None:
    scale = data.draw(st.integers(0, precision))
    declared = {
        "postgresql": "numeric",
        "mysql": "decimal",
        "duckdb": "DECIMAL",
        "mssql": "decimal",
        "snowflake": "NUMBER",
    }
    for kind, name in declared.items():
        assert arrow_type(kind, f"{name}({precision},{scale})") == pa.decimal128(precision, scale)


EXACT = sorted(set(TYPES["duckdb"]) - {"hugeint", "uhugeint", "interval", "enum", "union", "bignum", "bit", "time_ns"})


def test_the_types_of_duckdb_are_those_that_it_gives_itself(tmp_path: Path) -> None:
    columns = ", ".join(f'"{name}" {name}' for name in EXACT if name not in ("uuid", "json", "time with time zone"))
    with servers.database("duckdb", tmp_path) as url, Database(url) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql(f"CREATE TABLE t ({columns})")
        with database.connect() as connection:
            raw = database.raw(connection)
            raw.execute("SET TimeZone = 'UTC'")
            given = raw.sql("SELECT * FROM t").to_arrow_table().schema
        found = arrow_schema(describe(database, "t"))
    plain = [pa.string() if pa.types.is_large_string(each) else each for each in given.types]
    assert dict(zip(found.names, found.types, strict=True)) == dict(zip(given.names, plain, strict=True))


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_takes_every_type_of_the_table_and_spells_it_alike(kind: str, tmp_path: Path) -> None:
    special = {"enum": "enum ('a')", "set": "set ('a')", "varchar": "varchar(9)", "varbinary": "varbinary(9)"}
    if kind == "postgresql":
        special = {"enum": None}
    wanted = {name: special.get(name, name) for name in TYPES[kind]}
    columns = ", ".join(f"c{n} {written} NULL" for n, written in enumerate(wanted.values()) if written)
    with servers.database(kind, tmp_path) as url, Database(url) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql(f"CREATE TABLE t ({columns})")
        found = arrow_schema(describe(database, "t"))
        for n, (name, written) in enumerate(wanted.items()):
            if written:
                assert found.field(f"c{n}").type == arrow_type(kind, name), name

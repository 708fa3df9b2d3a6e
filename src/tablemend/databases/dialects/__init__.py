"""What the kinds of database differ in: one record for each, by the same fields."""

from __future__ import annotations

from tablemend.databases.dialects import duckdb, mssql, mysql, postgresql, snowflake, sqlite
from tablemend.databases.dialects.dialect import Dialect

DIALECTS: dict[str, Dialect] = {
    "duckdb": duckdb.DIALECT,
    "mssql": mssql.DIALECT,
    "mysql": mysql.DIALECT,
    "postgresql": postgresql.DIALECT,
    "snowflake": snowflake.DIALECT,
    "sqlite": sqlite.DIALECT,
}

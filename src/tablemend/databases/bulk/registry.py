"""The dialects of all databases."""

from __future__ import annotations

from tablemend.databases.bulk import duckdb, mssql, mysql, postgresql, snowflake, sqlite

DIALECTS = {each.DIALECT.kind: each.DIALECT for each in (postgresql, mysql, sqlite, duckdb, mssql, snowflake)}
"""Kind of database → what it can do in bulk."""

KINDS = {**{kind: kind for kind in DIALECTS}, "mariadb": "mysql"}
"""SQLAlchemy's name → kind of database."""

"""Small helpers to write SQL text: quoting of names and values, nothing more."""

from collections.abc import Iterable

from tablemend.records import Value


def name(identifier: str) -> str:
    """Quote an identifier, as DuckDB, PostgreSQL, SQLite and Spark (ANSI mode) read it."""
    return '"' + identifier.replace('"', '""') + '"'


def names(identifiers: Iterable[str]) -> str:
    """Quote several identifiers, separated by commas."""
    return ", ".join(name(each) for each in identifiers)


def literal(value: Value) -> str:
    """Write a value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


def literals(values: Iterable[Value]) -> str:
    """Write several values as literals, separated by commas."""
    return ", ".join(literal(each) for each in values)

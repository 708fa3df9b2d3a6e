"""DuckDB, by a dialect of SQLAlchemy of our own: there is none that keeps up with DuckDB."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import default

from tablemend.databases.dialects.catalogue import queries
from tablemend.databases.dialects.dialect import Dialect, Rule, mode
from tablemend.databases.dialects.duckdb_driver import Connection
from tablemend.errors import MissingObject

sa.dialects.registry.register("duckdb.tablemend", __name__, "DuckDBDialect")


class DuckDBDialect(default.DefaultDialect):
    """Statements and transactions; what the database holds is read from its catalogue, not by the inspector."""

    name = "duckdb"
    driver = "tablemend"
    supports_statement_cache = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_multivalues_insert = True
    default_schema_name = "main"
    default_paramstyle = "qmark"

    @classmethod
    def import_dbapi(cls) -> Any:
        """The module of DuckDB."""
        import duckdb

        return duckdb

    def _get_server_version_info(self, connection: sa.Connection) -> tuple[int, ...]:
        version = str(connection.exec_driver_sql("SELECT version()").scalar_one())
        return tuple(int(part) for part in version.lstrip("v").split("-")[0].split("."))

    def _get_default_schema_name(self, connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())

    def get_driver_connection(self, connection: Any) -> Any:
        """The connection of DuckDB itself."""
        return connection.driver

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back where there is something to roll back."""
        try:
            dbapi_connection.rollback()
        except self.loaded_dbapi.TransactionException as problem:
            if "no transaction is active" not in str(problem):
                raise

    def has_table(self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Whether there is a table or view of that name."""
        found = "SELECT count(*) FROM information_schema.tables WHERE table_name = ? AND table_schema = ?"
        where = (table_name, schema or self._get_default_schema_name(connection))
        return bool(connection.exec_driver_sql(found, where).scalar_one())

    def get_pk_constraint(self, connection: sa.Connection, table_name: str, schema: Any = None, **_: Any) -> Any:
        """The primary key."""
        found = [each for each in _constraints(connection, table_name, schema) if each.type == "PRIMARY KEY"]
        return {"constrained_columns": list(found[0].columns), "name": None} if found else {"constrained_columns": []}

    def get_unique_constraints(self, connection: sa.Connection, table_name: str, schema: Any = None, **_: Any) -> Any:
        """Columns that are unique together."""
        found = _constraints(connection, table_name, schema)
        return [{"name": each.name, "column_names": list(each.columns)} for each in found if each.type == "UNIQUE"]

    def get_foreign_keys(self, connection: sa.Connection, table_name: str, schema: Any = None, **_: Any) -> Any:
        """Columns that point at another table."""
        return [
            {
                "name": each.name,
                "constrained_columns": list(each.columns),
                "referred_schema": schema,
                "referred_table": each.parent,
                "referred_columns": list(each.parents),
            }
            for each in _constraints(connection, table_name, schema)
            if each.type == "FOREIGN KEY"
        ]

    def get_indexes(self, connection: sa.Connection, table_name: str, schema: Any = None, **_: Any) -> Any:
        """Indexes, with their expressions as columns."""
        return [
            {
                "name": each.name,
                "unique": bool(each.unique),
                "column_names": [part.strip(" \"'") for part in str(each.expressions).strip("[]").split(",")],
            }
            for each in _catalogue(connection, "indexes", table_name, schema)
        ]


def _constraints(connection: sa.Connection, table: str, schema: str | None) -> list[Any]:
    return _catalogue(connection, "constraints", table, schema)


def _catalogue(connection: sa.Connection, name: str, table: str, schema: str | None) -> list[Any]:
    where = {"table": table, "schema": schema or DuckDBDialect.default_schema_name}
    return list(connection.execute(sa.text(queries("duckdb")[name]), where))


class _Instance:
    """One open database file, opened by the first connection; the connections are cursors of it."""

    def __init__(self, url: sa.URL, closing: ExitStack) -> None:
        self._path = url.database or ":memory:"
        self._mode = mode(url)
        self._closing = closing
        self._lock = threading.Lock()
        self._root: Any = None

    def connect(self) -> Connection:
        with self._lock:
            if self._root is None:
                self._root = self._open()
                self._closing.callback(self._root.close)
        return Connection(self._root.cursor())

    def _open(self) -> Any:
        import duckdb

        memory = self._path == ":memory:"
        if not memory and self._mode != "rwc" and not Path(self._path).exists():
            raise MissingObject(  # DuckDB would make a new, empty database
                f"there is no DuckDB database {self._path}", hint="Check the path; ?mode=rwc makes a new one."
            )
        return duckdb.connect(self._path, read_only=self._mode == "ro")


def _opening(url: sa.URL, closing: ExitStack) -> dict[str, Any]:
    return {"creator": _Instance(url, closing).connect}


def _listen(engine: sa.Engine) -> None:
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "before_cursor_execute", _start)
    sa.event.listen(engine, "after_cursor_execute", _stop)
    sa.event.listen(engine, "handle_error", _failed)


def _begin(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN TRANSACTION READ ONLY" if connection.info.get("read_only") else "BEGIN TRANSACTION")


def _start(connection: sa.Connection, *_: object) -> None:
    seconds = connection.info.get("timeout")
    if seconds is not None:  # DuckDB has no limit of its own
        driver: Any = connection.connection.driver_connection
        timer = threading.Timer(seconds, driver.interrupt)
        timer.daemon = True
        connection.info["timer"] = timer
        timer.start()


def _stop(connection: sa.Connection, *_: object) -> None:
    timer = connection.info.pop("timer", None)
    if timer is not None:
        timer.cancel()


def _failed(context: sa.engine.ExceptionContext) -> None:
    if context.connection is not None and not context.connection.invalidated:
        _stop(context.connection)


def _read_only(connection: sa.Connection, on: bool) -> None:
    connection.info["read_only"] = on


def _timeout(connection: sa.Connection, seconds: float | None) -> None:
    connection.info["timeout"] = seconds


def _cancel(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.interrupt()


def _codes(problem: BaseException) -> tuple[str, ...]:
    return (type(problem).__name__,)


def _rule(category: str, code: str, text: str = "") -> Rule:
    return Rule(category=category, codes=(code,), text=text)


DIALECT = Dialect(
    name="DuckDB",
    extra="",
    url="duckdb:///shop.duckdb#orders",
    driver="duckdb",
    guard="`BEGIN TRANSACTION READ ONLY`",
    limit="an interrupt by a timer",
    verified="yes",
    opening=_opening,
    read_only=_read_only,
    timeout=_timeout,
    codes=_codes,
    cancel=_cancel,
    listen=_listen,
    rules=(
        _rule("foreign_key", "ConstraintException", "[Ff]oreign key"),
        _rule("not_null", "ConstraintException", "^Constraint Error: NOT NULL"),
        _rule("check", "ConstraintException", "^Constraint Error: CHECK"),
        _rule("unique", "ConstraintException"),
        _rule("data", "ConversionException"),
        _rule("data", "OutOfRangeException"),
        _rule("missing", "CatalogException", "does not exist"),
        _rule("missing", "BinderException", "not found|does not exist|does not have a column"),
        _rule("read_only", "TransactionException", "read-only"),
        _rule("read_only", "InvalidInputException", "read-only"),
        _rule("transient", "TransactionException", "[Cc]onflict"),
        _rule("transient", "IOException", "Could not set lock"),
        _rule("full", "IOException", "No space left"),
        _rule("damaged", "IOException", "not a valid DuckDB"),
        _rule("unopened", "IOException", "Cannot open|does not exist|No such file"),
        _rule("timeout", "InterruptException"),
        _rule("other", "ConnectionException", "different configuration"),
        _rule("lost", "ConnectionException"),
    ),
)

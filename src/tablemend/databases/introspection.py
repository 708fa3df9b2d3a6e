"""What a database holds, from its own catalogue: what cannot be read is an error, never an empty table."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tablemend.databases.dialects.catalogue import queries
from tablemend.errors import DatabaseError, MissingObject
from tablemend.records import ForeignKey, Record

if TYPE_CHECKING:
    from tablemend.databases.database import Database

_SHOWN = 8  # names of tables in a hint


class TableSummary(Record, frozen=True, kw_only=True):
    """A table or view in a list."""

    schema: str
    name: str
    kind: str  # table, view, materialized view, foreign table
    row_estimate: int | None = None  # of the statistics of the database; None where it keeps none
    bytes: int | None = None  # with indexes; None where the database does not say


class ColumnDescription(Record, frozen=True, kw_only=True):
    """A column as the catalogue has it."""

    name: str
    type: str  # as the database spells it
    base: str  # type it is made of: "enum" for enumerations, that of a domain
    nullable: bool
    default: str | None = None  # expression
    generated: str | None = None  # expression that it is always computed from
    numbered: bool = False  # the database gives numbers: serial, identity, auto_increment


class IndexDescription(Record, frozen=True, kw_only=True):
    """An index."""

    name: str
    columns: tuple[str | None, ...]  # None for an expression
    unique: bool
    partial: bool = False  # holds some of the rows only


class TableDescription(Record, frozen=True, kw_only=True):
    """A table or view with all that bears on writing to it."""

    database: str  # kind of database
    schema: str
    name: str
    kind: str  # table, view, materialized view, foreign table
    columns: tuple[ColumnDescription, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()  # by constraint or by an index of whole columns and all rows
    foreign_keys: tuple[ForeignKey, ...] = ()  # `table` with its schema where that is another one
    indexes: tuple[IndexDescription, ...] = ()
    triggers: tuple[str, ...] = ()  # names
    row_estimate: int | None = None
    bytes: int | None = None


class SequenceState(Record, frozen=True, kw_only=True):
    """How far the numbers of a column have been given out, beside the greatest that it holds."""

    table: str
    column: str
    sequence: str | None  # name; None where the table counts itself
    last: int | None  # number given out last; None for none yet
    next: int | None  # number given out next; None where the database does not tell
    step: int = 1  # from one number to the next
    maximum: int | None  # greatest number in the column, or the least where `step` is below 0; None without rows

    @property
    def behind(self) -> bool:
        """Whether a number that is yet to be given out may be taken already."""
        if self.maximum is None or self.next is None:
            return False
        return (self.maximum - self.next) * (1 if self.step > 0 else -1) >= 0


def tables(database: Database, schema: str | None = None) -> list[TableSummary]:
    """Tables and views of a schema, by default that of the connection; MissingObject where there is no such schema."""
    with database.connect(read_only=database.guards_reading) as connection:
        return _tables(database, connection, _schema(database, connection, schema))


def parts(database: Database, schema: str | None = None) -> set[str]:
    """Names of the tables that are parts of a partitioned table, whose rows that one gives as well."""
    with database.connect(read_only=database.guards_reading) as connection:
        binds = {"schema": _schema(database, connection, schema)}
        return {row["name"] for row in _rows(database, connection, "parts", binds)}


def describe(database: Database, table: str, schema: str | None = None) -> TableDescription:
    """A table or view; MissingObject where there is none of that name."""
    with database.connect(read_only=database.guards_reading) as connection:
        where = _schema(database, connection, schema)
        summary = _named(_tables(database, connection, where), table, database, where)
        binds = {"schema": where, "table": summary.name}
        keys = _Keys(database, connection, summary)
        return TableDescription(
            database=database.kind,
            schema=where,
            name=summary.name,
            kind=summary.kind,
            columns=tuple(_column(row) for row in _rows(database, connection, "columns", binds)),
            primary_key=keys.primary(),
            unique=_unique(keys.declared(), keys.indexes),
            foreign_keys=_foreign_keys(keys.read("get_foreign_keys"), where),
            indexes=keys.indexes,
            triggers=tuple(row["name"] for row in _rows(database, connection, "triggers", binds)),
            row_estimate=summary.row_estimate,
            bytes=summary.bytes,
        )


def sequences(database: Database, schema: str | None = None, table: str | None = None) -> list[SequenceState]:
    """Every column whose numbers the database gives out, with the last number and the greatest in the column.

    `table` leaves out all others. DatabaseError where the kind of database does not say.
    """
    with database.connect(read_only=database.guards_reading) as connection:
        where = _schema(database, connection, schema)
        known = queries(database.kind)
        if "sequences" not in known:
            raise DatabaseError(f"{database.kind} does not say how far numbers were given out", hint="Look there.")
        if "numbering" in known and not _rows(database, connection, "numbering", {"schema": where})[0]["count(*)"]:
            return []
        rows = _rows(database, connection, "sequences", {"schema": where})
        return [_sequence(database, connection, where, row) for row in rows if table in (None, row["table"])]


def distincts(database: Database, table: TableDescription) -> dict[str, int]:
    """Column → distinct values, as the statistics of the database estimate them; empty where it keeps none."""
    with database.connect(read_only=database.guards_reading) as connection:
        rows = _rows(database, connection, "distincts", {"schema": table.schema, "table": table.name})
        return {row["name"]: int(row["n"]) for row in rows}


def catalogue(database: Database, connection: sa.Connection, name: str, **binds: Any) -> dict[str, Any] | None:
    """The one row of a named query on the catalogue; None where this kind of database has no such query."""
    if name not in queries(database.kind):
        return None
    rows = _rows(database, connection, name, binds)
    return rows[0] if rows else None


def default_schema(database: Database, connection: sa.Connection) -> str:
    """The schema that names without one belong to; MissingObject where the connection has none."""
    return _schema(database, connection, None)


def _schema(database: Database, connection: sa.Connection, schema: str | None) -> str:
    inspector = sa.inspect(connection)
    wanted = schema or inspector.default_schema_name
    if wanted is None:
        raise MissingObject(
            f"{database.name} names no database", hint="Name it in the URL after the host, or a schema."
        )
    if schema is not None and database.kind not in _WITHOUT_LIST:
        known = inspector.get_schema_names()
        if schema not in known:
            raise MissingObject(f"{database.name} has no schema {schema!r}", hint=f"It has {_some(known)}.")
    return str(wanted)


_WITHOUT_LIST = {"duckdb", "snowflake"}  # a schema of theirs that is not there is like an empty one


def _tables(database: Database, connection: sa.Connection, schema: str) -> list[TableSummary]:
    rows = _rows(database, connection, "tables", {"schema": schema})
    return [
        TableSummary(
            schema=schema,
            name=row["name"],
            kind=row["kind"],
            row_estimate=_whole(row["row_estimate"]),
            bytes=_whole(row["bytes"]),
        )
        for row in rows
    ]


def _named(found: list[TableSummary], table: str, database: Database, schema: str) -> TableSummary:
    for each in found:
        if each.name == table:
            return each
    names = [each.name for each in found]
    close = difflib.get_close_matches(table, names, n=1)
    hint = f"Perhaps {close[0]!r} is meant." if close else f"There {'is' if len(names) == 1 else 'are'} {_some(names)}."
    raise MissingObject(f"{database.name} has no table {table!r} in {schema}", hint=hint)


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _rows(database: Database, connection: sa.Connection, name: str, binds: dict[str, Any]) -> list[dict[str, Any]]:
    statement = queries(database.kind).get(name)
    if statement is None:
        return []  # this kind of database has no such thing
    quoted = database.dialect.identifier_preparer.quote(binds.get("schema", ""))
    made = sa.text(statement.replace("{schema}", quoted))
    bound = {key: binds[key] for key in made.compile().params if key in binds}
    return [dict(row) for row in connection.execute(made, bound).mappings()]


def _column(row: dict[str, Any]) -> ColumnDescription:
    return ColumnDescription(
        name=row["name"],
        type=row["type"],
        base=row.get("base") or row["type"],
        nullable=bool(row["nullable"]),
        default=row["default"],
        generated=row["generated"],
        numbered=bool(row["numbered"]),
    )


def _indexes(found: list[Any]) -> tuple[IndexDescription, ...]:
    return tuple(
        IndexDescription(
            name=str(each["name"]),
            columns=tuple(each["column_names"]),
            unique=bool(each["unique"]),
            partial=any(key.endswith("_where") and value for key, value in each.get("dialect_options", {}).items()),
        )
        for each in sorted(found, key=lambda each: str(each["name"]))
    )


class _Keys:
    """Keys and indexes of a table, as SQLAlchemy reads them; a view has none."""

    def __init__(self, database: Database, connection: sa.Connection, table: TableSummary) -> None:
        self._database, self._connection, self._table = database, connection, table
        self._inspector = sa.inspect(connection)
        self.indexes = _indexes(self.read("get_indexes"))

    def read(self, what: str) -> list[Any]:
        """What a method of the inspector gives for the table."""
        if self._table.kind != "table":
            return []
        found = getattr(self._inspector, what)(self._table.name, schema=self._table.schema)
        return [_unescaped(each) for each in found] if self._database.kind == "mysql" else list(found)

    def primary(self) -> tuple[str, ...]:
        """Columns of the primary key."""
        if self._table.kind != "table":
            return ()
        found = self._inspector.get_pk_constraint(self._table.name, schema=self._table.schema)["constrained_columns"]
        return tuple(_unescaped(found) if self._database.kind == "mysql" else found)

    def declared(self) -> list[tuple[str | None, ...]]:
        """Columns that are unique together, as declared; SQLAlchemy misses some of SQLite."""
        if "uniques" not in queries(self._database.kind):
            return [tuple(each["column_names"]) for each in self.read("get_unique_constraints")]
        binds = {"schema": self._table.schema, "table": self._table.name}
        grouped: dict[str, list[str | None]] = {}
        for row in _rows(self._database, self._connection, "uniques", binds):
            grouped.setdefault(row["name"], []).append(row["column"])
        return [tuple(columns) for columns in grouped.values()]


def _unescaped(found: Any) -> Any:
    """Names without doubled backticks, which SQLAlchemy leaves as MySQL writes them."""
    if isinstance(found, str):
        return found.replace("``", "`")
    if isinstance(found, dict):
        return {key: _unescaped(value) for key, value in found.items()}
    return [_unescaped(each) for each in found] if isinstance(found, list) else found


def _unique(
    declared: list[tuple[str | None, ...]], indexes: tuple[IndexDescription, ...]
) -> tuple[tuple[str, ...], ...]:
    whole = [each.columns for each in indexes if each.unique and not each.partial]
    named = {tuple(name for name in each if name is not None) for each in (*declared, *whole) if None not in each}
    return tuple(sorted(named))


def _foreign_keys(found: list[Any], schema: str) -> tuple[ForeignKey, ...]:
    return tuple(
        ForeignKey(
            columns=tuple(each["constrained_columns"]),
            table=each["referred_table"]
            if each["referred_schema"] in (None, schema)
            else f"{each['referred_schema']}.{each['referred_table']}",
            parents=tuple(each["referred_columns"]),
            declared=True,
        )
        for each in sorted(found, key=lambda each: tuple(each["constrained_columns"]))
    )


def _sequence(database: Database, connection: sa.Connection, schema: str, row: dict[str, Any]) -> SequenceState:
    quote = database.dialect.identifier_preparer.quote
    where = f"{quote(schema)}.{quote(row['table'])}"
    step = int(row["step"])
    last = "max" if step > 0 else "min"
    reached = connection.exec_driver_sql(f"SELECT {last}({quote(row['column'])}) FROM {where}").scalar()
    following = _whole(row["next"])
    if following is not None and reached is not None and row.get("skips"):
        following = max(following, int(reached) + step)
    return SequenceState(
        table=row["table"],
        column=row["column"],
        sequence=row["sequence"],
        last=_whole(row["last"]),
        next=following,
        step=step,
        maximum=_whole(reached),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)

"""The ranking of a wide table of PostgreSQL as a materialized view in it: unpivoted once, ranked in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tablemend.databases import introspection
from tablemend.engine.sql import literal
from tablemend.engine.sql import name as quoted
from tablemend.errors import DataRefused, SettingsError
from tablemend.records import Record

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tablemend.databases.bulk.wire import Table
    from tablemend.databases.database import Database
    from tablemend.databases.introspection import ColumnDescription

NUMERIC = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
"""Types of columns that hold measurements."""

MARK = "tablemend explore: "
"""Begins the comment of a view that was made here; no other view is replaced or refreshed."""


class Materialized(Record, frozen=True, kw_only=True):
    """A ranking in the database."""

    view: str  # schema.name
    rows: int
    features: int
    refreshed: datetime
    skipped: tuple[str, ...] = ()  # columns that are neither measurements nor the entity


class _Told(Record, frozen=True, kw_only=True):
    """What the comment of a view says."""

    source: str
    entity: str
    features: int
    refreshed: datetime
    skipped: tuple[str, ...] = ()


def materialize(
    database: Database, table: Table, view: Table, *, entity: str, features: Sequence[str] = ()
) -> Materialized:
    """Make the ranking of a wide table, or make it anew; its columns are those of `storing.RANKED`, by names.

    `entity` is the column of the entities, whose rows are replicates of it; `features` are by default all columns of
    numbers but that. One reading of the table, however many columns it has; no column is read as another type. Columns:
    entity, feature, n, mean, sd, high, low, strong, measured. Raises SettingsError for another kind of database or for
    columns that cannot be used, and DataRefused where the view is there and was not made so.
    """
    _require(database)
    described = introspection.describe(database, table[1], table[0])
    columns = {each.name: each for each in described.columns}
    chosen = _features(columns, entity, features)
    skipped = tuple(name for name in columns if name != entity and name not in chosen) if not features else ()
    told = _Told(
        source=f"{described.schema}.{described.name}",
        entity=entity,
        features=len(chosen),
        refreshed=datetime.now(UTC),
        skipped=skipped,
    )
    named = _named(view)
    with database.transaction() as connection:
        if _comment(connection, named, view) is not None:
            _do(connection, f"DROP MATERIALIZED VIEW {named}")
        statement = query(table, entity, chosen)
        _do(connection, f"CREATE MATERIALIZED VIEW {named} AS {statement}")
        for key in ("UNIQUE INDEX ON {} (feature, entity)", "INDEX ON {} (feature, high)", "INDEX ON {} (entity)"):
            _do(connection, f"CREATE {key.format(named)}")
        return _done(connection, named, view, told)


def refresh(database: Database, view: Table) -> Materialized:
    """Bring a ranking up to date; readers see the old one until the new one is whole."""
    _require(database)
    named = _named(view)
    with database.transaction() as connection:
        found = _comment(connection, named, view)
        if found is None:
            raise SettingsError(f"there is no view {named}", hint="Make it first: leave out --refresh.")
        _do(connection, f"REFRESH MATERIALIZED VIEW CONCURRENTLY {named}")
        return _done(connection, named, view, msgspec.structs.replace(found, refreshed=datetime.now(UTC)))


def query(table: Table, entity: str, features: Sequence[str]) -> str:
    """The query of a ranking: every column becomes rows in one reading of the table."""
    pairs = ", ".join(f"({literal(name)}, t.{quoted(name)}::double precision)" for name in features)
    return f"""
SELECT entity, feature, n, mean, sd,
  rank() OVER (PARTITION BY feature ORDER BY mean DESC) AS high,
  rank() OVER (PARTITION BY feature ORDER BY mean) AS low,
  rank() OVER (PARTITION BY feature ORDER BY abs(mean) DESC) AS strong,
  count(*) OVER (PARTITION BY feature) AS measured
FROM (
  SELECT t.{quoted(entity)} AS entity, u.feature, count(*) AS n, avg(u.value) AS mean, stddev_samp(u.value) AS sd
  FROM {_named(table)} AS t CROSS JOIN LATERAL (VALUES {pairs}) AS u (feature, value)
  WHERE t.{quoted(entity)} IS NOT NULL AND u.value NOT IN ('NaN', 'Infinity', '-Infinity')
  GROUP BY 1, 2
) AS means"""


def _require(database: Database) -> None:
    if database.kind != "postgresql":
        raise SettingsError(
            f"a ranking is made in PostgreSQL, and this is {database.kind}",
            hint="`tablemend explore load` reads a matrix from any database.",
        )


def _features(columns: dict[str, ColumnDescription], entity: str, wanted: Sequence[str]) -> list[str]:
    for name in (entity, *wanted):
        if name not in columns:
            raise SettingsError(f"the table has no column {name!r}", hint=f"It has {', '.join(list(columns)[:12])}.")
    found = [name for name in wanted or columns if name != entity and _is_numeric(columns[name])]
    if wanted and len(found) < len(wanted):
        left = [name for name in wanted if name not in found]
        raise SettingsError(f"column {left[0]!r} holds no numbers", hint="Name columns of numbers only.")
    if not found:
        raise SettingsError("the table has no column of numbers", hint="Name another table.")
    return found


def _is_numeric(column: ColumnDescription) -> bool:
    return column.base.partition("(")[0].strip() in NUMERIC


def _named(table: Table) -> str:
    return ".".join(quoted(each) for each in table if each is not None)


def _comment(connection: sa.Connection, named: str, view: Table) -> _Told | None:
    """What the comment of a view says; None where it is not there, DataRefused where it was not made here."""
    found = connection.exec_driver_sql(
        "SELECT c.relkind::text, obj_description(c.oid, 'pg_class') FROM pg_class AS c WHERE c.oid = to_regclass(%s)",
        (named,),
    ).first()
    if found is None:
        return None
    kind, comment = found
    if kind != "m" or not (comment or "").startswith(MARK):
        raise DataRefused(f"{view[1]} is there, and is no ranking that was made so", hint="Name another view.")
    return msgspec.json.decode(comment.removeprefix(MARK), type=_Told)


def _done(connection: sa.Connection, named: str, view: Table, told: _Told) -> Materialized:
    text = literal(MARK + msgspec.json.encode(told).decode())
    _do(connection, f"COMMENT ON MATERIALIZED VIEW {named} IS {text}")
    rows = _do(connection, f"SELECT count(*) FROM {named}").scalar_one()
    name = ".".join(each for each in view if each is not None)
    return Materialized(
        view=name, rows=int(rows), features=told.features, refreshed=told.refreshed, skipped=told.skipped
    )


def _do(connection: sa.Connection, sql: str) -> sa.CursorResult[Any]:
    """Run a statement without parameters, in which a percent sign of a name stands for itself."""
    return connection.exec_driver_sql(sql.replace("%", "%%"))

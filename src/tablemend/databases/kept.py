"""The values of a column that the statistics of a database keep, where they say how the table stands."""

from __future__ import annotations

from typing import Any

from tablemend.databases.bulk.dialect import Column
from tablemend.databases.bulk.wire import Wire
from tablemend.databases.orders import Order

AGREEMENT = 0.02
"""Most difference between the rows that the statistics tell and those counted, as a share: they are a sample too."""

_QUERIES = {
    # The bounds of the histogram part its rows evenly; the most common values come with their share. Only where nothing
    # was changed since: https://www.postgresql.org/docs/current/view-pg-stats.html
    "postgresql": """
WITH kept AS (
  SELECT s.histogram_bounds::text::{type}[] AS bounds, s.most_common_vals::text::{type}[] AS common,
         s.most_common_freqs AS shares, c.reltuples AS n, s.null_frac AS nulls
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_stat_all_tables t ON t.relid = c.oid
  JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited
  WHERE c.oid = to_regclass(%s) AND s.attname = %s AND c.relkind = 'r' AND NOT c.relhassubclass
    AND t.n_mod_since_analyze = 0
), weighed AS (
  SELECT unnest(common) AS v, unnest(shares)::float8 * n AS rows FROM kept
  UNION ALL
  SELECT unnest(bounds),
         n * (1 - nulls - coalesce((SELECT sum(share) FROM unnest(shares) AS share), 0)) / cardinality(bounds) FROM kept
)
SELECT {shown} AS tablemend_value, greatest(rows, 0)::float8 FROM weighed ORDER BY {image}
""",
}


def values(wire: Wire, table: str, column: Column, order: Order, present: int) -> list[tuple[Any, float]]:
    """Values in order, each with the rows that it stands for; none where the statistics are not those of now.

    `table` is qualified and quoted; `present` are the rows that have a value, counted.
    """
    query = _QUERIES.get(wire.dialect.kind)
    if query is None:
        return []
    sql = query.format(type=column.type, shown=order.shown.format("v"), image=order.image.format("v"))
    found = [(value, float(rows)) for value, rows in wire.rows(sql, (table, column.name))]
    told = sum(rows for _, rows in found)
    return found if abs(told - present) <= AGREEMENT * present else []

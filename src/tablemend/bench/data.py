"""Seeded data of benchmarks: an order table with the usual faults, 15 columns."""

from __future__ import annotations

from pathlib import Path

from tablemend.engine import sql
from tablemend.engine.duckdb import Session

COLUMNS = 15

_ORDERS = """
SELECT i + 1 AS id,
  'Customer ' || (h(1) % 50000) AS customer,
  CASE WHEN h(2) % 100 < 7 THEN city || ' ' WHEN h(2) % 1000 < 75 THEN city[:3] || 'x' || city[5:] ELSE city END
    AS city,
  lpad((h(3) % 99999)::VARCHAR, 5, '0') AS zip,
  (h(4) % 100000) / 100 AS amount,
  h(5) % 100 AS quantity,
  (DATE '2020-01-01' + (h(6) % 1500)::INTEGER)::VARCHAR AS ordered,
  ['open', 'closed', 'paid', 'cancelled'][1 + (h(7) % 4)] AS status,
  CASE WHEN h(8) % 100 < 5 THEN 'N/A' WHEN h(8) % 100 < 7 THEN NULL ELSE (1 + h(9) % 5)::VARCHAR END AS rating,
  'user' || (h(10) % 900000) || '@example.com' AS email,
  CASE WHEN h(11) % 100 < 5 THEN upper(colour) ELSE colour END AS colour,
  (h(12) % 900000) / 10000 AS latitude,
  (h(13) % 1800000) / 10000 AS longitude,
  (h(14) % 20) || CASE WHEN h(15) % 100 < 70 THEN ' kg' WHEN h(15) % 100 < 90 THEN 'kg' ELSE ' kilo' END AS weight,
  CASE WHEN h(16) % 100 < 10 THEN NULL ELSE 'note' || repeat(' ', 1 + (h(17) % 50 = 0)::INTEGER) || (h(17) % 1000) END
    AS note
FROM (
  SELECT i, ['Berlin', 'Hamburg', 'Munich', 'Cologne', 'Frankfurt', 'Stuttgart', 'Leipzig', 'Dresden'][1 + h(18) % 8]
      AS city, ['red', 'green', 'blue', 'white'][1 + h(19) % 4] AS colour
  FROM range({rows}) AS t(i)
)
"""


def orders_csv(path: Path, rows: int, seed: int = 42) -> Path:
    """Write a faulty order table; the same rows and seed give the same file."""
    query = _ORDERS.replace("{rows}", str(rows))
    for n in range(19, 0, -1):
        query = query.replace(f"h({n})", f"(hash(i, {seed}, {n}) % 1000000007)::BIGINT")
    with Session() as session:
        session.execute(f"COPY ({query}) TO {sql.literal(str(path))} (FORMAT csv, HEADER)")
    return path

"""A version of a matrix as files: columnar, sorted, with every rank and every mean of replicates worked out once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tablemend.explore.parts import ENTITY, FEATURE, SAMPLE, Data

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session
    from tablemend.tables.snapshot import Snapshots

ROWS = 16_384
"""Rows of a group of a file: what one feature or one entity asks for lies in one or two of them."""

TABLES = ("cells", "failed", "samples", "entities", "features", "means", "by_entity", "by_strength")

RANKED = f"""
SELECT {FEATURE}, {ENTITY}, n, mean, sd,
  rank() OVER (PARTITION BY {FEATURE} ORDER BY mean DESC) AS high,
  rank() OVER (PARTITION BY {FEATURE} ORDER BY mean) AS low,
  rank() OVER (PARTITION BY {FEATURE} ORDER BY abs(mean) DESC) AS strong,
  count(*) OVER (PARTITION BY {FEATURE}) AS measured
FROM means_of_replicates"""
"""Every rank of every entity within every feature, in one pass: from the top, from the bottom, and of either sign."""

OF_FEATURES = f"""
SELECT f.*, coalesce(c.n, 0) AS cells, coalesce(m.n, 0) AS measured, m.mean, m.sd, m.low AS lowest, m.high AS highest,
  coalesce(m.positive, 0) AS positive, coalesce(m.negative, 0) AS negative
FROM features_read AS f
LEFT JOIN (SELECT {FEATURE}, count(*) AS n FROM cells_read GROUP BY ALL) AS c USING ({FEATURE})
LEFT JOIN (
  SELECT {FEATURE}, count(*) AS n, avg(mean) AS mean, stddev_samp(mean) AS sd, min(mean) AS low, max(mean) AS high,
    count(*) FILTER (mean > 0) AS positive, count(*) FILTER (mean < 0) AS negative
  FROM means_of_replicates GROUP BY ALL
) AS m USING ({FEATURE})
ORDER BY {FEATURE}"""

OF_ENTITIES = f"""
SELECT e.*, coalesce(m.n, 0) AS measured, coalesce(m.positive, 0) AS positive, coalesce(m.negative, 0) AS negative
FROM entities_read AS e
LEFT JOIN (
  SELECT {ENTITY}, count(*) AS n, count(*) FILTER (mean > 0) AS positive, count(*) FILTER (mean < 0) AS negative
  FROM means_of_replicates GROUP BY ALL
) AS m USING ({ENTITY})
ORDER BY {ENTITY}"""


def means(data: Data) -> pa.Table:
    """FEATURE, ENTITY, n, mean and sd of the replicates of each entity (null for one); by feature, then entity.

    In the order of the samples, so that the same data give the same digits.
    """
    owner = data.samples[ENTITY].combine_chunks()
    absent = owner.is_null().to_numpy(zero_copy_only=False)
    code = owner.fill_null(0).to_numpy().astype(np.int64)
    sample = data.cells[SAMPLE].to_numpy()
    belongs = ~absent[sample]
    feature = data.cells[FEATURE].to_numpy()[belongs]
    entity = code[sample[belongs]]
    value = data.cells["value"].to_numpy()[belongs].astype(np.float64)
    key = feature.astype(np.int64) * max(data.entities.num_rows, 1) + entity
    order = np.argsort(key, kind="stable")
    key, value = key[order], value[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.empty(0, np.int64)
    n = np.diff(np.r_[starts, len(key)])
    mean = np.add.reduceat(value, starts) / n if len(key) else value
    spread = np.add.reduceat((value - np.repeat(mean, n)) ** 2, starts) if len(key) else value
    sd = np.sqrt(spread / np.maximum(n - 1, 1))
    return pa.table(
        {
            FEATURE: feature[order][starts],
            ENTITY: entity[order][starts].astype(data.entities[ENTITY].type.to_pandas_dtype()),
            "n": n.astype(np.uint16 if n.max(initial=0) < 1 << 16 else np.uint32),
            "mean": _as(mean, data.cells["value"].type, n),
            "sd": pa.array(sd, mask=n < 2),
        }
    )


def _as(mean: Any, kind: pa.DataType, n: Any) -> Any:
    """Means in the type of the values where each is one value, which loses nothing."""
    return mean.astype(kind.to_pandas_dtype()) if n.max(initial=1) == 1 else mean


def write(data: Data, snapshots: Snapshots, session: Session) -> dict[str, str]:
    """Keep the tables of a matrix as files; table → hash. A table that is kept already is not written again."""
    return {name: snapshots.write_matrix(table, rows=ROWS) for name, table in _tables(data, session)}


def _tables(data: Data, session: Session) -> Iterator[tuple[str, pa.Table]]:
    made = {
        "means_of_replicates": means(data),
        "cells_read": data.cells,
        "features_read": data.features,
        "entities_read": data.entities,
    }
    for name, table in made.items():
        session.register(name, table)
    try:
        ranked = _narrow(session.arrow(RANKED))
        yield "features", session.arrow(OF_FEATURES)
        yield "entities", session.arrow(OF_ENTITIES)
    finally:
        for name in made:
            session.unregister(name)
    yield "means", ranked.sort_by([(FEATURE, "ascending"), ("high", "ascending"), (ENTITY, "ascending")])
    by_entity = np.lexsort((ranked[FEATURE].to_numpy(), ranked[ENTITY].to_numpy()))
    yield "by_entity", ranked.take(pa.array(by_entity))
    yield "by_strength", ranked.take(_strongest_first(ranked))
    yield from (("cells", data.cells), ("failed", data.failed), ("samples", data.samples))


def _strongest_first(ranked: pa.Table) -> Any:
    """An order in which the highest, the lowest and the strongest of all are in the first groups of a file."""
    return pa.array(np.argsort(-np.abs(ranked["mean"].to_numpy()), kind="stable"))


def _narrow(ranked: pa.Table) -> pa.Table:
    """Counts and ranks in the narrowest type that holds them."""
    names = ("high", "low", "strong", "measured")
    most = max((int(np.max(ranked[name].to_numpy(), initial=0)) for name in names), default=0)
    kind = pa.uint8() if most < 1 << 8 else pa.uint16() if most < 1 << 16 else pa.uint32()
    for name in names:
        place = ranked.schema.get_field_index(name)
        ranked = ranked.set_column(place, name, ranked[name].cast(kind))
    return ranked

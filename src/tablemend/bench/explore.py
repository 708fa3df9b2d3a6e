"""A matrix of 500 entities and 20,000 features: reading it, asking it, ranking it, and tests over all of it."""

from __future__ import annotations

import csv
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tablemend.bench.case import Row, less, megabytes, p95, peak_mb, seconds, times
from tablemend.engine.duckdb import Session
from tablemend.explore import comparing, numbers, sample, sample_names, storing
from tablemend.explore.parts import ENTITY, FEATURE, NAME
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.explore.questions import Sign
    from tablemend.workspace.explore import Told

ENTITIES, FEATURES = 500, 20_000
SIZE = f"{ENTITIES} entities × {FEATURES:,} features, {sample.EMPTY:.0%} empty"
MATRIX = "big"
PEAK_MB = 1_500
SIGNS: tuple[Sign, ...] = ("high", "low", "strong")
ASKED = 40  # times each question, about others each time
UNCACHED, CACHED, ALL = 0.05, 0.001, 2.0
SCANNED, TESTED = 6, 200  # entities and features that the usual ways are measured with

Question = Callable[[], "Told"]

WINDOWED = f"""
SELECT * FROM (
  SELECT {FEATURE}, {ENTITY},
    rank() OVER (PARTITION BY {FEATURE} ORDER BY mean DESC) AS high,
    rank() OVER (PARTITION BY {FEATURE} ORDER BY mean) AS low,
    rank() OVER (PARTITION BY {FEATURE} ORDER BY abs(mean) DESC) AS strong
  FROM means_of_replicates
) WHERE {ENTITY} = {{entity}}"""

COUNTED = f"""
SELECT m.{FEATURE}, m.{ENTITY},
  1 + count(*) FILTER (o.mean > m.mean) AS high,
  1 + count(*) FILTER (o.mean < m.mean) AS low,
  1 + count(*) FILTER (abs(o.mean) > abs(m.mean)) AS strong
FROM means_of_replicates AS m JOIN means_of_replicates AS o USING ({FEATURE})
WHERE m.{ENTITY} = {{entity}} GROUP BY ALL"""


def import_(folder: Path) -> list[Row]:
    """A wide CSV file to a version that can be asked: read, hash, ranked, written."""
    case = "explore.import"
    source = _written(folder)
    found = []
    for number in range(2):
        with open_workspace(folder / f"state{number}") as workspace:
            started = time.perf_counter()
            made = workspace.explore.load(source, name=MATRIX)
            found.append(time.perf_counter() - started)
    _check((made.entities, made.features) == (ENTITIES, FEATURES), f"{made.entities} × {made.features} were read")
    peak = peak_mb()
    baseline = times(lambda: _pandas(source, folder), repetitions=1, warm=False)
    usual = "pandas: read_csv, melt, three ranks, to_parquet"
    return [
        seconds(
            case,
            f"CSV of {SIZE}, to every rank",
            found,
            baseline=baseline,
            baseline_what=usual,
            bar=20,
            peak=peak,
        ),
        megabytes(case, "peak memory", peak, bar=PEAK_MB),
        *_narrow(case),
    ]


def _pandas(source: Path, folder: Path) -> None:
    import pandas as pd

    frame = pd.read_csv(source).melt("entity", var_name="feature", value_name="mean").dropna()
    groups = frame.groupby("feature", sort=False)["mean"]
    frame["high"] = groups.rank(ascending=False, method="min")
    frame["low"] = groups.rank(method="min")
    frame["strong"] = frame["mean"].abs().groupby(frame["feature"], sort=False).rank(ascending=False, method="min")
    frame.to_parquet(folder / "pandas.parquet")


def _narrow(case: str) -> list[Row]:
    """MB of the cells that are measured, by feature, entity and value, in the types that they are kept in."""
    values = sample.big(ENTITIES, FEATURES).values.T
    feature, entity = np.nonzero(~np.isnan(values))
    found = []
    for what, kept in (
        ("four decimals, which need 64 bits", values[feature, entity]),
        ("as an instrument of 32 bits writes them", values[feature, entity].astype(np.float32).astype(np.float64)),
    ):
        codes = (each.astype(numbers.codes(n)) for each, n in ((feature, FEATURES), (entity, ENTITIES)))
        narrow = [numbers.narrowest(kept), *codes]
        _check(np.array_equal(narrow[0], kept), "a value has changed")
        found.append(
            less(
                case,
                f"cells in memory, values of {what}",
                sum(each.nbytes for each in narrow) / 1e6,
                8 * 3 * len(kept) / 1e6,
                unit="MB",
                than="values and codes of 64 bits",
                least_ratio=1 / 0.7,
            )
        )
    return found


def query(folder: Path) -> list[Row]:
    """Selections and rankings of what was not asked before."""
    case = "explore.query"
    rows, every = [], list[float]()
    draw = random.Random(1)
    with _loaded(folder) as workspace:
        for what, question in _questions(workspace).items():
            question(draw)()  # opens the files
            found = []
            for _ in range(ASKED):
                workspace.cache.clear()  # the same may be drawn again
                found.append(_timed(question(draw), cached=None))
            every += found
            rows.append(seconds(case, what, found, bar=UNCACHED))
    return [
        seconds(case, f"{SIZE}: any question, uncached", every, bar=UNCACHED),
        seconds(case, "p95: any question, uncached", [p95(every)], bar=UNCACHED),
        *rows,
    ]


def cached(folder: Path) -> list[Row]:
    """The same questions again, beside the first time."""
    case = "explore.cached"
    rows, every = [], list[float]()
    draw = random.Random(1)
    with _loaded(folder) as workspace:
        for what, question in _questions(workspace).items():
            question(draw)()
            workspace.cache.clear()
            asked = question(draw)
            first = _timed(asked, cached=None)
            found = [_timed(asked, cached="process") for _ in range(ASKED)]
            every += found
            rows.append(seconds(case, what, found, baseline=[first], baseline_what="the first time", bar=CACHED))
    return [
        seconds(case, f"{SIZE}: any question, cached in process", every, bar=CACHED),
        seconds(case, "p95: any question, cached in process", [p95(every)], bar=CACHED),
        *rows,
    ]


def _questions(workspace: Workspace) -> dict[str, Callable[[random.Random], Question]]:
    """Questions about features and entities that are drawn."""
    explore = workspace.explore
    matrix = explore.matrix(MATRIX)
    features, entities = (matrix.ask(f"SELECT {NAME} FROM {t}")[NAME].to_pylist() for t in ("features", "entities"))
    return {
        "a feature over all entities": lambda r: partial(explore.feature, MATRIX, r.choice(features)),
        "the 20 lowest of a feature": lambda r: partial(
            explore.feature, MATRIX, r.choice(features), order="low", limit=20
        ),
        "an entity over all features": lambda r: partial(explore.entity, MATRIX, r.choice(entities)),
        "the strongest of an entity": lambda r: partial(
            explore.entity, MATRIX, r.choice(entities), order="strong", limit=20 + r.randrange(100)
        ),
        "features where an entity is in the top": lambda r: partial(
            explore.within_top, MATRIX, [r.choice(entities)], top=1 + r.randrange(10)
        ),
        "features where three are together in the top 50": lambda r: partial(
            explore.within_top, MATRIX, r.sample(entities, 3), top=50
        ),
        "the strongest cells of all": lambda r: partial(
            explore.strongest, MATRIX, sign=r.choice(SIGNS), limit=20 + r.randrange(1_000)
        ),
        "a part of 20 × 50": lambda r: partial(
            explore.part, MATRIX, entities=r.sample(entities, 20), features=r.sample(features, 50)
        ),
    }


def _timed(ask: Question, *, cached: str | None) -> float:
    """Seconds of an answer, which must come from where it should."""
    started = time.perf_counter()
    told = ask()
    spent = time.perf_counter() - started
    _check(told.cached == cached, f"an answer came from {told.cached or 'the files'}")
    return spent


def rank_all(_: Path) -> list[Row]:
    """Every rank of everything in one pass, beside a query for one entity after the other."""
    case = "explore.rank_all"
    with Session() as session:
        session.register("means_of_replicates", _means())
        spent = times(lambda: session.arrow(storing.RANKED), repetitions=3)
        peak = peak_mb()
        ranked = session.arrow(storing.RANKED)
        draw = random.Random(1).sample(range(ENTITIES), SCANNED)
        one = {sql: [_scanned(session, sql, entity, ranked) for entity in draw] for sql in (WINDOWED, COUNTED)}
    usual = f"one scan an entity, {{}}; {SCANNED} of {ENTITIES} extrapolated"
    every = {sql: [ENTITIES * statistics.median(found)] for sql, found in one.items()}
    return [
        seconds(
            case,
            f"every rank of {SIZE}: from the top, from the bottom, of either sign",
            spent,
            baseline=every[WINDOWED],
            baseline_what=usual.format("by rank()"),
            least_ratio=100,
            peak=peak,
        ),
        seconds(
            case,
            "the same, beside the quickest scan known",
            spent,
            baseline=every[COUNTED],
            baseline_what=usual.format("by counting those ahead in its features"),
        ),
    ]


def _scanned(session: Session, sql: str, entity: int, ranked: pa.Table) -> float:
    """Seconds to rank an entity alone, which must be as in the one pass."""
    import pyarrow.compute as pc

    started = time.perf_counter()
    found = session.arrow(sql.format(entity=entity))
    spent = time.perf_counter() - started
    columns = found.column_names
    wanted = ranked.filter(pc.equal(ranked[ENTITY], entity)).select(columns)
    _check(found.sort_by(FEATURE).equals(wanted.sort_by(FEATURE)), f"the ranks of entity {entity} differ")
    return spent


def _means() -> pa.Table:
    """The means of the matrix as they are ranked: one value of each entity in each feature that was measured."""
    import pyarrow as pa

    values = sample.big(ENTITIES, FEATURES).values.T
    feature, entity = np.nonzero(~np.isnan(values))
    return pa.table(
        {
            FEATURE: feature.astype(numbers.codes(FEATURES)),
            ENTITY: entity.astype(numbers.codes(ENTITIES)),
            "n": np.ones(len(feature), np.uint16),
            "mean": values[feature, entity],
            "sd": pa.nulls(len(feature), pa.float64()),
        }
    )


def statistics_(folder: Path) -> list[Row]:
    """Two groups compared in every feature, with q, beside SciPy feature by feature."""
    from scipy import stats

    values = np.ascontiguousarray(sample.big(ENTITIES, FEATURES).values.T)
    first = np.arange(ENTITIES) % 2 == 0

    def ours() -> comparing.Compared:
        found = comparing.compare(values, first, ~first, test="mann-whitney")
        comparing.adjusted(found.p)
        return found

    spent = times(ours, repetitions=3)
    peak = peak_mb()
    found = ours()
    rows = random.Random(1).sample(range(FEATURES), TESTED)
    started = time.perf_counter()
    p = [stats.mannwhitneyu(*(_measured(values[row, group]) for group in (first, ~first))).pvalue for row in rows]
    usual = (time.perf_counter() - started) / TESTED * FEATURES
    _check(np.allclose(found.p[rows], p, rtol=1e-9), "a p is not that of SciPy")
    return [
        seconds(
            "explore.statistics",
            f"{FEATURES:,} Mann–Whitney tests of {SIZE}, with Benjamini–Hochberg",
            spent,
            baseline=[usual],
            baseline_what=f"SciPy feature by feature, {TESTED} of {FEATURES:,} extrapolated",
            bar=ALL,
            peak=peak,
        ),
        seconds("explore.statistics", "the same as a question, from files, with the answer", _asked(folder), bar=ALL),
    ]


def _asked(folder: Path) -> list[float]:
    """Seconds of each time that two groups are compared and nothing of it is cached."""
    found = []
    with _loaded(folder) as workspace:
        for _ in range(3):
            workspace.cache.clear()
            found.append(_timed(partial(workspace.explore.compare, MATRIX, "group", "even", "odd"), cached=None))
    return found


def _measured(cells: Any) -> Any:
    return cells[~np.isnan(cells)]


def _written(folder: Path) -> Path:
    """The matrix as a wide CSV file; blank where nothing was measured."""
    made = sample.big(ENTITIES, FEATURES)
    path = folder / f"{MATRIX}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["entity", *made.features])
        for name, row in zip(made.entities, made.values, strict=True):
            writer.writerow([name, *np.where(np.isnan(row), "", row.astype("U32")).tolist()])
    return path


@contextmanager
def _loaded(folder: Path) -> Iterator[Workspace]:
    """A workspace that holds the matrix, whose entities are in two groups."""
    import pyarrow as pa

    names = [each["entity"] for each in sample_names.entities(ENTITIES)]
    groups = pa.table({"entity": names, "group": ["odd" if n % 2 else "even" for n in range(ENTITIES)]})
    with open_workspace(folder / "state") as workspace:
        workspace.explore.load(_written(folder), name=MATRIX, samples=groups)
        yield workspace


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)

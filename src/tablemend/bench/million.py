"""1,000,000 rows of 15 columns: import, scan, apply, and the memory that it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tablemend.bench.case import Row, megabytes, peak_mb, rate, seconds, times
from tablemend.bench.data import COLUMNS, orders_csv
from tablemend.bench.heal import REPAIRS, Job
from tablemend.workspace import open as open_workspace

ROWS = 1_000_000
CELLS = ROWS * COLUMNS
PEAK_MB = 1500

CHANGES = (
    *(each for each in REPAIRS if each[0] not in ("replace_pattern", "parse_date", "map_values")),
    ("map_values", ("status",), {"pairs": [["cancelled", "canceled"]]}),
    ("replace_pattern", ("customer",), {"pattern": "^Customer 1", "replacement": "Client 1"}),
    ("cap", ("latitude",), {"high": 85}),
)
"""Ten repairs that change about a million cells."""


def import_1m(folder: Path) -> list[Row]:
    """CSV to an immutable snapshot: read, hash, write."""
    from tablemend.repair.intake import take_in
    from tablemend.store.state import Store
    from tablemend.tables.read import load
    from tablemend.tables.snapshot import Snapshots
    from tablemend.tables.source import parse

    source = orders_csv(folder / "orders.csv", ROWS)
    found = []
    for n in range(3):
        home = folder / f"state{n}"
        home.mkdir()
        with Store(home / "state.db") as store:
            started = time.perf_counter()
            take_in(store, Snapshots(home), load(parse(str(source))))
            found.append(time.perf_counter() - started)
    peak = peak_mb()
    baseline = times(lambda: _pandas_parquet(source, folder), repetitions=2, warm=False)
    case = "tables.import_1m"
    return [
        rate(
            case,
            f"CSV of {ROWS:,} × {COLUMNS} to snapshot",
            CELLS,
            found,
            unit="cells/s",
            baseline=baseline,
            baseline_what="pandas read_csv as text, to_parquet",
            bar=2e6,
            peak=peak,
        ),
        megabytes(case, "peak memory", peak, bar=PEAK_MB),
    ]


def _pandas_parquet(source: Path, folder: Path) -> None:
    import pandas as pd

    pd.read_csv(source, dtype=str).to_parquet(folder / "pandas.parquet")


def scan_1m(folder: Path) -> list[Row]:
    """A whole scan: profile, checks, calibrated proposals, findings, score, measured repairs."""
    source = orders_csv(folder / "orders.csv", ROWS)
    found, stages = [], []
    with open_workspace(folder / "state") as workspace:
        first = workspace.scan(source)
        for _ in range(3):
            started = time.perf_counter()
            again = workspace.rescan(first.snapshot.dataset)
            found.append(time.perf_counter() - started)
            stages.append(again.seconds)
    peak = peak_mb()
    baseline = times(lambda: _pandas_profile(source), repetitions=1, warm=False)
    case = "quality.scan_1m"
    rows = [
        rate(
            case,
            f"scan with calibration of {ROWS:,} × {COLUMNS}",
            CELLS,
            found,
            unit="cells/s",
            baseline=baseline,
            baseline_what="pandas: nulls, value counts and duplicates alone",
            bar=1.5e6,
            peak=peak,
        ),
        megabytes(case, "peak memory", peak, bar=PEAK_MB),
    ]
    return rows + [seconds(case, f"of which {name}", [each[name] for each in stages]) for name in stages[0]]


def _pandas_profile(source: Path) -> None:
    import pandas as pd

    frame = pd.read_csv(source, dtype=str)
    frame.isna().sum()
    for column in frame.columns:
        frame[column].value_counts()
        frame[column].str.strip().ne(frame[column]).sum()
    frame.duplicated().sum()


def apply_1m(folder: Path) -> list[Row]:
    """Ten repairs that change a million cells."""
    source = orders_csv(folder / "orders.csv", ROWS)
    with open_workspace(folder / "state") as workspace:
        job = Job(workspace, source, CHANGES)
        found = job.timed(3)
        peak = peak_mb()
        cells = workspace.change_sets()[0].cells
    baseline = times(lambda: _pandas_repairs(source, folder), repetitions=1, warm=False)
    case = "repair.apply_1m"
    rows = [
        seconds(
            case,
            f"ten repairs that change {cells:,} cells of {ROWS:,} × {COLUMNS}: decide, apply, audit, re-score",
            found,
            baseline=baseline,
            baseline_what="pandas: one pass a repair, read and written as Parquet each time",
            bar=4.0,
            peak=peak,
        ),
        megabytes(case, "peak memory", peak, bar=PEAK_MB),
    ]
    return rows + [seconds(case, f"of which {name}", spent[1:]) for name, spent in job.stages.items()]


def _pandas_repairs(source: Path, folder: Path) -> None:
    """Seven of the ten repairs, one pass each, as a script would do it."""
    import pandas as pd

    state = folder / "frame.parquet"
    pd.read_csv(source, dtype=str).to_parquet(state)
    actions: tuple[tuple[str, Callable[[Any], Any]], ...] = (
        ("city", lambda s: s.str.strip()),
        ("note", lambda s: s.str.replace(r"\s+", " ", regex=True)),
        ("colour", lambda s: s.str.lower()),
        ("weight", lambda s: s.str.replace(r"\s*(kg|kilo)$", " kg", regex=True)),
        ("rating", lambda s: s.replace("N/A", None)),
        ("status", lambda s: s.replace("cancelled", "canceled")),
        ("note", lambda s: s.fillna("none")),
    )
    for column, change in actions:
        frame = pd.read_parquet(state)
        frame[column] = change(frame[column])
        frame.to_parquet(state)

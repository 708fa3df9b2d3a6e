"""Many tables of a server healed at once, beside one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pyarrow import csv

from tablemend.bench.case import Row, peak_mb, seconds
from tablemend.bench.data import orders_csv
from tablemend.bench.store import postgres
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

TABLES, ROWS = 20, 2_000
WORKERS = (1, 2, 4)


def many_tables(folder: Path) -> list[Row]:
    """Heal 20 tables: with so many workers, and by 20 calls of `heal`."""
    with postgres() as url:
        return [] if url is None else _measured(folder, url)


def _measured(folder: Path, url: str) -> list[Row]:
    names = [f"orders_{n:02}" for n in range(TABLES)]
    with Database(url) as database:
        for n, name in enumerate(names):
            table = csv.read_csv(orders_csv(folder / "orders.csv", ROWS, seed=n))
            bulk.create(database, (None, name), table.schema)
            bulk.insert(database, (None, name), table)

    def each(workspace: Workspace) -> None:
        for name in names:
            workspace.heal(f"{url}#{name}")

    def together(workers: int) -> Callable[[Workspace], object]:
        return lambda workspace: workspace.heal_many(f"{url}#*", workers=workers)

    found = {n: _spent(folder / f"state-{n}", together(n)) for n in WORKERS}
    peak, baseline = peak_mb(), _spent(folder / "state-each", each)
    return [
        seconds(
            "heal.many_tables",
            f"scan, gate and apply {TABLES} tables of {ROWS:,} rows in PostgreSQL, {n} at once",
            [found[n]],
            baseline=[baseline],
            baseline_what="`heal` of one table after the other",
            peak=peak,
        )
        for n in WORKERS
    ]


def _spent(state: Path, work: Callable[[Workspace], object]) -> float:
    """Seconds in a new workspace; opening it does not count."""
    with open_workspace(state) as workspace:
        started = time.perf_counter()
        work(workspace)
        return time.perf_counter() - started

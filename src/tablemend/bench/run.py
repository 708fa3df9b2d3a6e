"""Running cases, each in a process of its own so that its peak memory is its own."""

from __future__ import annotations

import fnmatch
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from tablemend.bench import (
    batching,
    bulk,
    caching,
    conflicts,
    conflicts_judging,
    databases,
    explore,
    explore_web,
    heal,
    many,
    million,
    review,
    served,
    startup,
    store,
    tuning,
    users,
    web,
)
from tablemend.bench.case import Case, Row
from tablemend.errors import NotFound, StateError


def _web(name: str, help: str, function: Callable[[Path], Sequence[Row]]) -> Case:  # noqa: A002
    return Case(name=name, help=help, function=function, lacks=served.lacking)


def _served(name: str, help: str, function: Callable[[Path], Sequence[Row]]) -> Case:  # noqa: A002
    return Case(name=name, help=help, function=function, lacks=conflicts.lacking)


CASES = (
    Case(name="heal.ten_10k", help="Ten approved repairs on 10,000 rows.", function=heal.ten),
    Case(name="heal.one_10k", help="One approved repair on 10,000 rows.", function=heal.one),
    Case(name="heal.many_tables", help="20 tables of 2,000 rows in PostgreSQL.", function=many.many_tables),
    Case(name="tables.import_1m", help="CSV of 1,000,000 × 15 to snapshot.", function=million.import_1m),
    Case(name="quality.scan_1m", help="Scan of 1,000,000 × 15 with calibration.", function=million.scan_1m),
    Case(name="repair.apply_1m", help="Ten repairs of 1,000,000 cells.", function=million.apply_1m),
    Case(name="review.gate_rate", help="Score and gate 20,000 items.", function=review.gate_rate),
    Case(name="store.batch_100", help="100 items in one transaction.", function=store.batch_100),
    Case(name="store.batch_rate", help="Items a second in large batches.", function=store.batch_rate),
    Case(name="store.list_run_of_1m", help="1,000 items of one run out of 1,000,000.", function=store.list_run_of_1m),
    Case(name="store.typical_run", help="A run with repeated questions and settings.", function=store.typical_run),
    Case(name="review.settings_hash", help="Hash of the settings of a run.", function=store.settings_hash),
    Case(name="databases.insert", help="1,000,000 rows into an empty table.", function=bulk.insert_1m),
    Case(name="databases.read", help="1,000,000 rows to Arrow.", function=bulk.read_1m),
    Case(name="databases.update", help="100,000 of 1,000,000 rows by key.", function=bulk.update_100k),
    Case(name="databases.stream_10m", help="A streamed read of 10,000,000 rows.", function=bulk.stream_10m),
    Case(name="databases.checkout", help="A pooled connection against a new one.", function=databases.checkout),
    Case(name="databases.pool_50", help="50 callers on 10 connections.", function=databases.pool_50),
    Case(name="databases.key_query", help="One row of 1,000,000 by key.", function=databases.key_query),
    Case(name="databases.join_1m", help="Three tables joined, of 1,000,000 rows.", function=databases.join_1m),
    Case(name="databases.push_down", help="Profile of 1,000,000 × 8 in PostgreSQL.", function=databases.push_down),
    Case(name="databases.async_10", help="Ten slow queries awaited together.", function=databases.async_10),
    Case(name="batching.io_workers", help="100 batches of 50 ms latency, 4 workers.", function=batching.io_workers),
    Case(name="batching.overhead", help="Cost of the runner for each batch.", function=batching.overhead),
    Case(name="batching.load_1m", help="A load with bad rows and dropped connections.", function=batching.load_1m),
    Case(name="caching.hit", help="A cached result of 1,000 rows.", function=caching.hit),
    Case(name="caching.trace", help="An hour of dashboards.", function=caching.hour),
    Case(name="caching.single_flight", help="64 threads on one cold key.", function=caching.single_flight),
    Case(name="tuning.write", help="Loads by batch size and workers.", function=tuning.write_heavy),
    Case(name="tuning.read", help="Callers by pool size, with the cache, beside a load.", function=tuning.read_heavy),
    Case(name="tuning.memory", help="Memory of streamed jobs.", function=tuning.long_jobs),
    Case(name="conflicts.judge_10m", help="10,000,000 visits judged.", function=conflicts_judging.judge_10m),
    Case(name="conflicts.placeholder", help="1% of them under one key.", function=conflicts_judging.placeholder),
    Case(name="conflicts.pandas_1m", help="1,000,000, beside pandas.", function=conflicts_judging.pandas_1m),
    _served("conflicts.job_10m", "10,000,000 visits, from database to database.", conflicts.job_10m),
    _served("conflicts.update_285k", "285,627 conflicts updated.", conflicts.update_285k),
    _served("conflicts.incremental", "1% of 10,000,000 visits changed.", conflicts.incremental),
    _served("conflicts.narrow", "The columns that decide, of 98.", conflicts.narrow),
    _served("conflicts.workers", "1 to 8 workers, with latency.", conflicts.workers),
    Case(name="explore.import", help="CSV of 500 × 20,000 to a matrix.", function=explore.import_),
    Case(name="explore.query", help="Selections and rankings, uncached.", function=explore.query),
    Case(name="explore.cached", help="The same questions asked again.", function=explore.cached),
    Case(name="explore.rank_all", help="Every rank, beside one scan an entity.", function=explore.rank_all),
    Case(name="explore.statistics", help="20,000 tests of two groups.", function=explore.statistics_),
    _web("explore.first_load", "The page of a large matrix.", explore_web.first_load),
    _web("explore.plot", "Another order chosen, until its plot is drawn.", explore_web.plot),
    _web("explore.users_20", "20 people who look at features for a minute.", explore_web.users_20),
    _web("web.first_load", "Overview and Review, with and without a cache.", web.first_load),
    _web("web.items_10k", "From another page to 10,000 items.", web.items_10k),
    _web("web.filter", "A finding and a search among 10,000 items.", web.narrowing),
    _web("web.first_progress", "200 of 10,000 items approved, until a bar moves.", web.first_progress),
    _web("web.heal_click", "Ten repairs of 10,000 rows, from the click to the score.", web.heal_click),
    _web("web.users_20", "20 people at work for a minute.", users.twenty),
    Case(name="cli.import", help="`import tablemend`.", function=startup.import_time),
    Case(name="cli.help", help="`tablemend --help`.", function=startup.help_time),
)


def chosen(patterns: Sequence[str]) -> list[Case]:
    """The cases that a pattern names; NotFound where none does."""
    found = [case for case in CASES if not patterns or any(fnmatch.fnmatch(case.name, each) for each in patterns)]
    if not found:
        raise NotFound(
            f"no benchmark case is named {' or '.join(patterns)}",
            hint=f"The cases are: {', '.join(case.name for case in CASES)}.",
        )
    return found


def isolated(case: Case) -> list[Row]:
    """Run a case in a new process; StateError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tablemend.bench.run", case.name], check=False, capture_output=True, text=True
    )
    if done.returncode:
        reason = next((line for line in reversed(done.stderr.splitlines()) if "Error" in line), "no message")
        raise StateError(f"benchmark {case.name} failed: {reason}", hint="Its baselines need pandas.")
    return msgspec.json.decode(done.stdout, type=list[Row])


def here(name: str) -> list[Row]:
    """Run a case in this process."""
    (case,) = chosen([name])
    with tempfile.TemporaryDirectory(prefix="tablemend-bench-") as folder:
        return list(case.function(Path(folder)))


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    packages = {name: version(name) for name in ("tablemend", "duckdb", "pyarrow", "sqlalchemy")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        **packages,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps([msgspec.to_builtins(row) for row in here(sys.argv[1])]))

"""Conflicts: pairing and judging, beside a join of all rows of a person and a day, and beside pandas."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tablemend.bench.case import Row, less, megabytes, peak_mb, seconds
from tablemend.bench.conflicts_usual import by_join, by_pandas
from tablemend.conflicts import door, finding, job, judging, ruleset, sample
from tablemend.engine.duckdb import Session

TODAY = date(2026, 11, 28)
SECRET = b"a secret for figures alone"
VISITS, SOME, PARTITION, SMALL = 10_000_000, 1_000_000, job.ROWS, 100_000
WORKERS, SAMPLE = 2, 4
SHARE = 0.01
RULES = ruleset.shipped("visits")

Judge = Callable[[Session, pa.Table], int]


def judge_10m(folder: Path) -> list[Row]:
    """10,000,000 visits of 500,000 people in partitions as a job has them: prepared, paired, judged, assembled."""
    case = "conflicts.judge_10m"
    paths = _partitions(folder, VISITS)
    with Session() as session:
        found, spent = _judged(session, paths, _found)
        peak = peak_mb()
        _, joined = _judged(session, paths[:SAMPLE], _joined)
    row = seconds(
        case,
        f"{_visits()} judged in partitions of {PARTITION:,}, {WORKERS} at once, {found:,} conflicts",
        [spent],
        baseline=[joined * len(paths) / SAMPLE],
        baseline_what=f"all pairs of a person and day by a join, then the rules; {SAMPLE} partitions extrapolated",
        bar=20.0,
        peak=peak,
    )
    return [row, megabytes(case, "peak memory", peak, bar=2_000)]


def _visits() -> str:
    return f"{VISITS:,} visits of {VISITS // sample.VISITS:,} people"


def placeholder(folder: Path) -> list[Row]:
    """So many visits of which a hundredth stands under one number, in a partition of its own."""
    case = "conflicts.placeholder"
    paths = [_under_one(folder, VISITS), *_partitions(folder, VISITS, placeholder=SHARE)]
    with Session() as session:
        plain, few = _judged(session, paths[1:], _counted)
        found, spent = _judged(session, paths, _counted)
        told, _, _ = finding.prepare(session, RULES, pq.read_table(paths[0]), today=TODAY)
        peak = peak_mb()
    if [each.rows for each in told.suspicious] != [round(VISITS * SHARE)]:
        raise AssertionError(f"{told.suspicious} are told to be suspicious")
    more = f"{found - plain:,} conflicts more under one key with {SHARE:.0%} of the rows, told to be suspicious"
    return [
        seconds(case, f"{_visits()} judged, {more}", [spent], bar=30.0, peak=peak),
        seconds(case, "the same without that key", [few]),
        megabytes(case, "peak memory", peak, bar=2_000),
    ]


def _counted(session: Session, rows: pa.Table) -> int:
    """How many conflicts, in pieces of which none is kept."""
    _, _, ready = finding.prepare(session, RULES, rows, today=TODAY)
    return sum(each.num_rows for each in judging.blocks(session, RULES, ready))


def _partitions(folder: Path, rows: int, *, placeholder: float = 0.0) -> list[Path]:
    """Files of the rows of each partition, as they are once they were read; none of the placeholder."""
    found = []
    for number, each in enumerate(sample.worlds(rows, size=PARTITION, today=TODAY, placeholder=placeholder)):
        own = pc.not_equal(each.visits[RULES.entity], sample.PLACEHOLDER)
        found.append(folder / f"{number}.parquet")
        pq.write_table(door.closed(each.visits.filter(own), RULES.entity, SECRET), found[-1])
    return found


def _under_one(folder: Path, rows: int) -> Path:
    """A file of the rows of the placeholder."""
    found = []
    for each in sample.worlds(rows, size=PARTITION, today=TODAY, placeholder=SHARE):
        found.append(each.visits.filter(pc.equal(each.visits[RULES.entity], sample.PLACEHOLDER)))
    path = folder / "placeholder.parquet"
    pq.write_table(door.closed(pa.concat_tables(found), RULES.entity, SECRET), path)
    return path


def _judged(session: Session, paths: Sequence[Path], judge: Judge) -> tuple[int, float]:
    """Conflicts in all, and the seconds that they took."""

    def one(path: Path) -> int:
        with session.branch() as own:
            return judge(own, pq.read_table(path))

    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as threads:
        found = sum(threads.map(one, paths))
    return found, time.perf_counter() - started


def _found(session: Session, rows: pa.Table) -> int:
    return int(finding.find(session, RULES, rows, today=TODAY).conflicts.num_rows)


def _joined(session: Session, rows: pa.Table) -> int:
    return by_join(session, RULES, rows, today=TODAY)


def pandas_1m(folder: Path) -> list[Row]:
    """1,000,000 visits in Parquet: read, judged; time and peak memory, each way in processes of its own."""
    case, path = "conflicts.pandas_1m", folder / "visits.parquet"
    worlds = sample.worlds(SOME, size=SMALL, today=TODAY)
    first = next(worlds).visits
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for each in worlds:
            writer.write_table(each.visits)
    ours, theirs = (_apart(work, path) for work in (_by_partitions, _by_pandas))
    counts = {each[0] for each in (*ours, *theirs)}
    if len(counts) > 1:
        raise AssertionError(f"numbers of conflicts differ: {counts}")
    row = seconds(
        case,
        f"{SOME:,} visits read from Parquet and judged, {WORKERS} partitions at once, {counts.pop():,} conflicts",
        [each[1] for each in ours],
        baseline=[each[1] for each in theirs],
        baseline_what="pandas: merge on person and day, then the rules as masks",
        least_ratio=3,
    )
    memory, other = (statistics.median(each[2] for each in found) for found in (ours, theirs))
    return [row, less(case, "peak memory of the process", memory, other, unit="MB", than="pandas", least_ratio=3)]


def _apart(work: Callable[[Path], tuple[int, float, float]], path: Path) -> Sequence[tuple[int, float, float]]:
    """Conflicts, seconds and peak memory, three times, each in a new process."""
    found = []
    for _again in range(3):
        with get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(work, (path,)))
    return found


def _by_partitions(path: Path) -> tuple[int, float, float]:
    import pandas as pd  # noqa: F401 - the Arrow library looks for it at its first use

    def one(number: int) -> int:
        with session.branch() as own, pq.ParquetFile(path) as opened:
            return _found(own, door.closed(opened.read_row_group(number), RULES.entity, SECRET))

    started = time.perf_counter()
    with Session() as session, ThreadPoolExecutor(WORKERS) as threads:
        found = sum(threads.map(one, range(pq.read_metadata(path).num_row_groups)))
    return found, time.perf_counter() - started, peak_mb()


def _by_pandas(path: Path) -> tuple[int, float, float]:
    import pandas as pd

    started = time.perf_counter()
    found = by_pandas(pd.read_parquet(path), RULES, today=TODAY)
    return found, time.perf_counter() - started, peak_mb()

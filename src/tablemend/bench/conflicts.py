"""Conflicts from PostgreSQL to PostgreSQL: the whole job, what it reads, what it writes, and how many workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from tablemend.bench.case import Row, less, megabytes, peak_mb, seconds
from tablemend.bench.conflicts_judging import PARTITION, RULES, SECRET, SMALL, SOME, TODAY, VISITS
from tablemend.bench.link import Link, link
from tablemend.bench.store import postgres
from tablemend.conflicts import door, fetching, finding, sample
from tablemend.conflicts.changes import changes
from tablemend.conflicts.keeping import Keeper
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.engine.duckdb import Session
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.conflicts.report import ConflictsRun
    from tablemend.databases.partitions import Partition

LOADED, CONFLICT = (None, "loaded"), (None, "conflict")
SORTED = (
    "CREATE TABLE visits AS SELECT * FROM loaded ORDER BY visit_date, md5(visit_id::text)",
    "DROP TABLE loaded",
    "CREATE INDEX ON visits (caregiver_key)",
    "ANALYZE visits",
)
WIDE, CONFLICTS, PARTS, MANY, ALONE, AT_ONCE = 98, 285_627, 40, 250_000, 2_000, 2
LATENCY = 0.003
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
WORKERS = (1, 2, 4, 6, 8)

KINDS = (
    "'note ' || visit_id %% 9973",
    "visit_id * {n}",
    "visit_start + interval '{n} minutes'",
    "md5((visit_id + {n})::text)",
    "rate * {n}",
)
OTHERS = (f"{KINDS[n % len(KINDS)].format(n=n)} AS other_{n}" for n in range(1, WIDE - len(RULES.columns)))
WIDENED = f"CREATE TABLE wide AS SELECT visits.*, {', '.join(OTHERS)} FROM visits"
"""Columns that do not decide, of common types, as such tables have them."""

SPREAD = (
    "CREATE INDEX ON visits (updated_at)",
    "ANALYZE visits",
)
CHANGED = """
UPDATE visits SET updated_at = timestamp '2026-11-28 12:00' + interval '{number} hours'
    + visit_id / 100 %% 3600 * interval '1 second',
  visit_end = visit_end + interval '40 minutes', scheduled_end = scheduled_end + interval '40 minutes'
WHERE visit_id %% 100 = {number}"""

ALONE_REMEMBERED = """
INSERT INTO conflict_history (change, conflict, run, action, content, status, found, before_content)
SELECT conflict || clock_timestamp(), conflict, 'alone', 'updated', content, status, found, content
FROM conflict WHERE conflict = %s"""
ALONE_UPDATED = "UPDATE conflict SET overlap_minutes = %s, content = %s, status = 'U' WHERE conflict = %s"


def lacking() -> str:
    """What this computer lacks for these cases."""
    with postgres() as url:
        return "there is no PostgreSQL" if url is None else ""


def job_10m(folder: Path) -> list[Row]:
    """The whole job over 10,000,000 visits: a first run that writes all, and a second that has nothing to write."""
    case = "conflicts.job_10m"
    with _filled(VISITS) as url, _workspace(folder) as workspace:
        first, spent = _run(workspace, url)
        peak = peak_mb()
        again, idle = _run(workspace, url)
    _check(first.written == first.conflicts == again.unchanged and not again.written, "the second run differs")
    what = (
        f"{VISITS:,} visits of {VISITS // sample.VISITS:,} people, PostgreSQL to PostgreSQL, {len(first.parts)} parts"
    )
    return [
        seconds(case, f"{what}: first run, {first.written:,} conflicts written", [spent], bar=120, peak=peak),
        seconds(case, f"{what}: again, nothing to write", [idle], bar=120),
        megabytes(case, "peak memory", peak, bar=2_000),
    ]


@contextmanager
def _filled(rows: int) -> Iterator[str]:
    """URL of a PostgreSQL whose table `visits` holds so many as they come in, by date, with an index on the person."""
    with postgres() as url:
        if url is None:
            raise AssertionError(lacking())
        with Database(url) as database:
            made = sample.worlds(rows, size=SMALL, today=TODAY)
            first = next(made).visits
            bulk.create(database, LOADED, first.schema)
            bulk.insert(database, LOADED, first)
            for each in made:
                bulk.insert(database, LOADED, each.visits)
            with database.transaction() as connection:
                for statement in SORTED:
                    connection.exec_driver_sql(statement)
        yield url


@contextmanager
def _workspace(folder: Path) -> Iterator[Workspace]:
    with open_workspace(folder / "state", conflicts_secret=SECRET.decode()) as workspace:
        yield workspace


def _run(workspace: Workspace, url: str, to: str = "", **options: Any) -> tuple[ConflictsRun, float]:
    """A run, and its seconds."""
    started = time.perf_counter()
    found = workspace.conflicts.run(f"{url}#visits", f"{to or url}#conflict", today=TODAY, **options)
    _check(found.status == "completed", f"the run is {found.status}")
    return found, time.perf_counter() - started


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def update_285k(_: Path) -> list[Row]:
    """285,627 conflicts that are no longer as they are kept: compared, updated and remembered."""
    case = "conflicts.update_285k"
    with postgres() as url, Session() as session:
        if url is None:
            return []
        with Database(url) as database:
            keeper = Keeper(database, CONFLICT, RULES.name)
            keeper.prepare()
            versions = [_conflicts(session, number) for number in range(4)]
            written = [_written(session, keeper, each, f"r{number}") for number, each in enumerate(versions)]
            peak = peak_mb()
            alone = [_one_by_one(database, versions[number]) * CONFLICTS / ALONE for number in (0, 1, 2)]
    what = f"{CONFLICTS:,} conflicts in {PARTS} partitions, with history, {AT_ONCE} at once"
    return [
        seconds(
            case,
            f"{what}: updated",
            written[1:],
            baseline=alone,
            baseline_what=f"an update, a line of history and a commit a row, {ALONE:,} rows extrapolated",
            bar=10,
            peak=peak,
        ),
        seconds(case, f"{what}: new", written[:1]),
    ]


def _conflicts(session: Session, version: int) -> pa.Table:
    """As many conflicts as the case is about, in a version of their contents."""
    world = sample.world(MANY, today=TODAY)
    rows = door.closed(world.visits, RULES.entity, SECRET)
    session.register("judged", finding.find(session, RULES, rows, today=TODAY).conflicts)
    found = session.arrow(
        f"""
SELECT * REPLACE (left(sha256(conflict || range), 20) AS conflict, left(sha256(entity || range), 32) AS entity,
  overlap_minutes + {version} AS overlap_minutes, left(sha256(content || {version}), 20) AS content)
FROM judged, range({PARTS}) ORDER BY 1 LIMIT {CONFLICTS}"""
    )
    session.unregister("judged")
    _check(found.num_rows == CONFLICTS, f"there are {found.num_rows} conflicts")
    return found


def _written(session: Session, keeper: Keeper, found: pa.Table, run: str) -> float:
    """Seconds to bring the table of conflicts up to date."""
    size = -(-CONFLICTS // PARTS)
    parts = [found.slice(first, size) for first in range(0, CONFLICTS, size)]
    started = time.perf_counter()
    kept = keeper.kept()

    def one(part: pa.Table) -> int:
        before = kept.filter(pc.is_in(kept["conflict"], part["conflict"].combine_chunks()))
        with session.branch() as own:
            wanted = changes(own, part, before)
        return sum(keeper.write(wanted, before, run=run, now=NOON).counts.values())

    with ThreadPoolExecutor(AT_ONCE) as threads:
        done = sum(threads.map(one, parts))
    _check(done == CONFLICTS, f"{done} conflicts were written")
    return time.perf_counter() - started


def _one_by_one(database: Database, found: pa.Table) -> float:
    """Seconds to write some of them as a loop over rows would."""
    rows = found.slice(0, ALONE).select(["overlap_minutes", "content", "conflict"]).to_pylist()
    with database.connect() as connection:
        driver = database.raw(connection)
        started = time.perf_counter()
        for row in rows:
            cursor = driver.cursor()
            cursor.execute(ALONE_REMEMBERED, [row["conflict"]])
            cursor.execute(ALONE_UPDATED, list(row.values()))
            driver.commit()
        return time.perf_counter() - started


def narrow(_: Path) -> list[Row]:
    """1,000,000 visits of 98 columns: what comes over the wire where only what decides is read, and all of it."""
    case = "conflicts.narrow"
    with _filled(SOME) as url:
        with Database(url) as database, database.transaction() as connection:
            connection.exec_driver_sql(WIDENED)
            connection.exec_driver_sql("CREATE INDEX ON wide (caregiver_key)")
            connection.exec_driver_sql("ANALYZE wide")
        with link(url, delay=0.0) as far, Database(far.url) as database:
            source = fetching.Source(database, (None, "wide"), RULES, secret=SECRET, today=TODAY)
            _check(len(source.schema) == WIDE, f"there are {len(source.schema)} columns")
            parts = source.partitions(PARTITION)
            came, spent = _came(far, lambda: [source.fetch(each).num_rows for each in parts])
            every, longer = _came(far, lambda: [_whole(database, each) for each in parts])
    what = f"{SOME:,} visits of {WIDE} columns, the {len(RULES.columns)} that decide"
    return [
        less(case, f"{what}: sent by the server", came, every, unit="MB", than=f"all {WIDE}", least_ratio=5),
        seconds(case, f"{what}: read to Arrow", [spent], baseline=[longer], baseline_what=f"all {WIDE}"),
    ]


def _came(far: Link, work: Callable[[], object]) -> tuple[float, float]:
    """MB that the server sent, and seconds."""
    before, started = far.received, time.perf_counter()
    work()
    return (far.received - before) / 1e6, time.perf_counter() - started


def _whole(database: Database, part: Partition) -> int:
    with bulk.read(database, (None, "wide"), where=part.condition, params=part.values) as reader:
        return sum(each.num_rows for each in reader)


def incremental(folder: Path) -> list[Row]:
    """1 % of 10,000,000 visits changed: only those judged, beside a full run of the same; the table tells changes."""
    rows = VISITS
    with _filled(rows) as url, _workspace(folder) as workspace:
        with Database(url) as database, database.transaction() as connection:
            for statement in SPREAD:
                connection.exec_driver_sql(statement)
        _run(workspace, url)
        some, full, found = list[float](), list[float](), 0
        for number in range(2):
            with Database(url) as database, database.transaction() as connection:
                connection.exec_driver_sql(CHANGED.format(number=number))
            run, spent = _run(workspace, url, incremental=True)
            _check(run.incremental, f"the run is full: {run.why_full}")
            found, some = run.rows, [*some, spent]
            again, spent = _run(workspace, url)
            _check(not again.written, "a full run finds more")
            full.append(spent)
    return [
        seconds(
            "conflicts.incremental",
            f"1% of {rows:,} visits changed, indexed by when: {found:,} rows read",
            some,
            baseline=full,
            baseline_what="a full run, with nothing to write",
            least_ratio=10,
        )
    ]


def workers(folder: Path) -> list[Row]:
    """The whole job by the number of workers, with 3 ms to the source for each round trip, pipelined and not."""
    case, rows = "conflicts.workers", 2 * SOME
    found = []
    with _filled(rows) as url, _workspace(folder) as workspace, link(url, delay=LATENCY) as far:
        for number in WORKERS:
            spent = {True: list[float](), False: list[float]()}
            for pipelined in (True, False) * 2:
                _emptied(url)
                options = {"workers": number, "rows": rows // 20, "pipelined": pipelined}
                spent[pipelined].append(_run(workspace, far.url, url, **options)[1])
            found.append(
                seconds(
                    case,
                    f"{rows:,} visits in 20 partitions, {LATENCY * 1000:.0f} ms to the source, {number} workers",
                    spent[True],
                    baseline=spent[False],
                    baseline_what="not pipelined",
                    least_ratio=1.3 if number == 1 else None,
                )
            )
    return found


def _emptied(url: str) -> None:
    with Database(url) as database, database.transaction() as connection:
        for table in ("conflict", "conflict_history"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")

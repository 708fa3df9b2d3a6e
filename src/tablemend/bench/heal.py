"""Ten approved repairs, and one, on 10,000 rows: decide, apply, audit, re-score."""

from __future__ import annotations

import csv
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tablemend.bench.case import Row, peak_mb, seconds
from tablemend.bench.data import orders_csv
from tablemend.engine.duckdb import Session
from tablemend.quality.evaluate import evaluate
from tablemend.quality.score import score
from tablemend.records import Check
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

ROWS = 10_000

REPAIRS: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("trim", ("city",), {}),
    ("fold_space", ("note",), {}),
    ("change_case", ("colour",), {"case": "lower"}),
    ("normalise_number", ("weight",), {"strip": ["kg", "kilo"], "unit": "kg", "space": True}),
    ("set_null", ("rating",), {"values": ["N/A"]}),
    ("map_values", ("status",), {"pairs": [["cancelled", "canceled"]]}),
    ("cap", ("amount",), {"low": 1, "high": 990}),
    ("replace_pattern", ("email",), {"pattern": "@example\\.com$", "replacement": "@example.org"}),
    ("fill", ("note",), {"method": "constant", "value": "none"}),
    ("parse_date", ("ordered",), {"formats": ["%Y-%m-%d"], "to": "%d.%m.%Y"}),
)


class Job:
    """A scanned table with repairs of a person's own, ready to be decided and applied over and over."""

    def __init__(
        self, workspace: Workspace, path: Path, repairs: Sequence[tuple[str, tuple[str, ...], dict[str, Any]]]
    ):
        self.workspace = workspace
        self.run = workspace.scan(path).run
        self.ids = [
            workspace.propose(operation, columns, params, run=self.run).id for operation, columns, params in repairs
        ]
        self.change_set = ""
        self.stages: dict[str, list[float]] = defaultdict(list)

    def go(self) -> None:
        """Decide and apply."""
        started = time.perf_counter()
        self.workspace.approve(self.run, ids=self.ids, force=True)
        self.stages["decide"].append(time.perf_counter() - started)
        applied = self.workspace.apply(self.run)
        for stage, spent in applied.seconds.items():
            self.stages[stage].append(spent)
        self.change_set = applied.change_set.id

    def timed(self, repetitions: int) -> list[float]:
        """Seconds of each repetition; undoing in between does not count, nor does the first."""
        found = []
        for _ in range(repetitions + 1):
            started = time.perf_counter()
            self.go()
            found.append(time.perf_counter() - started)
            self.workspace.undo(self.change_set)
        return found[1:]


def per_action(folder: Path, source: Path, checks: Sequence[Check], statements: Sequence[str]) -> float:
    """The way it replaces: each action reads the table from JSON, changes it in a pass of its own, scores all of it
    again, writes it back, and commits its own audit entry on its own connection.
    """
    with source.open(newline="") as file:
        table = list(csv.DictReader(file))
    state = folder / "state.json"
    state.write_text(json.dumps(table))
    started = time.perf_counter()
    for statement in statements:
        rows = pa.Table.from_pylist(json.loads(state.read_text()))
        with Session() as session:
            session.register("rows", rows)
            session.execute("CREATE TABLE data AS SELECT row_number() OVER () AS _row, * FROM rows")
            for each in statement.split(";\n"):
                session.execute(each)
            score(evaluate(session, "data", checks))
            changed = session.arrow("SELECT * EXCLUDE (_row) FROM data ORDER BY _row")
        state.write_text(json.dumps(changed.to_pylist()))
        connection = sqlite3.connect(folder / "audit.db")
        connection.execute("CREATE TABLE IF NOT EXISTS audit (action TEXT, at REAL)")
        connection.execute("INSERT INTO audit VALUES (?, ?)", (statement, time.time()))
        connection.commit()
        connection.close()
    return time.perf_counter() - started


def measure(folder: Path, case: str, count: int, bar: float, least_ratio: float) -> list[Row]:
    """`count` repairs, ours and the way it replaces, with the stages of ours."""
    source = orders_csv(folder / "orders.csv", ROWS)
    with open_workspace(folder / "state") as workspace:
        job = Job(workspace, source, REPAIRS[:count])
        found, peak = job.timed(7), peak_mb()
        checks = workspace.store.runs.recall(job.run, "checks", list[Check])
        statements = [item.body["sql"] for item in workspace.items(job.run, ids=job.ids)]
        baseline = [per_action(folder, source, checks, statements) for _ in range(3)]
    what = f"{count} approved repair{'s' if count > 1 else ''} on {ROWS:,} rows: decide, apply, audit, re-score"
    rows = [
        seconds(
            case,
            what,
            found,
            baseline=baseline,
            baseline_what="one pass, one score, one JSON file and one commit an action",
            bar=bar,
            least_ratio=least_ratio,
            peak=peak,
        )
    ]
    stages = [seconds(case, f"of which {name}", spent[1:]) for name, spent in job.stages.items()]
    return rows + sorted(stages, key=lambda row: -row.value)


def ten(folder: Path) -> list[Row]:
    """Ten repairs."""
    return measure(folder, "heal.ten_10k", 10, 0.5, 5)


def one(folder: Path) -> list[Row]:
    """One repair."""
    return measure(folder, "heal.one_10k", 1, 0.15, 2)

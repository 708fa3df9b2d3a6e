"""The demonstration and the tables it is made of."""

import io
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tablemend.bench.accuracy import measure
from tablemend.bench.demo import demonstrate
from tablemend.bench.generate import faulty_csv, faulty_table, generate
from tablemend.repair.changes import CHANGES
from tablemend.tables.sample.faults import FAULTS


def test_the_same_seed_makes_the_same_table() -> None:
    assert generate(300, 7) == generate(300, 7)
    assert generate(300, 7).dirty != generate(300, 8).dirty


@settings(max_examples=10, deadline=None)
@given(st.integers(50, 400), st.integers(0, 9))
def test_the_truth_differs_from_the_dirty_table_in_the_named_cells_only(rows: int, seed: int) -> None:
    made = generate(rows, seed)
    differing = {
        (column, row)
        for column in made.clean.column_names
        for row, (a, b) in enumerate(zip(made.dirty[column].to_pylist(), made.clean[column].to_pylist(), strict=False))
        if a != b
    }
    assert differing == {(fault.column, fault.row) for fault in made.faults}
    assert len(differing) == len(made.faults)


def test_repeated_rows_stand_at_the_end() -> None:
    made = generate(500)
    rows = made.dirty.to_pylist()
    assert len(rows) == 500 + len(made.repeats) > 500
    assert all(rows[500 + n] == rows[origin] for n, origin in enumerate(made.repeats))


def test_every_kind_of_fault_occurs() -> None:
    kinds = {fault.kind for fault in generate(5_000).faults}
    assert kinds == {fault.kind for fault in FAULTS} | {"disguised missing"}


def test_a_faulty_file_reads_back_as_the_table(tmp_path: Path) -> None:
    import csv

    dirty, _ = faulty_table(200, 3)
    with faulty_csv(tmp_path / "t.csv", 200, 3).open(encoding="utf-8", newline="") as file:
        rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows == dirty.to_pylist()


def test_healing_to_the_truth_is_measured_as_perfect() -> None:
    made = generate(200)
    rows = [n + 1 for n in range(made.dirty.num_rows)]
    truth = made.clean.take(pa.array(made.origins())).add_column(0, "_row", pa.array(rows))
    changes = [
        {"row": n + 1, "column": column, "before": a, "after": b, "repair": "r"}
        for column in made.dirty.column_names
        for n, (a, b) in enumerate(zip(made.dirty[column].to_pylist(), truth[column].to_pylist(), strict=True))
        if a != b
    ]
    found = measure(made, truth, pa.Table.from_pylist(changes, schema=CHANGES), {"r": "typo"})
    assert (found.precision, found.recall, found.removed) == (1.0, 1.0, 0)
    assert sum(part.cells for part in found.kinds) == found.wrong == len(changes)


def test_a_change_that_is_not_the_truth_lowers_precision() -> None:
    made = generate(200)
    rows = pa.array([n + 1 for n in range(made.dirty.num_rows)])
    statuses = ["lost", *made.dirty["status"].to_pylist()[1:]]
    position = made.dirty.column_names.index("status")
    healed = made.dirty.set_column(position, "status", pa.array(statuses)).add_column(0, "_row", rows)
    change = {"row": 1, "column": "status", "before": None, "after": "lost", "repair": "r"}
    found = measure(made, healed, pa.Table.from_pylist([change], schema=CHANGES), {"r": "typo"})
    assert (found.changed, found.right, found.precision, found.recall) == (1, 0, 0.0, 0.0)


def test_the_demonstration_heals_measures_and_undoes(tmp_path: Path) -> None:
    out = io.StringIO()
    found = demonstrate(tmp_path / "demo", 600, 1, Console(file=out, width=100))
    assert found.changed > 50
    assert found.precision > 0.95
    assert "The undone file is the source, byte for byte." in out.getvalue()
    assert (tmp_path / "demo" / "orders.csv").read_bytes() == (tmp_path / "demo" / "undone.csv").read_bytes()


def test_the_demonstration_runs_again_in_its_folder(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=100)
    first = demonstrate(tmp_path, 300, 1, console)
    assert demonstrate(tmp_path, 300, 1, console) == first

"""The main job on a generated table whose truth is known: scan, heal, measure, undo, prove."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tablemend.bench.accuracy import Accuracy, Part, measure
from tablemend.records import Item, Score
from tablemend.repair.results import Applied, Scanned
from tablemend.tables.sample.orders import Generated, generate, write_csv
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(prog="python -m tablemend.bench.demo", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("demo"), help="emptied, then filled")
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    demonstrate(given.folder, given.rows, given.seed, Console(width=100, highlight=False))


def demonstrate(folder: Path, rows: int, seed: int, console: Console) -> Accuracy:
    """Heal a generated table in a folder and tell each step; what the folder held from an earlier run is replaced."""
    started = time.perf_counter()
    made = _make(folder, rows, seed, console)
    with open_workspace(folder / ".tablemend") as ws:
        scanned = _scan(ws, folder / "orders.csv", console)
        applied = _heal(ws, scanned, folder, console)
        found = _measure(ws, scanned, applied, made, console)
        _undo(ws, applied, folder, console)
    console.print(f"\n{time.perf_counter() - started:.1f} s. What was made lies in {folder}.")
    return found


def _step(console: Console, title: str, note: str = "") -> None:
    console.print(f"\n[bold]{title}[/bold]" + (f"\n{note}" if note else ""))


def _make(folder: Path, rows: int, seed: int, console: Console) -> Generated:
    made = generate(rows, seed)
    shutil.rmtree(folder / ".tablemend", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(made.dirty, folder / "orders.csv")
    write_csv(made.clean, folder / "truth.csv")
    repeats = made.dirty.num_rows - made.clean.num_rows
    _step(console, "1. A faulty table", f"{folder / 'orders.csv'}: {made.dirty.num_rows:,} orders, seed {seed}.")
    console.print(f"{len(made.faults):,} cells are wrong and {repeats} rows stand twice; tablemend is not told which.")
    return made


def _scan(ws: Workspace, path: Path, console: Console) -> Scanned:
    scanned = ws.scan(path)
    _step(console, "2. Scan: what is wrong, and what would make it right", f"Score {_score(scanned.score)}.")
    worst = sorted(scanned.findings, key=lambda each: (-max(each.cells, each.rows), each.check))
    rows = ((each.check, ", ".join(each.columns), each.cells or each.rows, each.message) for each in worst[:SHOWN])
    _print(console, ("finding", "columns", "cells", "what"), rows, more=len(worst) - SHOWN)
    _print(
        console,
        ("repair", "columns", "cells", "sure", "example"),
        map(_repair, scanned.items[:SHOWN]),
        more=len(scanned.items) - SHOWN,
    )
    return scanned


SHOWN = 12  # lines of each listing


def _repair(item: Item) -> tuple[object, ...]:
    first = next(iter(item.body.get("sample", ())), None)
    example = f"{first['before']!r} → {first['after']!r}" if first else f"{item.rows} rows"
    return item.operation, ", ".join(item.columns), item.cells, f"{item.confidence:.2f}", example


def _heal(ws: Workspace, scanned: Scanned, folder: Path, console: Console) -> Applied:
    verdict = ws.pass_gate(scanned.run)
    applied = ws.apply(scanned.run)
    change = applied.change_set
    ws.export(change.dataset, folder / "healed.csv")
    _step(console, "3. Heal: what the gate approves is applied as one change set")
    console.print(f"{len(verdict.decided)} of {len(scanned.items)} repairs pass; the others wait for a person.")
    console.print(f"Change set {change.id}: {change.cells:,} cells changed, {change.rows_removed:,} rows removed.")
    if applied.before and applied.after:
        console.print(f"Score {applied.before.overall:.2f} → {applied.after.overall:.2f}.")
    return applied


def _measure(ws: Workspace, scanned: Scanned, applied: Applied, made: Generated, console: Console) -> Accuracy:
    checks = {item.id: item.check for item in scanned.items}
    changes = ws.snapshots.read_changes(applied.change_set.changes)
    found = measure(made, ws.snapshots.read(applied.snapshot.hash), changes, checks)
    _step(console, "4. Measured against the truth, cell by cell")
    _print(console, ("check", "cells changed", "now right", "precision"), map(_part, found.checks))
    _print(console, ("fault", "cells wrong", "now right", "recall"), map(_part, found.kinds))
    console.print(f"Precision {found.precision:.4f}: {found.right:,} of {found.changed:,} changed cells are right now.")
    console.print(f"Recall {found.recall:.4f}: {found.right:,} of {found.wrong:,} wrong cells are right now.")
    console.print(f"Rows removed: {found.removed}, of which {found.removed_rightly} stood twice.")
    return found


def _part(part: Part) -> tuple[object, ...]:
    return part.name, part.cells, part.right, f"{part.share:.4f}"


def _undo(ws: Workspace, applied: Applied, folder: Path, console: Console) -> None:
    done = ws.undo(applied.change_set.id)
    ws.export(done.change_set.dataset, folder / "undone.csv")
    _step(console, f"5. Undo {applied.change_set.id}")
    hashes = {name: sha256((folder / name).read_bytes()).hexdigest() for name in ("orders.csv", "undone.csv")}
    for name, digest in hashes.items():
        console.print(f"{digest}  {folder / name}")
    if len(set(hashes.values())) > 1:
        raise SystemExit("The undone file differs from the source.")
    console.print("The undone file is the source, byte for byte.")


def _score(score: Score) -> str:
    parts = ", ".join(f"{name} {value:.2f}" for name, value in score.dimensions.items())
    return f"{score.overall:.2f} ({parts})"


def _print(console: Console, head: tuple[str, ...], rows: Iterable[tuple[object, ...]], *, more: int = 0) -> None:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in head:
        right = name in ("cells", "sure", "cells changed", "cells wrong", "now right", "precision", "recall")
        grid.add_column(name, justify="right" if right else "left")
    for row in rows:
        grid.add_row(*(escape(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    console.print(grid)
    if more > 0:
        console.print(f"… and {more} more")


if __name__ == "__main__":
    main()

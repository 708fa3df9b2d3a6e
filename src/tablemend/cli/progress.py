"""Progress on standard error: stages by name, with true fractions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tablemend.telemetry import Progress, silent


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Bars on a terminal; silence elsewhere, and where asked for."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description:<10}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:

        def show(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield show

"""`bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app


@app.command()
def bench(
    patterns: Annotated[list[str] | None, typer.Argument(help="Cases, * for any; by default all.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write the figures as a Markdown page.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure speed and memory, each case beside the way that it replaces."""
    from tablemend.bench.page import markdown
    from tablemend.bench.run import chosen, isolated, machine

    rows = []
    for case in chosen(patterns or []):
        lacks = case.lacks()
        show.say(f"{case.name}: skipped, {lacks}" if lacks else f"{case.name} …")
        rows += [] if lacks else isolated(case)
    if page is not None:
        page.write_text(markdown(rows, machine()), encoding="utf-8")
    if as_json:
        show.json([{name: getattr(row, name) for name in row.__struct_fields__} for row in rows])
        return
    show.table(
        ("case", "what", "value", "unit", "baseline", "ratio", "bar", "met", "peak MB"),
        [(r.case, r.what, r.value, r.unit, r.baseline, r.ratio, r.bar, r.met, r.peak_mb) for r in rows],
    )
    show.say(", ".join(f"{name} {value}" for name, value in machine().items()))

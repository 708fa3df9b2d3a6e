"""`history`, `diff` and `export`."""

from __future__ import annotations

from typing import Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app, require_one_document, workspace
from tablemend.errors import StateError

DatasetArgument = Annotated[str | None, typer.Argument(help="Dataset: name, id or source.", show_default=False)]


@app.command()
def history(dataset: DatasetArgument = None, as_json: Json = False) -> None:
    """List the datasets, or the versions, change sets and runs of one."""
    with workspace(quiet=True) as ws:
        found = ws.history(dataset)
    if as_json:
        show.json(found)
        return
    for title, rows in found.items():
        if rows:
            show.table(tuple(rows[0]), [tuple(row.values()) for row in rows], title=title)
    if not any(found.values()):
        show.say("nothing was scanned yet")


@app.command()
def diff(
    dataset: Annotated[str, typer.Argument(help="Dataset: name, id or source.")],
    before: Annotated[int, typer.Argument(help="Version.")],
    after: Annotated[int, typer.Argument(help="Version.")],
    limit: Annotated[int, typer.Option(help="Most cells to print; 0 for all.")] = 100,
    as_json: Json = False,
) -> None:
    """Show every cell, row and column that differs between two versions."""
    with workspace(quiet=True) as ws:
        found = ws.diff(dataset, before, after)
    cells = found.cells.slice(0, limit) if limit and not as_json else found.cells
    if as_json:
        show.json(
            {
                "cells": cells.to_pylist(),
                "rows_removed": found.rows_removed,
                "rows_added": found.rows_added,
                "columns_removed": found.columns_removed,
                "columns_added": found.columns_added,
            }
        )
        return
    show.table(("row", "column", "before", "after"), [tuple(row.values()) for row in cells.to_pylist()])
    show.say(
        f"{found.cells.num_rows:,} cells, {len(found.rows_removed):,} rows removed, {len(found.rows_added):,} added"
        + (f"; the first {limit} cells are shown" if cells.num_rows < found.cells.num_rows else "")
    )


@app.command()
def export(
    dataset: Annotated[str, typer.Argument(help="Dataset: name, id or source.")],
    output: Annotated[str, typer.Option("--output", "-o", help="Where to write; the suffix decides the format.")],
    version: Annotated[int | None, typer.Option(help="Version; by default the newest.", show_default=False)] = None,
    run: Annotated[str | None, typer.Option(help="Scan whose repairs to script.", show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let the output replace the source.")] = False,
    safe: Annotated[
        bool,
        typer.Option("--safe-for-spreadsheets", help="Put an apostrophe before texts that would run as formulas."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a version to a file: csv, tsv, xlsx, json, jsonl, parquet, arrow, html, or its repairs as sql."""
    require_one_document(output, as_json=as_json)
    if version is not None and run is not None:
        raise StateError("--version and --run cannot both be given", hint="Name one of them.")
    with workspace(quiet=True) as ws:
        written = ws.export(dataset, output, version=version, run=run, overwrite=overwrite, safe=safe)
    if as_json:
        show.json({"ok": True, "output": None if written is None else str(written)})
    elif written:
        show.say(f"wrote {written}")

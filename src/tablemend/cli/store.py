"""`store`: backup, restore, check and retention of the state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, Quiet, app, workspace

if TYPE_CHECKING:
    from tablemend.workspace.archive import Manifest

stores = typer.Typer(help="The state itself: backup, restore, check.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(stores, name="store")


@stores.command()
def info(as_json: Json = False) -> None:
    """Say where the state is and how much it holds."""
    with workspace(quiet=True) as ws:
        found = ws.state_info()
    if as_json:
        show.json(found)
        return
    show.table(("table", "rows"), sorted(found["rows"].items()))
    show.say(f"state {found['state']}, schema {found['schema']}")
    show.say(f"{found['files']:,} files of {found['bytes'] / 1e6:,.1f} MB in {found['folder']}")


def _held(made: Manifest) -> str:
    return ", ".join(f"{made.tables[name]:,} {name}" for name in ("datasets", "runs", "items", "decisions"))


@stores.command()
def backup(
    path: Annotated[Path, typer.Argument(help="File to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also where it is there already.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the state and all its files into one file, as of one moment."""
    with workspace(quiet=quiet or as_json) as ws:
        made = ws.backup(path, overwrite=overwrite)
    if as_json:
        show.json(made)
    else:
        show.say(f"wrote {path}: {_held(made)}")


@stores.command()
def restore(
    path: Annotated[Path, typer.Argument(help="File of `store backup`.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fill an empty workspace from a backup; all of it or nothing."""
    with workspace(quiet=quiet or as_json) as ws:
        made = ws.restore(path)
    if as_json:
        show.json(made)
    else:
        show.say(f"restored {path} of {made.created:%Y-%m-%d %H:%M} UTC: {_held(made)}")


@stores.command()
def check(
    deep: Annotated[bool, typer.Option("--deep", help="Also read every file and compare it with its hash.")] = False,
    as_json: Json = False,
) -> None:
    """Look for anything in the state that contradicts itself; exit 1 where there is."""
    with workspace(quiet=True) as ws:
        found = ws.check_state(deep=deep)
    if as_json:
        show.json({"sound": not found, "problems": found})
    elif found:
        show.table(("what", "subject", "detail"), [(each.what, each.subject, each.detail) for each in found])
    else:
        show.say("the state is sound")
    if found:
        raise typer.Exit(1)


@stores.command()
def retain(
    days: Annotated[float, typer.Option("--days", help="Keep what ended within so many days.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count; remove nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Let go of what old runs left; decisions, versions and change sets stay."""
    with workspace(quiet=True) as ws:
        done = ws.retain(days=days, dry_run=dry_run)
    if as_json:
        show.json(done)
        return
    verb = "would remove" if dry_run else "removed"
    show.say(
        f"{verb} {done.runs_removed:,} of {done.runs_old:,} old runs, {done.items_removed:,} items, "
        f"{done.artifacts_removed:,} results, {done.metrics_removed:,} metrics, {done.links_removed:,} places in lists"
    )


@stores.command()
def tidy(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count; remove nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Let go of what a server leaves, as old as the settings keep_…_days say; a server does so by itself."""
    with workspace(quiet=True) as ws:
        done = ws.tidy(dry_run=dry_run)
    if as_json:
        show.json(done)
        return
    verb = "would remove" if dry_run else "removed"
    show.say(
        f"{verb} {done.jobs:,} jobs, {done.alerts:,} alerts, {done.sessions:,} sessions and {done.uploads:,} uploads"
    )

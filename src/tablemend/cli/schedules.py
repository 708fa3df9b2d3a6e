"""`schedules`: sources that are read again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, Quiet, SourceArgument, app, present, workspace

if TYPE_CHECKING:
    from tablemend.store.schedules import Schedule

schedules = typer.Typer(help="Sources that are read again and again.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(schedules, name="schedules")

ScheduleArgument = Annotated[str, typer.Argument(help="Schedule, by its id or name.")]


@schedules.command("list")
def listed(as_json: Json = False) -> None:
    """List the schedules, and how their newest refreshes ended."""
    with workspace(quiet=True) as ws:
        found = ws.schedules.list()
        if as_json:
            show.json(found)
            return
        show.table(("id", "name", "source", "every", "next", "last", "failures"), [_row(each) for each in found])


def _row(schedule: Schedule) -> tuple[Any, ...]:
    following = f"{schedule.next:%Y-%m-%d %H:%M:%S}" if schedule.enabled else "paused"
    last = f"{schedule.last:%Y-%m-%d %H:%M:%S}" if schedule.last else "never"
    return (
        schedule.id,
        schedule.name,
        schedule.source,
        _every(schedule.interval),
        following,
        last,
        schedule.failures,
    )


def _every(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


@schedules.command()
def add(
    source: SourceArgument,
    every: Annotated[str, typer.Option("--every", help="Interval: 30s, 15m, 1h, 1d, or seconds from 10 on.")],
    name: Annotated[str | None, typer.Option("--name", help="Name of the dataset.", show_default=False)] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Score below which to raise an alert.", show_default=False)
    ] = None,
    table: Annotated[str | None, typer.Option("--table", help="Table of a database.", show_default=False)] = None,
    sql: Annotated[str | None, typer.Option("--sql", help="SELECT instead of a table.", show_default=False)] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Read a source again at an interval, for as long as a server runs; first at once."""
    with workspace(quiet=True) as ws:
        options = present(table=table, sql=sql, sheet=sheet)
        made = ws.schedules.add(source, name=name, interval=every, options=options, threshold=threshold)
    _say(made, f"{made.id}: {made.name} is read every {_every(made.interval)} while a server runs", as_json=as_json)


@schedules.command()
def change(
    schedule: ScheduleArgument,
    every: Annotated[str | None, typer.Option("--every", help="Another interval.", show_default=False)] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Another score below which to raise an alert.")
    ] = None,
    no_threshold: Annotated[
        bool, typer.Option("--no-threshold", help="Go by the setting alert_threshold instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read a source at another interval, or tell below another score; what is not named stays."""
    with workspace(quiet=True) as ws:
        found = ws.schedules.change(schedule, interval=every, threshold=threshold, no_threshold=no_threshold)
    below = "no threshold" if found.threshold is None else f"threshold {found.threshold:g}"
    _say(found, f"{found.name} is read every {_every(found.interval)}, {below}", as_json=as_json)


@schedules.command()
def pause(schedule: ScheduleArgument, as_json: Json = False) -> None:
    """Do not read the source until `resume`."""
    with workspace(quiet=True) as ws:
        found = ws.schedules.pause(schedule)
    _say(found, f"{found.name} is paused", as_json=as_json)


@schedules.command()
def resume(schedule: ScheduleArgument, as_json: Json = False) -> None:
    """Read the source again; at once if its time has come meanwhile."""
    with workspace(quiet=True) as ws:
        found = ws.schedules.resume(schedule)
    _say(found, f"{found.name} is read every {_every(found.interval)} again", as_json=as_json)


@schedules.command()
def remove(schedule: ScheduleArgument, as_json: Json = False) -> None:
    """Forget a schedule; its dataset and all its versions stay."""
    with workspace(quiet=True) as ws:
        found = ws.schedules.remove(schedule)
    _say(found, f"{found.name} is no longer read by itself; its dataset stays", as_json=as_json)


@schedules.command()
def run(schedule: ScheduleArgument, quiet: Quiet = False, as_json: Json = False) -> None:
    """Read the source now, in this process, and tell what there is to tell."""
    with workspace(quiet=quiet) as ws:
        done, alerts = ws.schedules.refresh_and_tell(schedule)
    if as_json:
        show.json(done | {"alerts": [each.to_dict() for each in alerts]})
        return
    score = "no score" if done["score"] is None else f"score {done['score']:.1f}"
    what = f"version {done['version']} is new" if done["changed"] else "nothing has changed"
    show.say(f"{what}: {score}, run {done['run']}")
    for each in alerts:
        show.say(f"alert {each.id} ({each.kind}): {each.message}")


def _say(schedule: Schedule, told: str, *, as_json: bool) -> None:
    if as_json:
        show.json(schedule)
    else:
        show.say(told)

"""`conflicts what-if`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.conflicts import Rules, conflicts, day_of
from tablemend.cli.main import Json, Quiet, workspace

if TYPE_CHECKING:
    from tablemend.conflicts.whatif import WhatIf


@conflicts.command(name="what-if")
def what_if(
    source: Annotated[str, typer.Argument(help="Table of rows, URL#table, or a job of the settings by its name.")],
    rules: Rules = None,
    against: Annotated[
        str | None,
        typer.Option(help="Ruleset to compare with, a file or the name of a shipped one.", show_default=False),
    ] = None,
    road_factor: Annotated[
        float | None, typer.Option(help="Roads are so many times longer than the straight line.", show_default=False)
    ] = None,
    speeds: Annotated[
        str | None,
        typer.Option(help="Miles=miles an hour: up to 2 miles 2, up to 5 miles 6: 2=2,5=6.", show_default=False),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="Minutes by which an overlap, or a lack of time, must exceed nothing.", show_default=False),
    ] = None,
    original: Annotated[bool, typer.Option("--original", help="Read the rules as the older procedure did.")] = False,
    today: Annotated[
        str | None, typer.Option(help="Day that the window counts from; by default the present.", show_default=False)
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="About how many rows are judged at once.", show_default=False)
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Most conflicts told of each kind of change.")] = 3,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell how many conflicts would appear and vanish with other choices; nothing is written."""

    from tablemend.conflicts.whatif import speeds_of

    def told(done: int, parts: int) -> None:
        if not (quiet or as_json):
            show.say(f"[{done:,}/{parts:,}]")

    with workspace(quiet=True) as ws:
        found = ws.conflicts.what_if(
            source,
            rules=rules,
            against=against,
            road_factor=road_factor,
            speeds=speeds_of(speeds or ""),
            tolerance=tolerance,
            original=original,
            today=day_of(today),
            rows=rows,
            examples=examples,
            told=told,
        )
    if as_json:
        show.json(found)
    else:
        _shifted(found)


def _shifted(found: WhatIf) -> None:
    show.say(f"{found.rows:,} rows: {found.before:,} conflicts now, {found.after:,} then")
    show.say(f"{found.appear:,} appear, {found.vanish:,} vanish, {found.turned:,} by another rule, {found.same:,} stay")
    head = ("rule", "now", "then", "appear", "vanish")
    rows = [(flag, each.before, each.after, each.appear, each.vanish) for flag, each in found.by_flag.items()]
    show.table(head, rows, title="Conflicts by rule")
    for each in found.examples:
        turned = f" ({each.before} → {each.after})" if each.before and each.after else ""
        typer.echo(f"\n{each.what}: {each.id_a} and {each.id_b}{turned}")
        for line in each.told:
            typer.echo(f"  {line}")

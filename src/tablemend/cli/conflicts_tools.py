"""`conflicts what-if`, `reconcile` and `trends`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.conflicts import Rules, To, conflicts, day_of
from tablemend.cli.main import Json, Quiet, workspace

if TYPE_CHECKING:
    from tablemend.conflicts.reconciling import Reconciled
    from tablemend.conflicts.trends import Trend
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


@conflicts.command()
def reconcile(
    old: Annotated[str, typer.Argument(help="Table of conflicts of the older procedure, URL#table.")],
    to: To,
    rules: Rules = None,
    id_a: Annotated[str, typer.Option(help="Its column with the id of one row.")] = "id_a",
    id_b: Annotated[str, typer.Option(help="Its column with the id of the other row.")] = "id_b",
    flags: Annotated[
        list[str] | None,
        typer.Option(
            help="Its column with flags, or one that says yes or no of one; may be repeated. By default `flags`.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Table of rows, URL#table, to tell why a pair is none now.", show_default=False),
    ] = None,
    today: Annotated[
        str | None, typer.Option(help="Day that the window counts from; by default the present.", show_default=False)
    ] = None,
    lookup: Annotated[int, typer.Option(min=1, help="Most pairs whose rows are looked up in the source.")] = 1_000,
    examples: Annotated[int, typer.Option(min=0, help="Most pairs told of each side.")] = 3,
    as_json: Json = False,
) -> None:
    """Compare the conflicts of an older procedure with those that are kept; nothing is written."""
    from tablemend.conflicts.reconciling import Columns

    with workspace(quiet=True) as ws:
        found = ws.conflicts.reconcile(
            old,
            to,
            rules=rules,
            columns=Columns(id_a, id_b, tuple(flags or ())),
            source=source,
            today=day_of(today),
            lookup=lookup,
            examples=examples,
        )
    if as_json:
        show.json(found)
    else:
        _compared(found)


def _compared(found: Reconciled) -> None:
    apart = {
        "of a row with itself": found.selves,
        "without one of the ids": found.incomplete,
        "the other way round of a pair that is there": found.mirrored,
        "of a pair that is there already": found.repeated,
    }
    show.say(f"{found.rows:,} rows of the older table are {found.old:,} pairs")
    for text, number in apart.items():
        if number:
            show.say(f"  {number:,} {text}")
    show.say(f"{found.new:,} pairs are kept: {found.both:,} in both, {found.only_new:,} only here")
    if found.periods:
        show.say(f"{found.periods:,} kept of a row and a period are compared with nothing")
    show.say(f"{found.only_old:,} only in the older table")
    if found.looked_up:
        show.say(f"why not here, of {found.looked_up:,} that were looked up:")
    for text, number in found.reasons.items():
        show.say(f"  {number:,} {text}")
    rows = [
        (side, flag, each.both, each.only)
        for side, shares in (("old", found.old_flags), ("new", found.new_flags))
        for flag, each in shares.items()
    ]
    show.table(("side", "flag", "both", "only"), rows, title="Pairs by flag")
    for each in found.examples:
        typer.echo(f"\nonly {each.only}: {each.id_a} and {each.id_b}{f': {each.reason}' if each.reason else ''}")
        for line in each.told:
            typer.echo(f"  {line}")


@conflicts.command()
def trends(
    to: To,
    rules: Rules = None,
    limit: Annotated[int, typer.Option(min=1, help="Most runs, the newest of all.")] = 30,
    as_json: Json = False,
) -> None:
    """List how good the rows of each run were, and what it found, the newest last."""
    with workspace(quiet=True) as ws:
        found = ws.conflicts.trends(to, rules=rules, limit=limit)
    if as_json:
        show.json(found)
        return
    rows = [
        (_minute(each), each.rows, *(round(100 * each.shares[key], 2) if each.shares else None for key in _SHARES))
        for each in found
    ]
    show.table(("started", "rows", *_SHARES.values()), rows, title="Rows, in % of those judged")
    runs = [
        (_minute(each), each.run, _ended(each), each.suspicious, each.conflicts, each.new, each.resolved)
        for each in found
    ]
    head = ("started", "run", "status", "suspicious keys", "conflicts", "new", "resolved")
    show.table(head, runs, title="Runs")


_SHARES = {
    "unplaced": "no place",
    "backwards": "end first",
    "unreadable": "no time",
    "half": "one end",
    "unruled": "no rule",
}
"""Shares that are shown → their heads."""


def _minute(found: Trend) -> str:
    return f"{found.started:%Y-%m-%d %H:%M}"


def _ended(found: Trend) -> str:
    failed = [f"{found.failed:,} failed"] if found.failed else []
    marks = [word for word, holds in (("dry", found.dry), ("changes", found.incremental)) if holds]
    return ", ".join([found.status, *failed, *marks])

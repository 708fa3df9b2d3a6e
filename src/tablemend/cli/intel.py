"""`intel example`, `intel score`, `intel brief` and `intel compare`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, Quiet, app, workspace
from tablemend.errors import NothingAccepted, SettingsError

if TYPE_CHECKING:
    from datetime import datetime

    from tablemend.intel.compare import Comparison, Difference
    from tablemend.intel.run import IntelRun

intel = typer.Typer(help="Stories scored, gated and told in a brief.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(intel, name="intel")


class Format(StrEnum):
    """How a brief is written."""

    MD = "md"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


RunArgument = Annotated[str | None, typer.Argument(help="Run; by default the newest.", show_default=False)]
SHOWN = 10  # stories and rejections listed for people


@intel.command()
def example(
    folder: Annotated[Path, typer.Argument(help="Made where it does not exist; files of the example are replaced.")],
    seed: Annotated[int, typer.Option(help="Other seeds give other stories.")] = 1,
    as_json: Json = False,
) -> None:
    """Write the example: two weeks of stories, two feeds of them, and a scorecard with a policy."""
    from tablemend.intel.example.generate import write

    written = write(folder, seed)
    if as_json:
        show.json({"files": [str(each) for each in written]})
        return
    for path in written:
        show.say(f"wrote {path}")


@intel.command()
def score(
    source: Annotated[str, typer.Argument(help="Path, URL, or -: JSON Lines, JSON, CSV, RSS, Atom or JSON Feed.")],
    scorecard: Annotated[str, typer.Option(help="File, or the name of a shipped one.")] = "brand",
    gate: Annotated[str, typer.Option(help="File, or the name of a shipped one.")] = "intel",
    now: Annotated[
        str | None,
        typer.Option(help="Moment that ages are counted to, ISO 8601; by default the present.", show_default=False),
    ] = None,
    source_name: Annotated[
        str, typer.Option("--source", help="Name put before every id, as NAME:ID.", show_default=False)
    ] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score the stories of a source and let the gate decide; exit 1 where entries were rejected, 2 where all were."""
    nothing: NothingAccepted | None = None
    with workspace(quiet=quiet or as_json) as ws:
        try:
            result = ws.score_intel(source, scorecard=scorecard, gate=gate, now=_moment(now), source_name=source_name)
        except NothingAccepted as problem:
            result, nothing = ws.intel(problem.run), problem
    if as_json:
        show.json(result.to_dict())
    else:
        _scored(result)
    if nothing is not None:
        raise nothing
    if result.rejected:
        raise typer.Exit(1)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from tablemend.intel.dates import moment

    try:
        return moment(text)
    except ValueError as problem:
        raise SettingsError(f"--now: {problem}", hint="Write it like 2026-11-16T08:00Z.") from problem


def _scored(result: IntelRun) -> None:
    counts = result.counts
    best = sorted(result.items, key=lambda each: (-each.scores["total"], each.id))[:SHOWN]
    if best:
        show.stories(best, title="Highest totals")
    for each in result.rejected[:SHOWN]:
        show.say(f"rejected {each.place}: {each.reason}")
    if len(result.rejected) > SHOWN:
        show.say(f"… and {len(result.rejected) - SHOWN} more; --json lists all of them")
    events = len({each.body["group"] for each in result.items})
    show.say(f"{result.read:,} read: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    show.say(f"stories {len(result.items):,}, events {events:,}")
    show.say(f"run {result.run}")


@intel.command()
def brief(
    run: RunArgument = None,
    kind: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.MD,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; by default standard output.", show_default=False)
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="Only stories of the last so many days.", show_default=False)
    ] = None,
) -> None:
    """Tell a run by band: claims, sources, notes, and who decided what and why."""
    from tablemend.intel.brief_format import render, write

    with workspace(quiet=True) as ws:
        made = ws.brief(run, days=days)
    if output is None or str(output) == "-":
        sys.stdout.write(render(made, kind.value))
    else:
        show.say(f"wrote {write(made, kind.value, output)}")


@intel.command()
def compare(
    before: Annotated[str, typer.Argument(help="Run.")],
    after: Annotated[str, typer.Argument(help="Run.")],
    as_json: Json = False,
) -> None:
    """Show what differs between two runs: stories, bands, totals, and keys of scorecard, policy and gate."""
    with workspace(quiet=True) as ws:
        found = ws.compare_intel(before, after)
    if as_json:
        show.json(found.to_dict())
    else:
        _compared(found)


def _compared(found: Comparison) -> None:
    settings = [(each.key, each.before, each.after) for each in found.settings]
    if settings:
        show.table(("key", "before", "after"), settings, title="Scored by")
    for title, items in (("New", found.new), ("Gone", found.gone)):
        rows = [(each.id, each.scores["total"], each.body["band"], each.title) for each in items]
        if rows:
            show.table(("id", "total", "band", "title"), rows, title=title)
    if found.changed:
        head = ("id", "change", "band", "outcome", "decision", "title")
        show.table(head, map(_changed, found.changed), title="Changed")
    moved, retitled, redecided = (
        sum(getattr(each, name) for each in found.changed) for name in ("moved", "retitled", "redecided")
    )
    show.say(
        f"{len(found.new)} new, {len(found.gone)} gone, {len(found.changed)} changed "
        f"({moved} in band or outcome, {retitled} in title, {redecided} in decision), {found.same} the same"
    )


def _changed(each: Difference) -> tuple[object, ...]:
    return (
        each.id,
        each.total[1] - each.total[0],
        " → ".join(band or "none" for band in each.band),
        " → ".join(each.outcome),
        " → ".join(dict.fromkeys(each.decision)),
        " → ".join(dict.fromkeys(each.title)),
    )

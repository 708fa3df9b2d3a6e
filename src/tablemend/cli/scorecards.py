"""`scorecards list`, `scorecards show` and `scorecards check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app

if TYPE_CHECKING:
    from tablemend.review.scorecard import Scorecard

scorecards = typer.Typer(help="Scorecards: the files that score items.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(scorecards, name="scorecards")

ScorecardArgument = Annotated[str, typer.Argument(help="Scorecard file, or a shipped scorecard.")]


@scorecards.command("list")
def list_scorecards(as_json: Json = False) -> None:
    """List the scorecards that come with tablemend."""
    from tablemend.review import scorecard, toml

    found = [_summary(scorecard.shipped(name)) for name in toml.names(scorecard.FOLDER)]
    if as_json:
        show.json(found)
    else:
        rows = [(each["scorecard"], ", ".join(each["parts"]), ", ".join(each["bands"])) for each in found]
        show.table(("scorecard", "parts", "bands"), rows)


def _summary(found: Scorecard) -> dict[str, Any]:
    return {
        "scorecard": found.name,
        "parts": [f"{name} {part.maximum:g}" for name, part in found.parts.items()],
        "bands": [f"{name} from {bottom:g}" for name, bottom, _ in found.ranges],
        "modifiers": [each.name for each in found.modifiers],
    }


@scorecards.command("show")
def show_scorecard(scorecard: ScorecardArgument, as_json: Json = False) -> None:
    """Print a scorecard."""
    from tablemend.review import scorecard as review

    text, origin = review.source(scorecard)
    found = review.parse(text, origin=origin)
    if as_json:
        show.json(found)
    else:
        typer.echo(text, nl=False)


@scorecards.command()
def check(file: ScorecardArgument, as_json: Json = False) -> None:
    """Say whether a scorecard can be used; exit status 2 and the line of the first mistake where it cannot."""
    from tablemend.review.scorecard import load

    found = load(file)
    if as_json:
        show.json(_summary(found) | {"ok": True})
    else:
        bands = ", ".join(_summary(found)["bands"]) or "no bands"
        show.say(f"{file}: scorecard {found.name}, {len(found.parts)} parts, {bands}, {len(found.modifiers)} modifiers")

"""`recipe save`, `recipe check` and `recipe replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, Quiet, SourceArgument, app, require_one_document, workspace
from tablemend.errors import SettingsError

recipes = typer.Typer(
    help="Approved repairs as a file that replays on new data.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(recipes, name="recipe")

PathArgument = Annotated[Path, typer.Argument(help="Recipe, .toml or .json.")]
MapOption = Annotated[
    list[str] | None, typer.Option("--map", help="RECIPE_COLUMN=TABLE_COLUMN; may be repeated.", show_default=False)
]


def mapping(pairs: list[str] | None) -> dict[str, str]:
    """Column mapping of `--map` options."""
    found = {}
    for pair in pairs or ():
        name, sign, column = pair.partition("=")
        if not sign or not name or not column:
            raise SettingsError(f"--map {pair!r} is not a mapping", hint="Write RECIPE_COLUMN=TABLE_COLUMN.")
        found[name] = column
    return found


@recipes.command()
def save(
    path: PathArgument,
    run: Annotated[str | None, typer.Option(help="Scan run; by default the newest.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Save the approved repairs of a scan."""
    with workspace(quiet=True) as ws:
        recipe = ws.save_recipe(path, run)
    if as_json:
        show.json(recipe)
    else:
        show.say(f"wrote {path}: {len(recipe.repairs)} repairs on {len(recipe.needs)} columns")


@recipes.command()
def check(path: PathArgument, source: SourceArgument, columns: MapOption = None, as_json: Json = False) -> None:
    """Say whether a recipe can replay on a source."""
    with workspace(quiet=True) as ws:
        problems = ws.check_recipe(path, source, mapping(columns))
    if as_json:
        show.json({"ok": not problems, "problems": problems})
    else:
        for problem in problems:
            show.say(problem)
        if not problems:
            show.say("the recipe can replay")
    if problems:
        raise typer.Exit(1)


@recipes.command()
def replay(
    path: PathArgument,
    source: SourceArgument,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Where to write the healed table.", show_default=False)
    ] = None,
    columns: MapOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Carry out the repairs of a recipe on a source."""
    require_one_document(output, as_json=as_json)
    with workspace(quiet=quiet or as_json) as ws:
        result = ws.replay_recipe(path, source, mapping(columns), output=output)
    if as_json:
        show.json(result.to_dict())
    else:
        show.healed(result)
    if not result.ok:
        raise typer.Exit(1)

"""`explore load`, `list`, `show`, `remove` and the questions about matrices of measurements."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app, present, workspace
from tablemend.errors import SettingsError

if TYPE_CHECKING:
    from tablemend.store.matrices import Manifest
    from tablemend.workspace.explore import Told

explore = typer.Typer(
    help="Matrices of measurements: entities × features, every question at once.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(explore, name="explore")

SHOWN = 20  # rows shown to people unasked


class Order(StrEnum):
    """How rows are sorted."""

    high = "high"
    low = "low"
    strong = "strong"
    name = "name"


class Sign(StrEnum):
    """Which end counts."""

    high = "high"
    low = "low"
    strong = "strong"


Name = Annotated[str, typer.Argument(help="Name of a matrix.")]
Sorted = Annotated[Order, typer.Option("--order", help="Highest, lowest, strongest of either sign, or by name.")]
Signed = Annotated[Sign, typer.Option("--sign", help="The highest, the lowest, or the strongest of either sign.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Most rows.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="Only where a field is this: FIELD=VALUE; may be repeated.", show_default=False),
]
Version = Annotated[int | None, typer.Option(min=1, help="By default the newest.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write every row to a .csv, .tsv, .xlsx or .parquet file.", show_default=False),
]
Sql = Annotated[bool, typer.Option("--sql", help="Print the SQL that gives the answer instead of it.")]


@explore.command()
def load(
    source: Annotated[str, typer.Argument(help="File, URL, URL#table: a matrix, wide or long.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the matrix; by default that of the source.", show_default=False)
    ] = None,
    samples: Annotated[
        str | None, typer.Option(help="File or URL#table with fields of samples.", show_default=False)
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="File or URL#table with fields of features.", show_default=False)
    ] = None,
    entity: Annotated[
        str, typer.Option(help="Column or field that makes samples replicates of one entity.", show_default=False)
    ] = "",
    shape: Annotated[str, typer.Option(help="wide or long; by default found.", show_default=False)] = "",
    row: Annotated[str, typer.Option(help="Column that names the samples.", show_default=False)] = "",
    feature: Annotated[str, typer.Option(help="Column of features in a long table.", show_default=False)] = "",
    value: Annotated[str, typer.Option(help="Column of values in a long table.", show_default=False)] = "",
    replicate: Annotated[str, typer.Option(help="Column of replicates in a long table.", show_default=False)] = "",
    about: Annotated[
        list[str] | None,
        typer.Option(help="Column of a wide table that is no measurement; may be repeated.", show_default=False),
    ] = None,
    transposed: Annotated[
        bool | None,
        typer.Option(
            "--transposed/--straight", help="Whether rows are features; by default found.", show_default=False
        ),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Table of a database.", show_default=False)] = None,
    sql: Annotated[str | None, typer.Option(help="Query of a database.", show_default=False)] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.", show_default=False)] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of delimited text.", show_default=False)] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Read a matrix and keep it as the next version of its name; what is wrong with it is counted and told."""
    options = present(table=table, sql=sql, sheet=sheet, delimiter=delimiter, encoding=encoding)
    with workspace(quiet=as_json) as ws:
        made = ws.explore.load(
            source,
            name=name,
            samples=samples,
            features=features,
            entity=entity,
            shape=shape,
            row=row,
            feature=feature,
            value=value,
            replicate=replicate,
            about=tuple(about or ()),
            transposed=transposed,
            **options,
        )
    if as_json:
        show.json(made)
    else:
        _told(made)


def _told(made: Manifest) -> None:
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in made.cells.items() if number)
    show.say(
        f"{made.name} version {made.version}: {made.entities:,} entities, {made.samples:,} samples, "
        f"{made.features:,} features"
    )
    show.say(f"{sum(made.cells.values()):,} cells: {kinds}")
    if made.transposed:
        show.say("rows are features, columns are samples")
    if made.sample_fields and not made.transposed:
        more = f" and {len(made.sample_fields) - SHOWN:,} more" if len(made.sample_fields) > SHOWN else ""
        show.say(f"fields of samples: {', '.join(made.sample_fields[:SHOWN])}{more}")
    for each in made.problems:
        some = f": {', '.join(each.examples)}" if each.examples else ""
        show.say(f"  {each.message}{some}")
    show.say(f"run {made.run}")


@explore.command()
def example(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made where it is not there.")],
    seed: Annotated[int, typer.Option(help="Other seeds give other values.")] = 1,
    as_json: Json = False,
) -> None:
    """Write two generated matrices with tables of fields: cultures in vitro, and mice."""
    from tablemend.explore import sample

    names = [path.name for path in sample.write(folder, seed=seed)]
    if as_json:
        show.json({"folder": str(folder), "files": names})
    else:
        show.say(f"{', '.join(names)} written to {folder}")


@explore.command()
def materialize(
    source: Annotated[str, typer.Argument(help="Wide table of PostgreSQL, URL#table.")],
    view: Annotated[str, typer.Argument(help="Materialized view to make in the same database.")],
    entity: Annotated[str, typer.Option(help="Column of the entities.", show_default=False)] = "",
    features: Annotated[
        list[str] | None,
        typer.Option(
            "--feature", help="Column of values; may be repeated. By default all numbers.", show_default=False
        ),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Bring the view up to date; readers wait for nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the ranking of a wide table of PostgreSQL in it: every column unpivoted in one reading, every rank."""
    with workspace(quiet=True) as ws:
        made = ws.explore.materialize(source, view, entity=entity, features=tuple(features or ()), refresh=refresh)
    if as_json:
        show.json(made)
        return
    show.say(
        f"{made.view}: {made.rows:,} rows of {made.features:,} features, as of {made.refreshed:%Y-%m-%d %H:%M:%S} UTC"
    )
    if made.skipped:
        show.say(f"left out, since they hold no numbers: {', '.join(made.skipped)}")


@explore.command(name="list")
def list_(as_json: Json = False) -> None:
    """List the matrices."""
    with workspace(quiet=True) as ws:
        found = ws.explore.all()
    if as_json:
        show.json(found)
        return
    rows = [(m.name, m.version, m.entities, m.samples, m.features, m.measured, m.source) for m in found]
    show.table(("matrix", "version", "entities", "samples", "features", "measured", "source"), rows, title="Matrices")


@explore.command(name="show")
def show_(name: Name, version: Version = None, as_json: Json = False) -> None:
    """Tell what a matrix holds, and what was found when it was read."""
    with workspace(quiet=True) as ws:
        found = ws.explore.get(name, version)
    if as_json:
        show.json(found)
        return
    _told(found)
    rows = [("samples", found.sample_fields), ("entities", found.entity_fields), ("features", found.feature_fields)]
    show.table(("of", "fields"), [(what, ", ".join(fields)) for what, fields in rows], title="Fields")


@explore.command()
def remove(name: Name, as_json: Json = False) -> None:
    """Forget every version of a matrix; the source stays as it is."""
    with workspace(quiet=True) as ws:
        gone = ws.explore.remove(name)
    if as_json:
        show.json({"removed": gone})
    else:
        show.say(f"{gone:,} versions of {name} are forgotten")


@explore.command()
def feature(
    name: Name,
    feature: Annotated[str, typer.Argument(help="Name of a feature.")],
    order: Sorted = Order.high,
    limit: Limit = SHOWN,
    where: Where = None,
    version: Version = None,
    output: Output = None,
    sql: Sql = False,
    as_json: Json = False,
) -> None:
    """List who has most, or least, of a feature."""
    most = None if output else limit
    with workspace(quiet=True) as ws:
        told = ws.explore.feature(
            name, feature, order=order.value, limit=most, where=conditions(where), version=version
        )
    columns = ("entity", "mean", "se", "n", "high", "low", "ties")
    answer(told, columns, title=f"{feature} in {name}", output=output, sql=sql, as_json=as_json)


@explore.command()
def entity(
    name: Name,
    entity: Annotated[str, typer.Argument(help="Name of an entity.")],
    order: Sorted = Order.high,
    limit: Limit = SHOWN,
    where: Where = None,
    version: Version = None,
    output: Output = None,
    sql: Sql = False,
    as_json: Json = False,
) -> None:
    """List what an entity has most, or least of, with its rank among all entities."""
    most = None if output else limit
    with workspace(quiet=True) as ws:
        told = ws.explore.entity(name, entity, order=order.value, limit=most, where=conditions(where), version=version)
    columns = ("feature", "mean", "se", "n", "high", "low", "measured")
    answer(told, columns, title=f"{entity} in {name}", output=output, sql=sql, as_json=as_json)


@explore.command()
def strongest(
    name: Name,
    sign: Signed = Sign.strong,
    limit: Limit = SHOWN,
    version: Version = None,
    output: Output = None,
    sql: Sql = False,
    as_json: Json = False,
) -> None:
    """List the highest, lowest or strongest cells of the whole matrix."""
    with workspace(quiet=True) as ws:
        told = ws.explore.strongest(name, sign=sign.value, limit=limit, version=version)
    columns = ("feature", "entity", "mean", "se", "n", "high", "low")
    answer(told, columns, title=f"{name}, {sign.value}", output=output, sql=sql, as_json=as_json)


@explore.command()
def top(
    name: Name,
    entities: Annotated[list[str], typer.Argument(help="One or more entities.")],
    top: Annotated[int, typer.Option("--top", min=1, help="Among how many of all entities each must be.")] = 10,
    sign: Signed = Sign.high,
    where: Where = None,
    version: Version = None,
    output: Output = None,
    sql: Sql = False,
    as_json: Json = False,
) -> None:
    """List the features in which all of the chosen entities are among the first."""
    with workspace(quiet=True) as ws:
        told = ws.explore.within_top(name, entities, top=top, sign=sign.value, where=conditions(where), version=version)
    columns = ("feature", "worst", "mean", "ranks", "entities")
    title = f"{', '.join(entities)} among the first {top}"
    answer(told, columns, title=title, output=output, sql=sql, as_json=as_json)


@explore.command()
def replicates(
    name: Name,
    feature: Annotated[str, typer.Argument(help="Name of a feature.")],
    entities: Annotated[list[str] | None, typer.Argument(help="By default all.", show_default=False)] = None,
    where: Where = None,
    version: Version = None,
    output: Output = None,
    sql: Sql = False,
    as_json: Json = False,
) -> None:
    """List every single cell of a feature."""
    with workspace(quiet=True) as ws:
        told = ws.explore.replicates(
            name, feature, entities=tuple(entities or ()), where=conditions(where), version=version
        )
    answer(told, ("sample", "entity", "value"), title=feature, output=output, sql=sql, as_json=as_json)


@explore.command()
def why(
    name: Name,
    feature: Annotated[str, typer.Option(help="Name of a feature.", show_default=False)] = "",
    entity: Annotated[str, typer.Option(help="Name of an entity.", show_default=False)] = "",
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Tell why a feature, an entity or a pair of them shows nothing: not measured, filtered out, or failed."""
    with workspace(quiet=True) as ws:
        found = ws.explore.why(name, feature=feature, entity=entity, version=version)
    if as_json:
        show.json({"reasons": found})
        return
    for each in found or ("There are measured cells: nothing is missing.",):
        typer.echo(each)


def conditions(given: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """FIELD=VALUE as conditions; a field that comes again may have either value."""
    found: dict[str, tuple[str, ...]] = {}
    for each in given or ():
        field, mark, value = each.partition("=")
        if not mark:
            raise SettingsError(f"{each!r} is no condition", hint="Write FIELD=VALUE.")
        found[field] = (*found.get(field, ()), value)
    return found


def answer(
    told: Told,
    columns: Sequence[str],
    *,
    title: str,
    output: Path | None,
    as_json: bool,
    sql: bool = False,
    limit: int | None = None,
) -> None:
    """Show an answer as was asked: some columns for people, all of them as JSON or in a file; rows up to a limit."""
    if sql:
        typer.echo(told.sql)
        return
    if output is not None:
        from tablemend.tables import answers

        answers.write(told.table, output, title=title)
        of = f" of {told.total:,}" if told.total > told.table.num_rows else ""
        show.say(f"{told.table.num_rows:,}{of} rows written to {output}")
        return
    rows: list[dict[str, Any]] = told.table.slice(0, limit).to_pylist()
    if as_json:
        about = {"matrix": told.matrix.name, "version": told.matrix.version, "cached": told.cached, "age": told.age}
        about |= {"facts": told.facts, "sql": told.sql}
        show.json({"rows": rows, "total": told.total, "notes": told.notes, **about})
        return
    more = f", {len(rows):,} of {told.total:,}" if told.total > len(rows) else ""
    if rows:
        show.table(columns, [[_shown(name, each[name]) for name in columns] for each in rows], title=f"{title}{more}")
    for each in told.notes:
        show.say(each)
    if told.facts:
        show.say(", ".join(f"{name} {_fact(value)}" for name, value in told.facts.items()))


def _shown(name: str, value: Any) -> Any:
    """A value in a table: a list in a line, a small p with the digits that count."""
    if isinstance(value, list):
        return ", ".join("" if each is None else str(each) for each in value)
    return f"{value:.2g}" if name in ("p", "q") and value is not None else value


def _fact(value: float | str | None) -> str:
    return "unknown" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)

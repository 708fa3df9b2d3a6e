"""`explore compare`, `regions`, `trend` and `against`."""

from __future__ import annotations

from typing import Annotated

import typer

from tablemend.cli.explore import Limit, Name, Output, Version, Where, answer, conditions, explore
from tablemend.cli.main import Json, workspace

SHOWN = 20

Field = Annotated[str, typer.Argument(help="Field of samples that tells the groups.")]
First = Annotated[str, typer.Argument(help="Group of which the difference is told.")]
Second = Annotated[str, typer.Argument(help="Group that it is compared with.")]
Unpaired = Annotated[str, typer.Option("--test", help="mann-whitney, welch, wilcoxon or paired-t.")]
Pairs = Annotated[str, typer.Option(help="Field that says which samples belong together.", show_default=False)]
Features = Annotated[
    list[str] | None,
    typer.Option(
        "--features", help="Only features whose field is this: FIELD=VALUE; may be repeated.", show_default=False
    ),
]


@explore.command()
def compare(
    name: Name,
    field: Field,
    first: First,
    second: Second,
    by: Annotated[str, typer.Option(help="Field of regions, each compared by itself.", show_default=False)] = "",
    test: Unpaired = "mann-whitney",
    pairs: Pairs = "",
    scale: Annotated[str, typer.Option(help="Scale of the values: linear, log2, ln or log10.")] = "linear",
    where: Where = None,
    features: Features = None,
    limit: Limit = SHOWN,
    version: Version = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Compare two groups of samples in every feature, with q over all that is told."""
    with workspace(quiet=True) as ws:
        told = ws.explore.compare(
            name,
            field,
            first,
            second,
            by=by,
            test=test,
            pairs=pairs,
            scale=scale,
            where=conditions(where),
            features=conditions(features),
            version=version,
        )
    columns = ["feature", *(["region"] if by else []), "difference", "low", "high", "n_first", "n_second", "p", "q"]
    title = f"{first} against {second}"
    answer(told, [*columns, "stars"], title=title, output=output, as_json=as_json, limit=limit)


@explore.command()
def regions(
    name: Name,
    field: Field,
    first: First,
    second: Second,
    by: Annotated[str, typer.Option(help="Field of regions.")],
    which: Annotated[str, typer.Option(help="Features that differ in all, in one, or in any of the regions.")] = "any",
    level: Annotated[float, typer.Option(min=0, max=1, help="Largest q that counts.")] = 0.05,
    test: Unpaired = "mann-whitney",
    pairs: Pairs = "",
    limit: Limit = SHOWN,
    version: Version = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """List the features in which two groups differ in all, in exactly one, or in any of the regions."""
    with workspace(quiet=True) as ws:
        told = ws.explore.regions(
            name, field, first, second, by=by, which=which, level=level, test=test, pairs=pairs, version=version
        )
    title = f"{first} against {second}, {which} of the regions"
    columns = ("feature", "regions", "signs", "tested", "q")
    answer(told, columns, title=title, output=output, as_json=as_json, limit=limit)


@explore.command()
def trend(
    name: Name,
    field: Field,
    order: Annotated[list[str], typer.Argument(help="Groups in their order, two or more.")],
    test: Annotated[str, typer.Option(help="spearman or jonckheere.")] = "spearman",
    where: Where = None,
    features: Features = None,
    limit: Limit = SHOWN,
    version: Version = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Tell in which features values rise or fall along groups in their order."""
    with workspace(quiet=True) as ws:
        told = ws.explore.trend(
            name,
            field,
            order,
            test=test,
            where=conditions(where),
            features=conditions(features),
            version=version,
        )
    columns = ("feature", "direction", "statistic", "n", "p", "q", "stars")
    answer(told, columns, title=" → ".join(order), output=output, as_json=as_json, limit=limit)


@explore.command()
def against(
    name: Name,
    other: Annotated[str, typer.Argument(help="Name of another matrix.")],
    where: Where = None,
    other_where: Annotated[
        list[str] | None,
        typer.Option(help="Only samples of the other where a field is this: FIELD=VALUE.", show_default=False),
    ] = None,
    method: Annotated[str, typer.Option(help="pearson or spearman.")] = "pearson",
    limit: Limit = SHOWN,
    version: Version = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Compare two matrices by the features that both have, and tell how they correlate."""
    with workspace(quiet=True) as ws:
        told = ws.explore.against(
            name,
            other,
            where=conditions(where),
            other_where=conditions(other_where),
            method=method,
            version=version,
        )
    columns = ("feature", "first", "second", "n_first", "n_second")
    answer(told, columns, title=f"{name} and {other}", output=output, as_json=as_json, limit=limit)

"""Two groups of samples compared in each feature: how large, how sure, and the values behind one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import html

from tablemend.web import figures
from tablemend.web.components.graphs import graph
from tablemend.web.pages.explore import answer, groups
from tablemend.web.pages.explore.subject import Subject

if TYPE_CHECKING:
    import pyarrow as pa

DOTS = 3_000
"""Points of a volcano, the surest: a browser takes seconds for more."""
FOREST = 30
"""Rows of the forest plot: the first of the table."""
LEVEL = 0.05


def section(subject: Subject) -> Any:
    """The figure of all features or of one, the table, and each row with its interval."""
    return groups.part(subject, _shown)


def _shown(subject: Subject) -> list[Any]:
    choice = subject.choice
    if not choice.field:
        return [groups.no_field(subject)]
    told = subject.told
    rows = told.table
    feature = choice.feature or (rows["feature"][0].as_py() if choice.by else "")
    label = f"{choice.first} against {choice.second}"
    drawn = [] if choice.by else [_volcano(subject, rows, label)]
    drawn += [_boxes(subject, rows, feature)] if feature else []
    first, *others = [*drawn, _forest(subject, rows, label)]
    table = answer.table(
        *_table(subject, rows, feature), label=label, total=told.total, first=1, heads=_HEADS, words=_WORDS
    )
    return [
        html.Ul([html.Li(each) for each in (_counted(rows), *told.notes)], className="tm-points"),
        html.Div([first, table], className="tm-answer tm-compared"),
        *others,
        answer.about(subject, told),
    ]


def _counted(rows: pa.Table) -> str:
    """How many were compared, and how many of them differ."""
    q = [each for each in rows["q"].to_pylist() if each is not None]
    differ = sum(each <= LEVEL for each in q)
    return (
        f"{rows.num_rows:,} comparisons, {len(q):,} of them tested; {differ:,} have q ≤ {LEVEL:g} "
        "(Benjamini–Hochberg over all that were tested)."
    )


def _volcano(subject: Subject, rows: pa.Table, label: str) -> html.Div:
    choice = subject.choice
    axis = f"difference of means, {choice.first} − {choice.second}"
    title = f"{label}, the first {DOTS:,} of {rows.num_rows:,}" if rows.num_rows > DOTS else label
    figure = figures.volcano(rows.slice(0, DOTS), title=title, x=axis, level=LEVEL)
    return graph(figure, id="explore-figure", label=title)


def _boxes(subject: Subject, rows: pa.Table, feature: str) -> html.Div:
    """The values of a feature by group, in each region, with what sets the groups apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    choice = subject.choice
    points, nowhere = groups.points(subject, feature, choice.field, choice.by)
    mine = rows.filter(pc.equal(rows["feature"], feature)).select(["region", "q", "stars"])
    for name in ("first", "second"):
        mine = mine.append_column(name, pa.array([getattr(choice, name)] * mine.num_rows, pa.string()))
    title = f"{feature} by {choice.field}" + (f" and {choice.by}" if choice.by else "")
    axis = choice.by + (f" (without {nowhere:,} samples of no {choice.by})" if nowhere else "")
    drawn = figures.boxes(points, mine, title=title, x=axis, y="value")
    return graph(drawn, id="explore-boxes", label=title)


def _forest(subject: Subject, rows: pa.Table, label: str) -> html.Div:
    """The first rows with their intervals; differences of logarithms are drawn as ratios."""
    from tablemend.explore.measuring import SCALES

    base = SCALES[subject.choice.scale]
    shown = rows.slice(0, FOREST)
    for name in ("difference", "low", "high") if base else ():
        place = shown.schema.get_field_index(name)
        doubled = [None if each is None else each * math.log2(base) for each in shown[name].to_pylist()]
        shown = shown.set_column(place, name, _floats(doubled))
    axis = f"{'ratio' if base else 'difference'}, {label}"
    title = f"{label}: the first {shown.num_rows:,}, with their 95 % intervals"
    drawn = figures.forest(shown, title=title, x=axis, ratio=bool(base))
    return html.Div(graph(drawn, id="explore-forest", label=title), className="tm-wide")


def _floats(values: Sequence[float | None]) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.float64())


_WORDS = ("region", "stars", "reason")
_HEADS = (
    "difference: of the means, first − second; n: samples of both groups, of paired tests pairs; q: p adjusted by "
    "Benjamini–Hochberg; stars: * q ≤ 0.05, ** q ≤ 0.01, *** q ≤ 0.001; reason: why it is not tested."
)


def _table(subject: Subject, rows: pa.Table, chosen: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The head and the first rows; regions, ratios and reasons only where there are some."""
    shown = rows.slice(0, answer.SHOWN)
    names = groups.links(subject, shown["feature"].to_pylist(), "compare", chosen)
    region = ["region"] if subject.choice.by else []
    ratio = ["ratio"] if "ratio" in shown.column_names else []
    why = ["reason"] if any(shown["reason"].to_pylist()) else []
    head = ["feature", *region, "difference", "95 % interval", *ratio, "n", "p", "q", "stars", *why]
    found = [
        (
            name,
            *(row[each] for each in region),
            groups.told(row["difference"]),
            groups.span(row["low"], row["high"]),
            *(groups.told(row[each]) for each in ratio),
            f"{row['n_first']:,} + {row['n_second']:,}",
            groups.chance(row["p"]),
            groups.chance(row["q"]),
            row["stars"],
            *(row[each] for each in why),
        )
        for name, row in zip(names, shown.to_pylist(), strict=True)
    ]
    return head, found

"""Chosen entities by chosen features, alike ones side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from tablemend.web import figures
from tablemend.web.components.graphs import graph
from tablemend.web.exploring import Choice
from tablemend.web.figures.matrix import MOST_CELLS
from tablemend.web.pages.explore import answer, choosing
from tablemend.web.pages.explore.subject import Subject

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.workspace.explore import Told

LABEL = "Heatmap of entities by features"


def section(subject: Subject) -> Any:
    """The cells, the net balance of each feature above them, and how both sides were chosen and ordered."""
    choice = subject.choice
    if not choice.entities or not choice.features:
        return [choosing.controls(subject), *answer.unchosen(subject, "entity or feature that meets the conditions")]
    told = subject.told
    order = subject.ask.arranged(
        subject.name, entities=choice.entities, features=choice.features, version=choice.version
    )
    rows, columns = (
        [name for side, name in _pairs(order.table) if side == wanted] for wanted in ("entities", "features")
    )
    cells = told.table.rename_columns(["feature", "entity", "n", "value", *told.table.column_names[4:]])
    drawn = figures.heatmap(cells, rows, columns, _balance(cells, columns), title=LABEL, unit="mean")
    return [
        choosing.controls(subject),
        html.Ul([html.Li(each) for each in (*_chosen(subject, choice), *order.notes)], className="tm-points"),
        html.Div(graph(drawn.figure, id="explore-figure", label=LABEL), id="explore-heatmap"),
        dcc.Store(id="explore-values", data=drawn.payload),
        _said(told, picture=drawn.payload is not None),
        answer.about(subject, told),
    ]


def _pairs(table: pa.Table) -> list[tuple[str, str]]:
    return list(zip(table["side"].to_pylist(), table["name"].to_pylist(), strict=True))


def _balance(cells: pa.Table, columns: Sequence[str]) -> list[float | None]:
    """The sum of the means of each feature over the entities that are shown; none where none was measured."""
    sums = cells.group_by("feature").aggregate([("value", "sum")])
    found = dict(zip(sums["feature"].to_pylist(), sums["value_sum"].to_pylist(), strict=True))
    return [found.get(each) for each in columns]


def _chosen(subject: Subject, choice: Choice) -> list[str]:
    """Which are shown, where the address does not name them."""
    given, whole = subject.given, subject.manifest
    said = []
    if not given.entities and len(choice.entities) < whole.entities:
        said.append(f"{len(choice.entities):,} of {whole.entities:,} entities: those with most measured features.")
    if not given.features and len(choice.features) < whole.features:
        said.append(f"{len(choice.features):,} of {whole.features:,} features: those with the strongest means.")
    return said


def _said(told: Told, *, picture: bool) -> html.P:
    how = f"; above {MOST_CELLS:,} it is a picture, and the pointer tells its values" if picture else ""
    text = f"{told.table.num_rows:,} cells measured{how}. The bars above are the sum of each column."
    return html.P(text, className="tm-note")

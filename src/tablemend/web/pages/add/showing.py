"""The first rows of a source, before it is scanned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html

from tablemend.errors import TablemendError
from tablemend.store.datasets import Dataset
from tablemend.web.address import path
from tablemend.web.components import basics, marks
from tablemend.web.jobs.failures import told
from tablemend.workspace.previewing import SourcePreview

COLUMNS = 60
"""Columns that are shown: more than anybody reads across, and quick to draw."""
LONGEST = 200
"""Characters of a cell that are shown."""


def rows(found: SourcePreview) -> html.Div:
    """The first rows as a table, each column with its type, and how much there is."""
    chosen = found.columns[:COLUMNS]
    head = [
        html.Th([html.Div(each.header or each.name), html.Div(_kind(each.type, each.semantic), className="tm-type")],
                scope="col")
        for each in chosen
    ]  # fmt: skip
    body = [html.Tr([html.Td(_cell(cell)) for cell in row[:COLUMNS]]) for row in found.rows]
    given: dict[str, Any] = {"aria-label": "First rows"}
    return html.Div(
        [
            html.Div(" ".join(_counts(found)), className="tm-note", role="status"),
            html.Div(
                html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="tm-table tm-preview"),
                className="tm-table-box",
                tabIndex=0,
                role="region",
                **given,
            ),
        ],
        className="tm-first",
    )


def _kind(kind: str, semantic: str) -> str:
    return f"{kind}, {semantic.replace('_', ' ')}" if semantic and semantic != kind else kind


def _cell(cell: str | None) -> Any:
    return marks.value(cell if cell is None or len(cell) <= LONGEST else cell[:LONGEST] + "…")


def _counts(found: SourcePreview) -> list[str]:
    """How much there is, and what of it cannot be used as it is."""
    wide = len(found.columns)
    columns = f"{wide:,} column{'' if wide == 1 else 's'}"
    columns += f", of which the first {COLUMNS} are shown" if wide > COLUMNS else ""
    if found.row_count is None:
        said = [f"The first {len(found.rows)} rows, {columns}; types are told by the beginning."]
    else:
        shown = f"the first {len(found.rows)} shown" if found.row_count > len(found.rows) else "all shown"
        said = [f"{found.row_count:,} row{'' if found.row_count == 1 else 's'}, {shown}; {columns}."]
    if found.padded_rows:
        said.append(f"{found.padded_rows:,} rows are too short, and are filled up.")
    if found.rejected_rows:
        said.append(f"{found.rejected_rows:,} rows have too many cells, and would be left out.")
    return said


def problem(found: TablemendError) -> Any:
    """What went wrong with looking, in place of the rows."""
    said = told(found)
    return html.Div(basics.notice(said["title"], f"{said['message']}.", hint=said["hint"]), role="alert")


def looked(look: Callable[[], SourcePreview]) -> tuple[Any, bool]:
    """The first rows, or why there are none; and whether there are some."""
    try:
        return rows(look()), True
    except TablemendError as found:
        return problem(found), False


def becomes(dataset: Dataset | None, *, by: str, namesake: bool = False) -> Any:
    """What a scan makes of a source, told before it is asked for; `by` is what tells its dataset.

    `namesake` says whether another dataset has the name already.
    """
    if dataset is None:
        told = "A new dataset, beside another one of the same name." if namesake else "A new dataset."
        return html.Div(told, className="tm-note", role="status")
    link = html.A(dataset.name, href=path("datasets", dataset.id), target="_blank")  # what is typed here stays
    return html.Div(
        [
            "There is a dataset ",
            link,
            f" of {by}, at version {dataset.head}: this becomes version {dataset.head + 1} of it, unless it holds "
            "just the same.",
        ],
        className="tm-becomes",
        role="status",
    )

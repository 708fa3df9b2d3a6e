"""What approving would do: computed by doing it without writing, so that it is exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from tablemend.errors import TablemendError
from tablemend.web.components import basics, marks
from tablemend.web.pages.review.detail import PAGE
from tablemend.workspace import Workspace


def warning(info: dict[str, Any]) -> Any:
    """What is about to be approved, and what of it the gate would not let through."""
    number = len(info["ids"])
    said = html.P(f"{number:,} item{'s' if number != 1 else ''}, {info['cells']:,} cells.")
    if not info["below"]:
        return [said, html.P("All of them pass the gate.", className="tm-note")]
    return [
        said,
        basics.notice(
            f"{info['below']:,} of {number:,} are below the gate",
            "The gate would not approve them by itself: they are less sure, or carry a risk flag.",
            hint="Approving them is your decision, and is kept with your name.",
            color="yellow",
        ),
    ]


def under_way() -> Any:
    """What is said until the score is known; that of an earlier choice must not stand there meanwhile."""
    return html.P("The score is being computed …", className="tm-note")


def predicted(workspace: Workspace, run: str, ids: Sequence[str]) -> Any:
    """The score before and after, as it will be: an apply carries out too what is approved already."""
    if workspace.run(run).kind != "scan":
        return ""
    before = [item.id for item in workspace.items(run, decision="approved") if not item.applied]
    earlier = len(set(before) - set(ids))
    versions = workspace.versions(workspace.kept(run).dataset)
    now = versions[-1][1]
    try:
        found = workspace.preview(run, ids=tuple({*ids, *before}))
    except TablemendError as problem:
        return html.P(f"No score can be predicted: {problem}.", className="tm-note")
    lost = [each for each in found.outcomes if each.status == "superseded"]
    return html.Div(
        [
            html.Span("Score once applied" + (f", with the {earlier:,} approved before: " if earlier else ": ")),
            marks.score(now.overall if now else None),
            html.Span(" → ", className="tm-arrow"),
            marks.score(found.score.overall, size="large"),
            html.P(
                f"{found.changes.num_rows:,} cells change, {found.rows_removed:,} rows go."
                + (f" {len(lost):,} of them change nothing, as others change the same cells." if lost else ""),
                className="tm-note",
            ),
        ]
    )


def changed_cells(workspace: Workspace, run: str, item: str, start: int) -> tuple[list[dict[str, Any]], int, bool]:
    """A page of the cells that one item alone changes, how many there are, and whether it takes rows out instead."""
    found = workspace.preview(run, ids=(item,))
    if not found.changes.num_rows and found.rows_removed:
        return [], found.rows_removed, True
    page = found.changes.slice(start, PAGE).select(["row", "column", "before", "after"]).to_pylist()
    return page, found.changes.num_rows, False


def removed(_: Sequence[Any], total: int) -> Any:
    """What is said where whole rows go."""
    return html.P(f"{total:,} rows are removed. After the apply, the diff of the two versions lists them.")

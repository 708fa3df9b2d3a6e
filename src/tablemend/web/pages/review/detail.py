"""One item in detail: what it changes, why, how sure, what else could be done, who decided what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from tablemend.records import Decision, Item
from tablemend.review.gate import Gate, judge
from tablemend.web.components import basics, evidence, marks
from tablemend.web.components.allowed import bound, may
from tablemend.web.components.decisions import log

PAGE = 50  # cells shown at once
_HEAD = ("Row", "Column", "Before → after")


def detail(item: Item, decisions: Sequence[Decision], gate: Gate | None, *, end: str = "") -> Any:
    """Everything about an item; `end` is what became of it where it was applied."""
    parts = [
        html.H2(item.title, className="tm-h2"),
        html.Div(
            [
                marks.decision(end or item.decision),
                marks.confidence(item.confidence),
                *(marks.tag(flag, kind="flag") for flag in item.flags),
            ],
            className="tm-actions",
        ),
        html.P("It changed nothing: other repairs had decided its cells.") if end == "superseded" else None,
        html.P(item.summary) if item.summary else None,
        _changes(item),
        _evidence(item),
        _gate(item, gate),
        _alternatives(item),
        _edit(item) if item.type == "repair" and not item.applied and may("decide") else None,
        _sql(item),
        log(decisions),
        html.P(f"{item.id}, version {item.version}", className="tm-note"),
    ]
    return [part for part in parts if part is not None]


def _changes(item: Item) -> Any:
    sample = item.body.get("sample") or ()
    if not sample and not item.rows:
        return None
    rows = [
        (f"{each['row']:,}", each["column"], marks.change(each.get("before"), each.get("after"))) for each in sample[:8]
    ]
    more = item.cells - len(rows) if rows else item.rows
    return html.Div(
        [
            html.H3("What changes", className="tm-h3"),
            basics.table(("Row", "Column", "Before → after"), rows, label="First changed cells", numbers=(0,))
            if rows
            else None,
            html.Button(
                f"Show all {item.cells:,} cells" if item.cells else f"Show the {item.rows:,} rows",
                id={"kind": "review-cells", "item": item.id},
                className="tm-plain",
                type="button",
            )
            if more > 0 and item.type == "repair"
            else None,
            html.Div(id={"kind": "review-cells-place", "item": item.id}),
        ]
    )


def cells(rows: Sequence[dict[str, Any]], total: int, start: int) -> Any:
    """A page of the cells that an item changes."""
    shown = [(f"{each['row']:,}", each["column"], marks.change(each["before"], each["after"])) for each in rows]
    last = start + len(rows)
    return [
        html.P(f"Cells {start + 1:,} to {last:,} of {total:,}", className="tm-note"),
        basics.table(_HEAD, shown, label="Changed cells", numbers=(0,)),
        html.P("Press the button above again for the next ones.", className="tm-note") if last < total else None,
    ]


def _evidence(item: Item) -> Any:
    if not item.evidence:
        return None
    return html.Div(
        [html.H3("Evidence", className="tm-h3"), *evidence.listed(item.claims, item.evidence, told=item.summary)]
    )


def _gate(item: Item, gate: Gate | None) -> Any:
    if gate is None:
        return None
    judgement = judge(gate, item)
    return html.Details(
        [
            html.Summary(["Gate ", html.Strong(gate.name), f": {judgement.word}"]),
            html.Ul([html.Li(line) for line in judgement.explanation], className="tm-points"),
        ],
        className="tm-more",
        open=judgement.outcome != "promote",
    )


def _alternatives(item: Item) -> Any:
    found = item.body.get("alternatives") or ()
    if not found or item.applied:
        return None
    return html.Div(
        [
            html.H3("Instead", className="tm-h3"),
            html.Div(
                [
                    bound(
                        html.Button(
                            each.get("label") or each["operation"].replace("_", " "),
                            id={"kind": "review-alternative", "item": item.id, "n": n},
                            className="tm-button",
                            type="button",
                        ),
                        "decide",
                    )
                    for n, each in enumerate(found, start=1)
                ],
                className="tm-actions",
            ),
            html.Div(id={"kind": "review-chosen", "item": item.id}),
        ]
    )


def _edit(item: Item) -> Any:
    params = item.body.get("params") or {}
    return html.Details(
        [
            html.Summary("Change its parameters"),
            dmc.Textarea(
                id={"kind": "review-params", "item": item.id},
                label=f"Parameters of {item.operation} (JSON)",
                value=json.dumps(params, ensure_ascii=False, indent=2),
                autosize=True,
                minRows=2,
                maxRows=12,
            ),
            html.Div(id={"kind": "review-params-error", "item": item.id}, role="alert"),
            html.Button(
                "Save as a new version",
                id={"kind": "review-edit", "item": item.id},
                className="tm-button",
                type="button",
            ),
        ],
        className="tm-more",
    )


def _sql(item: Item) -> Any:
    sql = item.body.get("sql")
    return html.Details([html.Summary("SQL"), html.Pre(sql)], className="tm-more") if sql else None

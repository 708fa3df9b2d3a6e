"""The page Review: what there is to decide, one item in detail, and what is selected."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from tablemend.records import Run
from tablemend.repair.operations import OPERATIONS
from tablemend.web.address import Address, path
from tablemend.web.components import basics, marks
from tablemend.web.pages.review.grid import grid
from tablemend.web.site import Site
from tablemend.workspace import Workspace

NARROWS = ("check", "column", "decision", "text")
"""What the query of the address may narrow the list by."""

_STORES = ("focus", "act", "job", "dialog-info", "acted", "ended")
_DECISIONS = (
    *(("", "All"), ("open", "Open"), ("approved", "Approved"), ("applied", "Applied")),
    *(("rejected", "Rejected"), ("blocked", "Blocked")),
)


def layout(site: Site, address: Address) -> Any:
    """The page of one run, by default the newest one with something to decide."""
    workspace = site.workspace
    runs = workspace.reviewable()
    if not address.subject and not runs:
        return _nothing()
    run = workspace.run(address.subject) if address.subject else runs[0]
    narrowed = {name: address.query[name] for name in NARROWS if name in address.query}
    start = narrowed if narrowed else {"decision": "open"}
    return html.Div(
        [
            dcc.Store(id="review-run", data={"run": run.id, "dataset": run.dataset, "kind": run.kind, "narrow": start}),
            *(
                dcc.Store(id=f"review-{name}")
                for name in ("focus", "act", "job", "dialog-info", "acted", "ended", "cells-page")
            ),
            html.Div(head(workspace, run), id="review-head"),
            _toolbar(start),
            html.Div(id="review-progress", className="tm-progress", role="status"),
            html.Div(
                [
                    html.Div(id="review-facets", className="tm-facets", role="group", **{"aria-label": "Findings"}),
                    html.Div(
                        [html.Div(grid(), className="tm-grid-box"), _selection()],
                        className="tm-grid-side",
                    ),
                    _detail(run),
                ],
                className="tm-review",
            ),
            _dialog(run),
        ],
        className="tm-review-page",
    )


def _nothing() -> Any:
    return html.Div(
        [
            basics.header("Review"),
            basics.empty(
                "There is nothing to review yet",
                "Scan a table: tablemend proposes repairs, each with its evidence, and you decide here.",
                basics.link_button("Add data", "/add", primary=True),
            ),
        ]
    )


def head(workspace: Workspace, run: Run) -> Any:
    """The head of the page: dataset, its score now, and what can be done with all that is approved."""
    if run.kind != "scan" or not run.dataset:
        return basics.header("Review", note=f"{run.kind} {run.id}", back=("Intelligence", path("intelligence", run.id)))
    versions = workspace.versions(run.dataset)
    snapshot, now = versions[-1]
    newest = workspace.latest_scan(run.dataset)
    older = html.Span([" A newer scan has its own list: ", dcc.Link(newest.id, href=path("review", newest.id)), "."])
    return basics.header(
        snapshot.source.name,
        html.Button(
            "Undo last apply",
            id="review-undo",
            className="tm-button",
            type="button",
            **{"data-key": "u"},
            disabled=not workspace.change_sets(run.dataset),
            title="u",
        ),
        html.Button(
            "Apply approved", id="review-apply", className="tm-button tm-button-primary", type="button", disabled=True
        ),
        back=("Dataset", path("datasets", run.dataset)),
        note=[
            "score ",
            marks.score(now.overall if now else None),
            f" · version {snapshot.version} · {snapshot.rows:,} rows · run {run.id}, ",
            basics.when(run.finished or run.started),
            older if newest.id != run.id else "",
        ],
    )


def _toolbar(start: dict[str, str]) -> Any:
    return html.Div(
        [
            dmc.TextInput(
                id="review-search",
                value=start.get("text", ""),
                placeholder="Search",
                className="tm-search",
                **{"aria-label": "Search items"},
            ),
            html.Div(
                [
                    html.Button(
                        [text, html.Span(className="tm-count")],
                        className="tm-segment",
                        type="button",
                        **{"data-decision": value, "aria-pressed": "false"},
                    )
                    for value, text in _DECISIONS
                ],
                className="tm-segments",
                role="group",
                **{"aria-label": "Decision"},
            ),
            html.Span(id="review-shown", className="tm-note", role="status"),
        ],
        className="tm-toolbar",
    )


def _selection() -> Any:
    def button(name: str, text: str, key: str, more: str = "") -> html.Button:
        return html.Button(
            [text, html.Kbd(key)],
            id=f"review-{name}",
            className=f"tm-button {more}".strip(),
            type="button",
            disabled=True,
            **{"data-key": key},
        )

    return html.Div(
        [
            html.Span("Nothing selected", id="review-selected", role="status"),
            button("approve", "Approve", "a", "tm-button-primary"),
            button("reject", "Reject", "r"),
            button("reopen", "Open again", "o"),
        ],
        className="tm-selection",
    )


def _detail(run: Run) -> Any:
    return html.Aside(
        [
            html.Div(_hint(), id="review-detail"),
            html.Div(_note(), id="review-note-box", className="tm-note-box"),
            _proposing() if run.kind == "scan" else None,
        ],
        className="tm-detail",
        **{"aria-label": "Item"},
    )


def _note() -> list[Any]:
    rating = dmc.Rating(id="review-rating", value=0)
    return [
        dmc.Textarea(
            id="review-note", label="Note", placeholder="Why? (kept with the decision)", autosize=True, minRows=1
        ),
        html.Div(
            [html.Span("Rating of the proposal", id="review-rating-label"), rating],
            className="tm-rating",
            role="group",
            **{"aria-labelledby": "review-rating-label"},
        ),
    ]


def _proposing() -> html.Details:
    return html.Details(
        [
            html.Summary("Propose a repair of your own"),
            dmc.Select(
                id="review-propose-operation",
                label="Operation",
                data=[{"value": name, "label": name.replace("_", " ")} for name in OPERATIONS],
                searchable=True,
            ),
            dmc.TextInput(id="review-propose-columns", label="Columns", placeholder="city, country"),
            dmc.Textarea(
                id="review-propose-params",
                label="Parameters (JSON)",
                placeholder='{"map": {"Barlin": "Berlin"}}',
                autosize=True,
                minRows=2,
            ),
            html.Div(id="review-propose-error", role="alert"),
            html.Button("Propose", id="review-propose", className="tm-button", type="button"),
        ],
        className="tm-more",
    )


def _hint() -> Any:
    return html.P("Choose an item to see why it is proposed, and what it would change. Press ? for the keys.")


def _dialog(run: Run) -> Any:
    apply = html.Button(
        "Approve and apply",
        id="review-confirm-apply",
        className="tm-button tm-button-primary" if run.kind == "scan" else "tm-hidden",
        type="button",
        disabled=run.kind != "scan",
        **{"data-autofocus": "true"},
    )
    return dmc.Modal(
        [
            html.Div(id="review-dialog-text"),
            html.Div(id="review-dialog-score", className="tm-predicted", role="status"),
            html.Div(
                [
                    apply,
                    html.Button("Approve only", id="review-confirm", className="tm-button", type="button"),
                    html.Button("Cancel", id="review-cancel", className="tm-button", type="button"),
                ],
                className="tm-actions",
            ),
        ],
        id="review-dialog",
        title="Approve",
        opened=False,
        size="lg",
        closeButtonProps={"aria-label": "Close"},
    )

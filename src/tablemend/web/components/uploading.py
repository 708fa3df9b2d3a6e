"""Where a file is dropped or chosen, and sent to the server piece by piece while the page shows how far it is.

The file goes from the browser to the interface for programs (`POST /api/v1/uploads`), past every callback. A script
does that, and puts what was kept into the store `{page}-upload`: its id, its safe name and its bytes.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tablemend.web.components import basics

KINDS = "CSV and other delimited text, JSON, workbooks, Parquet, Arrow, SQLite or DuckDB"


def uploading(page: str, *, limit: int, kinds: str = KINDS, what: str = "a table") -> html.Div:
    """The place for a file of a page; `limit` is the most bytes that the server takes, the setting upload_bytes.

    The store `{page}-upload` holds nothing until a file is kept, then `{"upload": …, "name": …, "bytes": …}`.
    """
    given: dict[str, Any] = {"data-upload": page, "data-limit": str(limit)}
    return html.Div(
        [
            dcc.Store(id=f"{page}-upload"),
            html.Div(
                [
                    basics.icon("add"),
                    html.Div(
                        [
                            html.Div(["Drop ", what, " here, or ", _choose(page, f"{page}-upload-kinds")]),
                            html.Div(
                                f"{kinds}; up to {basics.megabytes(limit)}.",
                                id=f"{page}-upload-kinds",
                                className="tm-note",
                            ),
                        ]
                    ),
                ],
                className="tm-drop",
            ),
            html.Div(id=f"{page}-uploading"),
            html.Div(id=f"{page}-upload-problem", role="alert"),
        ],
        className="tm-upload",
        **given,
    )


def _choose(page: str, described: str) -> html.Button:
    given = {"data-upload-do": "choose", "aria-describedby": described}
    return html.Button("choose a file", id=f"{page}-choose", type="button", className="tm-button", **given)

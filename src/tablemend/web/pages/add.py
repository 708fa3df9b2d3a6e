"""The page Add data."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.components import basics
from tablemend.web.page import Page
from tablemend.web.site import Site


def layout(site: Site, address: Address) -> Any:
    """The page, until what it is for can be done here."""
    del site, address
    return html.Div(
        [
            basics.header("Add data"),
            basics.empty(
                "Not here yet",
                "Uploads, databases and web sources cannot be added here yet. Scan a table on the command line, "
                "with `tablemend scan SOURCE`, or over the interface for programs: it appears here at once.",
            ),
        ]
    )


PAGE = Page(name="add", title="Add data", layout=layout)  # in the navigation once data can be added here

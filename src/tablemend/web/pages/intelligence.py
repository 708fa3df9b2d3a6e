"""The page Intelligence."""

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
            basics.header("Intelligence"),
            basics.empty(
                "Not here yet",
                "Stories are scored on the command line, with `tablemend intel score SOURCE`. What is open of "
                "them can be decided on under Review.",
            ),
        ]
    )


PAGE = Page(
    name="intelligence", title="Intelligence", layout=layout
)  # in the navigation once stories can be looked at here

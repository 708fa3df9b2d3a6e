"""The page Intelligence."""

from __future__ import annotations

from typing import Any

from tablemend.web.address import Address
from tablemend.web.components import basics
from tablemend.web.page import Page
from tablemend.web.site import Site


def layout(site: Site, address: Address) -> Any:
    """The page."""
    del site, address
    return basics.header("Intelligence")


PAGE = Page(name="intelligence", title="Intelligence", layout=layout, icon="intel")

"""The page Add data."""

from __future__ import annotations

from typing import Any

from tablemend.web.address import Address
from tablemend.web.components import basics
from tablemend.web.page import Page
from tablemend.web.site import Site


def layout(site: Site, address: Address) -> Any:
    """The page."""
    del site, address
    return basics.header("Add data")


PAGE = Page(name="add", title="Add data", layout=layout, icon="add")

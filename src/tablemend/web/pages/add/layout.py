"""The page Add data: its ways, which have an address each."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.components import basics
from tablemend.web.components.uploading import uploading
from tablemend.web.site import Site


def layout(site: Site, address: Address) -> Any:
    """The page."""
    del address
    return html.Div([basics.header("Add data"), uploading("add", limit=site.base.settings.upload_bytes)])

"""Alerts: what was told of scores, drift and failures, to whom, and whether it came there."""

from __future__ import annotations

from typing import Any

from tablemend.web.address import Address
from tablemend.web.components import basics
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """The newest alerts."""
    del site, address
    return basics.empty("No alert", "Alerts come from sources on a schedule.")

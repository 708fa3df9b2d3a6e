"""Whether who is asking may do something, so that what they may not is not offered."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.review import rights
from tablemend.web.identity import current


def may(right: str) -> bool:
    """Whether who is asking has a right."""
    return rights.may(current().role, right)


def only_admins() -> Any:
    """What is said where something can be looked at only."""
    return None if may("admin") else html.P("An admin can change this.", className="tm-note")

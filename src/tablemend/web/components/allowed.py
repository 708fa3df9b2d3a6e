"""What who is asking may do: what they may not is not offered, or says why."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.review import rights
from tablemend.web.identity import current

_DOES = {
    "scan": "Adding and scanning data",
    "decide": "Deciding",
    "approve": "Approving",
    "apply": "Applying and undoing",
    "admin": "Changing this",
}


def may(right: str) -> bool:
    """Whether who is asking has a right."""
    return rights.may(current().role, right)


def lacking(right: str) -> str:
    """Why who is asking may not do something, and whom to ask; empty where they may."""
    if may(right):
        return ""
    does = _DOES.get(right, "This")
    return f"{does} takes the role {rights.RIGHTS[right]}; you are {current().role}. Ask an admin for it."


def bound(button: html.Button, right: str) -> html.Button:
    """A button that who is asking may press; else it is off, and says why to the eye and to a screen reader.

    `data-lacks` tells scripts that turn buttons on and off to leave it off.
    """
    if why := lacking(right):
        button.disabled, button.title = True, why
        setattr(button, "data-lacks", right)
    return button


def note(right: str) -> Any:
    """The same in words, for a page of which most takes that right; nothing where they have it."""
    why = lacking(right)
    return html.P(why, className="tm-note") if why else None

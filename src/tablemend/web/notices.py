"""Short messages in the corner: what was done, what failed, and what to do."""

from __future__ import annotations

import secrets
from typing import Any

from dash import html

from tablemend.web.jobs.failures import told


def done(title: str, message: Any = "", *, color: str = "green", keep: bool = False) -> dict[str, Any]:
    """A notice of something that was done."""
    return {
        "action": "show",
        "id": secrets.token_hex(6),
        "title": title,
        "message": message,
        "color": color,
        "autoClose": False if keep else 6_000,
    }


def failed(problem: Exception) -> dict[str, Any]:
    """A notice of something that failed; what nobody foresaw is logged and gets a reference."""
    found = told(problem)
    return done(found["title"], _message(found["message"], found["hint"]), color="red", keep=True)


def _message(text: str, hint: str) -> Any:
    said = text if text.endswith((".", "…", "?")) else f"{text}."
    return html.Div([html.Div(said), html.Div(hint, className="tm-hint") if hint else None])

"""Short messages in the corner: what was done, what failed, and what to do."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from dash import html

from tablemend.errors import TablemendError

_log = logging.getLogger(__name__)


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
    if isinstance(problem, TablemendError):
        return done(title(problem), _message(str(problem), problem.hint or ""), color="red", keep=True)
    reference = secrets.token_hex(4)
    _log.error("callback failed, reference %s", reference, exc_info=problem)
    hint = f"Nothing of it was kept half done. The log of the server has it under {reference}."
    return done("Something went wrong", hint, color="red", keep=True)


def title(problem: TablemendError) -> str:
    """The class of an error in words: DecisionRefused → Decision refused."""
    name = type(problem).__name__
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return words.capitalize()


def _message(text: str, hint: str) -> Any:
    said = text if text.endswith((".", "…", "?")) else f"{text}."
    return html.Div([html.Div(said), html.Div(hint, className="tm-hint") if hint else None])

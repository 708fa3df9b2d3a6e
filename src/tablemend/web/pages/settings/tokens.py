"""Tokens by which programs use the interface: listed, issued and shown once, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from tablemend.errors import StateError
from tablemend.store.tokens import Token
from tablemend.web.components import basics, forms
from tablemend.web.doing import Asked


def table(found: Sequence[Token], revoke: str) -> Any:
    """Tokens with the way to revoke them."""
    if not found:
        return html.P("There is no token.", className="tm-note")
    rows = [
        (
            each.name,
            html.Code(each.id),
            each.user,
            each.role,
            basics.when(each.created),
            f"{each.expires:%Y-%m-%d}" if each.expires else "never",
            basics.when(each.used),
            forms.confirmed(
                "settings", revoke, "Revoke", "The program is let in no longer.", key=each.id, sure="Revoke it"
            ),
        )
        for each in found
    ]
    return basics.table(("Token", "Id", "Of", "Role", "Made", "Expires", "Used", ""), rows, label="Tokens")


def secret(text: str, token: Token) -> Any:
    """The text of a new token, which nobody sees again."""
    return html.Div(
        [
            html.Strong(f"Token {token.name} of {token.user}"),
            html.Code(text),
            html.Span("Copy it now: it is shown only once. Send it as Authorization: Bearer …", className="tm-hint"),
        ],
        className="tm-secret",
        role="status",
    )


def days(asked: Asked) -> float | None:
    """How long a token lasts, as the field says; for good where it is empty."""
    text = asked.text("days")
    try:
        return float(text) if text else None
    except ValueError as problem:
        raise StateError(f"{text!r} is no number of days", hint="Write one, such as 90, or nothing.") from problem

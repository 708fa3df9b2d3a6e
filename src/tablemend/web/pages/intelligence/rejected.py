"""Entries that could not be read or scored, with why."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.components import basics, forms
from tablemend.web.components.paging import paging
from tablemend.web.pages.intelligence.subject import Subject

SIZE = 50
"""Entries on a page."""


def section(subject: Subject) -> list[Any]:
    """A page of them, in the order of the source."""
    found = subject.found.rejected
    if not found:
        return [html.P("Every entry of the source became a story.", className="tm-good")]
    start = forms.offset(subject.address.query)
    rows = [(each.place, each.story or "–", each.reason) for each in found[start : start + SIZE]]

    def page(number: int) -> str:
        return subject.here(**{"from": (number - 1) * SIZE or None})

    return [
        html.P(
            "Mend them in the source and score it again: a story keeps what was decided on it.", className="tm-note"
        ),
        basics.table(("where", "story", "why"), rows, label="Rejected entries"),
        paging(start // SIZE + 1, len(found), SIZE, page, what="entries"),
    ]

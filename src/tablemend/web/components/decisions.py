"""What was decided on an item, by whom, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from tablemend.records import Decision
from tablemend.web.components import basics, marks


def log(decisions: Sequence[Decision]) -> Any:
    """Every decision on an item, the newest first; nothing where there was none."""
    if not decisions:
        return None
    lines = [html.Li(_line(each)) for each in reversed(decisions)]
    return html.Details(
        [html.Summary(f"Decisions ({len(lines)})"), html.Ul(lines, className="tm-points")], className="tm-more"
    )


def _line(each: Decision) -> list[Any]:
    who = f"gate {each.by}" if each.gate else each.by
    rest = "; ".join(part for part in (each.reason, each.note) if part)
    stars = f", rated {each.rating} of 5" if each.rating else ""
    return [
        html.Strong(marks.WORDS.get(each.decision, each.decision)),
        f" by {who}{stars}, ",
        basics.when(each.when),
        html.Div(rest, className="tm-note") if rest else None,
    ]

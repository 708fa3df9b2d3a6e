"""Small marks: scores, confidence, decisions, flags, lines of past values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

WORDS = {
    "open": "Open",
    "approved": "Approved",
    "rejected": "Rejected",
    "blocked": "Blocked",
    "applied": "Applied",
    "superseded": "Superseded",
    "refused": "Refused",
}
"""Decision, or what became of it → what is said of it."""


def score(value: float | None, *, size: str = "") -> html.Span:
    """A score from 0 to 100; a dash where none was counted, which is not 0."""
    if value is None:
        return html.Span("–", className=f"tm-score {size}".strip(), title="not scored yet")
    return html.Span(
        f"{floor(value):.1f}", className=f"tm-score tm-score-{band(value)} {size}".strip(), title=f"score {value:.4f}"
    )


def floor(value: float) -> float:
    """A score for one decimal: 99.97 is no 100, as 100 means that there is no finding."""
    return min(round(value, 1), 99.9) if value < 100 else 100.0


def band(value: float) -> str:
    """Which of three colours a score has; the number stands beside it always."""
    return "good" if value >= 95 else "fair" if value >= 80 else "poor"


def confidence(value: float) -> html.Span:
    """A probability as a bar with its number."""
    return html.Span(
        [
            html.Span(html.Span(style={"width": f"{value:.0%}"}), className="tm-bar", **{"aria-hidden": "true"}),
            html.Span(percent(value), className="tm-bar-number"),
        ],
        className="tm-confidence",
        title=f"confidence {value:.4f}",
    )


def percent(value: float) -> str:
    """A share as whole per cent; what is nearly all is not called all."""
    shown = round(100 * value)
    return "99 %" if shown == 100 and value < 1 else "1 %" if shown == 0 and value > 0 else f"{shown} %"


def decision(name: str) -> html.Span:
    """What was decided, or what became of it, as a word and a colour."""
    return html.Span(WORDS.get(name, name), className=f"tm-mark tm-mark-{name}")


def tag(text: str, *, kind: str = "") -> html.Span:
    """A word in a box: a flag, a severity, a status."""
    return html.Span(text.replace("_", " "), className=f"tm-tag tm-tag-{kind}" if kind else "tm-tag")


def change(before: Any, after: Any) -> html.Span:
    """A cell before and after: struck through and inserted, by more than colour."""
    return html.Span(
        [
            html.Del(value(before)),
            html.Span("→", className="tm-arrow", **{"aria-hidden": "true"}),
            html.Ins(value(after)),
        ],
        className="tm-change",
    )


def value(cell: Any) -> Any:
    """A cell as text; what could not be seen is made visible."""
    if cell is None:
        return html.Em("null", className="tm-null")
    text = str(cell)
    if text == "":
        return html.Em("empty", className="tm-null")
    return text if text == text.strip() else text.replace(" ", "·")


def sparkline(
    values: Sequence[float | None], *, label: str, low: float | None = None, high: float | None = None
) -> html.Img:
    """A line of values from old to new as an image; missing ones leave a gap."""
    found = [value for value in values if value is not None]
    least, most = (min(found) if low is None else low, max(found) if high is None else high) if found else (0.0, 1.0)
    wide, tall, span = 96, 24, (most - least) or 1.0
    step = wide / max(len(values) - 1, 1)
    parts: list[str] = []
    pen = "M"
    for n, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{n * step:.1f} {tall - 2 - (value - least) / span * (tall - 4):.1f}")
        pen = "L"
    if len(found) == 1:
        parts.append("h0.1")
    return drawing(
        f'<path d="{" ".join(parts)}" fill="none" stroke="#5c7cfa" stroke-width="2" stroke-linecap="round"/>', label
    )


def bars(counts: Sequence[float], *, label: str) -> html.Img:
    """A small histogram as an image."""
    most = max(counts, default=0) or 1
    wide = 96 / max(len(counts), 1)
    drawn = "".join(
        f'<rect x="{n * wide:.1f}" y="{24 - 22 * value / most:.1f}" width="{max(wide - 1, 0.5):.1f}" '
        f'height="{22 * value / most:.1f}" fill="#5c7cfa"/>'
        for n, value in enumerate(counts)
    )
    return drawing(drawn, label)


def drawing(drawn: str, label: str) -> html.Img:
    """What is drawn in SVG, 96 by 24, as an image."""
    from urllib.parse import quote

    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="24" viewBox="0 0 96 24">{drawn}</svg>'
    return html.Img(src=f"data:image/svg+xml,{quote(svg)}", alt=label, width=96, height=24, className="tm-spark")

"""A score with the dimensions that it is made of."""

from __future__ import annotations

from dash import html

from tablemend.records import DIMENSIONS, Score
from tablemend.web.components import marks


def dimensions(score: Score | None) -> html.Dl | None:
    """Each dimension by name, as a bar and as a number."""
    if score is None:
        return None
    return html.Dl(
        [
            html.Div([html.Dt(name), html.Dd([_bar(value), marks.score(value)])], className="tm-dimension")
            for name, value in ordered(score.dimensions)
        ],
        className="tm-dimensions",
    )


def weakest(score: Score | None) -> html.Span:
    """The dimension that costs most, where any costs anything; all of them on hover."""
    if score is None or not score.dimensions:
        return html.Span("–", className="tm-note", title="not scored yet")
    found = ordered(score.dimensions)
    name, value = min(found, key=lambda each: each[1])
    told = f"{name} {marks.floor(value):.1f}" if value < 100 else "none"
    every = ", ".join(f"{name} {marks.floor(value):.1f}" for name, value in found)
    return html.Span(told, className="tm-weakest", title=every)


def ordered(found: dict[str, float]) -> list[tuple[str, float]]:
    """Dimensions in the order in which they always stand."""
    return [(name, found[name]) for name in DIMENSIONS if name in found]


def _bar(value: float) -> html.Span:
    return html.Span(
        html.Span(style={"width": f"{value:.2f}%"}), className="tm-bar tm-bar-wide", **{"aria-hidden": "true"}
    )

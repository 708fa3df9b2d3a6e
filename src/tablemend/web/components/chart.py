"""A larger line of scores over versions, with its scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import html

_WIDE, _TALL = 640, 120
_MOST = 200  # newest versions that are drawn


def scores(found: Sequence[tuple[int, float | None]]) -> Any:
    """Scores by version; nothing where fewer than two are known."""
    found = found[-_MOST:]
    known = [(number, value) for number, value in found if value is not None]
    if len(known) < 2:  # one point is no line
        return None
    low, high = _scale([value for _, value in known])
    first, last = known[0], known[-1]
    label = f"Score by version, from {first[1]:.1f} at version {first[0]} to {last[1]:.1f} at version {last[0]}"
    return html.Figure(
        [
            html.Div([html.Span(f"{high:g}"), html.Span(f"{low:g}")], className="tm-axis", **{"aria-hidden": "true"}),
            html.Img(src=_drawn(found, low, high), alt=label, className="tm-chart", width=_WIDE, height=_TALL),
            html.Figcaption(f"Score of versions {found[0][0]} to {found[-1][0]}", className="tm-note"),
        ],
        className="tm-plot",
    )


def _scale(values: Sequence[float]) -> tuple[float, float]:
    """Whole points around the values, so that a line never lies on the edge."""
    low, high = int(min(values)), min(int(max(values)) + 1, 100)
    return (float(low), float(high)) if high > low else (float(low - 1), float(high))


def _drawn(found: Sequence[tuple[int, float | None]], low: float, high: float) -> str:
    step = (_WIDE - 16) / max(len(found) - 1, 1)
    points = [
        (8 + n * step, 8 + (high - value) / (high - low) * (_TALL - 16))
        for n, (_, value) in enumerate(found)
        if value is not None
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#5c7cfa"/>' for x, y in points)
    grid = f'<path d="M0 8H{_WIDE}M0 {_TALL - 8}H{_WIDE}" stroke="#8a94a0" stroke-opacity=".4"/>'
    size = f'width="{_WIDE}" height="{_TALL}" viewBox="0 0 {_WIDE} {_TALL}"'
    drawn = f'{grid}<path d="{line}" fill="none" stroke="#5c7cfa" stroke-width="2"/>{dots if len(points) < 60 else ""}'
    return "data:image/svg+xml," + quote(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>')

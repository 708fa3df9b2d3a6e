"""What a column holds, in a small picture and in words."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.records import ColumnProfile, Count
from tablemend.web.components import basics, marks

_SHOWN = 3  # frequent values beside the picture


def shown(each: ColumnProfile) -> Any:
    """The most frequent values or the spread as a picture, the rest of the profile behind it."""
    told = _spread(each) if each.quantiles and each.mean is not None else _frequent(each)
    more = _more(each)
    return html.Details([html.Summary(told), more], className="tm-values") if more else told


def _spread(each: ColumnProfile) -> html.Span:
    low, high = number(each.minimum), number(each.maximum)
    label = f"{each.name}: from {low} to {high}, half of the values up to {number(each.quantiles[2])}"
    return html.Span([_box(each, label), html.Span(f"{low} … {high}", className="tm-note")], className="tm-picture")


def _box(each: ColumnProfile, label: str) -> Any:
    """Where 5, 25, 50, 75 and 95 % of the values lie between those of 5 and 95 %."""
    least, most = each.quantiles[0], each.quantiles[-1]
    span = (most - least) or 1.0
    at = [3 + 90 * (value - least) / span for value in each.quantiles]
    return marks.drawing(
        f'<path d="M3 12H93M3 7v10M93 7v10" stroke="#8a94a0"/>'
        f'<rect x="{at[1]:.1f}" y="6" width="{max(at[3] - at[1], 2):.1f}" height="12" fill="#5c7cfa"/>'
        f'<path d="M{at[2]:.1f} 4v16" stroke="#e8590c" stroke-width="2"/>',
        label,
    )


def _frequent(each: ColumnProfile) -> html.Span:
    if not each.top:
        return html.Span("no values", className="tm-note")
    label = f"{each.name}: how often the most frequent values occur"
    names = ", ".join(short(top.value) for top in each.top[:_SHOWN])
    picture = marks.bars([top.n for top in each.top[:10]], label=label) if len(each.top) > 1 else None
    return html.Span([picture, html.Span(names, className="tm-note")], className="tm-picture")


def _more(each: ColumnProfile) -> Any:
    pairs: list[tuple[str, Any]] = []
    if each.minimum is not None:
        pairs.append(("from – to", f"{number(each.minimum)} – {number(each.maximum)}"))
    if each.mean is not None:
        deviation = f", standard deviation {number(each.deviation)}" if each.deviation is not None else ""
        pairs.append(("mean", f"{number(each.mean)}{deviation}"))
    if each.quantiles:
        pairs.append(("5, 25, 50, 75, 95 %", ", ".join(number(value) for value in each.quantiles)))
    if each.length_max is not None:
        pairs.append(("characters", f"{each.length_min} – {each.length_max}"))
    for name, counts in (("values", each.top), ("patterns", each.patterns), ("units", each.units)):
        if counts:
            pairs.append((name, _counts(counts)))
    if each.form:
        pairs.append(("usual form", html.Code(each.form)))
    if each.sampled:
        pairs.append(("counted on", f"{each.sampled:,} cells"))
    return basics.facts(*pairs) if pairs else None


def _counts(counts: tuple[Count, ...]) -> html.Ul:
    return html.Ul(
        [
            html.Li([html.Code(short(each.value, 80)), html.Span(f" {each.n:,}", className="tm-note")])
            for each in counts[:10]
        ],
        className="tm-counts",
    )


def short(text: str, most: int = 24) -> str:
    """The beginning of a text; what cannot be seen is named."""
    if not text.strip():
        return f"({len(text)} spaces)" if text else "(empty)"
    return text if len(text) <= most else f"{text[: most - 1]}…"


def number(value: Any) -> str:
    """A number as people write it; other values as they are."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value.is_integer():
        return f"{int(value):,}" if abs(value) < 1e15 else f"{value:.6g}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"

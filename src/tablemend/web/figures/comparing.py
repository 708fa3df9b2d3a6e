"""Comparisons of two groups over many features: how large against how sure, and each with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from tablemend.web.figures import drawing
from tablemend.web.figures.drawing import LIGHT, NEGATIVE, NEUTRAL, POSITIVE, Figure, Scheme

if TYPE_CHECKING:
    import pyarrow as pa

LEVEL = 0.05
_NAMED = 8  # points of a volcano that bear their names
_DRAWN = 0.58  # of the width of a forest; its numbers have the rest
_ROW = 22  # pixels of a row of a forest
_NO_ROOM = 1_000  # rows of a forest beyond which they are narrower


class _Dot(NamedTuple):
    feature: Any
    region: Any
    difference: float
    q: float
    height: float  # −log10 q


def volcano(compared: pa.Table, *, title: str, x: str, level: float = LEVEL, scheme: Scheme = LIGHT) -> Figure:
    """The difference of each row against −log10 q, with a line at `level`; the surest are named.

    `compared` has `feature`, `difference` and `q`, and where known `region`. A q of 0, below what a computer can
    tell, is drawn one step above the others. Rows without a difference, or with no q from 0 to 1, are counted.
    """
    rows = list(zip(*drawing.columns(compared, "feature", "region", "difference", "q"), strict=True))
    found = [row for row in rows if drawing.known(row[2]) and drawing.known(row[3]) and 0 <= row[3] <= 1]
    note = drawing.left_out(len(rows) - len(found), "comparison", "without a difference or q")
    if not found:
        return drawing.nothing(title, note, scheme=scheme)
    top = max((-math.log10(q) for *_, q in found if q > 0), default=0.0) + 1
    dots = [_Dot(name, where, value, q, -math.log10(q) if q > 0 else top) for name, where, value, q in found]
    lower = [dot for dot in dots if dot.q <= level and dot.difference < 0]
    higher = [dot for dot in dots if dot.q <= level and dot.difference > 0]
    others = [dot for dot in dots if dot.q > level or dot.difference == 0]
    data = [
        _cloud(others, "not told apart", NEUTRAL, "circle-open"),
        _cloud(lower, "lower", NEGATIVE, "triangle-down"),
        _cloud(higher, "higher", POSITIVE, "triangle-up"),
    ]
    layout = drawing.layout(title, note, scheme=scheme, height=480)
    layout = drawing.legend(layout) | {"annotations": [_name(dot, scheme) for dot in _surest([*lower, *higher])]}
    layout["xaxis"] = drawing.axis(x, scheme=scheme, zeroline=True)
    layout["yaxis"] = drawing.axis("−log10 q", scheme=scheme, rangemode="tozero", zeroline=False)
    if level > 0:
        at = -math.log10(level)
        edge = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at}
        layout["shapes"] = [edge | {"line": {"color": NEUTRAL, "width": 1, "dash": "dash"}}]
    return {"data": [each for each in data if each["x"]], "layout": layout}


def forest(
    compared: pa.Table,
    *,
    title: str,
    x: str,
    interval: str = "95 % interval",
    ratio: bool = False,
    scheme: Scheme = LIGHT,
) -> Figure:
    """The difference of each row with its interval and p, the first on top, and a line where there is none.

    `compared` has `feature`, `difference`, `low`, `high`, `p`, `q` and `stars`, and where known `region`. With `ratio`
    differences are taken for log2 of ratios, and ratios are written. An end of an interval that is not finite is not
    drawn, and is told in the numbers. Rows without a difference are counted.
    """
    names = ("feature", "region", "difference", "low", "high", "p", "q", "stars")
    rows = [dict(zip(names, row, strict=True)) for row in zip(*drawing.columns(compared, *names), strict=True)]
    found = [row for row in rows if drawing.known(row["difference"])]
    note = drawing.left_out(len(rows) - len(found), "comparison", "without a difference")
    if not found:
        return drawing.nothing(title, note, scheme=scheme)
    each = _ROW if len(found) <= _NO_ROOM else 14
    layout = drawing.layout(title, note, scheme=scheme, height=140 + each * len(found))
    layout["xaxis"] = drawing.axis(x, scheme=scheme, zeroline=True, zerolinewidth=1.5, domain=[0, _DRAWN])
    if ratio:
        layout["xaxis"] |= _ratios(found)
    layout["yaxis"] = drawing.downwards(drawing.named(None, [_whole(row) for row in found], scheme=scheme))
    head = f"{'ratio' if ratio else 'difference'} ({drawing.plain(interval)}), p"
    layout["xaxis2"] = {"domain": [_DRAWN + 0.02, 1], "range": [0, 1], "visible": False, "fixedrange": True}
    layout["annotations"] = [
        {
            "text": head,
            "showarrow": False,
            "xref": "paper",
            "yref": "paper",
            "x": _DRAWN + 0.02,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": {"color": scheme.muted},
        }
    ]
    return {"data": [_intervals(found, ratio=ratio), _numbers(found, scheme, ratio=ratio)], "layout": layout}


def _whole(row: dict[str, Any]) -> str:
    return f"{row['feature']}, {row['region']}" if row["region"] else str(row["feature"])


def _cloud(dots: list[_Dot], name: str, color: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [dot.difference for dot in dots],
        "y": [dot.height for dot in dots],
        "marker": {"color": color, "symbol": symbol, "size": 7},
        "hovertext": [
            drawing.lines(
                f"<b>{drawing.plain(dot.feature)}</b>",
                drawing.plain(dot.region) if dot.region else None,
                f"difference {drawing.number(dot.difference)}",
                f"q {drawing.chance(dot.q)}",
            )
            for dot in dots
        ],
        "hoverinfo": "text",
    }


def _surest(dots: list[_Dot]) -> list[_Dot]:
    """Those that are named: the surest, unless a name would lie on another."""
    if not dots:
        return []
    heights, sides = [dot.height for dot in dots], [dot.difference for dot in dots]
    tall, wide = (max(each) - min(*each, 0) or 1.0 for each in (heights, sides))
    found: list[_Dot] = []
    for dot in sorted(dots, key=lambda dot: (-dot.height, -abs(dot.difference)))[: 4 * _NAMED]:
        near = [each for each in found if abs(each.height - dot.height) < 0.05 * tall]
        if all(abs(each.difference - dot.difference) > 0.5 * wide for each in near):
            found.append(dot)
    return found[:_NAMED]


def _name(dot: _Dot, scheme: Scheme) -> dict[str, Any]:
    side = "right" if dot.difference < 0 else "left"
    return {
        "x": dot.difference,
        "y": dot.height,
        "text": drawing.short(dot.feature, 28),
        "showarrow": False,
        "xanchor": side,
        "xshift": -7 if side == "right" else 7,
        "font": {"size": 11, "color": scheme.muted},
    }


def _ratios(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Ticks at powers of two, as many as there is room for."""
    values = drawing.finite(row[name] for row in rows for name in ("difference", "low", "high"))
    low, high = math.floor(min(*values, 0)), math.ceil(max(*values, 0))
    places = list(range(low, high + 1, max(1, math.ceil((high - low) / 8)))) if high - low < 1_000 else []
    if not places:
        return {}  # what is so far from 1 is written as its logarithm
    text = [f"1/{2**-place:,}" if place < 0 else f"{2**place:,}" for place in places]
    return {"tickmode": "array", "tickvals": places, "ticktext": [drawing.short(each, 12) for each in text]}


def _told(value: object, *, ratio: bool) -> str:
    if not ratio or not isinstance(value, int | float) or not value < math.inf:
        return drawing.number(value)
    return drawing.number(2.0**value) if value < 1_000 else f"2^{drawing.number(value)}"


def _intervals(rows: list[dict[str, Any]], *, ratio: bool) -> dict[str, Any]:
    values = [row["difference"] for row in rows]

    def reach(name: str, side: int) -> list[float | None]:
        ends = [row[name] for row in rows]
        pairs = zip(ends, values, strict=True)
        return [max(0.0, side * (end - value)) if drawing.known(end) else None for end, value in pairs]

    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": list(range(len(rows))),
        "marker": {"color": [drawing.sign(value) for value in values], "symbol": "square", "size": 8},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": reach("high", 1),
            "arrayminus": reach("low", -1),
            "color": NEUTRAL,
            "thickness": 1.5,
            "width": 4,
        },
        "hovertext": [
            drawing.lines(
                f"<b>{drawing.plain(_whole(row))}</b>",
                f"{_told(row['difference'], ratio=ratio)} ({_span(row, ratio=ratio)})",
                f"p {drawing.chance(row['p'])}, q {drawing.chance(row['q'])}",
            )
            for row in rows
        ],
        "hoverinfo": "text",
    }


def _span(row: dict[str, Any], *, ratio: bool) -> str:
    return f"{_told(row['low'], ratio=ratio)} to {_told(row['high'], ratio=ratio)}"


def _numbers(rows: list[dict[str, Any]], scheme: Scheme, *, ratio: bool) -> dict[str, Any]:
    """The numbers of each row, beside it."""
    text = [
        f"{_told(row['difference'], ratio=ratio)} ({_span(row, ratio=ratio)}), "
        f"p {drawing.chance(row['p'])} {drawing.plain(row['stars'] or '')}"
        for row in rows
    ]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [0] * len(rows),
        "y": list(range(len(rows))),
        "xaxis": "x2",
        "text": text,
        "textposition": "middle right",
        "textfont": {"size": 11, "color": scheme.text},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }

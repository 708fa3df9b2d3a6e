"""Values by group: boxes within regions with what sets them apart, and lines along ordered groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tablemend.web.figures import drawing
from tablemend.web.figures.drawing import LIGHT, NEUTRAL, Figure, Scheme
from tablemend.web.theme import SERIES

if TYPE_CHECKING:
    import pyarrow as pa

STARS = "* q ≤ 0.05, ** q ≤ 0.01, *** q ≤ 0.001"
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")
_WIDE = 0.8  # of the way from region to region that boxes take


def boxes(
    points: pa.Table, brackets: pa.Table | None = None, *, title: str, x: str, y: str, scheme: Scheme = LIGHT
) -> Figure:
    """A box and all points of each group within each region, both in the order in which they come.

    `points` has `region`, `group`, `value` and `sample`; `brackets` has `region`, `first`, `second`, `q` and `stars`,
    and those with stars are drawn. Points without a finite value, and brackets without boxes, are counted.
    """
    places, groups, values, samples = drawing.columns(points, "region", "group", "value", "sample")
    rows = [n for n, each in enumerate(values) if drawing.known(each)]
    note = drawing.left_out(len(values) - len(rows), "point", "without a value")
    if not rows:
        return drawing.nothing(title, note, scheme=scheme)
    regions = list(dict.fromkeys(_label(places[n]) for n in rows))
    kinds = list(dict.fromkeys(_label(groups[n]) for n in rows))
    at = {(region, kind): n + _shift(m, len(kinds)) for n, region in enumerate(regions) for m, kind in enumerate(kinds)}
    data: list[dict[str, Any]] = []
    tops: dict[str, float] = {}
    for m, kind in enumerate(kinds):
        mine = [n for n in rows if _label(groups[n]) == kind]
        data.append(
            _box(
                kind,
                [at[_label(places[n]), kind] for n in mine],
                [values[n] for n in mine],
                [drawing.plain(samples[n]) if samples[n] is not None else "" for n in mine],
                (SERIES[m % len(SERIES)], SYMBOLS[m % len(SYMBOLS)], _WIDE / len(kinds) * 0.8),
            )
        )
    for n in rows:
        region = _label(places[n])
        tops[region] = max(tops.get(region, -math.inf), values[n])
    low = min(values[n] for n in rows)
    drawn, missed = _brackets(brackets, at, tops, low, scheme) if brackets is not None else ([], 0)
    layout = drawing.layout(
        title,
        STARS if drawn else None,
        note,
        drawing.left_out(missed, "bracket", "without two boxes in the region"),
        scheme=scheme,
        height=460,
    )
    layout = (drawing.legend(layout) if len(kinds) > 1 else layout) | {"boxmode": "overlay"}
    layout["xaxis"] = drawing.named(x, regions, scheme=scheme)
    layout["yaxis"] = drawing.axis(y, scheme=scheme)
    return {"data": [*data, *drawn], "layout": layout}


def trends(
    points: pa.Table, *, title: str, x: str, y: str, order: Sequence[str] | None = None, scheme: Scheme = LIGHT
) -> Figure:
    """Values along ordered groups, with the mean of each group and its 95 % interval (Student's t).

    `points` has `group` and `value`, and where known `sample` and `series`, a line of its own each. `order` are the
    groups in their order, by default as they come; points of others, or without a finite value, are counted.
    """
    groups, values, samples, series = drawing.columns(points, "group", "value", "sample", "series")
    along = [_label(each) for each in (order if order is not None else dict.fromkeys(groups))]
    place = {group: n for n, group in enumerate(along)}
    rows = [n for n, each in enumerate(values) if drawing.known(each) and _label(groups[n]) in place]
    note = drawing.left_out(len(values) - len(rows), "point", "without a value or a place in the order")
    if not rows:
        return drawing.nothing(title, note, scheme=scheme)
    kinds = list(dict.fromkeys(_label(series[n]) for n in rows))
    data: list[dict[str, Any]] = []
    for m, kind in enumerate(kinds):
        mine = [n for n in rows if _label(series[n]) == kind]
        shift = _shift(m, len(kinds)) / 2
        told = [(place[_label(groups[n])], float(values[n]), samples[n]) for n in mine]
        data += _trend(kind, told, shift, (SERIES[m % len(SERIES)], SYMBOLS[m % len(SYMBOLS)]))
    layout = drawing.layout(title, "lines: means with 95 % intervals", note, scheme=scheme, height=420)
    layout = drawing.legend(layout) if len(kinds) > 1 else layout
    layout["xaxis"] = drawing.named(x, along, scheme=scheme)
    layout["yaxis"] = drawing.axis(y, scheme=scheme)
    return {"data": data, "layout": layout}


def _label(value: object) -> str:
    return "" if value is None else str(value)


def _shift(turn: int, of: int) -> float:
    """How far a group stands from the middle of its region."""
    return (turn - (of - 1) / 2) * _WIDE / of


def _box(
    kind: str, at: list[float], values: list[float], said: list[str], look: tuple[str, str, float]
) -> dict[str, Any]:
    color, symbol, width = look
    return {
        "type": "box",
        "name": drawing.short(kind),
        "x": at,
        "y": values,
        "text": said,
        "hoverinfo": "y+text+name",
        "width": width,
        "boxpoints": "all",
        "pointpos": 0,
        "jitter": 0.5,
        "marker": {"color": color, "symbol": symbol, "size": 5},
        "line": {"color": color, "width": 1.5},
        "fillcolor": "rgba(0,0,0,0)",
    }


def _brackets(
    brackets: pa.Table, at: dict[tuple[str, str], float], tops: dict[str, float], low: float, scheme: Scheme
) -> tuple[list[dict[str, Any]], int]:
    """A bracket above the boxes for each pair with stars, and how many have no boxes to stand on."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    stars: tuple[list[float], list[float], list[str], list[str]] = ([], [], [], [])
    missed = 0
    step = 0.08 * ((max(tops.values()) - low) or 1.0)
    level = {region: top + step / 2 for region, top in tops.items()}
    for region, first, second, q, mark in zip(
        *drawing.columns(brackets, "region", "first", "second", "q", "stars"), strict=True
    ):
        if not mark:
            continue
        where = _label(region)
        ends = sorted(at[where, _label(each)] for each in (first, second) if (where, _label(each)) in at)
        if len(ends) < 2 or where not in level:
            missed += 1
            continue
        base = level[where]
        level[where] = base + step * 1.4
        xs += [ends[0], ends[0], ends[1], ends[1], None]
        ys += [base, base + step / 3, base + step / 3, base, None]
        told = drawing.plain(f"{_label(first)} and {_label(second)}, {where}")
        found = ((ends[0] + ends[1]) / 2, base + step / 3, drawing.plain(mark), f"{told}<br>q {drawing.chance(q)}")
        for column, value in zip(stars, found, strict=True):
            column.append(value)  # type: ignore[attr-defined]
    if not xs:
        return [], missed
    line: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "showlegend": False,
    }
    text: dict[str, Any] = {
        "type": "scatter",
        "mode": "text",
        "x": stars[0],
        "y": stars[1],
        "text": stars[2],
        "hovertext": stars[3],
    }
    text |= {"hoverinfo": "text", "textposition": "top center", "showlegend": False}
    return [line | {"line": {"color": NEUTRAL, "width": 1}}, text | {"textfont": {"color": scheme.text}}], missed


def _trend(kind: str, told: list[tuple[int, float, Any]], shift: float, look: tuple[str, str]) -> list[dict[str, Any]]:
    """The points of a series, and the line of its means."""
    color, symbol = look
    of: dict[int, list[float]] = {}
    for place, value, _ in told:
        of.setdefault(place, []).append(value)
    means = {place: math.fsum(values) / len(values) for place, values in sorted(of.items())}
    half = {place: _half(values) for place, values in of.items()}
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [place + shift for place, _, _ in told],
        "y": [value for _, value, _ in told],
        "marker": {"color": color, "symbol": f"{symbol}-open", "size": 6},
        "opacity": 0.7,
        "hovertext": [
            drawing.lines(drawing.plain(sample) if sample is not None else None, drawing.number(value))
            for _, value, sample in told
        ],
        "hoverinfo": "text",
        "showlegend": False,
    }
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": drawing.short(kind),
        "x": [place + shift for place in means],
        "y": list(means.values()),
        "error_y": {"type": "data", "array": [half[place] for place in means], "color": color, "width": 4},
        "line": {"color": color, "width": 2},
        "marker": {"color": color, "symbol": symbol, "size": 8},
        "hovertext": [
            drawing.lines(
                drawing.plain(kind) or None,
                f"mean {drawing.number(mean)}",
                f"95 % interval ± {drawing.number(half[place])}" if half[place] is not None else None,
                f"n = {len(of[place])}",
            )
            for place, mean in means.items()
        ],
        "hoverinfo": "text",
    }
    return [points, line]


def _half(values: list[float]) -> float | None:
    """Half of the 95 % interval of a mean; None for a single value."""
    from scipy.special import stdtrit

    count = len(values)
    if count < 2:
        return None
    mean = math.fsum(values) / count
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in values) / (count - 1))
    found = float(stdtrit(count - 1, 0.975)) * spread / math.sqrt(count)
    return found if math.isfinite(found) else None

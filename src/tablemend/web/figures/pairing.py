"""Two datasets over the features that both have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tablemend.web.figures import drawing
from tablemend.web.figures.drawing import LIGHT, NEUTRAL, Figure, Scheme
from tablemend.web.theme import SERIES

if TYPE_CHECKING:
    import pyarrow as pa


class Line(NamedTuple):
    """What was computed of pairs: their correlation, and the line through them where there is one."""

    correlation: float
    p: float | None = None
    method: str = "Pearson"
    slope: float | None = None
    intercept: float | None = None


def scatter(pairs: pa.Table, line: Line | None = None, *, title: str, x: str, y: str, scheme: Scheme = LIGHT) -> Figure:
    """A point for each feature; the correlation stands in the title.

    `pairs` has `feature`, `first` (along x) and `second`. Features without a finite value in both are counted.
    """
    rows = list(zip(*drawing.columns(pairs, "feature", "first", "second"), strict=True))
    found = [row for row in rows if drawing.known(row[1]) and drawing.known(row[2])]
    note = drawing.left_out(len(rows) - len(found), "feature", "without a value in both")
    if not found:
        return drawing.nothing(title, note, scheme=scheme)
    data = [_points(found)]
    head = title
    if line is not None and drawing.known(line.correlation):
        sure = f", p {'< 1e−300' if line.p == 0 else f'= {drawing.number(line.p)}'}" if drawing.known(line.p) else ""
        head = f"{drawing.cut(title, 70)}: {line.method} r = {drawing.number(line.correlation)}{sure}"
    if line is not None and drawing.known(line.slope) and drawing.known(line.intercept):
        data.append(_line(line, [row[1] for row in found]))
    layout = drawing.layout(head, f"{len(found):,} features", note, scheme=scheme, height=520)
    layout["xaxis"] = drawing.axis(x, scheme=scheme, zeroline=True)
    layout["yaxis"] = drawing.axis(y, scheme=scheme, zeroline=True)
    return {"data": data, "layout": layout}


def _points(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [row[1] for row in rows],
        "y": [row[2] for row in rows],
        "marker": {"color": SERIES[0], "size": 7, "opacity": 0.75},
        "hovertext": [
            drawing.lines(f"<b>{drawing.plain(row[0])}</b>", f"{drawing.number(row[1])}, {drawing.number(row[2])}")
            for row in rows
        ],
        "hoverinfo": "text",
    }


def _line(line: Line, xs: list[float]) -> dict[str, Any]:
    slope, intercept = line.slope or 0.0, line.intercept or 0.0
    ends = [min(xs), max(xs)]
    drawn = [slope * end + intercept for end in ends]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": ends,
        "y": [each if drawing.known(each) else None for each in drawn],
        "line": {"color": NEUTRAL, "width": 1.5},
        "hoverinfo": "skip",
    }

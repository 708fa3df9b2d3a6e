"""One feature over entities, or one entity over features: a bar each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablemend.web.figures import drawing
from tablemend.web.figures.drawing import LIGHT, NEUTRAL, Figure, Scheme

if TYPE_CHECKING:
    import pyarrow as pa

_BARS = ((100, 22), (500, 16))
"""Up to so many bars, pixels of each; of more, 12."""


def bars(
    table: pa.Table,
    *,
    name: str,
    title: str,
    unit: str,
    value: str = "mean",
    error: str = "se",
    points: pa.Table | None = None,
    scheme: Scheme = LIGHT,
) -> Figure:
    """Horizontal bars in the order of the table, the first on top; `unit` stands at the axis of values.

    `table` has `name` (a column of names), `value`, and where known `error`, `n` and `sd`; `points` has `name`,
    `sample` and `value`, and is drawn over the bars. Rows without a finite value are counted below the title.
    """
    names, values, errors, numbers, spreads = drawing.columns(table, name, value, error, "n", "sd")
    rows = [n for n, each in enumerate(values) if drawing.known(each)]
    note = drawing.left_out(len(values) - len(rows), "row", f"without a {drawing.plain(value)}")
    if not rows:
        return drawing.nothing(title, note, scheme=scheme)
    shown = [names[n] for n in rows]
    said = [
        drawing.lines(
            f"<b>{drawing.plain(names[n])}</b>",
            f"{drawing.plain(value)} {drawing.number(values[n])}",
            f"n = {numbers[n]}" if drawing.known(numbers[n]) else None,
            f"standard deviation {drawing.number(spreads[n])}" if drawing.known(spreads[n]) else None,
            f"{drawing.plain(error)} {drawing.number(errors[n])}" if drawing.known(errors[n]) else None,
        )
        for n in rows
    ]
    drawn = _bars([values[n] for n in rows], [errors[n] for n in rows], said)
    data, missed = _points(points, name, shown) if points is not None else ([], 0)
    each = next((pixels for most, pixels in _BARS if len(rows) <= most), 12)
    layout = drawing.layout(
        title,
        note,
        drawing.left_out(missed, "point", "without a value or a bar"),
        scheme=scheme,
        height=130 + each * len(rows),
    )
    layout["bargap"] = 0.25
    layout["xaxis"] = drawing.axis(unit, scheme=scheme, zeroline=True)
    layout["yaxis"] = drawing.downwards(drawing.named(None, shown, scheme=scheme, tickfont={"size": min(12, each - 2)}))
    return {"data": [drawn, *data], "layout": layout}


def _bars(values: list[float], errors: list[Any], said: list[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": list(range(len(values))),
        "marker": {"color": [drawing.sign(each) for each in values]},
        "error_x": {
            "type": "data",
            "array": [each if drawing.known(each) else None for each in errors],
            "color": NEUTRAL,
            "thickness": 1.2,
            "width": 3,
        },
        "hovertext": said,
        "hoverinfo": "text",
    }


def _points(points: pa.Table, name: str, shown: list[Any]) -> tuple[list[dict[str, Any]], int]:
    """The replicates, and how many of them have no place."""
    place = {each: n for n, each in enumerate(shown)}
    names, samples, values = drawing.columns(points, name, "sample", "value")
    rows = [n for n, each in enumerate(values) if drawing.known(each) and names[n] in place]
    if not rows:
        return [], len(values)
    drawn = {
        "type": "scatter",
        "mode": "markers",
        "x": [values[n] for n in rows],
        "y": [place[names[n]] for n in rows],
        "marker": {"symbol": "circle", "size": 5, "color": LIGHT.page, "line": {"width": 1.2, "color": LIGHT.muted}},
        "hovertext": [
            drawing.lines(
                f"<b>{drawing.plain(names[n])}</b>",
                f"sample {drawing.plain(samples[n])}" if samples[n] is not None else None,
                drawing.number(values[n]),
            )
            for n in rows
        ],
        "hoverinfo": "text",
    }
    return [drawn], len(values) - len(rows)

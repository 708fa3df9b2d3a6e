"""Chosen entities by chosen features: a cell each, and what is missing shown as missing."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from tablemend.web.figures import drawing, palette
from tablemend.web.figures.drawing import DIVERGING, LIGHT, NEUTRAL, Figure, Scheme

if TYPE_CHECKING:
    import pyarrow as pa

Values = npt.NDArray[np.float64]

MOST_CELLS = 100_000
"""Above so many cells a heatmap is a picture, which browsers draw at once."""
_NAMED = 5_000  # cells up to which names that are cut on an axis are whole on hover
_SHADES = 251  # odd, so that 0 has the shade in the middle
_BEYOND = 0.98  # share of the absolute values within the colours
_CELL, _TALLEST = 16, 1_200  # pixels
_WIDE = 620  # pixels that are counted on for the columns
_LABEL = 13  # pixels from name to name
_LETTER = 7  # pixels
_DOWN, _ALONG = 36, 30  # letters of the names of rows, and of columns
_BALANCE = 90  # pixels


class Heatmap(NamedTuple):
    """A figure, and where it is a picture what a script needs to look values up on hover."""

    figure: Figure
    payload: dict[str, Any] | None
    """`rows`, `columns` (names), `decimals`, `missing` and `values`: see `palette.packed`."""


def heatmap(
    cells: pa.Table,
    rows: Sequence[str],
    columns: Sequence[str],
    balance: Sequence[float | None] | None = None,
    *,
    title: str,
    unit: str,
    row: str = "entity",
    column: str = "feature",
    scheme: Scheme = LIGHT,
) -> Heatmap:
    """A heatmap around 0, the first row on top; `balance` has a net value for each column, drawn as bars above.

    `cells` has the names of `row` and `column`, and `value`; cells of others are not asked for. Colours end where
    98 % of the absolute values are within. Values that are not finite are counted, and drawn as missing.
    Raises `ValueError` where a cell has two values, or a row or column comes twice.
    """
    if len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        raise ValueError("a row or column of a heatmap is given twice")
    if balance is not None and len(balance) != len(columns):
        raise ValueError("the balance has not one value for each column")
    if balance is not None and not any(drawing.known(each) for each in balance):
        balance = None  # there is nothing to draw a scale for
    values, refused = _filled(cells, rows, columns, row, column)
    note = drawing.left_out(refused, "value", "not finite")
    missing = int(np.isnan(values).sum())
    if missing == values.size:
        return Heatmap(drawing.nothing(title, note, scheme=scheme), None)
    told = f"{missing:,} of {values.size:,} cells missing (hatched)" if missing else None
    layout = drawing.layout(
        title, told, note, scheme=scheme, height=_height(rows, columns, balance=balance is not None)
    )
    layout |= _axes(rows, columns, scheme, balance=balance is not None)
    most = _most(values)
    decimals = palette.digits(values)
    payload = None
    if values.size <= MOST_CELLS:
        data = [_trace(values, rows, columns, most, decimals, unit)]
    else:
        data = [_scale(values.shape, most, unit)]
        layout["images"].append(_picture(values, most))
        payload = {"rows": list(rows), "columns": list(columns), "decimals": decimals, "missing": palette.MISSING}
        payload["values"] = palette.packed(values, decimals)
    if balance is not None:
        data.append(_bars(columns, balance, unit))
    return Heatmap({"data": data, "layout": layout}, payload)


def _filled(cells: pa.Table, rows: Sequence[str], columns: Sequence[str], row: str, column: str) -> tuple[Values, int]:
    """The matrix with NaN where there is no finite value, and how many values were not finite."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def places(name: str, of: Sequence[str]) -> npt.NDArray[np.int64]:
        found = pc.index_in(cells[name].cast(pa.string()), pa.array(of, pa.string()))
        return np.asarray(pc.fill_null(found, -1).to_numpy(), np.int64)

    down, along = places(row, rows), places(column, columns)
    chosen = (down >= 0) & (along >= 0)
    flat = down[chosen] * len(columns) + along[chosen]
    if len(np.unique(flat)) < len(flat):
        raise ValueError("a cell of a heatmap has two values")
    given = cells["value"].cast(pa.float64())
    found = given.to_numpy(zero_copy_only=False)[chosen] if len(cells) else np.zeros(0)
    there = pc.is_valid(given).to_numpy(zero_copy_only=False)[chosen] if len(cells) else np.zeros(0, np.bool_)
    fits = np.abs(found) <= drawing.LARGEST
    values = np.full(len(rows) * len(columns), np.nan)
    values[flat] = np.where(fits, found, np.nan)
    return values.reshape(len(rows), len(columns)), int((there & ~fits).sum())


def _most(values: Values) -> float:
    """Where the colours end."""
    absolute = np.abs(values[~np.isnan(values)])
    return float(np.quantile(absolute, _BEYOND)) or float(absolute.max()) or 1.0


def _height(rows: Sequence[str], columns: Sequence[str], *, balance: bool) -> int:
    """Pixels of the figure: its title, the cells, and the names of columns, which stand upright."""
    letters = min(_ALONG, max(len(each) for each in columns))
    return 100 + _tall(rows) + letters * _LETTER + (_BALANCE if balance else 0)


def _tall(rows: Sequence[str]) -> int:
    """Pixels of all cells of a column."""
    return min(_TALLEST, max(120, _CELL * len(rows)))


def _axes(rows: Sequence[str], columns: Sequence[str], scheme: Scheme, *, balance: bool) -> dict[str, Any]:
    """The axes, and the hatching below the cells, which is seen where there is none."""
    tall = _tall(rows)
    top = tall / (tall + _BALANCE) if balance else 1.0
    every = [max(1, math.ceil(len(each) * _LABEL / room)) for each, room in ((rows, tall), (columns, _WIDE))]
    down = drawing.named(None, rows, scheme=scheme, every=every[0], most=_DOWN)
    along = drawing.named(None, columns, scheme=scheme, every=every[1], most=_ALONG)
    found: dict[str, Any] = {
        "yaxis": drawing.downwards(down) | {"domain": [0, top]},
        "xaxis": along | {"tickangle": -90},
        "images": [_hatching(top)],
    }
    if balance:
        room = [top + (1 - top) * 0.25, 1]
        found["yaxis2"] = drawing.axis("net", scheme=scheme, domain=room, anchor="x", zeroline=True, nticks=3)
    return found


def _hatching(top: float) -> dict[str, Any]:
    lines = f'<path d="M0 6L6 0" stroke="{NEUTRAL}" stroke-opacity=".55"/>'
    pattern = f'<pattern id="h" width="6" height="6" patternUnits="userSpaceOnUse">{lines}</pattern>'
    area = '<rect width="100%" height="100%" fill="url(#h)"/>'
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%">{pattern}{area}</svg>'
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": top, "sizex": 1, "sizey": top}
    return place | {"source": "data:image/svg+xml," + quote(drawn), "sizing": "stretch", "layer": "below"}


def _bar(most: float, unit: str) -> dict[str, Any]:
    return {"title": {"text": drawing.short(unit)}, "thickness": 14, "nticks": 5, "ticks": "outside"} | {
        "tickvals": [-most, -most / 2, 0, most / 2, most],
        "ticktext": [
            f"≤ {drawing.number(-most)}",
            drawing.number(-most / 2),
            "0",
            drawing.number(most / 2),
            f"≥ {drawing.number(most)}",
        ],
    }


def _colors() -> list[list[Any]]:
    return [[n / (len(DIVERGING) - 1), color] for n, color in enumerate(DIVERGING)]


def _trace(
    values: Values, rows: Sequence[str], columns: Sequence[str], most: float, decimals: int, unit: str
) -> dict[str, Any]:
    rounded = np.round(values, decimals)
    found: dict[str, Any] = {
        "type": "heatmap",
        "z": np.where(np.isnan(values), None, rounded.astype(object)).tolist(),  # type: ignore[call-overload]
        "zmin": -most,
        "zmax": most,
        "zmid": 0,
        "colorscale": _colors(),
        "colorbar": _bar(most, unit),
        "hoverongaps": False,
        "xgap": 1 if len(columns) <= 120 else 0,
        "ygap": 1 if len(rows) <= 60 else 0,
        "hovertemplate": "%{y}<br>%{x}<br>%{z}<extra></extra>",
    }
    if values.size <= _NAMED and any(len(each) > min(_DOWN, _ALONG) for each in (*rows, *columns)):
        down, along = [drawing.plain(each) for each in rows], [drawing.plain(each) for each in columns]
        found["text"] = [[f"{one}<br>{other}" for other in along] for one in down]
        found["hovertemplate"] = "%{text}<br>%{z}<extra></extra>"
    return found


def _picture(values: Values, most: float) -> dict[str, Any]:
    """The picture over its cells; the axis of rows runs downwards, as the rows of a PNG do."""
    places = palette.shades(values, most, _SHADES)
    content = palette.png(places, palette.between(DIVERGING, _SHADES))
    tall, wide = values.shape
    place = {"xref": "x", "yref": "y", "x": -0.5, "y": -0.5, "sizex": wide, "sizey": tall}
    source = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
    return place | {"source": source, "sizing": "stretch", "layer": "below", "xanchor": "left", "yanchor": "top"}


def _scale(shape: tuple[int, ...], most: float, unit: str) -> dict[str, Any]:
    """A trace of two corners, not seen, which bears the colour bar of a picture."""
    marker = {"color": [-most, most], "cmin": -most, "cmax": most, "colorscale": _colors(), "showscale": True}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [-0.5, shape[1] - 0.5],
        "y": [-0.5, shape[0] - 0.5],
        "marker": marker | {"colorbar": _bar(most, unit), "size": 0.1},
        "hoverinfo": "skip",
    }


def _bars(columns: Sequence[str], balance: Sequence[float | None], unit: str) -> dict[str, Any]:
    there = [each if drawing.known(each) else None for each in balance]
    return {
        "type": "bar",
        "x": list(range(len(columns))),
        "y": there,
        "yaxis": "y2",
        "marker": {"color": [drawing.sign(each or 0.0) for each in there]},
        "hovertext": [
            drawing.lines(f"<b>{drawing.plain(name)}</b>", f"net {drawing.number(each)}, {drawing.plain(unit)}")
            for name, each in zip(columns, there, strict=True)
        ],
        "hoverinfo": "text",
    }

"""Figures: valid for Plotly whatever the table holds, nothing taken for markup, and what is not drawn is counted."""

import base64
import json
import math
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tablemend.web.figures as drawn
from pages_helpers import walk
from tablemend.web.components.graphs import graph
from tablemend.web.figures import drawing, palette

HOSTILE = ["<b>x</b>", '<a href="javascript:alert(1)">y</a>', "%{y}", "&lt;i&gt;", "$x^2$", "", "x" * 200, "β\n\t\0"]
OURS = re.compile(r"</?b>|<br>|<extra></extra>")

few = settings(max_examples=40, deadline=None)
names = st.text(max_size=60) | st.sampled_from(HOSTILE)
values = st.none() | st.floats() | st.floats(-5, 5)
shares = st.none() | st.floats() | st.floats(0, 1) | st.just(0.0)


def tables(columns: dict[str, st.SearchStrategy[Any]], most: int = 12) -> st.SearchStrategy[pa.Table]:
    types = {names: pa.string(), values: pa.float64(), shares: pa.float64()}

    def made(rows: list[dict[str, Any]]) -> pa.Table:
        return pa.table({n: pa.array([row[n] for row in rows], types.get(s)) for n, s in columns.items()})

    return st.lists(st.fixed_dictionaries(columns), max_size=most).map(made)


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for each in node.values():
            yield from texts(each)
    elif isinstance(node, list):
        for each in node:
            yield from texts(each)


def valid(figure: dict[str, Any]) -> dict[str, Any]:
    """Plotly takes it, JSON has it, no text of a table is markup, and it has a title."""
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    assert all("<" not in OURS.sub("", each) for each in texts(figure) if not each.startswith("data:"))
    assert isinstance(figure["layout"]["title"]["text"], str)
    if not figure["data"]:
        assert figure["layout"]["annotations"][0]["text"]
    return figure


def told(figure: dict[str, Any]) -> str:
    """What stands below the title, or instead of a figure."""
    if not figure["data"]:
        return figure["layout"]["annotations"][0]["text"]
    return figure["layout"]["title"].get("subtitle", {"text": ""})["text"]


def missed(figure: dict[str, Any], what: str) -> int:
    """How many are told to be left out."""
    found = re.search(rf"([\d,]+) {what}s? without[^;]*, not drawn", told(figure))
    return int(found[1].replace(",", "")) if found else 0


def known(column: Any) -> int:
    return sum(each is not None and math.isfinite(each) and abs(each) <= 1e100 for each in column.to_pylist())


@few
@given(
    tables({"entity": names, "n": st.integers(0, 9), "mean": values, "sd": values, "se": values}),
    tables({"entity": names, "sample": names, "value": values}),
    names,
)
def test_bars_are_drawn_or_counted(table: pa.Table, points: pa.Table, title: str) -> None:
    figure = valid(drawn.bars(table, name="entity", title=title, unit=title, points=points))
    assert known(table["mean"]) + missed(figure, "row") == len(table)
    if figure["data"]:
        assert len(figure["data"][0]["x"]) == known(table["mean"])
        dots = len(figure["data"][1]["x"]) if len(figure["data"]) > 1 else 0
        assert dots + missed(figure, "point") == len(points)


@few
@given(
    tables({"region": st.none() | st.sampled_from(["a", "<b>"]), "group": names, "value": values, "sample": names}),
    tables(
        {"region": st.sampled_from(["a", "<b>", "?"]), "first": names, "second": names, "q": shares, "stars": names}
    ),
    names,
)
def test_boxes_hold_every_point_once(points: pa.Table, brackets: pa.Table, title: str) -> None:
    figure = valid(drawn.boxes(points, brackets, title=title, x=title, y="y"))
    held = sum(len(each["y"]) for each in figure["data"] if each["type"] == "box")
    assert held == known(points["value"])
    assert held + missed(figure, "point") == len(points)


@few
@given(
    tables({"group": names, "value": values, "sample": names, "series": st.sampled_from(["", "<i>", "b"])}),
    st.lists(names, unique=True, max_size=4) | st.none(),
)
def test_trends_hold_every_point_once(points: pa.Table, order: list[str] | None) -> None:
    figure = valid(drawn.trends(points, title="t", x="x", y="y", order=order))
    held = sum(len(each["y"]) for each in figure["data"] if each["mode"] == "markers")
    assert held + missed(figure, "point") == len(points)


compared = tables(
    {
        "feature": names,
        "region": st.none() | names,
        "difference": values,
        "low": values,
        "high": values,
        "p": shares,
        "q": shares,
        "stars": st.sampled_from(["", "*", "***"]),
    }
)


@few
@given(compared, names, st.booleans())
def test_comparisons_are_drawn_or_counted(table: pa.Table, title: str, ratio: bool) -> None:
    cloud = valid(drawn.volcano(table, title=title, x=title))
    held = sum(len(each["x"]) for each in cloud["data"])
    assert held + missed(cloud, "comparison") == len(table)
    rows = valid(drawn.forest(table, title=title, x=title, ratio=ratio))
    assert known(table["difference"]) + missed(rows, "comparison") == len(table)
    if rows["data"]:
        assert len(rows["data"][0]["x"]) == len(rows["data"][1]["text"]) == known(table["difference"])


@few
@given(tables({"feature": names, "first": values, "second": values}), values, values, names)
def test_pairs_are_drawn_or_counted(table: pa.Table, one: float | None, other: float | None, title: str) -> None:
    line = drawn.Line(one if one is not None else math.nan, other, slope=one, intercept=other)
    figure = valid(drawn.scatter(table, line, title=title, x="x", y="y"))
    held = len(figure["data"][0]["x"]) if figure["data"] else 0
    assert held + missed(figure, "feature") == len(table)


def cells(matrix: dict[tuple[str, str], float | None]) -> pa.Table:
    return pa.table(
        {
            "entity": pa.array([row for row, _ in matrix], pa.string()),
            "feature": pa.array([column for _, column in matrix], pa.string()),
            "value": pa.array(list(matrix.values()), pa.float64()),
        }
    )


@few
@given(
    st.dictionaries(st.tuples(names, names), values, max_size=12),
    st.lists(names, unique=True, max_size=4),
    st.lists(names, unique=True, max_size=4),
    st.data(),
)
def test_a_heatmap_shows_what_is_missing_as_missing(
    matrix: dict[tuple[str, str], float | None], rows: list[str], columns: list[str], data: st.DataObject
) -> None:
    rows += [row for row, _ in list(matrix)[:3] if row not in rows][:1]
    columns += [column for _, column in list(matrix)[:3] if column not in columns][:1]
    balance = data.draw(st.none() | st.lists(values, min_size=len(columns), max_size=len(columns)))
    figure, payload = drawn.heatmap(cells(matrix), rows, columns, balance, title="<t>", unit="<u>")
    valid(figure)
    assert payload is None
    drawn_cells = figure["data"][0]["z"] if figure["data"] else [[None] * len(columns)] * len(rows)
    for row, line in zip(rows, drawn_cells, strict=True):
        for column, found in zip(columns, line, strict=True):
            value = matrix.get((row, column))
            assert (found is None) == (value is None or not math.isfinite(value) or abs(value) > 1e100)


def test_rounded_cells_are_close() -> None:
    matrix = {(f"r{n}", f"c{m}"): (n - 3) * (m + 1) / 7 for n in range(6) for m in range(5) if n != m}
    rows, columns = [f"r{n}" for n in range(6)], [f"c{m}" for m in range(5)]
    (trace, bars), layout = drawn.heatmap(cells(matrix), rows, columns, [1, -1, 0, None, 2], title="t", unit="u")[
        0
    ].values()
    assert [[None if each is None else round(each, 3) for each in line] for line in trace["z"]] == [
        [None if n == m else round((n - 3) * (m + 1) / 7, 3) for m in range(5)] for n in range(6)
    ]
    assert trace["zmin"] == -trace["zmax"]
    assert bars["y"] == [1, -1, 0, None, 2]
    assert layout["yaxis"]["range"] == [5.5, -0.5]  # the first row on top
    assert "5 of 30 cells missing" in layout["title"]["subtitle"]["text"]


def test_a_cell_has_one_value() -> None:
    twice = pa.table({"entity": ["a", "a"], "feature": ["x", "x"], "value": [1.0, 2.0]})
    with pytest.raises(ValueError, match="two values"):
        drawn.heatmap(twice, ["a"], ["x"], title="t", unit="u")
    for rows, columns, balance in ((["a", "a"], ["x"], None), (["a"], ["x", "x"], None), (["a"], ["x"], [1.0, 2.0])):
        with pytest.raises(ValueError, match=r"twice|each column"):
            drawn.heatmap(twice.slice(0, 1), rows, columns, balance, title="t", unit="u")


def pixels(content: bytes) -> tuple[np.ndarray, list[str], bytes]:
    """A PNG with a palette, read by its standard: places, colours, and how far places are opaque."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(content):
        (length,), kind = struct.unpack(">I", content[at : at + 4]), content[at + 4 : at + 8]
        chunks[kind] = content[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + chunks[kind])
        at += 12 + length
    wide, tall, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 3, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(tall, wide + 1)
    assert not rows[:, 0].any()
    plate = chunks[b"PLTE"]
    return rows[:, 1:], ["#" + plate[n : n + 3].hex() for n in range(0, len(plate), 3)], chunks[b"tRNS"]


def test_a_large_heatmap_is_a_picture_whose_values_can_be_looked_up() -> None:
    rows, columns = [f"r{n}" for n in range(251)], [f"c{m}" for m in range(400)]
    grid = np.random.default_rng(5).normal(size=(251, 400))
    grid[np.random.default_rng(6).random(grid.shape) < 0.5] = np.nan
    grid[0], grid[-1, 0] = 9.0, -9.0  # the first row is all positive
    down, along = np.nonzero(~np.isnan(grid))
    table = pa.table(
        {"entity": [rows[n] for n in down], "feature": [columns[m] for m in along], "value": grid[down, along]}
    )
    figure, payload = drawn.heatmap(table, rows, columns, title="t", unit="u")
    valid(figure)
    hatching, picture = figure["layout"]["images"]
    assert hatching["source"].startswith("data:image/svg+xml,")
    assert (picture["x"], picture["y"], picture["sizex"], picture["sizey"]) == (-0.5, -0.5, 400, 251)
    places, colors, opaque = pixels(base64.b64decode(picture["source"].partition(",")[2]))
    assert opaque == b"\x00"  # of the first place only, which is that of what is missing
    assert np.array_equal(places == 0, np.isnan(grid))
    assert {colors[place] for place in places[0]} == {drawn.DIVERGING[-1]}
    assert colors[places[-1, 0]] == drawn.DIVERGING[0]
    assert payload is not None
    assert (payload["rows"], payload["columns"]) == (rows, columns)
    whole = np.frombuffer(base64.b64decode(payload["values"]), "<i2").reshape(grid.shape)
    read = np.where(whole == payload["missing"], np.nan, whole / 10.0 ** payload["decimals"])
    assert np.allclose(read, grid, atol=0.0005 + 1e-9, equal_nan=True)


@few
@given(st.lists(st.floats(-1e100, 1e100) | st.just(math.nan), min_size=1, max_size=20))
def test_packed_values_are_close_and_missing_ones_stay_so(given_values: list[float]) -> None:
    array = np.array(given_values)
    decimals = palette.digits(array)
    whole = np.frombuffer(base64.b64decode(palette.packed(array, decimals)), "<i2")
    assert np.array_equal(whole == palette.MISSING, np.isnan(array))
    there = ~np.isnan(array)
    unit = 10.0**-decimals
    assert (np.abs(whole[there] * unit - array[there]) <= unit * 0.501 + np.abs(array[there]) * 1e-9).all()


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [each / 255 for each in bytes.fromhex(color[1:])]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [drawn.LIGHT, drawn.DARK])
def test_colours_are_seen_on_light_and_dark_pages(scheme: drawn.Scheme) -> None:
    assert all(contrast(each, scheme.page) >= 3 for each in (drawn.NEGATIVE, drawn.POSITIVE, drawing.NEUTRAL))
    assert all(contrast(each, scheme.page) >= 4.5 for each in (scheme.text, scheme.muted))
    css = (Path(drawn.__file__).parents[1] / "assets" / "1_base.css").read_text(encoding="utf-8")
    assert all(f"{each};" in css for each in (scheme.text, scheme.muted, scheme.page))


def test_zero_stands_in_the_middle_of_the_scale() -> None:
    assert len(drawn.DIVERGING) % 2 == 1
    shades = palette.between(drawn.DIVERGING, 251)
    assert (shades[0], shades[125], shades[-1]) == (drawn.DIVERGING[0], drawn.DIVERGING[5], drawn.DIVERGING[-1])
    assert palette.shades(np.array([[0.0, np.nan, -2.0, 9.0]]), 2.0, 251).tolist() == [[126, 0, 1, 251]]


def test_names_that_are_cut_are_whole_on_hover() -> None:
    long = "n" * 47 + "1 and more"
    table = pa.table({"entity": [long, long + "2"], "n": [3, 3], "mean": [1.0, -1.0]})
    figure = drawn.bars(table, name="entity", title="t", unit="u")
    assert figure["layout"]["yaxis"]["ticktext"] == ["n" * 47 + "…"] * 2
    assert [each.split("<br>")[0] for each in figure["data"][0]["hovertext"]] == [f"<b>{long}</b>", f"<b>{long}2</b>"]
    assert figure["data"][0]["y"] == [0, 1]  # two bars, though the names are cut to the same
    assert figure["data"][0]["marker"]["color"] == [drawn.POSITIVE, drawn.NEGATIVE]
    assert "n = 3" in figure["data"][0]["hovertext"][0]


def test_brackets_stand_above_their_boxes() -> None:
    rows = [(region, group, value) for region in "ab" for group in "xyz" for value in (1.0, 2.0)]
    regions, groups, found = zip(*rows, strict=True)
    points = pa.table({"region": regions, "group": groups, "value": found, "sample": ["s"] * len(rows)})
    brackets = pa.table(
        {
            "region": ["a", "a", "b", "c"],
            "first": ["x", "y", "x", "x"],
            "second": ["y", "z", "z", "z"],
            "q": [0.001, 0.02, 0.3, 0.01],
            "stars": ["***", "*", "", "*"],
        }
    )
    figure = valid(drawn.boxes(points, brackets, title="t", x="region", y="u"))
    *held, lines, stars = figure["data"]
    at = {each["name"]: each["x"][0] for each in held}
    assert lines["x"][:4] == [at["x"], at["x"], at["y"], at["y"]]
    assert all(y > 2 for y in lines["y"] if y is not None)
    assert stars["text"] == ["***", "*"]
    assert stars["y"][0] < stars["y"][1]
    assert "q = 0.001" in stars["hovertext"][0]
    assert missed(figure, "bracket") == 1


def test_the_mean_of_a_trend_has_its_interval() -> None:
    points = pa.table({"group": ["b", "b", "b", "a"], "value": [1.0, 2.0, 3.0, 5.0]})
    figure = drawn.trends(points, title="t", x="x", y="y", order=["a", "b"])
    line = figure["data"][1]
    assert (line["x"], line["y"]) == ([0, 1], [5.0, 2.0])
    assert line["error_y"]["array"] == [None, pytest.approx(2.4841377)]  # t(2, 0.975) / √3


def test_a_q_of_zero_is_drawn_above_the_others() -> None:
    table = pa.table({"feature": ["a", "b"], "difference": [1.0, -1.0], "q": [0.0, 1e-4]})
    figure = drawn.volcano(table, title="t", x="x")
    heights = {each["name"]: each["y"] for each in figure["data"]}
    assert heights == {"higher": [5.0], "lower": [pytest.approx(4.0)]}
    assert "q &lt; 1e−300" in figure["data"][1]["hovertext"][0]


def test_an_open_interval_is_told_and_not_drawn() -> None:
    row = {
        "feature": ["a"],
        "difference": [1.0],
        "low": [-math.inf],
        "high": [2.0],
        "p": [0.5],
        "q": [0.5],
        "stars": [""],
    }
    figure = drawn.forest(pa.table(row), title="t", x="x")
    error = figure["data"][0]["error_x"]
    assert (error["array"], error["arrayminus"]) == ([1.0], [None])
    assert "(−∞ to 2)" in figure["data"][1]["text"][0]
    ratio = drawn.forest(pa.table(row), title="t", x="x", ratio=True)
    assert ratio["data"][1]["text"][0].startswith("2 (0 to 4), p = 0.5")
    assert ratio["layout"]["xaxis"]["ticktext"] == ["1", "2", "4"]


def test_a_figure_on_a_page_has_a_name_and_its_downloads_and_sends_nothing() -> None:
    figure = {"data": [], "layout": {"height": 300, "xaxis": {"title": {"text": "x"}}, "yaxis2": {"automargin": False}}}
    found = list(walk(graph(figure, id="g", label="What 1, 2 do")))
    (plot,) = [each["props"] for each in found if each["type"] == "Graph"]
    assert plot["config"]["showSendToCloud"] is plot["config"]["displaylogo"] is False
    assert plot["responsive"] is plot["figure"]["layout"]["xaxis"]["automargin"] is True
    assert plot["figure"]["layout"]["yaxis2"]["automargin"] is False
    assert plot["style"] == {"height": "300px"}
    buttons = [each["props"] for each in found if each["type"] == "Button"]
    assert [each["data-picture"] for each in buttons] == ["svg", "png"]
    assert {each["data-name"] for each in buttons} == {"what-1-2-do"}
    (box,) = [each["props"] for each in found if each["props"].get("role") == "figure"]
    assert box["aria-label"] == "What 1, 2 do"


def test_every_figure_is_put_on_a_page_by_the_one_way() -> None:
    source = Path(drawn.__file__).parents[2]
    makers = [path for path in source.rglob("*.py") if re.search(r"\bGraph\b\s*\(", path.read_text(encoding="utf-8"))]
    assert [path.name for path in makers] == ["graphs.py"]
    importers = [
        path for path in source.rglob("*.py") if re.search(r"import .*\bGraph\b", path.read_text(encoding="utf-8"))
    ]
    assert not importers

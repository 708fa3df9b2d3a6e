"""What all figures share: colours, names that are no markup, axes, and what is drawn where there is nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

Figure = dict[str, Any]

NEGATIVE, POSITIVE, NEUTRAL = "#3b7dd8", "#cf6a00", "#7a8593"
"""Told apart by people who cannot tell red from green; a contrast of 3 on light and dark pages (WCAG 2.2, 1.4.11)."""

DIVERGING = (
    *("#08306b", "#1f5aa6", "#3b7dd8", "#7fa9e3", "#bcd0ee"),
    "#eeeeee",
    *("#f5cfa3", "#e9a45a", "#cf6a00", "#964a00", "#5c2c00"),
)
"""From negative to positive, in even steps; given as a list, since names of scales run opposite ways in places."""

LARGEST = 1e100
LONGEST = 48  # characters of a name on an axis
_TITLE = 110  # characters of a title
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


class Scheme(NamedTuple):
    """Colours of text and lines, after the style sheet; a figure itself is transparent."""

    text: str
    muted: str
    line: str
    page: str  # of what is shown on hover


LIGHT = Scheme("#1b232c", "#55606e", "#dee2e6", "#ffffff")
DARK = Scheme("#e6eaef", "#a9b3bf", "#39404a", "#171b20")


def plain(text: object) -> str:
    """Text that Plotly draws as it is: it takes `<b>`, links and `&lt;` in any text for markup."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: object, most: int) -> str:
    """The beginning of a text."""
    whole = str(text)
    return whole if len(whole) <= most else whole[: most - 1].rstrip() + "…"


def short(text: object, most: int = LONGEST) -> str:
    """The beginning of a name, as Plotly draws it as it is."""
    return plain(cut(text, most))


def known(value: object) -> bool:
    """Whether a value is a number that has a place on an axis: finite, and its square is."""
    return isinstance(value, int | float) and abs(value) <= LARGEST  # which NaN is not


def number(value: object) -> str:
    """A number to three digits; what is missing is told."""
    if not isinstance(value, int | float) or math.isnan(value):
        return "none"
    return f"{value:.3g}".replace("-", "−").replace("inf", "∞")


def columns(table: Any, *names: str) -> list[list[Any]]:
    """Columns of an Arrow table as lists; of one that it has not, each value is None."""
    there = set(table.column_names)
    return [table[name].to_pylist() if name in there else [None] * table.num_rows for name in names]


def sign(value: float) -> str:
    """The colour of a signed value."""
    return NEGATIVE if value < 0 else POSITIVE if value > 0 else NEUTRAL


def lines(*parts: str | None) -> str:
    """What is said on hover, one thing a line; parts are plain text already."""
    return "<br>".join(part for part in parts if part)


def left_out(count: int, what: str, why: str) -> str | None:
    """What is not drawn, told; None where nothing was left out."""
    return f"{count:,} {what}{'s' if count > 1 else ''} {why}, not drawn" if count else None


def chance(value: object) -> str:
    """A probability that was computed, as plain text; one of 0 is below what numbers can tell, about 1e−308."""
    return plain("< 1e−300" if value == 0 else f"= {number(value)}")


def layout(title: str, *notes: str | None, scheme: Scheme, height: int | None = None) -> dict[str, Any]:
    """The frame of a figure; notes are plain text and stand below the title."""
    found: dict[str, Any] = {
        "title": {
            "text": short(title, _TITLE),
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 12, "l": 12},
            "font": {"size": 15, "color": scheme.text},
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 12, "color": scheme.text},
        "margin": {"l": 16, "r": 16, "t": 64, "b": 16},
        "hoverlabel": {"align": "left", "namelength": -1, "font": {"color": scheme.text}, "bgcolor": scheme.page},
        "showlegend": False,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        "autosize": True,
    }
    told = "; ".join(note for note in notes if note)
    if told:
        found["title"]["subtitle"] = {"text": told, "font": {"size": 12, "color": scheme.muted}}
    if height is not None:
        found["height"] = height
    return found


def legend(found: dict[str, Any]) -> dict[str, Any]:
    """The same frame with a legend, which has a line of its own below the notes."""
    margin = found["margin"] | ({"t": 88} if "subtitle" in found["title"] else {})
    return found | {"showlegend": True, "margin": margin}


def axis(title: str | None, *, scheme: Scheme, **given: Any) -> dict[str, Any]:
    """An axis that makes room for its labels."""
    found: dict[str, Any] = {
        "automargin": True,
        "gridcolor": scheme.line,
        "linecolor": scheme.line,
        "zerolinecolor": NEUTRAL,
        "title": {"text": short(title or "", _TITLE), "standoff": 10},
    }
    return found | given


def named(
    title: str | None, names: Sequence[object], *, scheme: Scheme, every: int = 1, most: int = LONGEST, **given: Any
) -> dict[str, Any]:
    """An axis of names at 0, 1, 2 …: by places, since names that are cut may be the same; every nth one is written."""
    places = list(range(0, len(names), every))
    return axis(
        title,
        scheme=scheme,
        tickmode="array",
        tickvals=places,
        ticktext=[short(names[place], most) for place in places],
        range=[-0.5, len(names) - 0.5],
        showgrid=False,
        zeroline=False,
        **given,
    )


def downwards(found: dict[str, Any]) -> dict[str, Any]:
    """The same axis with its first name on top."""
    return found | {"range": found["range"][::-1]}


def nothing(title: str, *notes: str | None, scheme: Scheme) -> Figure:
    """What is drawn where there is nothing: why, under the title."""
    why = "; ".join(note for note in notes if note) or "There is nothing to draw: no value was measured or chosen"
    found = layout(title, scheme=scheme, height=200)
    hidden = {"visible": False, "fixedrange": True}
    said = {"text": why, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    return {
        "data": [],
        "layout": found | {"xaxis": hidden, "yaxis": hidden, "annotations": [said | {"font": {"color": scheme.muted}}]},
    }


def finite(values: Iterable[object]) -> list[float]:
    """Those that have a place on an axis."""
    return [float(value) for value in values if known(value)]  # type: ignore[arg-type]

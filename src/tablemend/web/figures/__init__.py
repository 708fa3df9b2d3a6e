"""Figures: pure functions from Arrow tables to the dictionaries that Plotly draws."""

from __future__ import annotations

from tablemend.web.figures.comparing import forest, volcano
from tablemend.web.figures.drawing import DARK, DIVERGING, LIGHT, NEGATIVE, POSITIVE, Figure, Scheme
from tablemend.web.figures.grouping import boxes, trends
from tablemend.web.figures.matrix import Heatmap, heatmap
from tablemend.web.figures.pairing import Line, scatter
from tablemend.web.figures.ranking import bars

__all__ = [
    "DARK",
    "DIVERGING",
    "LIGHT",
    "NEGATIVE",
    "POSITIVE",
    "Figure",
    "Heatmap",
    "Line",
    "Scheme",
    "bars",
    "boxes",
    "forest",
    "heatmap",
    "scatter",
    "trends",
    "volcano",
]

"""Explore: matrices of measurements, one feature or entity at a time, together, and as a heatmap."""

from __future__ import annotations

from tablemend.web.page import Page
from tablemend.web.pages.explore.callbacks import callbacks
from tablemend.web.pages.explore.layout import layout

PAGE = Page(name="explore", title="Explore", layout=layout, callbacks=callbacks, icon="explore")

"""Runs: what is under way, what was done, how long it took, and who did what."""

from __future__ import annotations

from tablemend.web.page import Page
from tablemend.web.pages.runs.callbacks import callbacks
from tablemend.web.pages.runs.layout import layout

PAGE = Page(name="runs", title="Runs", layout=layout, callbacks=callbacks, icon="runs")

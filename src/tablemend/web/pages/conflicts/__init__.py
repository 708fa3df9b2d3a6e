"""Conflicts: rows that cannot both be true, looked at, decided on, and brought up to date."""

from __future__ import annotations

from tablemend.web.page import Page
from tablemend.web.pages.conflicts.callbacks import callbacks
from tablemend.web.pages.conflicts.layout import layout

PAGE = Page(name="conflicts", title="Conflicts", layout=layout, callbacks=callbacks, icon="conflicts")

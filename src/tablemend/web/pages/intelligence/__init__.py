"""Intelligence: stories scored, one run of them in bands, told in a brief, compared."""

from __future__ import annotations

from tablemend.web.page import Page
from tablemend.web.pages.intelligence.callbacks import callbacks
from tablemend.web.pages.intelligence.layout import layout

PAGE = Page(name="intelligence", title="Intelligence", layout=layout, callbacks=callbacks, icon="intel")

"""Review: everything that somebody must decide on, in bulk or one by one."""

from __future__ import annotations

from tablemend.web.page import Page
from tablemend.web.pages.review.callbacks import callbacks
from tablemend.web.pages.review.layout import layout

PAGE = Page(name="review", title="Review", layout=layout, callbacks=callbacks, icon="review")

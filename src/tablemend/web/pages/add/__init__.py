"""Add data: a file, a database, an address on the web, or the built-in sample."""

from __future__ import annotations

from tablemend.web.page import Page
from tablemend.web.pages.add.layout import layout

PAGE = Page(name="add", title="Add data", layout=layout, icon="add")

"""Add data: a file, a table of a database, an address on the web, or the built-in sample."""

from __future__ import annotations

import dash

from tablemend.web.components import asking
from tablemend.web.doing import register
from tablemend.web.page import Page
from tablemend.web.pages.add import database, layout, sample, upload, web
from tablemend.web.site import Site


def callbacks(app: dash.Dash, site: Site) -> None:
    """Register the callbacks of the page: each way has its own fields and clicks."""
    asking.callbacks(app, site, "add")
    layout.callbacks(app)
    upload.callbacks(app, site)
    for way, module in (("upload", upload), ("database", database), ("web", web), ("sample", sample)):
        register(app, site, way, module.ACTIONS, module.draw)


PAGE = Page(name="add", title="Add data", layout=layout.layout, callbacks=callbacks, icon="add")

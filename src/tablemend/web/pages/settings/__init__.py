"""Settings: what everybody goes by, and one's own account."""

from __future__ import annotations

import dash

from tablemend.web.doing import register
from tablemend.web.page import Page
from tablemend.web.pages.settings.layout import ACTIONS, draw, layout
from tablemend.web.site import Site


def callbacks(app: dash.Dash, site: Site) -> None:
    """Register the callbacks of the page."""
    register(app, site, "settings", ACTIONS, draw)


PAGE = Page(name="settings", title="Settings", layout=layout, callbacks=callbacks, icon="settings")

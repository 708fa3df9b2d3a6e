"""Scorecards: which there are, and changes to one's own."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.settings import files
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """Every scorecard, and one of them."""
    shelf = site.workspace.configuration.scorecards
    intro = "A scorecard says how stories are scored. A run names the one that it goes by."
    return [html.P(intro, className="tm-note"), files.draw(shelf, "scorecards", "scorecard", address)]


def _save(site: Site, asked: Asked) -> Done:
    name, text = asked.text("name"), str(asked.fields.get("text") or "")
    made = site.workspace.configuration.save_scorecard(name, text, before=files.before(asked))
    return Done(title=f"Saved {name}", message=f"Runs over stories can name it: {made.what}")


def _check(site: Site, asked: Asked) -> Done:
    return Done(shown=files.checked(site.workspace.configuration.scorecards, asked, "scorecard"), redraw=False)


def _remove(site: Site, asked: Asked) -> Done:
    site.workspace.configuration.remove_scorecard(asked.key)
    return Done(title=f"Removed {asked.key}")


ACTIONS = {
    "scorecard-save": Action(run=_save, blames="text"),
    "scorecard-check": Action(run=_check),
    "scorecard-remove": Action(run=_remove),
}

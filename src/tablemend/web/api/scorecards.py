"""Scorecards: shown, checked, changed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from tablemend.records import Record
from tablemend.review import scorecard as scorecards
from tablemend.review.scorecard import Scorecard
from tablemend.web.api.body import Body, Text
from tablemend.web.api.gates import Checked, Saving, ShelfPath
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site
from tablemend.workspace.shelf import Shelved, digest


class ScorecardFile(Record, frozen=True, kw_only=True):
    """A scorecard with its text."""

    name: str
    text: str
    digest: str  # to be named where the text is changed
    scorecard: Scorecard


class CheckingScorecard(Body):
    """A scorecard to check."""

    text: Text


def router(site: Site) -> APIRouter:
    """The endpoints of scorecards."""
    routes = Routes("scorecards")

    @routes.get("/scorecards", right="read", answers=tuple[Shelved, ...])
    def list_scorecards() -> Any:
        """List the scorecards that can be chosen, shipped ones and one's own."""
        return tuple(site.workspace.configuration.scorecards.all())

    @routes.get("/scorecards/{scorecard}", right="read", answers=ScorecardFile)
    def get_scorecard(scorecard: ShelfPath) -> Any:
        """Show a scorecard."""
        text = site.workspace.configuration.scorecards.text(scorecard)
        found = scorecards.parse(text, origin=scorecard)
        return ScorecardFile(name=scorecard, text=text, digest=digest(text), scorecard=found)

    @routes.post("/scorecards/check", right="read", answers=Checked)
    def check_scorecard(asked: CheckingScorecard) -> Any:
        """Say whether a scorecard can be used; where it cannot, everything that is wrong, by line."""
        found = tuple(scorecards.faults(asked.text))
        return Checked(ok=not found, faults=found)

    @routes.put("/scorecards/{scorecard}", right="admin", answers=Shelved)
    def save_scorecard(scorecard: ShelfPath, asked: Saving) -> Any:
        """Write a scorecard of one's own, new or changed; refused where somebody else has changed it meanwhile."""
        return site.workspace.configuration.save_scorecard(scorecard, asked.text, before=asked.before)

    @routes.delete("/scorecards/{scorecard}", right="admin", answers=Shelved)
    def remove_scorecard(scorecard: ShelfPath) -> Any:
        """Remove a scorecard of one's own."""
        found = site.workspace.configuration.scorecards.find(scorecard)
        site.workspace.configuration.remove_scorecard(scorecard)
        return found

    return routes.router

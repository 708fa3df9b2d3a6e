"""Decisions on items, and what they would come to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, model_validator

from tablemend.records import Outcome, Record, Score
from tablemend.review.decisions import Verdict
from tablemend.web.api.body import LARGEST, Body, Name, Words
from tablemend.web.api.conditions import Conditions
from tablemend.web.api.items import Cell, cells
from tablemend.web.api.page import Page
from tablemend.web.api.routes import Routes
from tablemend.web.identity import require
from tablemend.web.site import Site

Standing = Literal["open", "approved", "rejected", "blocked"]


class Chosen(Body):
    """Some items of a run: by ids, by conditions, or all of them."""

    run: Name | None = Field(None, description="By default the newest scan.")
    ids: Annotated[list[Name], Field(max_length=100_000)] = []
    filter: Conditions = Conditions()
    everything: bool = Field(default=False, description="Every item of the run.")

    @property
    def conditions(self) -> dict[str, Any]:
        """As the workspace takes them."""
        return {"ids": self.ids, **self.filter.given}

    @property
    def chooses(self) -> bool:
        """Whether it says which items are meant."""
        return bool(self.ids or self.filter.given or self.everything)


class Deciding(Chosen):
    """A decision on items."""

    verb: Literal["approve", "reject", "reopen"]
    force: bool = Field(default=False, description="Also what is below the gate or blocked by it.")
    reason: Words = ""
    note: Words = ""
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    seen: dict[Name, Standing] | None = Field(
        None,
        description="The decision that was seen on each item: where somebody decided otherwise since, that stands.",
    )

    @model_validator(mode="after")
    def _chosen(self) -> Deciding:
        if not self.chooses:
            raise ValueError("nothing says which items are meant: give ids, a filter, or everything")
        return self


class Previewing(Chosen):
    """What to preview: by default what is approved and not applied yet."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    offset: Annotated[int, Field(ge=0, le=LARGEST)] = 0


class PreviewAnswer(Record, frozen=True, kw_only=True):
    """What applying a choice of repairs would do, computed by doing it without writing."""

    score: Score
    outcomes: tuple[Outcome, ...]
    rows_removed: int
    cells: Page[Cell]


def router(site: Site) -> APIRouter:
    """The endpoints of decisions."""
    routes = Routes("decisions")

    @routes.post("/decisions", right="decide", answers=Verdict)
    def decide(asked: Deciding) -> Any:
        """Approve, reject or reopen items, one, many or all that meet conditions, in one transaction.

        To approve needs the right to approve. A bulk approval that holds items below the gate is refused unless forced.
        """
        if asked.verb == "approve":
            require("approve")
        given = asked.conditions
        return site.workspace.decide(
            asked.verb,
            asked.run,
            force=asked.force,
            reason=asked.reason,
            note=asked.note,
            rating=asked.rating,
            seen=asked.seen,
            **given,
        )

    @routes.post("/previews", right="read", answers=PreviewAnswer)
    def preview(asked: Previewing) -> Any:
        """Predict exactly what applying a choice of repairs would do: score, outcomes, and a page of the cells."""
        given = asked.conditions if asked.chooses else {}
        found = site.working.preview(asked.run, **given)
        return PreviewAnswer(
            score=found.score,
            outcomes=found.outcomes,
            rows_removed=found.rows_removed,
            cells=cells(found.changes, asked.offset, asked.limit),
        )

    return routes.router

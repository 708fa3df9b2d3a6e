"""The state itself: how much it holds, whether it is sound, what of it can go."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from tablemend.records import Record
from tablemend.store.leftovers import Leftovers
from tablemend.store.retention import Retained
from tablemend.web.api.body import Body
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site


class StateSize(Record, frozen=True, kw_only=True):
    """Where the state is, and how much it holds."""

    state: str  # without its password
    schema: str  # version of it
    rows: dict[str, int]  # by table
    folder: str
    files: int
    bytes: int


class Contradiction(Record, frozen=True, kw_only=True):
    """One thing in the state that cannot be."""

    what: str  # item, decision, run, version, file, database
    subject: str  # which one
    detail: str  # what is wrong with it


class Soundness(Record, frozen=True, kw_only=True):
    """Whether the state agrees with itself."""

    sound: bool
    problems: tuple[Contradiction, ...]


class Retaining(Body):
    """How old what goes must be."""

    days: Annotated[float, Field(ge=0, le=365_000, allow_inf_nan=False)] = Field(
        description="Keep what ended within so many days."
    )
    dry_run: bool = Field(default=False, description="Count; remove nothing.")


class Tidying(Body):
    """Whether only to count."""

    dry_run: bool = Field(default=False, description="Count; remove nothing.")


def router(site: Site) -> APIRouter:
    """The endpoints of the state."""
    routes = Routes("state")

    @routes.get("/state", right="admin", answers=StateSize)
    def get_state() -> Any:
        """Show where the state is, and how much it holds."""
        return StateSize(**site.workspace.state_info())

    @routes.get("/state/check", right="admin", answers=Soundness)
    def check_state(
        deep: Annotated[bool, Query(description="Also read every file and compare it with its hash.")] = False,
    ) -> Any:
        """Look for anything in the state that contradicts itself."""
        found = site.workspace.check_state(deep=deep)
        told = tuple(Contradiction(what=each.what, subject=each.subject, detail=each.detail) for each in found)
        return Soundness(sound=not told, problems=told)

    @routes.post("/state/retain", right="admin", answers=Retained)
    def retain_state(asked: Retaining) -> Any:
        """Let go of what old runs left; decisions, versions and change sets stay."""
        return site.workspace.retain(days=asked.days, dry_run=asked.dry_run)

    @routes.post("/state/tidy", right="admin", answers=Leftovers)
    def tidy_state(asked: Tidying) -> Any:
        """Let go of old jobs and alerts, ended sessions and unused uploads; the server does so by itself too."""
        return site.workspace.tidy(dry_run=asked.dry_run)

    return routes.router

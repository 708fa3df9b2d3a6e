"""What is learned from people's decisions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field, model_validator

from tablemend.review.learning import Acceptance
from tablemend.web.api.body import Body, Name
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site


class Resetting(Body):
    """Which decisions shall count no longer."""

    check: Name | None = None
    operation: Name | None = None
    semantic: Name | None = Field(None, description="Type of the column.")
    everything: bool = Field(default=False, description="Every kind.")

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions that are set."""
        return {name: value for name in ("check", "operation", "semantic") if (value := getattr(self, name))}

    @model_validator(mode="after")
    def _some(self) -> Resetting:
        if not (self.conditions or self.everything):
            raise ValueError("nothing says what to reset: give a check, an operation, a type, or everything")
        return self


def router(site: Site) -> APIRouter:
    """The endpoints of learning."""
    routes = Routes("learning")

    @routes.get("/learning", right="read", answers=tuple[Acceptance, ...])
    def list_learned() -> Any:
        """List how often people approved repairs of each kind."""
        return tuple(site.workspace.learned())

    @routes.post("/learning/reset", right="admin", answers=tuple[Acceptance, ...])
    def reset_learning(asked: Resetting) -> Any:
        """Let decisions so far count no longer; the decisions themselves stay. Answers what no longer counts."""
        return tuple(site.workspace.reset_learning(**asked.conditions))

    return routes.router

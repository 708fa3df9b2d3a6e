"""Recipes: approved repairs that replay on other data; a dataset has its own to download."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field, model_validator

from tablemend.store.jobs import Job
from tablemend.web.api.body import Name, Text
from tablemend.web.api.routes import Routes
from tablemend.web.api.scans import Reading
from tablemend.web.site import Site


class Replayed(Reading):
    """A recipe, and what it is to replay on: one of source and upload."""

    recipe: Text = Field(description="Its text, as it is downloaded.")
    format: Literal["toml", "json"] = "toml"
    mapping: dict[Name, Name] = Field({}, description="Names of columns: in the recipe, and in the table.")

    @model_validator(mode="after")
    def _one(self) -> Replayed:
        if self.named != 1:
            raise ValueError("name one of source and upload")
        if self.name is not None:
            raise ValueError("the dataset has the name of its source: leave out name")
        return self

    def arguments(self, site: Site) -> dict[str, Any]:
        """As a job takes them."""
        return {
            "source": self.place(site),
            "options": self.options,
            "recipe": self.recipe,
            "kind": self.format,
            "mapping": self.mapping,
        }


def router(site: Site) -> APIRouter:
    """The endpoints of recipes."""
    routes = Routes("recipes")

    @routes.post("/recipes/check", right="scan", answers=Job, status=202)
    def check_recipe(asked: Replayed) -> Any:
        """Say whether a recipe can replay on a source; where it cannot, everything that keeps it from it."""
        return site.submit("check_recipe", **asked.arguments(site))

    @routes.post("/recipes/replay", right="admin", answers=Job, status=202)
    def replay_recipe(asked: Replayed) -> Any:
        """Carry out the repairs of a recipe on a source, in one go.

        Whoever sends a recipe both proposes and approves it, which takes the right to approve one's own: admin.
        """
        return site.submit("replay_recipe", **asked.arguments(site))

    return routes.router

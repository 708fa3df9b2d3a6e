"""The rules of one's own, by which every scan goes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from tablemend.records import Finding, Record
from tablemend.web.api.body import Body, Place, Text
from tablemend.web.api.gates import Checked, Saving
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site
from tablemend.workspace.shelf import digest


class RulesFile(Record, frozen=True, kw_only=True):
    """The rules as they are written."""

    text: str
    digest: str  # to be named where the text is changed


class CheckingRules(Body):
    """Rules to check."""

    text: Text


class TryingRules(Body):
    """Rules to try on a dataset."""

    text: Text
    dataset: Place


def router(site: Site) -> APIRouter:
    """The endpoints of rules."""
    routes = Routes("rules")

    @routes.get("/rules", right="read", answers=RulesFile)
    def get_rules() -> Any:
        """Show the rules of `tablemend.toml` as they are written."""
        text = site.workspace.configuration.rules()
        return RulesFile(text=text, digest=digest(text))

    @routes.post("/rules/check", right="read", answers=Checked)
    def check_rules(asked: CheckingRules) -> Any:
        """Say whether rules can be used; where they cannot, everything that is wrong, by line."""
        found = tuple(site.workspace.configuration.check_rules(asked.text))
        return Checked(ok=not found, faults=found)

    @routes.post("/rules/try", right="admin", answers=tuple[Finding, ...])
    def try_rules(asked: TryingRules) -> Any:
        """Say what rules would find in a dataset as its newest scan saw it; nothing is kept."""
        return site.working.configuration.try_rules(asked.text, asked.dataset)

    @routes.put("/rules", right="admin", answers=RulesFile)
    def save_rules(asked: Saving) -> Any:
        """Write the rules, by which the next scan goes; refused where somebody else has changed them meanwhile."""
        site.workspace.configuration.save_rules(asked.text, before=asked.before)
        text = site.workspace.configuration.rules()
        return RulesFile(text=text, digest=digest(text))

    return routes.router

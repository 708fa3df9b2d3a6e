"""Who is asking, and the settings of the server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from tablemend.records import Record
from tablemend.review.rights import RIGHTS, may
from tablemend.web.api.routes import Routes
from tablemend.web.identity import current
from tablemend.web.site import Site
from tablemend.web.timing import Slow, Timing
from tablemend.workspace.configuring import SettingValue


class Me(Record, frozen=True, kw_only=True):
    """Who is asking."""

    name: str
    role: str  # viewer, reviewer, approver or admin
    via: str  # link, password or token
    rights: tuple[str, ...]


class Timings(Record, frozen=True, kw_only=True):
    """How long the server takes to answer."""

    items: tuple[Timing, ...]
    slow: tuple[Slow, ...]  # the newest answers that took too long


def router(site: Site) -> APIRouter:
    """The endpoints of whoever is asking."""
    routes = Routes("account and settings")

    @routes.get("/me", right="read", answers=Me)
    def get_me() -> Any:
        """Show who is asking, and what they may do."""
        person = current()
        rights = tuple(right for right in RIGHTS if may(person.role, right))
        return Me(name=person.name, role=person.role, via=person.via, rights=rights)

    @routes.get("/settings", right="read", answers=tuple[SettingValue, ...])
    def list_settings() -> Any:
        """List the settings that the server goes by, in words, and where each comes from; of secret ones, whether."""
        return tuple(site.workspace.configuration.settings())

    @routes.get("/timings", right="read", answers=Timings)
    def list_timings() -> Any:
        """Show how long the server takes to answer, by callback, endpoint and page, since it was started."""
        return Timings(items=tuple(site.times.report()), slow=tuple(site.times.slow()))

    return routes.router

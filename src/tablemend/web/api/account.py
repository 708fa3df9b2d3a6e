"""Who is asking, and the settings of the server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from tablemend.records import Record
from tablemend.review.rights import RIGHTS, may
from tablemend.settings import Settings
from tablemend.web.api.routes import Routes
from tablemend.web.identity import current
from tablemend.web.site import Site


class Me(Record, frozen=True, kw_only=True):
    """Who is asking."""

    name: str
    role: str  # viewer, reviewer, approver or admin
    via: str  # link, password or token
    rights: tuple[str, ...]


class SettingInfo(Record, frozen=True, kw_only=True):
    """A setting of the server; secret ones are not shown."""

    name: str
    value: Any
    description: str


def router(site: Site) -> APIRouter:
    """The endpoints of whoever is asking."""
    routes = Routes("account and settings")

    @routes.get("/me", right="read", answers=Me)
    def get_me() -> Any:
        """Show who is asking, and what they may do."""
        person = current()
        rights = tuple(right for right in RIGHTS if may(person.role, right))
        return Me(name=person.name, role=person.role, via=person.via, rights=rights)

    @routes.get("/settings", right="read", answers=tuple[SettingInfo, ...])
    def list_settings() -> Any:
        """List the settings that the server goes by; they are set where it runs, and only shown here."""
        described = Settings.model_fields
        return tuple(
            SettingInfo(name=name, value=value, description=described[name].description or "")
            for name, value in site.base.settings.public().items()
        )

    return routes.router

"""The job over conflicts that a page is about."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tablemend.errors import SettingsError
from tablemend.web.address import Address, path
from tablemend.web.conflicts import known, names
from tablemend.web.site import Site
from tablemend.workspace import Workspace

if TYPE_CHECKING:
    from tablemend.conflicts.listing import Summary
    from tablemend.conflicts.ruleset import Ruleset

PAGE = "conflicts"
PARTS = {"list": "Conflicts", "run": "Run and undo", "what-if": "What if", "quality": "Quality"}


class Subject:
    """A job of the settings under an address, by default the first; NotFound where there is none."""

    def __init__(self, site: Site, address: Address) -> None:
        self.site = site
        self.address = address
        self.workspace: Workspace = site.workspace
        self.names = names(site)
        self.name = known(site, address.subject or self.names[0])

    @cached_property
    def rules(self) -> Ruleset:
        """Its ruleset; SettingsError where it cannot be used."""
        from tablemend.conflicts import ruleset

        return ruleset.load(self.workspace.conflicts.job(self.name).rules)

    @cached_property
    def summary(self) -> Summary:
        """How its conflicts stand; DatabaseError where that cannot be read."""
        return self.workspace.conflicts.summary(self.name, rules=self.rules)

    @property
    def part(self) -> str:
        """The part of the page that the address names."""
        found = self.address.query.get("part", "list")
        return found if found in PARTS else "list"

    def here(self, **query: Any) -> str:
        """The address of this job with a query."""
        told = {name: value for name, value in query.items() if value}
        return path(PAGE, self.name) + (f"?{urlencode(told)}" if told else "")


def secret_lacks(workspace: Workspace) -> SettingsError | None:
    """Why keys of people cannot be hashed; None where they can."""
    from tablemend.conflicts import door

    try:
        door.secret_of(workspace.settings.conflicts_secret.get_secret_value())
    except SettingsError as problem:
        return problem
    return None

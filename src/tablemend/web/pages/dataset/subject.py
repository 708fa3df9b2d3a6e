"""The dataset that a page is about, with what is known of it; each part is read when it is first asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from tablemend.errors import NotFound
from tablemend.records import ChangeSet, Finding, Profile, Run, Score, Snapshot
from tablemend.store.schedules import Schedule
from tablemend.web.address import Address, path
from tablemend.web.site import Site

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Subject:
    """A dataset under an address; NotFound where there is none."""

    def __init__(self, site: Site, address: Address) -> None:
        self.site = site
        self.address = address
        self.workspace = site.workspace
        self.store = self.workspace.store
        if not _ID.fullmatch(address.subject):
            raise NotFound(f"there is no dataset {address.subject!r}", hint="The overview lists the datasets.")
        self.dataset = self.store.datasets.get(address.subject)

    @property
    def id(self) -> str:
        """Its id."""
        return self.dataset.id

    @property
    def tab(self) -> str:
        """The part of the page that is asked for."""
        return self.address.query.get("tab", "columns")

    @cached_property
    def versions(self) -> list[tuple[Snapshot, Score | None]]:
        """Every version with its score, oldest first."""
        return self.workspace.versions(self.id)

    @property
    def snapshot(self) -> Snapshot:
        """The newest version."""
        return self.versions[-1][0]

    @property
    def score(self) -> Score | None:
        """The score of the newest version."""
        return self.versions[-1][1]

    @cached_property
    def scan(self) -> Run | None:
        """The newest completed scan, if there is one."""
        return self.workspace.newest_scan(self.id)

    @cached_property
    def profile(self) -> Profile | None:
        """What that scan measured."""
        return self.store.runs.recall(self.scan.id, "profile", Profile) if self.scan else None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What that scan found."""
        return self.workspace.findings(self.scan.id) if self.scan else ()

    @cached_property
    def change_sets(self) -> list[ChangeSet]:
        """What changed it, oldest first."""
        return self.store.change_sets.of(self.id)

    @cached_property
    def schedules(self) -> Sequence[Schedule]:
        """The schedules that feed it."""
        return self.workspace.schedules.of(self.id)

    def number(self, name: str, default: int, *, most: int) -> int:
        """A number of the query string, from 1 to `most`; the default where it is none."""
        given = self.address.query.get(name, "")
        return min(max(int(given), 1), most) if given.isdecimal() and len(given) < 10 else min(default, most)

    def here(self, **query: Any) -> str:
        """The address of a part of this page."""
        told = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{path('datasets', self.id)}?{urlencode(told)}"

    def review(self, **query: Any) -> str:
        """The address of the review of its newest scan."""
        told = {name: value for name, value in query.items() if value}
        base = path("review", self.scan.id) if self.scan else "/review"
        return f"{base}?{urlencode(told)}" if told else base

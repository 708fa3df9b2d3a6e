"""The matrix that a page is about, and what its address chooses of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tablemend.errors import NotFound
from tablemend.store.matrices import Manifest
from tablemend.web import comparing, exploring
from tablemend.web.address import Address, path
from tablemend.web.exploring import Choice
from tablemend.web.site import Site

if TYPE_CHECKING:
    from tablemend.workspace.explore import Explore, Told

PAGE = "explore"
COMPARED = (
    *("field", "first", "second", "groups", "by", "pairs", "test", "trend", "scale", "which", "other", "method"),
)
"""What an address chooses of groups, regions and other matrices."""
KEPT = (
    *("part", "feature", "entity", "entities", "features", "order", "sign", "top", "number", "rows", "columns"),
    *COMPARED,
)
"""What an address chooses, beside the version and conditions on fields."""


class Subject:
    """A version of a matrix under an address; NotFound where there is none."""

    def __init__(self, site: Site, address: Address) -> None:
        self.site = site
        self.address = address
        self.workspace = site.working
        self.given: Choice = exploring.chosen(address.query)
        self.manifest: Manifest = self.ask.get(address.subject, self.given.version)

    @cached_property
    def ask(self) -> Explore:
        """The questions about matrices."""
        return self.workspace.explore

    @property
    def name(self) -> str:
        """The name of the matrix."""
        return self.manifest.name

    @cached_property
    def newest(self) -> int:
        """The number of its newest version."""
        return self.ask.get(self.name).version

    @cached_property
    def choice(self) -> Choice:
        """What the address chooses, and what is shown where it names nothing."""
        return exploring.settled(self.workspace, self.name, self.given)

    @cached_property
    def offered(self) -> list[str]:
        """The fields of samples that can make groups."""
        return comparing.fields(self.workspace, self.name, self.given.version)

    @cached_property
    def told(self) -> Told:
        """The answer to what is chosen."""
        return exploring.asked(self.workspace, self.name, self.choice)

    def nearest(self, side: str, wanted: str) -> list[str]:
        """The names that are most like one; none where it is there."""
        matrix = self.ask.matrix(self.name, self.given.version)
        try:
            matrix.place(side, wanted)
        except NotFound:
            return matrix.near(side, wanted)
        return []

    def here(self, **changes: Any) -> str:
        """The address of this matrix with other choices; conditions on fields and the version stay."""
        query = self.address.query
        kept: dict[str, Any] = {name: query[name] for name in KEPT if name in query} | self.narrowed | changes
        told = exploring.spelt(kept)
        return path(PAGE, self.name) + (f"?{told}" if told else "")

    @property
    def narrowed(self) -> dict[str, str]:
        """The version and the conditions on fields, as the address has them."""
        kept = {name: value for name, value in self.address.query.items() if name[:2] in exploring.SIDES}
        return kept | ({"version": str(self.given.version)} if self.given.version else {})

    def download(self, kind: str) -> str:
        """Where the whole answer is, as a file of a kind."""
        choice = self.given if self.given.part == "heatmap" else self.choice  # which names too many for an address
        kept: dict[str, Any] = {name: getattr(choice, name) for name in KEPT}
        query = exploring.spelt(kept | self.narrowed)
        return f"/data/explore/download?{urlencode({'matrix': self.name, 'query': query, 'format': kind})}"

"""What every page and endpoint works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablemend.web.identity import current
from tablemend.web.timing import Times
from tablemend.workspace import Workspace

if TYPE_CHECKING:
    from tablemend.store.jobs import Job


class Site:
    """The workspace that is served, in the hands of whoever asks."""

    def __init__(self, workspace: Workspace) -> None:
        self.base = workspace
        workspace.ready()
        self.times = Times()

    @property
    def workspace(self) -> Workspace:
        """The workspace in the hands of the person who is asking, bound by their role."""
        person = current()
        return self.base.signed(person.name, role=person.role)

    @property
    def working(self) -> Workspace:
        """The same, its engine started: all share the engine of the workspace that is served, which is closed once."""
        self.base.start()
        return self.workspace

    def submit(self, verb: str, *, subject: str = "", **arguments: Any) -> Job:
        """Hand a piece of work to the workers, in the name of the person who is asking."""
        return self.workspace.jobs.submit(verb, subject=subject, **arguments)

"""What every page and endpoint works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tablemend.web.identity import current
from tablemend.workspace import Workspace


class Site:
    """The workspace that is served, in the hands of whoever asks."""

    def __init__(self, workspace: Workspace, *, submitted: Callable[[], None] = lambda: None) -> None:
        """Serve a workspace; `submitted` is told of each new job, so that a worker takes it up at once."""
        self.base = workspace
        self.submitted = submitted

    @property
    def workspace(self) -> Workspace:
        """The workspace in the hands of the person who is asking."""
        person = current()
        return self.base.signed(person.name, role=person.role)

    @property
    def working(self) -> Workspace:
        """The same, its engine started: all share the engine of the workspace that is served, which is closed once."""
        self.base.start()
        return self.workspace

    @property
    def empty(self) -> bool:
        """Whether nothing was ever scanned here."""
        return not self.base.store.datasets.all()

    def submit(self, verb: str, *, subject: str = "", **arguments: Any) -> Any:
        """Hand a piece of work to the workers, in the name of the person who is asking."""
        job = self.workspace.jobs.submit(verb, subject=subject, **arguments)
        self.submitted()
        return job

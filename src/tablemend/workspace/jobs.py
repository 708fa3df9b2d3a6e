"""Jobs of a workspace: asked for here, carried out by the workers of a server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from tablemend.store.jobs import ACTIVE, QUEUED, Job
from tablemend.tables.source import without_secrets
from tablemend.workspace.verbs import Arguments, arguments_of

if TYPE_CHECKING:
    from tablemend.store.jobs import Jobs as Stored
    from tablemend.workspace import Workspace


class Jobs:
    """The jobs of a workspace, in the hands of its person."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def stored(self) -> Stored:
        """Where they are kept."""
        return self._workspace.ready().jobs

    def submit(self, verb: str, *, subject: str = "", **arguments: Any) -> Job:
        """Put work into the queue, in the name of the person of the workspace.

        An argument that is None counts as not given. Raises StateError at once for an unknown verb or bad arguments,
        NotFound for a run, dataset or change set that is not there, and SourceError for what cannot be a source.
        """
        store = self._workspace.ready()
        given = {name: value for name, value in arguments.items() if value is not None}
        asked = arguments_of(verb, given)
        person = self._workspace.settings.person
        shown = {name: _shown(value) for name, value in given.items()}
        with store.transaction():
            made = store.jobs.submit(
                verb,
                subject=subject or asked.subject(self._workspace),
                by=person,
                arguments=shown,
                secret={name: value for name, value in given.items() if shown[name] != value},
            )
            store.audit.write(person, "submit", made.id, f"{verb} {made.subject}".strip())
        store.jobs.tell()
        return made

    def arguments(self, job: Job) -> Arguments:
        """What a job is given, checked again: another version may have put it into the queue."""
        return arguments_of(job.verb, dict(job.arguments))

    def get(self, job: str) -> Job:
        """One job; raises NotFound."""
        return self._workspace.store.jobs.get(job)

    def recent(
        self,
        *,
        limit: int = 100,
        status: str | Iterable[str] | None = None,
        subject: str | None = None,
        by: str | None = None,
        verb: str | None = None,
    ) -> list[Job]:
        """Jobs, newest first."""
        if not self._workspace.exists:
            return []
        return self._workspace.store.jobs.recent(limit=limit, status=status, subject=subject, by=by, verb=verb)

    def active(self) -> list[Job]:
        """Jobs that wait or run, newest first."""
        return self.recent(status=ACTIVE, limit=1000)

    def since(self, changed: int) -> list[Job]:
        """Jobs that changed after a number, in the order of their changes."""
        return self._workspace.store.jobs.since(changed) if self._workspace.exists else []

    def cancel(self, job: str) -> Job:
        """End a job that waits at once; ask one that runs to end. One that is over stays as it is."""
        store = self._workspace.store
        before = store.jobs.get(job)
        with store.transaction():
            found = store.jobs.cancel(job)
            if not before.over and not before.cancel:
                store.audit.write(self._workspace.settings.person, "cancel", found.id, f"{found.verb} {found.subject}")
        store.jobs.tell()
        return found

    def recover(self) -> list[Job]:
        """End the jobs and runs whose process died, and sweep what they left; the jobs."""
        store = self._workspace.ready()
        dead = store.jobs.fail_dead()
        if dead:
            self._workspace._recover(store)
        return dead

    @property
    def waiting(self) -> bool:
        """Whether any job waits for a worker."""
        return bool(self.recent(status=QUEUED, limit=1))


def _shown(value: Any) -> Any:
    """An argument as it may be shown: URLs without what is secret in them."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    return without_secrets(value) if isinstance(value, str) else value

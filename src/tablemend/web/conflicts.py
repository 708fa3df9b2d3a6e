"""Conflicts in the hands of whoever asks: only jobs of the settings are named, so that nobody names a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablemend.errors import NotFound
from tablemend.review import rights
from tablemend.web.identity import current, require
from tablemend.web.site import Site
from tablemend.workspace.conflicts import DECIDE
from tablemend.workspace.conflicts.places import is_address

if TYPE_CHECKING:
    from tablemend.conflicts.deciding import Decided
    from tablemend.store.jobs import Job


def names(site: Site) -> list[str]:
    """The jobs of the settings that can be named."""
    return [name for name in site.workspace.conflicts.jobs if not is_address(name)]


def known(site: Site, job: str) -> str:
    """The name of a job of the settings; NotFound where there is none, also for what would be an address."""
    if job not in names(site):
        raise NotFound(
            f"there is no job {job!r} over conflicts", hint="An admin writes [settings.conflicts_jobs.NAME]."
        )
    return job


def decide(site: Site, job: str, verb: str, **given: Any) -> Decided:
    """Decide on conflicts of a job, in the name of whoever asks; to delete takes the right to approve."""
    require("approve" if verb == "delete" else "decide")
    return site.workspace.conflicts.decide(known(site, job), verb, **given)


def undo(site: Site, job: str, run: str) -> Job:
    """Have what a run wrote taken back: one's own decision, or with the right to apply anything."""
    if not rights.may(current().role, "apply") and not _own_decision(site, run):
        require("apply")
    return site.submit("undo_conflicts", job=known(site, job), run=run)


def _own_decision(site: Site, run: str) -> bool:
    store = site.workspace.ready()
    found = store.runs.get(run)
    return found.kind == DECIDE and store.runs.recall_of([found.id], "by", str).get(found.id) == current().name


def run(site: Site, job: str, *, dry_run: bool, **given: Any) -> Job:
    """Have a job run: it writes to a database, which takes the right to apply, unless it is dry."""
    require("scan" if dry_run else "apply")
    return site.submit("conflicts", job=known(site, job), dry_run=dry_run, **given)


def what_if(site: Site, job: str, **choices: Any) -> Job:
    """Have the rows of a job judged by other choices; nothing is written."""
    require("scan")
    return site.submit("what_if", job=known(site, job), **choices)

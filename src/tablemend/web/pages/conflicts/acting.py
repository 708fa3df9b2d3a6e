"""Decisions that the page asks for, and what is said of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dash import html
from pydantic import ValidationError

from tablemend.conflicts.changes import STATUSES
from tablemend.errors import StateError
from tablemend.records import Record
from tablemend.web import notices
from tablemend.web.api.conflicts import ConflictsQuery
from tablemend.web.conflicts import decide, undo
from tablemend.web.site import Site

if TYPE_CHECKING:
    from tablemend.conflicts.deciding import Decided

VERBS = {"work": "in work", "ignore": "ignored", "delete": "deleted", "reopen": "open again"}


class Done(Record, frozen=True, kw_only=True):
    """What was done on request."""

    at: int  # rises with each request
    run: str = ""  # the decision, which undo takes back
    job: str = ""  # that was begun
    notices: list[Any] = []


def act(site: Site, asked: dict[str, Any]) -> Done:
    """Carry out what a click asks for."""
    verb, job = asked["verb"], str(asked["job"])
    if verb == "undo":
        return Done(at=asked["at"], job=undo(site, job, str(asked["run"])).id)
    if verb not in VERBS:
        raise StateError(f"{verb!r} is nothing that can be done here", hint="Reload the page.")
    done = decide(site, job, verb, note=asked.get("note") or "", **_chosen(asked))
    return Done(at=asked["at"], run=done.run if done.changed else "", notices=[said(verb, done)])


def _chosen(asked: dict[str, Any]) -> dict[str, Any]:
    """The conflicts that are meant: those that are named, or all that match."""
    if ids := tuple(map(str, asked.get("ids") or ())):
        return {"ids": ids, "seen": asked.get("seen")}
    if not asked.get("everything"):
        raise StateError("nothing is selected", hint="Choose a conflict first.")
    try:
        return ConflictsQuery(**(asked.get("filter") or {})).given
    except ValidationError as problem:
        raise StateError("the conditions cannot be used", hint="Reload the page.") from problem


def said(verb: str, done: Decided) -> dict[str, Any]:
    """What became of the conflicts, also of those that somebody else set meanwhile."""
    title = f"{len(done.changed):,} {VERBS[verb]}" + (f"; {done.same:,} already were" if done.same else "")
    if not done.refused:
        return notices.done(title)
    lines = [
        html.Div(f"{number:,} not: somebody set {'it' if number == 1 else 'them'} to {STATUSES[status]} meanwhile.")
        for status, number in Counter(done.refused.values()).items()
    ]
    return notices.done(title, html.Div(lines), color="yellow", keep=True)

"""Decisions, applies and undos that the page asks for, and what is said of them."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.errors import StateError
from tablemend.records import Item, Record
from tablemend.review.decisions import Verdict
from tablemend.web import notices
from tablemend.web.components import marks
from tablemend.web.identity import require
from tablemend.web.site import Site

_RIGHTS = {
    "approve": "approve",
    "reject": "decide",
    "reopen": "decide",
    "approve_apply": "apply",
    "apply": "apply",
    "undo": "apply",
}
"""What may be asked for → the right that it takes."""


class Done(Record, frozen=True, kw_only=True):
    """What was done on request."""

    at: int  # rises with each request
    job: str = ""  # that was begun
    notices: list[Any]


def act(site: Site, asked: dict[str, Any]) -> Done:
    """Carry out what a click asks for."""
    verb = asked["verb"]
    if verb not in _RIGHTS:
        raise StateError(f"{verb!r} is nothing that can be done here", hint="Reload the page.")
    require(_RIGHTS[verb])
    if verb in ("apply", "undo"):
        job = _apply(site, asked) if verb == "apply" else _undo(site, asked)
        return Done(at=asked["at"], job=job, notices=[])
    require("approve" if verb == "approve_apply" else _RIGHTS[verb])
    verdict = site.workspace.decide(
        verb.removesuffix("_apply"),
        asked["run"],
        ids=asked["ids"],
        force=bool(asked.get("force")),
        note=asked.get("note") or "",
        rating=asked.get("rating") or None,
        seen=asked.get("seen"),
    )
    job = _apply(site, asked) if verb == "approve_apply" and (verdict.decided or verdict.unchanged) else ""
    return Done(at=asked["at"], job=job, notices=_said(verdict))


def _apply(site: Site, asked: dict[str, Any]) -> str:
    run = site.workspace.kept(asked["run"])
    return str(site.submit("apply", subject=run.dataset, run=run.id).id)


def _undo(site: Site, asked: dict[str, Any]) -> str:
    workspace = site.workspace
    dataset = workspace.kept(asked["run"]).dataset
    return str(site.submit("undo", subject=dataset, change_set=workspace.newest_apply(dataset)).id)


def _said(verdict: Verdict) -> list[Any]:
    word = {"approved": "approved", "rejected": "rejected", "open": "opened again"}[verdict.decision]
    if not verdict.refused:
        same = f"; {len(verdict.unchanged):,} already were" if verdict.unchanged else ""
        return [notices.done(f"{len(verdict.decided):,} {word}{same}")]
    reasons: dict[str, int] = {}
    for each in verdict.refused:
        reasons[each.reason] = reasons.get(each.reason, 0) + 1
    lines = [html.Div(f"{number:,} not: {reason}.") for reason, number in reasons.items()]
    return [notices.done(f"{len(verdict.decided):,} {word}", html.Div(lines), color="yellow", keep=True)]


def told(job: Any) -> dict[str, Any]:
    """What is said of a job that has ended."""
    if job.status == "failed":
        message = html.Div(
            [html.Div(job.error.get("message", "")), html.Div(job.error.get("hint", ""), className="tm-hint")]
        )
        return notices.done(job.error.get("title") or "It failed", message, color="red", keep=True)
    if job.status == "cancelled":
        return notices.done("Cancelled", "Nothing of it was kept.", color="yellow")
    found = job.result
    before, after = found.get("before"), found.get("after")
    score = (
        f"Score {marks.floor(before):.1f} → {marks.floor(after):.1f}. "
        if before is not None and after is not None
        else ""
    )
    counts = f"{_counted(found.get('cells', 0), 'cell')} changed"
    for name, what in (("rows_removed", "removed"), ("rows_added", "put back")):
        counts += f", {_counted(found[name], 'row')} {what}" if found.get(name) else ""
    left = "".join(f" {found[name]:,} repairs {name}." for name in ("superseded", "refused") if found.get(name))
    return notices.done("Undone" if job.verb == "undo" else "Applied", f"{score}{counts}.{left}")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def changed(item: Item, word: str = "Changed") -> dict[str, Any]:
    """What is said of an item that became another one."""
    return notices.done(f"{word}: {item.title}", "It is open for a decision.")


def reloaded(run: dict[str, Any]) -> dict[str, Any]:
    """The same run to be read again."""
    return {**run, "turn": run.get("turn", 0) + 1}

"""Running a job over conflicts, what its runs found, and taking them back."""

from __future__ import annotations

from typing import Any

from dash import dcc, html, set_props

from tablemend.errors import NotFound
from tablemend.review import rights
from tablemend.store.jobs import Job
from tablemend.web import conflicts as acting
from tablemend.web.api.conflicts import ConflictsReport, report
from tablemend.web.components import asking, basics, forms
from tablemend.web.components.allowed import note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.identity import current
from tablemend.web.pages.conflicts.subject import PAGE, Subject, secret_lacks
from tablemend.web.pages.runs import words
from tablemend.web.site import Site
from tablemend.workspace.conflicts import DECIDE, KIND, UNDO
from tablemend.workspace.conflicts.remembering import Remembered

LIMIT = 25
DOUBTS = {
    "half": "recorded at one end only",
    "backwards": "end before they begin",
    "unreadable": "have a time that is none",
    "unplaced": "without a known place",
    "misplaced": "with coordinates that are nowhere",
    "status_missing": "without a status, judged all the same",
    "unruled": "that no rule can judge",
}
"""Count of rows → what it counts."""
_WHAT = {DECIDE: "decision", UNDO: "undo"}
_TAKEN_UP = ("failed", "partial", "cancelled")


def section(subject: Subject) -> html.Div:
    """The buttons, the run that the address names, and what was done before."""
    asked = subject.address.query.get("run", "")
    return html.Div(
        [_start(subject), _report(subject, asked) if asked else None, _before(subject)], className="tm-tab-body"
    )


def _start(subject: Subject) -> html.Section:
    about = (
        "A run reads the rows partition by partition, judges them, and brings the table of conflicts up to date: new "
        "ones are added, changed ones updated, those that are no longer found resolved. What people decided stays. A "
        "dry run tells what it would write. A run goes on when this page is closed."
    )
    lacks = secret_lacks(subject.workspace) is not None
    return basics.section(
        "Run",
        html.P(about, className="tm-about"),
        forms.hidden(PAGE, "job", subject.name),
        html.Div(
            [
                forms.button(PAGE, "run", "Run", primary=True, right="apply", disabled=lacks),
                forms.button(PAGE, "changed", "Run on what changed", right="apply", disabled=lacks)
                if subject.rules.changed
                else None,
                forms.button(PAGE, "dry", "Dry run", right="scan", disabled=lacks),
                note("scan") or note("apply"),
            ],
            className="tm-actions tm-below",
        ),
    )


def _report(subject: Subject, run: str) -> Any:
    try:
        found = report(subject.workspace, subject.name, run)
    except NotFound as problem:
        return basics.notice("There is no report of this run", f"{problem}.", hint=problem.hint or "")
    verb = "To write" if found.dry else "Written"
    failed = [each for each in found.parts if each.outcome == "failed"]
    return basics.section(
        f"{'Dry run' if found.dry else 'Run'} {found.run}",
        html.Div([_counted(found, verb), _rows(found)], className="tm-columns"),
        basics.notice("Everything was judged", f"{found.why_full}.", color="yellow") if found.why_full else None,
        _failed(failed) if failed else None,
        _parts(found) if len(found.parts) > 1 else None,
        note=f"{found.conflicts:,} conflicts among {found.rows:,} rows in {words.seconds(found.seconds)}",
    )


def _counted(found: ConflictsReport, verb: str) -> html.Div:
    told = [(name, f"{number:,}") for name, number in found.counts.items()]
    told += [("as they were", f"{found.unchanged:,}"), ("left: others changed them", f"{found.left:,}")]
    return basics.table((verb, "conflicts"), told, label=verb, numbers=(1,))


def _rows(found: ConflictsReport) -> html.Div:
    told = [("changed since", f"{found.changed:,}")] if found.incremental else []
    told += [("read", f"{found.rows:,}"), ("left out by the database", f"{found.saved:,}")]
    told += [(name, f"{number:,}") for name, number in found.left_out.items()]
    told += [(text, f"{number:,}") for name, text in DOUBTS.items() if (number := found.quality.get(name, 0))]
    crowded = [
        html.Li(f"{each.rows:,} rows stand under one key, up to {each.most:,} on one date: a placeholder?")
        for each in found.suspicious[:5]
    ]
    listed = html.Ul(crowded, className="tm-points") if crowded else None
    return html.Div([basics.table(("Rows", "number"), told, label="Rows", numbers=(1,)), listed])


def _failed(parts: list[Any]) -> Any:
    return basics.notice(
        f"{len(parts):,} partitions failed",
        html.Ul([html.Li(f"{each.name}: {each.reason}") for each in parts[:10]], className="tm-points"),
        hint="Nothing of them was resolved. Take the run up again to judge only these.",
    )


def _parts(found: ConflictsReport) -> html.Details:
    rows = [
        (each.name, each.outcome, f"{each.rows:,}", f"{each.conflicts:,}", f"{sum(each.counts.values()):,}")
        for each in found.parts
    ]
    head = ("Partition", "Outcome", "Rows", "Conflicts", "To write" if found.dry else "Written")
    return html.Details(
        [
            html.Summary(f"The {len(rows):,} partitions"),
            basics.table(head, rows, label="Partitions", numbers=(2, 3, 4)),
        ],
        className="tm-more",
    )


def _before(subject: Subject) -> Any:
    found = subject.workspace.conflicts.runs(subject.name, limit=LIMIT)
    if not found:
        return basics.section("Before", html.P("Nothing was run here yet.", className="tm-note"))
    rows = [
        (
            dcc.Link(html.Code(each.run.id), href=_place(subject, each), className="tm-nowrap"),
            _WHAT.get(each.run.kind, "dry run" if each.dry else "run"),
            words.status(each.run.status),
            each.by or "–",
            basics.when(each.run.started),
            words.took(each.run.started, each.run.finished),
            _counts(each),
            _actions(each),
        )
        for each in found
    ]
    head = ("Run", "What", "Status", "By", "When", "Took", "Counts", "")
    return basics.section("Before", basics.table(head, rows, label="Runs of the job", numbers=(5,)))


def _place(subject: Subject, each: Remembered) -> str:
    if each.run.kind == KIND and each.run.counts:
        return subject.here(part="run", run=each.run.id)
    return f"/runs/{each.run.id}"


def _counts(each: Remembered) -> str:
    told = {name: number for name, number in each.run.counts.items() if number}
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in told.items()) or "–"


def _actions(each: Remembered) -> Any:
    run = each.run
    if run.status == "running" or run.kind == UNDO or each.dry:
        return None
    parts = []
    if run.kind == KIND and run.status in _TAKEN_UP:
        parts.append(forms.button(PAGE, "resume", "Take up", key=run.id, label=f"Take up {run.id}", right="apply"))
    if _may_undo(each):
        question = "What it wrote is taken back; what was changed since stays."
        parts.append(forms.confirmed(PAGE, "undo", "Undo", question, key=run.id, sure=f"Undo {run.id}"))
    return html.Div(parts, className="tm-actions") if parts else None


def _may_undo(each: Remembered) -> bool:
    own = each.run.kind == DECIDE and each.by == current().name
    return rights.may(current().role, "decide" if own else "apply")


def _run(site: Site, asked: Asked) -> Done:
    return followed(acting.run(site, asked.text("job"), dry_run=False))


def _changed(site: Site, asked: Asked) -> Done:
    return followed(acting.run(site, asked.text("job"), dry_run=False, incremental=True))


def _dry(site: Site, asked: Asked) -> Done:
    return followed(acting.run(site, asked.text("job"), dry_run=True))


def _resume(site: Site, asked: Asked) -> Done:
    """Cut into the same partitions: what was judged is skipped only so."""
    name, run = asked.text("job"), asked.key
    before = (each for each in site.workspace.jobs.recent(verb="conflicts", subject=name) if each.run == run)
    rows = next((each.arguments.get("rows") for each in before), None)
    return followed(acting.run(site, name, dry_run=False, resume=run, rows=rows))


def _undo(site: Site, asked: Asked) -> Done:
    return followed(acting.undo(site, asked.text("job"), asked.key))


def followed(job: Job) -> Done:
    """The page follows the job, and shows what it found at the end."""
    set_props(f"{PAGE}-waiting", {"data": asking.waiting_for(job.id, "conflicts")})
    return Done(redraw=False)


ACTIONS = {
    "run": Action(run=_run, right="apply"),
    "changed": Action(run=_changed, right="apply"),
    "dry": Action(run=_dry, right="scan"),
    "resume": Action(run=_resume, right="apply"),
    "undo": Action(run=_undo, right="decide"),
}
"""What a click does."""

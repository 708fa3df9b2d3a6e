"""Versions of a dataset: how the score went, what made each, and taking it back."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dash import dcc, html

from tablemend.records import ChangeSet, Score, Snapshot
from tablemend.repair.chronicle import active
from tablemend.web.address import path
from tablemend.web.components import asking, basics, marks
from tablemend.web.components.chart import scores as chart
from tablemend.web.components.paging import pages, paging
from tablemend.web.pages.dataset.downloads import download
from tablemend.web.pages.dataset.subject import Subject

SIZE = 50
"""Versions on a page."""

_HEAD = ("Version", "Made by", "Changes", "Repairs", "Rows", "Score", "When", "")


def section(subject: Subject) -> Any:
    """The versions, newest first, under a line of their scores."""
    newest_first = subject.versions[::-1]
    page = subject.number("page", 1, most=pages(len(newest_first), SIZE))
    shown = newest_first[(page - 1) * SIZE : page * SIZE]
    made = {each.version: each for each in subject.change_sets}
    standing = set(active(subject.change_sets))
    rows = [_row(subject, snapshot, score, made.get(snapshot.version), standing) for snapshot, score in shown]
    told = [(snapshot.version, None if score is None else score.overall) for snapshot, score in subject.versions]
    return [
        chart(told),
        basics.table(_HEAD, rows, label="Versions", numbers=(4, 5)),
        paging(page, len(newest_first), SIZE, lambda to: subject.here(tab="versions", page=to), what="versions"),
    ]


def _row(
    subject: Subject, snapshot: Snapshot, score: Score | None, made: ChangeSet | None, standing: set[str]
) -> list[Any]:
    before = snapshot.parent if made else None
    changes = _changes(made)
    if made and before:
        link = subject.here(tab="compare", before=before, after=snapshot.version)
        changes = dcc.Link(changes, href=link)
    return [
        html.Span(f"{snapshot.version}", className="tm-strong"),
        _maker(made),
        changes,
        _outcomes(made),
        f"{snapshot.rows:,}",
        marks.score(None if score is None else score.overall),
        [basics.when(snapshot.created), html.Div(f"by {made.by}", className="tm-note") if made and made.by else None],
        html.Div(_actions(subject, snapshot, made, standing), className="tm-actions"),
    ]


def _maker(made: ChangeSet | None) -> Any:
    if made is None:
        return "reading the source"
    what = [made.kind, html.Span(f" {made.id}", className="tm-note")]
    if made.undoes:
        what.append(html.Div(f"of {made.undone or 'all'} in {made.undoes}", className="tm-note"))
    return what


def _changes(made: ChangeSet | None) -> str:
    if made is None:
        return "–"
    parts = ((made.cells, "cells"), (made.rows_removed, "rows removed"), (made.rows_added, "rows put back"))
    told = ", ".join(f"{number:,} {what}" for number, what in parts if number)
    kept = f"; {made.kept:,} left, as they had changed since" if made.kept else ""
    return (told or "nothing") + kept


def _outcomes(made: ChangeSet | None) -> Any:
    if made is None or not made.outcomes:
        return html.Span("–", className="tm-note")
    found = Counter(each.status for each in made.outcomes)
    told = ", ".join(f"{number} {status}" for status, number in found.items())
    return dcc.Link(told, href=path("review", made.run))


def _actions(subject: Subject, snapshot: Snapshot, made: ChangeSet | None, standing: set[str]) -> list[Any]:
    found: list[Any] = [download(subject.id, "csv", snapshot.version, text="CSV")]
    if made and made.kind == "apply" and made.id in standing:
        name = f"Undo {made.id}, which made version {made.version}"
        found.append(asking.button("dataset", "Undo", "undo", name=name, change_set=made.id))
    if made and made.kind == "undo" and made.version == subject.dataset.head:
        name = f"Redo: take back the undo {made.id}"
        found.append(asking.button("dataset", "Redo", "undo", name=name, change_set=made.id))
    return found

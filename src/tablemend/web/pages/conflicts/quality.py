"""How good the rows were from run to run: worse rows give fewer conflicts, or conflicts that are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from tablemend.conflicts.trends import Trend
from tablemend.web.components import basics, marks
from tablemend.web.pages.conflicts.runs import DOUBTS
from tablemend.web.pages.conflicts.subject import Subject

RUNS = 30
"""Newest runs over all rows that are looked at."""


def section(subject: Subject) -> html.Div:
    """A line for each thing that is wrong with rows, over the runs that judged all of them."""
    found = subject.workspace.conflicts.trends(subject.name, rules=subject.rules, limit=RUNS)
    whole = [each for each in found if each.shares and not each.incremental and not each.failed]
    if not whole:
        run = basics.link_button("Run the job", subject.here(part="run"))
        return html.Div(basics.empty("No run has judged all rows yet", "Each run notes how good its rows were.", run))
    about = "Shares of the rows that were judged, over the runs that judged all of them, the newest last."
    return html.Div(
        [
            basics.section("Quality of the rows", html.P(about, className="tm-about"), _lines(whole)),
            basics.section("Conflicts by run", _runs(subject, whole)),
        ],
        className="tm-tab-body",
    )


def _lines(whole: Sequence[Trend]) -> html.Div:
    rows = [_line(text, [each.shares.get(name, 0.0) for each in whole]) for name, text in DOUBTS.items()]
    return basics.table(("Rows", "Over the runs", "Before", "Now"), rows, label="Quality of rows", numbers=(2, 3))


def _line(text: str, shares: Sequence[float]) -> tuple[Any, ...]:
    first, last = f"{100 * shares[0]:.2f} %", f"{100 * shares[-1]:.2f} %"
    drawn = marks.sparkline(shares, label=f"Rows {text}: from {first} to {last}", low=0.0, high=max(*shares, 0.001))
    return text, drawn, first if len(shares) > 1 else "–", last


def _runs(subject: Subject, whole: Sequence[Trend]) -> html.Div:
    rows = [
        (
            dcc.Link(html.Code(each.run), href=subject.here(part="run", run=each.run), className="tm-nowrap"),
            "dry run" if each.dry else "run",
            basics.when(each.started),
            *(
                "–" if number is None else f"{number:,}"
                for number in (each.rows, each.conflicts, each.new, each.resolved, each.suspicious)
            ),
        )
        for each in reversed(whole)
    ]
    head = ("Run", "What", "When", "Rows", "Conflicts", "New", "Resolved", "Crowded keys")
    return basics.table(head, rows, label="Conflicts by run", numbers=range(3, 8))

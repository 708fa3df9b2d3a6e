"""An answer on a page: its figure, its first rows, why it is empty, the SQL of it, how fresh it is, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from tablemend.web.components import basics
from tablemend.web.components.graphs import graph
from tablemend.web.figures import Figure
from tablemend.web.figures.drawing import number
from tablemend.web.matrices import FILES
from tablemend.web.pages.explore import choosing
from tablemend.web.pages.explore.subject import Subject

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.workspace.explore import Told

SHOWN = 200
"""Rows of a table on a page; its files have all."""
MEASURES = ("mean", "se", "n", "top", "bottom", "of", "ties")
"""Heads of what is told of a mean."""
RANKS = "se: standard error; top, bottom: rank among so many entities (of) that have the feature; ties: equal means."


def page(subject: Subject, told: Told, figure: Figure, table: html.Div, *, label: str) -> list[Any]:
    """An answer that has rows: the figure, and beside it the table."""
    return [
        choosing.controls(subject),
        notes(told),
        html.Div([graph(figure, id="explore-figure", label=label), table], className="tm-answer"),
        about(subject, told),
    ]


def nothing(subject: Subject, told: Told, title: str, otherwise: str) -> list[Any]:
    """An answer without rows, and why it has none."""
    why = " ".join(told.notes) or otherwise
    return [choosing.controls(subject), basics.empty(title, why, _anyway(subject)), about(subject, told)]


def unchosen(subject: Subject, what: str) -> list[Any]:
    """That there is nothing to choose from."""
    return [basics.empty("Nothing to show", f"{subject.name} has no {what} with a measurement.")]


def _anyway(subject: Subject) -> Any:
    """The way to the same without conditions, where there are some."""
    if not any(subject.given.where.values()):
        return None
    changes = {name: None for name in subject.narrowed if name != "version"}
    return basics.link_button("Without conditions", subject.here(**changes))


def notes(told: Told) -> Any:
    """What is to be known of an answer."""
    return html.Ul([html.Li(each) for each in told.notes], className="tm-points") if told.notes else None


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    label: str,
    total: int,
    first: int = 1,
    heads: str = RANKS,
    words: Sequence[str] = (),
) -> html.Div:
    """The first rows of an answer, and how many there are; columns from `first` on are numbers, as `heads` tells.

    Those that `words` names are none.
    """
    shown = rows[:SHOWN]
    numbers = [place for place, name in enumerate(head) if place >= first and name not in words]
    rows_of = "1 row" if total == 1 else f"{total:,} rows"
    said = rows_of if len(shown) == total else f"The first {len(shown):,} of {rows_of}; files have all"
    return html.Div(
        [
            basics.table(head, shown, label=label, numbers=numbers),
            html.P(f"{said}. {heads}", className="tm-note"),
        ],
        className="tm-answer-table",
    )


def measures(answer: pa.Table) -> list[tuple[str, ...]]:
    """The mean of each row of an answer with its error, its ranks and its ties, as text."""
    names = ("mean", "se", "n", "high", "low", "measured", "ties")
    columns = [answer.slice(0, SHOWN)[each].to_pylist() for each in names]
    return [
        (
            number(mean),
            number(error) if error is not None else "–",
            f"{n:,}",
            f"{high:,}",
            f"{low:,}",
            f"{measured:,}",
            f"{ties:,}" if ties > 1 else "–",
        )
        for mean, error, n, high, low, measured, ties in zip(*columns, strict=True)
    ]


def links(subject: Subject, names: Sequence[str], part: str) -> list[dcc.Link]:
    """Names of features or entities, each leading to what is known of it."""
    return [dcc.Link(each, href=subject.here(part=part, **{part: each})) for each in names]


def about(subject: Subject, told: Told) -> html.Div:
    """Files of the answer, how fresh it is, and its SQL."""
    files = [
        html.A(
            title,
            href=subject.download(kind),
            download="",
            className="tm-button",
            **{"aria-label": f"Download every row as {title}"},
        )
        for kind, title in FILES.items()
    ]
    return html.Div(
        [
            html.Div([*files, html.Span(fresh(told), className="tm-note")], className="tm-actions tm-files"),
            sql(told),
        ],
        className="tm-below",
    )


def fresh(told: Told) -> str:
    """Which version an answer is of, and when it was worked out."""
    version = f"Version {told.matrix.version}"
    if told.cached is None:
        return f"{version}, worked out now"
    return f"{version}, worked out {_age(told.age)} ago, kept in {_KEEPERS.get(told.cached, told.cached)}"


_KEEPERS = {"process": "memory", "redis": "Redis"}


def _age(seconds: float) -> str:
    for size, unit in ((3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{int(seconds)} second{'' if int(seconds) == 1 else 's'}"


def sql(told: Told) -> html.Details | None:
    """The query that gives the answer."""
    if not told.sql:
        return None
    text = html.Pre(told.sql, tabIndex=0, **{"aria-label": "SQL of this answer"})
    return html.Details([html.Summary("SQL"), text], className="tm-more")

"""Two matrices beside each other, by the features that both have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from tablemend.web import figures
from tablemend.web.components import basics
from tablemend.web.components.graphs import graph
from tablemend.web.pages.explore import answer, groups
from tablemend.web.pages.explore.subject import Subject

if TYPE_CHECKING:
    from tablemend.workspace.explore import Told

_HEADS = "mean: over all cells of a feature that meet the conditions."


def section(subject: Subject) -> Any:
    """The mean of each feature in both, and how they correlate."""
    return groups.part(subject, _shown)


def _shown(subject: Subject) -> list[Any]:
    other = subject.choice.other
    if not other:
        why = f"{subject.name} is the only matrix. Another that has some of its features can be laid against it."
        return [basics.empty("No other matrix", why)]
    told = subject.told
    notes = html.Ul(
        [html.Li(each) for each in (_title(told), *told.notes, *_alone(subject, told))], className="tm-points"
    )
    if not told.table.num_rows:
        why = "No feature is measured in both under these conditions. Names are the same without regard to case."
        return [notes, basics.empty("No feature in common", why), answer.about(subject, told)]
    title = _title(told)
    here, there = (f"mean in {each}" for each in (subject.name, other))
    figure = figures.scatter(told.table, title=title, x=here, y=there)
    label = f"{subject.name} against {other}"
    shown = told.table.slice(0, answer.SHOWN).to_pylist()
    links = groups.links(subject, [row["feature"] for row in shown], "feature", "")
    rows = [
        (
            link,
            groups.told(row["first"]),
            groups.told(row["second"]),
            f"{row['n_first']:,}",
            f"{row['n_second']:,}",
        )
        for link, row in zip(links, shown, strict=True)
    ]
    head = ("feature", here, there, f"cells in {subject.name}", f"cells in {other}")
    table = answer.table(head, rows, label=label, total=told.total, heads=_HEADS)
    return [
        notes,
        html.Div([graph(figure, id="explore-figure", label=label), table], className="tm-answer"),
        answer.about(subject, told),
    ]


def _title(told: Told) -> str:
    """The correlation with its interval, p and n; the axes name the matrices."""
    facts = told.facts
    if facts["r"] is None:
        return f"No correlation, n = {facts['n']:,}"
    interval = f" ({groups.span(_float(facts['low']), _float(facts['high']))})" if facts["low"] is not None else ""
    p = groups.chance(_float(facts["p"]))
    sure = f"p {p}" if p.startswith("<") else f"p = {p}"
    return f"{facts['method']} = {groups.told(facts['r'])}{interval}, {sure}, n = {facts['n']:,}"


def _float(value: float | int | str | None) -> float | None:
    return value if isinstance(value, float) else None


def _alone(subject: Subject, told: Told) -> list[str]:
    """How many features only one of them has, and which version the other is."""
    other, facts = subject.choice.other, told.facts
    return [
        f"{facts['n']:,} features are measured in both, {facts['only_first']:,} only in {subject.name} and "
        f"{facts['only_second']:,} only in {other}.",
        f"{other} is version {subject.ask.get(other).version}.",
    ]

"""Whether values rise or fall along groups in their order, in each feature."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web import figures
from tablemend.web.components.graphs import graph
from tablemend.web.pages.explore import answer, groups
from tablemend.web.pages.explore.subject import Subject

_DIRECTIONS = {1: "rises", -1: "falls", 0: groups.NONE}
_HEADS = (
    "q: p adjusted by Benjamini–Hochberg; stars: * q ≤ 0.05, ** q ≤ 0.01, *** q ≤ 0.001; reason: why it is not tested."
)
_WORDS = ("stars", "direction", "reason")


def section(subject: Subject) -> Any:
    """The values of a feature along the groups, and the table of all features."""
    return groups.part(subject, _shown)


def _shown(subject: Subject) -> list[Any]:
    choice = subject.choice
    if not choice.field:
        return [groups.no_field(subject)]
    told = subject.told
    feature = choice.feature or told.table["feature"][0].as_py()
    points, _ = groups.points(subject, feature, choice.field)
    title = f"{feature} along {choice.field}"
    figure = figures.trends(points, title=title, x=choice.field, y="value", order=choice.groups)
    label = f"Trends along {choice.field}"
    rows = [
        (
            link,
            f"{row['n']:,}",
            groups.told(row["statistic"]),
            groups.chance(row["p"]),
            groups.chance(row["q"]),
            row["stars"],
            _DIRECTIONS[row["direction"]],
            row["reason"],
            *(groups.told(mean) for mean in row["means"]),
        )
        for link, row in _linked(subject, feature)
    ]
    head = ("feature", "n", "statistic", "p", "q", *_WORDS, *(f"mean of {each}" for each in choice.groups))
    return [
        html.Ul([html.Li(each) for each in told.notes], className="tm-points"),
        html.Div(
            [
                graph(figure, id="explore-figure", label=title),
                answer.table(head, rows, label=label, total=told.total, heads=_HEADS, words=_WORDS),
            ],
            className="tm-answer tm-compared",
        ),
        answer.about(subject, told),
    ]


def _linked(subject: Subject, chosen: str) -> list[tuple[Any, dict[str, Any]]]:
    shown = subject.told.table.slice(0, answer.SHOWN).to_pylist()
    links = groups.links(subject, [row["feature"] for row in shown], "trend", chosen)
    return list(zip(links, shown, strict=True))

"""Features that differ between two groups in all, in exactly one, or in any of the regions."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web import comparing
from tablemend.web.components import basics
from tablemend.web.pages.explore import answer, groups
from tablemend.web.pages.explore.subject import Subject

_HEADS = "differs in: regions with q ≤ 0.05, and the sign there; tested: regions in which it could be tested."


def section(subject: Subject) -> Any:
    """The features, the regions of each with the sign of the difference, and the least q."""
    return groups.part(subject, _shown)


def _shown(subject: Subject) -> list[Any]:
    choice = subject.choice
    if not choice.field:
        return [groups.no_field(subject)]
    if not choice.by:
        why = f"Beside {choice.field}, no field of the samples of {subject.name} has 2 to 12 values. "
        why += "Compare shows the same groups without regions."
        return [basics.empty("No regions", why)]
    told = subject.told
    notes = html.Ul(
        [html.Li(each) for each in (_signs(choice.first, choice.second), *told.notes)], className="tm-points"
    )
    if not told.table.num_rows:
        why = f"None differs between {choice.first} and {choice.second} {comparing.WHICH[choice.which]} of {choice.by}."
        return [notes, basics.empty("No feature", why), answer.about(subject, told)]
    shown = told.table.slice(0, answer.SHOWN).to_pylist()
    links = groups.links(subject, [row["feature"] for row in shown], "compare", "")
    order = comparing.along(subject.workspace, subject.name, choice.by, choice.version)
    rows = [
        (
            link,
            ", ".join(f"{region} {signs[region]}" for region in order if region in signs),
            f"{len(row['regions']):,}",
            f"{row['tested']:,}",
            groups.chance(row["q"]),
        )
        for link, row in zip(links, shown, strict=True)
        for signs in (dict(zip(row["regions"], row["signs"], strict=True)),)
    ]
    head = ("feature", "differs in", "regions", "tested", "least q")
    label = f"Features that differ {comparing.WHICH[choice.which]}"
    return [
        notes,
        answer.table(head, rows, label=label, total=told.total, first=2, heads=_HEADS),
        answer.about(subject, told),
    ]


def _signs(first: str, second: str) -> str:
    return f"+ is higher in {first}, − is higher in {second}; a feature leads to its values by region."

"""The highest, lowest or strongest means of the whole matrix."""

from __future__ import annotations

from typing import Any

from tablemend.web import exploring, figures
from tablemend.web.pages.explore import answer
from tablemend.web.pages.explore.subject import Subject


def section(subject: Subject) -> Any:
    """A bar for each pair of a feature and an entity."""
    import pyarrow as pa

    told, sign = subject.told, exploring.SIGNS[subject.choice.sign]
    if not told.table.num_rows:
        return answer.nothing(subject, told, "Nothing to rank", "No cell was measured, or none meets the conditions.")
    label = f"Means of the matrix, the {sign}"
    features, entities = (told.table[each].to_pylist() for each in ("feature", "entity"))
    named = [f"{feature} · {entity}" for feature, entity in zip(features, entities, strict=True)]
    drawn = told.table.append_column("cell", pa.array(named, pa.string()))
    figure = figures.bars(drawn, name="cell", title=label, unit="mean, with its standard error")
    shown = [
        (*names, *rest)
        for *names, rest in zip(
            answer.links(subject, features[: answer.SHOWN], "feature"),
            answer.links(subject, entities[: answer.SHOWN], "entity"),
            answer.measures(told.table),
            strict=True,
        )
    ]
    table = answer.table(("feature", "entity", *answer.MEASURES), shown, label=label, total=told.total, first=2)
    return answer.page(subject, told, figure, table, label=label)

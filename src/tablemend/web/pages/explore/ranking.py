"""One feature over all entities, and one entity over all features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablemend.web import exploring, figures
from tablemend.web.pages.explore import answer
from tablemend.web.pages.explore.subject import Subject

if TYPE_CHECKING:
    import pyarrow as pa

_UNIT = "mean, with its standard error"


def feature(subject: Subject) -> Any:
    """Bars of the means of entities, with their replicates as points."""
    name = subject.choice.feature
    if not name:
        return answer.unchosen(subject, "feature")
    told = subject.told
    if not told.table.num_rows:
        return answer.nothing(subject, told, f"{name} shows nothing", "No entity has it.")
    entities = told.table["entity"].to_pylist()
    label = f"{name} over entities"
    figure = figures.bars(
        told.table, name="entity", title=name, unit=_UNIT, points=_replicates(subject, name, entities)
    )
    return answer.page(subject, told, figure, _table(subject, told.table, "entity", told.total, label), label=label)


def entity(subject: Subject) -> Any:
    """Bars of the means of features; ranks are those of the entity within each feature."""
    name = subject.choice.entity
    if not name:
        return answer.unchosen(subject, "entity")
    told = subject.told
    if not told.table.num_rows:
        return answer.nothing(subject, told, f"{name} shows nothing", "It has no feature.")
    label = f"{name} over features"
    figure = figures.bars(told.table, name="feature", title=name, unit=_UNIT)
    return answer.page(subject, told, figure, _table(subject, told.table, "feature", told.total, label), label=label)


def _replicates(subject: Subject, name: str, entities: list[str]) -> pa.Table:
    """The cells behind the means that are shown."""
    told = subject.ask.replicates(subject.name, name, entities=entities, version=subject.given.version)
    return exploring.told_apart(told.table)


def _table(subject: Subject, rows: pa.Table, what: str, total: int, label: str) -> Any:
    names = answer.links(subject, rows.slice(0, answer.SHOWN)[what].to_pylist(), what)
    shown = [(name, *rest) for name, rest in zip(names, answer.measures(rows), strict=True)]
    return answer.table((what, *answer.MEASURES), shown, label=label, total=total)

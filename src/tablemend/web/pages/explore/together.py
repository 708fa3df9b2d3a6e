"""Features in which all of some entities are among the first."""

from __future__ import annotations

from typing import Any

from tablemend.web import exploring, figures
from tablemend.web.figures.drawing import number
from tablemend.web.pages.explore import answer
from tablemend.web.pages.explore.subject import Subject

_HEAD = ("feature", "mean", "last rank", "ranks", "of")
_HEADS = "ranks: of the chosen entities, in their order, among so many (of) that have the feature; last: of the last."


def section(subject: Subject) -> Any:
    """Bars of the mean of their means, and each one's rank."""
    choice = subject.choice
    if not choice.entities:
        return answer.unchosen(subject, "entity")
    told = subject.told
    which = f"{choice.top} {exploring.SIGNS[choice.sign]}"
    count = len(choice.entities)
    who = choice.entities[0] if count == 1 else f"all of {count:,} entities"
    if not told.table.num_rows:
        why = f"In no feature {'is' if count == 1 else 'are'} {who} among the {which}. Ask for more of the first, "
        return answer.nothing(subject, told, "No feature", why + "or for fewer entities.")
    rows = told.table.slice(0, choice.number)
    label = f"Features with {who} among the {which}"
    figure = figures.bars(
        rows, name="feature", title=label, unit="mean" if count == 1 else "mean of the means of the chosen entities"
    )
    columns = [rows[each].to_pylist() for each in ("feature", "mean", "worst", "ranks", "entities")]
    links = answer.links(subject, columns[0], "feature")
    shown = [
        (link, number(mean), f"{worst:,}", ", ".join(f"{rank:,}" for rank in ranks), f"{of:,}")
        for link, (_, mean, worst, ranks, of) in zip(links, zip(*columns, strict=True), strict=True)
    ]
    table = answer.table(_HEAD, shown, label=label, total=told.total, heads=_HEADS)
    return answer.page(subject, told, figure, table, label=label)

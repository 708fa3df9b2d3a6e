"""What can be chosen of a matrix: names by typing, order, number, conditions on fields; all of it is in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from tablemend.web import exploring, matrices
from tablemend.web.components import forms
from tablemend.web.exploring import BLANK
from tablemend.web.pages.explore.subject import COMPARED, Subject

FIELDS = 8
"""Fields that can be narrowed by choosing; others only by the address."""
VALUES = (2, 60)
"""How many values such a field has: one narrows nothing, and too many are names."""
NAMES = 100
"""Names that can be chosen in a field; addresses hold more."""


CLEARS = {"field": ("first", "second", "groups")}
"""What is no longer meant where another name is chosen."""


def controls(subject: Subject) -> html.Div:
    """The choices of the part that is shown."""
    return html.Div([forms.filters(*_PARTS[subject.given.part](subject)), conditions(subject)])


def _feature(subject: Subject) -> list[Any]:
    return [find(subject, "feature", "Feature", subject.choice.feature), _order(subject), _number(subject)]


def _entity(subject: Subject) -> list[Any]:
    return [find(subject, "entity", "Entity", subject.choice.entity), _order(subject), _number(subject)]


def _together(subject: Subject) -> list[Any]:
    choice = subject.choice
    return [
        _several(subject, "entities", "Entities", choice.entities),
        one("top", "All within the top", _known(exploring.TOPS, choice.top), str(choice.top)),
        one("sign", "Ranked by", list(exploring.SIGNS.items()), choice.sign),
        _number(subject),
    ]


def _strongest(subject: Subject) -> list[Any]:
    return [one("sign", "Means", list(exploring.SIGNS.items()), subject.choice.sign), _number(subject)]


def _heatmap(subject: Subject) -> list[Any]:
    choice = subject.choice
    return [
        _several(subject, "entities", "Entities", subject.given.entities),
        _several(subject, "features", "Features", subject.given.features),
        one("rows", "Else most entities", _known(exploring.ROWS, choice.rows), str(choice.rows)),
        one("columns", "Else most features", _known(exploring.COLUMNS, choice.columns), str(choice.columns)),
    ]


_PARTS = {
    "feature": _feature,
    "entity": _entity,
    "together": _together,
    "strongest": _strongest,
    "heatmap": _heatmap,
}


def find(subject: Subject, name: str, label: str, value: str) -> html.Div:
    """One name, found by typing: `explore.js` asks the server for those that a text may mean."""
    field = dmc.Select(
        id={"kind": "find", "name": name},
        label=label,
        data=_options(subject, name, (value,) if value else ()),
        value=value or None,
        searchable=True,
        allowDeselect=False,
        openOnFocus=False,
        placeholder="type a name",
        **_typing(name),
    )
    return html.Div(field, className="tm-broad")


def _several(subject: Subject, name: str, label: str, values: Sequence[str]) -> html.Div:
    """Several names, found the same way."""
    field = dmc.MultiSelect(
        id={"kind": "find", "name": name},
        label=label,
        data=_options(subject, name, values),
        value=list(values),
        searchable=True,
        clearable=True,
        hidePickedOptions=True,
        maxValues=max(NAMES, len(values)),
        placeholder="" if values else "type a name",
        **_typing(name),
    )
    return html.Div(field, className="tm-broad")


def _typing(name: str) -> dict[str, Any]:
    told = {"feature": "Nothing is called so", "features": "Nothing is called so"}
    return {
        "size": "sm",
        "filter": {"function": "tmEvery"},
        "nothingFoundMessage": told.get(name, "Nobody is called so"),
        "maxDropdownHeight": 320,
        "comboboxProps": {"shadow": "md"},
        "clearButtonProps": {"aria-label": "Clear"},
    }


def _options(subject: Subject, name: str, chosen: Sequence[str]) -> list[dict[str, str]]:
    """What is chosen, then the first names, so that a list can be opened before anything is typed."""
    side = {"feature": "features", "entity": "entities"}.get(name, name)
    found = matrices.search(subject.site, subject.name, side, "", subject.given.version)
    every = dict.fromkeys([*chosen, *(row[0] for row in found.rows)])
    return [{"value": each, "label": each} for each in every]


def _order(subject: Subject) -> dmc.Select:
    return one("order", "Order", list(exploring.ORDERS.items()), subject.choice.order)


def _number(subject: Subject) -> dmc.Select:
    number = subject.choice.number
    return one("number", "At most", _known(exploring.NUMBERS, number), str(number))


def one(name: str, label: str, options: Sequence[tuple[str, str]], value: str) -> dmc.Select:
    """One of several values, of which one always stands there."""
    return select(name, label, options, value, allowDeselect=False)


def _known(numbers: Sequence[int], chosen: int) -> list[tuple[str, str]]:
    """The numbers that are offered, and the one that the address names."""
    return [(str(each), f"{each:,}") for each in sorted({*numbers, chosen})]


_MARKS = {"feature": "e.", "entity": "f.", "together": "f.", "strongest": "e.f.", "heatmap": "e.f."}
_MARKS |= {"compare": "f.s.", "regions": "f.s.", "trend": "f.s.", "against": "s.o."}


def conditions(subject: Subject) -> html.Details | None:
    """Fields by which entities, features or samples are narrowed."""
    sides = [(mark, side) for mark, side in exploring.SIDES.items() if mark in _MARKS[subject.given.part]]
    fields = [each for mark, side in sides for each in _fields(subject, mark, side, told=len(sides) > 1)]
    if not fields:
        return None
    chosen = [f"{field}: {', '.join(value or 'blank' for value in values)}"
              for _, side in sides for field, values in subject.given.where[side].items()]  # fmt: skip
    return html.Details(
        [
            html.Summary(f"Conditions: {'; '.join(chosen)}" if chosen else "Conditions"),
            html.Div(fields, className="tm-filters"),
        ],
        className="tm-more",
        open=bool(chosen),
    )


def _fields(subject: Subject, mark: str, side: str, *, told: bool) -> list[Any]:
    found: list[Any] = []
    name, version, whose = subject.name, subject.given.version, side
    if side == "others":
        name, version, whose = subject.choice.other, None, "samples"
        if all(each.name != name for each in subject.ask.all()):
            return []
    for field in subject.ask.matrix(name, version).fields(whose):
        answer = subject.ask.values(name, whose, field, version=version)
        if VALUES[0] <= answer.total <= VALUES[1] and len(found) < FIELDS:
            found.append(_field(subject, mark, side, field, answer.table.to_pylist(), told=told))
    return found


def _field(
    subject: Subject, mark: str, side: str, field: str, rows: Sequence[dict[str, Any]], *, told: bool
) -> dmc.Select:
    options = [
        (BLANK if row["value"] is None else row["value"], f"{row['value'] or 'blank'} ({row['count']:,})")
        for row in rows
        if row["value"] != ""
    ]
    (value, *_) = subject.given.where[side].get(field, (None,))
    of = f"samples of {subject.choice.other}" if side == "others" else side
    label = f"{field}, of {of}" if told else field
    value = BLANK if value == "" else value
    return select(mark + field, label, options, value, clearable=True, placeholder="all", searchable=len(options) > 10)


def select(name: str, label: str, options: Sequence[tuple[str, str]], value: str | None, **more: Any) -> dmc.Select:
    """One of several values; `explore.js` puts what is picked into the address."""
    data = [{"value": each, "label": shown} for each, shown in options]
    clear = {"aria-label": f"Clear {label}"}
    return dmc.Select(
        id={"kind": "pick", "name": name},
        label=label,
        data=data,
        value=value,
        size="sm",
        clearButtonProps=clear,
        **more,
    )


def drawn(subject: Subject) -> dict[str, Any]:
    """What stands in the fields as the page is drawn: whatever else comes to stand there, a person has picked."""
    choice, given = subject.choice, subject.given
    found: dict[str, Any] = {name: str(getattr(choice, name)) for name in ("order", "sign", "top", "number")}
    found |= {"feature": choice.feature or None, "entity": choice.entity or None}
    found |= {"rows": str(choice.rows), "columns": str(choice.columns)}
    several = given if given.part == "heatmap" else choice
    found |= {"entities": list(several.entities), "features": list(several.features)}
    found |= {name: getattr(choice, name) for name in COMPARED} | {"groups": list(choice.groups)}
    for mark, side in exploring.SIDES.items():
        found |= {mark + field: values[0] or BLANK for field, values in given.where[side].items()}
    return found

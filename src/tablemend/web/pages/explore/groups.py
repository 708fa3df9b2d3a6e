"""What is chosen to compare: fields and groups of samples, regions, tests and other matrices; and what stands there
where it cannot be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from tablemend.errors import NotFound, SettingsError
from tablemend.web import comparing
from tablemend.web.components import basics, forms
from tablemend.web.figures.drawing import number
from tablemend.web.pages.explore import choosing
from tablemend.web.pages.explore.subject import Subject

if TYPE_CHECKING:
    import pyarrow as pa

NONE = "–"


def part(subject: Subject, draw: Callable[[Subject], Sequence[Any]]) -> list[Any]:
    """A part with its choices; where what is chosen cannot be compared, why, and what can be done."""
    try:
        shown = list(draw(subject))
    except (NotFound, SettingsError) as problem:
        title = "This is not there" if isinstance(problem, NotFound) else "This cannot be compared"
        shown = [basics.notice(title, f"{problem}.", hint=problem.hint or "", color="yellow"), *_ways_out(subject)]
    return [html.Div([forms.filters(*_PARTS[subject.given.part](subject)), choosing.conditions(subject)]), *shown]


def no_field(subject: Subject) -> html.Div:
    """That no field of samples makes groups."""
    least, most = comparing.VALUES
    return basics.empty(
        "No groups to compare",
        f"No field of the samples of {subject.name} has {least} to {most} values. Load it again with a table of "
        "samples that tells their groups, or choose another field.",
    )


def points(subject: Subject, feature: str, field: str, by: str = "") -> tuple[pa.Table, int]:
    """The cells of a feature as figures take them: sample, value, group, region; how many have no region."""
    import pyarrow as pa

    choice = subject.choice
    told = subject.ask.replicates(
        subject.name, feature, where=choice.where.get("samples"), version=subject.given.version
    ).table
    wanted = choice.groups if choice.part == "trend" else (choice.first, choice.second)
    places = {each: n for n, each in enumerate(wanted)}
    groups, regions = _column(subject, told, field), _column(subject, told, by)
    rows = [n for n, group in enumerate(groups) if group in places]
    found = [n for n in rows if not by or regions[n] is not None]
    order = {each: n for n, each in enumerate(comparing.along(subject.workspace, subject.name, by, choice.version))}
    found.sort(key=lambda n: (order.get(regions[n], len(order)), places[groups[n]]))
    cells = told.take(pa.array(found, pa.int64()))  # sample, entity, value, fields, any of which may be called so
    made = {"sample": cells.column(0), "value": cells.column(2), "group": pa.array([groups[n] for n in found])}
    return pa.table(made | {"region": pa.array([regions[n] for n in found], pa.string())}), len(rows) - len(found)


def _column(subject: Subject, cells: pa.Table, field: str) -> list[Any]:
    """What a field says of each cell; by its place, since a field may have the name of another column."""
    if not field:
        return [None] * cells.num_rows
    fields = subject.manifest.sample_fields
    found: list[Any] = cells.column(cells.num_columns - len(fields) + fields.index(field)).to_pylist()
    return found


def links(subject: Subject, names: Sequence[str], part: str, chosen: str) -> list[dcc.Link]:
    """Names of features, each leading to the figure of it."""
    return [
        dcc.Link(
            each,
            href=subject.here(part=part, feature=each),
            className="tm-strong" if each == chosen else None,
            title=f"{each}: shown now" if each == chosen else None,
        )
        for each in names
    ]


def told(value: Any) -> str:
    """A number in a table; nothing where there is none."""
    return NONE if value is None else number(value)


def chance(value: float | None) -> str:
    """A probability in a table: one of 0 is below what numbers can tell."""
    return "< 1e−300" if value == 0 else told(value)


def span(low: float | None, high: float | None) -> str:
    """An interval in a table."""
    return NONE if low is None and high is None else f"{told(low)} to {told(high)}"


def _ways_out(subject: Subject) -> list[Any]:
    """The same with a feature of a like name, or without conditions."""
    feature, found = subject.choice.feature, []
    if near := subject.nearest("features", feature) if feature else []:
        shown = [html.Li(dcc.Link(each, href=subject.here(feature=each))) for each in near]
        head = html.Div("Nearest names", className="tm-h3")
        found.append(html.Nav([head, html.Ul(shown, className="tm-points")], **{"aria-label": "Nearest names"}))
    if any(subject.given.where.values()):
        changes = {name: None for name in subject.narrowed if name != "version"}
        found.append(basics.link_button("Without conditions", subject.here(**changes)))
    return found


def _compare(subject: Subject) -> list[Any]:
    return [choosing.find(subject, "feature", "Feature", subject.choice.feature), *_two(subject), *_test(subject)]


def _regions(subject: Subject) -> list[Any]:
    which = choosing.one("which", "Differs", list(comparing.WHICH.items()), subject.choice.which)
    return [*_two(subject), which, *_test(subject)]


def _trend(subject: Subject) -> list[Any]:
    from tablemend.explore.trending import TRENDS

    choice = subject.choice
    every = dict.fromkeys(
        [*choice.groups, *comparing.along(subject.workspace, subject.name, choice.field, choice.version)]
    )
    groups = dmc.MultiSelect(
        id={"kind": "pick", "name": "groups"},
        label="Groups, in their order",
        data=[{"value": each, "label": each} for each in every],
        value=list(choice.groups),
        size="sm",
        searchable=True,
        clearable=True,
        clearButtonProps={"aria-label": "Clear"},
    )
    return [
        choosing.find(subject, "feature", "Feature", choice.feature),
        _field(subject),
        html.Div(groups, className="tm-broad"),
        choosing.one("trend", "Test", [(name, test.name) for name, test in TRENDS.items()], choice.trend),
    ]


def _against(subject: Subject) -> list[Any]:
    from tablemend.explore.correlating import CORRELATIONS

    others = [each.name for each in subject.ask.all() if each.name != subject.name]
    return [
        choosing.one("other", "Other matrix", _known(others), subject.choice.other),
        choosing.one(
            "method", "Correlation", [(name, test.name) for name, test in CORRELATIONS.items()], subject.choice.method
        ),
    ]


_PARTS = {"compare": _compare, "regions": _regions, "trend": _trend, "against": _against}


def _field(subject: Subject) -> dmc.Select:
    offered = subject.offered
    known = [*offered, *(each for each in subject.manifest.sample_fields if each not in offered)]
    return choosing.one("field", "Groups by", _known(known), subject.choice.field)


def _two(subject: Subject) -> list[dmc.Select]:
    """The field, both groups and the regions."""
    choice = subject.choice
    said = _known(comparing.values(subject.workspace, subject.name, choice.field, choice.version))
    by = _known([each for each in dict.fromkeys([*subject.offered, choice.by]) if each not in ("", choice.field)])
    needed = {"allowDeselect": False} if choice.part == "regions" else {"clearable": True, "placeholder": "none"}
    return [
        _field(subject),
        choosing.one("first", "First group", said, choice.first),
        choosing.one("second", "Second group", said, choice.second),
        choosing.select("by", "Regions by", by, choice.by or None, **needed),
    ]


def _test(subject: Subject) -> list[dmc.Select]:
    """The test with the field of pairs where it needs one, and the scale."""
    from tablemend.explore.comparing import TESTS

    choice = subject.choice
    found = [choosing.one("test", "Test", [(name, test.name) for name, test in TESTS.items()], choice.test)]
    if comparing.paired(choice.test):
        fields = _known([each for each in subject.manifest.sample_fields if each != choice.field])
        found.append(choosing.one("pairs", "Pairs by", fields, choice.pairs))
    return [*found, choosing.one("scale", "Values are", list(comparing.SCALES.items()), choice.scale)]


def _known(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(each, each) for each in names]

"""What is compared of a matrix: fields and groups where an address names none, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from tablemend.errors import SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.web.exploring import Choice
    from tablemend.workspace import Workspace
    from tablemend.workspace.explore import Told

PARTS = {"compare": "Compare", "regions": "Regions", "trend": "Trend", "against": "Against"}
"""The parts of a matrix that compare, by what the query string calls them."""
SCALES = {"linear": "as they are", "log2": "logarithms to 2", "ln": "natural logarithms", "log10": "logarithms to 10"}
WHICH = {"all": "in all regions", "one": "in exactly one region", "any": "in any region"}
VALUES = (2, 12)
"""How many values a field has that is offered for groups."""
_MOST = 200
"""Values of a field that are offered."""


def fields(workspace: Workspace, name: str, version: int | None) -> list[str]:
    """The fields of samples that can make groups, in their order."""
    known = workspace.explore.get(name, version).sample_fields
    return [each for each in known if VALUES[0] <= len(values(workspace, name, each, version)) <= VALUES[1]]


def values(workspace: Workspace, name: str, field: str, version: int | None) -> list[str]:
    """What a field of samples says, the most frequent first; nothing of a field that is not there."""
    if field not in workspace.explore.get(name, version).sample_fields:
        return []
    told = workspace.explore.values(name, "samples", field, version=version).table
    return [each for each in told.slice(0, _MOST)["value"].to_pylist() if each]


def along(workspace: Workspace, name: str, field: str, version: int | None) -> list[str]:
    """What a field of samples says, in the order in which the samples come."""
    if field not in workspace.explore.get(name, version).sample_fields:
        return []
    told = workspace.explore.matrix(name, version).told("samples")[field].to_pylist()
    return [each for each in dict.fromkeys(told) if each][:_MOST]


def settled(workspace: Workspace, name: str, choice: Choice) -> Choice:
    """A choice in which nothing is left open that the matrix offers.

    The first field with 2 to 12 values and its two most frequent, or all in the order in which they come; where regions
    are needed, the first other such field that has both; the first other matrix. What is named wrongly stays as it is.
    """
    if choice.part == "against":
        others = [each.name for each in workspace.explore.all() if each.name != name]
        return structs.replace(choice, other=choice.other or next(iter(others), ""))
    offered = fields(workspace, name, choice.version)
    field = choice.field or next(iter(offered), "")
    if choice.part == "trend":
        groups = choice.groups or tuple(along(workspace, name, field, choice.version))
        return structs.replace(choice, field=field, groups=groups)
    said = values(workspace, name, field, choice.version)
    first = choice.first or next((each for each in said if each != choice.second), "")
    second = choice.second or next((each for each in said if each != first), "")
    by = choice.by
    if choice.part == "regions" and not by:
        by = _regions(workspace, name, structs.replace(choice, field=field, first=first, second=second), offered)
    return structs.replace(choice, field=field, first=first, second=second, by=by)


def _regions(workspace: Workspace, name: str, choice: Choice, offered: list[str]) -> str:
    """The first field of which some value has samples of both groups; else the first that is another field."""
    others = [each for each in offered if each != choice.field]
    if not others or choice.field not in workspace.explore.get(name, choice.version).sample_fields:
        return next(iter(others), "")
    told = workspace.explore.matrix(name, choice.version).told("samples")
    groups = told[choice.field].to_pylist()
    for each in others:
        pairs = set(zip(told[each].to_pylist(), groups, strict=True))
        if any(region and (region, choice.second) in pairs for region, group in pairs if group == choice.first):
            return each
    return others[0]


def paired(test: str) -> bool:
    """Whether a test needs pairs; one that is not known does not."""
    from tablemend.explore.comparing import TESTS

    return test in TESTS and TESTS[test].paired


def asked(workspace: Workspace, name: str, choice: Choice) -> Told:
    """The answer to a settled choice. Raises NotFound and SettingsError for what is named wrongly, or not at all."""
    ask, version = workspace.explore, choice.version
    if choice.part == "against":
        _needed(choice.other, "other matrix")
        return ask.against(
            name,
            choice.other,
            where=choice.where.get("samples"),
            other_where=choice.where.get("others"),
            method=choice.method,
            version=version,
        )
    _needed(choice.field, "field of samples")
    ask.matrix(name, version).field("samples", choice.field)
    narrowed = {"where": choice.where.get("samples"), "features": choice.feature_where}
    if choice.part == "trend":
        return ask.trend(name, choice.field, choice.groups, test=choice.trend, **narrowed, version=version)
    _needed(choice.first, "first group")
    _needed(choice.second, "second group")
    return _groups(workspace, name, choice, narrowed)


def _groups(workspace: Workspace, name: str, choice: Choice, narrowed: dict[str, Any]) -> Told:
    ask, needs = workspace.explore, paired(choice.test)
    if needs and not choice.pairs:
        raise SettingsError(
            "a paired test needs to know which samples belong together", hint="Choose the field that names the pair."
        )
    pairs = choice.pairs if needs else ""
    groups = (name, choice.field, choice.first, choice.second)
    given = narrowed | {"test": choice.test, "pairs": pairs, "scale": choice.scale, "version": choice.version}
    if choice.part == "compare":
        return ask.compare(*groups, by=choice.by, **given)
    _needed(choice.by, "field of regions")
    return ask.regions(*groups, by=choice.by, which=choice.which, **given)


def flat(table: pa.Table, choice: Choice) -> pa.Table:
    """An answer as files take it: a column for each group or region in place of lists."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if choice.part == "trend":
        means = table["means"].combine_chunks()
        for place, group in enumerate(choice.groups):
            table = table.append_column(f"mean: {group}", pc.list_element(means, place))
        return table.drop_columns(["means"])
    if choice.part == "regions":
        listed = zip(table["regions"].to_pylist(), table["signs"].to_pylist(), strict=True)
        signs = [dict(zip(*each, strict=True)) for each in listed]
        for region in dict.fromkeys(region for each in signs for region in each):
            told = pa.array([each.get(region) for each in signs], pa.string())
            table = table.append_column(f"sign: {region}", told)
        return table.drop_columns(["regions", "signs"])
    return table


def _needed(given: str, what: str) -> None:
    if not given:
        raise SettingsError(f"no {what} is chosen", hint="Choose one.")

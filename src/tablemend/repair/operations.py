"""The closed vocabulary of operations: phase, parameters and meaning of each, as one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from tablemend.errors import RepairError, UnknownOperation
from tablemend.records import PHASES, Phase, Record

Kind = Literal["expression", "map", "rows", "columns"]


Value = Literal["text", "texts", "number", "pairs", "flag"]


class Parameter(Record, frozen=True, kw_only=True):
    """One parameter of an operation."""

    name: str
    help: str
    required: bool = False
    value: Value = "text"  # text, list of texts, number, rows of texts, yes or no


class Operation(Record, frozen=True, kw_only=True):
    """One way to change cells, rows or columns."""

    name: str
    phase: Phase
    kind: Kind  # expression over the row, join with an old→new map, row operation, column operation
    help: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def order(self) -> int:
        """Position of its phase."""
        return PHASES.index(self.phase)


def _parameter(name: str, text: str, *, required: bool = False, value: Value = "text") -> Parameter:
    return Parameter(name=name, help=text, required=required, value=value)


_PAIRS = _parameter("pairs", "rows of key values followed by the new value", required=True, value="pairs")
_KEYS = _parameter("keys", "columns that the key values belong to, the changed column last", value="texts")
_DETERMINANTS = _parameter("determinants", "columns that determine the changed one", value="texts")

OPERATIONS: dict[str, Operation] = {
    each.name: each
    for each in (
        Operation(name="trim", phase="text", kind="expression", help="Remove white space at both ends."),
        Operation(name="fold_space", phase="text", kind="expression", help="Trim, and fold inner runs to one space."),
        Operation(
            name="change_case",
            phase="text",
            kind="expression",
            help="Write in lower, upper or title case.",
            parameters=(_parameter("case", "lower, upper or title", required=True),),
        ),
        Operation(
            name="fix_mojibake",
            phase="text",
            kind="map",
            help="Restore text that was decoded with the wrong encoding.",
            parameters=(_PAIRS, _KEYS),
        ),
        Operation(
            name="normalise_number",
            phase="text",
            kind="expression",
            help="Write numbers one way: unit and currency spellings, thousands and decimal signs.",
            parameters=(
                _parameter("strip", "unit or currency spellings to remove at either end", value="texts"),
                _parameter("thousands", "thousands sign to remove"),
                _parameter("decimal", "decimal sign of the source"),
                _parameter("unit", "the one unit spelling to append"),
                _parameter("space", "put a space before the unit", value="flag"),
            ),
        ),
        Operation(
            name="parse_date",
            phase="text",
            kind="expression",
            help="Rewrite dates of the given formats in one format.",
            parameters=(
                _parameter("formats", "strptime formats, tried in order", required=True, value="texts"),
                _parameter("to", "strftime format to write", required=True),
            ),
        ),
        Operation(
            name="cast",
            phase="text",
            kind="expression",
            help="Write as a value of a type reads; what cannot be cast stays.",
            parameters=(_parameter("type", "SQL type", required=True),),
        ),
        Operation(
            name="replace_pattern",
            phase="text",
            kind="expression",
            help="Replace every match of a regular expression.",
            parameters=(
                _parameter("pattern", "RE2 regular expression", required=True),
                _parameter("replacement", r"text, \1 for a group", required=True),
            ),
        ),
        Operation(
            name="map_values",
            phase="values",
            kind="map",
            help="Replace old values by new ones.",
            parameters=(_PAIRS, _KEYS),
        ),
        Operation(
            name="fill",
            phase="values",
            kind="expression",
            help="Fill missing cells.",
            parameters=(
                _parameter("method", "constant, mean, median, mode, forward, backward or interpolate", required=True),
                _parameter("value", "the value of constant, mean, median and mode; computed where left out"),
                _parameter("order", "column that orders the rows; by default their order in the source"),
            ),
        ),
        Operation(
            name="set_null",
            phase="values",
            kind="expression",
            help="Empty cells that hold given values or meet a condition.",
            parameters=(
                _parameter("values", "values to empty", value="texts"),
                _parameter("predicate", "SQL condition"),
            ),
        ),
        Operation(
            name="cap",
            phase="values",
            kind="expression",
            help="Move outliers to the nearest fence.",
            parameters=(
                _parameter("low", "lower fence", value="number"),
                _parameter("high", "upper fence", value="number"),
            ),
        ),
        Operation(
            name="log_transform",
            phase="values",
            kind="expression",
            help="Replace positive numbers by their logarithm.",
            parameters=(_parameter("base", "2, 10 or e"),),
        ),
        Operation(
            name="custom",
            phase="values",
            kind="expression",
            help="Any SQL expression over the row.",
            parameters=(_parameter("expression", "SQL expression", required=True),),
        ),
        Operation(
            name="repair_dependency",
            phase="dependencies",
            kind="map",
            help="Replace the value that contradicts what other columns determine.",
            parameters=(_PAIRS, _KEYS, _DETERMINANTS),
        ),
        Operation(
            name="fill_dependency",
            phase="dependencies",
            kind="map",
            help="Fill a missing cell with the value that other columns determine.",
            parameters=(_PAIRS, _KEYS, _DETERMINANTS),
        ),
        Operation(
            name="remove_rows",
            phase="rows",
            kind="rows",
            help="Remove rows that meet a condition.",
            parameters=(_parameter("predicate", "SQL condition", required=True),),
        ),
        Operation(
            name="deduplicate",
            phase="rows",
            kind="rows",
            help="Keep one row of each group of duplicates.",
            parameters=(
                _parameter("columns", "columns that make rows equal; by default all", value="texts"),
                _parameter("keep", "first, last, most_complete or merge"),
                _parameter("order", "column that says which is first; by default the order in the source"),
            ),
        ),
        Operation(
            name="split_column",
            phase="columns",
            kind="columns",
            help="Split a column into several.",
            parameters=(
                _parameter("into", "names of the new columns", required=True, value="texts"),
                _parameter("delimiter", "text between the parts"),
                _parameter("pattern", "regular expression with one group per part"),
            ),
        ),
        Operation(
            name="merge_columns",
            phase="columns",
            kind="columns",
            help="Join columns into one new column.",
            parameters=(
                _parameter("into", "name of the new column", required=True),
                _parameter("delimiter", "text between the parts"),
            ),
        ),
        Operation(name="drop_column", phase="columns", kind="columns", help="Remove a column."),
    )
}

IRREVERSIBLE = ("log_transform", "drop_column", "remove_rows", "deduplicate", "merge_columns")
"""Operations whose result does not tell what was there; they can be undone here, but not outside this tool."""

_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("change_case", "case"): ("lower", "upper", "title"),
    ("fill", "method"): ("constant", "mean", "median", "mode", "forward", "backward", "interpolate"),
    ("deduplicate", "keep"): ("first", "last", "most_complete", "merge"),
    ("log_transform", "base"): ("2", "10", "e"),
}


def operation(name: str) -> Operation:
    """The operation of that name; `UnknownOperation` where there is none."""
    found = OPERATIONS.get(name)
    if found is None:
        raise UnknownOperation(
            f"there is no operation {name!r}", hint=f"The operations are: {', '.join(sorted(OPERATIONS))}."
        )
    return found


def validate(name: str, params: Mapping[str, Any]) -> Operation:
    """Check the parameters of an operation; `RepairError` names the one that is wrong."""
    chosen = operation(name)
    known = {each.name for each in chosen.parameters}
    unknown = sorted(set(params) - known)
    if unknown:
        raise RepairError(
            f"{name} has no parameter {unknown[0]!r}",
            hint=f"It takes: {', '.join(sorted(known)) or 'none'}.",
        )
    for each in chosen.parameters:
        if each.required and params.get(each.name) is None:
            raise RepairError(f"{name} needs the parameter {each.name!r}", hint=f"{each.name}: {each.help}.")
        if params.get(each.name) is not None and not _SHAPES[each.value](params[each.name]):
            raise RepairError(
                f"{name}: {each.name} cannot be {params[each.name]!r:.80}", hint=f"It is {_SHAPE_NAMES[each.value]}."
            )
    _validate_choices(name, params)
    return chosen


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _is_number(value: Any) -> bool:
    try:
        return _is_text(value) and math.isfinite(float(value))
    except ValueError:
        return False


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(each is None or _is_text(each) for each in value)


def _is_pairs(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(_is_texts(each) for each in value)


_SHAPES: dict[Value, Callable[[Any], bool]] = {
    "text": _is_text,
    "texts": _is_texts,
    "number": _is_number,
    "pairs": _is_pairs,
    "flag": lambda value: isinstance(value, bool),
}
_SHAPE_NAMES: dict[Value, str] = {
    "text": "one text",
    "texts": "a list of texts",
    "number": "a number",
    "pairs": "a list of rows, each a list of texts",
    "flag": "true or false",
}


def _validate_choices(name: str, params: Mapping[str, Any]) -> None:
    for (owner, parameter), allowed in _CHOICES.items():
        value = params.get(parameter)
        if owner == name and value is not None and str(value) not in allowed:
            raise RepairError(f"{name}: {parameter} cannot be {value!r}", hint=f"It is one of {', '.join(allowed)}.")
    if name == "set_null" and (params.get("values") is None) == (params.get("predicate") is None):
        raise RepairError("set_null needs either values or a predicate", hint="Give exactly one of the two.")
    if name == "split_column" and (params.get("delimiter") is None) == (params.get("pattern") is None):
        raise RepairError("split_column needs either a delimiter or a pattern", hint="Give exactly one of the two.")
    if name == "cap" and params.get("low") is None and params.get("high") is None:
        raise RepairError("cap needs a fence", hint="Give low, high or both.")
    if (
        name == "cap"
        and None not in (params.get("low"), params.get("high"))
        and float(params["low"]) > float(params["high"])
    ):
        raise RepairError("cap: low is above high", hint="Give the lower fence as low.")

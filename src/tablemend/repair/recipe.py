"""Recipes: approved repairs as a file that replays on new data, checked before it runs."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tablemend.errors import SettingsError, TablemendError
from tablemend.records import Column, Proposal, Record, Repair
from tablemend.repair import operations
from tablemend.repair.compose import ROW

_NULL = {"null": True}  # TOML has no null
_HINT = "`tablemend recipe save` writes one."


class Need(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column that a recipe works on."""

    column: str
    semantic: str = ""


class RecipeStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One repair of a recipe."""

    operation: str
    columns: tuple[str, ...] = ()
    check: str = ""
    confidence: float = 1.0
    explanation: str = ""
    params: dict[str, Any] = {}


class Recipe(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Repairs to replay, and the columns they need."""

    name: str
    version: int = 1
    needs: tuple[Need, ...] = ()
    repairs: tuple[RecipeStep, ...] = ()


def of_repairs(name: str, repairs: Sequence[Repair], semantics: Mapping[str, str]) -> Recipe:
    """A recipe of repairs, in the order in which they apply; repairs of single rows hold for one table and stay out."""
    repairs = [each for each in repairs if ROW not in (each.params.get("keys") or ())]
    ordered = sorted(repairs, key=lambda each: (operations.operation(each.operation).order, -each.confidence, each.id))
    needed = dict.fromkeys(column for each in ordered for column in _columns(each.columns, each.params))
    return Recipe(
        name=name,
        needs=tuple(Need(column=column, semantic=semantics.get(column, "")) for column in needed),
        repairs=tuple(
            RecipeStep(
                operation=each.operation,
                columns=each.columns,
                check=each.check,
                confidence=each.confidence,
                explanation=each.explanation,
                params=each.params,
            )
            for each in ordered
        ),
    )


def _columns(columns: Sequence[str], params: Mapping[str, Any]) -> list[str]:
    order = [params["order"]] if params.get("order") else []
    return [*columns, *(params.get("keys") or ()), *(params.get("columns") or ()), *order]


def problems(recipe: Recipe, columns: Sequence[Column]) -> list[str]:
    """Why a recipe cannot replay on a table; empty where it can."""
    present = {column.name for column in columns}
    needed = [need.column for need in recipe.needs]
    needed += [column for step in recipe.repairs for column in _columns(step.columns, step.params)]
    found = [f"the table has no column {column}" for column in dict.fromkeys(needed) if column not in present]
    for number, step in enumerate(recipe.repairs, start=1):
        try:
            operations.validate(step.operation, step.params)
        except TablemendError as problem:
            found.append(f"repair {number}: {problem.message}")
    return found


def renamed(recipe: Recipe, mapping: Mapping[str, str]) -> Recipe:
    """The recipe for a table whose columns have other names: recipe column → table column."""
    unknown = sorted(set(mapping) - {need.column for need in recipe.needs})
    if unknown:
        raise SettingsError(
            f"the recipe does not name a column {unknown[0]}",
            hint=f"It needs: {', '.join(need.column for need in recipe.needs)}.",
        )

    def name(column: str) -> str:
        return mapping.get(column, column)

    def params(given: dict[str, Any]) -> dict[str, Any]:
        lists = {
            key: [name(each) for each in given[key]] for key in ("keys", "columns", "determinants") if given.get(key)
        }
        return given | lists | ({"order": name(given["order"])} if given.get("order") else {})

    return msgspec.structs.replace(
        recipe,
        needs=tuple(msgspec.structs.replace(need, column=name(need.column)) for need in recipe.needs),
        repairs=tuple(
            msgspec.structs.replace(
                step, columns=tuple(name(column) for column in step.columns), params=params(step.params)
            )
            for step in recipe.repairs
        ),
    )


def proposals(recipe: Recipe) -> list[Proposal]:
    """The repairs of a recipe as proposals for a table."""
    return [
        Proposal(
            check=step.check or "recipe",
            operation=step.operation,
            columns=step.columns,
            params=step.params,
            confidence=step.confidence,
            tier=f"recipe {recipe.name} {number}",
            explanation=step.explanation or f"Repair {number} of the recipe {recipe.name}.",
        )
        for number, step in enumerate(recipe.repairs, start=1)
    ]


def dumps(recipe: Recipe, kind: str) -> str:
    """The text of a recipe file, `toml` or `json`."""
    plain = msgspec.to_builtins(recipe)
    if kind == "json":
        return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    import tomli_w

    return tomli_w.dumps(_without_none(plain))


def read(path: Path) -> Recipe:
    """A recipe from a TOML or JSON file; SettingsError says what is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as problem:
        raise SettingsError(f"there is no recipe {path}", hint=_HINT) from problem
    except (OSError, ValueError) as problem:
        raise SettingsError(f"{path} is not a recipe: {problem}", hint=_HINT) from problem
    return parse(text, "json" if path.suffix == ".json" else "toml", origin=str(path))


def parse(text: str, kind: str, *, origin: str) -> Recipe:
    """A recipe from its text, `toml` or `json`; `origin` names it where SettingsError says what is wrong in it."""
    try:
        plain = json.loads(text) if kind == "json" else _with_none(tomllib.loads(text))
        return msgspec.convert(plain, Recipe)
    except (ValueError, RecursionError, msgspec.ValidationError) as problem:
        raise SettingsError(f"{origin} is not a recipe: {problem}", hint=_HINT) from problem


def _without_none(value: Any) -> Any:
    if value is None:
        return _NULL
    if isinstance(value, dict):
        return {key: _without_none(each) for key, each in value.items()}
    return [_without_none(each) for each in value] if isinstance(value, list | tuple) else value


def _with_none(value: Any) -> Any:
    if value == _NULL:
        return None
    if isinstance(value, dict):
        return {key: _with_none(each) for key, each in value.items()}
    return [_with_none(each) for each in value] if isinstance(value, list) else value

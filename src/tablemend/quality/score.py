"""The health of a table, from 0 to 100, counted from cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tablemend.quality.evaluate import DimensionCount, Evaluation
from tablemend.records import Score

WEIGHTS: Mapping[str, float] = {"completeness": 0.3, "validity": 0.3, "consistency": 0.2, "uniqueness": 0.2}
"""Weights of the dimensions in the overall score; plausibility is shown, not weighted."""

BELOW_PERFECT = 99.99
"""The highest overall score of a table with a finding of any kind, an unevaluated check included."""


def score(evaluation: Evaluation, weights: Mapping[str, float] = WEIGHTS) -> Score:
    """100 × (1 − failing / applicable cells) per column and dimension, over the table, and weighted overall.

    Dimensions without an evaluated check are left out and their weight shared by the others; without any the overall
    score is 0. Confidence is the share of the checks that could be evaluated.
    """
    columns: dict[str, dict[str, float]] = defaultdict(dict)
    for count in evaluation.dimensions:
        if count.column and count.applicable:
            columns[count.column][count.dimension] = _health(count.failing, count.applicable)
    dimensions = {name: health for name in _names(evaluation.dimensions) for health in _dimension(evaluation, name)}
    overall = _weighted(dimensions, weights)
    return Score(
        overall=min(overall, BELOW_PERFECT) if _any_finding(evaluation) else overall,
        dimensions=dimensions,
        columns=dict(columns),
        confidence=1 - len(evaluation.errors) / len(evaluation.checks) if evaluation.checks else 0.0,
    )


def _health(failing: int, applicable: int) -> float:
    return 100.0 * (applicable - failing) / applicable


def _names(counts: Iterable[DimensionCount]) -> list[str]:
    return list(dict.fromkeys(count.dimension for count in counts))


def _dimension(evaluation: Evaluation, name: str) -> list[float]:
    """The dimension over all its cells and whole rows; uniqueness over rows alone. Empty without applicable cells."""
    counts = [each for each in evaluation.dimensions if each.dimension == name]
    if name == "uniqueness":
        counts = [each for each in counts if not each.column]
    applicable = sum(each.applicable for each in counts)
    return [_health(sum(each.failing for each in counts), applicable)] if applicable else []


def _weighted(dimensions: Mapping[str, float], weights: Mapping[str, float]) -> float:
    used = {name: weights.get(name, 0.0) for name in dimensions}
    total = sum(used.values())
    return sum(dimensions[name] * weight for name, weight in used.items()) / total if total else 0.0


def _any_finding(evaluation: Evaluation) -> bool:
    return any(found.rows or found.error is not None for found in evaluation.checks.values())

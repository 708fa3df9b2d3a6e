"""Questions that statistics answer: groups, trends along ordered groups, and two matrices beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tablemend.errors import NotFound, SettingsError
from tablemend.explore import comparing, correlating, trending
from tablemend.explore.chunks import Progress
from tablemend.explore.matrix import Answer, Facts, Matrix
from tablemend.explore.parts import FEATURE, NAME, SAMPLE
from tablemend.explore.questions import Where, conditions

if TYPE_CHECKING:
    Mask = npt.NDArray[np.bool_]

LEVEL = 0.05
"""Largest q that counts as a difference, by custom."""

SCALES: dict[str, float] = {"linear": 0.0, "log2": 2.0, "ln": math.e, "log10": 10.0}
"""Scale of the values → its base; a difference of logarithms is a ratio."""

_REGION = "region"


class _Chosen(NamedTuple):
    """Samples and features that a question is about."""

    values: npt.NDArray[np.floating]  # features × samples
    samples: pa.Table
    features: list[str]


def compare(
    matrix: Matrix,
    field: str,
    first: str,
    second: str,
    *,
    by: str = "",
    test: str = "mann-whitney",
    pairs: str = "",
    scale: str = "linear",
    where: Where | None = None,
    features: Where | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Two groups of samples compared in each feature, and in each region where `by` names a field of regions.

    The groups are the samples of which `field` says `first` and `second`; `pairs` is the field that says which two of
    them belong together, for the paired tests. `test` is one of `comparing.TESTS`. `where` narrows samples, `features`
    features. Columns: feature, region (null without `by`), n_first, n_second, mean_first, mean_second, median_first,
    median_second, difference (first − second), low and high (its 95 % interval), statistic, p, q (Benjamini–Hochberg
    over every row of the answer), stars, reason (why there is no p), and with a `scale` of logarithms ratio, ratio_low
    and ratio_high. Sorted by p. Raises NotFound for a field or a group that is not there, and SettingsError.
    """
    chosen = _chosen(matrix, where, features)
    told = chosen.samples[_field(matrix, field)].to_pylist()
    groups = [np.array([each == wanted for each in told]) for wanted in (first, second)]
    for wanted, mask in zip((first, second), groups, strict=True):
        if not mask.any():
            known = ", ".join(sorted({each for each in told if each is not None})[:12]) or "nothing"
            raise NotFound(f"no sample has {field} {wanted!r}", hint=f"There is {known}.")
    base = _base(scale)
    numbers = _numbers(chosen.samples, matrix, pairs) if pairs else None
    tables, left = [], []
    regions = _regions(chosen.samples, matrix, by)
    for n, (region, mask) in enumerate(regions):
        one, other = groups[0] & mask, groups[1] & mask
        if not (one.any() and other.any()):
            left.append(str(region))
            continue
        part = comparing.compare(
            chosen.values, one, other, test=test, pairs=numbers, progress=_share(progress, n, len(regions))
        )
        tables.append(_table(chosen.features, region, part, base))
    if not tables:
        raise NotFound(f"no {by} has samples of both {first} and {second}", hint="Name another field of regions.")
    made = _judged(pa.concat_tables(tables))
    kind = comparing.TESTS[test]
    notes = [f"{kind.name}, two-sided: {kind.assumes}", _untested(made)]
    if left:
        notes.append(f"Left out, since they have samples of one group only: {', '.join(left)}.")
    facts: Facts = {"test": kind.name, "significant": _significant(made)}
    facts |= {"tested": made.num_rows - made["p"].null_count}
    return Answer(made, "", made.num_rows, tuple(each for each in notes if each), facts)


def regions(
    matrix: Matrix,
    field: str,
    first: str,
    second: str,
    *,
    by: str,
    which: str = "any",
    level: float = LEVEL,
    **more: Any,
) -> Answer:
    """The features that differ between two groups in all, in exactly one, or in any of the regions of a field.

    `which` is `all`, `one` or `any`; a region counts where q is at most `level`. Options and errors as those of
    `compare`. Columns: feature, regions (those in which it differs), signs (of the differences, + or −), tested
    (regions that have a p), q (the least).
    """
    if which not in ("all", "one", "any"):
        raise SettingsError(f"features cannot differ in {which!r} of the regions", hint="Say all, one or any.")
    if not by:
        raise SettingsError("no field of regions is named", hint="Name one by --by.")
    compared = compare(matrix, field, first, second, by=by, **more)
    found: dict[str, list[tuple[str, str, float]]] = {}
    tested: dict[str, int] = {}
    for feature, region, difference, q in zip(
        *(compared.table[name].to_pylist() for name in ("feature", _REGION, "difference", "q")), strict=True
    ):
        if q is None:
            continue
        tested[feature] = tested.get(feature, 0) + 1
        if q <= level:
            found.setdefault(feature, []).append((region, "+" if difference > 0 else "−", q))
    count = len(set(compared.table[_REGION].to_pylist()))
    fitting = {"all": {count}, "one": {1}, "any": set(range(1, count + 1))}[which]
    rows = [
        {
            "feature": feature,
            "regions": [region for region, _, _ in each],
            "signs": [sign for _, sign, _ in each],
            "tested": tested[feature],
            "q": min(q for _, _, q in each),
        }
        for feature, each in found.items()
        if len(each) in fitting
    ]
    kinds = {"feature": pa.string(), "regions": pa.list_(pa.string()), "signs": pa.list_(pa.string())}
    schema = pa.schema([*kinds.items(), ("tested", pa.int64()), ("q", pa.float64())])
    made = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["q"], row["feature"])), schema)
    notes = (*compared.notes, f"There are {count} regions; one counts where q ≤ {level:g}.")
    return Answer(made, "", made.num_rows, notes, compared.facts)


def trend(
    matrix: Matrix,
    field: str,
    order: Sequence[str],
    *,
    test: str = "spearman",
    where: Where | None = None,
    features: Where | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Whether values rise or fall along groups of samples in an order, in each feature.

    `order` are the values of `field`, two or more; `test` is one of `trending.TRENDS`. Columns: feature, n, statistic,
    p, q (Benjamini–Hochberg over every row), stars, direction (1, −1, 0), means (of the groups, in the order), reason.
    """
    if len(set(order)) < 2 or len(set(order)) < len(order):
        raise SettingsError("a trend needs two or more different groups", hint="Name them in their order.")
    chosen = _chosen(matrix, where, features)
    told = chosen.samples[_field(matrix, field)].to_pylist()
    place = {wanted: n for n, wanted in enumerate(order)}
    if missing := [wanted for wanted in order if wanted not in told]:
        known = ", ".join(sorted({each for each in told if each is not None})[:12]) or "nothing"
        raise NotFound(f"no sample has {field} {missing[0]!r}", hint=f"There is {known}.")
    places = np.array([place.get(each, -1) for each in told], np.int64)
    found = trending.trend(chosen.values, places, test=test, progress=progress)
    means = np.stack([_means(chosen.values[:, places == n]) for n in range(len(order))], axis=1)
    made = pa.table(
        {
            "feature": chosen.features,
            "n": found.n,
            "statistic": _nullable(found.statistic),
            "p": _nullable(found.p),
            "direction": found.direction,
            "means": [[None if math.isnan(each) else each for each in row] for row in means.tolist()],
            "reason": [comparing.REASONS[each] for each in found.reason],
        }
    )
    made = _judged(made)
    kind = trending.TRENDS[test]
    notes = (f"{kind.name}, two-sided: {kind.assumes}", _untested(made))
    facts: Facts = {"test": kind.name, "significant": _significant(made)}
    return Answer(made, "", made.num_rows, tuple(each for each in notes if each), facts)


def against(
    matrix: Matrix,
    other: Matrix,
    *,
    where: Where | None = None,
    other_where: Where | None = None,
    method: str = "pearson",
) -> Answer:
    """Two matrices beside each other: the mean of each feature that both have, over samples, and how they correlate.

    Features are the same where their names are, without regard to case. `where` and `other_where` narrow samples.
    Columns: feature, first, second (means), n_first, n_second (cells). Facts: r, p, low, high (95 %), n, method, and
    how many features each has alone.
    """
    sides = [_over_samples(each, condition) for each, condition in ((matrix, where), (other, other_where))]
    first, second = ({row["feature"].casefold(): row for row in side.to_pylist()} for side in sides)
    shared = sorted(first.keys() & second.keys())
    rows = [
        {
            "feature": first[key]["feature"],
            "first": first[key]["mean"],
            "second": second[key]["mean"],
            "n_first": first[key]["n"],
            "n_second": second[key]["n"],
        }
        for key in shared
    ]
    schema = pa.schema(
        [
            ("feature", pa.string()),
            *((each, pa.float64()) for each in ("first", "second")),
            *((each, pa.int64()) for each in ("n_first", "n_second")),
        ]
    )
    made = pa.Table.from_pylist(rows, schema)
    found = correlating.correlate(made["first"].to_numpy(), made["second"].to_numpy(), method=method)
    kind = correlating.CORRELATIONS[method]
    facts: Facts = {name: _number(getattr(found, name)) for name in ("r", "p", "low", "high")}
    facts |= {"n": len(shared), "method": kind.name, "only_first": len(first) - len(shared)}
    facts |= {"only_second": len(second) - len(shared)}
    notes = [f"{kind.name}: {kind.assumes}"]
    if reason := comparing.REASONS[found.reason]:
        notes.append(f"No correlation is told: {reason}.")
    if not shared:
        notes.append(f"{matrix.manifest.name} and {other.manifest.name} have no measured feature in common.")
    return Answer(made, "", made.num_rows, tuple(notes), facts)


def _over_samples(matrix: Matrix, where: Where | None) -> pa.Table:
    """The mean of each feature over the samples for which conditions hold."""
    return matrix.ask(
        f"SELECT f.{NAME} AS feature, avg(c.value)::DOUBLE AS mean, count(*) AS n FROM cells AS c"
        f" JOIN samples AS s USING ({SAMPLE}) JOIN features AS f USING ({FEATURE})"
        f" WHERE true{conditions(matrix, 'samples', 's', where)} GROUP BY ALL"
    )


def _chosen(matrix: Matrix, where: Where | None, features: Where | None) -> _Chosen:
    condition = f"true{conditions(matrix, 'samples', 't', where)}"
    samples = matrix.told("samples", where=condition)
    if not samples.num_rows:
        raise NotFound("no sample meets these conditions", hint="Take one of them away.")
    listed = matrix.told("features", where=f"true{conditions(matrix, 'features', 't', features)}")
    if not listed.num_rows:
        raise NotFound("no feature meets these conditions", hint="Take one of them away.")
    values = matrix.dense()
    rows, columns = listed[FEATURE].to_numpy(), samples[SAMPLE].to_numpy()
    if len(rows) < values.shape[0]:
        values = values[rows]
    if len(columns) < values.shape[1]:
        values = values[:, columns]
    return _Chosen(values, samples, listed[NAME].to_pylist())


def _field(matrix: Matrix, field: str) -> str:
    matrix.field("samples", field)
    return field


def _regions(samples: pa.Table, matrix: Matrix, by: str) -> list[tuple[str | None, Mask]]:
    if not by:
        return [(None, np.ones(samples.num_rows, np.bool_))]
    told = samples[_field(matrix, by)].to_pylist()
    return [(each, np.array([value == each for value in told])) for each in dict.fromkeys(told) if each is not None]


def _numbers(samples: pa.Table, matrix: Matrix, pairs: str) -> npt.NDArray[np.int64]:
    """The number of the pair of each sample; -1 for none."""
    told = samples[_field(matrix, pairs)].to_pylist()
    place = {each: n for n, each in enumerate(dict.fromkeys(told)) if each is not None}
    return np.array([-1 if each is None else place[each] for each in told], np.int64)


def _base(scale: str) -> float:
    if scale not in SCALES:
        raise SettingsError(f"values cannot be {scale!r}", hint=f"They are {', '.join(SCALES)}.")
    return SCALES[scale]


def _share(progress: Progress | None, n: int, parts: int) -> Progress | None:
    return None if progress is None else lambda share: progress((n + share) / parts)


def _table(features: list[str], region: str | None, found: comparing.Compared, base: float) -> pa.Table:
    columns: dict[str, Any] = {
        "feature": pa.array(features, pa.string()),
        _REGION: pa.array([region] * len(features), pa.string()),
        "n_first": found.n_first,
        "n_second": found.n_second,
    }
    for name in ("mean_first", "mean_second", "median_first", "median_second", "difference", "low", "high"):
        columns[name] = _nullable(getattr(found, name))
    if base:
        with np.errstate(over="ignore"):
            powers = {name: base ** getattr(found, name) for name in ("difference", "low", "high")}
        columns |= {
            "ratio": _nullable(powers["difference"]),
            "ratio_low": _nullable(powers["low"]),
            "ratio_high": _nullable(powers["high"]),
        }
    columns |= {"statistic": _nullable(found.statistic), "p": _nullable(found.p)}
    columns["reason"] = [comparing.REASONS[each] for each in found.reason]
    return pa.table(columns)


def _judged(table: pa.Table) -> pa.Table:
    """With q and stars behind p; sorted by p, those without one last."""
    p = table["p"].to_numpy(zero_copy_only=False)
    q = comparing.adjusted(p)
    at = table.schema.get_field_index("p") + 1
    made = table.add_column(at, "q", _nullable(q)).add_column(at + 1, "stars", pa.array(comparing.stars(q).tolist()))
    order = np.lexsort((np.array(table["feature"].to_pylist()), np.where(np.isnan(p), np.inf, p)))
    return made.take(pa.array(order))


def _untested(table: pa.Table) -> str:
    told = table["reason"].to_pylist()
    counts = {reason: told.count(reason) for reason in comparing.REASONS[1:]}
    listed = [f"{count:,} {reason}" for reason, count in counts.items() if count]
    return f"Not tested: {', '.join(listed)}." if listed else ""


def _significant(table: pa.Table) -> int:
    return sum(q is not None and q <= LEVEL for q in table["q"].to_pylist())


def _means(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The mean of what is measured in each row; NaN where nothing is."""
    there = ~np.isnan(values)
    n = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, values, 0).sum(axis=1, dtype=np.float64) / n


def _nullable(values: Any) -> pa.Array:
    found = np.asarray(values, np.float64)
    return pa.array(found, mask=~np.isfinite(found))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

"""Completeness: cells that hold nothing, or only pretend to hold something."""

from collections.abc import Iterator

from tablemend.quality import missing
from tablemend.quality.checks.subject import NUMERIC, Subject, cell, make
from tablemend.quality.expressions import number
from tablemend.records import Check, ColumnProfile


def derive(subject: Subject) -> Iterator[Check]:
    """`null`, `blank` and `disguised_missing` for every column."""
    for column in subject.profile.columns:
        yield _null(subject, column)
        yield make(
            "blank",
            [column.name],
            predicate=missing.blank(cell(column)),
            message=f"{column.name} holds blank text",
        )
        yield _disguised(subject, column)


def _null(subject: Subject, column: ColumnProfile) -> Check:
    sparse = column.nulls > subject.limits.sparse_share * column.rows
    return make(
        "null",
        [column.name],
        predicate=f"{cell(column)} IS NULL",
        severity="info" if sparse else "warning",
        message=f"{column.name} is empty" if column.nulls == column.rows else f"{column.name} has no value",
    )


def tokens(column: ColumnProfile) -> frozenset[str]:
    """The texts that stand for missing in the column."""
    typed = column.type not in ("text", "nested") or column.semantic in ("email", "url", "phone", "measure", "currency")
    return missing.ALWAYS | missing.AMONG_TYPED if typed else missing.ALWAYS


def _disguised(subject: Subject, column: ColumnProfile) -> Check:
    words = tokens(column)
    numbers = sentinels(subject, column)
    predicate = missing.disguised(cell(column), words)
    if numbers:
        predicate = f"({predicate} OR {missing.disguised(cell(column), numbers)})"
    return make(
        "disguised_missing",
        [column.name],
        predicate=predicate,
        params={"tokens": sorted(words), "numbers": sorted(numbers)},
        message=f"{column.name} spells out that a value is missing",
    )


def sentinels(subject: Subject, column: ColumnProfile) -> tuple[str, ...]:
    """Numbers such as 9999 that repeat far beyond the fences of the rest of the column."""
    if column.type not in NUMERIC or column.semantic == "identifier" or column.distinct < 10:
        return ()
    listed = ", ".join(missing.SENTINELS)
    rest = f"CASE WHEN {number('value')} NOT IN ({listed}) THEN {number('value')} END"
    found = subject.quantiles(column.name, rest, (0.0, 0.25, 0.75, 1.0))
    if not found:
        return ()
    lowest, lower, upper, highest = found
    reach = subject.limits.tukey_factor * max(upper - lower, abs(upper) / 10)
    candidates = [
        each
        for each in missing.SENTINELS
        if not min(lowest, lower - reach) <= float(each) <= max(highest, upper + reach)
    ]
    if not candidates:
        return ()
    counts = subject.cells(column.name, *(f"trim(value) = '{each}'" for each in candidates))
    return tuple(each for each, n in zip(candidates, counts, strict=True) if n >= 2)

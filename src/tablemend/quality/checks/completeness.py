"""Completeness: cells that hold nothing, or only pretend to hold something."""

from collections.abc import Iterator

from tablemend.quality import missing
from tablemend.quality.checks.subject import NUMERIC, Subject, cell, make, make_search
from tablemend.quality.expressions import number
from tablemend.records import Check, ColumnProfile
from tablemend.tables.columns import BINARY


def derive(subject: Subject) -> Iterator[Check]:
    """`null` for every column, `blank` and `disguised_missing` for those of text."""
    for column in subject.profile.columns:
        yield _null(subject, column)
        if column.type == BINARY:
            continue
        yield make_search("blank", column, missing.BLANK, message=f"{column.name} holds blank text")
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


def _disguised(subject: Subject, column: ColumnProfile) -> Check:
    words = missing.tokens(column.type, column.semantic)
    numbers = sentinels(subject, column)
    return make_search(
        "disguised_missing",
        column,
        missing.one_of([*words, *numbers]),
        message=f"{column.name} spells out that a value is missing",
        tokens=sorted(words),
        numbers=sorted(numbers),
    )


def sentinels(subject: Subject, column: ColumnProfile) -> tuple[str, ...]:
    """Numbers such as 9999 that repeat far beyond the fences of the rest of the column."""
    if column.type not in NUMERIC or column.semantic == "identifier" or column.distinct < 10:
        return ()
    if not {column.minimum, column.maximum} & set(map(float, missing.SENTINELS)):
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

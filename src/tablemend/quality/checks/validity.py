"""Validity: values that are not what the column holds, or not written as it writes them."""

from collections.abc import Iterator

from tablemend.engine import sql
from tablemend.quality import dates, missing, patterns, semantic, units
from tablemend.quality.checks.subject import NUMERIC, Subject, cell, filled, make
from tablemend.quality.expressions import matches, moment, number
from tablemend.records import Check, ColumnProfile

_RANGES: tuple[tuple[frozenset[str], float, float], ...] = (
    (frozenset({"latitude", "lat"}), -90, 90),
    (frozenset({"longitude", "lon", "lng"}), -180, 180),
    (frozenset({"month"}), 1, 12),
    (frozenset({"age"}), 0, 130),
    (frozenset({"hour"}), 0, 24),
    (frozenset({"minute"}), 0, 60),
)
"""Ranges that the last word of a column name implies."""

_ADDRESSES = {"email": ("bad_email", "e-mail address"), "url": ("bad_url", "web address")}
_CODES = ("identifier", "phone")
_MEASURED = f"{semantic.MEASURE}|{semantic.NUMBER}"


def derive(subject: Subject) -> Iterator[Check]:
    """Checks of type, pattern, unit, range, calendar and address, as the meaning of each column suggests."""
    for column in subject.profile.columns:
        if column.type in NUMERIC:
            yield from _numbers(subject, column)
        elif column.type in dates.KINDS:
            yield from _moments(column)
        elif column.type == "boolean":
            yield _mismatch(column, semantic.BOOLEAN)
        elif column.semantic == "postcode":
            yield _malformed(column, "bad_postcode", "postcode")
        elif column.semantic in _ADDRESSES:
            yield _malformed(column, *_ADDRESSES[column.semantic])
        elif column.semantic == "measure":
            yield from _measures(column)
        elif column.semantic in _CODES:
            yield from _codes(subject, column)


def given(column: ColumnProfile) -> str:
    """SQL that is true where the cell holds a value, not a word for missing."""
    tokens = missing.tokens(column.type, column.semantic)
    return f"{missing.present(cell(column))} AND NOT {missing.disguised(cell(column), tokens)}"


def unlike(column: ColumnProfile, form: str, failing: str) -> str:
    """SQL that is true where the cell does not match `form` and `failing` holds; most cells end at the first test."""
    return f"CASE WHEN {matches(cell(column), form)} THEN FALSE ELSE {failing} END"


def _mismatch(column: ColumnProfile, form: str) -> Check:
    return make(
        "type_mismatch",
        [column.name],
        predicate=unlike(column, form, given(column)),
        params={"type": column.type},
        message=f"{column.name} is not of type {column.type}",
    )


def _numbers(subject: Subject, column: ColumnProfile) -> Iterator[Check]:
    spelled = f"{semantic.GROUPED}|{semantic.MEASURE}|{semantic.CURRENCY}"
    yield _mismatch(column, f"{semantic.NUMBER}|{spelled}")
    yield make(
        "unit_spelling",
        [column.name],
        predicate=unlike(column, semantic.NUMBER, matches(cell(column), spelled)),
        params={"unit": None},
        message=f"{column.name} spells a unit, a currency or digit groups beside plain numbers",
    )
    yield from _ranges(subject, column)


def _ranges(subject: Subject, column: ColumnProfile) -> Iterator[Check]:
    parts = semantic.words(column.name)
    limits = next(((low, high) for names, low, high in _RANGES if parts and parts[-1] in names), None)
    if limits is None or filled(column) < subject.limits.inference_values:
        return
    low, high = limits
    outside = f"{number('value')} NOT BETWEEN {low} AND {high}"
    (wrong,) = subject.cells(column.name, outside)
    if wrong <= (1 - subject.limits.pattern_share) * filled(column):
        yield make(
            "out_of_range",
            [column.name],
            predicate=f"{number(cell(column))} NOT BETWEEN {low} AND {high}",
            params={"min": low, "max": high},
            message=f"{column.name} is outside {low} to {high}",
        )


def _moments(column: ColumnProfile) -> Iterator[Check]:
    form = column.form or ""
    usual = dates.shape(form) if form.startswith("%") else form
    every = "|".join(dict.fromkeys((usual, *(dates.shape(each) for forms in dates.KINDS.values() for each in forms))))
    yield make(
        "type_mismatch",
        [column.name],
        predicate=unlike(column, usual, f"NOT {matches(cell(column), every)} AND {given(column)}"),
        params={"type": column.type},
        message=f"{column.name} is not of type {column.type}",
    )
    yield make(
        "pattern_deviation",
        [column.name],
        predicate=unlike(column, usual, matches(cell(column), every)),
        params={"form": form},
        message=f"{column.name} is not written as {form if form.startswith('%') else 'elsewhere in the column'}",
    )
    if form.startswith("%"):
        yield make(
            "impossible_date",
            [column.name],
            predicate=f"CASE WHEN {moment(cell(column), form)} IS NULL THEN {matches(cell(column), usual)} END",
            params={"form": form},
            message=f"{column.name} is not in the calendar when read as {form}",
        )


def _malformed(column: ColumnProfile, name: str, noun: str) -> Check:
    return make(
        name,
        [column.name],
        predicate=unlike(column, column.form or "", given(column)),
        params={"pattern": column.form},
        message=f"{column.name} is not a well-formed {noun}",
    )


def _measures(column: ColumnProfile) -> Iterator[Check]:
    """Other spellings of the usual unit; other units are no misspellings, nor are plurals.

    The spelling to keep to is the most frequent one at the time, so that dropping the unit everywhere is consistent.
    """
    unit = f"trim(regexp_extract(spelling, {sql.literal(semantic.UNIT)}, 1))"
    plain = f"replace(lower({unit}), '.', '')"
    counted = f"SELECT {cell(column)} AS spelling, count(*) AS n FROM {{data}} GROUP BY ALL"
    family = sql.literals(units.spellings(column.units[0].value))
    measured = (
        f"SELECT spelling, regexp_replace({unit}, '(..)[sS]$', '\\1') AS unit, n FROM ({counted}) "
        f"WHERE {matches('spelling', _MEASURED)} AND {plain} IN ({family})"
    )
    usual = "SELECT unit FROM measured GROUP BY unit ORDER BY sum(n) DESC, unit LIMIT 1"
    yield make(
        "unit_spelling",
        [column.name],
        query=(
            f"WITH measured AS MATERIALIZED ({measured}) SELECT _row FROM {{data}} WHERE {cell(column)} IN "
            f"(SELECT spelling FROM measured WHERE unit <> ({usual}))"
        ),
        params={"unit": column.units[0].value},
        message=f"{column.name} does not spell its unit as most cells do",
    )
    yield _mismatch_of_measure(column)


def _mismatch_of_measure(column: ColumnProfile) -> Check:
    return make(
        "type_mismatch",
        [column.name],
        predicate=unlike(column, _MEASURED, given(column)),
        params={"type": "measure"},
        message=f"{column.name} is not a number with a unit",
    )


def _codes(subject: Subject, column: ColumnProfile) -> Iterator[Check]:
    """A deviation is inferred only from one usual pattern that nearly every cell has."""
    found = usual_pattern(subject, column)
    if found is None:
        return
    shown, form = found
    yield make(
        "pattern_deviation",
        [column.name],
        predicate=unlike(column, form, given(column)),
        params={"pattern": shown},
        message=f"{column.name} does not have the usual pattern {shown}",
    )


def usual_pattern(subject: Subject, column: ColumnProfile) -> tuple[str, str] | None:
    """The dominant pattern and its regular expression: with exact lengths if they are fixed, else with joined runs.

    Lengths are fixed in telephone numbers and in codes padded with zeros; other numbers grow by a digit.
    """
    if filled(column) < subject.limits.inference_values or not column.patterns:
        return None
    needed = subject.limits.pattern_share * filled(column)
    lengths = patterns.pattern(column.top[0].value)
    exact = patterns.regex(lengths, exact=True)
    (fixed,) = subject.cells(column.name, matches("value", exact))
    if fixed >= needed and (column.semantic == "phone" or _padded(subject, column, exact)):
        return lengths, exact
    joined = column.patterns[0].value
    folded = patterns.regex(joined, exact=False)
    (loose,) = subject.cells(column.name, matches("value", folded))
    return (joined, folded) if loose >= needed else None


def _padded(subject: Subject, column: ColumnProfile, form: str) -> bool:
    padded = f"{matches('value', form)} AND regexp_matches(value, '(^|[^0-9])0[0-9]')"
    return subject.cells(column.name, padded) > (0,)

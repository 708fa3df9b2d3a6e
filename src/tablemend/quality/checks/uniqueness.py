"""Uniqueness: rows that say the same thing twice, and keys that are used twice."""

from collections.abc import Iterator, Sequence

from tablemend.engine import sql
from tablemend.quality import semantic
from tablemend.quality.checks.subject import Subject, filled, make
from tablemend.quality.thresholds import Thresholds
from tablemend.records import Check, ColumnProfile

_KEY_NAMES = {("id",), ("key",), ("uuid",), ("guid",), ("index",)}
"""Last words of the names of columns that are there to tell rows apart."""


def derive(subject: Subject) -> Iterator[Check]:
    """`duplicate_row` always; `duplicate_key` and `near_duplicate` where the columns can tell rows apart."""
    names = [column.name for column in subject.profile.columns]
    if not names:
        return
    yield make(
        "duplicate_row",
        [],
        query=repeats(names, max(subject.profile.columns, key=lambda each: each.distinct).name),
        reads=["*"],
        message="The row repeats an earlier row",
    )
    for column in subject.profile.columns:
        if nearly_key(column, subject.limits):
            yield key_check(column)
    near = near_check(subject.profile.columns, subject.profile.rows, subject.limits)
    if near is not None:
        yield near


def repeats(columns: Sequence[str], telling: str) -> str:
    """Select the rows that repeat an earlier row in the columns; only rows whose telling value repeats are compared."""
    value = sql.name(telling)
    suspects = f"SELECT hash({value}) FROM {{data}} GROUP BY ALL HAVING count(*) > 1"
    return (
        f"SELECT _row FROM (SELECT _row, row_number() OVER (PARTITION BY {sql.names(columns)} ORDER BY _row) AS place "
        f"FROM {{data}} WHERE hash({value}) IN ({suspects})) WHERE place > 1"
    )


def nearly_key(column: ColumnProfile, limits: Thresholds) -> bool:
    """Whether the column is named like a key and holds hardly a value twice."""
    present = filled(column)
    if present < 2 or not column.distinct_exact:
        return False
    named = semantic.words(column.name)[-1:] in _KEY_NAMES
    return named and column.distinct >= limits.key_share * present


def key_check(column: ColumnProfile) -> Check:
    """Values that stand in more than one row of a column that is there to tell rows apart."""
    value = sql.name(column.name)
    return make(
        "duplicate_key",
        [column.name],
        query=f"SELECT _row FROM {{data}} WHERE {value} IN (SELECT {value} FROM {{data}} "
        f"WHERE trim({value}) <> '' GROUP BY {value} HAVING count(*) > 1)",
        message=f"{column.name} identifies more than one row",
    )


def near_check(every: Sequence[ColumnProfile], rows: int, limits: Thresholds) -> Check | None:
    """Compare all columns but surrogate keys, if a text among them tells most rows apart."""
    columns = [each for each in every if not _surrogate(each) and each.semantic != "empty"]
    telling = max(filter(_is_text, columns), key=lambda each: each.distinct, default=None)
    if len(columns) < 3 or telling is None or telling.distinct < limits.near_distinct * rows:
        return None
    return make(
        "near_duplicate",
        [],
        query=near_repeats(columns, _blocking(columns, telling, rows), exact=len(columns) < len(every)),
        reads=["*"],
        params={"columns": [each.name for each in columns]},
        message="The row repeats an earlier row but for case, spacing, punctuation or a running number",
    )


def _surrogate(column: ColumnProfile) -> bool:
    return column.semantic == "identifier" and column.distinct == column.rows


def _is_text(column: ColumnProfile) -> bool:
    return column.type == "text" and column.semantic in ("text", "email", "url")


def _blocking(columns: Sequence[ColumnProfile], telling: ColumnProfile, rows: int) -> list[ColumnProfile]:
    """Columns by which rows are grouped first: typed ones, which need no folding, until they tell rows apart."""
    chosen: list[ColumnProfile] = []
    groups = 1
    for each in sorted(columns, key=lambda column: -column.distinct):
        if groups >= 10 * rows:
            return chosen
        if not _is_text(each) and each.semantic != "category":
            chosen.append(each)
            groups *= max(each.distinct, 1)
    return [*chosen, telling] if groups < 10 * rows else chosen


def folded(column: ColumnProfile) -> str:
    """The column as SQL, text without case, spacing and punctuation."""
    value = sql.name(column.name)
    return f"regexp_replace(lower({value}), '[^\\p{{L}}\\p{{N}}]+', '', 'g')" if column.type == "text" else value


def near_repeats(columns: Sequence[ColumnProfile], blocking: Sequence[ColumnProfile], *, exact: bool) -> str:
    """Select rows that repeat an earlier one when folded; with `exact` also those that need no folding.

    All texts are folded as one, because a regular expression costs more to set up than to run.
    """
    block = ", ".join(folded(each) for each in blocking)
    suspects = f"SELECT hash({block}) FROM {{data}} GROUP BY ALL HAVING count(*) > 1"
    texts = ", ".join(f"coalesce({sql.name(each.name)}, '')" for each in columns if each.type == "text")
    others = [f"coalesce({sql.name(each.name)}, '')" for each in columns if each.type != "text"]
    fold = f"regexp_replace(lower(concat_ws('|', {texts})), '[^\\p{{L}}\\p{{N}}|]+', '', 'g')"
    key = f"concat_ws('|', {', '.join([fold, *others])})"
    plain = sql.names(each.name for each in columns)
    return (
        f"SELECT _row FROM (SELECT _row, row_number() OVER (PARTITION BY {key} ORDER BY _row) AS near, "
        f"row_number() OVER (PARTITION BY row({plain}) ORDER BY _row) AS same FROM {{data}} "
        f"WHERE hash({block}) IN ({suspects})) WHERE near > 1" + ("" if exact else " AND same = 1")
    )

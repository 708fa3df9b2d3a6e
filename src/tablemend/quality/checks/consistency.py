"""Consistency: spellings that differ for no reason, and rows that contradict each other or themselves."""

from collections.abc import Iterator
from itertools import permutations

import msgspec

from tablemend.engine import sql
from tablemend.quality import dates, semantic
from tablemend.quality.checks.subject import NUMERIC, Subject, cell, filled, identity, make, make_search
from tablemend.quality.expressions import moment, number
from tablemend.records import Check, ColumnProfile, Dependency, ForeignKey

OUTER_SPACE = r"^[\s\p{Z}]+[^\s\p{Z}]|[^\s\p{Z}][\s\p{Z}]+$"
DOUBLE_SPACE = r"[^\s\p{Z}][\s\p{Z}]{2,}[^\s\p{Z}]"
MOJIBAKE = r"[ÂÃ][\x{80}-\x{BF}]|â€|Ã[€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|ï»¿|\x{FFFD}"
"""UTF-8 read as Latin-1 or Windows-1252, and the replacement character."""

_ORDERS = (
    *(("start", "end"), ("begin", "end"), ("from", "to"), ("from", "until"), ("start", "finish"), ("start", "stop")),
    *(("min", "max"), ("minimum", "maximum"), ("low", "high"), ("lower", "upper"), ("birth", "death")),
    *(("opened", "closed"), ("created", "updated"), ("admission", "discharge"), ("arrival", "departure")),
    *(("ordered", "shipped"), ("order", "ship"), ("shipped", "delivered"), ("hired", "left")),
)
"""Words of two column names of which the first holds the smaller value."""


def derive(subject: Subject) -> Iterator[Check]:
    """Checks of white space, case, encoding and sign by column; of order, dependency and parents across columns."""
    for column in subject.profile.columns:
        if column.type not in NUMERIC:
            yield from _text(column)
            yield from _case(subject, column)
        else:
            yield _outer(column)
            yield from sign_checks(subject, column)
    yield from _orders(subject)
    yield from _dependencies(subject)
    yield from map(_parents, subject.profile.foreign_keys)


def _outer(column: ColumnProfile) -> Check:
    return make_search("outer_space", column, OUTER_SPACE, message=f"{column.name} has white space around it")


def _text(column: ColumnProfile) -> Iterator[Check]:
    yield _outer(column)
    yield make_search("double_space", column, DOUBLE_SPACE, message=f"{column.name} has doubled white space")
    yield make_search("mojibake", column, MOJIBAKE, message=f"{column.name} was decoded with the wrong encoding")


def _case(subject: Subject, column: ColumnProfile) -> Iterator[Check]:
    """Only where one spelling dominates, so that names which differ by case alone are left in peace."""
    if not subject.distincts.few(column.name) or column.semantic in ("email", "url", "empty"):
        return
    if not _has_variants(subject, column):
        return
    value = cell(column)
    ratio = subject.limits.case_ratio
    spellings = f"SELECT {value} AS spelling, count(*) AS n FROM {{data}} WHERE {value} IS NOT NULL GROUP BY ALL"
    usual = (
        f"SELECT lower(spelling) AS folded, arg_max(spelling, (n, spelling)) AS usual, max(n) AS most "
        f"FROM ({spellings}) GROUP BY ALL HAVING count(*) > 1"
    )
    query = (
        f"SELECT _row FROM {{data}} WHERE {value} IN (SELECT spelling FROM ({spellings}) "
        f"JOIN ({usual}) ON lower(spelling) = folded WHERE spelling <> usual AND most >= {ratio} * n)"
    )
    yield make(
        "case_variant",
        [column.name],
        query=query,
        params={"ratio": ratio},
        message=f"{column.name} is usually spelled in another case",
    )


def _has_variants(subject: Subject, column: ColumnProfile) -> bool:
    folds, spellings = subject.session.one(
        f"SELECT count(DISTINCT lower(value)), count(value) FROM {subject.source(column.name)}"
    )
    return bool(folds < spellings)


def sign_checks(subject: Subject, column: ColumnProfile) -> Iterator[Check]:
    """A negative number among positive ones whose size is usual: its sign was flipped."""
    if column.type not in NUMERIC or column.semantic == "identifier" or not column.quantiles:
        return
    if filled(column) < subject.limits.inference_values:
        return
    low, high = column.quantiles[0], column.quantiles[-1]
    if low <= 0 or float(column.minimum or 0) >= 0:
        return
    value = number("value")
    flipped = f"-{value} BETWEEN {low} AND {high}"
    negative, turned = subject.cells(column.name, f"{value} < 0", f"{value} < 0 AND {flipped}")
    if negative <= (1 - subject.limits.sign_share) * filled(column) and turned == negative:
        yield make(
            "sign",
            [column.name],
            predicate=f"-{number(cell(column))} BETWEEN {low} AND {high}",
            params={"low": low, "high": high},
            message=f"{column.name} is negative although nearly all others are positive",
        )


def _orders(subject: Subject) -> Iterator[Check]:
    for first, second in permutations(subject.profile.columns, 2):
        if _ordered(first.name, second.name) and _comparable(first, second):
            yield from _order(subject, first, second)


def _ordered(first: str, second: str) -> bool:
    """Whether the names differ in exactly one word, and that word says which comes first."""
    one, two = semantic.words(first), semantic.words(second)
    if len(one) != len(two):
        return False
    differing = [pair for pair in zip(one, two, strict=True) if pair[0] != pair[1]]
    return len(differing) == 1 and differing[0] in _ORDERS


def _comparable(first: ColumnProfile, second: ColumnProfile) -> bool:
    if first.type in NUMERIC and second.type in NUMERIC:
        return "identifier" not in (first.semantic, second.semantic)
    dated = first.type == second.type and first.type in ("date", "timestamp")
    return dated and (first.form or "").startswith("%") and (second.form or "").startswith("%")


def _comparison(column: ColumnProfile) -> str:
    return number(cell(column)) if column.type in NUMERIC else moment(cell(column), column.form or "")


def _order(subject: Subject, first: ColumnProfile, second: ColumnProfile) -> Iterator[Check]:
    wrong = f"{_comparison(first)} > {_comparison(second)}"
    failing, both = subject.session.one(
        f"SELECT count(*) FILTER (WHERE {wrong}), count({wrong}) FROM {sql.name(subject.relation)}"
    )
    dominant = failing <= (1 - subject.limits.order_share) * both
    if both >= subject.limits.inference_values and dominant:
        yield make(
            "cross_column",
            [first.name, second.name],
            predicate=wrong,
            params={"rule": f"{first.name} <= {second.name}"},
            message=f"{first.name} is after {second.name}"
            if first.type in dates.KINDS
            else f"{first.name} exceeds {second.name}",
        )


def _dependencies(subject: Subject) -> Iterator[Check]:
    """Only the strongest dependency of each target: one wrong cell must not count once a determinant."""
    best: dict[str, Dependency] = {}
    for each in subject.profile.dependencies:
        if each.strength < subject.limits.dependency_strength:
            continue
        if each.target not in best or (each.lift, each.groups) > (best[each.target].lift, best[each.target].groups):
            best[each.target] = each
    for found in best.values():
        yield _dependency(found, subject.limits.dependency_majority)


def _dependency(found: Dependency, share: float) -> Check:
    group, target = sql.name(found.determinant), sql.name(found.target)
    majority = (
        f"SELECT {group} AS _tm_g, arg_max({target}, _tm_n) AS _tm_usual FROM (SELECT {group}, {target}, "
        f"count(*) AS _tm_n FROM {{data}} WHERE {group} IS NOT NULL AND {target} IS NOT NULL GROUP BY ALL) "
        f"GROUP BY ALL HAVING max(_tm_n) >= {share} * sum(_tm_n) AND count(*) > 1"
    )
    return make(
        "dependency_violation",
        [found.target],
        query=f"SELECT _row FROM {{data}} JOIN ({majority}) ON {group} = _tm_g WHERE {target} <> _tm_usual",
        reads=[found.determinant],
        params={"determinant": found.determinant, "strength": found.strength, "majority": share},
        message=f"{found.target} differs from most rows with the same {found.determinant}",
    )


def _parents(key: ForeignKey) -> Check:
    child = " AND ".join(
        f"CAST(p.{sql.name(parent)} AS VARCHAR) = d.{sql.name(column)}"
        for column, parent in zip(key.columns, key.parents, strict=True)
    )
    given = " AND ".join(f"d.{sql.name(column)} IS NOT NULL" for column in key.columns)
    found = make(
        "missing_parent",
        key.columns,
        query=f"SELECT _row FROM {{data}} AS d WHERE {given} "
        f"AND NOT EXISTS (SELECT 1 FROM {sql.name(key.relation)} AS p WHERE {child})",
        params={"table": key.table, "parents": list(key.parents)},
        message=f"{', '.join(key.columns)} has no parent in {key.table}",
    )
    return msgspec.structs.replace(found, id=identity(found.name, key.columns, key.relation))

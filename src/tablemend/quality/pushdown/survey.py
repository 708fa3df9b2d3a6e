"""A scan that never leaves the database: profile, checks, findings and score of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlglot import exp

from tablemend.engine import sql
from tablemend.errors import DatabaseError, Timeout
from tablemend.quality import missing
from tablemend.quality.checks.consistency import DOUBLE_SPACE, OUTER_SPACE
from tablemend.quality.checks.subject import NUMERIC, make, make_search
from tablemend.quality.checks.uniqueness import key_check, nearly_key
from tablemend.quality.evaluate import CheckCount, DimensionCount, Evaluation, groups
from tablemend.quality.findings import ordered
from tablemend.quality.pushdown import columns as pushed
from tablemend.quality.pushdown.columns import Subject, count_rows
from tablemend.quality.pushdown.conditions import Parents, Unsupported, condition
from tablemend.quality.score import score
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Check, ColumnProfile, Finding, Profile, Record, Score, Value

Rules = Callable[[Profile], Sequence[Check]]


class Survey(Record, frozen=True, kw_only=True):
    """Everything that a database found out about one of its tables."""

    profile: Profile
    checks: tuple[Check, ...]
    evaluation: Evaluation
    findings: tuple[Finding, ...]
    score: Score


def survey(
    found: Subject, *, estimates: Mapping[str, int], rules: Rules, parents: Parents, weights: Mapping[str, float]
) -> Survey:
    """Profile and check a table in its database.

    What the database cannot tell as the embedded engine would is a finding of status `error`. Raises DatabaseError.
    """
    rows, columns = pushed.profile(found, estimates)
    profile = Profile(rows=rows, columns=columns)
    checks = (*(built_in(found, columns) if rows else ()), *rules(profile))
    texts = {column.name: column.type == "text" for column in columns}
    checks = tuple(
        replace(each, params=each.params | {"texts": texts}) if each.name == "cross_column" else each for each in checks
    )
    evaluation, conditions = _Evaluator(found, rows, checks, parents).evaluate()
    return Survey(
        profile=profile,
        checks=checks,
        evaluation=evaluation,
        findings=_findings(found, checks, evaluation, conditions),
        score=score(evaluation, weights),
    )


def built_in(found: Subject, columns: Sequence[ColumnProfile]) -> Iterator[Check]:
    """The checks that every table is put to: missing values, white space, and columns that are named like keys."""
    for column in columns:
        sparse = column.nulls > DEFAULT.sparse_share * column.rows
        yield make(
            "null",
            [column.name],
            predicate=f"{sql.name(column.name)} IS NULL",
            severity="info" if sparse else None,
            message=f"{column.name} has no value",
        )
        yield make_search("blank", column, missing.BLANK, message=f"{column.name} holds blank text")
        yield _disguised(found, column)
        yield make_search("outer_space", column, OUTER_SPACE, message=f"{column.name} has white space around it")
        if column.type not in NUMERIC:
            message = f"{column.name} has doubled white space"
            yield make_search("double_space", column, DOUBLE_SPACE, message=message)
        if nearly_key(column, DEFAULT):
            yield key_check(column)


def _disguised(found: Subject, column: ColumnProfile) -> Check:
    words = sorted(missing.tokens(column.type, column.semantic))
    kind = next(each.kind for each in found.columns if each.name == column.name)
    edges = {column.minimum, column.maximum} & set(map(float, missing.SENTINELS))
    undecided = kind == "integer" and column.semantic != "identifier" and column.distinct >= 10 and bool(edges)
    return make_search(
        "disguised_missing",
        column,
        missing.one_of(words),
        message=f"{column.name} spells out that a value is missing",
        tokens=words,
        undecided=undecided,
    )


class _Evaluator:
    """Counts every check, and the failing cells of every column and dimension, in one statement."""

    def __init__(self, found: Subject, rows: int, checks: Sequence[Check], parents: Parents) -> None:
        self._found, self._rows, self._checks = found, rows, checks
        self._conditions: dict[str, exp.Expression] = {}
        self._errors: dict[str, str] = {}
        for check in checks:
            try:
                self._conditions[check.id] = self._unless_unique(condition(check, found, parents))
            except Unsupported as reason:
                prefix = "" if check.error else "not evaluated in the database: "
                self._errors[check.id] = f"{prefix}{reason}"

    def _unless_unique(self, failing: exp.Expression) -> exp.Expression:
        """No condition where no key is used twice: looking each row up among none of them would still cost."""
        keys = failing.args.get("query") if isinstance(failing, exp.In) else None
        if keys is None:
            return failing
        (row,) = self._found.ask(exp.select(exp.Count(this=exp.Star())).from_(keys.this.subquery("k")))
        return failing if row[0] else exp.false()

    def evaluate(self) -> tuple[Evaluation, dict[str, exp.Expression]]:
        """The outcome, and the conditions that it came from."""
        try:
            return self._counted(), self._conditions
        except Timeout:
            raise
        except DatabaseError:
            self._leave_out_what_fails()
            return self._counted(), self._conditions

    def _leave_out_what_fails(self) -> None:
        for check, failing in list(self._conditions.items()):
            try:
                self._ask([count_rows(failing.copy())])
            except Timeout:
                raise
            except DatabaseError as problem:
                del self._conditions[check]
                self._errors[check] = str(problem)

    def _ask(self, wanted: Sequence[exp.Expression]) -> tuple[Any, ...]:
        (row,) = self._found.ask(exp.select(*wanted).from_(self._found.source.as_("d")))
        return row

    def _counted(self) -> Evaluation:
        grouped = {group: self._able(members) for group, members in groups(self._checks).items()}
        plans: dict[tuple[str, ...], exp.Expression] = {}
        for check, failing in self._conditions.items():
            if not isinstance(failing, exp.Boolean):
                plans["check", check] = failing
        for (column, dimension), members in grouped.items():
            fails = self._any(members)
            if fails is not None:
                plans["failing", column, dimension] = fails
            if members and self._by_cells(column, dimension, members):
                given = exp.Not(this=exp.Is(this=self._cell(column), expression=exp.Null()))
                plans["given", column, dimension] = given if fails is None else exp.or_(given, fails.copy())
        counts = dict.fromkeys(plans, 0)
        if plans and self._rows:
            row = self._ask([count_rows(each.copy()) for each in plans.values()])
            counts = {plan: int(n) for plan, n in zip(plans, row, strict=True)}
        return Evaluation(
            rows=self._rows,
            checks={check.id: self._count(check, counts) for check in self._checks},
            dimensions=tuple(
                DimensionCount(
                    column=column,
                    dimension=dimension,
                    failing=counts.get(("failing", column, dimension), 0),
                    applicable=counts.get(("given", column, dimension), self._rows),
                )
                for (column, dimension), members in grouped.items()
                if members
            ),
        )

    def _able(self, members: Sequence[Check]) -> list[Check]:
        return [each for each in members if each.id in self._conditions]

    def _any(self, members: Sequence[Check]) -> exp.Expression | None:
        fails = [self._conditions[each.id] for each in members]
        fails = [each.copy() for each in fails if not isinstance(each, exp.Boolean)]
        return exp.or_(*fails) if fails else None

    @staticmethod
    def _by_cells(column: str, dimension: str, members: Sequence[Check]) -> bool:
        """Whether the cells that count are those with a value, as in the embedded engine."""
        whole_rows = dimension == "uniqueness" and any(each.query is not None for each in members)
        return bool(column) and dimension != "completeness" and not whole_rows

    def _cell(self, name: str) -> exp.Expression:
        column = self._found.column(name)
        return exp.column(exp.to_identifier(column.name if column else name, quoted=True))

    def _count(self, check: Check, counts: Mapping[tuple[str, ...], int]) -> CheckCount:
        if check.id in self._errors:
            return CheckCount(error=self._errors[check.id])
        rows = counts.get(("check", check.id), 0)
        return CheckCount(cells=rows * len(check.columns), rows=rows)


def _findings(
    found: Subject, checks: Sequence[Check], evaluation: Evaluation, conditions: Mapping[str, exp.Expression]
) -> tuple[Finding, ...]:
    listed = []
    for check in checks:
        counted = evaluation.checks[check.id]
        if counted.error is not None or counted.rows:
            listed.append(_finding(found, check, counted, conditions.get(check.id)))
    return ordered(listed)


def _finding(found: Subject, check: Check, counted: CheckCount, failing: exp.Expression | None) -> Finding:
    error = counted.error
    query = None
    if failing is not None:
        query = exp.select(exp.Star()).from_(found.source.as_("d")).where(failing.copy())
    return Finding(
        id=check.id,
        check=check.name,
        dimension=check.dimension,
        columns=check.columns,
        severity=check.severity,
        status="failed" if error is None else "error",
        cells=counted.cells,
        rows=counted.rows,
        message=check.message if error is None else f"{check.message or check.name} could not be evaluated: {error}",
        sql="" if query is None else query.sql(dialect=found.spelling.grammar),
        sample=_sample(found, check, failing) if error is None and failing is not None else (),
        params={key: value for key, value in check.params.items() if key != "texts"},
        rule=check.rule,
    )


def _sample(found: Subject, check: Check, failing: exp.Expression) -> tuple[dict[str, Value], ...]:
    """The first failing rows by primary key, as far as there is one: the key and what the check reads."""
    names = dict.fromkeys((*found.table.primary_key, *check.columns, *check.reads))
    shown = [name for name in names if found.column(name) is not None] or [each.name for each in found.columns]
    cells = [exp.column(exp.to_identifier(name, quoted=True)) for name in shown]
    query = exp.select(*cells).from_(found.source.as_("d")).where(failing.copy()).limit(DEFAULT.sample_rows)
    if found.table.primary_key:
        query = query.order_by(*(exp.column(exp.to_identifier(key, quoted=True)) for key in found.table.primary_key))
    rows = found.ask(query)
    return tuple({name: pushed.shown(value) for name, value in zip(shown, row, strict=True)} for row in rows)

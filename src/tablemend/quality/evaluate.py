"""Run concrete checks over a relation: exact counts, in one query per column where that is enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING

from tablemend.engine import sql
from tablemend.quality.distinct import Distincts
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Check, Record

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session

_serial = count(1)


class CheckCount(Record, frozen=True, kw_only=True):
    """What one check found."""

    cells: int = 0  # exact; 0 for whole-row checks
    rows: int = 0  # exact
    first: tuple[int, ...] = ()  # the first failing rows, where the check had to look at whole rows
    error: str | None = None  # why it could not be evaluated


class DimensionCount(Record, frozen=True, kw_only=True):
    """Failing cells of one column and dimension, each counted once; column "" counts whole rows."""

    column: str
    dimension: str
    failing: int
    applicable: int


class Evaluation(Record, frozen=True, kw_only=True):
    """The exact outcome of all checks on one state of a relation."""

    rows: int
    checks: dict[str, CheckCount]
    dimensions: tuple[DimensionCount, ...]

    @property
    def errors(self) -> dict[str, str]:
        """The checks that could not be evaluated, and why."""
        return {check: found.error for check, found in self.checks.items() if found.error is not None}


Group = tuple[str, str]


def evaluate(
    session: Session,
    relation: str,
    checks: Sequence[Check],
    *,
    previous: Evaluation | None = None,
    touched: Collection[str] | None = None,
    distincts: Distincts | None = None,
) -> Evaluation:
    """Evaluate the checks; with `previous` and `touched` columns only what reads those columns.

    `touched` may be used only if no row was added or removed; another number of rows recomputes everything.
    """
    (rows,) = session.one(f"SELECT count(*) FROM {sql.name(relation)}")
    grouped = groups(checks)
    affected = set(grouped)
    if previous is not None and touched is not None and previous.rows == rows:
        changed = {check.id for check in checks if check.id not in previous.checks or _reads(check, touched)}
        affected = {group for group, members in grouped.items() if any(each.id in changed for each in members)}
    needed = {check.id: check for group in grouped if group in affected for check in grouped[group]}
    run = _Run(session, relation, rows, list(needed.values()), distincts)
    try:
        counts = run.checks()
        dimensions = {group: run.group(group, grouped[group]) for group in grouped if group in affected}
    finally:
        run.close()
    if previous is not None:
        counts = {**previous.checks, **counts}
        dimensions = {**{(each.column, each.dimension): each for each in previous.dimensions}, **dimensions}
    found = (dimensions.get(group) for group in grouped)
    return Evaluation(
        rows=rows,
        checks={check.id: counts[check.id] for check in checks},
        dimensions=tuple(each for each in found if each is not None),
    )


def groups(checks: Iterable[Check]) -> dict[Group, list[Check]]:
    """The checks of each (column, dimension); whole-row checks, and all of uniqueness, stand under column ""."""
    grouped: dict[Group, list[Check]] = defaultdict(list)
    for check in checks:
        for column in check.columns:
            grouped[column, check.dimension].append(check)
        if not check.columns or check.dimension == "uniqueness":
            grouped["", check.dimension].append(check)
    return dict(grouped)


def _reads(check: Check, touched: Collection[str]) -> bool:
    read = (*check.columns, *check.reads)
    return "*" in read or not read or any(column in touched for column in read)


def by_value(check: Check) -> bool:
    """Whether the check looks at one cell alone, so that distinct values suffice."""
    return check.predicate is not None and len(check.columns) == 1 and not set(check.reads) - set(check.columns)


def row_query(check: Check, relation: str) -> str:
    """SQL that selects the `_row` of every failing row."""
    if check.query is not None:
        return check.query.replace("{data}", sql.name(relation))
    return f"SELECT _row FROM {sql.name(relation)} WHERE {check.predicate}"


def explain(error: Exception) -> str:
    """The first line of an engine's error."""
    return str(error).strip().split("\n")[0]


class _Tally(Record, frozen=True, kw_only=True):
    """Counts over some cells of one column."""

    cells: int
    checks: dict[str, int]
    unions: dict[str, tuple[int, int]]  # dimension → failing and applicable cells

    def plus(self, other: _Tally) -> _Tally:
        """The counts over both sets of cells, which share none."""
        both = self.checks.keys() | other.checks.keys()
        return _Tally(
            cells=self.cells + other.cells,
            checks={check: self.checks.get(check, 0) + other.checks.get(check, 0) for check in both},
            unions={
                dimension: (failing + other.unions[dimension][0], applicable + other.unions[dimension][1])
                for dimension, (failing, applicable) in self.unions.items()
            },
        )


class _Run:
    """One evaluation: counts per check first, then the unions per column and dimension."""

    def __init__(
        self, session: Session, relation: str, rows: int, checks: list[Check], distincts: Distincts | None
    ) -> None:
        self._session = session
        self._relation = relation
        self._rows = rows
        self._known = self._columns()
        self._values: dict[str, list[Check]] = defaultdict(list)
        self._whole: list[Check] = []
        self._counts: dict[str, CheckCount] = {}
        self._unions: dict[Group, tuple[int, int]] = {}  # failing and applicable cells by value predicates
        self._failing: dict[str, str] = {}  # check → table of failing rows
        for check in checks:
            self._sort(check)
        self._owned = distincts is None
        self._distincts = distincts or Distincts(session, relation, list(self._values), limit=DEFAULT.distinct_table)

    def _columns(self) -> set[str]:
        described = self._session.rows(f"DESCRIBE {sql.name(self._relation)}")
        return {str(row[0]).lower() for row in described}

    def _sort(self, check: Check) -> None:
        absent = [each for each in (*check.columns, *check.reads) if each != "*" and each.lower() not in self._known]
        if check.error is not None or absent:
            self._counts[check.id] = CheckCount(error=check.error or f"no column {', '.join(absent)}")
        elif by_value(check):
            self._values[check.columns[0]].append(check)
        else:
            self._whole.append(check)

    def close(self) -> None:
        """Drop every temporary table."""
        for table in self._failing.values():
            self._session.execute(f"DROP TABLE {table}")
        if self._owned:
            self._distincts.close()

    def checks(self) -> dict[str, CheckCount]:
        """The exact counts of every check."""
        for column, members in self._values.items():
            try:
                self._column(column, members)
            except self._session.failures:
                self._column(column, [check for check in members if self._runs(column, check)])
        for check in self._whole:
            self._counts[check.id] = self._materialise(check)
        return self._counts

    def _runs(self, column: str, check: Check) -> bool:
        """Try one value predicate alone, and record its error if it has one."""
        try:
            self._session.rows(f"SELECT count(*) FILTER (WHERE {check.predicate}) FROM {self._source(column)}")
        except self._session.failures as error:
            self._counts[check.id] = CheckCount(error=explain(error))
            return False
        return True

    def _source(self, column: str) -> str:
        return f"(SELECT value AS {sql.name(column)}, n AS _tm_n FROM {self._distincts.source(column)})"

    def _column(self, column: str, members: Sequence[Check]) -> None:
        """Count every check of the column, and the union and applicable cells of each of its dimensions.

        Checks that search for a pattern share one search for any of their patterns, where that spares work.
        """
        search = "|".join(f"(?:{check.params['search']})" for check in members if "search" in check.params)
        if not search or self._distincts.few(column):
            self._record(members, self._tally(column, members, members, "TRUE"))
            return
        found = f"regexp_matches({sql.name(column)}, {sql.literal(search)})"
        plain = [check for check in members if "search" not in check.params]
        clean = self._tally(column, members, plain, f"NOT coalesce({found}, FALSE)")
        if clean.cells < self._rows:
            clean = clean.plus(self._tally(column, members, members, found))
        self._record(members, clean)

    def _record(self, members: Sequence[Check], tally: _Tally) -> None:
        for check in members:
            n = tally.checks.get(check.id, 0)
            self._counts[check.id] = CheckCount(cells=n, rows=n)
            dimension = check.dimension
            self._unions[check.columns[0], dimension] = tally.unions[dimension]

    def _tally(self, column: str, members: Sequence[Check], able: Sequence[Check], where: str) -> _Tally:
        """One query over the cells that meet `where`, of which only the checks in `able` can fail."""
        flags = "".join(f", ({check.predicate}) AS f{place}" for place, check in enumerate(able))
        dimensions = list(dict.fromkeys(check.dimension for check in members))
        wanted = ["TRUE", *(f"f{place}" for place in range(len(able)))]
        for dimension in dimensions:
            fails = [f"f{place}" for place, check in enumerate(able) if check.dimension == dimension]
            wanted += [" OR ".join(fails or ["FALSE"]), " OR ".join(["given", *fails])]
        sums = ", ".join(f"coalesce(sum(_tm_n) FILTER (WHERE {each}), 0)::BIGINT" for each in wanted)
        given = f"{sql.name(column)} IS NOT NULL AS given"
        cells, *found = self._session.one(
            f"SELECT {sums} FROM (SELECT _tm_n, {given}{flags} FROM {self._source(column)} WHERE {where})"
        )
        unions = found[len(able) :]
        return _Tally(
            cells=cells,
            checks={check.id: n for check, n in zip(able, found, strict=False)},
            unions=dict(zip(dimensions, zip(unions[::2], unions[1::2], strict=True), strict=True)),
        )

    def _materialise(self, check: Check) -> CheckCount:
        """Keep the failing rows of a check that needs more than one cell."""
        table = f"_failing_{next(_serial)}"
        try:
            self._session.execute(
                f"CREATE TEMP TABLE {table} AS SELECT DISTINCT _row FROM ({row_query(check, self._relation)})"
            )
        except self._session.failures as error:
            return CheckCount(error=explain(error))
        self._failing[check.id] = table
        rows, first = self._session.one(f"SELECT count(*), min(_row, {DEFAULT.sample_rows}) FROM {table}")
        return CheckCount(cells=rows * len(check.columns), rows=rows, first=tuple(first or ()))

    def group(self, group: Group, members: Sequence[Check]) -> DimensionCount | None:
        """Distinct failing and applicable cells of a column and dimension; None if no check of it could run."""
        column, dimension = group
        able = [check for check in members if self._counts[check.id].error is None]
        if not able:
            return None
        failing, applicable = self._unions.get(group, (0, 0))
        values = [check for check in able if by_value(check)]
        tables = [self._failing[check.id] for check in able if check.id in self._failing]
        if not column or (tables and dimension == "uniqueness"):
            return DimensionCount(
                column=column, dimension=dimension, failing=self._rows_failing(tables, values), applicable=self._rows
            )
        if tables:
            more, without = self._rows_beyond(column, tables, values)
            failing += more
            applicable = (applicable if values else self._given(column)) + without
        if dimension == "completeness":
            applicable = self._rows
        return DimensionCount(column=column, dimension=dimension, failing=failing, applicable=applicable)

    def _union(self, tables: Sequence[str], values: Sequence[Check]) -> str:
        selects = [f"SELECT _row FROM {table}" for table in tables]
        selects += [row_query(check, self._relation) for check in values]
        return " UNION ".join(selects)

    def _rows_failing(self, tables: Sequence[str], values: Sequence[Check]) -> int:
        (rows,) = self._session.one(f"SELECT count(*) FROM ({self._union(tables, values)})")
        return int(rows)

    def _rows_beyond(self, column: str, tables: Sequence[str], values: Sequence[Check]) -> tuple[int, int]:
        """Rows of the tables that no value predicate counted already, and how many of them hold null."""
        union = " OR ".join(f"({check.predicate})" for check in values) or "FALSE"
        more, without = self._session.one(
            f"SELECT count(*), count(*) FILTER (WHERE {sql.name(column)} IS NULL) FROM {sql.name(self._relation)} "
            f"WHERE _row IN ({self._union(tables, [])}) AND NOT coalesce({union}, FALSE)"
        )
        return int(more), int(without)

    def _given(self, column: str) -> int:
        (n,) = self._session.one(f"SELECT count({sql.name(column)}) FROM {sql.name(self._relation)}")
        return int(n)

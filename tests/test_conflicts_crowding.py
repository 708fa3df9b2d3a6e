"""Only rows that another one may contradict are prepared in full; the others are counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from conflicts_helpers import TODAY, found, table, visit
from tablemend.bench.conflicts_usual import by_join, by_pandas
from tablemend.conflicts import finding, ruleset, sample
from tablemend.conflicts.originals import Options
from tablemend.engine.duckdb import Session

RULES = ruleset.shipped("visits")
YESTERDAY = TODAY - timedelta(days=1)


def prepared(*visits: dict[str, Any], options: Options = RULES.options) -> list[str]:
    """Ids of the rows that are prepared."""
    rules = msgspec.structs.replace(RULES, options=options)
    with Session() as session:
        tally, _, ready = finding.prepare(session, rules, table(visits, rules), today=TODAY)
    assert tally.rows == len(visits)
    return sorted(ready["id"].to_pylist())


def test_rows_of_one_agency_are_counted_and_not_prepared() -> None:
    visits = [visit(1, "A"), visit(2, "A"), visit(3, "A", caregiver_key="P2"), visit(4, "B", caregiver_key="P2")]
    assert prepared(*visits) == ["3", "4"]


@pytest.mark.parametrize(
    ("days", "end", "expected"),
    [(1, "+1 0:00", ["1", "2"]), (1, "+1 0:30", ["1", "2"]), (1, "23:59", []), (2, "+1 0:00", [])],
)
def test_dates_beside_each_other_belong_together_where_a_row_touches_midnight(
    days: int, end: str, expected: list[str]
) -> None:
    late = visit(2, "B", visit_date=YESTERDAY - timedelta(days=days), visit_start="22:00", visit_end=end)
    assert prepared(visit(1, "A", visit_date=YESTERDAY), late) == expected
    assert prepared(visit(1, "A", visit_date=YESTERDAY), late, options=Options(across_midnight=False)) == []


def test_so_do_they_where_the_later_one_begins_at_midnight() -> None:
    early = visit(2, "B", visit_start="0:00", visit_end="1:00")
    assert prepared(visit(1, "A", visit_date=YESTERDAY - timedelta(days=1)), early) == ["1", "2"]


def test_the_last_date_of_one_person_is_not_beside_the_first_of_another() -> None:
    visits = [
        visit(1, "A", caregiver_key="P1", visit_date=YESTERDAY, visit_start="0:00", visit_end="+1 1:00"),
        visit(
            2, "B", caregiver_key="P2", visit_date=YESTERDAY - timedelta(days=1), visit_start="0:00", visit_end="1:00"
        ),
    ]
    assert prepared(*visits) == []


def test_rows_that_are_left_out_make_no_crowd() -> None:
    assert prepared(visit(1, "A"), visit(2, "B", status="cancelled"), visit(3, None)) == []  # type: ignore[arg-type]


def test_a_rule_without_a_column_that_must_differ_looks_at_every_row_beside_another() -> None:
    rules = msgspec.structs.replace(RULES, differ="")
    times = {"visit_start": "8:00", "visit_end": "9:00"}
    assert found([visit(1, "A", **times), visit(2, "A", **times)], rules) == {(1, 2): "same_visit_time"}


def test_a_join_and_pandas_find_as_many() -> None:
    rows = sample.world(20_000, today=TODAY, seed=4).visits
    with Session() as session:
        conflicts = finding.find(session, RULES, rows, today=TODAY).conflicts
        of_one_date = int(sum(a == b for a, b in zip(*(conflicts[f"scope_{side}"] for side in "ab"), strict=True)))
        assert by_join(session, RULES, rows, today=TODAY) == of_one_date
    assert by_pandas(rows.to_pandas(), RULES, today=TODAY) == conflicts.num_rows

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from tablemend.engine.duckdb import Session
from tablemend.errors import SettingsError
from tablemend.quality import rules
from tablemend.quality.evaluate import evaluate
from tablemend.quality.findings import findings
from tablemend.quality.profile import profile
from tablemend.records import Column

TABLE = {
    "id": ["1", "2", "2", "4"],
    "start": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
    "end": ["2024-01-02", "2024-01-31", "2024-03-02", None],
    "price": ["10", "9", "100", "-1"],
    "state": ["new", "old", "", None],
}


def failing(*entries, **parents):
    """The findings of the rules, as check → (status, rows of the sample or message)."""
    with Session() as session:
        session.register("data", pa.table({"_row": range(1, 5), **TABLE}))
        for name, values in parents.items():
            session.register(name, pa.table(values))
        found = profile(session, "data", [Column(name=name, header=name) for name in TABLE])
        checks = rules.checks(rules.parse(entries), found, moment_of_scan=datetime(2024, 4, 10, tzinfo=UTC))
        return findings(session, "data", checks, evaluate(session, "data", checks))


@pytest.mark.parametrize(
    ("entry", "check", "rows"),
    [
        ({"column": "state", "not_null": True}, "required_missing", [3, 4]),
        ({"column": "id", "unique": True}, "duplicate_key", [2, 3]),
        ({"columns": ["id", "price"], "unique": True}, "duplicate_key", []),
        ({"column": "state", "type": "integer"}, "type_mismatch", [1, 2]),
        ({"column": "price", "range": {"min": 0, "max": 50}}, "out_of_range", [3, 4]),
        ({"column": "end", "range": {"max": "2024-02-01"}}, "out_of_range", [3]),
        ({"column": "price", "regex": "[0-9]+"}, "pattern_deviation", [4]),
        ({"column": "state", "values": ["new"]}, "not_allowed", [2]),
        ({"column": "id", "foreign_key": {"table": "parents", "column": "key"}}, "missing_parent", [4]),
        ({"expression": 'start <= "end"'}, "cross_column", [2]),
        ({"column": "price", "expression": "price < 100"}, "cross_column", [3]),
        ({"column": "start", "freshness": "7d"}, "stale", [1, 2, 3, 4]),
        ({"column": "start", "freshness": "2w"}, "stale", []),
    ],
)
def test_each_kind_of_rule(entry, check, rows):
    found = failing(entry, parents={"key": [1, 2]})
    assert [(each.check, each.status) for each in found] == ([(check, "failed")] if rows else [])
    assert [row["_row"] for each in found for row in each.sample] == rows


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"column": "price", "rnage": {}}, "rule 2: 'rnage'"),
        ({"column": "price"}, "rule 2: 'column' has no constraint"),
        ({"not_null": True}, "rule 2: 'column' is missing"),
        ({"column": "a", "columns": ["b"], "unique": True}, "rule 2: 'columns'"),
        ({"column": "a", "type": "number"}, "rule 2: 'type' cannot be 'number'"),
        ({"column": "a", "not_null": "yes"}, "rule 2: 'not_null'"),
        ({"column": "a", "range": {}}, "rule 2: 'range'"),
        ({"column": "a", "range": {"least": 1}}, "rule 2: 'range'"),
        ({"column": "a", "regex": "["}, "rule 2: 'regex'"),
        ({"expression": "start <="}, "rule 2: 'expression'"),
        ({"expression": "id > 0 AND (SELECT count(*) FROM read_text('/etc/hosts')) > 0"}, "holds a query"),
        ({"expression": "EXISTS (FROM read_text('/etc/hosts'))"}, "holds a query"),
        ({"column": "a", "freshness": "soon"}, "rule 2: 'freshness'"),
        ({"column": "a", "unique": True, "severity": "high"}, "rule 2: 'severity'"),
    ],
)
def test_a_wrong_rule_is_named_by_number_and_key(entry, message):
    with pytest.raises(SettingsError, match=message.replace("(", r"\(")) as caught:
        rules.parse([{"column": "id", "unique": True}, entry])
    assert caught.value.hint


@pytest.mark.parametrize(
    "entry",
    [
        {"column": "nowhere", "not_null": True},
        {"expression": "nowhere > 1"},
        {"column": "id", "foreign_key": {"table": "nowhere"}},
        {"column": "state", "freshness": "1d"},
        {"expression": "state > 5"},
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_an_error_and_not_a_pass(entry):
    (found,) = failing(entry)
    assert found.status == "error"
    assert found.rule is not None
    assert found.rule.startswith("rule 1")


def test_several_constraints_in_one_rule():
    found = failing({"column": "price", "name": "sane price", "range": {"min": 0}, "regex": "[0-9]{1,2}"})
    assert {(each.check, each.rows, each.rule) for each in found} == {
        ("out_of_range", 1, "rule 1: sane price"),
        ("pattern_deviation", 2, "rule 1: sane price"),
    }

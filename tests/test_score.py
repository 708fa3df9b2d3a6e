import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablemend.engine.duckdb import Session
from tablemend.quality.checks.subject import make
from tablemend.quality.distinct import Distincts
from tablemend.quality.evaluate import evaluate
from tablemend.quality.findings import findings
from tablemend.quality.score import score
from tablemend.records import Check

CELLS = st.sampled_from([None, "", " ", "a", "b", "B", "1", "-2", "x  y", "N/A"])
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12)

CHECKS = (
    make("null", ["a"], predicate='"a" IS NULL', message="a"),
    make("blank", ["a"], predicate="trim(\"a\") = ''", message="a"),
    make("null", ["b"], predicate='"b" IS NULL', message="b"),
    make("type_mismatch", ["b"], predicate='TRY_CAST("b" AS DOUBLE) IS NULL AND "b" IS NOT NULL', message="b"),
    make("double_space", ["b"], predicate="contains(\"b\", '  ')", message="b"),
    make("case_variant", ["b"], query='SELECT _row FROM {data} WHERE lower("b") <> "b"', message="b"),
    make("cross_column", ["a", "c"], predicate='"a" > "c"', message="a c"),
    make(
        "duplicate_row",
        [],
        query='SELECT _row FROM {data} QUALIFY row_number() OVER (PARTITION BY "a", "b", "c" ORDER BY _row) > 1',
        reads=["*"],
        message="rows",
    ),
)


def table(rows):
    columns = {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate("abc")}
    return pa.table({"_row": pa.array(range(1, len(rows) + 1), pa.int64()), **columns})


SESSION = Session(threads=1)


def measure(rows, checks=CHECKS, **arguments):
    SESSION.register("data", table(rows))
    return evaluate(SESSION, "data", checks, **arguments)


def by_hand(rows):
    """The failing cells of each (column, dimension), found row by row in Python."""
    failing: dict[tuple[str, str], set[int]] = {}
    seen = set()
    for number, (a, b, c) in enumerate(rows):
        tests = {
            ("a", "completeness"): a is None or a.strip(" ") == "",
            ("b", "completeness"): b is None,
            ("b", "validity"): b is not None and not b.lstrip("-").isdigit(),
            ("b", "consistency"): b is not None and ("  " in b or b.lower() != b),
            ("a", "consistency"): a is not None and c is not None and a > c,
            ("c", "consistency"): a is not None and c is not None and a > c,
            ("", "uniqueness"): (a, b, c) in seen,
        }
        seen.add((a, b, c))
        for group, failed in tests.items():
            failing.setdefault(group, set()).update({number} if failed else set())
    return {group: len(numbers) for group, numbers in failing.items()}


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_a_cell_that_fails_twice_in_a_dimension_counts_once(rows):
    counted = {(each.column, each.dimension): each.failing for each in measure(rows).dimensions}
    assert counted == by_hand(rows)


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_row_by_row_and_by_distinct_values_agree(rows):
    SESSION.register("data", table(rows))
    searching = [
        make("double_space", ["b"], predicate="regexp_matches(\"b\", '  ')", message="", params={"search": "  "})
    ]
    checks = [*(each for each in CHECKS if each.name != "double_space"), *searching]
    by_row = Distincts(SESSION, "data", "abc", limit=0)
    assert measure(rows, checks, distincts=by_row) == measure(rows, checks) == measure(rows)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.data())
def test_touched_columns_give_the_full_evaluation(rows, data):
    touched = data.draw(st.sets(st.sampled_from("abc")))
    changed = [
        tuple(data.draw(CELLS) if name in touched else cell for name, cell in zip("abc", row, strict=True))
        for row in rows
    ]
    partial = measure(changed, previous=measure(rows), touched=touched)
    assert partial == measure(changed)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_a_perfect_score_means_no_finding(rows):
    found = measure(rows)
    with Session(threads=1) as session:
        session.register("data", table(rows))
        listed = findings(session, "data", CHECKS, found)
    assert (score(found).overall == 100) == (not listed)
    assert all(0 <= value <= 100 for value in (score(found).overall, *score(found).dimensions.values()))


@settings(max_examples=30, deadline=None)
@given(ROWS, st.data())
def test_one_more_bad_cell_never_raises_a_score(rows, data):
    place = data.draw(st.integers(0, len(rows) - 1))
    worse = [(a, "bad  B" if number == place else b, c) for number, (a, b, c) in enumerate(rows)]
    checks = [check for check in CHECKS if check.name in ("type_mismatch", "double_space")]
    before, after = score(measure(rows, checks)), score(measure(worse, checks))
    assert after.overall <= before.overall + 1e-9 or rows[place][1] is None


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_a_clean_column_never_lowers_another_score(rows):
    narrow = [check for check in CHECKS if check.columns == ("b",)]
    extra = make("null", ["_row"], predicate='"_row" IS NULL', message="clean")
    before, after = score(measure(rows, narrow)), score(measure(rows, [*narrow, extra]))
    assert after.columns["b"] == before.columns["b"] if "b" in before.columns else True
    assert after.overall >= before.overall - 1e-9


@pytest.mark.parametrize("name", ["null", "type_mismatch", "case_variant", "outlier"])
def test_a_check_that_fails_everywhere_is_never_perfect(name):
    found = score(measure([("a", "b", "c")] * 3, [make(name, ["b"], predicate="TRUE", message="all")]))
    assert found.overall < 100
    assert found.columns["b"] == dict.fromkeys(found.dimensions, 0)


def test_an_unevaluated_check_lowers_confidence_and_is_shown():
    broken = make("cross_column", ["b"], predicate='"nowhere" > 1', message="broken", rule="rule 1")
    fine = make("null", ["b"], predicate='"b" IS NULL', message="b")
    found = measure([("a", "1", "c")], [fine, broken])
    assert score(found).confidence == 0.5
    assert score(found).overall < 100
    assert "nowhere" in found.errors[broken.id]
    with Session() as session:
        session.register("data", table([("a", "1", "c")]))
        (listed,) = findings(session, "data", [fine, broken], found)
    assert (listed.status, listed.cells) == ("error", 0)


def test_a_broken_predicate_does_not_take_its_neighbours_along():
    broken = make("not_allowed", ["b"], predicate='CAST("b" AS INTEGER) > 1', message="broken")
    fine = make("null", ["b"], predicate='"b" IS NULL', message="b")
    found = measure([("a", None, "c"), ("a", "x", "c")], [broken, fine])
    assert set(found.errors) == {broken.id}
    assert found.checks[fine.id].cells == 1


def test_the_listing_selects_exactly_the_failing_rows():
    rows = [("a", "B", "c"), ("z", "1", "a"), (None, "x  y", None)]
    with Session() as session:
        session.register("data", table(rows))
        listed = findings(session, "data", CHECKS, evaluate(session, "data", CHECKS))
        assert {each.check for each in listed} == {
            "null",
            "type_mismatch",
            "double_space",
            "case_variant",
            "cross_column",
        }
        for each in listed:
            assert len(session.rows(each.sql)) == each.rows
            assert [row["_row"] for row in each.sample] == [row[0] for row in session.rows(each.sql)]


def test_a_column_that_is_gone_is_an_error_and_not_a_pass():
    gone = Check(id="x", name="null", dimension="completeness", columns=("gone",), severity="warning", predicate="TRUE")
    assert "gone" in measure([("a", "b", "c")], [gone]).errors["x"]

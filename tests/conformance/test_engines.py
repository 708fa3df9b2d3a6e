"""DuckDB and Spark give the same for every check and every operation, cell by cell and count by count."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
import pytest
from agreement import agreed

from core_helpers import columns_of, proposal, step, table
from spark_helpers import AWKWARD, URL, embedded, on_spark, random_cells, with_driver
from tablemend.bench.generate import faulty_csv
from tablemend.databases.constraints import Constraint
from tablemend.engine import sql
from tablemend.quality import declared, rules
from tablemend.quality.checks import derive
from tablemend.quality.checks.subject import make
from tablemend.quality.drift import drift
from tablemend.quality.evaluate import evaluate, row_query
from tablemend.quality.findings import findings
from tablemend.quality.profile import profile
from tablemend.quality.thresholds import Thresholds
from tablemend.quality.vocabulary import CHECKS
from tablemend.records import ForeignKey
from tablemend.repair import derived, relation
from tablemend.repair.execution import execute
from tablemend.repair.operations import OPERATIONS
from tablemend.repair.plan import measure
from tablemend.workspace import open as open_workspace
from test_checks_derived import clean

pytestmark = pytest.mark.spark

PAIRS = [["a", "b"], ["", None], [None, "was null"], ["😀", "smile"], ["\\1", "$1"], ["Straße", "Strasse"], ["'", '"']]
KEYED = [["1", "a", "one"], ["2", None, "two"], [None, "", "three"]]

EXPRESSIONS: dict[str, list[dict[str, object]]] = {
    "trim": [{}],
    "fold_space": [{}],
    "change_case": [{"case": "lower"}, {"case": "upper"}, {"case": "title"}],
    "normalise_number": [
        {"thousands": ","},
        {"thousands": ".", "decimal": ","},
        {"strip": ["kg", "$", "€"], "unit": "kg", "space": True},
        {"strip": ["K", "ß", "."], "unit": "'", "thousands": " "},
    ],
    "parse_date": [
        {"formats": ["%Y-%m-%d", "%d.%m.%Y", "%d %b %Y"], "to": "%Y-%m-%d"},
        {"formats": ["%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"], "to": "%d %B %Y %H:%M:%S.%f"},
        {"formats": ["%I:%M %p", "%Y-%m-%dT%H:%M"], "to": "%H:%M"},
    ],
    "cast": [
        {"type": kind}
        for kind in ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL(18, 3)", "DATE", "TIMESTAMP", "BOOLEAN", "VARCHAR", "TIME")
    ],
    "replace_pattern": [
        {"pattern": pattern, "replacement": replacement}
        for pattern, replacement in (
            ("[0-9]+", "<\\0>"),
            ("(a)(.)", "\\2\\1$1"),
            ("x*", "-"),
            ("\\s+", "_"),
            ("(?i)straße|k|σ", "*"),
            ("[[:punct:]]", ""),
            ("^.|.$", "|"),
            ("(?s).$", ""),
            ("(?m)^", "> "),
            ("\\bA?", "="),
            ("[^\\p{L}\\p{N}]+", " "),
            ("\\x{1F600}|\\$|\\\\", "\\\\"),
            ("(?:a|b){2,}?", "ab"),
            ("[\\]\\[^&&-]", "'"),
            ("\\pL", "L"),
            ("\\p{Greek}", "G"),
            ("", "."),
        )
    ],
    "fill": [
        {"method": "constant", "value": "it's \\ $1"},
        {"method": "mean", "value": "4.5"},
        {"method": "forward"},
        {"method": "backward"},
        {"method": "forward", "order": "moment"},
        {"method": "backward", "order": "amount"},
        {"method": "mode"},
    ],
    "set_null": [
        {"values": ["", "a", "'", "\\", "😀", "N/A"]},
        {"predicate": "amount = '3' OR moment IS NULL"},
        {"predicate": "TRY_CAST(amount AS DOUBLE) > 4 AND length(moment) > 2"},
        {"predicate": "amount LIKE '%\\%' OR amount ILIKE 'n_n' OR contains(amount, '.')"},
    ],
    "cap": [{"low": 0, "high": 100}, {"high": 2.5}, {"low": -1}],
    "log_transform": [{}, {"base": "2"}, {"base": "10"}],
    "custom": [
        {"expression": expression}
        for expression in (
            "amount || '-' || moment",
            "CASE WHEN moment > amount THEN 'a' ELSE lower(amount) END",
            "strip_accents(amount)",
            "TRY_CAST(amount AS DOUBLE) * 2 + 1",
            "coalesce(nullif(trim(amount), ''), moment)",
            "length(amount) % 3",
            "list_aggregate(string_split(amount, ''), 'string_agg', '.')",
            "1 / 0",
            "_row",
            "count(*) OVER (PARTITION BY amount)",
        )
    ],
}
"""Parameters for every operation that is an expression over the row."""


def cells_table(count=400):
    """A text, a number and a day in every row, with repeats and gaps."""
    cells = [*AWKWARD, *random_cells(1, count - len(AWKWARD))]
    numbers = [None if n % 7 == 3 else str(n % 5) if n % 11 else " 2.5 " for n in range(count)]
    days = [None if n % 13 == 5 else f"2024-0{1 + n % 9}-1{n % 9}" if n % 3 else str(n % 17) for n in range(count)]
    return table(text=cells, number=numbers, day=days)


def found_in(names, count, *, new):
    """Keys of the first rows of `cells_table`, each once, with a new value."""
    rows = zip(*(cells_table()[name].to_pylist() for name in names), strict=True)
    return [[*key, new] for key in dict.fromkeys(rows)][:count]


OTHERS = {
    "fill": [
        step("fill", "number", method=method, **order)
        for method in ("mean", "median", "interpolate")
        for order in ({}, {"order": "day"})
    ],
    "map_values": [
        step("map_values", "text", pairs=PAIRS),
        step("map_values", "text", pairs=KEYED, keys=["number", "text"]),
    ],
    "fix_mojibake": [step("fix_mojibake", "text", pairs=[["MÃ¼nchen", "München"]])],
    "repair_dependency": [
        step(
            "repair_dependency",
            "text",
            pairs=[*found_in(("number", "day", "text"), 40, new="agreed"), ["1", "3", "", "c"]],
            keys=["number", "day", "text"],
            determinants=["number"],
        )
    ],
    "fill_dependency": [
        step(
            "fill_dependency",
            "text",
            pairs=[*found_in(("number", "text"), 40, new="two"), ["2", None, "none has it"]],
            keys=["number", "text"],
        )
    ],
    "remove_rows": [
        step("remove_rows", predicate="text IS NULL OR number = '3'"),
        step("remove_rows", predicate="TRY_CAST(number AS DOUBLE) BETWEEN 2 AND 4 AND text NOT IN ('a', '')"),
        step("remove_rows", predicate="_row % 2 = 0"),
    ],
    "deduplicate": [
        step("deduplicate"),
        step("deduplicate", keep="last", columns=["number"]),
        step("deduplicate", keep="first", columns=["number", "text"], order="day"),
        step("deduplicate", keep="last", columns=["number"], order="number"),
        step("deduplicate", keep="most_complete", columns=["number"]),
        step("deduplicate", keep="merge", columns=["number"]),
    ],
    "split_column": [
        step("split_column", "text", into=["p", "q"], delimiter=" "),
        step("split_column", "text", into=["p", "q", "r"], delimiter="."),
        step("split_column", "text", into=["p", "q"], pattern=r"(\w+)\s+(.*)"),
    ],
    "merge_columns": [
        step("merge_columns", "number", "text", into="m"),
        step("merge_columns", "text", "day", into="m", delimiter="'\\"),
    ],
    "drop_column": [step("drop_column", "text")],
}
"""Steps of every other operation, and of the fills that compute."""


def both(given, steps):
    """The results of the steps on either engine."""
    made = []
    for engine in (embedded(), on_spark()):
        with engine.branch() as session:
            made.append(execute(session, given, columns_of(given), steps))
    return made


def require_same(one, other):
    """Every part of two results is the same."""
    for name in one.table.column_names:
        assert other.table[name].to_pylist() == one.table[name].to_pylist(), name
    assert other.table.schema == one.table.schema
    assert other.changes.to_pylist() == one.changes.to_pylist()
    assert other.removed.to_pylist() == one.removed.to_pylist()
    for field in ("columns", "touched", "won", "removed_by"):
        assert getattr(other, field) == getattr(one, field), field


def test_every_operation_has_a_case():
    assert set(EXPRESSIONS) | set(OTHERS) == set(OPERATIONS)
    assert set(EXPRESSIONS) == {each.name for each in OPERATIONS.values() if each.kind == "expression"}


@pytest.mark.parametrize("operation", EXPRESSIONS)
@pytest.mark.parametrize("seed", [1, 2])
def test_expressions_give_the_same_cells(operation, seed):
    """One column for each set of parameters, all with the same cells."""
    cells = [*AWKWARD, *random_cells(seed, 400)]
    moments = ["2020-01-05 10:00:00", "2020-01-31", "3", "", None, "x", "1e2", "10000-01-01"]
    names = {f"c{n}": params for n, params in enumerate(EXPRESSIONS[operation])}
    given = table(
        **dict.fromkeys(names, cells),
        amount=random_cells(seed + 100, len(cells)),
        moment=[moments[n % len(moments)] for n in range(len(cells))],
    )
    one, other = both(given, [step(operation, name, identity=name, **params) for name, params in names.items()])
    require_same(one, other)
    for name in names:
        agreed("operation", operation, compared=given.num_rows, told=one.won.get(name, 0))


@pytest.mark.parametrize("each", [each for steps in OTHERS.values() for each in steps], ids=lambda each: each.operation)
def test_maps_rows_and_columns_give_the_same(each):
    given = cells_table()
    one, other = both(given, [each])
    require_same(one, other)
    cells = given.num_rows * len(one.table.column_names)
    agreed("operation", each.operation, compared=cells, told=one.changes.num_rows + one.removed.num_rows)


def test_phases_chain_and_precedence_holds_alike():
    steps = [
        step("trim", "text", identity="first"),
        step("map_values", "text", identity="map", pairs=[["a", "A"], ["x", "y"]]),
        step("fold_space", "text", identity="second"),
        step("fill", "text", identity="fill", method="constant", value="none"),
        step("remove_rows", identity="remove", predicate="text = 'none' AND number IS NULL"),
        step("deduplicate", identity="merge", keep="merge", columns=["text"]),
        step("split_column", "day", identity="split", into=["year", "rest"], delimiter="-"),
    ]
    require_same(*both(cells_table(), steps))


def test_repairs_are_measured_alike():
    given = cells_table()
    proposals = [
        proposal("trim", "text"),
        proposal("map_values", "text", pairs=PAIRS),
        proposal("deduplicate", keep="merge", columns=["number"], check="duplicate_row"),
        proposal("split_column", "text", into=["p", "q"], delimiter=" "),
        proposal("drop_column", "day"),
    ]
    made = []
    for engine in (embedded(), on_spark()):
        with engine.branch() as session:
            relation.register(session, given, columns_of(given))
            made.append(measure(session, "data", columns_of(given), proposals, dataset="d"))
    assert made[1] == made[0]
    assert len(made[0]) == len(proposals)


@pytest.mark.parametrize("pattern", ["[", "(", "a**", "\\", "(?=a)", "a{5000}", "[[:what:]]", "\\8"])
def test_a_pattern_that_one_engine_refuses_the_other_refuses_too(pattern):
    query = f"SELECT regexp_matches(text, {sql.literal(pattern)}) FROM data"
    for engine in (embedded(), on_spark()):
        with engine.branch() as session:
            relation.register(session, table(text=["a"]), columns_of(table(text=["a"])))
            with pytest.raises(session.failures):
                session.rows(query)


def _unknown_to_java(codes):
    frame = on_spark().spark.createDataFrame(pa.table({"code": codes, "c": [chr(code) for code in codes]}))
    return frame.where(r"regexp_like(c, '\\p{Cn}')").toArrow()["code"].to_pylist()


FUNCTIONS = (
    *(
        "lower(c)",
        "trim(c)",
        "length(c)",
        "c || 'x'",
        "upper(c)",
        "regexp_matches(c, '\\s')",
        "regexp_matches(c, '\\w')",
    ),
    *("regexp_matches(c, '[\\s\\p{Z}]')", "regexp_matches(c, '(?i)[a-k]')", "regexp_matches(c, '(?i)s')"),
    *("regexp_full_match(c, '.')", "regexp_matches(c, '[^\\p{L}\\p{N}]')", "regexp_matches(c, '(?i)ß')"),
    *("TRY_CAST(c || '1' AS DOUBLE)", "TRY_CAST('1' || c AS DOUBLE)", "replace(c, 'a', 'b')", "nullif(c, 'a')"),
)


def test_every_character_is_read_alike():
    """All of Unicode but what Java does not know yet: such characters have no class and no case there."""
    codes = [code for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    given = table(c=[chr(code) for code in codes])
    query = f"SELECT _row, {', '.join(f'{each} AS f{n}' for n, each in enumerate(FUNCTIONS))} FROM data ORDER BY _row"
    made = []
    for engine in (embedded(), on_spark()):
        with engine.branch() as session:
            relation.register(session, given, columns_of(given))
            made.append(session.arrow(query))
    unknown = {hex(code) for code in _unknown_to_java(codes)}
    assert len(unknown) < len(codes)
    for n, function in enumerate(FUNCTIONS):
        one, other = (each[f"f{n}"].to_pylist() for each in made)
        differing = [hex(code) for code, x, y in zip(codes, one, other, strict=True) if x != y]
        assert set(differing) <= unknown, function


def planted():
    """A table with a fault for every check that is derived from a profile."""
    found = {name: list(values) for name, values in clean(7).items()}
    faults = {
        "city": [None, "  ", "N/A", " Berlin", "Rome\u00a0", "New  York", "BERLIN", "Oslo"],
        "price": ["unknown", "cheap", "12.50 EUR"],
        "start_date": ["soon", "03.04.2020", "2020-02-31", "2030-01-01"],
        "active": ["maybe"],
        "sku": ["AB/0042"],
        "weight": ["12 Kg", "heavy"],
        "email": ["ann at example.org"],
        "zip": ["1234X"],
        "comment": ["MÃ¼nchen is lovely"],
        "height": ["-171.0", "1710.0", "17.0"],
    }
    for column, values in faults.items():
        for place, value in enumerate(values):
            found[column][40 + 3 * place] = value
    found["latitude"] = [f"{n % 80}.5" for n in range(400)]
    found["latitude"][0] = "95.0"
    found["url"] = [f"https://example.org/{n}" for n in range(400)]
    found["url"][9] = "example"
    countries = {"Paris": "France", "New York": "United States", "Rome": "Italy"}
    found["country"] = [countries.get(city, "Germany") for city in found["city"]]
    found["country"][found["city"].index("Rome")] = "France"
    found["grade"] = [["low", "high"][n % 2] for n in range(400)]
    found["grade"][3] = "mid"
    for values in found.values():
        values += [values[10], values[20]]
    found["comment"][-1] = found["comment"][20].upper().replace(" ", "-")
    return table(**found)


RULES = (
    {"column": "city", "not_null": True},
    {"column": "id", "unique": True},
    {"columns": ["city", "price"], "unique": True},
    *({"column": "price", "type": kind} for kind in rules.TYPES),
    {"column": "start_date", "type": "date"},
    {"column": "price", "range": {"min": 3, "max": 50}},
    {"column": "start_date", "range": {"max": "2021-02-01"}},
    {"column": "comment", "regex": "[A-Za-z 0-9]+"},
    {"column": "grade", "values": ["low", "high"]},
    {"column": "id", "foreign_key": {"table": "parents", "column": "key"}},
    {"expression": 'start_date <= "end_date"'},
    {"column": "price", "expression": "price < 100 AND length(city) > 2"},
    {"column": "end_date", "freshness": "7d"},
)


def stated():
    """Checks that a correction or a database states."""
    maps = [
        proposal("map_values", "city", pairs=[["Rome", "Roma"]], check="typo"),
        proposal("map_values", "city", pairs=[["Paris", "PARIS"]], check="spelling_variant"),
        proposal("map_values", "city", pairs=[["Rome", "high", "x"]], keys=["city", "grade"], check="source_conflict"),
        proposal("map_values", "grade", pairs=[[7, "x"], [8, "y"]], keys=["_row", "grade"], check="swapped_cells"),
    ]
    maps[-1] = msgspec.structs.replace(
        maps[-1], params={"keys": ["_row", "grade"], "pairs": [["7", "low", "x"], ["8", "high", "y"]]}
    )
    wrong = Constraint(name="positive", columns=("price",), expression="price > 0")
    number = 'TRY_CAST(trim("count") AS HUGEINT)'
    return [
        *derived.checks(maps, []),
        make("rare_category", ["grade"], predicate="\"grade\" IN ('mid')", message="rare"),
        declared.broken(wrong, ["price"], "broken", "SELECT 1"),
        make(
            "sequence_behind",
            ["count"],
            predicate=f"{number} >= 3 AND ({number} - 3) % 2 = 0",
            message="numbers",
            rule="numbers of count",
        ),
    ]


def every_failing(checks):
    """SQL of every failing row of some checks."""
    parts = (f"SELECT DISTINCT '{each.id}' AS id, _row FROM ({row_query(each, 'data')})" for each in checks)
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY id, _row"


def batched(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


def looked_at(engine, given, limits):
    """Profile, checks, evaluation, findings and failing rows of the planted table on one engine."""
    with engine.branch() as session:
        key = ForeignKey(columns=("city",), table="cities", parents=("name",), declared=True)
        session.register(key.relation, pa.table({"name": ["Berlin", "Paris", "New York"]}))
        session.register("parents", pa.table({"key": list(range(1000, 1300))}))
        session.register("broken", pa.table({"_row": pa.array([3, 5], pa.int64())}))
        columns = columns_of(given)
        relation.register(session, given, columns)
        found = profile(session, "data", columns, settings=limits, foreign_keys=[key])
        own = rules.checks(rules.parse(RULES), found, moment_of_scan=datetime(2024, 4, 10, tzinfo=UTC))
        checks = [*derive(session, "data", found, settings=limits), *own, *stated()]
        evaluation = evaluate(session, "data", checks)
        listed = findings(session, "data", checks, evaluation)
        failing = [row for part in batched(checks, 12) for row in session.rows(every_failing(part))]
    return found, checks, evaluation, listed, failing


_NEAR = {"mean": 1e-12, "deviation": 1e-12, "distinct_inexact": 0.15}
"""Sums of floating-point numbers depend on their order; approximate counts are not made by the same sketch."""


def require_close(one, other):
    """Profiles are equal, but for what is documented to be near."""
    for left, right in zip(one.columns, other.columns, strict=True):
        for field in left.__struct_fields__:
            a, b = getattr(left, field), getattr(right, field)
            near = _NEAR.get("distinct_inexact" if field == "distinct" and not left.distinct_exact else field)
            same = a == b if near is None or a is None else math.isclose(a, b, rel_tol=near)
            assert same, (left.name, field, a, b)
    for field in one.__struct_fields__:
        assert field == "columns" or getattr(one, field) == getattr(other, field), field


@pytest.mark.parametrize("limit", [0, 100_000])
def test_every_check_finds_the_same(limit):
    """By distinct values, and row by row as in columns of very many values."""
    given = planted()
    engines = (embedded(), with_driver() if limit else on_spark())
    one, other = (looked_at(engine, given, Thresholds(distinct_table=limit)) for engine in engines)
    require_close(one[0], other[0])
    assert other[1] == one[1]
    assert other[2] == one[2]
    assert other[3] == one[3]
    assert other[4] == one[4]
    assert not one[2].errors
    if limit:
        failed = {check.name for check in one[1] if one[2].checks[check.id].rows}
        assert set(CHECKS) - failed == {"drift"}
    assert drift(one[0], other[0]) == ()
    for check in one[1]:
        found = one[2].checks[check.id]
        agreed("check", check.name, compared=one[2].rows, told=found.cells or found.rows)


def healed(folder, source, **settings):
    """What healing a file gives, and the file that comes out."""
    folder.mkdir()
    with open_workspace(folder / ".tablemend", user="ann", threads=1, **settings) as ws:
        result = ws.heal(source, policy="all", output=folder / "healed.csv")
        return result, ws.notes, (folder / "healed.csv").read_bytes()


def test_faulty_orders_are_healed_alike(tmp_path):
    """Scan, gate, apply: findings, score, repairs, change set and healed table."""
    source = faulty_csv(tmp_path / "orders.csv", 400, seed=3)
    one, _, first = healed(tmp_path / "duckdb", source)
    other, notes, second = healed(tmp_path / "spark", source, engine="spark", spark_url=URL)
    require_close(one.scanned.profile, other.scanned.profile)
    assert other.scanned.findings == one.scanned.findings
    assert other.scanned.score == one.scanned.score
    bodies = [[(each.id, each.title, each.body, each.scores) for each in found.scanned.items] for found in (one, other)]
    assert bodies[1] == bodies[0]
    assert len(bodies[0]) > 20
    assert other.applied.snapshot.hash == one.applied.snapshot.hash
    assert other.applied.after == one.applied.after
    assert second == first
    assert "on Spark" in notes[0]

"""What a statement reads and changes, found in its text; where that is not certain, nothing is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablemend.caching.catalogue import ALL, NONE, Catalogue, tables_read, tables_written
from tablemend.caching.normal import normal
from tablemend.caching.statements import effect, reading

KINDS = ("postgresql", "mysql", "sqlite", "duckdb")


def names(sql: str, kind: str = "postgresql") -> list[str]:
    found = reading(sql, kind)
    assert not found.reason
    return [".".join(filter(None, each)) for each in found.names]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t", ["t"]),
        ("SELECT a FROM s.T x", ["s.t"]),
        ("SELECT t.a FROM t JOIN u ON t.a = u.a LEFT JOIN v USING (a)", ["t", "u", "v"]),
        ("SELECT a FROM t, u WHERE b IN (SELECT c FROM v) AND EXISTS (SELECT 1 FROM w)", ["t", "u", "v", "w"]),
        ("SELECT (SELECT max(b) FROM u) AS m FROM t", ["t", "u"]),
        ("WITH x AS (SELECT a FROM t), y AS (SELECT a FROM x) SELECT a FROM y", ["t"]),
        ("WITH t AS (SELECT a FROM t) SELECT a FROM t", ["t"]),
        ("SELECT a FROM (WITH u AS (SELECT a FROM t) SELECT a FROM u) AS q JOIN u ON TRUE", ["t", "u"]),
        (
            "WITH RECURSIVE r AS (SELECT a FROM t UNION ALL SELECT r.a FROM r JOIN u ON TRUE) SELECT a FROM r",
            ["t", "u"],
        ),
        ("SELECT a FROM t UNION SELECT b FROM u EXCEPT SELECT c FROM v", ["t", "u", "v"]),
    ],
)
def test_every_table_that_a_query_reads_is_found(kind: str, sql: str, expected: list[str]) -> None:
    assert names(sql, kind) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT now() AS n",
        "SELECT random() AS r FROM t",
        "SELECT CURRENT_TIMESTAMP AS n FROM t",
        "SELECT a FROM t WHERE d < CURRENT_DATE",
        "SELECT current_user AS u",
        "SELECT nextval('s') AS n",
        "SELECT own_function(a) AS b FROM t",
        "SELECT a FROM t WHERE d = 'now'",
        "SELECT a FROM t FOR UPDATE",
        "SELECT a FROM t; SELECT b FROM u",
        "SELECT a FRM t WHERE",
        "INSERT INTO t VALUES (1)",
        "EXPLAIN SELECT a FROM t",
        "PRAGMA user_version",
        "",
    ],
)
def test_what_may_differ_from_time_to_time_is_not_kept(kind: str, sql: str) -> None:
    assert reading(sql, kind).reason


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT date() AS d", "sqlite"),
        ("SELECT user", "postgresql"),
        ("SELECT localtime", "postgresql"),
        ("WITH gone AS (DELETE FROM t RETURNING a) SELECT a FROM gone", "postgresql"),
        ("SELECT a INTO n FROM t", "postgresql"),
        ("SELECT a FROM t TABLESAMPLE SYSTEM (10)", "postgresql"),
        ("SELECT @counter AS c", "mysql"),
        ("SELECT a FROM read_csv('x.csv')", "duckdb"),
        ("SELECT uuid() AS u", "duckdb"),
    ],
)
def test_what_only_one_database_has_is_not_kept_either(sql: str, kind: str) -> None:
    assert reading(sql, kind).reason


def test_a_column_that_is_called_like_what_differs_is_kept_in_quotes() -> None:
    assert not reading('SELECT "user" FROM t', "postgresql").reason
    assert not reading("SELECT t.user FROM t", "postgresql").reason


def test_white_space_and_comments_make_no_difference() -> None:
    one = "SELECT a FROM t WHERE b = 'It''s  A' AND c = :n"
    other = "SELECT  a\nFROM t -- remark\n WHERE b = 'It''s  A' /* more */ AND c = :n\n"
    assert reading(one, "postgresql") == reading(other, "postgresql")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'X'"),
        ("SELECT a FROM t WHERE b = 'x  y'", "SELECT a FROM t WHERE b = 'x y'"),
        ("SELECT a AS end FROM t", "SELECT a AS END FROM t"),
        ("SELECT * FROM (SELECT max( a ) FROM t) q", "SELECT * FROM (SELECT max(a) FROM t) q"),
        ("WITH q AS (SELECT a+1 FROM t) SELECT * FROM q", "WITH q AS (SELECT a + 1 FROM t) SELECT * FROM q"),
        ("SELECT a FROM t WHERE b = 'x' 'y'", "SELECT a FROM t WHERE b = 'x'\n'y'"),
        ('SELECT "A" FROM t', 'SELECT "a" FROM t'),
        ("SELECT A FROM t", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 1.0"),
        ("SELECT a+1 FROM t", "SELECT a + 1 FROM t"),  # SQLite and MySQL name the column by the text
        ("SELECT a FROM t WHERE b = 3--1", "SELECT a FROM t WHERE b = 3--2"),  # no comment in MySQL
        ("SELECT /*+ FULL(t) */ a FROM t", "SELECT a FROM t"),
        ("SELECT a /*! , b */ FROM t", "SELECT a FROM t"),
    ],
)
def test_anything_else_makes_a_difference(one: str, other: str) -> None:
    assert reading(one, "mysql").text != reading(other, "mysql").text


@given(st.text(alphabet="ab'\"`-/*! \n#$1.;", max_size=20))
def test_a_normal_form_keeps_all_that_is_no_white_space_or_a_comment(tail: str) -> None:
    sql = f"SELECT a FROM t WHERE b = {tail}"
    for dialect in ("postgres", "mysql", "sqlite", "duckdb"):
        found = normal(sql, dialect)
        if "--" not in sql and "/*" not in sql and "#" not in sql:
            assert "".join(found.split()).rstrip(";") == "".join(sql.split()).rstrip(";")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 'today 12:00'::timestamp AS x FROM t", "postgresql"),
        ("SELECT ('n' || 'ow')::timestamp AS x FROM t", "postgresql"),
        ("SELECT $$now$$::timestamp AS x FROM t", "postgresql"),
        ("SELECT $$now$$ AS x FROM t", "postgresql"),
        (r"SELECT E'\x6eow'::timestamp AS x FROM t", "postgresql"),
        (r"SELECT a FROM t WHERE d < E'\x6eow'", "postgresql"),
        (r"SELECT U&'\006eow'::timestamp AS x FROM t", "postgresql"),
        ("SELECT d::timestamp AS x FROM t", "postgresql"),
        ("SELECT date(d) AS x FROM t", "postgresql"),
        ("SELECT strftime('%s', d) AS x FROM t", "sqlite"),
        ("SELECT datetime(d) AS x FROM t", "sqlite"),
        ("SELECT date('12:00') AS x FROM t", "sqlite"),
        ("SELECT cast('12:00:00' AS datetime) AS x FROM t", "mysql"),
        ("SELECT timestamp(time '10:00') AS x FROM t", "mysql"),
    ],
)
def test_a_text_that_may_stand_for_the_present_moment_is_not_kept(sql: str, kind: str) -> None:
    assert reading(sql, kind).reason


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE d < CAST('2026-01-31' AS date)",
        "SELECT a FROM t WHERE d < '2026-01-31'",
        "SELECT CAST(a AS integer) AS b FROM t WHERE c = 'known'",
    ],
)
def test_a_fixed_date_is_kept(kind: str, sql: str) -> None:
    assert reading(sql, kind).reason == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO t (a) VALUES (1)", ["t"]),
        ("INSERT INTO s.t SELECT a FROM u", ["s.t"]),
        ("UPDATE t SET a = 1 WHERE b IN (SELECT b FROM u)", ["t"]),
        ("DELETE FROM T WHERE a = 1", ["t"]),
        ("REPLACE INTO t VALUES (1)", ["t"]),
        ("WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM x", ["t"]),
        ("UPDATE t JOIN u ON t.a = u.a SET u.b = 1", ["t", "u"]),
        ("SELECT a FROM t", []),
        ("SAVEPOINT x", []),
        ("ROLLBACK TO SAVEPOINT x", []),
        ("BEGIN IMMEDIATE", []),
    ],
)
def test_the_tables_that_a_statement_writes_to_are_found(kind: str, sql: str, expected: list[str]) -> None:
    found = effect(sql, kind)
    assert ([".".join(filter(None, each)) for each in found.names], found.unknown) == (expected, False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "sql",
    [
        "CALL p()",
        "SELECT own_function()",
        "SELECT nextval('s')",
        "EXPLAIN ANALYZE DELETE FROM t",
        "SET x = 1; DELETE FROM t",
        "COPY t FROM STDIN",
        "DELETE FRM t",
        "SELECT a INTO n FROM t",
    ],
)
def test_what_is_not_understood_may_have_changed_any_table(kind: str, sql: str) -> None:
    assert effect(sql, kind).unknown


@pytest.mark.parametrize("sql", ["CREATE TABLE t (a int)", "DROP VIEW v", "alter table t add b int", "TRUNCATE t"])
def test_a_change_of_the_schema_is_one(sql: str) -> None:
    found = effect(sql, "postgresql")
    assert (found.unknown, found.schema) == (True, True)


CATALOGUE = Catalogue(
    tables=frozenset({("s", "t"), ("s", "u"), ("s", "parent")}),
    views={
        ("s", "v"): "SELECT a FROM t JOIN w ON TRUE",
        ("s", "w"): "SELECT a FROM u",
        ("s", "z"): "SELECT now() AS n",
    },
    spreading=frozenset({"parent"}),
)


@pytest.mark.parametrize(("sql", "expected"), [("SELECT a FROM t", ["t"]), ("SELECT a FROM v", ["t", "u"])])
def test_a_view_reads_the_tables_behind_it(sql: str, expected: list[str]) -> None:
    assert list(tables_read(reading(sql, "postgresql"), CATALOGUE, "postgresql").names) == expected


@pytest.mark.parametrize("name", ["z", "absent", "other.t", "pg_class"])
def test_a_view_that_differs_and_a_name_that_is_not_known_are_not_kept(name: str) -> None:
    assert tables_read(reading(f"SELECT n FROM {name}", "postgresql"), CATALOGUE, "postgresql").reason


def test_a_write_to_a_table_that_changes_others_concerns_every_table() -> None:
    def concerned(sql: str, catalogue: Catalogue = CATALOGUE) -> tuple[str, ...]:
        return tables_written(effect(sql, "postgresql"), catalogue)

    assert concerned("DELETE FROM t") == ("t",)
    assert concerned("DELETE FROM parent") == (ALL,)
    assert concerned("DELETE FROM absent") == (ALL,)
    assert concerned("DELETE FROM v") == (ALL,)
    assert concerned("DELETE FROM t", NONE) == (ALL,)

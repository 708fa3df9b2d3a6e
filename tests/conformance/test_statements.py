"""The statements of every dialect are one statement each, of the verb and the tables they should be, in its own SQL."""

from __future__ import annotations

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from tablemend.databases.bulk import statements
from tablemend.databases.bulk.create import statement
from tablemend.databases.bulk.dialect import Column, Dialect
from tablemend.databases.bulk.families import FAMILIES
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.databases.bulk.statements import Shape
from tablemend.errors import DataRefused

NAMES = {"postgresql": "postgres", "mssql": "tsql"}
ODD = 'o"d`d]'


def parsed(dialect: Dialect, sql: str) -> exp.Expression:
    (found,) = sqlglot.parse(sql, read=NAMES.get(dialect.kind, dialect.kind))
    assert found is not None
    return found


@pytest.fixture(params=list(DIALECTS))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return DIALECTS[request.param]


@pytest.fixture
def shape(dialect: Dialect) -> Shape:
    key = (Column(name="id", type="bigint"), Column(name=ODD, type=dialect.text[0]))
    value = Column(name="select", type=dialect.text[-1])
    return Shape(target=dialect.qualified("Sales", ODD), stage="stage_1", key=key, new=(value,), old=(value,))


def test_every_template_is_filled(dialect: Dialect, shape: Shape) -> None:
    for verb in (statements.update, statements.delete, statements.upsert):
        found = verb(dialect, shape)
        texts = [found.match, found.statement, found.rest, found.add, *found.stage, *found.before, *found.drop]
        assert not [each for each in texts if "{" in each or "}" in each]


def test_the_first_rows_of_a_query_are_spelled(dialect: Dialect) -> None:
    tree = parsed(dialect, dialect.first.format("SELECT a FROM t -- b", 7))
    assert "7" in tree.sql()
    assert {each.name for each in tree.find_all(exp.Table)} == {"t"}


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_change_names_the_target_and_only_matched_rows(dialect: Dialect, shape: Shape, verb: str) -> None:
    found = getattr(statements, verb)(dialect, shape)
    tree = parsed(dialect, found.statement)
    kind = exp.Update if verb == "update" else exp.Delete
    assert tree.find(kind) is not None
    assert ODD in {each.name for each in tree.find_all(exp.Table)}
    assert found.match or dialect.rest  # either what is met is noted first, or the statement says which it changed
    if not dialect.rest:
        assert "ok = 1" in found.statement


def test_an_upsert_adds_what_met_no_row(dialect: Dialect, shape: Shape) -> None:
    # the parser does not know PostgreSQL's word for identity columns
    tree = parsed(dialect, statements.upsert(dialect, shape).add.replace("OVERRIDING SYSTEM VALUE ", ""))
    assert isinstance(tree, exp.Insert)
    assert {"stage_1", "stage_1_matched"} <= {each.name.lstrip("#") for each in tree.find_all(exp.Table)}


def test_a_table_of_every_family_is_spelled(dialect: Dialect) -> None:
    kinds = [pa.int8(), pa.uint64(), pa.float32(), pa.decimal128(9, 2), pa.string(), pa.timestamp("us", "UTC")]
    schema = pa.schema([(f"{ODD}{n}", kind) for n, kind in enumerate(kinds)])
    tree = parsed(dialect, statement(dialect, ("Sales", "t"), schema, [f"{ODD}0"]))
    assert [each.name for each in tree.find_all(exp.ColumnDef)] == schema.names


def test_every_family_is_supported_or_its_lack_has_a_reason(dialect: Dialect) -> None:
    for family in FAMILIES:
        assert (family in dialect.types) != (family in dialect.unsupported), family
    assert all(len(reason) > 10 for reason in dialect.unsupported.values())


def test_a_type_that_is_a_gap_is_refused_with_its_reason(dialect: Dialect) -> None:
    schema = pa.schema([("x", pa.struct([("a", pa.int64())]))])
    with pytest.raises(DataRefused, match=dialect.unsupported["structure"]):
        statement(dialect, (None, "t"), schema)


def test_local_times_and_moments_are_not_mixed(dialect: Dialect) -> None:
    for kind in dialect.zoned:
        assert dialect.loses(Column(name="at", type=kind), "timestamp")
        assert not dialect.loses(Column(name="at", type=kind), "timestamp with zone")
    for kind in dialect.local:
        assert dialect.loses(Column(name="at", type=f"{kind}(6)"), "timestamp with zone")


SQL_SERVER = (
    "UPDATE t SET [v] = s.n0 FROM [dbo].[a]]b] AS t JOIN #s AS s ON t.[id] = s.k0 "
    "JOIN #s_matched AS m ON m.pos = s.pos WHERE m.ok = 1"
)
SNOWFLAKE = (
    'UPDATE "dbo"."a]b" AS t SET "v" = s.n0 FROM s AS s, s_matched AS m '
    'WHERE m.pos = s.pos AND t."id" = s.k0 AND m.ok = 1'
)


@pytest.mark.parametrize(("kind", "text"), [("mssql", SQL_SERVER), ("snowflake", SNOWFLAKE)])
def test_an_update_without_a_server_reads_as_it_should(kind: str, text: str) -> None:
    dialect = DIALECTS[kind]
    assert not dialect.verified
    key, value = (Column(name="id", type="bigint"),), (Column(name="v", type="int"),)
    shape = Shape(target=dialect.qualified("dbo", "a]b"), stage="s", key=key, new=value)
    assert statements.update(dialect, shape).statement == text

"""Partitions of a table: every row is in exactly one, and they weigh about the same."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import servers
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.databases.dividing import Divider
from tablemend.databases.partitions import Partition, partition
from tablemend.errors import DataRefused, MissingObject, SettingsError

TRAPS = [
    "",
    " ",
    "a",
    "A",
    "á",
    "a ",
    "ab",
    "Ä",
    "ä",
    "ß",
    "ss",
    "z",
    "Z",
    "ø",
    "🙂",
    "🙂🙂",
    "%",
    "_",
    "\\",
    "'",
    ":p0",
    "é",
    "e\u0301",
]
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(TRAPS),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
EARLY, LATE = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2037-01-01")
DAYS = st.dates(date(1990, 1, 1), date(2040, 1, 1))
KEYS = {
    "integers": (pa.int64(), st.one_of(st.none(), st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1))),
    "texts": (pa.string(), TEXTS),
    "dates": (pa.date32(), st.one_of(st.none(), DAYS)),
    "moments": (pa.timestamp("us"), st.one_of(st.none(), st.datetimes(EARLY, LATE))),
    "zoned": (
        pa.timestamp("us", "UTC"),
        st.one_of(st.none(), st.datetimes(EARLY, LATE, timezones=st.just(UTC))),
    ),
}


def _made(database: Database, table: pa.Table) -> tuple[None, str]:
    name = (None, f"t{secrets.token_hex(6)}")
    bulk.create(database, name, table.schema)
    bulk.insert(database, name, table)
    return name


def _read(database: Database, name: tuple[None, str], found: tuple[Partition, ...]) -> list[list[int]]:
    return [
        bulk.read(database, name, columns=["row"], where=each.condition, params=each.values)
        .read_all()["row"]
        .to_pylist()
        for each in found
    ]


def _covered(database: Database, name: tuple[None, str], found: tuple[Partition, ...], rows: list[int]) -> None:
    pieces = _read(database, name, found)
    assert sorted(row for piece in pieces for row in piece) == sorted(rows)
    assert all(pieces)
    assert sum(each.rows for each in found) == len(rows)
    for each, piece in zip(found, pieces, strict=True):
        assert not each.counted or each.rows == len(piece)


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_row_is_in_exactly_one_partition(database: Database, kind: str, data: st.DataObject) -> None:
    of, values = KEYS[kind]
    keys = data.draw(st.lists(values, max_size=40))
    name = _made(database, pa.table({"row": pa.array(range(len(keys)), pa.int64()), "key": pa.array(keys, of)}))
    found = partition(database, name, ["key"], parts=data.draw(st.integers(1, 9)))
    _covered(database, name, found, list(range(len(keys))))
    assert all(each.counted for each in found)
    with database.transaction() as connection:
        connection.exec_driver_sql(f"DROP TABLE {name[1]}")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_row_is_in_exactly_one_partition_by_several_columns(database: Database, data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.tuples(st.sampled_from([None, "a", "A", "b"]), TEXTS, st.integers(0, 3)), max_size=40))
    columns = {name: pa.array([each[n] for each in keys], of) for n, (name, of) in enumerate(SEVERAL.items())}
    name = _made(database, pa.table({"row": pa.array(range(len(keys)), pa.int64()), **columns}))
    found = partition(database, name, list(SEVERAL), parts=data.draw(st.integers(1, 9)))
    _covered(database, name, found, list(range(len(keys))))
    with database.transaction() as connection:
        connection.exec_driver_sql(f"DROP TABLE {name[1]}")


SEVERAL = {"key": pa.string(), "second": pa.string(), "third": pa.int64()}


def _zipf(count: int, random: np.random.Generator) -> list[int]:
    """Keys from 1 to 10,000 of which the n-th is as frequent as 1/√n, scattered over the range."""
    shares = 1 / np.sqrt(np.arange(1, 10_001))
    names = random.permutation(10_000)
    return [int(names[n]) for n in random.choice(10_000, size=count, p=shares / shares.sum())]


def _spread(kind: str, count: int) -> pa.Array:
    random = np.random.default_rng(20)
    if kind == "sequential":
        return pa.array(range(count), pa.int64())
    if kind == "uniform":
        return pa.array(random.integers(-(2**40), 2**40, count), pa.int64())
    if kind == "zipf":
        return pa.array(_zipf(count, random), pa.int64())
    if kind == "texts":
        return pa.array([f"K{n % 7}-{n:x}" for n in random.integers(0, 10**9, count)])
    start = EARLY
    return pa.array([start + timedelta(seconds=int(n)) for n in random.exponential(10**6, count)], pa.timestamp("us"))


@pytest.mark.parametrize("kind", ["sequential", "uniform", "zipf", "texts", "moments"])
def test_partitions_of_many_rows_are_level(database: Database, kind: str) -> None:
    count = 100_000
    name = _made(database, pa.table({"row": pa.array(range(count), pa.int64()), "key": _spread(kind, count)}))
    found = partition(database, name, ["key"], parts=8)
    sizes = [len(piece) for piece in _read(database, name, found)]
    assert sum(sizes) == count == sum(each.rows for each in found)
    assert len(sizes) >= 8
    assert max(sizes) / (count / len(sizes)) <= 1.3


@pytest.mark.parametrize("count", [4_000, 80_000])
@pytest.mark.parametrize("heavy", [0, 37, 10**6])
def test_a_value_that_a_tenth_of_the_rows_share_stands_alone(database: Database, count: int, heavy: int) -> None:
    keys = [heavy if n % 10 == 3 else 10 + n for n in range(count)]
    name = _made(database, pa.table({"row": pa.array(range(count), pa.int64()), "key": pa.array(keys, pa.int64())}))
    found = partition(database, name, ["key"], parts=10)
    pieces = _read(database, name, found)
    alone = Counter(keys)[heavy]
    assert [len(piece) for piece in pieces if any(keys[row] == heavy for row in piece)] == [alone]
    assert sum(map(len, pieces)) == count


def test_a_value_with_more_than_its_share_is_divided_by_the_next_column(database: Database) -> None:
    count = 6_000
    table = pa.table(
        {
            "row": pa.array(range(count), pa.int64()),
            "person": pa.array(["placeholder" if n % 2 else f"p{n}" for n in range(count)]),
            "visit": pa.array(range(count), pa.int64()),
        }
    )
    name = _made(database, table)
    found = partition(database, name, ["person", "visit"], parts=6)
    sizes = [len(piece) for piece in _read(database, name, found)]
    assert sum(sizes) == count
    assert max(sizes) <= 1.3 * count / 6


def test_rows_without_a_key_have_a_partition_of_their_own(database: Database) -> None:
    keys = [None, 1, None, 2, 3]
    name = _made(database, pa.table({"row": pa.array(range(5), pa.int64()), "key": pa.array(keys, pa.int64())}))
    found = partition(database, name, ["key"], parts=3)
    assert [0, 2] in [sorted(piece) for piece in _read(database, name, found)]
    (missing,) = [each for each in found if each.label.endswith("key is missing")]
    assert (missing.rows, missing.counted, missing.values) == (2, True, {})


def test_only_rows_that_meet_the_condition_are_divided(database: Database) -> None:
    name = _made(database, pa.table({"row": pa.array(range(100), pa.int64()), "text": [f"a:{n}" for n in range(100)]}))
    found = partition(database, name, ["text"], rows=10, where="text <> 'a:7' OR text = ':p0'", exact=True)
    assert len(found) == 10
    _covered(database, name, found, [n for n in range(100) if n != 7])


def test_columns_of_odd_names_are_only_names(database: Database) -> None:
    odd = ['a "b"', "x`y", "br[a]ce{d}", "100%", "$1 :a ?", "min", "count"]
    table = pa.table({"row": pa.array(range(20), pa.int64())} | {each: pa.array(range(20), pa.int64()) for each in odd})
    name = _made(database, table)
    for each in odd:
        _covered(database, name, partition(database, name, [each], parts=4), list(range(20)))


def test_counting_exactly_says_so(database: Database) -> None:
    count = 60_000
    table = pa.table({"row": pa.array(range(count), pa.int64()), "key": _spread("uniform", count)})
    name = _made(database, table)
    assert not any(each.counted for each in partition(database, name, ["key"], parts=4))
    found = partition(database, name, ["key"], parts=4, exact=True)
    assert all(each.counted for each in found)
    assert [each.rows for each in found] == [len(piece) for piece in _read(database, name, found)]


@pytest.mark.parametrize("kind", ["sequential", "uniform", "zipf", "texts", "moments"])
def test_fresh_statistics_say_where_to_cut(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 100_000
    table = pa.table({"row": pa.array(range(count), pa.int64()), "key": _spread(kind, count)})
    with servers.database("postgresql", tmp_path) as url, Database(url) as database:
        name = _made(database, table)
        with database.transaction() as connection:
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        _settled(database, name[1])
        monkeypatch.setattr(Divider, "_values", _unasked)
        found = partition(database, name, ["key"], parts=8)
        sizes = [len(piece) for piece in _read(database, name, found)]
        assert sum(sizes) == count == sum(each.rows for each in found)
        assert max(sizes) / (count / len(sizes)) <= 1.3
        assert min(sizes) > 0


def test_statistics_that_are_older_than_the_table_are_not_used(tmp_path: Path) -> None:
    count = 60_000
    with servers.database("postgresql", tmp_path) as url, Database(url) as database:
        name = _made(database, pa.table({"row": pa.array(range(100), pa.int64())}))
        with database.transaction() as connection:
            connection.exec_driver_sql(f"ANALYZE {name[1]}")
        bulk.insert(database, name, pa.table({"row": pa.array(range(100, count), pa.int64())}))
        sizes = [len(piece) for piece in _read(database, name, partition(database, name, ["row"], parts=8))]
        assert sum(sizes) == count
        assert max(sizes) / (count / len(sizes)) <= 1.3


def _unasked(*_: object) -> None:
    pytest.fail("the table was read for values that the statistics keep")


def _settled(database: Database, table: str) -> None:
    """Statistics of the table as it is: what was inserted is counted as changed until ANALYZE has seen it."""
    with database.connect() as connection:
        driver = Database.raw(connection)
        driver.autocommit = True
        try:
            driver.execute("SELECT pg_stat_force_next_flush()")
            driver.execute(f"ANALYZE {table}")
        finally:
            driver.autocommit = False


def test_opaque_labels_show_no_value_of_the_key(database: Database) -> None:
    name = _made(database, pa.table({"row": pa.array(range(9), pa.int64()), "key": [f"123-45-{n}" for n in range(9)]}))
    assert [each.label for each in partition(database, name, ["key"], parts=3, opaque=True)] == [
        "p0001",
        "p0002",
        "p0003",
    ]
    assert partition(database, name, ["key"], parts=3)[0].label.startswith("p0001: key < 123-45-")


def test_a_table_without_rows_has_no_partitions(database: Database) -> None:
    name = _made(database, pa.table({"row": pa.array([], pa.int64()), "key": pa.array([], pa.string())}))
    assert partition(database, name, ["key"], parts=3) == ()


def test_what_cannot_be_divided_is_named(database: Database) -> None:
    name = _made(database, pa.table({"row": pa.array([1], pa.int64())}))
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (SettingsError, {"key": []}),
        (SettingsError, {"parts": 0}),
        (SettingsError, {"rows": 3}),
        (MissingObject, {"key": ["kye"]}),
    ]
    for kind, arguments in wrong:
        with pytest.raises(kind):
            partition(database, name, **{"key": ["row"], "parts": 2, **arguments})
    with pytest.raises(MissingObject):
        partition(database, (None, "absent"), ["row"], parts=2)


def test_a_key_without_an_order_is_refused(database: Database) -> None:
    if database.kind != "postgresql":
        pytest.skip("every type of the others has an order")
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE places (at point)")
        connection.exec_driver_sql("INSERT INTO places VALUES ('(1, 2)')")
    with pytest.raises(DataRefused, match="point"):
        partition(database, (None, "places"), ["at"], parts=2)

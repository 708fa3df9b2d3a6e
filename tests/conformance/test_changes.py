"""Changes by key do what the same changes do in Python, whatever another client does meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablemend.databases import bulk
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.databases.database import Database
from tablemend.errors import ConstraintBroken, DataRefused, Transient, Unreachable

SCHEMA = pa.schema([("k", pa.int64()), ("K 2", pa.string()), ("v", pa.string()), ("n", pa.decimal128(12, 2))])
KEY = ["k", "K 2"]
TARGET = (None, "target")
TEXTS = st.sampled_from([None, "", "a", "A", "á", "a ", "b'", "\\"])
NUMBERS = st.none() | st.decimals(-9, 9, places=2)
KEYS = st.tuples(st.integers(0, 3), st.sampled_from(["x", "X", "y "]))

State = dict[tuple[int, str], tuple[Any, Any]]


def arrow(state: State) -> pa.Table:
    rows = [(*key, *value) for key, value in state.items()]
    columns = list(zip(*rows, strict=True)) or [()] * 4
    return pa.table([pa.array(each, field.type) for each, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def state_of(database: Database) -> State:
    rows = bulk.read_table(database, TARGET).to_pylist()
    return {(row["k"], row["K 2"]): (row["v"], None if row["n"] is None else _decimal(row["n"])) for row in rows}


def _decimal(value: Any) -> Any:
    return pa.scalar(str(value), pa.string()).cast(pa.decimal128(12, 2)).as_py()


def fill(database: Database, state: State) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS target")
    bulk.create(database, TARGET, SCHEMA, key=KEY)
    bulk.insert(database, TARGET, arrow(state))


@contextmanager
def meanwhile(database: Database, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let another client act after staging and before the statement; before both where one client writes at a time."""
    dialect = DIALECTS[database.kind]
    if database.kind == "sqlite":
        act()
        yield
        return

    def load(*given: Any) -> int:
        rows = dialect.load(*given)
        act()
        return rows

    with monkeypatch.context() as patch:
        patch.setitem(DIALECTS, database.kind, msgspec.structs.replace(dialect, load=load))
        yield


def other_client(database: Database, changes: list[tuple[tuple[int, str], Any]]) -> None:
    """Change or delete rows by a connection of its own."""
    quoted = DIALECTS[database.kind].quoted("K 2")
    text = {"mysql": "BINARY"}.get(database.kind, "")
    with database.transaction() as connection:
        for (k, k2), value in changes:
            where = f"WHERE k = :k AND {text} {quoted} = :k2"
            if value == "delete":
                connection.execute(sa.text(f"DELETE FROM target {where}"), {"k": k, "k2": k2})
            else:
                connection.execute(sa.text(f"UPDATE target SET v = :v {where}"), {"v": value, "k": k, "k2": k2})


def changed(state: State, changes: list[tuple[tuple[int, str], Any]]) -> State:
    state = dict(state)
    for key, value in changes:
        if key in state and value == "delete":
            del state[key]
        elif key in state:
            state[key] = (value, state[key][1])
    return state


states = st.dictionaries(KEYS, st.tuples(TEXTS, NUMBERS), max_size=10)
interference = st.lists(st.tuples(KEYS, TEXTS | st.just("delete")), max_size=3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=states, new=states, old=st.data(), interfering=interference)
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_change_with_old_values_is_that_of_a_model_under_interference(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    before: State,
    new: State,
    old: st.DataObject,
    interfering: list[tuple[tuple[int, str], Any]],
) -> None:
    fill(database, before)
    expected = {key: old.draw(st.just(before.get(key, (None, None))) | st.tuples(TEXTS, NUMBERS)) for key in new}
    expected_table = arrow(expected).select(["v", "n"])
    try:
        with meanwhile(database, lambda: other_client(database, interfering), monkeypatch):
            outcome = getattr(bulk, verb)(database, TARGET, KEY, arrow(new), expected=expected_table)
    except Transient:
        assert database.kind == "duckdb"  # it lets the first writer win
        assert state_of(database) == changed(before, interfering)
        return
    after = modelled(verb, changed(before, interfering), new, expected)
    possible = [after]
    if (
        database.kind == "duckdb"
    ):  # its transaction comes before those that it does not see, but for what changed nothing
        state, missing, conflicts = modelled(verb, before, new, expected)
        possible.append((changed(state, interfering), missing, conflicts))
    assert (state_of(database), keys(outcome.missing_keys), keys(outcome.conflict_keys)) in possible
    done = len(new) - outcome.missing - outcome.conflicts
    assert (outcome.updated, outcome.deleted) == ((done, 0) if verb == "update" else (0, done))
    assert outcome.total == len(new)


def modelled(verb: str, seen: State, new: State, expected: State) -> tuple[State, list[Any], list[Any]]:
    """The state that a change leaves, and the keys that it misses and leaves alone."""
    model, missing, conflicts = dict(seen), [], []
    for key, value in new.items():
        if key not in seen:
            missing.append(key)
        elif seen[key] != expected[key]:
            conflicts.append(key)
        elif verb == "update":
            model[key] = value
        else:
            del model[key]
    return model, missing, conflicts


def keys(table: pa.Table) -> list[tuple[Any, ...]]:
    return [(row["k"], row["K 2"]) for row in table.to_pylist()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=states, new=states)
def test_an_upsert_is_that_of_a_model(database: Database, before: State, new: State) -> None:
    fill(database, before)
    outcome = bulk.upsert(database, TARGET, KEY, arrow(new))
    assert state_of(database) == before | new
    assert outcome.updated == len(before.keys() & new.keys())
    assert outcome.inserted == len(new.keys() - before.keys())


@pytest.mark.parametrize("verb", ["update", "upsert", "delete"])
def test_a_key_twice_in_the_data_is_refused_and_named(database: Database, verb: str) -> None:
    fill(database, {(1, "x"): ("a", None)})
    rows = pa.concat_tables([arrow({(1, "x"): ("b", None)}), arrow({(1, "x"): ("c", None), (2, "x"): ("c", None)})])
    with pytest.raises(DataRefused, match=r"1 keys more than once, such as \(1, 'x'\)"):
        getattr(bulk, verb)(database, TARGET, KEY, rows)
    assert state_of(database) == {(1, "x"): ("a", None)}


def test_a_key_that_is_not_unique_in_the_table_is_refused(database: Database) -> None:
    fill(database, {(1, "x"): ("a", None), (1, "y "): ("a", None), (2, "x"): ("b", None)})
    with pytest.raises(DataRefused, match="not unique in the table: 1 keys met 2 rows"):
        bulk.update(database, TARGET, ["k"], pa.table({"k": [1], "v": ["z"]}))
    assert state_of(database)[1, "x"] == ("a", None)


def test_null_in_a_key_and_a_key_that_is_not_handed_over_are_refused(database: Database) -> None:
    fill(database, {(1, "x"): ("a", None)})
    with pytest.raises(DataRefused, match="Key column 'k' is NULL in 1 rows"):
        bulk.update(database, TARGET, ["k"], pa.table({"k": pa.array([None], pa.int64()), "v": ["z"]}))
    with pytest.raises(DataRefused, match="no key column 'K 2'; it has k, v"):
        bulk.update(database, TARGET, KEY, pa.table({"k": [1], "v": ["z"]}))
    with pytest.raises(DataRefused, match="no column to change"):
        bulk.update(database, TARGET, ["k"], pa.table({"k": [1]}))
    with pytest.raises(DataRefused, match="1 rows come with 0 rows of old values"):
        bulk.update(database, TARGET, ["k"], pa.table({"k": [1], "v": ["z"]}), expected=arrow({}).select(["v"]))


def test_old_values_of_text_hold_by_bytes_and_null_is_null(database: Database) -> None:
    fill(database, {(1, "x"): ("a", None), (2, "x"): (None, None), (3, "x"): ("a", None)})
    data = pa.table({"k": [1, 2, 3], "K 2": ["x", "x", "x"], "v": ["z", "z", "z"]})
    expected = pa.table({"v": ["A", None, "a "]})
    outcome = bulk.update(database, TARGET, KEY, data, expected=expected)
    assert (outcome.updated, outcome.conflicts) == (1, 2)
    assert outcome.conflict_keys["k"].to_pylist() == [1, 3]


def test_data_may_stream(database: Database) -> None:
    fill(database, {(n, "x"): ("a", None) for n in range(500)})
    new = arrow({(n, "x"): ("b", None) for n in range(250, 750)})
    outcome = bulk.upsert(database, TARGET, KEY, new.to_reader(max_chunksize=100))
    assert (outcome.updated, outcome.inserted) == (250, 250)
    assert bulk.delete(database, TARGET, KEY, new.to_reader(max_chunksize=100)).deleted == 500
    assert len(state_of(database)) == 250


def test_a_failing_step_leaves_the_open_transaction_as_it_was(database: Database) -> None:
    fill(database, {(1, "x"): ("a", None)})
    doubled = pa.concat_tables([arrow({(1, "x"): ("b", None)})] * 2)

    def work() -> None:
        with database.transaction() as connection:
            bulk.update(connection, TARGET, KEY, arrow({(1, "x"): ("c", None)}))
            try:
                bulk.update(connection, TARGET, KEY, doubled)
            except DataRefused:
                return

    if DIALECTS[database.kind].savepoints:
        work()
        assert state_of(database) == {(1, "x"): ("c", None)}
    else:
        with pytest.raises(Exception, match="transaction"):
            work()
        assert state_of(database) == {(1, "x"): ("a", None)}


def test_a_constraint_that_breaks_takes_all_changes_back(database: Database) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE target (k bigint PRIMARY KEY, n int CHECK (n < 10))")
    bulk.insert(database, TARGET, pa.table({"k": [1, 2], "n": [1, 2]}))
    with pytest.raises(ConstraintBroken):
        bulk.update(database, TARGET, ["k"], pa.table({"k": [1, 2], "n": [5, 50]}))
    assert sorted(bulk.read_table(database, TARGET)["n"].to_pylist()) == [1, 2]
    assert bulk.update(database, TARGET, ["k"], pa.table({"k": [1], "n": [5]})).updated == 1


def test_old_values_of_every_type_hold(database: Database) -> None:
    dialect = DIALECTS[database.kind]
    known = {
        "float32": pa.array([0.1, None], pa.float32()),
        "float64": pa.array([0.1, 1e300]),
        "decimal": pa.array([_decimal("1.10"), None], pa.decimal128(12, 2)),
        "boolean": pa.array([True, None]),
        "binary": pa.array([b"\x00\xff", b""]),
        "date": pa.array([dt.date(2020, 2, 29), None]),
        "timestamp": pa.array([dt.datetime(2020, 2, 29, 1, 2, 3, 4), None], pa.timestamp("us")),  # noqa: DTZ001
        "timestamp with zone": pa.array([dt.datetime(2020, 2, 29, 1, tzinfo=dt.UTC), None], pa.timestamp("us", "UTC")),
        "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":  1}', None])),
        "list": pa.array([["a", None], []], pa.list_(pa.string())),
        "uint64": pa.array([2**63 - 1, 0], pa.uint64()),
    }
    held = pa.table({name: each for name, each in known.items() if name in dialect.types})
    table = pa.table({"k": [1, 2], "v": ["a", "b"]})
    for name, array in zip(held.column_names, held.columns, strict=True):
        table = table.append_column(name, array)
    bulk.create(database, TARGET, table.schema, key=["k"])
    bulk.insert(database, TARGET, table)
    new = pa.table({"k": [1, 2], "v": ["z", "z"]})
    assert bulk.update(database, TARGET, ["k"], new, expected=table.drop_columns(["k"])).updated == 2
    back = bulk.read_table(database, TARGET).sort_by("k")
    again = pa.table({"k": back["k"], "v": ["y", "y"]})
    assert bulk.update(database, TARGET, ["k"], again, expected=back.drop_columns(["k"])).updated == 2


KILLS = {
    "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({})"),
    "mysql": ("SELECT connection_id()", "KILL {}"),
}


def test_a_connection_killed_before_the_statement_changes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.kind not in KILLS:
        pytest.skip("there is no server that could end the connection")
    own, kill = KILLS[database.kind]
    fill(database, {(1, "x"): ("a", None)})

    def act() -> None:
        with database.connect() as other:
            other.exec_driver_sql(kill.format(number))

    with pytest.raises(Unreachable), database.transaction() as connection:  # noqa: PT012
        number = connection.exec_driver_sql(own).scalar_one()
        bulk.insert(connection, TARGET, arrow({(2, "x"): ("b", None)}))
        with meanwhile(database, act, monkeypatch):
            bulk.update(connection, TARGET, KEY, arrow({(1, "x"): ("c", None)}))
    assert state_of(database) == {(1, "x"): ("a", None)}

"""Loading in batches into real databases: exactly once, whatever is dropped, refused or killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

import servers
from tablemend.batching import Attempt, Batch, Done, Report, run
from tablemend.databases.database import Database
from tablemend.databases.jobs import rejections
from tablemend.databases.ledger import DatabaseLedger
from tablemend.databases.loading import load
from tablemend.errors import (
    Cancelled,
    DataRefused,
    MissingObject,
    SettingsError,
    StateError,
    Stopped,
)

TABLE = (None, "t")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with Database(database_url) as opened:
        with opened.transaction() as connection:
            make = "CREATE TABLE t (id BIGINT PRIMARY KEY, n INTEGER, word VARCHAR(20) NOT NULL CHECK (word <> 'bad'))"
            connection.execute(sa.text(make))
        yield opened


def table(rows: int, **columns: Any) -> pa.Table:
    return pa.table({"id": range(rows), "n": [1] * rows, "word": ["good"] * rows} | columns)


def count(database: Database, what: str = "count(*)", of: str = "t") -> Any:
    with database.connect() as connection:
        return connection.execute(sa.text(f"SELECT {what} FROM {of}")).scalar_one()


def test_rows_are_inserted_and_bad_ones_set_aside_with_their_reasons(database: Database) -> None:
    words = ["bad" if row in (3, 77) else None if row == 50 else "good" for row in range(100)]
    report = load(database, TABLE, table(100, word=words), job="j", size=32)
    assert (report.total, report.inserted, report.rejected, report.status) == (100, 97, 3, "partial")
    assert count(database) == 97
    kept = rejections(database, "j")
    assert [(each.position, each.row["id"], each.row["word"]) for each in kept] == [
        (3, 3, "bad"),
        (50, 50, None),
        (77, 77, "bad"),
    ]
    assert all(each.reason.startswith(("ConstraintBroken", "DataRefused")) for each in kept)


def test_a_job_that_is_done_is_not_done_again(database: Database) -> None:
    load(database, TABLE, table(100), job="j", size=7)
    again = load(database, TABLE, table(100), job="j", size=13)
    assert (again.resumed, again.inserted, again.batches, again.total) == (100, 100, 0, 100)
    assert count(database) == 100


def test_upsert_and_update_say_what_became_of_each_row(database: Database) -> None:
    load(database, TABLE, table(50), job="first")
    upserted = load(database, TABLE, table(80, n=[2] * 80), job="second", mode="upsert", key=["id"], size=30)
    assert (upserted.inserted, upserted.updated) == (30, 50)
    updated = load(database, TABLE, table(100, n=[3] * 100), job="third", mode="update", key=["id"], size=30)
    assert (updated.updated, updated.rejected) == (80, 20)
    assert {each.reason for each in updated.rejections} == {"no row has this key"}
    assert sorted(each.position for each in updated.rejections) == list(range(80, 100))
    assert count(database, "sum(n)") == 80 * 3


def test_of_rows_with_the_same_key_the_last_counts(database: Database) -> None:
    rows = 600
    given = table(rows, id=[n % 100 for n in range(rows)], n=list(range(rows)))
    report = load(database, TABLE, given, job="j", mode="upsert", size=17)
    assert (report.inserted, report.rejected, report.total) == (100, 500, 600)
    assert {each.reason for each in report.rejections} == {"a later row has the same key"}
    assert [each.position for each in rejections(database, "j")] == list(range(500))
    assert count(database, "sum(n)") == sum(range(500, 600))
    updated = load(database, TABLE, given, job="k", mode="update", size=17)
    assert (updated.updated, updated.rejected) == (100, 500)


def test_jobs_are_told_apart_by_every_character(database: Database) -> None:
    for number, job in enumerate(("job", "Job", "JOB", "jób")):
        report = load(database, TABLE, table(5, id=range(number * 5, number * 5 + 5)), job=job, source=job)
        assert (report.inserted, report.resumed) == (5, 0)
    assert count(database) == 20


def test_a_column_that_goes_during_a_load_leaves_the_rows_for_later(database: Database) -> None:
    def source() -> Iterator[pa.Table]:
        for start in range(0, 200, 10):
            if start == 100:
                with database.transaction() as connection:
                    connection.execute(sa.text("ALTER TABLE t RENAME COLUMN n TO m"))
            yield table(10, id=range(start, start + 10))

    with pytest.raises(Stopped, match="no row of them is at fault") as raised:
        run(source(), _loading(database), ledger=DatabaseLedger(database), job="j", size=10, workers=1, stop_after=3)
    report = raised.value.report
    assert (report.rejected, report.inserted) == (0, count(database))
    assert report.left > 0
    with database.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE t RENAME COLUMN m TO n"))
    assert load(database, TABLE, table(200), job="j").inserted == count(database) == 200


def test_a_view_is_no_table_to_load_into(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("CREATE VIEW v AS SELECT * FROM t"))
    with pytest.raises(DataRefused, match="v is a view"):
        load(database, (None, "v"), table(5), job="j")


def test_text_is_read_as_the_type_of_its_column(database: Database) -> None:
    given = pa.table({"id": ["1", " 2 ", "3", "4"], "n": ["7", "", "x", None], "word": ["a", "", "c", "d"]})
    report = load(database, TABLE, given, job="j")
    assert (report.inserted, report.rejected) == (3, 1)
    assert report.rejections[0].row == {"id": "3", "n": "x", "word": "c"}
    with database.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, n, word FROM t ORDER BY id")).all()
    assert [tuple(each) for each in rows] == [(1, 7, "a"), (2, None, ""), (4, None, "d")]


def test_a_job_is_not_taken_up_with_another_source(database: Database) -> None:
    load(database, TABLE, table(10), job="j", source="one")
    with pytest.raises(StateError, match="began with another source \\(one, not two\\)"):
        load(database, TABLE, table(10), job="j", source="two")


def test_an_older_runner_stops_when_another_takes_its_job_over(database: Database) -> None:
    def source() -> Iterator[pa.Table]:
        for start in range(0, 100, 10):
            if start == 50:
                DatabaseLedger(database).begin("j")
            yield table(10, id=range(start, start + 10))

    ledger = DatabaseLedger(database)
    work = _loading(database)
    with pytest.raises(Stopped, match="another runner has taken the job 'j' over") as raised:
        run(source(), work, ledger=ledger, job="j", size=10, workers=1)
    assert raised.value.report.inserted == count(database) < 100
    assert load(database, TABLE, table(100), job="j").inserted == count(database) == 100


def _loading(database: Database) -> Any:
    from tablemend.databases import introspection
    from tablemend.databases.loading import Loading
    from tablemend.databases.types import arrow_schema

    return Loading(TABLE, "insert", (), arrow_schema(introspection.describe(database, "t", None)))


def test_what_is_found_of_a_batch_is_what_was_settled(database: Database) -> None:
    ledger = DatabaseLedger(database)
    load(database, TABLE, table(10), job="j", size=10, ledger=ledger)
    found = ledger.find(Batch(job="j", first=0, rows=(None,) * 10))
    assert found is not None
    assert (found.rows, found.inserted) == (10, 10)
    assert ledger.find(Batch(job="j", first=10, rows=(None,))) is None
    assert count(database, of="tablemend_batches") == 1
    with pytest.raises(StateError, match="settled as 10 rows"):
        ledger.find(Batch(job="j", first=0, rows=(None,) * 5))


def test_a_statement_that_takes_too_long_is_cancelled_in_the_database(database: Database) -> None:
    endless = {
        "postgresql": "SELECT pg_sleep(60)",
        "mysql": "SELECT sleep(60)",
        "sqlite": "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
        "duckdb": "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    }[database.kind]

    def work(batch: Batch, attempt: Attempt) -> Done:
        for _ in range(3):  # each statement alone may take as long as the batch
            attempt.transaction.execute(sa.text(endless))
        return Done(inserted=len(batch))

    report = run([1], work, ledger=DatabaseLedger(database), job="j", timeout=0.5, workers=1)
    assert "took" in report.rejections[0].reason  # the limit of the batch and that of its statements end together
    assert report.timeouts == 2


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"mode": "merge"}, SettingsError, "rows cannot be loaded by 'merge'"),
        ({"mode": "upsert", "table": (None, "unkeyed")}, SettingsError, "unkeyed has no primary key"),
        ({"job": " j"}, StateError, "a job cannot be called ' j'"),
        ({"key": ["id"]}, SettingsError, "takes no key"),
        ({"mode": "update", "key": ["other"]}, DataRefused, "no key column 'other'"),
        ({"table": (None, "nothing")}, MissingObject, "nothing"),
        ({"data": pa.table({"colour": [1]})}, DataRefused, "has no column 'colour'"),
        ({"data": [1, 2]}, DataRefused, "must be Arrow data, not list"),
        ({"job": ""}, StateError, "a job cannot be called ''"),
        ({"job": "x" * 201}, StateError, "a job cannot be called"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], error: type[Exception], said: str
) -> None:
    with Database(f"sqlite:///{tmp_path}/new.db?mode=rwc") as database:
        with database.transaction() as connection:
            connection.execute(sa.text("CREATE TABLE t (id BIGINT PRIMARY KEY, n INTEGER, word VARCHAR(20))"))
            connection.execute(sa.text("CREATE TABLE unkeyed (id BIGINT, n INTEGER, word VARCHAR(20))"))
        given: dict[str, Any] = {"table": TABLE, "data": table(3), "job": "j"} | change
        with pytest.raises(error, match=said):
            load(database, given.pop("table"), given.pop("data"), **given)
        assert count(database) == 0


def test_dropped_connections_neither_repeat_nor_lose_a_row() -> None:
    chosen = random.Random(5)
    poison = set(chosen.sample(range(20_000), 7))
    words = ["bad" if row in poison else "good" for row in range(20_000)]
    with servers.schema() as url, Database(url) as database:
        with database.transaction() as connection:
            connection.execute(sa.text("CREATE TABLE t (id BIGINT, n INTEGER, word VARCHAR(20) CHECK (word <> 'bad'))"))
        with Database(url) as other:

            def dropping() -> Iterator[pa.Table]:
                rows = table(20_000, word=words)
                for start in range(0, 20_000, 100):
                    if chosen.random() < 0.2:
                        with other.connect() as connection:
                            _drop(connection, chosen)
                    yield rows.slice(start, 100)

            report = _until_done(database, dropping)
        assert count(database) == count(database, "count(DISTINCT id)") == 20_000 - 7
        assert sorted(each.position for each in rejections(database, "j")) == sorted(poison)
    assert (report.inserted, report.rejected, report.left) == (20_000 - 7, 7, 0)


def _drop(connection: sa.Connection, chosen: random.Random) -> None:
    """End one of the sessions that hold a lock on the table."""
    holding = (
        "SELECT DISTINCT pid FROM pg_locks WHERE relation = 't'::regclass AND pid <> pg_backend_pid() ORDER BY pid"
    )
    found = [pid for (pid,) in connection.execute(sa.text(holding))]
    if found:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": chosen.choice(found)})


def _until_done(database: Database, source: Any) -> Report:
    for _ in range(50):
        try:
            report = run(
                source(), _loading(database), ledger=DatabaseLedger(database), job="j", size=200, wait=0.001, retries=5
            )
        except Stopped as stopped:
            report = stopped.report
        if not report.left and report.total == 20_000:
            return report
    raise AssertionError(f"not done: {report}")


KILLED = """
import os, random, signal, sys
import pyarrow as pa
from tablemend.databases.database import Database
from tablemend.databases.loading import load

url, seed = sys.argv[1], int(sys.argv[2])
chosen = random.Random(seed)
at = chosen.choice(["source", "settle", "after"]), chosen.randint(0, 60)
done = 0

def killed(place, report=None):
    global done
    if place == at[0]:
        done += 1
        if done == at[1]:
            os.kill(os.getpid(), signal.SIGKILL)

from tablemend.databases import ledger
settle = ledger.DatabaseLedger.settle

def settling(self, *given):
    settle(self, *given)
    killed("settle")

ledger.DatabaseLedger.settle = settling
rows = pa.table({"id": range(3_000), "n": [1] * 3_000, "word": ["bad" if n % 1000 == 9 else "w" for n in range(3_000)]})

class Source:
    schema = rows.schema

    def __iter__(self):
        for start in range(0, 3_000, 50):
            killed("source")
            yield rows.slice(start, 50)

with Database(url) as database:
    load(database, (None, "t"), Source(), job="j", size=50, workers=3, progress=lambda report: killed("after"))
"""


def _killed_and_resumed(url: str, seeds: range) -> None:
    """Kill a load at one random point after another, then let it end: nothing is repeated, nothing lost."""
    with Database(url) as database:
        with database.transaction() as connection:
            connection.execute(sa.text("CREATE TABLE t (id BIGINT, n INTEGER, word VARCHAR(20) CHECK (word <> 'bad'))"))
        for seed in seeds:
            settled = _settled(database)
            done = subprocess.run(
                [sys.executable, "-c", KILLED, url, str(seed)], capture_output=True, text=True, timeout=100, check=False
            )
            assert done.returncode in (0, -signal.SIGKILL), done.stderr
            assert settled <= _settled(database)
            assert count(database) == count(database, "count(DISTINCT id)")
            if done.returncode == 0:
                _start_anew(database)
        report = load(
            database, TABLE, table(3_000, word=["bad" if n % 1000 == 9 else "w" for n in range(3_000)]), job="j"
        )
        assert (report.inserted, report.rejected) == (2_997, 3)
        assert count(database) == count(database, "count(DISTINCT id)") == 2_997
        assert count(database, of="tablemend_quarantine") == 3


def _settled(database: Database) -> set[tuple[int, int]]:
    with database.connect() as connection:
        if not connection.dialect.has_table(connection, "tablemend_batches"):
            return set()
        found = connection.execute(sa.text("SELECT first_row, row_count FROM tablemend_batches"))
        return {(int(first), int(rows)) for first, rows in found}


def _start_anew(database: Database) -> None:
    with database.transaction() as connection:
        for name in ("t", "tablemend_batches", "tablemend_quarantine"):
            connection.execute(sa.text(f"DELETE FROM {name}"))


def test_a_killed_load_goes_on_where_it_ended(tmp_path: Path) -> None:
    _killed_and_resumed(f"sqlite:///{tmp_path}/new.db?mode=rwc", range(5))


def test_a_killed_load_into_a_server_goes_on_where_it_ended() -> None:
    with servers.schema() as url:
        _killed_and_resumed(url, range(5, 10))


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_a_load_that_is_killed_again_and_again_goes_on_where_it_ended(kind: str, tmp_path: Path) -> None:
    with servers.database(kind, tmp_path) as url:
        _killed_and_resumed(url, range(100, 167))


def test_ctrl_c_during_a_load_reports_and_leaves_it_to_be_taken_up(tmp_path: Path) -> None:
    cancel = threading.Event()
    with Database(f"sqlite:///{tmp_path}/new.db?mode=rwc") as database:
        with database.transaction() as connection:
            connection.execute(sa.text("CREATE TABLE t (id BIGINT PRIMARY KEY, n INTEGER, word VARCHAR(20))"))
        with pytest.raises(Cancelled) as raised:
            load(database, TABLE, table(1_000), job="j", size=10, cancel=cancel, progress=lambda report: cancel.set())
        first = raised.value.report
        assert first.inserted == count(database) < 1_000
        assert load(database, TABLE, table(1_000), job="j").inserted == count(database) == 1_000

"""Batches of a job as Spark tasks: each row has its outcome, whatever a task does."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

import servers
from spark_helpers import on_spark
from tablemend.batching import Attempt, Batch, Done, run
from tablemend.databases.database import Database
from tablemend.databases.jobs import rejections
from tablemend.databases.ledger import DatabaseLedger

pytestmark = pytest.mark.spark


def steady(batch: Batch, attempt: Attempt) -> Done:
    for row in batch.rows:
        if row == 3:
            os._exit(1)
        if row == 9:
            time.sleep(600)  # until its task is killed
        if row == 5:
            raise ValueError("5 is poison")
    if attempt.transaction is not None:
        values = [{"n": row, "by": os.getpid()} for row in batch.rows]
        attempt.transaction.execute(sa.text("INSERT INTO t (n, by_process) VALUES (:n, :by)"), values)
    return Done(inserted=len(batch))


def tasks() -> object:
    """The executor, with the functions of this module sent by value: Spark's workers do not know the tests."""
    from pyspark import cloudpickle

    from tablemend.engine.batches import SparkTasks

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return SparkTasks(on_spark().spark)


def test_rows_that_crash_hang_or_fail_in_a_task_are_found() -> None:
    run([0, 1], steady, size=1, workers=2, executor=tasks())  # starts what is started once
    report = run(range(12), steady, size=4, workers=2, timeout=12.0, stop_after=None, executor=tasks(), wait=0.0)
    found = {each.position: each.reason for each in report.rejections}
    assert sorted(found) == [3, 5, 9]
    assert "the Spark task of a batch ended" in found[3]
    assert found[5] == "ValueError: 5 is poison"
    assert "took longer than 12 s" in found[9]
    assert (report.inserted, report.left) == (9, 0)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_with_a_ledger_tasks_write_every_row_once(kind: str, tmp_path: Path) -> None:
    with servers.database(kind, tmp_path) as url, Database(url) as database:
        with database.transaction() as connection:
            connection.execute(sa.text("CREATE TABLE t (n INTEGER PRIMARY KEY, by_process INTEGER)"))
        rows = [n for n in range(24) if n not in (3, 9)]
        report = run(rows, steady, ledger=DatabaseLedger(database), job="j", size=6, workers=2, executor=tasks())
        with database.connect() as connection:
            found = connection.execute(sa.text("SELECT n, by_process FROM t ORDER BY n")).all()
        kept = [each.row for each in rejections(database, "j")]
    assert [n for n, _ in found] == [n for n in rows if n != 5]
    assert os.getpid() not in {by for _, by in found}
    assert (kept, report.inserted, report.rejected) == ([5], 21, 1)

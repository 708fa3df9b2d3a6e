"""Spark as an engine: what is missing is said, what is loaded is freed, and partitions run as tasks."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from core_helpers import columns_of, table
from spark_helpers import URL, on_spark, with_driver
from tablemend.engine import spark
from tablemend.errors import SettingsError, TablemendError
from tablemend.repair import relation
from tablemend.workspace import open as open_workspace


def test_without_pyspark_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(SettingsError, match="no pyspark") as raised:
        spark.connect(URL)
    assert "pip install 'tablemend[spark]'" in raised.value.hint


def test_without_java_the_error_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyspark", object())
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="Spark needs Java") as raised:
        spark.connect(URL)
    assert "17" in raised.value.hint


def test_an_engine_that_is_none_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="setting engine"):
        open_workspace(tmp_path, engine="flink")


@pytest.mark.spark
def test_a_url_where_nothing_answers_is_one_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SettingsError, match=f"Spark does not answer at sc://127.0.0.1:{port}"):
        spark.connect(f"sc://127.0.0.1:{port}")


@pytest.mark.spark
def test_a_closed_session_leaves_no_view_and_no_file():
    given = table(text=["a", "b", None])
    session = on_spark().branch()
    relation.register(session, given, columns_of(given))
    session.execute("CREATE TEMP TABLE kept AS SELECT * FROM data WHERE text IS NOT NULL")
    held = list(session._relations.values())
    assert session.one("SELECT count(*) FROM kept") == (2,)
    session.close()
    views = {each.name for each in on_spark().spark.catalog.listTables()}
    assert not views & {each.view for each in held}
    assert not any(each.folder.exists() for each in held if each.folder)


@pytest.mark.spark
def test_small_results_are_kept_by_the_driver_and_join_what_is_on_spark():
    given = table(text=["a", "b", "b"])
    with with_driver().branch() as session:
        relation.register(session, given, columns_of(given))
        session.execute("CREATE TEMP TABLE counted AS SELECT text AS value, count(*) AS n FROM data GROUP BY ALL")
        assert "counted" not in session._relations
        session.register("names", pa.table({"short": ["a", "b"], "long": ["Ann", "Bob"]}))
        rows = session.rows(
            "SELECT long, n FROM data JOIN counted ON text = value JOIN names ON short = value "
            "WHERE _row > 1 ORDER BY _row"
        )
    assert rows == [("Bob", 2), ("Bob", 2)]


@pytest.mark.spark
def test_names_and_texts_of_any_kind_go_through():
    name = "a `b\" .c;{}()=\n'"
    texts = ["it's \\ ${x} $1 `q`", 'a"b\\n', "\x01\x1f\u2028", "--", "/* */", "{data}"]
    given = table(**{name: texts})
    with on_spark().branch() as session:
        relation.register(session, given, columns_of(given))
        quoted = '"' + name.replace('"', '""') + '"'
        for number, text in enumerate(texts, start=1):
            literal = "'" + text.replace("'", "''") + "'"
            assert session.rows(f"SELECT _row, {literal} FROM data WHERE {quoted} = {literal}") == [(number, text)]


def halved(number):
    """The work of a partition; some fail."""
    if number == 3:
        raise ValueError("three is odd")
    if number == 5:
        return lambda: (yield)  # a value that cannot be brought back
    if number == 7:
        os._exit(1)
    from pyspark import TaskContext

    return number / 2, TaskContext.get().partitionId()


@pytest.mark.spark
def test_partitions_run_as_tasks_and_fail_alone():
    from tablemend.engine.tasks import map_partitions

    found = list(map_partitions(on_spark().spark, _portable(halved), [0, 2, 3, 4]))
    assert [each.partition for each in found] == [0, 2, 3, 4]
    assert [each.value[0] for each in found if each.error is None] == [0.0, 1.0, 2.0]
    assert len({each.value[1] for each in found if each.error is None}) == 3
    assert repr(found[2].error) == "ValueError('three is odd')"


@pytest.mark.spark
def test_a_worker_that_dies_is_an_error_of_the_job():
    from tablemend.engine.tasks import map_partitions

    with pytest.raises(TablemendError, match="could not be run on Spark"):
        list(map_partitions(on_spark().spark, _portable(halved), [2, 7]))


@pytest.mark.spark
def test_no_partitions_give_no_results():
    from tablemend.engine.tasks import map_partitions

    assert list(map_partitions(on_spark().spark, halved, [])) == []


def _portable(function):
    """The function by value: Spark's workers do not know the modules of the tests."""
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[function.__module__])
    return function


OVER_CONNECT = """
import json, sys
import pyarrow as pa
from tablemend.engine import duckdb, spark
from tablemend.engine.tasks import map_partitions
from tablemend.records import Column
from tablemend.repair.compose import Step
from tablemend.repair.execution import execute

given = pa.table({"_row": pa.array([1, 2, 3, 4], pa.int64()), "text": [" a ", "STRASSE", None, "2020-02-30"]})
columns = (Column(name="text", header="text"),)
steps = [
    Step(id="t", operation="trim", columns=("text",)),
    Step(id="u", operation="change_case", columns=("text",), params={"case": "title"}),
    Step(id="m", operation="map_values", columns=("text",), params={"pairs": [[None, "none"]]}),
    Step(id="r", operation="remove_rows", columns=(), params={"predicate": "text = 'A'"}),
]
made = []
for session in (duckdb.Session(), spark.Session(url=sys.argv[1], driver_rows=0)):
    with session.branch() as branch:
        found = execute(branch, given, columns, steps)
    made.append([found.table.to_pylist(), found.changes.to_pylist(), found.removed.to_pylist()])
def squared(number):
    if number == 2:
        raise ValueError("two")
    return number * number
results = [[each.value, repr(each.error)] for each in map_partitions(session.spark, squared, [1, 2, 3])]
print(json.dumps([made[0] == made[1], len(made[0][1]), results]))
"""


@pytest.mark.spark
def test_repairs_and_partitions_run_over_spark_connect(tmp_path):
    import pyspark

    home = Path(pyspark.__file__).parent
    options = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": "0",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.local.dir": str(tmp_path),
    }
    command = [str(home / "bin" / "spark-submit"), "--master", URL, "--class"]
    command.append("org.apache.spark.sql.connect.service.SparkConnectServer")
    command += [part for name, value in options.items() for part in ("--conf", f"{name}={value}")]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(home)}
    server = subprocess.Popen(
        [*command, "spark-internal"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    )
    try:
        started = next((line for line in server.stderr if "Connect server started at" in line), "")
        drain = threading.Thread(target=server.stderr.read)  # its log must go on flowing
        drain.start()
        url = f"sc://{started.strip().rsplit(' ', 1)[-1]}"
        done = subprocess.run(
            [sys.executable, "-c", OVER_CONNECT, url], capture_output=True, text=True, env=environment, timeout=240
        )
    finally:
        server.terminate()
        server.wait()
        drain.join()
        server.stderr.close()
    assert done.returncode == 0, done.stderr[-2000:]
    same, changes, results = json.loads(done.stdout)
    assert same
    assert changes == 3
    assert results == [[1, "None"], [None, "ValueError('two')"], [9, "None"]]

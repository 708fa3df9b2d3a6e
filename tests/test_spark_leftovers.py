"""What is left of Spark when a process is killed or interrupted. No session is needed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tablemend.engine import folders, interrupts

MAKE = "from tablemend.engine import folders; print(folders.make())"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_of_a_dead_process_is_removed_and_that_of_a_living_one_stays(temporary: Path) -> None:
    own = folders.make()
    variables = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary)}
    made = subprocess.run([sys.executable, "-c", MAKE], env=variables, capture_output=True, text=True, check=True)
    left = Path(made.stdout.strip())
    (left / "data.parquet").write_bytes(b"x")
    assert folders.sweep() == [left]
    assert own.exists()
    assert list(temporary.iterdir()) == [own]


def test_what_is_named_otherwise_stays(temporary: Path) -> None:
    for name in ("tablemend-spark-abcdefgh", "tablemend-spark-elsewhere-1-a", f"{folders._PREFIX}mine-a"):
        (temporary / name).mkdir()
    assert folders.sweep() == []


def test_a_call_that_an_interrupt_broke_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    interrupts.hush()
    for raised in (KeyboardInterrupt(), RuntimeError("reentrant call inside"), ValueError("another")):
        outer = OSError("Error while sending or receiving")
        outer.__context__ = raised
        told = (OSError, outer, None)
        record = logging.LogRecord("root", logging.ERROR, "/py4j/java_gateway.py", 1, str(raised), (), told)
        logging.getLogger().handle(record)
    logging.getLogger().error("one of the application")
    assert [each.getMessage() for each in caplog.records] == ["another", "one of the application"]
    logging.getLogger().removeFilter(interrupts._told_otherwise)


def test_an_interrupt_that_spark_replaces_stays_an_interrupt() -> None:
    pytest.importorskip("pyspark")
    from py4j.protocol import Py4JError

    from tablemend.engine import spark

    replaced = Py4JError("the job was cancelled")
    replaced.__context__ = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), spark.failures_told("a scan"):
        raise replaced

"""The next start says what a dead process left, and a living one says that it works."""

import subprocess
import sys
from pathlib import Path

import tablemend as tm
from tablemend.telemetry import beating, silent

DIES = """
import os, sys, tablemend as tm
def die(stage, fraction):
    if stage == "detect":
        os._exit(9)
with tm.open(sys.argv[1], progress=die) as ws:
    ws.scan(sys.argv[2])
"""


def test_the_next_command_names_the_run_that_died(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_text("id,city\n1,Bonn\n2, Bonn\n")
    died = subprocess.run([sys.executable, "-c", DIES, tmp_path / "state", source], check=False)
    assert died.returncode == 9
    command = [sys.executable, "-m", "tablemend", "--data", str(tmp_path / "state"), "history"]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2))
    assert "had ended before it was done; only what it had committed stands." in first.stderr
    assert "had ended" not in second.stderr


def test_a_run_at_work_renews_its_heartbeat(tmp_path: Path) -> None:
    (tmp_path / "source.csv").write_text("id,city\n1,Bonn\n")
    with tm.open(tmp_path / "state") as ws:
        ws.scan(tmp_path / "source.csv")
        run = ws.store.runs.begin("scan", settings={})
        told = beating(silent, lambda: ws.store.runs.beat(run.id), every=0.0)
        before = ws.store.runs.get(run.id).heartbeat
        told("detect", 0.5)
        after = ws.store.runs.get(run.id).heartbeat
        ws.store.runs.finish(run.id, "completed")
    assert before is not None
    assert after is not None
    assert after > before

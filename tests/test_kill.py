"""Killed at any instant: the old version is whole, the run is failed, and doing it again works."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core_helpers import proposal, scan, workspace, write

DIRTY = "a,b\r\n" + "".join(f'"{" x" if n % 3 else "y"}",{n}\r\n' for n in range(60))

WORK = """
import os, signal, sys
from core_helpers import proposal, scan, workspace
from pathlib import Path

folder, verb, stage, fraction = Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])

def progress(at, done):
    if at == stage and done == fraction:
        os.kill(os.getpid(), signal.SIGKILL)

with workspace(folder) as ws:
    ws.progress = progress
    if verb == "scan":
        scan(ws, folder / "new.csv", [proposal("trim", "a")])
    elif verb == "apply":
        ws.apply()
    else:
        ws.undo(ws.newest_apply())
"""

STAGES = {
    "scan": ["load", "snapshot", "profile", "checks", "detect", "evaluate", "measure", "store"],
    "apply": ["read", "apply", "score", "write", "commit"],
    "undo": ["read", "undo", "score", "write", "commit"],
}
DONE = {("scan", "store", "1"), ("apply", "commit", "1"), ("undo", "commit", "1")}  # killed after the commit
INSTANTS = [*((verb, stage, "0") for verb, stages in STAGES.items() for stage in stages), *sorted(DONE)]
"""The end of a stage is the beginning of the next, but for the last."""


def prepared(folder: Path, verb: str) -> None:
    write(folder / "t.csv", DIRTY)
    write(folder / "new.csv", DIRTY)
    with workspace(folder) as ws:
        found = scan(ws, folder / "t.csv", [proposal("trim", "a"), proposal("remove_rows", predicate="b = '7'")])
        ws.approve(found.run, force=True)
        if verb == "undo":
            ws.apply(found.run)


def work(folder: Path, verb: str, stage: str, when: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WORK, str(folder), verb, stage, when]
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


def kept_files(folder: Path) -> set[str]:
    return {
        path.name.removesuffix(".parquet")
        for kind in ("snapshots", "changes", "originals")
        for path in (folder / ".tablemend" / kind).glob("*")
    } | {path.name for path in (folder / ".tablemend").rglob("*.part")}


@pytest.mark.parametrize(("verb", "stage", "when"), INSTANTS)
def test_killed(verb: str, stage: str, when: str, tmp_path: Path) -> None:
    prepared(tmp_path, verb)
    with workspace(tmp_path) as ws:
        dataset = ws.dataset("t")
        before = ws.store.datasets.snapshot(dataset)
        decisions = {item.id: (item.decision, item.applied) for item in ws.items()}
        ws.export(dataset, tmp_path / "before.csv")
    killed = work(tmp_path, verb, stage, when)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = (verb, stage, when) in DONE
    with workspace(tmp_path) as ws:
        run = ws.store.runs.recent()[0]
        begun = (verb, stage) != ("scan", "load")
        assert run.status == ("failed" if begun and not done else "completed")
        assert ws.recovered == ((run.id,) if begun and not done else ())
        if verb != "scan":
            after = ws.store.datasets.snapshot(dataset)
            assert after.version == before.version + done
            if not done:
                assert after == before
                assert {item.id: (item.decision, item.applied) for item in ws.items()} == decisions
                ws.export(dataset, tmp_path / "after.csv")
                assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
        assert kept_files(tmp_path) == ws.store.datasets.hashes() | ws.store.change_sets.hashes()
    if done:
        return
    again = work(tmp_path, verb, "never", "0")
    assert again.returncode == 0, again.stderr
    with workspace(tmp_path) as ws:
        assert ws.store.runs.recent()[0].status == "completed"
        assert ws.recovered == ()
        if verb == "undo":
            ws.export(dataset, tmp_path / "after.csv")
            assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()


def test_two_processes_apply_the_same_run_and_one_wins(tmp_path: Path) -> None:
    prepared(tmp_path, "apply")
    command = [sys.executable, "-m", "tablemend", "apply", "--quiet"]
    environment = {**os.environ, "TABLEMEND_THREADS": "1"}
    both = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    ends = sorted((process.wait(100), *process.communicate()) for process in both)
    assert [code for code, *_ in ends] == [0, 2], ends
    assert ends[1][2].count("\n") == 1
    assert ends[1][2].startswith("tablemend: ")
    with workspace(tmp_path) as ws:
        assert len(ws.change_sets()) == 1
        assert ws.store.datasets.snapshot(ws.dataset("t")).version == 2
        assert kept_files(tmp_path) == ws.store.datasets.hashes() | ws.store.change_sets.hashes()


def test_two_processes_heal_a_new_file_at_once(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    command = [sys.executable, "-m", "tablemend", "scan", "t.csv", "--json"]
    environment = {**os.environ, "TABLEMEND_THREADS": "1"}
    both = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    ends = [(process.wait(100), *process.communicate()) for process in both]
    assert [code for code, *_ in ends] == [0, 0], ends
    with workspace(tmp_path) as ws:
        assert [snapshot.version for snapshot, _ in ws.versions(ws.dataset("t"))] == [1]
        assert {run.status for run in ws.store.runs.recent()} == {"completed"}

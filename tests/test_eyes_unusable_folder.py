"""A workspace folder or an output that cannot be used is one line with a hint, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "tablemend"]


def run(folder: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    (folder / "source.csv").write_text("a,b\n1, x\n", encoding="utf-8")
    return subprocess.run([*COMMAND, *arguments], cwd=folder, stderr=subprocess.PIPE, text=True, check=False, **options)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert done.stderr.startswith("tablemend: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert "--data" in refused(run(tmp_path, "--data", "taken", "scan", "source.csv"))


def test_a_state_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.db").write_text("junk " * 1000, encoding="utf-8")
    assert "not a database" in refused(run(tmp_path, "--data", "state", "scan", "source.csv"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_standard_output_that_is_full(tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        message = run(tmp_path, "scan", "source.csv", "--quiet", "--json", stdout=full).stderr
    assert "Traceback" not in message
    assert "No space left" in message

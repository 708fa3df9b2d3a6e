"""Backups: whole, of one moment, and the same for every database that can hold a state."""

import json
import signal
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

import servers
from core_helpers import workspace, write
from tablemend.errors import OutputError, StateError
from tablemend.store import backup
from tablemend.store.database import Database
from tablemend.workspace import Workspace
from test_migrations import fill, reach

DIRTY = "id,city\n" + "".join(f"{n},{' Bonn' if n % 5 == 0 else 'Bonn'}\n" for n in range(40))


def healed(folder: Path, where: str | Path) -> Workspace:
    """A workspace that has healed a file, undone a part and rejected something."""
    folder.mkdir()
    write(folder / "t.csv", DIRTY)
    ws = workspace(folder, store_url="" if isinstance(where, Path) else where)
    result = ws.heal(folder / "t.csv", policy="all")
    assert result.applied
    ws.undo(result.applied.change_set.id, cell=(1, "city"))
    return ws


def content(ws: Workspace) -> dict[str, object]:
    """Everything that a user sees of a workspace."""
    return {
        "history": ws.history("t"),
        "items": [(item.id, item.decision, item.decided_by, item.version, item.applied) for item in ws.items()],
        "log": [ws.store.items.decisions(item.id) for item in ws.items()],
        "audit": ws.store.audit.recent(),
        "runs": ws.runs(limit=100),
        "metrics": [ws.run_report(run.id).metrics for run in ws.runs(limit=100)],
    }


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_what_is_restored_is_what_was_backed_up_and_goes_on(where: str | Path, target: str, tmp_path: Path) -> None:
    with healed(tmp_path / "a", where) as ws:
        before = content(ws)
        made = ws.backup(tmp_path / "b.zip")
        ws.export("t", tmp_path / "a.csv")
    with servers.schema() if target == "postgresql" else nullcontext("") as url:
        with workspace(tmp_path / "c", store_url=url) as restored:
            assert restored.restore(tmp_path / "b.zip").tables == made.tables
            assert content(restored) == before
            assert restored.check_state(deep=True) == []
            restored.export("t", tmp_path / "c.csv")
            assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
            restored.undo(restored.newest_apply())
            restored.rescan("t")
            assert restored.check_state(deep=True) == []
        with workspace(tmp_path / "c", store_url=url) as again, pytest.raises(StateError, match="already"):
            again.restore(tmp_path / "b.zip")


def test_a_backup_of_an_older_version_is_led_to_this_one(where: str | Path, tmp_path: Path) -> None:
    reach(where, "0001", fill)
    folder = tmp_path / "dump"
    folder.mkdir()
    with Database(where, prepare=False) as old:
        counts = backup.dump(old, folder)
    restored = backup.load(tmp_path / "new.db", "0001", folder, expected=counts)
    assert restored == counts
    with Database(tmp_path / "new.db") as new:
        assert backup.counts(new)["items"] == counts["items"] == 2
        assert backup.counts(new)["counters"] == 1


def test_a_backup_never_takes_the_place_of_a_file_unasked(tmp_path: Path) -> None:
    with healed(tmp_path / "a", tmp_path) as ws:
        write(tmp_path / "b.zip", "precious")
        with pytest.raises(OutputError, match="is there already"):
            ws.backup(tmp_path / "b.zip")
        ws.backup(tmp_path / "b.zip", overwrite=True)
    assert zipfile.is_zipfile(tmp_path / "b.zip")


def damaged(source: Path, target: Path, name: str, data: bytes | None) -> None:
    """A copy of an archive with one file changed, or left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
        if data is not None:
            new.writestr(name, data)


@pytest.mark.parametrize("kind", ["changed", "missing", "outside", "format", "short", "text", "none"])
def test_what_is_not_a_whole_backup_restores_nothing(kind: str, tmp_path: Path) -> None:
    with healed(tmp_path / "a", tmp_path) as ws:
        ws.backup(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    bad = tmp_path / "bad.zip"
    outside = {**manifest, "files": {**manifest["files"], "files/../../x": "0"}}
    short = {**manifest, "tables": {**manifest["tables"], "items": 999}}
    if kind in ("changed", "missing"):
        damaged(tmp_path / "b.zip", bad, "state/items.parquet", b"x" if kind == "changed" else None)
    elif kind == "text":
        write(bad, "not an archive")
    elif kind != "none":
        changed = {"outside": outside, "format": {**manifest, "format": 99}, "short": short}[kind]
        damaged(tmp_path / "b.zip", bad, "manifest.json", json.dumps(changed).encode())
    with workspace(tmp_path / "c") as target:
        with pytest.raises(StateError):
            target.restore(bad)
        assert not (tmp_path / "x").exists()
        assert target.restore(tmp_path / "b.zip").tables == manifest["tables"]


def test_a_restore_that_is_killed_leaves_nothing_and_can_be_done_again(tmp_path: Path) -> None:
    with healed(tmp_path / "a", tmp_path) as ws:
        ws.backup(tmp_path / "b.zip")
        before = content(ws)
    dies = """
import os, signal, sys, tablemend as tm
def die(stage, fraction):
    if (stage, fraction) == ("state", 0.0):
        os.kill(os.getpid(), signal.SIGKILL)
with tm.open(sys.argv[1], progress=die) as ws:
    ws.restore(sys.argv[2])
"""
    folder = tmp_path / "c" / ".tablemend"
    killed = subprocess.run([sys.executable, "-c", dies, str(folder), str(tmp_path / "b.zip")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(folder.iterdir())
    with workspace(tmp_path / "c") as ws:
        ws.restore(tmp_path / "b.zip")
        assert content(ws) == before

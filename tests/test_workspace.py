"""The workspace as Python code uses it, and recipes."""

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tablemend as tm
from core_helpers import ids, proposal, scan, workspace, write
from tablemend.errors import NotFound, NothingToChange, SettingsError
from tablemend.repair import recipe


def test_the_example_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path / "orders.csv", "id,city\n" + "".join(f"{n},{' Rome' if n % 5 == 0 else 'Rome'}\n" for n in range(50))
    )
    with tm.open() as ws:
        found = ws.scan("orders.csv")
        ws.approve(found.run, check="outer_space", force=True)
        done = ws.apply(found.run)
        assert done.change_set.cells == 10
    ws.close()
    assert "<table>" in found._repr_html_()
    assert "<table>" in done._repr_html_()
    assert pa.table(found).num_rows == len(found.items)


@pytest.mark.parametrize("make", [pa.table, pd.DataFrame, pl.DataFrame])
def test_frames(make: object, tmp_path: Path) -> None:
    frame = make({"a": [" x", "y"], "n": [1, 2]})  # type: ignore[operator]
    with workspace(tmp_path) as ws:
        found = scan(ws, frame, [proposal("trim", "a")])
        ws.approve(found.run, force=True)
        done = ws.apply(found.run)
        assert ws.snapshots.read(done.snapshot.hash)["a"].to_pylist() == ["x", "y"]
        assert ws.undo(done.change_set.id).snapshot.hash == found.snapshot.hash


def test_frames_of_two_names_are_two_datasets(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        ws.scan(pa.table({"a": ["x"]}), name="one")
        ws.scan(pa.table({"b": ["y"]}), name="two")
        assert [each["name"] for each in ws.history()["datasets"]] == ["one", "two"]


def test_a_file_is_the_same_dataset_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in "ab":
        write(tmp_path / folder / "t.csv", f"c\n{folder}\n")
    with workspace(tmp_path) as ws:
        first = scan(ws, tmp_path / "a" / "t.csv", [])
        monkeypatch.chdir(tmp_path / "a")
        assert scan(ws, "t.csv", []).snapshot == first.snapshot
        monkeypatch.chdir(tmp_path / "b")
        assert scan(ws, "t.csv", []).snapshot.dataset != first.snapshot.dataset
        with pytest.raises(NotFound, match="several"):
            ws.dataset("t")
        assert ws.dataset(str(tmp_path / "a" / "t.csv")) == first.snapshot.dataset


def test_rescan_reads_the_newest_version(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a,b\n x,1\ny,2\n")
    with workspace(tmp_path) as ws:
        found = scan(ws, tmp_path / "t.csv", [proposal("trim", "a")])
        ws.approve(found.run, force=True)
        ws.apply(found.run)
        again = ws.rescan("t")
        assert again.snapshot.version == 2
        assert not any(item.check == "outer_space" for item in again.items)


def saved(folder: Path, name: str) -> Path:
    write(folder / "t.csv", "a,b\n x,\ny,2\n")
    with workspace(folder) as ws:
        found = scan(
            ws,
            folder / "t.csv",
            [
                proposal("trim", "a"),
                proposal("map_values", "b", keys=["a", "b"], pairs=[["x", None, "one"], ["y", "2", None]]),
            ],
        )
        assert len(ids(found)) == 2
        ws.approve(found.run, force=True)
        ws.save_recipe(folder / name, found.run)
    return folder / name


@pytest.mark.parametrize("name", ["r.toml", "r.json"])
def test_a_recipe_replays_on_other_columns_with_nulls(name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, name)
    assert {each.column for each in recipe.read(path).needs} == {"a", "b"}
    write(tmp_path / "other.csv", "key,b\n x,\ny,2\n")
    with workspace(tmp_path) as ws:
        assert ws.check_recipe(path, tmp_path / "other.csv", {}) == ["the table has no column a"]
        with pytest.raises(SettingsError, match="no column a"):
            ws.replay_recipe(path, tmp_path / "other.csv")
        with pytest.raises(SettingsError, match="does not name a column zz"):
            ws.replay_recipe(path, tmp_path / "other.csv", {"zz": "key"})
        assert ws.check_recipe(path, tmp_path / "other.csv", {"a": "key"}) == []
        ws.replay_recipe(path, tmp_path / "other.csv", {"a": "key"}, output=tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text() == "key,b\nx,one\ny,\n"
        with pytest.raises(NothingToChange):
            ws.replay_recipe(path, tmp_path / "out.csv", {"a": "key"})

"""Frames and standard input have no place, so that their name tells their datasets apart."""

import io
from pathlib import Path

import polars as pl
import pytest

import tablemend as tm


def test_frames_of_different_names_are_different_datasets(tmp_path: Path) -> None:
    with tm.open(tmp_path / "workspace") as ws:
        ws.scan(pl.DataFrame({"id": [1, 2], "city": [" Rome", "Oslo"]}), name="cities")
        people = ws.scan(pl.DataFrame({"key": [1, 2, 3], "who": ["Ann", "Bo", "Cy"]}), name="people")
        assert sorted(each["name"] for each in ws.history()["datasets"]) == ["cities", "people"]
        assert [finding.check for finding in people.findings] == []


def test_a_frame_of_the_same_name_is_the_next_version(tmp_path: Path) -> None:
    with tm.open(tmp_path / "workspace") as ws:
        for cities in (["Rome", "Oslo"], ["Rome", "Bonn"]):
            scanned = ws.scan(pl.DataFrame({"id": [1, 2], "city": cities}), name="cities")
        assert scanned.snapshot.version == 2


def test_standard_input_of_different_names_is_different_datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tm.open(tmp_path / "workspace") as ws:
        for name in ("one", "two"):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
            ws.scan("-", name=name)
        assert sorted(each["name"] for each in ws.history()["datasets"]) == ["one", "two"]

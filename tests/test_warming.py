"""What the pages of matrices show first is answered when a server starts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import tablemend as tm
from tablemend.web import exploring
from tablemend.web.jobs.warming import PARTS, Warming


def test_what_is_shown_first_is_there_for_whoever_comes(tmp_path: Path) -> None:
    with tm.open(tmp_path / "state") as ws:
        ws.explore.load(pa.table({"id": ["a", "b"], "x": [1.0, 2.0], "y": [3.0, None]}), name="m")
        with Warming(ws) as warming:
            warming.wait()
        somebody = ws.signed("ann", role="viewer")
        for part in PARTS:
            choice = exploring.settled(somebody, "m", exploring.chosen({"part": part}))
            assert exploring.asked(somebody, "m", choice).cached == "process"


def test_a_matrix_whose_files_are_gone_stops_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tm.open(tmp_path / "state") as ws:
        ws.explore.load(pa.table({"id": ["a"], "x": [1.0]}), name="gone")
        for each in (tmp_path / "state" / "matrices").iterdir():
            each.unlink()
        ws.explore.load(pa.table({"id": ["a"], "x": [2.0]}), name="here")
    with tm.open(tmp_path / "state") as ws:
        with Warming(ws) as warming:
            warming.wait()
        choice = exploring.settled(ws, "here", exploring.chosen({}))
        assert exploring.asked(ws, "here", choice).cached == "process"
    assert "matrix gone was not answered ahead" in caplog.text


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    with tm.open(tmp_path / "state") as ws, Warming(ws) as warming:
        warming.wait()
        assert not ws.exists

from pathlib import Path

import pytest

import tablemend as tm
from tablemend.errors import StateError


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    cities = [" Berlin", "Hamburg", "Munich "] * 20
    path = tmp_path / "orders.csv"
    path.write_text("id,city\n" + "".join(f"{n},{city}\n" for n, city in enumerate(cities)))
    return path


def test_a_preview_tells_the_score_and_cells_that_the_apply_then_gives(tmp_path: Path, orders: Path) -> None:
    with tm.open(tmp_path / "state") as ws:
        run = ws.scan(orders).run
        ws.approve(run, force=True)
        told = ws.preview(run)
        done = ws.apply(run)
        assert done.after is not None
        assert told.score == done.after
        assert told.changes.num_rows == done.change_set.cells
        assert told.outcomes == done.change_set.outcomes


def test_a_preview_writes_nothing(tmp_path: Path, orders: Path) -> None:
    with tm.open(tmp_path / "state") as ws:
        scanned = ws.scan(orders)
        before = sorted(path.name for path in (tmp_path / "state").rglob("*.parquet"))
        ws.preview(scanned.run, ids=[scanned.items[0].id])
        assert sorted(path.name for path in (tmp_path / "state").rglob("*.parquet")) == before
        assert len(ws.versions(scanned.snapshot.dataset)) == 1
        assert ws.items(scanned.run)[0].decision == "open"


def test_a_preview_of_nothing_is_an_error(tmp_path: Path, orders: Path) -> None:
    with tm.open(tmp_path / "state") as ws:
        run = ws.scan(orders).run
        with pytest.raises(StateError, match="no approved repair"):
            ws.preview(run)

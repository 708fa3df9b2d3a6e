"""Approving and applying more of a scan after its first repairs are applied."""

from pathlib import Path

import pytest

import tablemend as tm
from tablemend.errors import Conflict, NotFound


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    rows = "".join(f"{n}, Ann {n % 7},{'berlin' if n % 9 else 'Berlin '},{n % 5}\n" for n in range(60))
    path.write_text("id,name,city,level\n" + rows)
    return path


def scanned(ws: tm.Workspace, path: Path) -> tuple[str, list[str]]:
    run = ws.scan(path).run
    made = [
        ws.propose("trim", ["name"], run=run).id,
        ws.propose("trim", ["city"], run=run).id,
        ws.propose("change_case", ["city"], {"case": "upper"}, run=run).id,
        ws.propose(
            "map_values", ["level"], {"keys": ["city", "level"], "pairs": [["Berlin ", "0", "none"]]}, run=run
        ).id,
        ws.propose("remove_rows", [], {"predicate": "id = '5'"}, run=run).id,
    ]
    return run, made


def test_repairs_applied_in_two_steps_give_what_one_step_gives(tmp_path: Path, people: Path) -> None:
    with tm.open(tmp_path / "once") as ws:
        run, ids = scanned(ws, people)
        ws.approve(run, ids=ids, force=True)
        once = ws.apply(run).snapshot.hash
    with tm.open(tmp_path / "twice") as ws:
        run, ids = scanned(ws, people)
        ws.approve(run, ids=ids[:2], force=True)
        first = ws.apply(run)
        ws.approve(run, ids=ids[2:], force=True)
        second = ws.apply(run)
        assert second.snapshot.hash == once
        assert {each.repair for each in second.change_set.outcomes} == set(ids[2:])
        found = ws.diff(first.change_set.dataset, 2, 3)
        assert found.cells.num_rows == second.change_set.cells
        assert len(found.rows_removed) == second.change_set.rows_removed == 1
        ws.undo(second.change_set.id)
        assert ws.versions(first.change_set.dataset)[-1][0].hash == first.snapshot.hash


def test_one_repair_of_the_second_step_is_undone_alone(tmp_path: Path, people: Path) -> None:
    with tm.open(tmp_path / "state") as ws:
        run, ids = scanned(ws, people)
        ws.approve(run, ids=ids[:1], force=True)
        first = ws.apply(run)
        ws.approve(run, ids=ids[1:3], force=True)
        second = ws.apply(run)
        with pytest.raises(NotFound):
            ws.undo(second.change_set.id, repair=ids[0])
        ws.undo(second.change_set.id, repair=ids[2])
        cells = ws.diff(first.change_set.dataset, 2, 4).cells.to_pylist()
        assert {each["column"] for each in cells} == {"city"}
        assert {(each["before"], each["after"]) for each in cells} == {("Berlin ", "Berlin")}


def test_after_an_undo_the_scan_is_out_of_date(tmp_path: Path, people: Path) -> None:
    with tm.open(tmp_path / "state") as ws:
        run, ids = scanned(ws, people)
        ws.approve(run, ids=ids[:2], force=True)
        first = ws.apply(run)
        ws.undo(first.change_set.id, repair=ids[0])
        ws.approve(run, ids=ids[2:3], force=True)
        with pytest.raises(Conflict, match="moved on"):
            ws.apply(run)


def test_two_proposals_of_one_operation_stand_side_by_side(tmp_path: Path, people: Path) -> None:
    with tm.open(tmp_path / "state") as ws:
        run = ws.scan(people).run
        first = ws.propose("remove_rows", [], {"predicate": "id = '5'"}, run=run)
        second = ws.propose("remove_rows", [], {"predicate": "id = '6'"}, run=run)
        assert first.id != second.id
        ws.approve(run, ids=[first.id, second.id], force=True)
        assert ws.apply(run).change_set.rows_removed == 2


def test_a_later_scan_that_saw_other_content_is_where_to_decide(tmp_path: Path) -> None:
    source = tmp_path / "cities.csv"
    source.write_text("id,city\n" + "".join(f"{n}, Bonn\n" for n in range(30)))
    with tm.open(tmp_path / "state") as ws:
        first = ws.scan(source)
        (item,) = [each for each in first.items if each.operation == "trim"]
        source.write_text("id,city\n" + "".join(f"{n}, Bonn\n" for n in range(40)))
        second = ws.scan(source)
        assert ws.approve(first.run, ids=[item.id], force=True).refused[0].item == item.id
        assert ws.approve(second.run, ids=[item.id], force=True).decided == (item.id,)

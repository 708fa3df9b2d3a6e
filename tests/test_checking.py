"""A state that contradicts itself is found out."""

from pathlib import Path

import pytest

from core_helpers import workspace, write
from store_helpers import begin, decision, item
from tablemend.store.checking import problems
from tablemend.store.state import Store


def test_a_sound_state_has_no_problem(store: Store) -> None:
    run = begin(store)
    store.items.put([item(1, run), item(2, run)])
    store.items.decide([decision("i0001"), decision("i0002", "rejected")])
    store.items.decide([decision("i0001", "open")])
    store.items.put([item(1, run, content="other")])
    store.runs.finish(run, "completed")
    assert list(problems(store.database)) == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE items SET version = 7 WHERE id = 'i0001'", "item"),
        ("UPDATE items SET decision = 'rejected' WHERE id = 'i0001'", "decision"),
        ("UPDATE items SET decision = 'approved' WHERE id = 'i0002'", "decision"),
        ("UPDATE runs SET status = 'completed'", "run"),
    ],
)
def test_a_contradiction_is_named(store: Store, statement: str, what: str) -> None:
    run = begin(store)
    store.items.put([item(1, run), item(2, run)])
    store.items.decide([decision("i0001")])
    with store.transaction() as connection:
        connection.exec_driver_sql(statement)
    assert {each.what for each in problems(store.database)} == {what}


def test_damaged_and_missing_files_are_named(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a\nx\n y\n")
    with workspace(tmp_path) as ws:
        scanned = ws.scan(tmp_path / "t.csv")
        (original,) = ws.snapshots.names([scanned.snapshot.original or ""])
        (table,) = ws.snapshots.names([scanned.snapshot.hash])
        assert ws.check_state(deep=True) == []
        (ws.snapshots.folder / original).write_bytes(b"other")
        assert ws.check_state() == []
        (found,) = ws.check_state(deep=True)
        assert "other values" in found.detail
        (ws.snapshots.folder / table).write_bytes(b"PAR1 broken")
        assert any("cannot be read" in each.detail for each in ws.check_state(deep=True))
        (ws.snapshots.folder / table).unlink()
        (gone,) = ws.check_state()
        assert (gone.what, gone.subject) == ("file", scanned.snapshot.hash)

"""Retention: old runs go, decisions and what can be undone stay."""

from datetime import timedelta
from pathlib import Path

import pytest

from core_helpers import workspace, write
from store_helpers import begin, decision, item
from tablemend.errors import StateError
from tablemend.records import now
from tablemend.store.backup import counts
from tablemend.store.checking import problems
from tablemend.store.filters import Filter
from tablemend.store.retention import retain
from tablemend.store.state import Store

LATER = now() + timedelta(days=1)


def ended(store: Store, *items: object, kind: str = "scan") -> str:
    run = begin(store, kind)
    store.items.put([item(int(str(n)), run) for n in items])
    store.runs.keep(run, "profile", {"a": 1})
    store.runs.finish(run, "completed")
    return run


def test_what_nobody_decided_on_goes_and_the_newest_run_stays(store: Store) -> None:
    ended(store, 2, 6)
    store.items.decide([decision("i0002", "rejected", reason="no")])
    ended(store, 1, 3)
    newest = ended(store, 3, 4)
    running = begin(store)
    trial = retain(store.database, LATER, dry_run=True)
    before = counts(store.database)
    done = retain(store.database, LATER)
    assert done == trial
    assert (done.runs_old, done.items_removed, done.artifacts_removed) == (3, 1, 1)
    assert done.runs_kept + done.runs_removed == done.runs_old
    assert [each.id for each in store.items.select(Filter())] == ["i0002", "i0006", "i0003", "i0004"]
    assert [each.reason for each in store.items.decisions("i0002")] == ["no"]
    assert [each.id for each in store.items.select(Filter(run=newest))] == ["i0003", "i0004"]
    assert store.runs.get(running).status == "running"
    assert list(problems(store.database)) == []
    assert before["decisions"] == counts(store.database)["decisions"] == 1


def test_a_dry_run_changes_nothing(store: Store) -> None:
    ended(store, 1)
    ended(store, 2)
    before = counts(store.database)
    assert retain(store.database, LATER, dry_run=True).changed
    assert counts(store.database) == before


def test_young_runs_stay(store: Store) -> None:
    ended(store, 1)
    ended(store, 2)
    done = retain(store.database, now() - timedelta(days=1))
    assert not done.changed
    assert store.items.count(Filter()) == 2


def test_what_was_applied_can_still_be_undone(where: str | Path, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "id,city\n" + "".join(f"{n},{' Bonn' if n % 5 == 0 else 'Bonn'}\n" for n in range(40)))
    with workspace(tmp_path, store_url="" if isinstance(where, Path) else where) as ws:
        result = ws.heal(tmp_path / "t.csv", policy="all")
        assert result.applied
        ws.rescan("t", 1)
        ws.rescan("t", 1)
        ws.rescan("t")
        assert ws.retain(days=0).changed
        assert ws.check_state(deep=True) == []
        ws.undo(result.applied.change_set.id)
        ws.export("t", tmp_path / "undone.csv")
        assert ws.store.audit.recent()[-1].action
        with pytest.raises(StateError, match="-1 days"):
            ws.retain(days=-1)
    assert (tmp_path / "undone.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()

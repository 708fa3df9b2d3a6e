"""The audit log: found by who, what, when and words, a page at a time, and whole."""

from datetime import UTC, datetime, timedelta

import pytest

from tablemend.errors import StateError
from tablemend.records import now
from tablemend.store.auditing import AuditFilter
from tablemend.store.state import Store


def filled(store: Store) -> Store:
    """A store with five entries of two people."""
    store.audit.write("ann", "approve", "i1", "Trim 100% of city")
    store.audit.write("ann", "apply", "c1", "3 cells")
    store.audit.write("bob", "approve", "i2", "Upper_case country")
    store.audit.write("bob", "undo", "c1", "")
    store.audit.write("bob", "approve", "i3", "Map Ünits")
    return store


def subjects(store: Store, **conditions: object) -> list[str]:
    """What the entries that meet conditions are about, newest first."""
    return [each.subject for each in store.audit.select(AuditFilter(**conditions))[0]]  # type: ignore[arg-type]


def test_conditions_all_hold(store: Store) -> None:
    filled(store)
    assert subjects(store) == ["i3", "c1", "i2", "c1", "i1"]
    assert subjects(store, by="bob", action="approve") == ["i3", "i2"]
    assert subjects(store, subject="c1") == ["c1", "c1"]
    assert subjects(store, by="nobody") == []


def test_text_is_found_in_every_column_whatever_the_case(store: Store) -> None:
    filled(store)
    assert subjects(store, text="CITY") == ["i1"]
    assert subjects(store, text="undo") == ["c1"]
    assert subjects(store, text="ANN") == ["c1", "i1"]


@pytest.mark.parametrize(("text", "found"), [("%", ["i1"]), ("_", ["i2"]), ("\\", [])])
def test_signs_of_patterns_stand_for_themselves(store: Store, text: str, found: list[str]) -> None:
    filled(store)
    assert subjects(store, text=text) == found


def test_time_bounds_are_half_open(store: Store) -> None:
    filled(store)
    newest = datetime.fromisoformat(store.audit.recent(limit=1)[0].when)
    assert subjects(store, since=newest) == ["i3"]
    assert "i3" not in subjects(store, until=newest)
    assert subjects(store, until=newest - timedelta(days=1)) == []
    assert len(subjects(store, since=datetime(2000, 1, 1, tzinfo=UTC), until=now() + timedelta(days=1))) == 5


def test_a_page_tells_how_many_there_are(store: Store) -> None:
    filled(store)
    page, total = store.audit.select(AuditFilter(action="approve"), limit=1, offset=1)
    assert ([each.subject for each in page], total) == (["i2"], 3)
    assert store.audit.select(AuditFilter(), limit=10, offset=99) == ([], 5)
    with pytest.raises(StateError):
        store.audit.select(AuditFilter(), limit=-1)


def test_all_entries_come_once_across_pages(store: Store) -> None:
    with store.transaction():
        for number in range(2_001):
            store.audit.write("ann", "approve", str(number))
    found = [int(each.subject) for each in store.audit.every(AuditFilter(by="ann"))]
    assert found == list(range(2_000, -1, -1))


def test_people_and_actions_are_listed(store: Store) -> None:
    assert filled(store).audit.named() == (["ann", "bob"], ["apply", "approve", "undo"])


def test_a_page_of_runs_tells_how_many_there_are(store: Store) -> None:
    runs = [store.runs.begin(kind, settings={}) for kind in ("scan", "apply", "scan")]
    store.runs.finish(runs[0].id, "completed")
    page, total = store.overview.page(limit=1, offset=1)
    assert ([each.id for each in page], total) == ([runs[1].id], 3)
    assert store.overview.page(dataset="none") == ([], 0)
    assert [each.id for each in store.overview.page(kind="scan", status="completed")[0]] == [runs[0].id]

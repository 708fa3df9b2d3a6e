"""The page Overview."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dash
import pytest

import tablemend as tm
from pages_helpers import HOSTILE, assert_plain, links, said, signed_in
from tablemend.bench.generate import faulty_csv
from tablemend.store.state import Store
from tablemend.web.address import parse
from tablemend.web.pages import overview
from tablemend.web.site import Site


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("overview")
    (where / "odd.csv").write_text(HOSTILE, encoding="utf-8")
    with tm.open(where / "data") as ws:
        scanned = ws.scan(faulty_csv(where / "orders.csv", 300))
        ws.pass_gate(scanned.run)
        ws.apply(scanned.run)
        ws.scan(where / "odd.csv")
    return where


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with tm.open(folder / "data") as ws, signed_in():
        yield Site(ws)


def test_every_dataset_shows_its_score_and_what_waits(site: Site) -> None:
    page = overview.layout(site, parse("/"))
    assert_plain(page)
    assert "2 datasets" in said(page)
    for each in site.workspace.store.health.all():
        assert each.name in said(page)
        assert f"/datasets/{each.id}" in links(page)
        if each.open:
            assert f"/review/{each.scan}?decision=open" in links(page)


def test_a_trend_goes_over_the_versions(site: Site) -> None:
    orders = next(each for each in site.workspace.store.health.all() if each.name == "orders")
    versions = site.workspace.versions(orders.id)
    assert orders.trend == tuple(score.overall if score else None for _, score in versions)
    assert len(orders.trend) == 2
    assert "+" in said(overview.body([orders]))


def test_nothing_scanned_yet_leads_to_adding_data(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws, signed_in():
        page = overview.layout(Site(ws), parse("/"))
    assert "No data yet" in said(page)
    assert {"/add", "/add?from=sample"} <= set(links(page))


def test_the_page_is_sent_again_only_when_it_has_changed(site: Site) -> None:
    mark = overview.mark(site)
    assert overview.changed(site, mark) == (dash.no_update,) * 3
    body, note, found = overview.changed(site, "another")
    assert found == mark
    assert "2 datasets" in note
    assert "orders" in said(body)


def test_items_that_wait_are_counted_by_decision(site: Site) -> None:
    for each in site.workspace.store.health.all():
        items = site.workspace.items(each.scan)
        assert each.open == sum(item.decision == "open" and not item.applied for item in items)
        assert each.approved == sum(item.decision == "approved" and not item.applied for item in items)


def test_an_empty_store_stands_nowhere(store: Store) -> None:
    assert store.health.all() == []


def test_alerts_of_the_last_days_that_hold_stand_at_the_top(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws, signed_in():
        ws.scan(faulty_csv(tmp_path / "orders.csv", 300))
        site = Site(ws)
        assert "Alerts" not in said(overview.layout(site, parse("/")))
        before = overview.mark(site)
        schedule = ws.schedules.repeat("orders", interval="1h", threshold=99.9)
        ws.schedules.refresh_and_tell(schedule.id)
        page = overview.layout(site, parse("/"))
        assert_plain(page)
        assert "below 99.9" in said(page)
        assert "/runs?part=alerts" in links(page)
        assert overview.mark(site) != before
        ws.store.alerts.resolve("score", schedule=schedule.id, dataset=schedule.dataset)
        assert "below 99.9" not in said(overview.layout(site, parse("/")))


def test_an_alert_that_only_tries_the_ways_is_not_shown(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws, signed_in():
        ws.scan(faulty_csv(tmp_path / "orders.csv", 300))
        ws.alerts.test()
        assert "Alerts" not in said(overview.layout(Site(ws), parse("/")))


def test_more_alerts_than_are_shown_are_counted(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws, signed_in():
        ws.scan(faulty_csv(tmp_path / "orders.csv", 300))
        for number in range(5):
            ws.store.alerts.tell("failed", state="x", message=f"<b>{number}</b>", deliveries=(), schedule=f"s{number}")
        told = said(overview.layout(Site(ws), parse("/")))
        assert told.index("<b>4</b>") < told.index("<b>2</b>")
        assert "<b>1</b>" not in told
        assert "2 more" in told

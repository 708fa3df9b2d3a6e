"""The page Runs: a scan under way is followed and stopped; the audit log is searched, narrowed and carried away."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

import tablemend as tm
from tablemend.bench.furnished import furnish
from tablemend.bench.served import Server
from tablemend.tables.sample.orders import faulty_csv

Serving = Callable[..., Server]
Visit = Callable[..., Page]


def test_a_scan_is_followed_and_cancelled(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    folder = furnish(tmp_path, 200)
    faulty_csv(folder / "orders.csv", 20_000)  # takes long enough to be stopped
    with tm.open(folder / ".tablemend") as ws:
        ws.scan(folder / "orders.csv")
        dataset = ws.dataset("orders")
    server = serving(folder)
    page = visit(server, "/runs")
    page.evaluate(
        """(dataset) => fetch('/api/v1/scans', {
            method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ dataset: dataset })
        }).then((answer) => { if (!answer.ok) throw new Error(answer.status); })""",
        dataset,
    )
    bar = page.get_by_role("progressbar", name="rescan orders")
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Cancel rescan orders").click()
    jobs = page.get_by_role("table", name="Newest jobs")
    expect(jobs.get_by_text("cancelled")).to_have_count(2)  # beside the one that was there before
    with tm.open(folder / ".tablemend") as ws:
        assert ws.jobs.recent()[0].status == "cancelled"
    jobs.get_by_role("link", name="rescan").first.click()
    expect(page.locator("h1")).to_have_text("rescan orders")
    expect(page.get_by_text("asked for by")).to_be_visible()


def test_the_audit_log_is_searched_narrowed_and_saved(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    folder = furnish(tmp_path, 200)
    page = visit(serving(folder), "/runs?part=audit", accept_downloads=True)
    rows = page.get_by_role("table", name="Audit log").locator("tbody tr")
    with tm.open(folder / ".tablemend") as ws:
        found, total = ws.audit(text="schedule")
    page.get_by_role("textbox", name="Search").fill("schedule")
    expect(rows).to_have_count(total)
    assert total == len(found) > 0
    assert "text=schedule" in page.url
    for form in ("CSV", "JSON"):
        with page.expect_download() as begun:
            page.get_by_role("link", name=form, exact=True).click()
        begun.value.save_as(tmp_path / f"audit.{form}")
    with (tmp_path / "audit.CSV").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == total
    assert len(json.loads((tmp_path / "audit.JSON").read_text(encoding="utf-8"))) == total


def test_one_run_tells_its_stages_and_what_was_measured(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(furnish(tmp_path, 200)), "/runs?kind=scan")
    page.get_by_role("table", name="Runs").get_by_role("link").first.click()
    expect(page.get_by_role("list", name="Seconds of each stage").get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("table", name="Metrics of the run").locator("tbody tr").first).to_be_visible()
    page.get_by_text("Settings that it went by").click()
    expect(page.get_by_text("repair_gate")).to_be_visible()

"""From the overview through the parts of a dataset: compare two versions, download each format, take the recipe."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import python_calamine
from playwright.sync_api import Page, expect

import tablemend as tm
from tablemend.bench.furnished import furnish
from tablemend.bench.served import Server

Serving = Callable[..., Server]
Visit = Callable[..., Page]


def saved(page: Page, name: str, folder: Path) -> Path:
    """The file that a link saves."""
    with page.expect_download() as begun:
        page.get_by_role("link", name=name, exact=True).click()
    target = folder / begun.value.suggested_filename
    begun.value.save_as(target)
    return target


def opened(page: Page, part: str) -> None:
    page.get_by_role("navigation", name="Parts of the page").get_by_role("link", name=part).click()


def test_a_dataset_is_looked_at_compared_and_carried_away(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    folder = furnish(tmp_path, 300)
    page = visit(serving(folder), accept_downloads=True)
    page.get_by_role("link", name="orders", exact=True).click()
    expect(page.locator("h1")).to_have_text("orders")
    expect(page).to_have_title("orders · tablemend")
    expect(page.get_by_role("table", name="Columns").locator("tbody tr")).to_have_count(16)
    opened(page, "Findings")
    page.locator(".tm-finding summary").first.click()
    expect(page.locator(".tm-finding[open] .tm-finding-body")).to_be_visible()
    opened(page, "Versions")
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(4)
    opened(page, "Compare")
    with tm.open(folder / ".tablemend") as ws:
        orders = ws.dataset("orders")
        cells = ws.diff(orders, 3, 4).cells.num_rows
    expect(page.get_by_text(f"{cells} cells changed")).to_be_visible()
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(cells)


def test_every_format_holds_the_newest_version(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    folder = furnish(tmp_path, 300)
    server = serving(folder)
    page = visit(server, accept_downloads=True)
    page.get_by_role("link", name="orders", exact=True).click()
    opened(page, "Download")
    with tm.open(folder / ".tablemend") as ws:
        ws.export("orders", folder / "expected.csv")
        ws.export("orders", folder / "expected.parquet")
    table = pq.read_table(folder / "expected.parquet")
    rows = table.num_rows
    assert saved(page, "Download version 4 as CSV", tmp_path).read_bytes() == (folder / "expected.csv").read_bytes()
    found = json.loads(saved(page, "Download version 4 as JSON", tmp_path).read_text(encoding="utf-8"))
    assert [each["order_id"] for each in found] == table["order_id"].to_pylist()
    parquet = pq.read_table(saved(page, "Download version 4 as Parquet", tmp_path))
    assert parquet.num_rows == rows
    assert parquet["city"].to_pylist() == table["city"].to_pylist()
    book = python_calamine.CalamineWorkbook.from_path(saved(page, "Download version 4 as Excel workbook", tmp_path))
    assert len(book.get_sheet_by_index(0).to_python()) == rows + 1
    report = saved(page, "Download version 4 as HTML report", tmp_path).read_text(encoding="utf-8")
    assert "orders" in report
    assert "<script src" not in report


def test_the_recipe_is_shown_and_saved(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(furnish(tmp_path, 300)), accept_downloads=True)
    page.get_by_role("link", name="orders", exact=True).click()
    opened(page, "Recipe and SQL")
    shown = page.locator("pre").first.inner_text()
    assert re.match(r'name = "orders"', shown)
    recipe = saved(page, "Download Recipe", tmp_path).read_text(encoding="utf-8")
    assert recipe.startswith(shown.split("\n…")[0][:500])
    assert "UPDATE" in saved(page, "Download SQL script", tmp_path).read_text(encoding="utf-8").upper()

"""Adding data in a real browser: from a file, a database, the web or the sample to the review of its scan."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import FileChooser, Page, expect

import tablemend as tm
from browser.accessibility import faults, overhang
from tablemend.bench.served import Server
from tablemend.tables.sample.orders import faulty_csv

Serving = Callable[..., Server]
Visit = Callable[..., Page]


def heed(chooser: FileChooser) -> None:
    """Listen to file choosers all the time: between two listeners the browser would open a window of its own."""
    del chooser


def choose(page: Page, path: Path) -> None:
    """Choose a file, by keyboard."""
    page.on("filechooser", heed)
    page.get_by_role("button", name="choose a file").focus()
    with page.expect_file_chooser() as asked:
        page.keyboard.press("Enter")
    asked.value.set_files(path)


def pick(page: Page, label: str, option: str) -> None:
    page.get_by_role("textbox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def headers(page: Page) -> list[str]:
    return page.locator(".tm-way-upload .tm-preview th > div:first-child").all_inner_texts()


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for title, cells in (("Orders", ("id", "city")), ("Prices", ("id", "price"))):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, cells)
            for row in range(1, 30):
                sheet.write_row(row, 0, (row, " Bonn" if row == 3 else "Bonn"))
    return path


def shop(path: Path) -> Path:
    with sqlite3.connect(path) as connection:
        for table in ("city", "sale"):
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {table}_name TEXT)")
            rows = ((n, " Bonn" if n % 9 == 0 else "Bonn") for n in range(60))
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
    connection.close()
    return path


def reviewed(page: Page, name: str) -> None:
    """Wait for the review of a dataset."""
    expect(page).to_have_url(re.compile("/review/r"), timeout=30_000)
    expect(page.locator("#review-head")).to_contain_text(name)
    page.wait_for_selector(".ag-row")


def test_a_file_is_uploaded_looked_at_read_otherwise_and_reviewed(
    tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    table = faulty_csv(tmp_path / "orders.csv", 300)
    page = visit(serving(tmp_path), "/add")
    choose(page, table)
    expect(page.get_by_text("the first 20 shown; 16 columns")).to_be_visible()
    pick(page, "Delimiter", "semicolon  ;")
    expect(page.locator(".tm-way-upload .tm-preview th")).to_have_count(1)
    pick(page, "Delimiter", "comma  ,")
    expect(page.locator(".tm-way-upload .tm-preview th")).to_have_count(16)
    page.get_by_label("Name of the dataset").locator("visible=true").fill("May <b>")
    expect(page.get_by_text("A new dataset.")).to_be_visible()
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    reviewed(page, "May <b>")


def test_the_same_name_again_is_a_new_version(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    table = faulty_csv(tmp_path / "orders.csv", 300)
    with tm.open(tmp_path / ".tablemend") as ws:
        kept = ws.uploads.keep("orders.csv", io.BytesIO(b"order_id,city\nSO-1,Bonn\n"))
        ws.scan(ws.uploads.path(kept.id))
    page = visit(serving(tmp_path), "/add")
    choose(page, table)
    expect(page.locator(".tm-becomes")).to_contain_text("this becomes version 2 of it")
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    reviewed(page, "version 2")


def test_what_is_no_table_is_told_and_another_file_can_be_chosen(
    tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    page = visit(serving(tmp_path, environment={"TABLEMEND_UPLOAD_BYTES": "100000"}), "/add")
    problem = page.locator("#add-upload-problem")
    choose(page, written(tmp_path, "large.csv", "x" * 100_001))
    expect(problem).to_contain_text("The file is too large")
    expect(problem).to_contain_text("raise the setting upload_bytes")
    choose(page, written(tmp_path, "nearly.csv", "x" * 99_990))  # with what is sent around it, too large after all
    expect(problem).to_contain_text("the request has more than 100,000 bytes", ignore_case=True)
    choose(page, written(tmp_path, "empty.csv", ""))
    expect(problem).to_contain_text("The file is empty")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 500)
    choose(page, tmp_path / "picture.png")
    expect(page.locator("#upload-look")).to_contain_text("The source cannot be read")
    expect(page.get_by_role("button", name="Scan", exact=True).locator("visible=true")).to_be_disabled()
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    choose(page, tmp_path / "book.xlsx")
    expect(page.locator("#upload-look")).to_contain_text("book.xlsx is not a workbook that can be read")
    choose(page, written(tmp_path, "good.csv", "id,city\n1,Bonn\n"))
    expect(page.locator("#upload-look")).to_contain_text("1 row, all shown; 2 columns")


def test_what_is_dropped_must_be_one_file(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/add")
    drop = """names => {
      const data = new DataTransfer();
      names.forEach(name => data.items.add(new File(["id,city\\n1,Bonn\\n"], name)));
      const place = document.querySelector(".tm-drop");
      place.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
      place.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drop, [])
    expect(page.locator("#add-upload-problem")).to_contain_text("That is no file")
    page.evaluate(drop, ["a.csv", "b.csv"])
    expect(page.locator("#add-upload-problem")).to_contain_text("2 files were dropped")
    page.evaluate(drop, ["../<b>a.csv"])
    expect(page.locator("#upload-look")).to_contain_text("1 row, all shown; 2 columns")
    expect(page.locator("#add-upload-problem")).to_be_empty()


def test_a_workbook_has_its_sheets_to_choose_from(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/add")
    choose(page, workbook(tmp_path / "book.xlsx"))
    expect(page.locator("#upload-look")).to_contain_text("29 rows")
    assert headers(page) == ["id", "city"]
    pick(page, "Sheet", "Prices")
    expect(page.locator(".tm-preview th", has_text="price")).to_be_visible()
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    reviewed(page, "book_Prices")


def test_an_uploaded_database_has_its_tables_to_choose_from(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/add")
    choose(page, shop(tmp_path / "shop.db"))
    expect(page.locator("#upload-look")).to_contain_text("60 rows")
    assert headers(page) == ["id", "city_name"]
    pick(page, "Table", "sale")
    expect(page.locator(".tm-preview th", has_text="sale_name")).to_be_visible()
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    reviewed(page, "shop_sale")


def test_an_upload_that_is_cut_is_told_and_tried_again(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/add")
    page.route("**/api/v1/uploads", lambda route: route.abort("connectionreset"), times=1)
    choose(page, written(tmp_path, "orders.csv", "id,city\n" + "1,Bonn\n" * 300_000))
    expect(page.locator("#add-upload-problem")).to_contain_text("The upload was broken off")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#upload-look")).to_contain_text("The first 20 rows, 2 columns")


def test_a_session_that_has_ended_keeps_the_file_at_hand(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/add")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    choose(page, written(tmp_path, "orders.csv", "id,city\n1,Bonn\n"))
    expect(page.locator("#add-upload-problem")).to_contain_text("Your session has ended")
    expect(page.get_by_role("alertdialog")).to_contain_text("sign in in another tab")
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#upload-look")).to_contain_text("1 row, all shown; 2 columns")


def test_a_server_that_starts_again_goes_on_with_what_was_uploaded(
    tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    table = faulty_csv(tmp_path / "orders.csv", 300)
    server = serving(tmp_path)
    page = visit(server, "/add")
    choose(page, table)
    page.get_by_label("Name of the dataset").locator("visible=true").fill("mine")
    server.stop(kill=True)
    expect(page.locator("body")).to_have_attribute("data-live", "off")
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    server.start()
    expect(page.locator("body")).to_have_attribute("data-live", "on", timeout=30_000)
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    reviewed(page, "mine")


def test_another_way_leaves_what_was_typed(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/add")
    choose(page, written(tmp_path, "orders.csv", "id,city\n1,Bonn\n"))
    page.get_by_label("Name of the dataset").locator("visible=true").fill("mine")
    page.get_by_role("link", name="Database").click()
    expect(page).to_have_url(re.compile("from=database"))
    page.get_by_label("URL of the database").fill(f"sqlite:///{shop(tmp_path / 'shop.db')}")
    page.get_by_role("link", name="Upload a file").click()
    expect(page.get_by_label("Name of the dataset").locator("visible=true")).to_have_value("mine")
    expect(page.locator(".tm-way-upload .tm-preview")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("URL of the database")).to_have_value(re.compile("shop.db"))
    page.get_by_role("button", name="Connect").click()
    pick(page, "Table", "sale")
    page.get_by_role("button", name="Show the first rows").click()
    expect(page.locator(".tm-way-database .tm-preview th", has_text="sale_name")).to_be_visible()
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    reviewed(page, "sale")


def test_the_sample_is_two_clicks_from_an_empty_workspace(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/")
    page.get_by_role("link", name="Try it on the built-in faulty sample").click()
    page.get_by_role("button", name="Make the sample and scan it").click()
    expect(page.locator("#add-progress")).to_contain_text("scan sample_orders_1000")
    reviewed(page, "sample_orders_1000")


def test_a_scan_that_is_cancelled_leaves_the_page_as_it_was(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    table = faulty_csv(tmp_path / "orders.csv", 60_000)
    page = visit(serving(tmp_path), "/add")
    choose(page, table)
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    expect(page.locator("#add-progress")).to_contain_text("scan orders")
    expect(page.locator("#add-ways")).to_be_hidden()
    page.locator("#add-progress").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Nothing of it was kept.")).to_be_visible(timeout=30_000)
    expect(page.locator(".tm-way-upload .tm-preview")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_is_shown_of_a_source_meets_the_rules_and_fits_a_phone(
    dark: bool, tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    page = visit(serving(tmp_path), "/add?from=database", width=390, dark=dark, bypass_csp=True)
    page.get_by_label("URL of the database").fill(f"sqlite:///{shop(tmp_path / 'shop.db')}")
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Show the first rows").click()
    expect(page.locator(".tm-way-database .tm-preview")).to_be_visible()
    assert (faults(page), overhang(page)) == ([], 0)
    page.get_by_role("link", name="Upload a file").click()
    choose(page, written(tmp_path, "empty.csv", ""))
    expect(page.locator(".tm-problem")).to_be_visible()
    assert (faults(page), overhang(page)) == ([], 0)
    choose(page, faulty_csv(tmp_path / "orders.csv", 300))
    expect(page.locator(".tm-way-upload .tm-preview")).to_be_visible()
    assert (faults(page), overhang(page)) == ([], 0)

"""The whole way in one go: upload, review, approve in bulk, apply, undo, download what was uploaded, byte for byte.

With `TABLEMEND_TEST_PICTURES` set to a folder, a picture of each step is kept in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

import tablemend as tm
from tablemend.bench.served import Server
from tablemend.bench.walk import drawn
from tablemend.tables.sample.orders import faulty_csv

Serving = Callable[..., Server]
Visit = Callable[..., Page]


class Pictures:
    """Pictures of the steps, where somebody wants them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.folder = os.environ.get("TABLEMEND_TEST_PICTURES")
        self.number = 0

    def take(self, step: str) -> None:
        self.number += 1
        if self.folder:
            self.page.screenshot(path=Path(self.folder) / f"{self.number:02}-{step}.png")


def downloaded(page: Page, target: Path) -> bytes:
    with page.expect_download() as begun:
        page.get_by_role("link", name=re.compile("^Download version \\d+ as CSV$")).first.click()
    begun.value.save_as(target)
    return target.read_bytes()


def test_a_table_is_uploaded_mended_proved_and_given_back_as_it_came(
    tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    table = faulty_csv(tmp_path / "orders.csv", 2_000)
    page = visit(serving(tmp_path), "/add?from=upload", accept_downloads=True)
    pictures = Pictures(page)
    stages: list[str] = []
    page.expose_function("noteStage", lambda text: stages.append(text))
    page.evaluate(
        """() => new MutationObserver(() => {
            const shown = document.querySelector('#review-progress span, .tm-followed .tm-note');
            if (shown) window.noteStage(shown.textContent);
        }).observe(document.body, { childList: true, subtree: true, characterData: true })"""
    )
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="choose a file").click()
    asked.value.set_files(table)
    expect(page.get_by_text("16 columns")).to_be_visible()
    pictures.take("upload")
    page.get_by_role("button", name="Scan", exact=True).locator("visible=true").click()
    expect(page).to_have_url(re.compile("/review/r"), timeout=60_000)
    drawn(page)
    pictures.take("review")
    before = page.locator("#review-head .tm-score").inner_text()
    page.locator(".ag-header-select-all .ag-checkbox-input").check()
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    predicted = dialog.locator(".tm-score.large").inner_text()
    pictures.take("predicted")
    dialog.get_by_role("button", name="Approve and apply").click()
    expect(page.locator("#review-head")).to_contain_text("version 2")
    score = page.locator("#review-head .tm-score").inner_text()
    pictures.take("applied")
    assert score == predicted
    assert float(score) > float(before)
    assert len({re.sub("[0-9]+ ?%?", "", each) for each in stages}) > 1, stages  # stages were named as they came
    page.locator("h1").click()
    page.keyboard.press("u")
    expect(page.locator("#review-head")).to_contain_text("version 3")
    assert page.locator("#review-head .tm-score").inner_text() == before
    pictures.take("undone")
    page.get_by_role("link", name="Dataset", exact=True).click()
    page.get_by_role("navigation", name="Parts of the page").get_by_role("link", name="Download").click()
    assert downloaded(page, tmp_path / "back.csv") == table.read_bytes()
    pictures.take("download")
    with tm.open(tmp_path / ".tablemend") as ws:
        first, second, third = (found.overall for _, found in ws.versions(ws.dataset("orders")) if found)
    assert first == third < second
    assert f"{second:.1f}" == predicted

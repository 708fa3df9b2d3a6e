"""Review in a real browser: looking, deciding, applying, undoing, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

import tablemend as tm
from browser.proxy import Proxy
from tablemend.bench.served import Server

Serving = Callable[..., Server]
Visit = Callable[..., Page]


def segment(page: Page, name: str) -> int:
    """The number beside a decision."""
    text = page.locator(f'[data-decision="{name}"] .tm-count').inner_text()
    return int(text.replace(",", ""))


def select_all(page: Page) -> None:
    page.locator(".ag-header-select-all .ag-checkbox-input").check()
    expect(page.locator("#review-selected")).to_contain_text("selected, ")


def test_everything_that_matches_is_approved_and_applied_and_undone(
    scanned: Path, serving: Serving, visit: Visit
) -> None:
    page = visit(serving(scanned), "/review")
    page.wait_for_selector(".ag-row")
    number = segment(page, "open")
    assert number == segment(page, "") > 20
    select_all(page)
    expect(page.locator("#review-selected")).to_contain_text(f"{number} selected")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("below the gate")
    predicted = dialog.locator(".tm-score.large").inner_text()
    dialog.get_by_role("button", name="Approve and apply").click()
    expect(page.locator("#review-selected")).to_have_text("Nothing selected")
    expect(page.locator("#review-head")).to_contain_text("version 2")
    assert page.locator("#review-head .tm-score").inner_text() == predicted
    expect(page.locator('[data-decision="approved"] .tm-count')).to_have_text("0")
    assert segment(page, "applied") + segment(page, "superseded") == number
    page.keyboard.press("u")
    expect(page.locator("#review-head")).to_contain_text("version 3")
    expect(page.locator('[data-decision="open"] .tm-count')).to_have_text(str(number))
    with tm.open(scanned / ".tablemend") as ws:
        versions = ws.versions(ws.dataset("orders"))
        assert versions[0][0].hash == versions[2][0].hash != versions[1][0].hash
        assert f"{versions[1][1].overall:.1f}" == predicted


def test_one_item_is_looked_at_and_decided_by_keyboard(scanned: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(scanned), "/review")
    page.wait_for_selector(".ag-row")
    page.keyboard.press("j")
    page.keyboard.press("j")
    detail = page.locator("#review-detail")
    expect(detail.locator("h2")).to_be_visible()
    expect(detail).to_contain_text("Evidence")
    expect(detail.locator("del").first).to_be_visible()
    title = detail.locator("h2").inner_text()
    page.locator("#review-note").fill("not our words")
    page.locator("h1").click()
    page.keyboard.press("r")
    expect(page.locator('[data-decision="rejected"] .tm-count')).to_have_text("1")
    expect(detail).to_contain_text("Rejected")
    with tm.open(scanned / ".tablemend") as ws:
        (item,) = ws.items(decision="rejected")
        assert item.title == title
        assert ws.store.items.decisions(item.id)[-1].note == "not our words"


def test_an_edited_item_is_shown_as_it_is_now(scanned: Path, serving: Serving, visit: Visit) -> None:
    with tm.open(scanned / ".tablemend") as ws:
        run = ws.run().id
        made = ws.propose("map_values", ["status"], {"pairs": [["delivered", "there"]]}, run=run)
    page = visit(serving(scanned), f"/review/{run}?item={made.id}")
    detail = page.locator("#review-detail")
    expect(detail).to_contain_text("there")
    detail.locator("summary", has_text="Change its parameters").click()
    detail.get_by_label("Parameters of map_values").fill('{"pairs": [["delivered", "arrived"]]}')
    detail.get_by_role("button", name="Save").click()
    expect(detail).to_contain_text("arrived")
    expect(detail).to_contain_text("version 2")
    expect(detail.get_by_label("Parameters of map_values")).not_to_have_value(re.compile("there"))


def test_a_finding_narrows_the_list_and_the_search_too(scanned: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(scanned), "/review")
    page.wait_for_selector(".ag-row")
    facet = page.locator(".tm-facet", has_text="typo").first
    number = int(facet.locator(".tm-count").inner_text())
    facet.click()
    expect(page.locator("#review-shown")).to_have_text(f"{number} shown")
    page.locator('.tm-facet[data-check=""][data-column=""]').click()
    page.keyboard.press("/")
    page.keyboard.type("trim")
    expect(page.locator("#review-shown")).to_have_text(re.compile(r"^[1-9] shown$"))


def test_what_another_person_decides_is_shown_and_stays(scanned: Path, serving: Serving, visit: Visit) -> None:
    server = serving(scanned)
    page = visit(server, "/review")
    page.wait_for_selector(".ag-row")
    with tm.open(scanned / ".tablemend", user="bea") as ws:
        item = ws.items(decision="open")[0]
        ws.reject(ids=(item.id,))
    expect(page.locator('[data-decision="rejected"] .tm-count')).to_have_text("1")
    page.locator('[data-decision=""]').click()
    select_all(page)
    page.keyboard.press("a")
    page.get_by_role("dialog").get_by_role("button", name="Approve only").click()
    expect(page.get_by_text("already rejected by bea")).to_be_visible()
    expect(page.locator('[data-decision="rejected"] .tm-count')).to_have_text("1")
    with tm.open(scanned / ".tablemend") as ws:
        assert ws.store.items.get(item.id).decision == "rejected"


def test_a_job_is_followed_through_cut_connections_and_a_reload(scanned: Path, serving: Serving, visit: Visit) -> None:
    server = serving(scanned)
    with Proxy(server.port) as proxy:
        page = visit(server, "/review", port=proxy.port)
        page.wait_for_selector(".ag-row")
        select_all(page)
        page.keyboard.press("a")
        confirm = page.get_by_role("dialog").get_by_role("button", name="Approve and apply")
        expect(confirm).to_be_visible()
        proxy.cut()
        with page.expect_request(re.compile("_dash-update-component")):
            confirm.click()
        expect(page.locator('[data-decision="open"] .tm-count')).to_have_text("0")
        proxy.cut()  # while the job runs: what it did in the meantime is told when the stream is back
        expect(page.locator("#review-head")).to_contain_text("version 2", timeout=15_000)
        with page.expect_response(re.compile("_dash-update-component")):
            page.keyboard.press("u")
        page.reload()
        expect(page.locator("#review-head")).to_contain_text("version 3", timeout=15_000)


def test_a_server_that_starts_again_finds_the_page_where_it_was(scanned: Path, serving: Serving, visit: Visit) -> None:
    server = serving(scanned)
    page = visit(server, "/review")
    page.wait_for_selector(".ag-row")
    select_all(page)
    selected = page.locator("#review-selected").inner_text()
    server.stop(kill=True)
    expect(page.locator("body")).to_have_attribute("data-live", "off")
    server.start()
    expect(page.locator("body")).to_have_attribute("data-live", "on", timeout=30_000)
    assert page.locator("#review-selected").inner_text() == selected
    page.keyboard.press("r")
    expect(page.locator('[data-decision="open"] .tm-count')).to_have_text("0")

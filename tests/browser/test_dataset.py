"""A dataset in a real browser: its schedule, what others change meanwhile, and what a role does not allow."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

import tablemend as tm
from tablemend.bench.served import Server
from tablemend.web.security import SecurityOptions

Serving = Callable[..., Server]
Visit = Callable[..., Page]
PASSWORD = "correct horse battery staple 7"


def address(folder: Path) -> str:
    with tm.open(folder / ".tablemend") as ws:
        return f"/datasets/{ws.dataset('orders')}"


def test_a_schedule_is_set_and_read_at_once(scanned: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(scanned), f"{address(scanned)}?tab=schedule")
    page.get_by_label("Every").fill("soon")
    page.get_by_role("button", name="Read it again").click()
    expect(page.get_by_text("soon is no interval")).to_be_visible()
    expect(page.get_by_label("Every")).to_have_value("soon")
    page.get_by_label("Every").fill("1d")
    page.get_by_role("button", name="Read it again").click()
    expect(page.get_by_role("button", name="Pause orders")).to_be_visible()
    page.get_by_role("button", name="Pause orders").click()
    expect(page.get_by_role("button", name="Resume orders")).to_be_visible()
    with tm.open(scanned / ".tablemend") as ws:
        (made,) = ws.schedules.list()
        assert (made.interval, made.enabled) == (86_400, False)


def test_what_another_person_changes_is_told_and_shown_when_asked(
    scanned: Path, serving: Serving, visit: Visit
) -> None:
    page = visit(serving(scanned), f"{address(scanned)}?tab=schedule")
    page.get_by_label("Every").fill("3h")
    with tm.open(scanned / ".tablemend", user="bea") as ws:
        ws.approve(force=True)
        ws.apply()
    told = page.get_by_text("This has changed since it was drawn.")
    expect(told).to_be_visible()
    expect(page.get_by_label("Every")).to_have_value("3h")
    expect(page.locator("h1").locator("..")).to_contain_text("version 1")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("h1").locator("..")).to_contain_text("version 2")
    expect(told).to_be_hidden()


def test_a_viewer_finds_buttons_off_with_the_reason(scanned: Path, serving: Serving, visit: Visit) -> None:
    with tm.open(scanned / ".tablemend") as ws:
        ws.accounts.add("ada", "admin", password=PASSWORD)
        ws.accounts.add("vera", "viewer", password=PASSWORD)
        secret = ws.accounts.enter("vera", "viewer")
    server = serving(scanned)
    cookie = SecurityOptions(port=server.port).cookie
    server.cookies = [{"name": cookie, "value": secret, "domain": "127.0.0.1", "path": "/"}]
    page = visit(server, address(scanned))
    again = page.get_by_role("button", name="Scan again")
    expect(again).to_be_disabled()
    expect(again).to_have_accessible_description(re.compile("takes the role reviewer; you are viewer"))
    page.goto(page.url.split("/datasets")[0] + "/review")
    page.wait_for_selector(".ag-row")
    page.keyboard.press("j")
    expect(page.locator("#review-detail h2")).to_be_visible()
    for name in ("approve", "reject", "reopen", "apply", "undo"):
        expect(page.locator(f"#review-{name}")).to_be_disabled()
    page.keyboard.press("r")
    expect(page.locator('[data-decision="rejected"] .tm-count')).to_have_text("0")
    expect(page.get_by_text("Deciding takes the role reviewer")).to_be_visible()

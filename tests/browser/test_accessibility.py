"""Every page can be used by everybody: light and dark, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from browser.accessibility import every_look, faults
from tablemend.bench.furnished import furnish
from tablemend.bench.served import Server
from tablemend.bench.walk import drawn, show, walk
from tablemend.web.dashboard import pages

Serving = Callable[..., Server]
Visit = Callable[..., Page]


def test_every_page_and_part_meets_the_rules_and_fits_the_window(
    tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    server = serving(furnish(tmp_path, 500))
    page = visit(server, bypass_csp=True)
    found: dict[str, list[str]] = {}
    walked = 0
    for address in walk(page, server, [f"/{each.name}" for each in pages()]):
        walked += 1
        if wrong := every_look(page):
            found[address] = wrong
    assert found == {}
    assert walked > 30


def test_the_review_meets_the_rules_with_an_item_and_with_its_dialog(
    tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    server = serving(furnish(tmp_path, 500))
    page = visit(server, bypass_csp=True)
    page.get_by_role("link", name="open").first.click()
    page.wait_for_url("**/review/**")
    drawn(page)
    page.locator("h1").click()
    page.keyboard.press("j")
    page.locator("#review-detail h2").wait_for()
    for each in page.locator("#review-detail summary").all():
        each.click()
    assert every_look(page) == []
    page.locator(".ag-header-select-all .ag-checkbox-input").check()
    page.keyboard.press("a")
    page.get_by_role("dialog").get_by_text("Score once applied").wait_for()
    assert every_look(page) == []


def test_help_sign_in_and_what_is_not_there_meet_the_rules(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    server = serving(furnish(tmp_path, 200))
    page = visit(server, bypass_csp=True)
    for address in ("/nowhere", "/datasets/d0", "/runs/r0", "/runs?job=j0", "/review/r0", "/intelligence/r0"):
        show(page, server.url(address))
        assert faults(page) == [], address
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("dialog").wait_for()
    assert every_look(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login**")
    assert every_look(page) == []

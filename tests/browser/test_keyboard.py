"""Everything can be done by keyboard: each thing is reached, is seen to have the focus, and is left again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tablemend.bench.served import Server
from tablemend.bench.walk import drawn, show

Serving = Callable[..., Server]
Visit = Callable[..., Page]

FOCUS = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one);
    const row = one.closest('[class^="ag-"]');  // the grid draws a border of its own
    const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none' || row !== null;
    const name = one.getAttribute('aria-label') || one.textContent.trim().slice(0, 40) || one.id || one.className;
    return { name: name, id: one.id, seen: seen };
}"""


def tabbed(page: Page, most: int = 120) -> list[dict[str, str]]:
    """What has the focus after each press of Tab, until it leaves the page."""
    found: list[dict[str, str]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            return found
        found.append(focus)
    return found


def test_tab_reaches_everything_on_review_and_leaves_it(scanned: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(scanned), "/review?decision=rejected")
    drawn(page)
    found = tabbed(page)
    names = [each["name"] for each in found]
    assert len(found) < 120, names  # no trap
    assert names[0] == "Skip to content"
    for expected in ("Overview", "Settings", "Keyboard shortcuts", "Sign out", "Propose a repair of your own"):
        assert expected in names
    assert any(each["id"] == "review-search" for each in found)
    assert [each["name"] for each in found if not each["seen"]] == []


def test_tab_leaves_every_page(scanned: Path, serving: Serving, visit: Visit) -> None:
    server = serving(scanned)
    page = visit(server)
    for address in ("/", "/add", "/intelligence", "/runs?part=audit", "/settings?part=rules", "/settings?part=users"):
        show(page, server.url(address))
        found = tabbed(page)
        assert 5 < len(found) < 120, address
        assert [each["name"] for each in found if not each["seen"]] == [], address


def test_the_skip_link_leads_past_the_navigation(scanned: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(scanned), "/runs")
    drawn(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('page').contains(document.activeElement)")


def test_help_takes_the_focus_and_gives_it_back(scanned: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(scanned), "/runs")
    button = page.get_by_role("button", name="Keyboard shortcuts")
    button.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert dialog.evaluate("(dialog) => dialog.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_items_are_chosen_and_approved_and_the_dialog_gives_the_focus_back(
    scanned: Path, serving: Serving, visit: Visit
) -> None:
    page = visit(serving(scanned), "/review")
    drawn(page)
    page.locator("h1").click()
    for key in ("j", " ", "j", "j", "k", " "):
        page.keyboard.press(key)
    expect(page.locator("#review-selected")).to_contain_text("2 selected")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 items")
    expect(dialog.get_by_role("button", name="Approve and apply")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#review-selected")).to_contain_text("2 selected")
    page.keyboard.press(" ")
    expect(page.locator("#review-selected")).to_contain_text("1 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#review-selected")).to_have_text("The item in focus")

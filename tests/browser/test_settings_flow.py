"""The page Settings: a gate with a fault, tried on past decisions and saved; a rule; a user who then signs in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

import tablemend as tm
from tablemend.bench.furnished import furnish
from tablemend.bench.served import Server

Serving = Callable[..., Server]
Visit = Callable[..., Page]

PASSWORD = "a long enough one"


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Sign in")


def test_a_gate_is_mended_replayed_and_saved(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    folder = furnish(tmp_path, 300)
    page = visit(serving(folder), "/settings?part=gates")
    box = page.get_by_role("textbox", name="TOML of the gate")
    good = box.input_value()
    box.fill(good.replace("at_least = 0.95", "at_leest = 0.9"))
    line = good[: good.index("at_least")].count("\n") + 1
    button(page, "Check")
    expect(page.get_by_role("alert")).to_contain_text(f"Line {line}:")
    assert "at_leest" in box.input_value()  # what was typed is kept
    box.fill(good.replace("at_least = 0.95", "at_least = 0.5").replace('name = "repair"', 'name = "lenient"', 1))
    button(page, "Replay past decisions")
    expect(page.get_by_text("It would turn")).to_be_visible()
    page.get_by_role("textbox", name="Save under the name").fill("lenient")
    button(page, "Save")
    expect(page.get_by_text("Saved lenient")).to_be_visible()
    with tm.open(folder / ".tablemend") as ws:
        assert "lenient" in [each.name for each in ws.configuration.gates.all()]


def test_a_rule_is_tried_and_saved(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    folder = furnish(tmp_path, 200)
    page = visit(serving(folder), "/settings?part=rules")
    rules = '[[rules]]\nname = "short_city"\ncolumn = "city"\nlength = { most = 3 }\n'
    page.get_by_role("textbox", name="Rules (TOML)").fill(rules)
    button(page, "Check")
    expect(page.locator(".tm-shown")).not_to_be_empty()
    assert page.get_by_role("textbox", name="Rules (TOML)").input_value() == rules


def test_a_user_is_added_and_signs_in_elsewhere(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    server = serving(furnish(tmp_path, 200))
    page = visit(server, "/settings?part=users")
    page.get_by_role("textbox", name="Name").fill("ann")
    page.get_by_label("Password").first.fill(PASSWORD)
    button(page, "Add")
    expect(page.get_by_text("Added ann")).to_be_visible()
    assert page.context.browser is not None
    other = page.context.browser.new_context()
    try:
        theirs = other.new_page()
        theirs.goto(server.url("/runs"))
        sign_in(theirs, "ann")
        expect(theirs.locator("h1")).to_have_text("Runs")
        expect(theirs.locator(".tm-person")).to_have_text("ann")
    finally:
        other.close()


def test_a_session_that_ends_loses_nothing_that_was_typed(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    folder = furnish(tmp_path, 200)
    with tm.open(folder / ".tablemend") as ws:
        ws.accounts.add("ann", "admin", password=PASSWORD)
    server = serving(folder)
    page = visit(server, "/settings?part=rules", sign_in=lambda page: sign_in(page, "ann"))
    box = page.get_by_role("textbox", name="Rules (TOML)")
    box.fill("# half a rule")
    with tm.open(folder / ".tablemend") as ws:
        ws.accounts.end_sessions("ann")
    button(page, "Check")  # or the stream, whichever hears of it first
    told = page.get_by_role("alertdialog", name="Signed out")
    expect(told).to_be_visible()
    with page.context.expect_page() as opened:
        told.get_by_role("link", name="Sign in").click()
    sign_in(opened.value, "ann")
    expect(opened.value.locator("h1")).to_have_text("Overview")
    opened.value.close()
    expect(told).to_be_hidden(timeout=30_000)
    assert box.input_value() == "# half a rule"
    button(page, "Check")
    expect(page.locator(".tm-shown")).not_to_be_empty()


def test_two_tabs_show_what_the_other_did(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    server = serving(furnish(tmp_path, 200))
    one = visit(server, "/review")
    two = visit(server, one.url.removeprefix(server.url("")))
    for each in (one, two):
        each.wait_for_selector(".ag-row")
    before = two.locator('[data-decision="rejected"] .tm-count').inner_text()
    one.locator("h1").click()
    one.keyboard.press("j")
    one.keyboard.press("r")
    expect(two.locator('[data-decision="rejected"] .tm-count')).not_to_have_text(before)

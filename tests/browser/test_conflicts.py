"""Conflicts in a real browser: a job run, its conflicts looked at, decided on, and given back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

import tablemend as tm
from tablemend.bench.furnished import SECRET, SETTINGS
from tablemend.bench.served import Server
from tablemend.workspace import Workspace

Serving = Callable[..., Server]
Visit = Callable[..., Page]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with visits, and a job over them."""
    address = f"sqlite:///{tmp_path}/care.db"
    job = {"source": f"{address}#visits", "to": f"{address}#conflict"}
    (tmp_path / "tablemend.toml").write_text(SETTINGS.format(secret=SECRET, **job), encoding="utf-8")
    with opened(tmp_path) as ws:
        ws.conflicts.example(f"{address}?mode=rwc#visits", rows=1_000)
    return tmp_path


def opened(folder: Path, name: str = ".tablemend", **settings: Any) -> Workspace:
    address = f"sqlite:///{folder}/care.db"
    jobs = {"home": {"source": f"{address}#visits", "to": f"{address}#conflict"}}
    return tm.open(folder / name, conflicts_secret=SECRET, conflicts_jobs=jobs, **settings)


def found(folder: Path) -> int:
    """The job is run; gives how many conflicts it found."""
    with opened(folder) as ws:
        return ws.conflicts.run("home").conflicts


def standing(page: Page, name: str) -> Any:
    return page.locator(f'[data-standing="{name}"] .tm-count')


def ready(page: Page) -> None:
    page.locator(".ag-row .tm-mark").first.wait_for()


def choose(page: Page, name: str) -> None:
    page.locator(f'[data-standing="{name}"]').click()


def test_a_job_is_run_from_the_page_decided_on_and_taken_back(home: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(home), "/conflicts")
    expect(page.locator("#page")).to_contain_text("No conflicts are kept yet")
    page.get_by_role("link", name="Run the job").click()
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("heading", name=re.compile("Dry run r"))).to_be_visible()
    expect(page.locator("#page")).to_contain_text("To write")
    with opened(home) as ws:
        assert ws.conflicts.summary("home").total == 0
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Run r"))).to_be_visible()
    page.get_by_role("link", name="Conflicts", exact=True).last.click()
    ready(page)
    with opened(home) as ws:
        total = ws.conflicts.summary("home").total
    expect(page.locator("#conflicts-shown")).to_have_text(f"{total} match")
    page.get_by_role("button", name=re.compile("too far to travel")).click()
    expect(page.locator("#conflicts-shown")).not_to_have_text(f"{total} match")
    some = int(page.locator("#conflicts-shown").inner_text().split()[0])
    page.locator(".ag-row .ag-cell").first.click()
    detail = page.locator("#conflicts-detail")
    expect(detail).to_contain_text("miles by road")
    expect(detail.locator(".tm-way-sketch")).to_be_visible()
    page.get_by_role("button", name="All that match").click()
    expect(page.locator("#conflicts-selected")).to_have_text(f"All {some} that match")
    page.locator("#conflicts-note").fill("one trip")
    page.locator("h1").click()
    page.keyboard.press("i")
    expect(standing(page, "I")).to_have_text(str(some))
    expect(page.locator("#conflicts-shown")).to_have_text("0 match")
    expect(detail).to_contain_text("Ignored")
    expect(detail).to_contain_text("one trip")
    page.keyboard.press("u")
    expect(standing(page, "I")).to_have_text("0")
    expect(page.locator("#conflicts-shown")).to_have_text(f"{some} match")
    expect(detail).not_to_contain_text("Ignored")


def test_an_answer_that_comes_after_its_page_was_left_changes_nothing(
    home: Path, serving: Serving, visit: Visit
) -> None:
    found(home)
    page = visit(serving(home), "/conflicts")
    ready(page)
    late: list[Route] = []
    page.route("**/api/v1/conflicts/*/items?*", lambda route: late.append(route))
    page.get_by_role("button", name=re.compile("too far to travel")).click()
    page.wait_for_function("() => document.querySelector('#conflicts-facets [aria-pressed=true][data-value]')")
    page.locator("#navigation").get_by_role("link", name="Runs").click()
    expect(page.locator("h1")).to_have_text("Runs")
    assert late
    with page.expect_response("**/items?*"):
        for each in late:
            each.continue_()
    page.unroute("**/api/v1/conflicts/*/items?*")
    page.locator("#navigation").get_by_role("link", name="Conflicts").click()
    ready(page)


def test_conflicts_are_decided_by_keyboard_one_after_the_other(home: Path, serving: Serving, visit: Visit) -> None:
    total = found(home)
    page = visit(serving(home), "/conflicts/home")
    ready(page)
    page.locator("h1").click()
    page.keyboard.press("j")
    title = page.locator("#conflicts-detail h2")
    expect(title).to_be_visible()
    first = title.inner_text()
    page.keyboard.press("w")
    expect(standing(page, "W")).to_have_text("1")
    expect(page.locator("#conflicts-shown")).to_have_text(f"{total - 1} match")
    page.keyboard.press("j")
    expect(title).not_to_have_text(first)
    page.keyboard.press(" ")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator("#conflicts-selected")).to_have_text("2 selected")
    page.keyboard.press("d")
    expect(standing(page, "D")).to_have_text("2")
    choose(page, "W")
    expect(page.locator(".ag-row .tm-mark")).to_have_text(["In work"])
    with opened(home) as ws:
        assert ws.conflicts.summary("home").statuses == {"N": total - 3, "U": 0, "W": 1, "I": 0, "R": 0, "D": 2}


def test_what_others_decide_is_shown_and_is_not_overwritten(home: Path, serving: Serving, visit: Visit) -> None:
    found(home)
    page = visit(serving(home), "/conflicts/home")
    ready(page)
    with opened(home, user="bea") as ws:
        seen, unseen, *_ = (each["conflict"] for each in ws.conflicts.list("home"))
        ws.conflicts.decide("home", "work", ids=(seen,))
    expect(standing(page, "W")).to_have_text("1")
    choose(page, "")
    page.locator("#conflicts-search input, input#conflicts-search").fill(unseen[:12])
    expect(page.locator("#conflicts-shown")).to_have_text("1 matches")
    page.locator(".ag-row .ag-cell").first.click()
    with opened(home, ".elsewhere", user="cem") as other:  # whose writes no event of this server tells
        other.conflicts.decide("home", "work", ids=(unseen,))
    page.locator("h1").click()
    page.keyboard.press("d")
    expect(page.get_by_text("1 not: somebody set it to in work meanwhile.")).to_be_visible()
    expect(page.locator("#conflicts-detail")).to_contain_text("by cem")
    with opened(home) as ws:
        assert ws.conflicts.get("home", unseen)["status"] == "W"


def test_the_list_is_narrowed_sorted_and_linked_to(home: Path, serving: Serving, visit: Visit) -> None:
    found(home)
    with opened(home) as ws:
        first, *_ = ws.conflicts.page("home", sort="amount").rows
        most, least = f"{first['amount']:,.2f}", ws.conflicts.page("home", differ=first["differ_a"]).total
    page = visit(serving(home), f"/conflicts/home?conflict={first['conflict']}")
    ready(page)
    expect(page.locator("#conflicts-detail")).to_contain_text(f"conflict {first['conflict']}")
    page.get_by_role("columnheader", name="At stake").click()
    expect(page.locator('.ag-row[row-index="0"] [col-id="amount"]')).to_have_text(most)
    page.get_by_label("Only with a row of this agency").fill(first["differ_a"])
    expect(page.locator("#conflicts-shown")).to_have_text(re.compile(rf"^{least} match"))
    page.get_by_label("Only with a row of this agency").fill("nowhere")
    expect(page.get_by_role("grid").get_by_text("No conflict matches")).to_be_visible()


def test_a_run_of_somebody_else_is_followed_cancelled_and_taken_up(home: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(home), "/conflicts/home?part=run")
    with opened(home, user="bea") as ws:
        job = ws.jobs.submit("conflicts", job="home", rows=4, workers=1)
        under_way = page.locator("#conflicts-others")
        expect(under_way).to_contain_text(re.compile(r"\[\d+/\d+\] p\d{4} \(\d+ rows, \d+ conflicts, \d+ updated\)"))
        expect(under_way).to_contain_text("by bea")
        ws.jobs.cancel(job.id)
    expect(under_way).to_be_empty()
    page.get_by_role("button", name="Show").click()
    row = page.get_by_role("table", name="Runs of the job").locator("tbody tr")
    expect(row).to_contain_text("cancelled")
    page.get_by_role("button", name="Take up").click()
    expect(page.get_by_role("heading", name=re.compile("^Run r"))).to_be_visible(timeout=60_000)
    page.get_by_text(re.compile("^The .* partitions$")).click()
    expect(page.get_by_role("table", name="Partitions")).to_contain_text("skipped")


def test_a_viewer_looks_and_is_told_why_nothing_else(home: Path, serving: Serving, visit: Visit) -> None:
    found(home)
    server = serving(home)
    with opened(home) as ws:
        ws.accounts.add("root", "admin", password="correct horse battery staple 7")
        ws.accounts.add("vic", "viewer", password="correct horse battery staple 7")

    def sign_in(page: Page) -> None:
        page.get_by_label("Name").fill("vic")
        page.get_by_label("Password").fill("correct horse battery staple 7")
        page.get_by_role("button", name="Sign in").click()

    page = visit(server, "/conflicts/home", sign_in=sign_in)
    ready(page)
    page.locator(".ag-row .ag-cell").first.click()
    expect(page.locator("#conflicts-detail h2")).to_be_visible()
    for verb in ("work", "ignore", "delete", "reopen", "undo"):
        expect(page.locator(f"#conflicts-{verb}")).to_be_disabled()
    expect(page.locator(".tm-selection")).to_contain_text("takes the role reviewer")
    page.get_by_role("link", name="Run and undo").click()
    expect(page.get_by_role("button", name="Dry run")).to_be_disabled()


def test_without_a_job_or_a_secret_the_page_says_what_to_do(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/conflicts")
    expect(page.locator("#page")).to_contain_text("No job yet")
    expect(page.locator("#page pre")).to_contain_text("[settings.conflicts_jobs.home]")
    address = f"sqlite:///{tmp_path}/care.db"
    text = SETTINGS.format(secret="", source=f"{address}#visits", to=f"{address}?mode=rwc#conflict")
    (tmp_path / "tablemend.toml").write_text(text, encoding="utf-8")
    page.reload()
    expect(page.locator("#page")).to_contain_text("there is no secret to hash the keys of people with")
    page.get_by_role("link", name="Run and undo").click()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()


def test_on_a_phone_the_conflict_stands_below_the_list(home: Path, serving: Serving, visit: Visit) -> None:
    found(home)
    page = visit(serving(home), "/conflicts/home", width=390, height=844)
    ready(page)
    page.locator(".ag-row .ag-cell").first.click()
    expect(page.locator("#conflicts-detail h2")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390

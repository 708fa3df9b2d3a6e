"""Intelligence in a real browser: stories scored, looked at, told, compared and decided."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

import tablemend as tm
from tablemend.bench.served import Server
from tablemend.intel.example import generate

Serving = Callable[..., Server]
Visit = Callable[..., Page]


def scored(folder: Path) -> str:
    """A run over the example."""
    generate.write(folder)
    with tm.open(folder / ".tablemend") as ws:
        return ws.score_intel(folder / "stories.jsonl", scorecard=folder / "brand.toml", now=generate.NOW).run


def test_the_example_is_scored_told_and_decided_on(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(tmp_path), "/intelligence")
    expect(page.locator("#page")).to_contain_text("No stories yet")
    page.get_by_role("button", name="Try it on the example").click()
    expect(page.locator("h1")).to_have_text("Brackenfold Coffee: stories.jsonl")
    expect(page.locator("#page")).to_contain_text("207 read: 28 promoted, 112 monitored, 58 blocked, 9 rejected")
    page.get_by_role("link", name="Brief").click()
    expect(page.get_by_role("heading", name="Brackenfold Coffee: brief of 16 November 2026")).to_be_visible()
    page.get_by_role("link", name="Stories", exact=True).click()
    page.get_by_role("textbox", name="Decision").click()
    page.get_by_role("option", name="Open").click()
    expect(page.locator("#page")).to_contain_text("112 stories of")
    story = page.get_by_role("complementary", name="Story")
    title = story.locator("h2").inner_text()
    story.get_by_role("link", name="Decide in Review").click()
    expect(page.locator("#review-detail h2")).to_have_text(title)
    expect(page.locator("#review-shown")).to_contain_text("198 shown")
    page.keyboard.press("r")
    expect(page.locator("#review-detail")).to_contain_text("Rejected")
    page.locator("#review-head").get_by_role("link", name="Intelligence").click()
    page.get_by_label("Search", exact=True).fill(title)
    row = page.locator(".tm-story-row").first
    expect(row).to_contain_text(title)
    page.goto(f"{page.url.split('?')[0]}?decision=rejected")
    expect(page.locator(".tm-story-row")).to_have_count(1)
    expect(page.locator(".tm-story-row")).to_contain_text("Rejected")
    expect(page.get_by_role("complementary", name="Story")).to_contain_text("Decisions (1)")
    with tm.open(tmp_path / ".tablemend") as ws:
        (item,) = ws.items(ws.intel_run().id, decision="rejected")
        assert item.title == title


def test_a_file_of_stories_is_uploaded_and_scored(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    entry = {"id": "a", "title": "Tasting room opens", "claims": ["It opens in May."]}
    scores = {"impact": 9, "timeliness": 9, "virality": 3, "relevance": 9, "confidence": 7}
    (tmp_path / "wire.jsonl").write_text(json.dumps(entry | {"scores": scores}) + "\n", encoding="utf-8")
    page = visit(serving(tmp_path), "/intelligence?part=score")
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text("no stories are named")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="choose a file").click()
    chooser.value.set_files(tmp_path / "wire.jsonl")
    expect(page.get_by_text("uploaded")).to_be_visible()
    page.get_by_label("Name of the source").fill("wire")
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.locator("h1")).to_have_text("wire.jsonl")
    expect(page.locator(".tm-story-row")).to_contain_text("Tasting room opens")


def test_where_every_entry_is_rejected_the_page_shows_why(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    (tmp_path / "bad.jsonl").write_text('{"titel": "misspelt"}\n', encoding="utf-8")
    page = visit(serving(tmp_path), "/intelligence?part=score")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="choose a file").click()
    chooser.value.set_files(tmp_path / "bad.jsonl")
    expect(page.get_by_text("uploaded")).to_be_visible()
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text("Nothing in the source could be used")).to_be_visible()
    expect(page.get_by_role("table", name="Rejected entries")).to_contain_text("unknown field")


def test_what_another_person_decides_is_told_and_shown(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    run = scored(tmp_path)
    page = visit(serving(tmp_path), f"/intelligence/{run}?decision=open")
    first = page.locator(".tm-story-row").first
    expect(first).to_be_visible()
    title = page.get_by_role("complementary", name="Story").locator("h2").inner_text()
    with tm.open(tmp_path / ".tablemend", user="bea") as ws:
        found = [each.id for each in ws.items(run, decision="open") if each.title == title]
        ws.reject(run, ids=tuple(found))
    expect(page.get_by_text("This has changed since it was drawn.")).to_be_visible()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("This has changed since it was drawn.")).to_be_hidden()
    expect(page.get_by_role("complementary", name="Story").locator("h2")).not_to_have_text(title)


def test_bands_and_words_narrow_the_list_and_stay_in_the_address(
    tmp_path: Path, serving: Serving, visit: Visit
) -> None:
    run = scored(tmp_path)
    page = visit(serving(tmp_path), f"/intelligence/{run}")
    page.get_by_role("navigation", name="Bands").get_by_role("link", name="must-cover 8").click()
    expect(page.locator("#page")).to_contain_text("8 stories of 1 event")
    page.get_by_label("Search", exact=True).fill("seal fault")
    expect(page).to_have_url(re.compile(r"band=must-cover.*text=seal\+fault"))
    expect(page.locator(".tm-story-row")).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Search", exact=True)).to_have_value("seal fault")
    expect(page.locator(".tm-story-row")).to_have_count(1)


def test_the_brief_is_downloaded(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    run = scored(tmp_path)
    page = visit(serving(tmp_path), f"/intelligence/{run}?part=brief")
    for name, begins in (
        ("Markdown", "# Brackenfold"),
        ("HTML", "<!DOCTYPE html>"),
        ("CSV", "place,id"),
        ("JSON", "{"),
    ):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert download.value.path().read_text(encoding="utf-8").startswith(begins)


def test_on_a_phone_a_story_takes_the_place_of_the_list(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    run = scored(tmp_path)
    page = visit(serving(tmp_path), f"/intelligence/{run}", width=390, height=844)
    story = page.get_by_role("complementary", name="Story")
    expect(story).to_be_hidden()
    page.locator(".tm-story-row").nth(1).click()
    expect(story).to_be_visible()
    expect(page.locator(".tm-story-row").first).to_be_hidden()
    page.get_by_role("link", name="All stories").click()
    expect(page.locator(".tm-story-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390

"""Matrices in a real browser: names found by typing, choices that the address restores, downloads, heatmaps."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from playwright.sync_api import Page, expect

import tablemend as tm
from browser.accessibility import every_look
from browser.test_keyboard import tabbed
from tablemend.bench.served import Server
from tablemend.bench.walk import drawn, show
from tablemend.explore import sample

Serving = Callable[..., Server]
Visit = Callable[..., Page]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder whose workspace holds the example matrix."""
    sample.write(tmp_path)
    with tm.open(tmp_path / ".tablemend") as ws:
        ws.explore.load(
            tmp_path / "cultures.tsv",
            name="cultures",
            entity="entity",
            samples=tmp_path / "cultures_samples.tsv",
            features=tmp_path / "metabolites.csv",
        )
    return tmp_path


def named(folder: Path, side: str) -> list[dict[str, Any]]:
    with tm.open(folder / ".tablemend") as ws:
        return ws.explore.listed("cultures", side).table.to_pylist()


def field(page: Page, name: str) -> Any:
    return page.get_by_role("textbox", name=name, exact=True)


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def title(page: Page) -> Any:
    return page.locator("#explore-figure .gtitle")


def pick(page: Page, name: str, option: str) -> None:
    field(page, name).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_feature_is_found_by_typing_and_the_address_restores_what_is_chosen(
    lab: Path, serving: Serving, visit: Visit
) -> None:
    feature = next(each for each in named(lab, "features") if each["measured"] > 20 and each["synonyms"])
    page = visit(serving(lab), "/explore")
    page.get_by_role("link", name="cultures", exact=True).click()
    expect(title(page)).not_to_be_empty()
    assert query(page) == {}
    field(page, "Feature").fill(feature["synonyms"].split(" | ")[0].lower())
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field(page, "Feature")).to_have_value(feature["name"])
    expect(field(page, "Feature")).to_be_focused()
    assert query(page) == {"feature": feature["name"]}
    pick(page, "Order", "lowest first")
    first = page.locator(".tm-answer-table td").first
    with tm.open(lab / ".tablemend") as ws:
        lowest = ws.explore.feature("cultures", feature["name"], order="low").table["entity"][0].as_py()
    expect(first).to_have_text(lowest)
    pick(page, "At most", "20")
    expect(page.locator(".tm-answer-table tbody tr")).to_have_count(20)
    assert query(page) == {"feature": feature["name"], "order": "low", "number": "20"}
    page.reload()
    drawn(page)
    expect(field(page, "Order")).to_have_value("lowest first")
    expect(first).to_have_text(lowest)
    expect(page.locator(".tm-answer-table tbody tr")).to_have_count(20)
    for name, value in (("At most", "50"), ("Order", "highest first")):
        page.go_back()
        expect(field(page, name)).to_have_value(value)
    page.go_forward()
    expect(field(page, "Order")).to_have_value("lowest first")
    assert query(page) == {"feature": feature["name"], "order": "low"}


def test_a_mass_within_a_tolerance_finds_features(lab: Path, serving: Serving, visit: Visit) -> None:
    feature = next(each for each in named(lab, "features") if each["m/z"] and each["measured"])
    page = visit(serving(lab), "/explore/cultures")
    field(page, "Feature").fill(f"mz {feature['m/z']}±0.0001")
    page.get_by_role("option", name=feature["m/z"]).first.click()
    expect(title(page)).to_contain_text(feature["name"][:20])
    assert query(page)["feature"] == feature["name"]


def test_every_row_is_downloaded(lab: Path, serving: Serving, visit: Visit, tmp_path: Path) -> None:
    feature = max(named(lab, "features"), key=lambda each: each["measured"])
    page = visit(serving(lab), "/explore/cultures")
    show(page, page.url.split("?")[0] + "?number=20&feature=" + feature["name"].replace("%", "%25").replace(";", "%3B"))
    expect(page.locator(".tm-answer-table tbody tr")).to_have_count(20)
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download every row as CSV").click()
    begun.value.save_as(tmp_path / "answer.csv")
    assert pa_csv.read_csv(tmp_path / "answer.csv").num_rows == feature["measured"]
    with page.expect_download() as begun:
        page.get_by_role("button", name=re.compile("Download as SVG")).click()
    assert begun.value.suggested_filename.endswith(".svg")


def test_entities_are_put_together(lab: Path, serving: Serving, visit: Visit) -> None:
    with tm.open(lab / ".tablemend") as ws:
        rows = ws.explore.strongest("cultures", sign="high", limit=1).table.to_pylist()
        first = ws.explore.feature("cultures", rows[0]["feature"]).table["entity"].to_pylist()[:2]
        both = ws.explore.within_top("cultures", first, top=10).total
    page = visit(serving(lab), f"/explore/cultures?part=entity&entity={first[0]}")
    page.get_by_role("link", name="Together", exact=True).click()
    expect(page.locator(".mantine-MultiSelect-pill")).to_have_text([first[0]])
    box = page.locator(".mantine-MultiSelect-inputField")
    box.fill(first[1])
    page.get_by_role("option", name=first[1], exact=True).click()
    expect(page.locator(".mantine-MultiSelect-pill")).to_have_text(first)
    expect(page.locator(".tm-answer-table")).to_contain_text(f"{both} rows")
    page.keyboard.press("Escape")
    pick(page, "Ranked by", "lowest")
    expect(field(page, "Ranked by")).to_have_value("lowest")
    assert query(page)["sign"] == "low"
    page.reload()
    drawn(page)
    expect(page.locator(".mantine-MultiSelect-pill")).to_have_text(first)
    expect(field(page, "Ranked by")).to_have_value("lowest")


def test_conditions_narrow_and_can_be_taken_back(lab: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(lab), "/explore/cultures?part=strongest")
    drawn(page)
    page.get_by_text("Conditions", exact=True).click()
    field(page, "medium, of entities").click()
    page.get_by_role("option", name=re.compile("mucin")).click()
    expect(page.locator("summary", has_text="Conditions: medium: mucin")).to_be_visible()
    assert query(page) == {"part": "strongest", "e.medium": "mucin"}
    page.locator('[aria-label="Clear medium, of entities"]').click()
    expect(page.locator("summary", has_text="medium: mucin")).to_have_count(0)
    assert query(page) == {"part": "strongest"}


def test_a_name_that_is_not_there_leads_to_the_nearest(lab: Path, serving: Serving, visit: Visit) -> None:
    name = named(lab, "entities")[0]["name"]
    page = visit(serving(lab), f"/explore/cultures?part=entity&entity={name}x")
    expect(page.get_by_role("alert")).to_contain_text("has no entity")
    page.get_by_role("navigation", name="Nearest names").get_by_role("link", name=name).click()
    expect(title(page)).to_have_text(name)


def test_a_large_heatmap_is_a_picture_that_tells_its_values(lab: Path, serving: Serving, visit: Visit) -> None:
    big = sample.big(220, 500)
    with tm.open(lab / ".tablemend") as ws:
        columns = {name: big.values[:, place] for place, name in enumerate(big.features)}
        ws.explore.load(pa.table({"sample": big.entities, **columns}), name="big")
    page = visit(serving(lab), "/explore/big?part=heatmap&rows=500&columns=1000")
    image = page.locator("#explore-figure .imagelayer image[*|href^='data:image/png']")
    expect(image).to_have_count(1)
    page.locator("#explore-figure .nsewdrag.drag").first.hover(position={"x": 200, "y": 300})
    told = page.locator("#explore-heatmap .tm-tip div")
    expect(told).to_have_count(3)
    entity, feature, value = told.all_inner_texts()
    with tm.open(lab / ".tablemend") as ws:
        cells = ws.explore.part("big", entities=[entity], features=[feature]).table["mean"].to_pylist()
    if value == "not measured":
        assert cells == []
    else:
        assert float(value) == pytest.approx(cells[0], abs=0.01)
    page.locator("h1").hover()
    expect(page.locator("#explore-heatmap .tm-tip")).to_be_hidden()


def test_lists_that_are_open_and_names_that_are_picked_meet_the_rules(
    lab: Path, serving: Serving, visit: Visit
) -> None:
    page = visit(serving(lab), "/explore/cultures?part=together", bypass_csp=True)
    drawn(page)
    page.get_by_text("Conditions", exact=True).click()
    page.locator("summary", has_text="Found on reading").click()
    assert every_look(page) == []
    show(page, page.url.split("?")[0] + "?feature=none")
    assert every_look(page) == []


def test_tab_reaches_every_choice_and_leaves_the_page(lab: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(lab), "/explore/cultures?number=20")
    drawn(page)
    for address, choices in (("?number=20", 3), ("?part=together&top=1", 4)):
        show(page, page.url.split("?")[0] + address)
        found = tabbed(page)
        assert 20 < len(found) < 120
        assert sum('"kind"' in each["id"] for each in found) >= choices, [each["id"] for each in found]
        assert [each["name"] for each in found if not each["seen"]] == []


def test_a_new_version_is_told_and_shown_on_request(lab: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(lab), "/explore/cultures?part=strongest")
    expect(page.locator("#page")).to_contain_text("version 1,")
    with tm.open(lab / ".tablemend") as ws:
        ws.explore.load(lab / "mice.csv", name="cultures")
    expect(page.locator("#explore-news")).to_contain_text("This has changed")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#page")).to_contain_text("version 2,")
    expect(page.locator("#explore-news")).to_be_empty()

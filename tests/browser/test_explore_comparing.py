"""Groups, regions and matrices compared in a real browser: chosen, restored by the address, downloaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow.csv as pa_csv
import pytest
from playwright.sync_api import Page, expect

import tablemend as tm
from browser.accessibility import every_look
from tablemend.bench.served import Server
from tablemend.bench.walk import drawn, show
from tablemend.explore import sample

Serving = Callable[..., Server]
Visit = Callable[..., Page]

GROUPS = ["colon", "ileum", "duodenum"]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder whose workspace holds both example matrices."""
    grown = sample.cultures()
    kept = sample.mice(beside=grown)
    with tm.open(tmp_path / ".tablemend") as ws:
        ws.explore.load(grown.values, name="cultures", samples=grown.samples, features=grown.features, entity="entity")
        ws.explore.load(kept.values, name="mice", samples=kept.samples, features=kept.features)
    return tmp_path


def field(page: Page, name: str) -> Any:
    return page.get_by_role("textbox", name=name, exact=True)


def pick(page: Page, name: str, option: str) -> None:
    field(page, name).click()
    page.get_by_role("option", name=option, exact=True).click()


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def title(page: Page, figure: str) -> Any:
    return page.locator(f"#{figure} .gtitle")


def test_groups_are_compared_by_region_and_the_address_restores_it(
    lab: Path, serving: Serving, visit: Visit, tmp_path: Path
) -> None:
    page = visit(serving(lab), "/explore/mice")
    page.get_by_role("link", name="Compare", exact=True).click()
    expect(title(page, "explore-figure")).to_have_text("colonised against germ-free")
    pick(page, "Regions by", "region")
    expect(page.locator("#explore-boxes")).to_be_visible()
    pick(page, "Values are", "logarithms to 2")
    expect(page.locator("th", has_text="ratio")).to_be_visible()
    with tm.open(lab / ".tablemend") as ws:
        told = ws.explore.compare("mice", "group", "colonised", "germ-free", by="region", scale="log2").table
    feature = told["feature"][10].as_py()
    page.locator(".tm-answer-table tbody tr").nth(10).get_by_role("link").click()
    expect(title(page, "explore-boxes")).to_contain_text(feature)
    expect(field(page, "Feature")).to_have_value(feature)
    chosen = {"part": "compare", "by": "region", "scale": "log2", "feature": feature}
    assert query(page) == chosen
    page.reload()
    drawn(page)
    expect(title(page, "explore-boxes")).to_contain_text(feature)
    expect(field(page, "Regions by")).to_have_value("region")
    expect(field(page, "Values are")).to_have_value("logarithms to 2")
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download every row as CSV").click()
    begun.value.save_as(tmp_path / "answer.csv")
    assert pa_csv.read_csv(tmp_path / "answer.csv").num_rows == told.num_rows
    page.get_by_role("link", name="Against", exact=True).click()
    expect(title(page, "explore-figure")).to_contain_text("Pearson's r = ")
    pick(page, "Correlation", "Spearman's ρ")
    expect(title(page, "explore-figure")).to_contain_text("Spearman's ρ = ")


def test_another_field_brings_its_own_groups(lab: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(lab), "/explore/mice?part=compare&first=germ-free&second=colonised")
    expect(title(page, "explore-figure")).to_have_text("germ-free against colonised")
    pick(page, "Groups by", "region")
    expect(title(page, "explore-figure")).to_have_text("cecum against colon")
    assert query(page) == {"part": "compare", "field": "region"}
    pick(page, "Second group", "feces")
    expect(title(page, "explore-figure")).to_have_text("cecum against feces")
    page.go_back()
    expect(field(page, "Second group")).to_have_value("colon")


def test_groups_of_a_trend_are_put_in_order(lab: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(lab), '/explore/mice?part=trend&field=region&groups=["colon","ileum"]')
    pills = page.locator(".mantine-MultiSelect-pill")
    expect(pills).to_have_text(["colon", "ileum"])
    page.locator(".mantine-MultiSelect-inputField").click()
    page.get_by_role("option", name="duodenum", exact=True).click()
    expect(page.locator("th", has_text="mean of")).to_have_text([f"mean of {each}" for each in GROUPS])
    assert json.loads(query(page)["groups"]) == GROUPS
    page.reload()
    drawn(page)
    expect(pills).to_have_text(GROUPS)
    page.locator(".mantine-InputClearButton-root").click()  # beside the keyboard, which has its own way
    expect(pills).to_have_count(6)
    assert "groups" not in query(page)


def test_comparing_meets_the_rules(lab: Path, serving: Serving, visit: Visit) -> None:
    page = visit(serving(lab), "/explore/mice?part=compare&by=region&test=wilcoxon&pairs=mouse", bypass_csp=True)
    drawn(page)
    page.get_by_text("Conditions", exact=True).click()
    assert every_look(page) == []
    for query in ("part=regions", "part=trend&field=region", "part=compare&first=none"):
        show(page, page.url.split("?")[0] + "?" + query)
        assert every_look(page) == []

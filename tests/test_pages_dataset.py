"""The page of a dataset."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import dash
import pytest

import tablemend as tm
from pages_helpers import HOSTILE, assert_plain, links, said, signed_in, walk
from tablemend.bench.generate import faulty_csv
from tablemend.errors import NotFound
from tablemend.web.address import parse
from tablemend.web.components import asking
from tablemend.web.pages import dataset
from tablemend.web.pages.dataset.subject import Subject
from tablemend.web.site import Site


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("dataset")
    (where / "odd.csv").write_text(HOSTILE, encoding="utf-8")
    with tm.open(where / "data") as ws:
        scanned = ws.scan(faulty_csv(where / "orders.csv", 400))
        ws.approve(scanned.run, force=True, min_confidence=0.8)
        ws.apply(scanned.run)
        ws.rescan(scanned.snapshot.dataset)
        ws.approve(ids=[item.id for item in ws.items()][:1], force=True)
        ws.scan(where / "odd.csv")
    return where


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with tm.open(folder / "data") as ws, signed_in():
        yield Site(ws)


def identity(site: Site, name: str) -> str:
    return next(each.id for each in site.workspace.store.health.all() if each.name == name)


def subject(site: Site, name: str = "orders", search: str = "") -> Subject:
    return Subject(site, parse(f"/datasets/{identity(site, name)}", search))


@pytest.mark.parametrize("tab", dataset.TABS)
@pytest.mark.parametrize("name", ["orders", "odd"])
def test_every_part_can_be_shown_and_takes_data_for_text(site: Site, name: str, tab: str) -> None:
    page = dataset.layout(site, parse(f"/datasets/{identity(site, name)}", f"?tab={tab}"))
    assert_plain(page)
    assert name in said(page)
    assert sum(each["type"] == "H1" for each in walk(page)) == 1


def test_columns_tell_types_and_what_is_missing(site: Site) -> None:
    told = said(dataset.chosen(subject(site)))
    for column in subject(site).snapshot.columns:
        assert column.name in told
    assert "identifier" in told


def test_findings_link_to_their_repairs(site: Site) -> None:
    about = subject(site, search="?tab=findings")
    page = dataset.chosen(about)
    first = about.findings[0]
    assert first.message in said(page)
    assert f"{first.rows:,} rows" in said(page)
    assert first.sql.split()[0] in said(page)
    assert about.scan is not None
    assert any(link.startswith(f"/review/{about.scan.id}?check={first.check}") for link in links(page))


def test_findings_can_be_narrowed_to_a_column(site: Site) -> None:
    every = subject(site, search="?tab=findings")
    column = next(each.columns[0] for each in every.findings if each.columns)
    narrowed = said(dataset.chosen(subject(site, search=f"?tab=findings&column={column}")))
    number = sum(column in each.columns for each in every.findings)
    assert f"{number} of {len(every.findings)} findings" in narrowed


def test_versions_tell_who_made_them_and_can_be_taken_back(site: Site) -> None:
    about = subject(site, search="?tab=versions")
    page = dataset.chosen(about)
    made = about.change_sets[0]
    assert made.id in said(page)
    assert f"{made.cells:,} cells" in said(page)
    asked = [each["props"]["data-ask"] for each in walk(page) if "data-ask" in each["props"]]
    assert any(made.id in each and '"undo"' in each for each in asked)


def test_two_versions_are_compared_cell_by_cell(site: Site) -> None:
    about = subject(site, search="?tab=compare&before=1&after=2")
    page = dataset.chosen(about)
    found = site.base.diff(about.id, 1, 2)
    assert f"{found.cells.num_rows:,} cells changed" in said(page)
    cell = found.cells.slice(0, 1).to_pylist()[0]
    assert cell["after"] in said(page)


@pytest.mark.parametrize(
    "search", ["?tab=compare&before=0&after=99", "?tab=nothing", "?tab=columns&page=-1", "?page=9e9"]
)
def test_what_an_address_gets_wrong_is_put_right(site: Site, search: str) -> None:
    assert said(dataset.layout(site, parse(f"/datasets/{identity(site, 'orders')}", search)))


@pytest.mark.parametrize("name", ["nothing", "..%2F..", "%00", "a" * 500, "<b>"])
def test_an_unknown_dataset_is_told_in_words(site: Site, name: str) -> None:
    with pytest.raises(NotFound, match="there is no dataset"):
        dataset.layout(site, parse(f"/datasets/{name}"))


def test_downloads_name_their_format_and_version(site: Site) -> None:
    about = subject(site, search="?tab=download&version=1")
    found = [link for link in links(dataset.chosen(about)) if link.startswith("/api/")]
    assert f"/api/v1/datasets/{about.id}/download?format=parquet&version=1" in found
    assert len(found) == 6


def test_a_recipe_is_shown_and_checked_on_other_data(site: Site) -> None:
    other = identity(site, "odd")
    page = dataset.chosen(subject(site, search=f"?tab=recipe&other={other}"))
    assert "BEGIN;" in said(page)
    assert "the table has no column" in said(page)


def test_without_an_approved_repair_there_is_no_recipe(site: Site) -> None:
    assert "No approved repair" in said(dataset.chosen(subject(site, "odd", "?tab=recipe")))


def test_only_the_page_itself_follows_the_query_string(site: Site) -> None:
    assert dataset.turned(site, "/", "?tab=columns") is dash.no_update
    assert "There is no dataset" not in said(dataset.turned(site, f"/datasets/{identity(site, 'odd')}", ""))
    assert "This cannot be shown" in said(dataset.turned(site, "/datasets/nothing", "?tab=columns"))


def test_what_a_button_asks_for_becomes_a_job(site: Site) -> None:
    asked = {"page": "dataset", "verb": "rescan", "then": "review", "arguments": {"dataset": identity(site, "odd")}}
    waiting, told = asking.submit(site, asked)
    assert told is dash.no_update
    job = site.workspace.jobs.get(waiting["job"])
    assert (job.verb, job.status) == ("rescan", "queued")
    asking.submit(site, {"verb": "cancel", "arguments": {"job": job.id}})
    assert site.workspace.jobs.get(job.id).status == "cancelled"


def test_what_cannot_be_asked_for_is_told_and_waited_for_no_longer(site: Site) -> None:
    waiting, told = asking.submit(site, {"verb": "undo", "arguments": {"change_set": "cnothing"}}, None)
    assert waiting is None
    assert told[0]["color"] == "red"
    assert "cnothing" in said(told[0]["message"])


@pytest.mark.parametrize(
    "asked",
    [
        {"verb": "scan", "arguments": {"source": "/etc/hosts"}},
        {"verb": "rescan", "arguments": {"source": "/etc/hosts"}},
        {"verb": "undo", "arguments": {"change_set": "c1", "to": "sqlite:////tmp/other.db#t"}},
        {"verb": "heal", "arguments": {"source": "/etc/hosts"}},
        {"verb": "rescan"},
    ],
)
def test_a_browser_cannot_ask_for_more_than_the_page_offers(site: Site, asked: dict[str, object]) -> None:
    before = len(site.base.jobs.recent())
    with signed_in("admin", via="password"):
        _, told = asking.submit(site, asked)
    assert "cannot be asked for" in said(told[0]["message"])
    assert len(site.base.jobs.recent()) == before


def test_of_an_upload_people_are_told_its_name_and_not_where_the_server_keeps_it(site: Site) -> None:
    kept = site.base.uploads.keep("handed over.csv", io.BytesIO(b"id,name\n1,a\n2,b\n"))
    made = site.base.scan(site.base.uploads.path(kept.id)).snapshot
    page = said(dataset.PAGE.layout(site, parse(f"/dataset/{made.dataset}")))
    assert "handed over.csv" in page
    assert str(site.base.settings.data) not in page

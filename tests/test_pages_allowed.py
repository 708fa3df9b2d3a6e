"""What each role is offered on each page: what it may do, and nothing else; what is off says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tablemend as tm
from intel_helpers import entry, lines
from pages_helpers import links, said, signed_in, walk
from tablemend.bench.generate import faulty_csv
from tablemend.review import rights
from tablemend.web.address import parse
from tablemend.web.components import allowed
from tablemend.web.components.asking import ASKED
from tablemend.web.dashboard import pages
from tablemend.web.doing import Action
from tablemend.web.pages import dataset, overview
from tablemend.web.pages.add import database, sample, upload, web
from tablemend.web.pages.dataset import TABS
from tablemend.web.pages.intelligence.callbacks import ACTIONS as INTELLIGENCE
from tablemend.web.pages.intelligence.layout import OF_RUN
from tablemend.web.pages.review.callbacks import shown
from tablemend.web.pages.settings.layout import ACTIONS as SETTINGS
from tablemend.web.pages.settings.layout import PARTS
from tablemend.web.site import Site

REVIEW = {
    "review-approve": "approve",
    "review-confirm": "approve",
    "review-reject": "decide",
    "review-reopen": "decide",
    "review-apply": "apply",
    "review-undo": "apply",
    "review-confirm-apply": "apply",
    "review-propose": "decide",
    "review-alternative": "decide",
    "review-edit": "decide",
}
"""Buttons of the review → the right that each takes."""
DOES: dict[str, dict[str, Action]] = {
    "settings": SETTINGS,
    "dataset": dataset.ACTIONS,
    "intelligence": INTELLIGENCE,
    "upload": upload.ACTIONS,
    "database": database.ACTIONS,
    "web": web.ACTIONS,
    "sample": sample.ACTIONS,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    where = tmp_path_factory.mktemp("allowed")
    with tm.open(where / "data", user="owner") as ws:
        found = ws.scan(faulty_csv(where / "orders.csv", 400))
        ws.approve(found.run, ids=[found.items[0].id], force=True)
        ws.apply(found.run)
        ws.schedules.add(str(where / "orders.csv"), interval="1h")
        ws.score_intel(lines(where, entry("a"), entry("b")))
        ws.jobs.submit("rescan", dataset=found.snapshot.dataset)
        yield Site(ws)


def addresses(site: Site) -> Iterator[tuple[str, str]]:
    """Path and query of every page with its parts."""
    about = site.base.dataset("orders")
    story = site.base.intel_run().id
    yield from (("/", ""), ("/review", ""), (f"/review/{story}", ""), ("/runs", ""), ("/add", ""))
    yield from ((f"/datasets/{about}", f"?tab={tab}") for tab in TABS)
    yield from (("/settings", f"?part={part}") for part in PARTS)
    yield from (("/intelligence", f"?part={part}") for part in ("runs", "score"))
    yield from ((f"/intelligence/{story}", f"?part={part}") for part in OF_RUN)
    yield "/runs", f"?job={site.base.jobs.recent()[0].id}"


def drawn(site: Site) -> Iterator[tuple[str, Any]]:
    """Every page as the person who is asking sees it, and each item of the review."""
    known = {page.name: page for page in pages()}
    for path, search in addresses(site):
        address = parse(path, search)
        yield f"{path}{search}", known[address.name].layout(site, address)
    run = site.base.run().id
    for item in site.base.items(run):
        yield f"item {item.id}", shown(site, run, item.id)


def taken(button: dict[str, Any]) -> str:
    """The right that a button takes; empty where it changes nothing."""
    identity = button.get("id")
    if isinstance(identity, dict) and identity.get("kind") == "do":
        if identity["page"] == "runs":
            return "apply"  # the one job is of another person
        return DOES[identity["page"]][identity["do"]].right
    if "data-ask" in button:
        return next(right for verb, (right, _) in ASKED.items() if f'"verb": "{verb}"' in button["data-ask"])
    return REVIEW.get(identity["kind"] if isinstance(identity, dict) else str(identity), "")


@pytest.mark.parametrize("role", rights.ROLES)
def test_a_role_is_offered_what_it_may_do_and_told_why_of_the_rest(site: Site, role: str) -> None:
    with signed_in(role, name="vera", via="password"):
        for where, page in drawn(site):
            for each in walk(page):
                right = taken(each["props"]) if each["type"] == "Button" else ""
                if not right:
                    continue
                lacks = "data-lacks" in each["props"]
                assert lacks == (not rights.may(role, right)), (where, each["props"])
                if lacks:
                    assert each["props"]["disabled"]
                    assert f"you are {role}" in each["props"]["title"]


def test_the_buttons_of_the_test_are_on_the_pages(site: Site) -> None:
    with signed_in(name="vera", via="password"):
        found = [taken(each["props"]) for _, page in drawn(site) for each in walk(page) if each["type"] == "Button"]
    assert {"scan", "decide", "approve", "apply", "admin"} <= set(found)


def test_adding_data_is_offered_to_those_who_may(site: Site) -> None:
    with signed_in("viewer"):
        assert "/add" not in links(overview.layout(site, parse("/")))
    with signed_in("reviewer"):
        assert "/add" in links(overview.layout(site, parse("/")))


def test_a_viewer_is_told_whom_to_ask(site: Site) -> None:
    with signed_in("viewer"):
        assert allowed.lacking("read") == ""
        assert "Ask an admin" in allowed.lacking("decide")
        assert "Deciding takes the role reviewer" in said(pages()[3].layout(site, parse("/review")))

"""How much every page asks for: cold, warm, and by itself once it is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from browser.traffic import Traffic
from tablemend.bench.furnished import furnish
from tablemend.bench.served import Server
from tablemend.bench.walk import drawn, show, walk
from tablemend.web.dashboard import pages

Serving = Callable[..., Server]
Visit = Callable[..., Page]

COLD = (50, 1_600_000)
"""Requests and bytes of a first visit: scripts of Dash, Mantine and the grid, compressed; 41 and 1.2 MB on Review."""

WARM = (9, 120_000)
"""Of a page opened again: the page, its layout, its callbacks, who is asking and the stream of events; files are kept.

Eight were measured at most, on Review, whose rows are a request of their own."""

CALLBACKS = 2
"""Of a page that is opened: one draws it; a second may follow what it shows."""


def starts() -> list[str]:
    return [f"/{each.name}" for each in pages()]


def test_a_first_visit_asks_for_little(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    server = serving(furnish(tmp_path, 500))
    visit(server)  # uses up the link
    for address in ("/", "/review"):
        page = visit(server)
        page.context.clear_cookies()
        page.context.add_cookies(server.cookies)
        session = page.context.new_cdp_session(page)
        session.send("Network.clearBrowserCache")
        traffic = Traffic(page)
        show(page, server.url(address))
        assert traffic.requests <= COLD[0], "\n".join(traffic.asked.values())
        assert traffic.bytes <= COLD[1], address


def test_every_page_that_is_opened_again_asks_for_itself_alone(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    """And none of them offers to send a figure to anybody's cloud."""
    server = serving(furnish(tmp_path, 500))
    page = visit(server)
    addresses = list(walk(page, server, starts()))
    traffic = Traffic(page)
    found = {}
    for address in addresses:
        traffic.begin()
        show(page, server.url(address))
        over = traffic.requests > WARM[0] or traffic.bytes > WARM[1] or len(traffic.callbacks) > CALLBACKS
        if over:
            found[address] = (traffic.requests, traffic.bytes, traffic.callbacks)
        assert page.locator(".modebar-btn, [data-title*='Share'], [data-title*='Cloud']").count() == 0, address
        assert page.get_by_text("Share chart").count() == 0, address
    assert found == {}


def test_going_from_page_to_page_loads_no_file_again(tmp_path: Path, serving: Serving, visit: Visit) -> None:
    server = serving(furnish(tmp_path, 500))
    page = visit(server)
    links = page.locator("#navigation a")
    for place in range(links.count()):  # each once, so that what a page needs of its own is there
        links.nth(place).click()
        drawn(page)
    traffic = Traffic(page)
    for place in range(links.count()):
        traffic.begin()
        links.nth(place).click()
        expect(links.nth(place)).to_have_attribute("aria-current", "page")
        drawn(page)
        assert traffic.requests <= 4, "\n".join(traffic.asked.values())

"""Every page that a server shows: found by following the links of its pages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tablemend.bench.served import Server

if TYPE_CHECKING:
    from playwright.sync_api import Page

PARTS = ("tab", "part", "from")
"""What a query calls the parts of a page by; any other key names what the page is about."""

LONGEST = 60_000  # ms that a page may take on a computer that has much else to do

_LINKS = "() => [...document.querySelectorAll('#navigation a, #page a')].map((each) => each.getAttribute('href') || '')"
_DRAWN = """() => document.querySelector('#page h1')
    && !document.querySelector('[data-dash-is-loading]')
    && (!document.querySelector('.tm-grid-box')
        || document.querySelector('.ag-row .ag-cell, .ag-overlay-no-matching-rows-center, .ag-overlay-no-rows-center'))
    && [...document.images].every((each) => each.complete)"""


def kinds(address: str) -> set[tuple[str, ...]]:
    """What of a page an address shows: its part, and each thing that its query names, whatever the thing is."""
    parts = urlsplit(address)
    path = [each for each in parts.path.split("/") if each]
    page = (path[0] if path else "", *("*" for _ in path[1:]))
    query = [(key, value if key in PARTS and not value.isdigit() else "*") for key, value in parse_qsl(parts.query)]
    return {page} | {(*page, *each) for each in query}


def walk(page: Page, server: Server, starts: Iterable[str]) -> Iterator[str]:
    """Open every page, every part of it, and one example of whatever its links name; yields the address.

    What is named together with something else is not opened for each pair: pages would be without end.
    """
    due = deque(starts)
    seen: set[tuple[str, ...]] = set()
    while due:
        address = due.popleft()
        if kinds(address) <= seen:
            continue
        seen |= kinds(address)
        show(page, server.url(address))
        yield address
        due += [each for each in page.evaluate(_LINKS) if _is_page(each)]


def show(page: Page, url: str) -> None:
    """Open a page, and wait until it is drawn."""
    page.goto(url)
    drawn(page)


def drawn(page: Page) -> None:
    """Wait until the page has its title, its rows and its images, and waits for no answer."""
    page.wait_for_function(_DRAWN, timeout=LONGEST)


def _is_page(address: str) -> bool:
    """Whether an address is a page: not a download, and not elsewhere."""
    return address.startswith("/") and not address.startswith(("//", "/api/", "/logout", "/data/"))

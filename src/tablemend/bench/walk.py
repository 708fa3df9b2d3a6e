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

_LINKS = "() => [...document.querySelectorAll('#navigation a, #page a')].map((each) => each.getAttribute('href') || '')"
_DRAWN = """() => document.querySelector('#page h1')
    && !document.querySelector('[data-dash-is-loading]')
    && (!document.querySelector('.tm-grid-box') || document.querySelector('.ag-row .ag-cell, .ag-overlay-no-matching-rows-center'))
    && [...document.images].every((each) => each.complete)"""

Kind = tuple[str, ...]


def kind(address: str) -> Kind:
    """What addresses of the same page and part have in common, whatever they are about."""
    parts = urlsplit(address)
    path = [each for each in parts.path.split("/") if each]
    query = [f"{key}={value if key in PARTS and not value.isdigit() else '*'}" for key, value in parse_qsl(parts.query)]
    return (path[0] if path else "", *("*" for _ in path[1:]), *sorted(query))


def walk(page: Page, server: Server, starts: Iterable[str]) -> Iterator[str]:
    """Open each page and each part of one, once for all that differ in what they are about; yields the address."""
    due = deque(starts)
    seen: set[Kind] = set()
    while due:
        address = due.popleft()
        if kind(address) in seen:
            continue
        seen.add(kind(address))
        show(page, server.url(address))
        yield address
        due += [each for each in page.evaluate(_LINKS) if _is_page(each)]


def show(page: Page, url: str) -> None:
    """Open a page, and wait until it is drawn."""
    page.goto(url)
    drawn(page)


def drawn(page: Page) -> None:
    """Wait until the page has its title, its rows and its images, and waits for no answer."""
    page.wait_for_function(_DRAWN)


def _is_page(address: str) -> bool:
    """Whether an address is a page: not a download, and not elsewhere."""
    return address.startswith("/") and not address.startswith(("//", "/api/", "/logout", "/data/"))

"""Pages of a longer list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import dcc, html


def pages(total: int, size: int) -> int:
    """How many pages there are; an empty list has one."""
    return max(1, -(-total // size))


def paging(page: int, total: int, size: int, href: Callable[[int], str], *, what: str) -> Any:
    """Where one is in a list, with links to the pages around; nothing where all of it is shown."""
    last = pages(total, size)
    if last == 1:
        return None
    first = (page - 1) * size + 1
    told = f"{what} {first:,} to {min(page * size, total):,} of {total:,}"
    steps = [("First", 1), ("Previous", page - 1), ("Next", page + 1), ("Last", last)]
    links = [
        dcc.Link(name, href=href(number), className="tm-button")
        if 1 <= number <= last and number != page
        else html.Span(name, className="tm-button tm-button-off", **{"aria-disabled": "true"})
        for name, number in steps
    ]
    return html.Nav([*links, html.Span(told, className="tm-note")], className="tm-paging", **{"aria-label": "Pages"})

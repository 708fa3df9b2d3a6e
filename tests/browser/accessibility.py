"""Whether everybody can use what a browser shows: the rules of axe-core, and the size of a page on a phone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
"""WCAG 2.1, levels A and AA, and what its makers advise beside it. No rule is switched off."""

_RUN = "(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })"
_WIDER = """() => {
    const main = document.getElementById('main') || document.documentElement;
    return Math.max(document.documentElement.scrollWidth - window.innerWidth, main.scrollWidth - main.clientWidth);
}"""


def faults(page: Page) -> list[str]:
    """What axe-core finds on the page that is shown; its context must have been made with `bypass_csp`.

    The server allows no script but its own, so that no page of it would run axe-core.
    """
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate(_RUN, list(RULES))
    return [
        f"{each['id']} at {node['target']}: {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def overhang(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate(_WIDER))


@cache
def _axe() -> str:
    return (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

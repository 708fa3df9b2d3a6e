"""Whether everybody can use what a browser shows: the rules of axe-core, and the size of a page on a phone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

LOOKS = ((1280, "light"), (1280, "dark"), (390, "dark"), (390, "light"))
"""Widths of the window, a desk's and a phone's, with the colours that its owner has chosen."""

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
"""WCAG 2.1, levels A and AA, and what its makers advise beside it. No rule of WCAG is switched off."""

UNDER_A_DIALOG = ("landmark-no-duplicate-banner", "landmark-unique")
"""Advice that does not hold while a dialog is open: Mantine writes its title as `header`, which axe-core takes for a
second banner of the page; with `aria-modal` there is nothing but the dialog for those who cannot see."""

_RUN = "(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })"
_TURNED = """(scheme) => {
    const turned = document.documentElement.getAttribute('data-mantine-color-scheme');
    return (!turned || turned === scheme) && document.getAnimations().every((each) => each.playState !== 'running');
}"""
_WIDER = """() => {
    const main = document.getElementById('main') || document.documentElement;
    return Math.max(document.documentElement.scrollWidth - window.innerWidth, main.scrollWidth - main.clientWidth);
}"""


def every_look(page: Page) -> list[str]:
    """What is wrong with the page that is shown, wide and narrow, light and dark."""
    found = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.wait_for_function(_TURNED, arg=scheme)
        wrong = faults(page)
        if (wider := overhang(page)) > 0:
            wrong.append(f"{wider} px wider than the window")
        found += [f"{width} px, {scheme}: {each}" for each in wrong]
    page.set_viewport_size({"width": 1280, "height": 844})
    return found


def faults(page: Page) -> list[str]:
    """What axe-core finds on the page that is shown; its context must have been made with `bypass_csp`.

    The server allows no script but its own, so that no page of it would run axe-core.
    """
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate(_RUN, list(RULES))
    but = UNDER_A_DIALOG if page.get_by_role("dialog").count() else ()
    return [
        f"{each['id']} at {node['target']}: {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
        if each["id"] not in but
    ]


def overhang(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate(_WIDER))


@cache
def _axe() -> str:
    return (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

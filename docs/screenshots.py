"""Takes the pictures of the page "The browser": every page that is registered, light and dark, of generated data."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tablemend.bench.furnished import furnish
from tablemend.bench.served import Server, chromium
from tablemend.bench.walk import drawn, show
from tablemend.web.dashboard import pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(__file__).parent / "_static" / "browser"
WIDTH, HEIGHT = 1280, 800
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
ROWS = 2_000
BEYOND = {
    "datasets": ("dataset", "a[href^='/datasets/d']"),
    "intelligence": ("stories", "a[href^='/intelligence/r']"),
}
"""Page that lists things → the picture of one of them, and the link that leads to it."""
PARTS = {
    "dataset": ("Findings", "Versions", "Compare"),
    "runs": ("Figures",),
    "settings": ("Rules",),
}
"""Picture → the parts of that page that have one of their own."""

_SHORTEN = """(folder) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (text.data.includes(folder)) text.data = text.data.replaceAll(folder, '');
    }
}"""


def views(page: Page, server: Server) -> Iterator[str]:
    """Shows one page after the other; yields what each is called."""
    for each in pages():
        show(page, server.url(f"/{each.name}"))
        name = each.name or "overview"
        if name == "review":
            yield from _review(page, server)
            continue
        if name == "conflicts":
            yield from _conflicts(page)
            continue
        if name == "explore":
            yield name
            yield from _explore(page, server)
            continue
        yield name
        if name in BEYOND:
            name, link = BEYOND[name]
            page.locator(f"#page {link}").first.click()
            page.wait_for_url(f"**{link.split(chr(39))[1]}*")
            drawn(page)
            yield name
        for part in PARTS.get(name, ()):
            page.locator(".tm-tabs a", has_text=part).first.click()
            page.locator(".tm-tab-current", has_text=part).wait_for()
            drawn(page)
            yield f"{name}-{part.lower().replace(' ', '-')}"


def _explore(page: Page, server: Server) -> Iterator[str]:
    """A feature of a matrix, where entities are together, a heatmap, two groups by region, and two matrices."""
    views = {
        "matrix": "cultures",
        "matrix-together": "cultures?part=together",
        "matrix-heatmap": "cultures?part=heatmap",
        "matrix-compare": "mice?part=compare&field=group&first=colonised&second=germ-free",
        "matrix-against": "cultures?part=against&other=mice",
    }
    for name, address in views.items():
        show(page, server.url(f"/explore/{address}"))
        page.locator("#explore-figure .main-svg").first.wait_for()
        yield name


def _conflicts(page: Page) -> Iterator[str]:
    """The conflicts of a rule, with one of them in detail."""
    page.locator(".ag-row .tm-mark").first.wait_for()
    page.locator("[data-value='too_far_to_travel']").click()
    page.wait_for_function("() => document.querySelector('[data-value=too_far_to_travel][aria-pressed=true]')")
    page.locator(".ag-row", has_text="too far to travel").first.locator(".ag-cell", has_text="too far").click()
    page.locator("#conflicts-detail .tm-way-sketch").wait_for()
    yield "conflicts"


def _review(page: Page, server: Server) -> Iterator[str]:
    """The repairs of a table, with one of them in detail, and what would become of all of them."""
    show(page, server.url("/"))
    page.locator("#page a[href^='/review/']").first.click()
    page.wait_for_url("**/review/**")
    drawn(page)
    page.locator("h1").click()
    page.keyboard.press("j")
    page.locator("#review-detail h2").wait_for()
    yield "review"
    page.locator(".ag-header-select-all .ag-checkbox-input").check()
    page.keyboard.press("a")
    page.get_by_text("Score once applied").wait_for()
    page.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")
    yield "review-approve"


def main() -> None:
    """Take the pictures anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as made, chromium() as browser:
        if browser is None:
            sys.exit("There is no Chromium to take pictures with.")
        folder = furnish(Path(made).resolve(), ROWS)
        with Server(folder, environment={"TABLEMEND_USER": "ann"}) as server:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
            page.goto(server.url(server.key))
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                for name in views(page, server):
                    page.evaluate(_SHORTEN, f"{folder}/")
                    page.screenshot(path=FOLDER / f"{name}-{scheme}.png")


if __name__ == "__main__":
    main()

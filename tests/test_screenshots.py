"""The pictures of the browser in the documentation: one of every page, light and dark, each shown, all small."""

from __future__ import annotations

from pathlib import Path

from tablemend.web.dashboard import pages

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = {each.name for each in (DOCS / "_static" / "browser").glob("*.png")}
MOST = 5_000_000  # bytes, so that a clone stays small


def test_every_page_has_its_pictures() -> None:
    names = [each.name or "overview" for each in pages()]
    assert {f"{name}-{scheme}.png" for name in names for scheme in ("light", "dark")} <= PICTURES


def test_every_picture_is_shown_in_its_colours() -> None:
    page = (DOCS / "how-to" / "browser.md").read_text(encoding="utf-8")
    for name in PICTURES:
        scheme = name.removesuffix(".png").rpartition("-")[2]
        block = page[page.index(f"{{image}} ../_static/browser/{name}") :].partition("\n```")[0]
        assert f":class: only-{scheme}" in block


def test_all_pictures_together_are_small() -> None:
    assert sum((DOCS / "_static" / "browser" / name).stat().st_size for name in PICTURES) <= MOST

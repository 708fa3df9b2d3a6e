"""The built-in faulty sample: orders with known faults, made of no outside data."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.components import forms
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.add import beginning
from tablemend.web.site import Site
from tablemend.workspace.uploads import SAMPLE_ROWS


def draw(site: Site, address: Address) -> Any:
    """What it is, how large it is to be, and the button that makes it."""
    del site, address
    sizes = [(str(rows), f"{rows:,} orders") for rows in SAMPLE_ROWS]
    return html.Div(
        [
            html.P(
                "A table of made-up orders with the faults that tables have: stray spaces, typos, spellings of one "
                "name, cities in the wrong country, dates and prices written in several ways, words that mean "
                "nothing is known, repeated rows. See what is found, approve it, take it back."
            ),
            forms.choice("sample", "rows", "Size", sizes, sizes[0][0]),
            html.Div(
                forms.button("sample", "sample", "Make the sample and scan it", primary=True), className="tm-actions"
            ),
        ],
        className="tm-form",
    )


def _make(site: Site, asked: Asked) -> Done:
    text = asked.text("rows")
    kept = site.workspace.uploads.sample(int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0)
    name = kept.name.removesuffix(".csv")
    return beginning.scan(site, str(site.workspace.uploads.path(kept.id)), {}, name=name, shown=name)


ACTIONS = {"sample": Action(run=_make, right="scan")}

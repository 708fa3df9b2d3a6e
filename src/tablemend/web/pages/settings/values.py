"""All settings: their values, and where they come from."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.components import basics, forms, marks
from tablemend.web.doing import Action
from tablemend.web.site import Site

_PLACES = {"given": "start of the server", "environment": "environment", ".env": ".env", "file": "tablemend.toml"}


def draw(site: Site, address: Address) -> Any:
    """Every setting, or those whose name or meaning holds a word."""
    word = address.query.get("search", "").casefold()
    found = [each for each in site.base.configuration.settings() if word in f"{each.name} {each.meaning}".casefold()]
    rows = [
        (
            html.Code(each.name),
            html.Em(each.value) if each.secret else html.Span(each.value),
            each.default,
            marks.tag(_PLACES[each.origin], kind="running") if each.origin in _PLACES else "default",
            each.meaning,
        )
        for each in found
    ]
    head = ("Setting", "Value", "Default", "From", "Meaning")
    intro = "Values that the server was started with; those of the file change with its next start, the gate at once."
    return [
        html.P(intro, className="tm-note"),
        forms.filters(forms.filter_text("search", "Search", word, inputProps={"data-search": ""})),
        basics.table(head, rows, label="All settings"),
    ]


ACTIONS: dict[str, Action] = {}

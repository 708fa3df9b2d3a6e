"""The audit log: who did what to what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from dash import html

from tablemend.records import now
from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.pages.runs import words
from tablemend.web.site import Site

LIMIT = 50
_SPANS = {"1h": ("last hour", 1), "24h": ("last day", 24), "7d": ("last week", 168), "30d": ("last 30 days", 720)}
_SHORT = 40
"""Characters up to which a word is kept on one line."""
_RUN = frozenset("0123456789abcdef")


def draw(site: Site, address: Address) -> Any:
    """The conditions and a page of entries."""
    query = {name: value for name in ("text", "by", "action", "span") if (value := address.query.get(name))}
    offset = forms.offset(address.query)
    entries, total = site.base.audit(**conditions(query), limit=LIMIT, offset=offset)
    people, actions = site.base.store.audit.named()
    rows = [
        (_when(each.when), _kept(each.by), _kept(each.action), _subject(each.subject), each.detail or "–")
        for each in entries
    ]
    return [
        forms.filters(
            forms.filter_text("text", "Search", query.get("text"), inputProps={"data-search": ""}),
            forms.filter_choice("by", "Who", people, query.get("by")),
            forms.filter_choice("action", "What", actions, query.get("action")),
            forms.filter_choice("span", "When", [(k, v[0]) for k, v in _SPANS.items()], query.get("span")),
            _export(query),
        ),
        basics.table(("When", "Who", "What", "Subject", "Detail"), rows, label="Audit log"),
        forms.paging("/runs", {"part": "audit", **query}, offset=offset, limit=LIMIT, total=total),
    ]


def conditions(query: dict[str, str]) -> dict[str, Any]:
    """What a query asks of the log."""
    found: dict[str, Any] = {name: query[name] for name in ("text", "by", "action") if name in query}
    if query.get("span") in _SPANS:
        found["since"] = now() - timedelta(hours=_SPANS[query["span"]][1])
    return found


def _export(query: dict[str, str]) -> Any:
    """The same entries as a file."""
    asked = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in conditions(query).items()
    }

    def link(form: str) -> html.A:
        address = f"/api/v1/audit/export?{urlencode({**asked, 'format': form})}"
        return html.A(form.upper(), href=address, download=f"audit.{form}", className="tm-button")

    return html.Div([link("csv"), link("json")], className="tm-actions", role="group", **{"aria-label": "Download"})


def _when(text: str) -> Any:
    return html.Span(f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}", className="tm-nowrap")


def _subject(text: str) -> Any:
    is_run = len(text) == 9 and text[0] == "r" and set(text[1:]) <= _RUN
    return words.run_link(text) if is_run else _kept(text)


def _kept(text: str) -> Any:
    """A word that is not broken where it is short."""
    return html.Span(text, className="tm-nowrap") if len(text) <= _SHORT else text

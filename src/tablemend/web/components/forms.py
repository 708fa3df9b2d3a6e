"""Fields, choices and buttons of pages whose clicks `tablemend.web.doing` carries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import dcc, html

from tablemend.web.components.allowed import bound

Choices = Sequence[str | tuple[str, str]]
"""Values, or values with what is shown for them."""


def text(page: str, name: str, label: str, value: str = "", **more: Any) -> dmc.TextInput:
    """A line of text."""
    return dmc.TextInput(id=_field(page, name), label=label, value=value, **_plain(more))


def password(page: str, name: str, label: str, *, new: bool = True, **more: Any) -> dmc.PasswordInput:
    """A password."""
    kind = "new-password" if new else "current-password"
    return dmc.PasswordInput(id=_field(page, name), label=label, value="", autoComplete=kind, size="sm", **more)


def area(page: str, name: str, label: str, value: str = "", **more: Any) -> dmc.Textarea:
    """A text of several lines, each sign as wide as any other."""
    given = {"minRows": 8, "maxRows": 30} | more
    return dmc.Textarea(
        id=_field(page, name), label=label, value=value, autosize=True, classNames={"input": "tm-code"}, **_plain(given)
    )


def choice(page: str, name: str, label: str, options: Choices, value: str | None = None, **more: Any) -> dmc.Select:
    """One of several values."""
    given = {"allowDeselect": False} | more
    return dmc.Select(id=_field(page, name), label=label, data=_options(options), value=value, size="sm", **given)


def hidden(page: str, name: str, value: str) -> dcc.Input:
    """What a click must know, and nobody sees."""
    return dcc.Input(id=_field(page, name), type="hidden", value=value)


def button(
    page: str,
    do: str,
    caption: str,
    *,
    key: str = "",
    primary: bool = False,
    danger: bool = False,
    label: str = "",
    disabled: bool = False,
    right: str = "",
) -> html.Button:
    """A button that does something to what `key` names; `label` tells it apart from others of the same caption.

    With a `right` it is off for whoever lacks that, and says why.
    """
    kind = " tm-button-primary" if primary else " tm-button-danger" if danger else ""
    told = {"aria-label": label} if label else {}
    made = html.Button(
        caption,
        id={"kind": "do", "page": page, "do": do, "key": key},
        type="button",
        className=f"tm-button{kind}",
        disabled=disabled,
        **told,
    )
    return bound(made, right) if right else made


def confirmed(page: str, do: str, caption: str, question: str, *, key: str = "", sure: str = "") -> html.Details:
    """A button that asks before it does something that cannot be taken back."""
    return html.Details(
        [
            html.Summary(caption, className="tm-button"),
            html.Div(
                [html.Span(question), button(page, do, sure or caption, key=key, danger=True)], className="tm-confirm"
            ),
        ],
        className="tm-ask",
    )


def filter_text(name: str, label: str, value: str | None, **more: Any) -> dmc.TextInput:
    """A condition on what is listed, kept in the address."""
    return dmc.TextInput(
        id={"kind": "filter", "name": name}, label=label, value=value or "", debounce=400, **_plain(more)
    )


def filter_choice(name: str, label: str, options: Choices, value: str | None, *, clearable: bool = True) -> dmc.Select:
    """A condition on what is listed, kept in the address; none where nothing is chosen."""
    return dmc.Select(
        id={"kind": "filter", "name": name}, label=label, data=_options(options), value=value or None, size="sm",
        clearable=clearable, allowDeselect=clearable, placeholder="all", searchable=len(options) > 10,
    )  # fmt: skip


def filters(*fields: Any) -> html.Div:
    """Conditions in a row."""
    return html.Div(list(fields), className="tm-filters", role="search")


def tabs(
    path: str, key: str, parts: Mapping[str, str], current: str, kept: Mapping[str, str] | None = None
) -> html.Nav:
    """The parts of a page, each with an address of its own; `kept` stays in the query of all."""
    links = [
        dcc.Link(
            title,
            href=f"{path}?{urlencode({key: name, **(kept or {})})}",
            className="tm-tab tm-tab-current" if name == current else "tm-tab",
            title=f"{title}: shown now" if name == current else None,
        )
        for name, title in parts.items()
    ]
    return html.Nav(links, className="tm-tabs", **{"aria-label": "Parts of the page"})


def paging(path: str, query: Mapping[str, str], *, offset: int, limit: int, total: int) -> html.Div:
    """Which of how many are shown, and the ways to those before and after."""

    def link(caption: str, start: int) -> Any:
        return dcc.Link(caption, href=f"{path}?{urlencode({**query, 'from': str(start)})}", className="tm-button")

    last = min(offset + limit, total)
    shown = f"{offset + 1:,} to {last:,} of {total:,}" if offset < total else f"none of {total:,} here"
    return html.Div(
        [
            html.Span(shown if total else "none", className="tm-note"),
            link("Newer", max(0, offset - limit)) if offset > 0 else None,
            link("Older", offset + limit) if last < total else None,
        ],
        className="tm-paging",
    )


def offset(query: Mapping[str, str]) -> int:
    """Where a list begins, as the address says; what is no number counts as the beginning."""
    start = query.get("from", "0")
    return int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 0


def faults(found: Sequence[Any], *, good: str) -> html.Div:
    """What is wrong with a text by line, or that nothing is."""
    if not found:
        return html.Div(good, className="tm-good", role="status")
    rows = [
        html.Li([html.Strong(f"Line {each.line}: "), f"{each.text}. ", html.Span(each.hint, className="tm-hint")])
        for each in found
    ]
    return html.Div(html.Ul(rows, className="tm-faults"), role="alert")


def _field(page: str, name: str) -> dict[str, str]:
    return {"kind": "field", "page": page, "field": name}


def _plain(more: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for names and code: nobody's spelling is corrected in them."""
    return {"spellCheck": False, "autoComplete": "off", "size": "sm", **more}


def _options(options: Choices) -> list[dict[str, str]]:
    pairs = ((each, each) if isinstance(each, str) else each for each in options)
    return [{"value": value, "label": shown} for value, shown in pairs]

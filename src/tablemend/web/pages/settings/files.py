"""Gates or scorecards: the list of them, and one as a text that is checked by line before it is saved."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tablemend.web.address import Address
from tablemend.web.components import forms, marks
from tablemend.web.components.allowed import may, note
from tablemend.web.doing import Asked
from tablemend.workspace.shelf import Shelf, Shelved, digest

PAGE = "settings"


def draw(shelf: Shelf, part: str, noun: str, address: Address, *, in_force: str = "", more: Any = None) -> Any:
    """The list and the one that the address names; `more` are further buttons for its text."""
    found = shelf.all()
    chosen = address.query.get("name") or next((each.name for each in found if each.what == in_force), found[0].name)
    one = next((each for each in found if each.name == chosen), found[0])
    items = html.Ul([html.Li(_link(each, part, one, in_force)) for each in found], className="tm-list")
    return html.Div(
        [html.Div(items), _one(shelf, one, noun, more, in_force=one.what == in_force)], className="tm-split"
    )


def _link(each: Shelved, part: str, one: Shelved, in_force: str) -> Any:
    word = "in force" if each.what == in_force else "own" if each.own else "shipped"
    kind = "completed" if each.what == in_force else ""
    return dcc.Link(
        [html.Span(each.name), marks.tag(word, kind=kind)],
        href=f"/settings?part={part}&name={each.name}",
        className="tm-chosen" if each == one else None,
    )


def _one(shelf: Shelf, one: Shelved, noun: str, more: Any, *, in_force: bool) -> Any:
    text, own = shelf.text(one.name), one.own
    if not may("admin"):
        return html.Div([html.H2(one.name, className="tm-h2"), note("admin"), html.Pre(text)], className="tm-wide")
    told = "Save it under a name of your own to change it." if not own else one.what
    gone = forms.confirmed(PAGE, f"{noun}-remove", "Remove", f"Remove {one.name} for everybody?", key=one.name)
    return html.Div(
        [
            html.Div(
                [html.H2(one.name, className="tm-h2"), html.Div(told, className="tm-note")], className="tm-section-head"
            ),
            forms.area(PAGE, "text", f"TOML of the {noun}", text, minRows=14),
            forms.hidden(PAGE, "opened", one.name if own else ""),
            forms.hidden(PAGE, "before", digest(text) if own else ""),
            html.Div(
                [
                    html.Div(
                        forms.text(PAGE, "name", "Save under the name", one.name if own else f"{one.name}-own"),
                        className="tm-grow",
                    ),
                    forms.button(PAGE, f"{noun}-save", "Save", primary=True),
                    forms.button(PAGE, f"{noun}-check", "Check"),
                    *(more or ()),
                    gone if own and not in_force else None,
                ],
                className="tm-row",
            ),
        ],
        className="tm-wide",
    )


def before(asked: Asked) -> str:
    """What the text looked like that was changed; nothing where it is saved under another name."""
    return asked.text("before") if asked.text("name") == asked.text("opened") else ""


def checked(shelf: Shelf, asked: Asked, noun: str) -> Any:
    """What is wrong with the text in the field."""
    return forms.faults(shelf.faults(str(asked.fields.get("text") or "")), good=f"This {noun} can be used.")

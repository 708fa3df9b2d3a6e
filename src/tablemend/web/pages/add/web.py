"""An address on the web: looked at, scanned once, or read again and again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from dash import dcc, html

from tablemend.errors import LimitExceeded, TablemendError, UnreadableSource
from tablemend.tables.source import without_secrets
from tablemend.web.address import Address
from tablemend.web.api import places
from tablemend.web.components import basics, forms
from tablemend.web.components.allowed import may
from tablemend.web.components.schedules import asked_threshold, every
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.add import beginning, choices, showing
from tablemend.web.site import Site

_READING = ("delimiter", "encoding")


def draw(site: Site, address: Address) -> Any:
    """The address, and the button that looks there."""
    del site, address
    return html.Div(
        [
            forms.text("web", "address", "Address", placeholder="https://example.org/orders.csv"),
            html.Div("A table as CSV or other delimited text, or JSON.", className="tm-note"),
            html.Div(forms.button("web", "look", "Look at it", primary=True), className="tm-actions"),
        ],
        className="tm-form tm-form-wide",
    )


def _address(site: Site, asked: Asked) -> str:
    """The address that was typed, where whoever asks may name it."""
    text = asked.text("address")
    if not text.lower().startswith(("http://", "https://")):
        shown = f"{without_secrets(text)!r} is no address on the web" if text else "no address was typed"
        raise UnreadableSource(shown, hint="It begins with https:// or http://.")
    return places.source(site, text)


def _look(site: Site, asked: Asked) -> Done:
    options = choices.chosen(asked.fields, *_READING)
    try:
        source, name = _address(site, asked), beginning.typed(asked.fields)
        becomes = showing.becomes(site.workspace.fed(source, name=name or None, **options), by="this address")
        scan = html.Div([forms.button("web", "scan", "Scan once", primary=True), becomes], className="tm-next")
        found = site.working.first_rows(source, **options)
    except LimitExceeded as problem:  # which a scan may yet take
        return Done(shown=[_how(asked), scan, showing.problem(problem), _again(asked)], redraw=False)
    except TablemendError as problem:
        kept = [_how(asked)] if "delimiter" in asked.fields else []
        return Done(shown=[*kept, showing.problem(problem)], redraw=False)
    how = _how(asked, found.delimiter, found.encoding)
    return Done(shown=[how, scan, showing.rows(found), _again(asked)], redraw=False)


def _how(asked: Asked, delimiter: str = "", encoding: str = "") -> Any:
    """How it is read, and what it is called; as it stands already, where it does."""
    fields = [
        choices.delimiter("web", delimiter, asked.text("delimiter")),
        choices.encoding("web", encoding, asked.text("encoding")),
        forms.text("web", "name", "Name of the dataset", asked.text("name"), placeholder="by default that of the file"),
        forms.button("web", "look", "Look again", key="again"),
    ]
    return html.Div(fields, className="tm-filters")


def _again(asked: Asked) -> Any:
    """How often it is to be read again."""
    if not may("admin"):
        return html.P("An admin can have it read again at an interval, by itself.", className="tm-note")
    return basics.section(
        "Read it again by itself",
        html.Div(
            [
                forms.text("web", "interval", "Every", asked.text("interval") or "1h", description="30s, 15m, 1h, 1d"),
                forms.text("web", "threshold", "Alert where the score is below", asked.text("threshold"),
                           placeholder="no alert", description="0 to 100"),
                forms.button("web", "schedule", "Read it again and again"),
            ],
            className="tm-filters",
        ),
        note="First at once; each time that it has changed, it becomes a new version.",
    )  # fmt: skip


def _scan(site: Site, asked: Asked) -> Done:
    source, name = _address(site, asked), beginning.typed(asked.fields)
    options = choices.chosen(asked.fields, *_READING)
    return beginning.scan(site, source, options, name=name, shown=name or without_secrets(source))


def _schedule(site: Site, asked: Asked) -> Done:
    source, options = _address(site, asked), choices.chosen(asked.fields, *_READING)
    with suppress(LimitExceeded):  # whatever else is wrong with it is told now, not at each reading
        site.working.first_rows(source, **options)
    made = site.workspace.schedules.add(
        source,
        interval=asked.text("interval"),
        name=beginning.typed(asked.fields) or None,
        options=beginning.given(options),
        threshold=asked_threshold(asked),
    )
    told = ["For the first time now. ", dcc.Link("Schedules", href="/settings?part=schedules")]
    return Done(title=f"{made.name} is read every {every(made.interval)}", message=html.Span(told), redraw=False)


ACTIONS = {
    "look": Action(run=_look, right="scan"),
    "scan": Action(run=_scan, right="scan"),
    "schedule": Action(run=_schedule, right="admin"),
}

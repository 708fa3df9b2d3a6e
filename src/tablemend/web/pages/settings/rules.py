"""Rules: what must hold in every table, tried on a dataset before they are saved."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.records import Finding
from tablemend.web.address import Address
from tablemend.web.components import basics, forms, marks
from tablemend.web.components.allowed import may, note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.site import Site
from tablemend.workspace.shelf import digest

_EXAMPLE = '[[rules]]\ncolumn = "amount"\nrange = { min = 0 }'


def draw(site: Site, address: Address) -> Any:
    """The rules, and where to try them."""
    del address
    text = site.workspace.configuration.rules()
    intro = "Each scan checks these rules of tablemend.toml as well as what it finds out by itself."
    if not may("admin"):
        return [html.P(intro, className="tm-note"), note("admin"), html.Pre(text or "There is none.")]
    datasets = sorted(((each.id, each.name) for each in site.base.store.datasets.all()), key=lambda each: each[1])
    chosen = datasets[0][0] if datasets else None
    return html.Div(
        [
            html.P(intro, className="tm-note"),
            forms.area("settings", "rules", "Rules (TOML)", text, minRows=14, placeholder=_EXAMPLE),
            forms.hidden("settings", "before", digest(text)),
            html.Div(
                [
                    forms.button("settings", "rules-save", "Save", primary=True),
                    forms.button("settings", "rules-check", "Check"),
                    html.Div(
                        forms.choice("settings", "dataset", "Try them on", datasets, chosen, searchable=True),
                        className="tm-grow",
                    ),
                    forms.button("settings", "rules-try", "Try", disabled=not datasets),
                ],
                className="tm-row",
            ),
        ],
        className="tm-wide",
    )


def _text(asked: Asked) -> str:
    return str(asked.fields.get("rules") or "")


def _check(site: Site, asked: Asked) -> Done:
    found = site.workspace.configuration.check_rules(_text(asked))
    return Done(shown=forms.faults(found, good="These rules can be used."), redraw=False)


def _try(site: Site, asked: Asked) -> Done:
    own = site.workspace.configuration
    faults = own.check_rules(_text(asked))
    if faults:
        return Done(shown=forms.faults(faults, good=""), redraw=False)
    return Done(shown=tried(own.try_rules(_text(asked), asked.text("dataset"))), redraw=False)


def tried(found: tuple[Finding, ...]) -> Any:
    """What rules find."""
    if not found:
        return html.P("Every row meets every rule.", className="tm-good", role="status")
    rows = [
        (
            each.rule or each.check,
            marks.tag("cannot be evaluated" if each.status == "error" else each.severity, kind=each.severity),
            f"{each.rows:,}",
            each.message,
            _sample(each),
        )
        for each in found
    ]
    head = ("Rule", "", "Rows that fail", "What", "First of them")
    return basics.section("What would fail", basics.table(head, rows, label="What would fail", numbers=(2,)))


def _sample(each: Finding) -> Any:
    first = each.sample[:3]
    return html.Div([html.Div(", ".join(f"{name} {value}" for name, value in row.items())) for row in first])


def _save(site: Site, asked: Asked) -> Done:
    number = site.workspace.configuration.save_rules(_text(asked), before=asked.text("before"))
    return Done(title=f"Saved {number:,} rules", message="The next scan goes by them.")


ACTIONS = {
    "rules-save": Action(run=_save, blames="rules"),
    "rules-check": Action(run=_check),
    "rules-try": Action(run=_try, blames="dataset"),
}

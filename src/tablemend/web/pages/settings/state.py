"""State: how much it holds, whether it is sound, and what could be let go of."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.errors import StateError
from tablemend.store.retention import Retained
from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.components.allowed import may, note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """Size, check and retention."""
    del address
    found = site.base.state_info()
    rows = [(name, f"{number:,}") for name, number in sorted(found["rows"].items()) if number]
    facts = basics.facts(
        ("state", found["state"]),
        ("schema", found["schema"]),
        ("files", f"{found['files']:,}, {basics.megabytes(found['bytes'])}"),
        ("folder", found["folder"]),
    )
    return [
        note("admin"),
        html.Div([basics.section("State", facts), *(_forms() if may("admin") else ())], className="tm-columns"),
        html.Div(
            basics.section("Rows", basics.table(("Table", "Rows"), rows, label="Rows of each table", numbers=(1,))),
            className="tm-slim",
        ),
    ]


def _forms() -> tuple[Any, ...]:
    check = html.Div(
        [
            forms.button("settings", "state-check", "Check"),
            forms.button("settings", "state-deep", "Check every file too"),
        ],
        className="tm-actions",
    )
    question = "Decisions, versions and the audit log stay; what goes cannot be brought back."
    keep = html.Div(
        [
            forms.text("settings", "days", "Keep what ended within so many days", "365"),
            html.Div(
                [
                    forms.button("settings", "state-preview", "What would go?"),
                    forms.confirmed("settings", "state-retain", "Let go", question, sure="Yes, let go"),
                ],
                className="tm-actions",
            ),
        ],
        className="tm-form",
    )
    return basics.section("Is it sound?", check), basics.section("Old runs", keep)


def _checked(site: Site, *, deep: bool) -> Done:
    found = site.workspace.check_state(deep=deep)
    if not found:
        return Done(shown=html.P("The state is sound.", className="tm-good", role="status"), redraw=False)
    rows = [(each.what, each.subject, each.detail) for each in found]
    table = basics.table(("What", "Subject", "What is wrong"), rows, label="Contradictions")
    return Done(shown=basics.section(f"{len(found):,} contradictions", table), redraw=False)


def _check(site: Site, asked: Asked) -> Done:
    del asked
    return _checked(site, deep=False)


def _deep(site: Site, asked: Asked) -> Done:
    del asked
    return _checked(site, deep=True)


def _days(asked: Asked) -> float:
    try:
        return float(asked.text("days"))
    except ValueError as problem:
        raise StateError(f"{asked.text('days')!r} is no number of days", hint="Write one, such as 365.") from problem


def _preview(site: Site, asked: Asked) -> Done:
    found = site.workspace.retain(days=_days(asked), dry_run=True)
    return Done(shown=basics.section("Would go", basics.facts(*_told(found))), redraw=False)


def _retain(site: Site, asked: Asked) -> Done:
    found = site.workspace.retain(days=_days(asked))
    if not found.changed:
        return Done(title="Nothing is that old", message="Nothing was let go of.", redraw=False)
    return Done(title=f"{found.runs_removed:,} runs let go", shown=basics.section("Gone", basics.facts(*_told(found))))


def _told(found: Retained) -> list[tuple[str, str]]:
    return [
        ("runs", f"{found.runs_removed:,} of {found.runs_old:,} old ones"),
        ("items that nobody decided on", f"{found.items_removed:,}"),
        ("results", f"{found.artifacts_removed:,}"),
        ("metrics", f"{found.metrics_removed:,}"),
        ("places in lists", f"{found.links_removed:,}"),
    ]


ACTIONS = {
    "state-check": Action(run=_check),
    "state-deep": Action(run=_deep),
    "state-preview": Action(run=_preview, blames="days"),
    "state-retain": Action(run=_retain, blames="days"),
}

"""Learning: how often people approved repairs of each kind, and letting it be forgotten."""

from __future__ import annotations

import json
from typing import Any

from dash import html

from tablemend.review.learning import Acceptance
from tablemend.web.address import Address
from tablemend.web.components import basics, forms, marks
from tablemend.web.components.allowed import may, note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """Every kind that was decided on."""
    del address
    found = site.base.learned()
    settings = site.base.settings
    state = f"{settings.learning_strength:g} decisions weigh as much as a repair's own confidence."
    intro = f"What people approve or reject moves the confidence of later repairs of the kind. {state}"
    if not settings.learning:
        intro = "Learning is turned off by the setting learning: decisions are counted, and move nothing."
    if not found:
        return [html.P(intro, className="tm-note"), html.P("No person has decided on a repair yet.")]
    head = ("Check", "Operation", "Column type", "Approved", "Rejected", "Acceptance", "95 % interval", "")
    return [
        html.P(intro, className="tm-note"),
        note("admin"),
        basics.table(head, [_row(each) for each in found], label="Learned", numbers=(3, 4)),
        html.Div(_all(), className="tm-section-head") if may("admin") else None,
    ]


def _all() -> Any:
    return forms.confirmed(
        "settings", "learning-reset", "Reset everything", "No decision so far will count; the decisions stay.",
        key="{}", sure="Yes, reset everything",
    )  # fmt: skip


def _row(each: Acceptance) -> tuple[Any, ...]:
    kind = json.dumps({"check": each.check, "operation": each.operation, "semantic": each.semantic})
    ask = forms.confirmed("settings", "learning-reset", "Reset", "The decisions stay.", key=kind, sure="Reset it")
    return (
        each.check,
        each.operation,
        each.semantic or "–",
        f"{each.approved:,}",
        f"{each.rejected:,}",
        marks.confidence(each.acceptance),
        f"{each.low:.0%} to {each.high:.0%}",
        ask if may("admin") else None,
    )


def _reset(site: Site, asked: Asked) -> Done:
    gone = site.workspace.reset_learning(**json.loads(asked.key))
    number = sum(each.approved + each.rejected for each in gone)
    return Done(title=f"{number:,} decisions count no longer", message=f"on {len(gone):,} kinds of repairs")


ACTIONS = {"learning-reset": Action(run=_reset)}

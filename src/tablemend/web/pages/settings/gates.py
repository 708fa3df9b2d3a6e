"""Gates: which there are, which is in force, and what another one would have decided."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.errors import NotFound
from tablemend.review.replay import Flip, Replay
from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.components.allowed import may
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.settings import files
from tablemend.web.site import Site

MOST = 200
"""Flips that are listed; their number is told whole."""


def draw(site: Site, address: Address) -> Any:
    """Every gate, and one of them."""
    own = site.workspace.configuration
    in_force = own.gate_in_force
    found = own.gates.all()
    outside = None if any(each.what == in_force for each in found) else html.P(f"In force is the file {in_force}.")
    more = [
        forms.button("settings", "gate-replay", "Replay past decisions"),
        _choose(address, own, in_force) if may("admin") else None,
    ]
    intro = "A gate decides what needs no person. It is tried on past decisions before it is put in force."
    parts = files.draw(own.gates, "gates", "gate", address, in_force=in_force, more=more)
    return [html.P(intro, className="tm-note"), outside, parts]


def _choose(address: Address, own: Any, in_force: str) -> Any:
    name = address.query.get("name", "")
    known = next((each for each in own.gates.all() if each.name == name), None)
    if known is None or known.what == in_force:
        return None
    question = f"Let all repairs go by {name} from now on?"
    return forms.confirmed("settings", "gate-choose", "Put in force", question, key=name, sure="Yes, put in force")


def _save(site: Site, asked: Asked) -> Done:
    name, text = asked.text("name"), str(asked.fields.get("text") or "")
    site.workspace.configuration.save_gate(name, text, before=files.before(asked))
    return Done(title=f"Saved {name}", message="It is among the gates now; put it in force once you have replayed it.")


def _check(site: Site, asked: Asked) -> Done:
    return Done(shown=files.checked(site.workspace.configuration.gates, asked, "gate"), redraw=False)


def _replay(site: Site, asked: Asked) -> Done:
    own = site.workspace.configuration
    text = str(asked.fields.get("text") or "")
    faults = own.gates.faults(text)
    if faults:
        return Done(shown=forms.faults(faults, good=""), redraw=False)
    try:
        return Done(shown=replayed(own.replay_gate(text)), redraw=False)
    except NotFound as none:
        return Done(shown=html.P(f"{none}. {none.hint}", className="tm-note"), redraw=False)


def replayed(found: Replay) -> Any:
    """What a gate makes of past decisions: agreement, and every flip."""
    rows = [
        (who, f"{each.agreed:,}", f"{each.contradicted:,}", f"{each.left:,}", f"{each.reopened:,}", f"{each.total:,}")
        for who, each in (("people", found.people), ("gates", found.gates))
    ]
    head = ("Decided by", "Agrees", "Contradicts", "Leaves to people", "Reopened", "Decisions")
    flips = [_flip(each) for each in found.flips[:MOST]]
    listed = basics.table(("Item", "Was", "By", "Would be", "Why"), flips, label="Decisions that it would turn")
    rest = len(found.flips) - len(flips)
    return basics.section(
        "Past decisions replayed",
        basics.table(head, rows, label="Agreement", numbers=range(1, 6)),
        html.P(f"It would turn {len(found.flips):,} of {found.total:,} decisions.", className="tm-note"),
        listed if flips else None,
        html.P(f"{rest:,} more are not listed.", className="tm-note") if rest else None,
    )


def _flip(each: Flip) -> tuple[Any, ...]:
    why = each.why if each.rule == "default" else each.why[-1:]
    return each.title, each.decided, f"gate {each.by}" if each.gate else each.by, each.word, html.Div("; ".join(why))


def _choose_gate(site: Site, asked: Asked) -> Done:
    site.workspace.configuration.choose_gate(asked.key)
    return Done(title=f"{asked.key} is in force", message="Items that are open are judged by it from now on.")


def _remove(site: Site, asked: Asked) -> Done:
    site.workspace.configuration.remove_gate(asked.key)
    return Done(title=f"Removed {asked.key}")


ACTIONS = {
    "gate-save": Action(run=_save, blames="text"),
    "gate-check": Action(run=_check),
    "gate-replay": Action(run=_replay, blames="text"),
    "gate-choose": Action(run=_choose_gate),
    "gate-remove": Action(run=_remove),
}

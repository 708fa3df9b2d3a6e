"""Cache: results of queries that are kept, by table, and letting go of them."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.web.address import Address
from tablemend.web.components import basics, forms
from tablemend.web.components.allowed import may, note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.site import Site


def draw(site: Site, address: Address) -> Any:
    """What is kept."""
    del address
    found = site.base.cache_statistics()
    ratio = "–" if found.all.hit_rate is None else f"{found.all.hit_rate:.0%}"
    redis = found.redis
    facts = basics.facts(
        ("results", f"{found.entries:,}"),
        ("size", basics.megabytes(found.bytes)),
        ("hits", f"{found.all.hits_process + found.all.hits_redis:,} of {found.all.lookups:,} lookups, {ratio}"),
        ("gone to make room", f"{found.all.evictions:,}"),
        ("made invalid by writes", f"{found.all.invalidations:,}"),
        ("Redis", f"{redis.state} {redis.problem}".strip()),
    )
    rows = [(name, f"{entries:,}", basics.megabytes(size)) for name, (entries, size) in sorted(found.held.items())]
    table = basics.table(("Table", "Results", "Size"), rows, label="Kept by table", numbers=(1, 2))
    return [
        note("admin"),
        html.Div(
            [basics.section("Kept in this process", facts), _form() if may("admin") else None], className="tm-columns"
        ),
        basics.section("By table", table) if rows else None,
    ]


def _form() -> Any:
    hint = "Of queries like this, * for anything; empty for all"
    return basics.section(
        "Let go of results",
        html.Div(
            [
                forms.text("settings", "pattern", "Pattern", placeholder="SELECT * FROM orders*", description=hint),
                html.Div(forms.button("settings", "cache-clear", "Clear", danger=True), className="tm-actions"),
            ],
            className="tm-form",
        ),
    )


def _clear(site: Site, asked: Asked) -> Done:
    pattern = asked.text("pattern") or None
    gone = site.workspace.configuration.clear_cache(pattern)
    return Done(title=f"{gone:,} results let go", message="They are read anew where they are asked for.")


ACTIONS = {"cache-clear": Action(run=_clear, blames="pattern")}

"""Claims with what speaks for and against them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from tablemend.intel.sources import is_address
from tablemend.records import Claim, Evidence
from tablemend.web.components import marks


def listed(claims: Sequence[Claim], pieces: Sequence[Evidence], *, told: str = "") -> list[Any]:
    """Each claim with its evidence, then what belongs to none; a claim that `told` says already is not said again."""
    groups: list[Any] = []
    for claim in claims:
        if claim.text != told:
            groups.append(html.P(claim.text, className="tm-claim"))
        groups.append(_list([each for each in pieces if claim.id in each.claims]))
    named = {claim.id for claim in claims}
    groups.append(_list([each for each in pieces if not named.intersection(each.claims)]))
    return [each for each in groups if each is not None]


def _list(pieces: Sequence[Evidence]) -> Any:
    return html.Ul([html.Li(piece(each)) for each in pieces], className="tm-points") if pieces else None


def piece(evidence: Evidence) -> list[Any]:
    """What it says, whether it contradicts, and where it is from: a link where that is an address of the web."""
    against = marks.tag("contradicts", kind="error") if evidence.kind == "contradict" else None
    return [against, f" {evidence.text} ".strip(), source(evidence)]


def source(evidence: Evidence) -> Any:
    """Domain, tier and date of a piece of evidence that names a domain."""
    if not evidence.domain:
        return None
    rest = " · ".join(part for part in (evidence.tier, evidence.date[:10]) if part)
    return html.Span([" ", link(evidence.domain, evidence.source), f" · {rest}" if rest else ""], className="tm-note")


def link(text: str, url: str) -> Any:
    """A link out to an address of the web; anything else stays text."""
    if not is_address(url):
        return text
    return html.A(text, href=url.strip(), target="_blank", rel="noopener noreferrer")

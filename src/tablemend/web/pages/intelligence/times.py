"""What a run over stories was made of, and where its time went."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dash import html

from tablemend.web.address import path
from tablemend.web.components import basics
from tablemend.web.pages.intelligence.subject import Subject
from tablemend.web.pages.runs import words
from tablemend.web.pages.runs.one import stages
from tablemend.web.site import Site


def section(subject: Subject) -> list[Any]:
    """Facts, stages, and the way to everything that was measured."""
    run, terms = subject.run, subject.terms
    bands = Counter(each.told.band or "below every band" for each in subject.stories)
    facts = basics.facts(
        ("source", terms.source),
        ("written as", terms.kind),
        ("named", terms.source_name or "–"),
        ("scorecard", terms.scorecard.name),
        ("brand", terms.scorecard.policy.brand if terms.scorecard.policy else "no policy"),
        ("gate", terms.gate.name),
        ("ages to", f"{terms.now:%Y-%m-%d %H:%M} UTC"),
        ("stories", f"{len(subject.stories):,}"),
        ("events", f"{len({each.told.group for each in subject.stories}):,}"),
        ("bands", ", ".join(f"{name} {number:,}" for name, number in bands.items()) or "–"),
        ("status", words.status(run.status)),
        ("began", basics.when(run.started)),
        ("took", words.took(run.started, run.finished)),
    )
    every = basics.link_button("Everything measured", path("runs", run.id))
    return [
        html.Div([basics.section("Run", facts), _stages(subject.site, run.id)], className="tm-columns"),
        html.Div(every),
    ]


def _stages(site: Site, run: str) -> Any:
    return stages(site.workspace.run_report(run)) or html.P("No stage was measured.", className="tm-note")

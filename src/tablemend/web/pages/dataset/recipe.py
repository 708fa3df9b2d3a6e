"""The approved repairs of a dataset as a recipe that replays on other data, and as SQL."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from tablemend.errors import TablemendError
from tablemend.records import Run
from tablemend.repair import recipe, script
from tablemend.store.filters import Filter
from tablemend.web.address import path
from tablemend.web.components import basics
from tablemend.web.pages.dataset.subject import Subject

_SHOWN = 20_000  # characters of a text that a page shows


def section(subject: Subject) -> Any:
    """Recipe and script of the newest scan of which anything is approved."""
    run = _approved(subject)
    if run is None:
        return basics.empty(
            "No approved repair",
            "A recipe holds what was approved, to be done again on new data. Nothing of this dataset is approved yet.",
            basics.link_button("Review", subject.review()),
        )
    made = subject.workspace.recipe(run.id, name=subject.dataset.name)
    return [_recipe(subject, made, run), _check(subject, made), _script(subject, run)]


def _approved(subject: Subject) -> Run | None:
    """The newest scan of which anything is approved."""
    runs = subject.store.runs.recent(dataset=subject.id)
    scans = (run for run in runs if run.kind == "scan" and run.status == "completed" and run.version is not None)
    approved = (run for run in scans if subject.store.items.count(Filter(run=run.id, decision="approved")))
    return next(approved, None)


def _recipe(subject: Subject, made: recipe.Recipe, run: Run) -> Any:
    note = f"{len(made.repairs)} repairs on {len(made.needs)} columns, of run {run.id}"
    text = _text(recipe.dumps(made, "toml"))
    return basics.section("Recipe", text, _save(subject, "recipe", run, "Recipe"), note=note)


def _script(subject: Subject, run: Run) -> Any:
    text = _text(script.text(subject.store, run))
    return basics.section("SQL script", text, _save(subject, "script", run, "SQL script"), note="the same in SQL")


def _save(subject: Subject, what: str, run: Run, name: str) -> html.Div:
    link = f"/api/v1{path('datasets', subject.id, what)}?run={run.id}"
    given = {"aria-label": f"Download {name}"}
    return html.Div(html.A("Download", href=link, download="", className="tm-button", **given), className="tm-below")


def _text(text: str) -> html.Pre:
    cut = "" if len(text) <= _SHOWN else f"\n… and {len(text) - _SHOWN:,} more characters; download it to see all"
    return html.Pre(text[:_SHOWN] + cut, className="tm-long", tabIndex=0)


def _check(subject: Subject, made: recipe.Recipe) -> Any:
    """Whether the recipe can replay on another dataset."""
    others = [each for each in subject.store.datasets.all() if each.id != subject.id]
    if not others:
        return None
    chosen = subject.address.query.get("other", "")
    data = [{"value": each.id, "label": each.name} for each in others]
    known = {each.id for each in others}
    select = dmc.Select(
        id="dataset-other",
        label="Dataset",
        placeholder="choose a dataset",
        data=data,
        value=chosen if chosen in known else None,
        size="sm",
    )
    answer = _answer(subject, made, chosen) if chosen in known else None
    return basics.section("Check it on another dataset", html.Div(select, className="tm-choice"), answer)


def _answer(subject: Subject, made: recipe.Recipe, other: str) -> Any:
    try:
        problems = recipe.problems(made, subject.store.datasets.snapshot(other).columns)
    except TablemendError as problem:
        problems = [f"{problem}"]
    if not problems:
        return html.P("The recipe can replay there.", className="tm-yes", role="status")
    said = html.Ul([html.Li(each) for each in problems[:50]])
    return html.Div([html.P("The recipe cannot replay there:"), said], className="tm-no", role="status")

"""What other choices would change: a form, and the answer of the job that the address names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from tablemend.conflicts.whatif import speeds_of
from tablemend.errors import NotFound, SettingsError
from tablemend.web import conflicts as acting
from tablemend.web.components import basics, forms, marks
from tablemend.web.components.allowed import note
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.conflicts.runs import followed
from tablemend.web.pages.conflicts.subject import PAGE, Subject, secret_lacks
from tablemend.web.site import Site

VERB = "what_if"
_WORDS = {"appears": "would appear", "vanishes": "would vanish", "other rule": "by another rule"}


def section(subject: Subject) -> html.Div:
    """The form, and the newest answer or the one that the address names."""
    return html.Div([_form(subject), _answer(subject)], className="tm-tab-body")


def _form(subject: Subject) -> html.Section:
    rules = subject.rules
    about = (
        "The rows are judged twice, as the ruleset says and with other choices, and both are compared; nothing is "
        "written. Fields that are left empty stay as the ruleset has them."
    )
    travel = rules.travel
    now = ", ".join(f"{each.to:g}={each.mph:g}" for each in travel.speeds) if travel else ""
    ways = (
        (
            forms.text(PAGE, "road-factor", "Road factor", placeholder=f"{travel.road_factor:g}"),
            forms.text(
                PAGE,
                "speeds",
                "Speeds",
                placeholder=now,
                description="Up to so many miles = miles an hour, rising; beyond the last the last one holds",
            ),
        )
        if travel
        else ()
    )
    return basics.section(
        "What if",
        html.P(about, className="tm-about"),
        forms.hidden(PAGE, "job", subject.name),
        html.Div(
            [
                *ways,
                forms.text(
                    PAGE,
                    "tolerance",
                    "Tolerance",
                    placeholder=f"{rules.options.tolerance:g}",
                    description="Minutes by which an overlap, or a lack of time, must exceed nothing",
                ),
                html.Div(
                    [
                        forms.button(
                            PAGE, "what-if", "Compare", primary=True, right="scan",
                            disabled=secret_lacks(subject.workspace) is not None,
                        ),
                        note("scan"),
                    ],
                    className="tm-actions",
                ),
            ],
            className="tm-form tm-below",
        ),
    )  # fmt: skip


def _answer(subject: Subject) -> Any:
    asked = subject.address.query.get("answer", "")
    try:
        jobs = [subject.workspace.jobs.get(asked)] if asked else _newest(subject)
    except NotFound as problem:
        return basics.notice("There is no such answer", f"{problem}.", hint=problem.hint or "")
    found = [each for each in jobs if each.verb == VERB and each.subject == subject.name and each.result]
    if not found:
        return None
    job = found[0]
    result = job.result
    return basics.section(
        "Answer",
        html.P(_choices(job.arguments), className="tm-about"),
        _sums(result),
        _rules(result) if result["by_flag"] else None,
        *(_example(each) for each in result["examples"]),
        note=["asked by ", job.by, ", ", basics.when(job.finished), f", of {result['rows']:,} rows"],
    )


def _newest(subject: Subject) -> list[Any]:
    return subject.workspace.jobs.recent(verb=VERB, subject=subject.name, status="completed", limit=1)


def _choices(arguments: Mapping[str, Any]) -> str:
    speeds = ", ".join(f"up to {to:g} miles {mph:g} miles an hour" for to, mph in arguments.get("speeds") or ())
    told = [
        f"road factor {arguments['road_factor']:g}" if arguments.get("road_factor") is not None else "",
        speeds,
        f"tolerance {arguments['tolerance']:g} minutes" if arguments.get("tolerance") is not None else "",
        "as the older procedure" if arguments.get("original") else "",
    ]
    return f"With {'; '.join(each for each in told if each)}:"


def _sums(result: Mapping[str, Any]) -> html.Dl:
    told = (
        ("before", "Now"),
        ("after", "Then"),
        ("appear", "Would appear"),
        ("vanish", "Would vanish"),
        ("turned", "By another rule"),
        ("same", "Stay"),
    )
    return html.Dl(
        [html.Div([html.Dt(title), html.Dd(f"{result[name]:,}")], className="tm-sum") for name, title in told],
        className="tm-sums",
    )


def _rules(result: Mapping[str, Any]) -> html.Div:
    rows = [
        (flag.replace("_", " "), *(f"{each.get(name, 0):,}" for name in ("before", "after", "appear", "vanish")))
        for flag, each in result["by_flag"].items()
    ]
    head = ("Rule", "Now", "Then", "Would appear", "Would vanish")
    return basics.table(head, rows, label="Conflicts by rule", numbers=(1, 2, 3, 4))


def _example(each: Mapping[str, Any]) -> html.Details:
    turned = marks.change(each["before"].replace("_", " "), each["after"].replace("_", " "))
    both = bool(each["before"] and each["after"])
    return html.Details(
        [
            html.Summary(f"{each['id_a']} and {each['id_b']}: {_WORDS.get(each['what'], each['what'])}"),
            turned if both else None,
            html.Ul([html.Li(line) for line in each["told"]], className="tm-points"),
        ],
        className="tm-more",
    )


def _compare(site: Site, asked: Asked) -> Done:
    choices = {
        "road_factor": _number(asked, "road-factor", "road factor"),
        "tolerance": _number(asked, "tolerance", "tolerance"),
        "speeds": speeds_of(asked.text("speeds")),
    }
    given = {name: value for name, value in choices.items() if value not in (None, ())}
    if not given:
        raise SettingsError("nothing would change", hint="Give a road factor, speeds or a tolerance.")
    return followed(acting.what_if(site, asked.text("job"), **given))


def _number(asked: Asked, name: str, called: str) -> float | None:
    text = asked.text(name)
    try:
        return float(text) if text else None
    except ValueError as problem:
        raise SettingsError(f"{text!r} is no {called}", hint="Write a number like 1.25.") from problem


ACTIONS = {"what-if": Action(run=_compare, right="scan", blames="tolerance")}
"""What a click does."""

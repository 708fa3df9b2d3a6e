"""One story in full: its score by criterion, claims and sources, its event, what became of it and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import dcc, html

from tablemend.intel.brief_text import confirmed, when
from tablemend.web.address import path
from tablemend.web.components import basics, decisions, evidence, marks, values
from tablemend.web.components.allowed import may
from tablemend.web.pages.intelligence.subject import Story, Subject

_WHY = {"promote": "promoted", "monitor": "monitored", "block": "blocked"}


def detail(subject: Subject, story: Story) -> list[Any]:
    """Everything about a story."""
    told = story.told
    parts = [
        html.H2(evidence.link(told.title, told.url), className="tm-h2"),
        _marks(story),
        html.Div(f"{when(told.published)}, {told.id}, version {story.item.version}", className="tm-note"),
        html.P(told.summary) if told.summary else None,
        html.Div(_review(subject, story), className="tm-actions"),
        _score(subject, story),
        _claims(story),
        _event(subject, story),
        _why(subject, story),
        _measured(story),
        decisions.log(subject.workspace.store.items.decisions(story.item.id)),
    ]
    return [part for part in parts if part is not None]


def _marks(story: Story) -> html.Div:
    told = story.told
    flags = [marks.tag(flag, kind="flag") for flag in told.flags]
    return html.Div(
        [
            html.Span(f"{told.total:.1f}", className="tm-story-total", title="total of 100"),
            marks.tag(told.band or "below every band"),
            marks.decision(told.decision),
            *flags,
        ],
        className="tm-actions",
    )


def _review(subject: Subject, story: Story) -> Any:
    text = "Decide in Review" if story.told.decision == "open" and may("decide") else "Open in Review"
    return basics.link_button(text, f"{path('review', subject.id)}?item={story.item.id}")


def _score(subject: Subject, story: Story) -> html.Div:
    told, body = story.told, story.body
    rows = []
    for name, part in subject.terms.scorecard.parts.items():
        points = told.scores[name]
        title = html.Span(name, title=part.help or None, className="tm-nowrap")
        why = body.derived.get(name, "given by the source")
        rows.append((title, _points(points, part.maximum), why))
    table = basics.table(("criterion", "points", "why"), rows, label="Score by criterion")
    return html.Div(
        [
            html.H3("Score by criterion", className="tm-h3"),
            table,
            _lines(f"Flag: {each}" for each in told.notes) if told.notes else None,
        ]
    )


def _points(points: float, maximum: float) -> html.Span:
    share = f"{100 * points / maximum:.0f}%"
    return html.Span(
        [
            html.Span(html.Span(style={"width": share}), className="tm-bar", **{"aria-hidden": "true"}),
            html.Span(f" {points:g} of {maximum:g}", className="tm-bar-number tm-nowrap"),
        ],
        className="tm-confidence",
    )


def _claims(story: Story) -> html.Div:
    told = story.told
    found = evidence.listed(told.claims, told.evidence)
    return html.Div(
        [
            html.H3("Claims and sources", className="tm-h3"),
            html.Div(confirmed(told), className="tm-note"),
            *(found or [html.P("It makes no claim.", className="tm-note")]),
        ]
    )


def _event(subject: Subject, story: Story) -> Any:
    """The other reports of the same event."""
    others = [each for each in subject.stories if each.told.group == story.told.group and each is not story]
    if not others:
        return None
    lines = []
    for each in others:
        about = f" {each.told.total:.1f}, {when(each.told.published)}"
        shown = subject.here(story=each.item.id)
        lines.append(html.Li([dcc.Link(each.told.title, href=shown), html.Span(about, className="tm-note")]))
    reports = f"One event, {len(others) + 1:,} reports"
    return html.Details([html.Summary(reports), html.Ul(lines, className="tm-points")], className="tm-more", open=True)


def _why(subject: Subject, story: Story) -> html.Div:
    told, body = story.told, story.body
    lines = [*body.mentions, *body.explanation]
    gate = f"Why gate {subject.terms.gate.name} {_WHY[told.outcome]} it"
    parts = [html.H3(gate, className="tm-h3"), _lines(lines)]
    if told.why_not:
        parts += [html.Div("Why it was not promoted", className="tm-note"), _lines(told.why_not)]
    if told.decided_by and not told.decided_by.startswith("gate:"):
        reason = f": {told.reason}" if told.reason else ""
        parts.append(html.P(f"{marks.WORDS[told.decision]} by {told.decided_by}{reason}", className="tm-strong"))
    if told.stale:
        parts.append(html.P("That decision was on other words than this run saw.", className="tm-note"))
    return html.Div(parts)


def _lines(lines: Iterable[str]) -> html.Ul:
    return html.Ul([html.Li(each) for each in lines], className="tm-points")


def _measured(story: Story) -> html.Details:
    facts = story.body.facts.items()
    pairs = [(name.replace(".", ", ").replace("_", " "), values.number(value)) for name, value in facts]
    return html.Details([html.Summary("What was measured"), basics.facts(*pairs)], className="tm-more")

"""The stories of a run: by band, each event once by its strongest story, and one of them in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from tablemend.records import DECISIONS
from tablemend.web.components import basics, forms, marks
from tablemend.web.components.paging import paging
from tablemend.web.pages.intelligence import story as one
from tablemend.web.pages.intelligence.subject import DAYS, Story, Subject, stories_of

SIZE = 25
"""Events on a page."""


def section(subject: Subject) -> list[Any]:
    """Bands and conditions, the list, and the chosen story beside it."""
    if not subject.stories:
        return [basics.empty("No story could be used", "Every entry was rejected; why stands under Rejected.")]
    events = grouped(subject.chosen)
    start = forms.offset(subject.address.query)
    shown = events[start : start + SIZE]
    asked = subject.address.query.get("story", "")
    return [
        _bands(subject),
        _filters(subject),
        _told(subject, events),
        html.Div(
            [_list(subject, shown, asked, start, len(events)), _chosen(subject, shown, asked)],
            className="tm-stories tm-stories-one" if asked else "tm-stories",
        ),
    ]


def grouped(stories: Sequence[Story]) -> list[list[Story]]:
    """Stories by event, each with its strongest first, the strongest event first."""
    events: dict[str, list[Story]] = {}
    for each in stories:
        events.setdefault(each.told.group, []).append(each)
    return list(events.values())


def _bands(subject: Subject) -> html.Nav:
    """Each band with how many stories lie in it, as filters."""
    counts = Counter(each.told.band for each in subject.matching)
    query = subject.address.query
    band, below = query.get("band", ""), bool(query.get("below"))
    chips = [_chip("all", len(subject.matching), subject.here(band="", below=""), on=not band and not below)]
    for name, low, high in subject.terms.scorecard.ranges:
        span = f"totals from {low:g} to {high:g}"
        chips.append(
            _chip(name, counts[name], subject.here(band=name, below=""), on=band == name and not below, title=span)
        )
    chips.append(_chip("below every band", counts[""], subject.here(band="", below="yes"), on=below))
    return html.Nav(chips, className="tm-chips", **{"aria-label": "Bands"})


def _chip(name: str, number: int, href: str, *, on: bool, title: str = "") -> dcc.Link:
    kind = "tm-chip tm-chip-on" if on else "tm-chip"
    given = {"title": title} if title else {}
    return dcc.Link([name, html.Span(f" {number:,}", className="tm-count")], href=href, className=kind, **given)


def _filters(subject: Subject) -> html.Div:
    query = subject.address.query
    decisions = [(each, marks.WORDS.get(each, each)) for each in DECISIONS]
    return forms.filters(
        forms.filter_text("text", "Search", query.get("text"), inputProps={"data-search": ""}),
        forms.filter_choice("days", "Published", list(DAYS.items()), subject.days),
        forms.filter_choice("decision", "Decision", decisions, query.get("decision")),
    )


def _told(subject: Subject, events: Sequence[Sequence[Story]]) -> html.P:
    told = stories_of(sum(map(len, events)), len(events))
    undated = sum(each.told.published is None for each in subject.stories) if subject.days else 0
    left_out = f"; {undated:,} without a date left out" if undated else ""
    return html.P(told + left_out, className="tm-note tm-about", role="status")


def _list(subject: Subject, events: Sequence[Sequence[Story]], asked: str, start: int, total: int) -> html.Div:
    def page(number: int) -> str:
        return subject.here(**{"from": (number - 1) * SIZE or None})

    current = asked or (events[0][0].item.id if events else "")
    rows = [html.Li(_row(subject, event, current, start)) for event in events]
    found = html.Ul(rows, className="tm-story-list") if rows else html.P("No story matches.", className="tm-note")
    return html.Div([found, paging(start // SIZE + 1, total, SIZE, page, what="events")], className="tm-stories-list")


def _row(subject: Subject, event: Sequence[Story], current: str, start: int) -> dcc.Link:
    lead = event[0].told
    on = any(each.item.id == current for each in event)
    about = [lead.band or "below every band", f"{lead.published:%Y-%m-%d}" if lead.published else "no date"]
    about += [f"{len(event):,} reports"] if len(event) > 1 else []
    return dcc.Link(
        [
            html.Span(f"{lead.total:.1f}", className="tm-story-total"),
            html.Span(
                [html.Span(lead.title, className="tm-story-title"), html.Span(", ".join(about), className="tm-note")]
            ),
            marks.decision(lead.decision),
        ],
        href=subject.here(story=lead.id, **{"from": start or None}),
        className="tm-story-row tm-chosen" if on else "tm-story-row",
        title="shown beside" if on else None,
    )


def _chosen(subject: Subject, events: Sequence[Sequence[Story]], asked: str) -> Any:
    back = dcc.Link("All stories", href=subject.here(), className="tm-back tm-stories-back")
    if asked and asked not in subject.by_id:
        said = basics.notice(
            "This story is not in the run", f"{asked} is none of its items.", hint="Choose another one."
        )
        return html.Aside([back, said], className="tm-detail", **{"aria-label": "Story"})
    chosen = subject.by_id[asked] if asked else events[0][0] if events else None
    if chosen is None:
        return None
    return html.Aside([back, html.Div(one.detail(subject, chosen))], className="tm-detail", **{"aria-label": "Story"})

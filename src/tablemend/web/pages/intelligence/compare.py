"""A run beside another: stories that are new, gone or judged otherwise, and what they were scored by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html

from tablemend.intel.compare import Comparison, Difference, Setting
from tablemend.intel.run import KIND, terms
from tablemend.records import Item, Run
from tablemend.web.components import basics, forms, marks
from tablemend.web.components.paging import paging
from tablemend.web.pages.intelligence.subject import Subject

SIZE = 50
"""Rows on a page."""
OTHERS = 100
"""Newest runs that can be chosen."""


def section(subject: Subject) -> list[Any]:
    """A run to choose, and what differs from it."""
    others = _others(subject)
    if not others:
        return [
            basics.empty("No other run", "Score the same stories by another scorecard, or newer stories, to compare.")
        ]
    query = subject.address.query
    other = next((each for each in others if each.id == query.get("other")), None) or _before(subject, others)
    older, newer = sorted((subject.run, other), key=lambda each: each.started)
    found = subject.workspace.compare_intel(older.id, newer.id)
    choices = [(each.id, _name(each)) for each in others]
    choice = forms.filter_choice("other", "Beside", choices, other.id, clearable=False)
    part = query.get("what", "") if query.get("what") in _TABLES else "changed"
    return [
        forms.filters(html.Div(choice, className="tm-broad")),
        html.P(f"From {_name(older)} to {_name(newer)}: {found.same:,} stories are the same.", className="tm-about"),
        _chips(subject, found, other.id, part),
        *_page(subject, found, other.id, part),
    ]


def _others(subject: Subject) -> list[Run]:
    runs, _ = subject.workspace.runs_page(kind=KIND, limit=OTHERS)
    return [each for each in runs if each.id != subject.id and each.counts]


def _before(subject: Subject, others: Sequence[Run]) -> Run:
    """The newest run before this one, of the same source where there is one; else the one after it."""
    earlier = [each for each in others if each.started < subject.run.started]
    same = (each for each in earlier if terms(subject.workspace.store, each).source == subject.terms.source)
    return next(same, earlier[0] if earlier else others[-1])


def _name(run: Run) -> str:
    return f"{run.id}, {run.started:%Y-%m-%d %H:%M}, {sum(run.counts.values()):,} read"


def _chips(subject: Subject, found: Comparison, other: str, part: str) -> html.Nav:
    """How many differ in which way; each way has an address."""
    chips = [
        dcc.Link(
            [name, html.Span(f" {len(getattr(found, key)):,}", className="tm-count")],
            href=subject.here(other=other, what=key),
            className="tm-chip tm-chip-on" if key == part else "tm-chip",
        )
        for key, (name, _, _) in _TABLES.items()
    ]
    return html.Nav(chips, className="tm-chips", **{"aria-label": "What differs"})


def _page(subject: Subject, found: Comparison, other: str, part: str) -> list[Any]:
    name, head, row = _TABLES[part]
    every = getattr(found, part)
    if not every:
        return [html.P("None.", className="tm-note")]
    start = forms.offset(subject.address.query)

    def page(number: int) -> str:
        return subject.here(other=other, what=part, **{"from": (number - 1) * SIZE or None})

    rows = [row(subject, each) for each in every[start : start + SIZE]]
    return [basics.table(head, rows, label=name), paging(start // SIZE + 1, len(every), SIZE, page, what="rows")]


def _difference(subject: Subject, each: Difference) -> tuple[Any, ...]:
    bands = (each.band[0] or "below", each.band[1] or "below")
    decisions = (marks.WORDS[each.decision[0]], marks.WORDS[each.decision[1]])
    before, after = each.total
    title = _moved(each.title) if each.retitled else each.title[1]
    link = dcc.Link(title, href=subject.here(part="stories", story=each.id)) if each.id in subject.by_id else title
    return link, _moved((f"{before:.1f}", f"{after:.1f}")), _moved(bands), _moved(each.outcome), _moved(decisions)


def _moved(pair: tuple[str, str]) -> Any:
    """What something was and is; once where it is the same."""
    return marks.change(*pair) if pair[0] != pair[1] else html.Span(pair[1], className="tm-note")


def _item(subject: Subject, each: Item) -> tuple[Any, ...]:
    title = each.title
    link = dcc.Link(title, href=subject.here(part="stories", story=each.id)) if each.id in subject.by_id else title
    return link, f"{each.scores['total']:.1f}", each.body["band"] or "below", each.body["outcome"]


def _setting(subject: Subject, each: Setting) -> tuple[Any, ...]:
    del subject
    return html.Code(each.key), marks.change(_value(each.before), _value(each.after))


def _value(value: Any) -> str | None:
    """A value of a scorecard or gate as text; None where the key was not there."""
    return ", ".join(map(str, value)) if isinstance(value, list) else None if value is None else str(value)


_STORY = ("story", "total", "band", "outcome")
_TABLES: dict[str, tuple[str, tuple[str, ...], Callable[[Subject, Any], tuple[Any, ...]]]] = {
    "changed": ("Changed", (*_STORY, "decision"), _difference),
    "new": ("New", _STORY, _item),
    "gone": ("Gone", _STORY, _item),
    "settings": ("Scorecard and gate", ("key", "before and after"), _setting),
}
"""Ways in which runs differ: how each is called, the head of its table, and a row of it."""

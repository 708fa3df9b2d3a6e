"""A brief as a page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from tablemend.intel.brief import Brief, Event, Told
from tablemend.intel.brief_text import confirmed, counted, decision, parts, period, source, title, verbs, when, why
from tablemend.intel.sources import is_address
from tablemend.records import Evidence

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #8884}h3{font-size:1.05rem;margin:0}
article{margin:1.2rem 0;padding:.8rem 1rem;border:1px solid #8884;border-radius:.4rem}
.total{float:right;font-size:1.3rem;font-weight:600;margin-left:1rem}
.quiet{opacity:.75;font-size:.9rem}ul{padding-left:1.2rem;margin:.4rem 0}li{overflow-wrap:anywhere}
.against{color:light-dark(#a3261f,#ff9d95)}code{font-size:.85em}
"""


def page(made: Brief) -> str:
    """A brief as HTML, in light or dark as the reader's system is; everything that was read is escaped."""
    sections = "".join(
        f"<section><h2>{escape(each.band)}</h2>{_events(each.events)}</section>" for each in made.sections
    )
    promise = f"<p><em>{escape(made.promise)}</em></p>" if made.promise else ""
    rejected = [f"{escape(each.place)}: {escape(each.reason)}" for each in made.rejected]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title(made))}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{escape(title(made))}</h1>{promise}<p>{escape(counted(made))}.</p>"
        f'<p class="quiet">{escape(period(made))}</p>\n{sections}\n'
        f"{_listed('Blocked', made.blocked)}{_listed('Below every band', made.below)}"
        f"{_section('Rejected entries', rejected)}"
        f'<p class="quiet">Decide with: <code>{escape(verbs(made))}</code> (or <code>approve</code>, '
        "<code>reopen</code>).</p></body></html>\n"
    )


def _events(events: Sequence[Event]) -> str:
    return "\n".join(_event(each) for each in events) or "<p>Nothing.</p>"


def _event(event: Event) -> str:
    told = event.lead
    about = f"{escape(decision(told))}, {_link(when(told.published), told.url)}, <code>{escape(told.id)}</code>"
    return (
        f'<article><span class="total">{told.total:.1f}</span><h3>{escape(told.title)}</h3>'
        f'<p class="quiet">{about}<br>{escape(parts(told))}</p>'
        f"<p>{escape(told.summary)}</p>{_list(_lines(event))}</article>"
    )


def _lines(event: Event) -> Iterator[str]:
    told = event.lead
    yield from (f"Claim: {escape(each.text)}" for each in told.claims)
    yield f"Sources: {escape(confirmed(told))}"
    yield from map(_evidence, told.evidence)
    yield from (f"Note: {escape(each)}" for each in told.notes)
    if told.flags:
        yield f"Flags: {escape(', '.join(told.flags))}"
    yield from (f"Why: {escape(each)}" for each in told.why)
    yield from (f"Not promoted: {escape(each)}" for each in told.why_not)
    yield from (f"Also: {_brief(each)}" for each in event.others)


def _evidence(piece: Evidence) -> str:
    quote = f" “{escape(piece.text)}”" if piece.text else ""
    text = f"{_link(source(piece), piece.source)}{quote}"
    return f"For: {text}" if piece.kind == "support" else f'<span class="against">Against: {text}</span>'


def _link(text: str, url: str) -> str:
    """A link to an address of the web; anything else is no link."""
    return f'<a href="{escape(url)}" rel="noreferrer">{escape(text)}</a>' if is_address(url) else escape(text)


def _brief(told: Told) -> str:
    return f"{_link(told.title, told.url)} ({told.total:.1f}, <code>{escape(told.id)}</code>)"


def _listed(name: str, told: Sequence[Told]) -> str:
    return _section(name, [f"{_brief(each)}: {escape(why(each))}" for each in told])


def _section(name: str, lines: Sequence[str]) -> str:
    return f"<section><h2>{name}</h2>{_list(lines)}</section>" if lines else ""


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{each}</li>" for each in lines) + "</ul>"

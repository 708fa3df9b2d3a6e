"""A brief as Markdown, JSON or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tablemend.intel.brief import Brief, Event, Told, as_builtins
from tablemend.records import Evidence

_MARKDOWN = re.compile(r"([\\`*_\[\]<>&|~]|^[#+-]|(?<=^\d)[.)])")
"""Signs of Markdown: those that count anywhere, and those that count where a line begins."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a cell that a spreadsheet takes for a formula (OWASP, CSV Injection)."""

COUNTS = {
    "in_bands": "in bands",
    "below": "below every band",
    "blocked": "blocked",
    "rejected_by_people": "rejected by people",
    "before_the_period": "before the period",
    "undated": "without a date left out",
    "rejected_entries": "entries rejected",
}


def counted(made: Brief) -> str:
    """The counts of a brief in one line."""
    told = {name: label for name, label in COUNTS.items() if name != "undated" or made.counts[name]}
    return f"{made.read} read: " + ", ".join(f"{made.counts[name]} {label}" for name, label in told.items())


def title(made: Brief) -> str:
    """What a brief is called."""
    return f"{made.brand or made.scorecard}: brief of {made.now:%d %B %Y}"


def period(made: Brief) -> str:
    """The stories that a brief is about."""
    since = f"published from {when(made.since)} on" if made.since else "all stories"
    return f"Run {made.run} over {made.source}, {since}, ages to {when(made.now)}."


def verbs(made: Brief) -> str:
    """How to decide on a story, by its id."""
    return f"tablemend reject ID --run {made.run}"


def when(moment: datetime | None) -> str:
    """A moment for readers; nothing where it is not known."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "no date"


def decision(told: Told) -> str:
    """The decision on a story, and by whom."""
    by = f" by {told.decided_by.replace('gate:', 'gate ')}" if told.decided_by else ""
    by_person = told.decided_by and not told.decided_by.startswith("gate:")  # what a gate went by stands under why
    return f"{told.decision}{by}" + (f" ({told.reason})" if told.reason and by_person else "")


def source(piece: Evidence) -> str:
    """Domain, tier and date of a piece of evidence."""
    tier = {"": "", "unrated": ", unrated"}.get(piece.tier, f", tier {piece.tier}")
    return (piece.domain or "no source") + tier + (f", {piece.date[:10]}" if piece.date else "")


def confirmed(told: Told) -> str:
    """How many of the sources are independent of each other."""
    support = sum(each.kind == "support" for each in told.evidence)
    return f"{told.sources} independent of {support} supporting, {len(told.evidence) - support} against"


def parts(told: Told) -> str:
    """The parts of a score in one line."""
    return ", ".join(f"{name} {value:g}" for name, value in told.scores.items())


def markdown(made: Brief) -> str:
    """A brief as Markdown."""
    lines = [f"# {_md(title(made))}", "", *([f"*{_md(made.promise)}*", ""] if made.promise else [])]
    lines += [_md(period(made)), "", _md(counted(made)) + ".", ""]
    for section in made.sections:
        lines += [f"## {_md(section.band)}", ""]
        if not section.events:
            lines += ["Nothing.", ""]
        for event in section.events:
            lines += [*_event(event), ""]
    lines += _listed("Blocked", made.blocked) + _listed("Below every band", made.below)
    if made.rejected:
        lines += ["## Rejected entries", ""]
        lines += [f"- {_md(each.place)}: {_md(each.reason)}" for each in made.rejected] + [""]
    lines += [f"Decide with: `{verbs(made)}` (or `approve`, `reopen`)."]
    return "\n".join(lines).rstrip() + "\n"


def _md(text: str) -> str:
    """Text as Markdown shows it: on one line, nothing of it taken for a sign."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _link(text: str, url: str) -> str:
    if not url:
        return _md(text)
    safe = url.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
    return f"[{_md(text)}](<{safe}>)"


def _event(event: Event) -> Iterator[str]:
    told = event.lead
    yield f"### {_md(told.title)}"
    yield ""
    date = _link(when(told.published), told.url)
    yield f"**{told.total:.1f}** ({_md(parts(told))}), {_md(decision(told))}, {date}, `{told.id}`"
    yield ""
    if told.summary:
        yield _md(told.summary)
        yield ""
    yield from (f"- Claim: {_md(each.text)}" for each in told.claims)
    yield f"- Sources: {confirmed(told)}"
    yield from (f"- {_kind(each)} {_link(source(each), each.source)}{_quote(each)}" for each in told.evidence)
    yield from (f"- Note: {_md(each)}" for each in told.notes)
    if told.flags:
        yield f"- Flags: {_md(', '.join(told.flags))}"
    yield from (f"- Why: {_md(each)}" for each in told.why)
    yield from (f"- Not promoted: {_md(each)}" for each in told.why_not)
    yield from (f"- Also: {_link(each.title, each.url)} ({each.total:.1f}, `{each.id}`)" for each in event.others)


def _kind(piece: Evidence) -> str:
    return "For:" if piece.kind == "support" else "Against:"


def _quote(piece: Evidence) -> str:
    return f" “{_md(piece.text)}”" if piece.text else ""


def _listed(name: str, told: Sequence[Told]) -> list[str]:
    if not told:
        return []
    rows = [f"- {_link(each.title, each.url)} ({each.total:.1f}, `{each.id}`): {_md(why(each))}" for each in told]
    return [f"## {name}", "", *rows, ""]


def why(told: Told) -> str:
    """Why a story is where it is, in brief."""
    return "; ".join(told.why) if told.decision == "blocked" else decision(told)


def json(made: Brief) -> str:
    """A brief as JSON."""
    return msgspec.json.format(msgspec.json.encode(as_builtins(made)), indent=2).decode() + "\n"


def table(made: Brief) -> str:
    """A brief as CSV, a row for each story; cells that a spreadsheet would take for a formula begin with '."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["place", *COLUMNS], lineterminator="\n")
    writer.writeheader()
    for place, told in _placed(made):
        writer.writerow({"place": place} | {name: _cell(take(told)) for name, take in COLUMNS.items()})
    return out.getvalue()


def _placed(made: Brief) -> Iterator[tuple[str, Told]]:
    for section in made.sections:
        for event in section.events:
            yield from ((section.band, each) for each in event.told)
    yield from (("blocked", each) for each in made.blocked)
    yield from (("below", each) for each in made.below)
    yield from (("rejected", each) for each in made.rejected_by_people)


COLUMNS: dict[str, Any] = {
    "id": lambda told: told.id,
    "group": lambda told: told.group,
    "title": lambda told: told.title,
    "url": lambda told: told.url,
    "published": lambda told: told.published.isoformat() if told.published else "",
    "total": lambda told: round(told.total, 2),
    "band": lambda told: told.band,
    "scores": parts,
    "flags": lambda told: " ".join(told.flags),
    "claims": lambda told: " | ".join(each.text for each in told.claims),
    "independent_sources": lambda told: told.sources,
    "sources": lambda told: " | ".join(f"{each.kind}: {source(each)}" for each in told.evidence),
    "notes": lambda told: " | ".join(told.notes),
    "outcome": lambda told: told.outcome,
    "decision": lambda told: told.decision,
    "decided_by": lambda told: told.decided_by,
    "reason": lambda told: told.reason,
    "why": lambda told: " | ".join(told.why),
    "why_not": lambda told: " | ".join(told.why_not),
}
"""Columns of the CSV after its place in the brief, and how each is taken from a story."""


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value

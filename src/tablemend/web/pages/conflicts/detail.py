"""One conflict in detail: why both rows cannot be true, how they lie in time, what it costs, what was done to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from dash import html

from tablemend.conflicts import words
from tablemend.conflicts.changes import STATUSES
from tablemend.conflicts.ruleset import Ruleset
from tablemend.web.components import basics, marks
from tablemend.web.pages.conflicts import drawings

Row = Mapping[str, Any]


def detail(rules: Ruleset, row: Row, history: Sequence[Row]) -> list[Any]:
    """A conflict with its history, the newest of it first."""
    sentences = [html.Li(each) for each in words.explained(rules, row)]
    parts = [
        html.H2(f"{_side(row, 'a')} and {_side(row, 'b')}", className="tm-h2"),
        html.Div(
            [
                status(row["status"]),
                *(marks.tag(flag, kind="flag") for flag in row["flags"].split()),
                None if row["found"] else marks.tag("no longer found"),
            ],
            className="tm-actions",
        ),
        html.Ul(sentences, className="tm-points"),
        drawings.timeline(row),
        drawings.way(row),
        _facts(rules, row),
        log(history),
        html.P(f"conflict {row['conflict']}, run {row['run']}", className="tm-note"),
    ]
    return [part for part in parts if part is not None]


def _side(row: Row, side: str) -> str:
    differ = row[f"differ_{side}"]
    return f"{row[f'id_{side}']} at {differ}" if differ else str(row[f"id_{side}"])


def status(name: str) -> html.Span:
    """How a conflict stands, as a word and a colour."""
    word = STATUSES.get(name, name)
    return html.Span(word[:1].upper() + word[1:], className=f"tm-mark tm-standing-{name}")


def _facts(rules: Ruleset, row: Row) -> html.Dl:
    money = f"{row['amount']:,.2f}, {row['class'] or 'of no class'}" if row["amount"] is not None else "unknown"
    return basics.facts(
        ("at stake", money),
        (rules.entity.replace("_", " "), html.Code(row["entity"], title="a hash: the key itself is not kept")),
        ("first found", basics.when(row["first_at"].replace(tzinfo=UTC)) if row["first_at"] else "–"),
        ("changed", basics.when(row["changed_at"].replace(tzinfo=UTC)) if row["changed_at"] else "–"),
    )


def log(history: Sequence[Row]) -> html.Details:
    """What runs and people did to it."""
    lines = [html.Li(_step(each)) for each in reversed(history)]
    return html.Details(
        [html.Summary(f"History ({len(lines)})"), html.Ul(lines, className="tm-points")], className="tm-more", open=True
    )


def _step(each: Row) -> list[Any]:
    before, after = each["before_status"], each["status"]
    moved = f": {STATUSES.get(before, before)} → {STATUSES.get(after, after)}" if before and before != after else ""
    by = f" by {each['by']}" if each["by"] else ""
    note = html.Div(each["note"], className="tm-note") if each["note"] else None
    at = basics.when(each["at"].replace(tzinfo=UTC)) if each["at"] else "at an unknown time"
    return [f"{each['action']}{moved}{by}, ", at, note]

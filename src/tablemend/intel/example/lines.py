"""The lines of the example: its stories, and among them some that a reader must reject."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]


def line(entry: Entry) -> str:
    """A story as a line of JSON Lines."""
    return json.dumps({name: value for name, value in entry.items() if name != "event"}, ensure_ascii=False)


def among(told: Sequence[Entry], seed: int) -> list[str]:
    """The lines of the stories with the faulty ones among them."""
    lines = [line(each) for each in told]
    chance = random.Random(seed)
    for fault in _faults(told[0]):
        lines.insert(chance.randrange(1, len(lines)), fault)
    return lines


def _faults(first: Entry) -> list[str]:
    """Lines that must be rejected, each for a reason of its own."""
    plain = {"title": "Roasters meet in spring", "summary": "A date is set.", "published": "2026-11-10T09:00Z"}
    misspelt = plain | {"id": "f1", "scroes": {"impact": 10}}
    undated = plain | {"id": "f2", "published": "last Tuesday"}
    unlinked = plain | {"id": "f3", "claims": ["They meet."], "evidence": [{"claims": ["c7"], "quote": "In spring."}]}
    untitled = plain | {"id": "f4", "title": " "}
    excessive = plain | {"id": "f5", "scores": {"impact": 40}}
    early = plain | {"id": "f6", "published": "2027-01-01T00:00Z"}
    worded = plain | {"id": "f7", "scores": {"impact": "high"}}
    again = dict(first)
    entries: list[Entry] = [misspelt, undated, unlinked, untitled, excessive, early, worded, again]
    return [*map(line, entries), line(plain)[:60]]

"""Lines that a reader of the example must reject, each for a reason of its own."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]


def among(told: Sequence[Entry], seed: int) -> list[str]:
    """The lines of the stories with the faulty ones among them."""
    from tablemend.intel.example.generate import line

    lines = [line(each) for each in told]
    chance = random.Random(seed)
    for fault in _faults(told[0]):
        lines.insert(chance.randrange(1, len(lines)), fault)
    return lines


def _faults(first: Entry) -> list[str]:
    from tablemend.intel.example.generate import line

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

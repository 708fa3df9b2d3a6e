"""What the tests of the state share."""

from __future__ import annotations

from typing import Any

from tablemend.records import Claim, Decision, Evidence, Item, now
from tablemend.store.state import Store


def item(number: int, run: str, **fields: Any) -> Item:
    """A plain item."""
    given = {"id": f"i{number:04}", "run": run, "type": "repair", "title": "t", "content": "c", "check": "typo"}
    return Item(**given | fields)


def claimed(number: int, run: str, **fields: Any) -> Item:
    """An item with a claim and evidence for it."""
    evidence = Evidence(id="e1", claims=("c1",), text="prices rise", source="https://news.example/a", tier="B")
    claims = (Claim(id="c1", text=f"Prices rise by {number} percent."),)
    return item(number, run, claims=claims, evidence=(evidence,), **fields)


def begin(store: Store, kind: str = "scan") -> str:
    """A new run."""
    return store.runs.begin(kind, settings={"a": 1}).id


def decision(item: str, word: str = "approved", version: int = 1, **fields: Any) -> Decision:
    """A person's decision."""
    given = {"by": "ann", "gate": False, "when": now()}
    return Decision(item=item, version=version, decision=word, **given | fields)

"""What the tests of intelligence share: stories, a scorecard with a policy, and runs over them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core_helpers import workspace, write
from tablemend.intel.run import IntelRun
from tablemend.intel.story import Story
from tablemend.review.scorecard import Scorecard, load, parse
from tablemend.workspace import Workspace

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
POLICY = """
[policy]
brand = "Tern Coffee"
promise = "Slow & fair"
pillars = { origin = ["traceable origin"], fairness = ["fair pay"] }
forbidden_tactics = ["fear mongering"]
always_cover = ["recall"]
tiers = { A = ["gov.example", "edu"], B = ["ledger.example"] }
"""


def card() -> Scorecard:
    """The shipped scorecard with a policy."""
    import msgspec

    own = parse('name = "p"\nparts.x.maximum = 1\n' + POLICY, origin="policy")
    return msgspec.structs.replace(load("brand"), policy=own.policy)


def entry(identity: str = "a", **fields: Any) -> dict[str, Any]:
    """A well-formed entry whose every part is scored, with one claim and a domain of its own."""
    return {
        "id": identity,
        "title": f"Title {identity}",
        "url": f"https://{identity}.example/1",
        "published": (NOW - timedelta(hours=5)).isoformat(),
        "scores": {"impact": 20, "timeliness": 12, "virality": 8, "relevance": 15, "confidence": 7},
        "claims": [{"id": "c1", "text": f"Claim {identity}"}],
    } | fields


def lines(folder: Path, *entries: dict[str, Any] | str, name: str = "stories.jsonl") -> Path:
    """A file of JSON Lines; texts are lines as they are."""
    return write(
        folder / name, "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in entries)
    )


def score(ws: Workspace, folder: Path, *entries: dict[str, Any] | str, **options: Any) -> IntelRun:
    """A run over entries."""
    return ws.score_intel(lines(folder, *entries), **({"scorecard": card(), "now": NOW} | options))


def one(folder: Path, **fields: Any) -> Any:
    """The item that a single entry becomes."""
    with workspace(folder) as ws:
        return score(ws, folder, entry(**fields)).items[0]


def story(identity: str, title: str = "", *, hours: float | None = 0.0, **fields: Any) -> Story:
    """A story some hours before the present; without a date where `hours` is None."""
    published = None if hours is None else NOW - timedelta(hours=hours)
    return Story(id=identity, title=title or f"Title {identity}", published=published, **fields)

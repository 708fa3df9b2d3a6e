"""The rows of the review grid, as the browser reads them: whole once, then only what was decided since."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from cachetools import LRUCache
from fastapi import APIRouter, Query, Response

from tablemend.errors import NotFound
from tablemend.records import Item
from tablemend.review.gate import Gate, judge
from tablemend.store.filters import Filter
from tablemend.web.api.routes import Content, Routes
from tablemend.web.api.runs import RunPath
from tablemend.web.bundles import LEAST
from tablemend.web.site import Site
from tablemend.workspace import Workspace

MOST = 10_000
"""Rows that a browser is handed at once: up to here a filter answers within 300 ms in it (measured)."""
NEWEST = "newest"
"""Stands for the run that the page shows where its address names none."""
RUNS = 8
"""Runs whose rows are kept: about 0.3 MB for 10,000 rows."""
STEPS = 64
"""Newest changes of decisions that are kept of a run, so that who has seen one of them is told only the rest."""

FIELDS = (
    *("id", "check", "operation", "column", "title", "before", "after", "shown"),
    *("cells", "rows", "confidence", "flags", "passes", "total"),
)
"""What a row is made of, in this order: `check` is the band of a story, `before` and `after` are of its first cell if
`shown`, `passes` is by the gate, `total` by a scorecard."""

Decided = tuple[str, str, str]
"""Decision, by whom, and what became of it: empty, applied, or superseded where others had decided its cells."""
OPEN: Decided = ("open", "", "")


def router(site: Site) -> APIRouter:
    """The endpoints of the grid."""
    routes = Routes("pages", prefix="/data")
    rows, standings = Rows(), Standings()

    @routes.get("/items/{run}", right="read", answers=Content("application/json", kind="object"))
    def list_rows_of_run(run: RunPath) -> Any:
        """List the items of a run as the grid shows them, with whether the gate would promote each."""
        return _answer(rows.packed(site.workspace, run), compressed=True)

    @routes.get("/items/{run}/decisions", right="read", answers=Content("application/json", kind="object"))
    def list_decisions_of_run(run: RunPath, since: Annotated[int | None, Query(ge=0)] = None) -> Any:
        """List what was decided on the items of a run, by default on all of them that are not open."""
        return _answer(standings.since(site.workspace, run, since))

    return routes.router


class Rows:
    """The rows of runs, each made once for all who ask, until an item of it changes; decisions are not in them."""

    def __init__(self) -> None:
        self._kept: LRUCache[str, tuple[Any, bytes]] = LRUCache(RUNS)
        self._lock = threading.Lock()

    def packed(self, workspace: Workspace, run: str) -> bytes:
        """Every item of a run, compressed JSON: {"run": id, "fields": […], "rows": [[…], …], "total": n}."""
        found = _run(workspace, run)
        gate = workspace.gate_of(found)
        mark = (workspace.store.items.mark(found), hashlib.sha256(msgspec.json.encode(gate)).digest())
        with self._lock:  # whoever asks meanwhile gets the same rows instead of making them again
            kept = self._kept.get(found)
            if kept is None or kept[0] != mark:
                kept = self._kept[found] = (mark, _compressed(_rows(workspace, found, gate)))
        return kept[1]


class Standings:
    """What is decided on the items of runs, and the newest steps by which it came to be so."""

    def __init__(self) -> None:
        self._kept: LRUCache[str, _Standing] = LRUCache(RUNS)
        self._lock = threading.Lock()

    def since(self, workspace: Workspace, run: str, writes: int | None = None) -> bytes:
        """What was decided since a counter of writes, or what is not open where that is not known any more.

        JSON: {"run": id, "decisions": [[item, decision, by, end], …], "writes": counter, "all": whether all}.
        """
        found = _run(workspace, run)
        with self._lock:
            standing = self._kept.setdefault(found, _Standing())
            standing.renew(workspace, found)
            changed = standing.changed(writes)
            whole = changed is None
            told = {each: decided for each, decided in standing.decided.items() if decided != OPEN}
            at = standing.at
        listed = [(each, *decided) for each, decided in (told if changed is None else changed).items()]
        return msgspec.json.encode({"run": found, "decisions": listed, "writes": at, "all": whole})


class _Standing:
    """What is decided on each item of a run."""

    def __init__(self) -> None:
        self.at = -1  # counter of writes
        self.decided: dict[str, Decided] = {}
        self._steps: deque[tuple[int, dict[str, Decided]]] = deque(maxlen=STEPS)  # counter before, what changed then

    def renew(self, workspace: Workspace, run: str) -> None:
        """Read it anew if anybody has written since."""
        written = workspace.store.writes_counted()
        if written == self.at:
            return
        standing = workspace.store.items.standing(run)[:MOST]
        ends = workspace.ends(run) if any(applied for *_, applied in standing) else {}
        now = {
            item: (decision, by, ends.get(item, "applied") if applied else "")
            for item, decision, by, applied in standing
        }
        changed = {item: decided for item, decided in now.items() if self.decided.get(item) != decided}
        if self.at >= 0:
            self._steps.append((self.at, changed))
        self.at, self.decided = written, now

    def changed(self, writes: int | None) -> dict[str, Decided] | None:
        """What changed since a counter at which somebody was told; None where that is not known any more."""
        if writes == self.at:
            return {}
        steps = list(self._steps)
        start = next((n for n, (before, _) in enumerate(steps) if before == writes), None)
        if start is None:
            return None
        return {item: decided for _, step in steps[start:] for item, decided in step.items()}


def _run(workspace: Workspace, run: str) -> str:
    if run != NEWEST:
        return workspace.run(run).id
    found = workspace.reviewable()
    if not found:
        raise NotFound("there is nothing to review yet", hint="Scan a table first.")
    return found[0].id


def _rows(workspace: Workspace, run: str, gate: Gate | None) -> bytes:
    items = workspace.items(run, limit=MOST)
    total = len(items) if len(items) < MOST else workspace.store.items.count(Filter(run=run))
    rows = [row(item, gate) for item in items]
    return msgspec.json.encode({"run": run, "fields": FIELDS, "rows": rows, "total": total})


def row(item: Item, gate: Gate | None) -> tuple[Any, ...]:
    """An item as a row: the values of `FIELDS`."""
    before, after, shown = _first(item.body.get("sample", ()))
    return (
        item.id,
        item.check or _band(item),
        item.operation,
        ", ".join(item.columns),
        item.title,
        before,
        after,
        shown,
        item.cells,
        item.rows,
        item.confidence,
        item.flags,
        gate is None or judge(gate, item).outcome == "promote",
        item.scores.get("total"),
    )


def _band(item: Item) -> str:
    if item.type != "intel":
        return ""
    return item.body["band"] or "below every band"


def _first(sample: Sequence[Any]) -> tuple[Any, Any, bool]:
    if not sample:
        return None, None, False
    return sample[0].get("before"), sample[0].get("after"), True


def _compressed(body: bytes) -> bytes:
    import gzip

    return gzip.compress(body, 1, mtime=0)


def _answer(body: bytes, *, compressed: bool = False) -> Response:
    """JSON, compressed where it is worth it; browsers all accept that."""
    headers = {"Cache-Control": "no-store"}
    if not compressed and len(body) >= LEAST:
        body, compressed = _compressed(body), True
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)

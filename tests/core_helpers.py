"""What the tests of repairs, decisions and undo share: tables, proposals, and a workspace that scans with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.records import Column, Proposal
from tablemend.repair.compose import Step
from tablemend.repair.execution import Result, execute
from tablemend.repair.results import Scanned
from tablemend.tables.hashing import type_name
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

PYTHON = sys.executable


def table(**columns: Sequence[Any] | pa.Array) -> pa.Table:
    """A snapshot's table of the given columns; lists are text."""
    arrays = {
        name: each if isinstance(each, pa.Array) else pa.array(each, pa.string()) for name, each in columns.items()
    }
    rows = len(next(iter(arrays.values())))
    return pa.table({"_row": pa.array(range(1, rows + 1), pa.int64())} | arrays)


def columns_of(given: pa.Table) -> tuple[Column, ...]:
    """The columns of a snapshot's table."""
    fields = [field for field in given.schema if field.name != "_row"]
    return tuple(Column(name=field.name, header=field.name, type=type_name(field.type)) for field in fields)


def step(operation: str, *columns: str, identity: str = "s", **params: Any) -> Step:
    """One step."""
    return Step(id=identity, operation=operation, columns=columns, params=params)


def run(given: pa.Table, *steps: Step) -> Result:
    """Carry out steps on a table."""
    return execute(session(), given, columns_of(given), steps)


@cache
def session() -> Session:
    """One engine for all tests that only compute."""
    return Session(threads=1)


def proposal(operation: str, *columns: str, confidence: float = 0.99, **more: Any) -> Proposal:
    """A proposal; what is no field of it is a parameter."""
    fields = {key: more.pop(key) for key in ("check", "tier", "flags", "alternatives", "explanation") if key in more}
    fields.setdefault("check", "outer_space")
    return Proposal(operation=operation, columns=columns, confidence=confidence, params=more, **fields)


def workspace(folder: Path, **settings: Any) -> Workspace:
    """A workspace in a folder, with one thread and a name."""
    return open_workspace(folder / ".tablemend", **({"threads": 1, "user": "ann"} | settings))


def scan(ws: Workspace, source: Any, proposals: Iterable[Proposal]) -> Scanned:
    """Scan a source with the given proposals instead of those of the detectors."""
    return ws._scan(ws._load(source, {}, None), "scan", list(proposals))


def ids(scanned: Scanned) -> list[str]:
    """The items of a scan, as they were proposed."""
    return [item.id for item in scanned.items]


def write(path: Path, text: str) -> Path:
    """A file."""
    path.write_text(text, encoding="utf-8", newline="")
    return path


def values(given: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table."""
    return list(given.to_pylist())

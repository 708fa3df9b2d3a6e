"""What the tests of jobs share: a table, a scan with repairs, and waiting for what a worker does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import core_helpers
from tablemend.repair.results import Scanned
from tablemend.store.jobs import Job
from tablemend.workspace import Workspace

DEADLINE = 30.0


def until(condition: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    """What a condition gives once it is true; fails where it never is."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < end:
        if found := condition():
            return found
        pause.wait(0.005)
    raise AssertionError("it did not come true in time")


def ended(ws: Workspace, job: Job, seconds: float = DEADLINE) -> Job:
    """A job once it is over."""
    return until(lambda: found if (found := ws.jobs.get(job.id)).over else None, seconds)


def table(folder: Path, rows: int = 60, name: str = "t.csv") -> Path:
    """A file with cells to trim."""
    lines = "".join(f'"{" x" if n % 3 else "y"}",{n}\r\n' for n in range(rows))
    return core_helpers.write(folder / name, "a,b\r\n" + lines)


def approved(ws: Workspace, source: Path) -> Scanned:
    """A scan whose repairs are approved."""
    found = core_helpers.scan(ws, source, [core_helpers.proposal("trim", "a")])
    ws.approve(found.run, force=True)
    return found


def slow_source(folder: Path) -> Path:
    """A pipe that nobody writes to: whoever reads it hangs, in the system and not in Python."""
    import os

    path = folder / "never.csv"
    os.mkfifo(path)
    return path

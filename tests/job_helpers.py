"""What the tests of jobs share: a table, a scan with repairs, and waiting for what a worker does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

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


class SlowSource:
    """A server whose table comes only when `answer` is called: whoever reads it hangs until then."""

    def __init__(self) -> None:
        go = self._go = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                go.wait(DEADLINE)
                body = b"a,b\n x,1\n x,2\n"
                with suppress(OSError):  # who asked may be dead
                    self.send_response(200)
                    self.send_header("Content-Type", "text/csv")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/slow.csv"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self) -> None:
        """Let the table come."""
        self._go.set()

    def close(self) -> None:
        """End it."""
        self.answer()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def slow() -> Iterator[SlowSource]:
    """A source that hangs."""
    made = SlowSource()
    yield made
    made.close()

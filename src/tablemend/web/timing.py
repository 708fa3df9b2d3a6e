"""How long the server takes to answer: by callback, endpoint and page, beside what is aimed at."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from datetime import datetime
from typing import Any, Literal

from tablemend.records import Record, now
from tablemend.telemetry import Telemetry
from tablemend.web.bundles import App, Receive, Scope, Send

_log = logging.getLogger(__name__)

Kind = Literal["callback", "endpoint", "page", "file"]
TARGETS: dict[Kind, float] = {"callback": 0.3, "endpoint": 0.5, "page": 1.0, "file": 0.5}
"""Seconds within which 95 of 100 answers of a kind should be there; slower ones are logged.

A change of a control shows within 300 ms, an answer of the interface within 500 ms also with 20 users, and a page that
was seen before within a second.
"""

KEPT = 5_000
"""Newest answers that the percentiles rest on."""
NAMES = 300
"""Most names that are told apart; all others count as one."""
OTHER = "other"
SLOW = 50
"""Newest slow answers that are kept one by one."""
_HEAD = 4_096  # bytes of a callback's request in which its name stands
_LONGEST = 120

_OUTPUT = re.compile(rb'"output"\s*:\s*"((?:[^"\\]|\\.)*)"')
_FILES = ("/_dash-component-suites/", "/assets/", "/static/")
_CALLBACK = "/_dash-update-component"


class Timing(Record, frozen=True, kw_only=True):
    """How long the answers of one name took."""

    kind: Kind
    name: str  # outputs of a callback, method and path of an endpoint
    count: int  # also those that the percentiles no longer cover
    failed: int  # of them, answered with 500 or more, or not at all
    p50: float | None  # seconds
    p95: float | None
    max: float

    @property
    def target(self) -> float:
        """Seconds within which 95 of 100 should be there."""
        return TARGETS[self.kind]

    @property
    def met(self) -> bool:
        """Whether they are."""
        return self.p95 is None or self.p95 <= self.target


class Slow(Record, frozen=True, kw_only=True):
    """An answer that took longer than is aimed at."""

    at: datetime
    kind: Kind
    name: str
    seconds: float


class Times:
    """How long answers took, in bounded memory; safe for threads."""

    def __init__(self) -> None:
        self._telemetry = Telemetry(KEPT)
        self._slow: deque[Slow] = deque(maxlen=SLOW)
        self._names: set[tuple[Kind, str]] = set()
        self._lock = threading.Lock()

    def note(self, kind: Kind, name: str, seconds: float, *, failed: bool = False) -> None:
        """Note an answer; a slow one is logged by its name, without any value that it was about."""
        known = self._known(kind, name[:_LONGEST])
        self._telemetry.timing(f"{kind} {known}", seconds)
        if failed:
            self._telemetry.count(f"{kind} {known}.failed")
        if seconds > TARGETS[kind]:
            self._slow.append(Slow(at=now(), kind=kind, name=known, seconds=seconds))
            _log.warning("slow %s: %s took %.0f ms", kind, known, 1_000 * seconds)

    def _known(self, kind: Kind, name: str) -> str:
        with self._lock:
            if (kind, name) not in self._names and len(self._names) >= NAMES:
                return OTHER
            self._names.add((kind, name))
            return name

    def report(self) -> list[Timing]:
        """Every name, the slowest first."""
        figures = self._telemetry.report()
        with self._lock:
            names = sorted({*self._names, *((kind, OTHER) for kind in TARGETS)})
        found = []
        for kind, name in names:
            each = figures.get(f"{kind} {name}")
            if each is not None:
                failed = figures.get(f"{kind} {name}.failed")
                found.append(
                    Timing(
                        kind=kind,
                        name=name,
                        count=each.count,
                        failed=0 if failed is None else int(failed.sum),
                        p50=each.p50,
                        p95=each.p95,
                        max=each.max,
                    )
                )
        return sorted(found, key=lambda timing: -(timing.p95 or 0.0))

    def slow(self) -> list[Slow]:
        """The slow answers that are kept, newest first."""
        return list(reversed(self._slow))


class Timed:
    """Around an app: every answer is timed, but streams, which last as long as somebody listens."""

    def __init__(self, app: App, times: Times) -> None:
        self.app = app
        self.times = times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _Request(receive, send, named=scope["path"] == _CALLBACK)
        path, started = scope["path"], time.perf_counter()
        try:
            await self.app(scope, request.receive, request.send)
        finally:
            if not request.streams:
                kind, name = _named(scope, path, request.output)
                self.times.note(kind, name, time.perf_counter() - started, failed=request.status >= 500)


class _Request:
    """What goes by of one request: the output that a callback names, the status, whether the answer is a stream."""

    def __init__(self, receive: Receive, send: Send, *, named: bool) -> None:
        self._receive = receive
        self._send = send
        self._named = named
        self.output = ""
        self.status = 500  # until an answer begins
        self.streams = False

    async def receive(self) -> Any:
        message = await self._receive()
        if self._named and message["type"] == "http.request":
            self._named = False
            found = _OUTPUT.search(message.get("body", b"")[:_HEAD])
            self.output = "" if found is None else found[1].decode("utf-8", "replace")
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.streams = any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message["headers"]
            )
        await self._send(message)


def _named(scope: Scope, path: str, output: str) -> tuple[Kind, str]:
    """What a request counts as; the name is one of the program's own, never one that somebody made up."""
    if path == _CALLBACK:
        return "callback", outputs(output)
    if path.startswith(_FILES):
        return "file", path.split("/")[1]
    route = getattr(scope.get("route"), "path", "")
    if route and route != "/":
        return "endpoint", f"{scope['method']} {route}"
    if path.startswith("/api/"):
        return "endpoint", OTHER
    return "page", path if path in ("/_dash-layout", "/_dash-dependencies") else "frame"


def outputs(text: str) -> str:
    """The outputs of a callback as people read them: `..page.children...who.children..` → `page.children, …`."""
    parts = [part for part in text.strip(".").split("...") if part]
    return ", ".join(re.sub(r"@[0-9a-f]+$", "", part.replace("\\", "")) for part in parts) or OTHER

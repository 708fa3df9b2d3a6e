"""Many people at work at once: each signed in, each with a stream of events, clicking every few seconds.

What a click asks the server for is noted in a browser once, and asked again by each of them, for themselves.
"""

from __future__ import annotations

import gzip
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psutil

from tablemend.bench.backlog import backlog
from tablemend.bench.case import Row, p95, seconds
from tablemend.bench.looking import Visitor, Watched, watching
from tablemend.bench.web import DATASETS, EVERY, FINDING, LISTED, REVIEW, SHOWN
from tablemend.errors import StateError
from tablemend.records import Record
from tablemend.workspace import Workspace

USERS = 20
ITEMS = 2_000
LASTING = 60.0
PAUSES = (1.0, 5.0)
"""Seconds between two clicks, 3 in the mean: TPC-W (2002) has people think for 7."""
MIX = {"open Overview": 2, "open Review": 2, "go to Runs": 2, "look at an item": 8, "decide": 6}
"""How often each is clicked, of 20; filters are the browser's own and ask the server for nothing."""
PASSWORD = "correct horse battery"

_TROUBLE = (b'"color":"red"', b'"color":"yellow"')
"""In an answer: a notice of something that failed, or was done in part."""
_FILES = ("/_dash-component-suites/", "/assets/", "/static/")
_LATER = ("/api/v1/events", "/decisions?since=")


class Request(Record, frozen=True, kw_only=True):
    """What a browser asked for."""

    method: str
    path: str
    body: str = ""


Clicks = dict[str, list[Request]]


class Recorder:
    """Notes what a visitor asks the server for, but files, which browsers keep, and what news make it ask for."""

    def __init__(self, visitor: Visitor) -> None:
        self._requests: list[Request] = []
        visitor.page.on("request", self._note)

    def _note(self, request: Any) -> None:
        path = "/" + request.url.split("/", 3)[3]
        if not path.startswith(_FILES) and not any(each in path for each in _LATER):
            self._requests.append(Request(method=request.method, path=path, body=request.post_data or ""))

    def taken(self) -> list[Request]:
        """What was asked for since the last call."""
        found, self._requests = self._requests, []
        return found


def recorded(visitor: Visitor) -> tuple[Clicks, str]:
    """What each click asks for, and the item that those about an item are about."""
    page, recorder, clicks = visitor.page, Recorder(visitor), {}
    visitor.load("/", DATASETS)
    clicks["open Overview"] = recorder.taken()
    visitor.click('nav a[href="/runs"]', "#page h1", text="^Runs")
    clicks["go to Runs"] = recorder.taken()
    visitor.load("/review", LISTED)
    visitor.wait('body[data-live="on"]')
    visitor.wait(SHOWN, text="shown")
    clicks["open Review"] = recorder.taken()
    page.keyboard.press("j")
    visitor.wait("#review-detail h2")
    clicks["look at an item"] = recorder.taken()
    for key, name, word in (("r", "reject", "Rejected"), ("o", "reopen", "Open")):
        page.keyboard.press(key)
        visitor.wait("#review-detail .tm-mark", text=word)
        clicks[name] = recorder.taken()
    (look,) = json.loads(clicks["look at an item"][0].body)["inputs"]
    return clicks, str(look["value"]["item"])


class Person:
    """One of many: clicks, and looks again whenever the stream tells that somebody has written."""

    news = "/data/items/newest/decisions"  # what is looked at again; empty: nothing

    def __init__(self, number: int, secret: str, port: int, clicks: Clicks, item: str, items: Sequence[str]) -> None:
        self._draw = random.Random(number)
        self._clicks = clicks
        self._item = item
        self._items = items
        self._rejected = ""
        self._port = port
        self._cookie = f"tablemend_{port}={secret}"
        self._over = threading.Event()
        self._stream: socket.socket | None = None
        self._threads = [threading.Thread(target=each) for each in (self._work, self._listen)]
        self.times: dict[str, list[float]] = {}
        self.errors: list[str] = []
        self.asked = 0

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._stream is not None:
            self._stream.shutdown(socket.SHUT_RDWR)
        for each in self._threads:
            each.join()

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        names, weights = list(MIX), list(MIX.values())
        while not self._over.wait(self._draw.uniform(*PAUSES)):
            (name,) = self._draw.choices(names, weights)
            self._click(connection, name)
            self._timed("nothing", lambda: self._ask(connection, Request(method="GET", path="/api/v1/me")))
        connection.close()

    def _click(self, connection: http.client.HTTPConnection, name: str) -> None:
        item = self._rejected or self._draw.choice(self._items)
        kind = ("reopen" if self._rejected else "reject") if name == "decide" else name
        if name == "decide":
            self._rejected = "" if self._rejected else item
        requests = [
            Request(method=each.method, path=each.path, body=each.body.replace(self._item, item))
            for each in self._clicks[kind]
        ]
        self._timed(name, lambda: [self._ask(connection, each) for each in requests])

    def _timed(self, name: str, work: Any) -> None:
        started = time.perf_counter()
        try:
            work()
        except (OSError, http.client.HTTPException) as problem:
            self.errors.append(f"{name}: {problem!r}")
        self.times.setdefault(name, []).append(time.perf_counter() - started)

    def _ask(self, connection: http.client.HTTPConnection, request: Request) -> bytes:
        headers = {
            "Cookie": self._cookie,
            "Origin": f"http://127.0.0.1:{self._port}",
            "Content-Type": "application/json",
            "Accept-Encoding": "gzip",
        }
        self.asked += 1
        connection.close()  # the server may have closed it meanwhile, which a browser notices and goes on
        connection.request(request.method, request.path, request.body.encode() or None, headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.getheader("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if answer.status not in (200, 204) or any(each in body for each in _TROUBLE):
            self.errors.append(f"{request.method} {request.path}: {answer.status} {body[:600]!r}")
        return body

    def _listen(self) -> None:
        """The stream of events, and what a browser asks for when it tells of a write."""
        streaming = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        asking = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        streaming.connect()
        self._stream = streaming.sock
        streaming.request("GET", "/api/v1/events", headers={"Cookie": self._cookie})
        answer = streaming.getresponse()
        seen = ""
        while not self._over.is_set():
            line = answer.readline()
            if not line:
                break
            if self.news and line.startswith(b'data: {"writes"'):
                path = f"{self.news}{seen}"
                self._timed("news", lambda path=path: self._ask(asking, Request(method="GET", path=path)))
                seen = "?since=" + line.decode().split(":")[2].strip(" }\r\n")
        if not self._over.is_set():
            self.errors.append("the stream of events ended")
        streaming.close()
        asking.close()


class Memory:
    """The most memory that a process and its children hold, looked at twice a second; a context manager."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most = {"server RSS": 0.0, "server PSS": 0.0, "workers RSS": 0.0, "workers PSS": 0.0, "all PSS": 0.0}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            server = _held(self._process)
            workers = [_held(each) for each in self._process.children(recursive=True)]
            rss, pss = (sum(each[n] for each in workers) for n in (0, 1))
            now = {
                "server RSS": server[0],
                "server PSS": server[1],
                "workers RSS": rss,
                "workers PSS": pss,
                "all PSS": server[1] + pss,
            }
            self.most = {name: max(most, now[name]) for name, most in self.most.items()}


def _held(process: psutil.Process) -> tuple[float, float]:
    """MB of a process: resident, and its share of what is shared; where the system does not tell that, resident."""
    found = process.memory_full_info()
    return found.rss / 2**20, getattr(found, "pss", found.rss) / 2**20


def twenty(folder: Path, people: int = USERS, items: int = ITEMS, lasting: float = LASTING) -> list[Row]:
    """People at work for a while, one more of them in a browser, and the memory of the server meanwhile."""
    with watching(folder, lambda ws: _prepared(ws, folder, people, items)) as watched:
        secrets = [watched.workspace.accounts.sign_in(f"user{n}", PASSWORD) for n in range(people + 1)]
        with watched.visitor(secrets[0]) as visitor:
            clicks, item = recorded(visitor)
            open_items = [each.id for each in watched.workspace.items(decision="open") if each.id != item]
            share = len(open_items) // people
            persons = [
                Person(n, secrets[n + 1], watched.server.port, clicks, item, open_items[n * share : (n + 1) * share])
                for n in range(people)
            ]
            process = watched.server.process
            assert process is not None
            with ExitStack() as stack:
                memory = stack.enter_context(Memory(process.pid))
                for each in persons:
                    stack.enter_context(each)
                seen = _looked(visitor, lasting)
        _require_decided(watched, persons)
    return _told(persons, seen, memory, lasting)


def _prepared(workspace: Workspace, folder: Path, people: int, items: int) -> None:
    backlog(workspace, folder / "orders.csv", items)
    for n in range(people + 1):
        workspace.accounts.add(f"user{n}", "approver" if n else "admin", password=PASSWORD)


def _looked(visitor: Visitor, lasting: float) -> list[float]:
    """One in a browser meanwhile: filters, goes away and comes back."""
    found, until = [], time.monotonic() + lasting
    while time.monotonic() < until:
        found.append(visitor.click(FINDING, SHOWN, text="^[0-9]+ shown"))
        visitor.page.wait_for_timeout(1_000 * PAUSES[0])
        found.append(visitor.click(EVERY, SHOWN, text="^[0-9,]+ shown"))
        visitor.page.wait_for_timeout(1_000 * PAUSES[0])
        found.append(visitor.click('nav a[href="/"]', DATASETS))
        visitor.page.wait_for_timeout(1_000 * PAUSES[0])
        found.append(visitor.click(REVIEW, LISTED))
        visitor.page.wait_for_timeout(1_000 * PAUSES[0])
    return found


def _require_decided(watched: Watched, persons: Sequence[Person]) -> None:
    """What was clicked was decided; else the answers were of something else."""
    asked = sum(len(each.times.get("decide", ())) for each in persons if not each.errors)
    decided = sum(watched.workspace.audit(action=verb)[1] for verb in ("reject", "reopen"))
    if decided < asked:
        raise StateError(f"{asked} decisions were asked for, and {decided} taken")


def _told(persons: Sequence[Person], seen: Sequence[float], memory: Memory, lasting: float) -> list[Row]:
    case = "web.users_20"
    clicks: dict[str, list[float]] = {}
    for each in persons:
        for name, spent in each.times.items():
            clicks.setdefault(name, []).extend(spent)
    nothing = clicks.pop("nothing", [0.0])
    every = [each for name, spent in clicks.items() if name != "news" for each in spent]
    errors = [each for person in persons for each in person.errors]
    asked = sum(each.asked for each in persons)
    slow = p95(every)
    failed = f"failed of {asked:,} requests" + (f", the first {errors[0]}" if errors else "")
    return [
        Row(case=case, what=failed, value=len(errors), unit="errors", bar=0, met=not errors),
        Row(
            case=case,
            what=f"p95 of {len(every):,} clicks of {len(persons)} people in {lasting:.0f} s, until answered",
            value=slow,
            unit="s",
            baseline=p95(nothing),
            baseline_what="the smallest answer, p95",
            ratio=p95(nothing) / slow,
            bar=0.5,
            met=slow <= 0.5,
        ),
        *(seconds(case, f"of which {name}", spent) for name, spent in sorted(clicks.items())),
        seconds(case, "one more in a browser meanwhile, from a click until it is seen", seen),
        *(_megabytes(case, name, most) for name, most in memory.most.items()),
    ]


def _megabytes(case: str, name: str, most: float) -> Row:
    bar = 600.0 if name == "all PSS" else None
    what = f"most memory, {name}"
    return Row(case=case, what=what, value=most, unit="MB", bar=bar, met=None if bar is None else most <= bar)

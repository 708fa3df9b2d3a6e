"""The browser: pages, long lists, filters and applies, each from the click until something is seen."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tablemend.bench.backlog import FEW, backlog
from tablemend.bench.case import Row, more, seconds
from tablemend.bench.data import orders_csv
from tablemend.bench.heal import REPAIRS, ROWS, Job
from tablemend.bench.looking import Watched, watching
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

ITEMS, MANY = 2_000, 10_000
REPETITIONS = 7

LISTED = "#review-grid .ag-row .tm-change"
SHOWN = "#review-shown"
DATASETS = "#page tbody tr"
REVIEW, OVERVIEW = 'nav a[href="/review"]', 'nav a[href="/"]'
FINDING = '.tm-facet[data-check="pattern_deviation"][data-column="zip"]'
EVERY = '.tm-facet[data-check=""][data-column=""]'
SEARCH = "#review-search"
SELECT = ".ag-header-select-all .ag-checkbox-input"
DIALOG = '[role="dialog"]'


def first_load(folder: Path, items: int = ITEMS, repetitions: int = REPETITIONS) -> list[Row]:
    """Overview and Review with an empty cache and with one, beside the same rows as a page without a script."""
    found: dict[str, list[float]] = {}

    def note(what: str, spent: float) -> None:
        found.setdefault(what, []).append(spent)

    with watching(folder, lambda ws: backlog(ws, folder / "orders.csv", items)) as watched, _plain(watched) as plain:
        with watched.visitor() as first:
            first.load("/review", LISTED)  # the server reads its scripts and compresses them once
        for _ in range(repetitions):
            for name, path, until in (("Overview", "/", DATASETS), ("Review", "/review", LISTED)):
                with watched.visitor() as visitor:
                    note(f"{name} cold", visitor.load(path, until))
                    note(f"{name} warm", visitor.load(path, until))
            with watched.visitor() as visitor:
                note("plain", visitor.load(plain, "tbody tr"))
    told = f"the same {items:,} items as plain HTML"
    return [
        *(_load("Overview", found, kind) for kind in ("cold", "warm")),
        *(_load(f"Review of {items:,} items", found, kind, found["plain"], told) for kind in ("cold", "warm")),
    ]


def _load(name: str, found: dict[str, list[float]], kind: str, baseline: list[float] = [], told: str = "") -> Row:  # noqa: B006
    cache = "with an empty cache" if kind == "cold" else "seen before"
    return seconds(
        "web.first_load",
        f"{name}, {cache}, until its rows are there",
        found[f"{name.split(maxsplit=1)[0]} {kind}"],
        baseline=baseline,
        baseline_what=told,
        bar=2.5 if kind == "cold" else 1.0,
    )


@contextmanager
def _plain(watched: Watched) -> Iterator[str]:
    """Address of a page with the items as a table, and nothing else."""
    lines = "".join(
        f"<tr><td>{'<td>'.join(html.escape(str(each)) for each in (item.title, item.confidence, item.decision))}"
        for item in watched.workspace.items()
    )
    body = f"<!DOCTYPE html><title>items</title><table><tbody>{lines}</table>".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def items_10k(folder: Path, items: int = MANY, repetitions: int = REPETITIONS) -> list[Row]:
    """From a click in the navigation of the open Overview until the first rows are drawn; the browser knows the files,
    not the items; and once more when it knows these too.
    """
    first, again, anew = [], [], []
    with watching(folder, lambda ws: backlog(ws, folder / "orders.csv", items)) as watched:
        for n in range(repetitions + 1):
            with watched.visitor() as visitor:
                visitor.load("/review", LISTED)
                anew.append(visitor.load("/review", LISTED))
                visitor.load("/", DATASETS)
                visitor.wait('body[data-live="on"]')
                first.append(visitor.click(REVIEW, LISTED))
                visitor.click(OVERVIEW, DATASETS)
                again.append(visitor.click(REVIEW, LISTED))
            if n == 0:
                first, again, anew = [], [], []
    return [
        seconds(
            "web.items_10k",
            f"{items:,} items, from the click on Review in the open Overview to the first rows",
            first,
            baseline=anew,
            baseline_what="loading the address anew",
            bar=0.5,
        ),
        seconds("web.items_10k", "the same again, nothing written since", again),
    ]


def narrowing(folder: Path, items: int = MANY, repetitions: int = REPETITIONS) -> list[Row]:
    """From a click on a finding, or a word in the search, until the number of what matches is another."""
    finding, search, asked = [], [], []
    with watching(folder, lambda ws: backlog(ws, folder / "orders.csv", items)) as watched:
        few = f"^{FEW} shown"
        every = f"^{items:,} shown"
        word = watched.workspace.items(check="pattern_deviation", limit=1)[0].body["sample"][0]["after"]
        query = f"/api/v1/items?check=pattern_deviation&limit={FEW}"
        with watched.visitor() as visitor:
            visitor.load("/review", SHOWN, text=every)
            for _ in range(repetitions + 1):
                finding.append(visitor.click(FINDING, SHOWN, text=few))
                visitor.click(EVERY, SHOWN, text=every)
                search.append(visitor.type(SEARCH, word, SHOWN, text="^[1-9] shown"))
                visitor.type(SEARCH, "", SHOWN, text=every)
                asked.append(visitor.fetch(query))
    ways = {
        f"{FEW} of {items:,} items by a click on their finding": finding,
        f"a few of {items:,} items by a word in the search": search,
    }
    told = "asking the server for them"
    return [
        seconds("web.filter", what, found[1:], baseline=asked[1:], baseline_what=told, bar=0.3)
        for what, found in ways.items()
    ]


def first_progress(folder: Path, items: int = MANY, repetitions: int = 5) -> list[Row]:
    """From the click on "Approve and apply" until the bar of the job is there, and from selecting all until it says."""
    chosen, moved = [], []
    with watching(folder, lambda ws: backlog(ws, folder / "orders.csv", items)) as watched:
        for version in range(2, 2 * repetitions + 3, 2):
            with watched.visitor() as visitor:
                visitor.load("/review", SHOWN, text=f"^{items:,} shown")
                visitor.click(FINDING, SHOWN, text=f"^{FEW} shown")
                chosen.append(visitor.click(SELECT, "#review-selected", text=f"^{FEW} selected"))
                visitor.click("#review-approve", DIALOG, text="Score once applied")
                moved.append(visitor.click("#review-confirm-apply", "#review-progress progress"))
                visitor.wait("#review-head", text=f"version {version} ")
            _take_back(watched.workspace)
    return [
        seconds("web.first_progress", f"select {FEW} of {items:,} items", chosen[1:]),
        seconds("web.first_progress", f"{FEW} of {items:,} items approved, until the job shows", moved[1:], bar=0.3),
    ]


def _take_back(workspace: Workspace) -> None:
    run = workspace.reviewable()[0]
    workspace.undo(workspace.newest_apply(run.dataset))


def heal_click(folder: Path, rows: int = ROWS, repetitions: int = REPETITIONS) -> list[Row]:
    """From the click on "Apply" until the head shows the new version and score, beside the apply of a workspace alone.

    That is another state in this process, whose engine has started; approving does not count on either side.
    """
    clicked, alone = [], []
    (folder / "alone").mkdir()
    with open_workspace(folder / "alone" / ".tablemend") as workspace:
        own = Job(workspace, orders_csv(folder / "alone" / "orders.csv", rows), REPAIRS)
        with watching(folder, lambda ws: Job(ws, orders_csv(folder / "orders.csv", rows), REPAIRS)) as watched:
            for version in range(2, 2 * repetitions + 3, 2):
                alone.append(_applied(workspace, own))
                watched.workspace.approve(ids=own.ids, force=True)
                with watched.visitor() as visitor:
                    visitor.load("/review", "#review-apply", text=f"Apply {len(own.ids)} approved")
                    visitor.wait('body[data-live="on"]')
                    clicked.append(visitor.click("#review-apply", "#review-head", text=f"version {version} "))
                _take_back(watched.workspace)
    what = f"{len(REPAIRS)} approved repairs of {rows:,} rows, from the click to the new score"
    told = "the apply of a workspace alone"
    return [
        seconds("web.heal_click", what, clicked[1:], baseline=alone[1:], baseline_what=told, bar=1.5),
        more("web.heal_click", "of which the page and its worker", clicked[1:], alone[1:], than_what=told, bar=0.3),
    ]


def _applied(workspace: Workspace, job: Job) -> float:
    """Seconds of an apply that is taken back afterwards."""
    workspace.approve(job.run, ids=job.ids, force=True)
    started = time.perf_counter()
    done = workspace.apply(job.run)
    spent = time.perf_counter() - started
    workspace.undo(done.change_set.id)
    return spent

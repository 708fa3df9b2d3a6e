"""A server of its own for each test, and a page in a real browser that asks no other host for anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import tablemend as tm
from tablemend.bench.generate import faulty_csv

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Server:
    """A server in a process of its own, on a folder."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.arguments = arguments
        self.environment = environment or {}
        self.port = 0
        self.key = ""
        self.said = ""
        self.cookies: list[Any] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tablemend", "serve", "--port", str(self.port), *self.arguments]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TABLEMEND_DATA": str(self.folder / ".tablemend"), **self.environment},
        )
        answers = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, answers))
        self._reader.start()
        assert answers.wait(60), self.said
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/enter\S*)?", self.said)
        assert found, self.said
        self.port, self.key = int(found[1]), found[2] or ""

    def _read(self, process: subprocess.Popen[str], answers: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                self.said += line
                if "Ctrl-C" in line:
                    answers.set()
        answers.set()

    def stop(self, *, kill: bool = False) -> None:
        if self.process is not None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(30)
            self._reader.join(10)
            self.process = None

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("TABLEMEND_TEST_SERVERS") == "required":
            pytest.fail("there is no Chromium")
        pytest.skip("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def scanned(tmp_path: Path) -> Path:
    """A folder whose workspace holds a scan of a faulty table."""
    faulty_csv(tmp_path / "orders.csv", 2_000)
    with tm.open(tmp_path / ".tablemend") as ws:
        ws.scan(tmp_path / "orders.csv")
    return tmp_path


@pytest.fixture
def serving() -> Iterator[Callable[..., Server]]:
    """Starts servers on folders; they are stopped at the end, and must have said nothing of an error."""
    started: list[Server] = []

    def start(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> Server:
        server = Server(folder, *arguments, environment=environment)
        started.append(server)
        server.start()
        return server

    yield start
    for each in started:
        each.stop()
        assert "Traceback" not in each.said, each.said


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages of a server, signed in by its link; in the end no page has asked another host or met an error."""
    contexts: list[BrowserContext] = []
    outside: list[str] = []
    errors: list[str] = []

    def heed(url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob", "about") and urlsplit(url).hostname != "127.0.0.1":
            outside.append(url)

    def open_page(
        server: Server, path: str = "/", *, width: int = 1280, height: int = 800, dark: bool = False, port: int = 0
    ) -> Page:
        scheme = "dark" if dark else "light"
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        context.on("request", lambda request: heed(request.url))
        context.on("weberror", lambda error: errors.append(str(error.error)))
        page = context.new_page()
        page.set_default_timeout(15_000)
        if server.key:
            page.goto(server.url(server.key))
            server.key = ""
            server.cookies = context.cookies()
        elif server.cookies:
            context.add_cookies(server.cookies)
        page.goto(f"http://127.0.0.1:{port}{path}" if port else server.url(path))
        page.wait_for_selector("#page h1")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert outside == []
    assert errors == []

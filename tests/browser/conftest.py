"""A server of its own for each test, and a page in a real browser that asks no other host for anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import tablemend as tm
from tablemend.bench import served
from tablemend.bench.generate import faulty_csv
from tablemend.bench.served import Server

expect.set_options(timeout=15_000)  # a machine that does other work besides is slow to answer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with served.chromium() as browser:
        if browser is None and os.environ.get("TABLEMEND_TEST_SERVERS") == "required":
            pytest.fail("there is no Chromium")
        if browser is None:
            pytest.skip("there is no Chromium")
        yield browser


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

    def fault(error: str) -> None:
        if "Failed to fetch" not in error:  # a connection that the test has cut
            errors.append(error)

    def open_page(
        server: Server,
        path: str = "/",
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        port: int = 0,
        sign_in: Callable[[Page], None] | None = None,
        **options: Any,
    ) -> Page:
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        context.on("request", lambda request: heed(request.url))
        context.on("weberror", lambda error: fault(getattr(error.error, "stack", "") or str(error.error)))
        context.on("console", lambda said: fault(said.text) if "React error" in said.text else None)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if sign_in:
            page.goto(server.url("/login"))
            sign_in(page)
            page.wait_for_selector("#page h1")
        elif server.key:
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
